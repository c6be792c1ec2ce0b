//! Reading nodes as what they should be, and keeping every complaint on the way.

use std::sync::Arc;
use std::time::Duration;

use super::quantity;
use super::source::{Diagnostic, Level};
use crate::yaml::{self, Key, Node, Scalar, Span, Yaml};

/// A source being read, and what is wrong with it so far.
pub(super) struct Reader<'a> {
    source: &'a str,
    text: Arc<str>,
    origin: &'a str,
    found: Vec<Diagnostic>,
    /// Whether there was more than is kept.
    more: bool,
    literal: Option<&'a [(String, String)]>,
}

/// A map whose keys are all known.
#[derive(Clone, Copy)]
pub(super) struct Fields<'n> {
    pub(super) span: Span,
    entries: &'n [(Key, Node)],
}

impl<'n> Fields<'n> {
    pub(super) fn get(&self, key: &str) -> Option<&'n Node> {
        self.entry(key).map(|(_, node)| node)
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &'n (Key, Node)> {
        self.entries.iter()
    }

    pub(super) fn entry(&self, key: &str) -> Option<&'n (Key, Node)> {
        self.entries.iter().find(|(known, _)| known.text == key)
    }
}

impl<'a> Reader<'a> {
    pub(super) fn new(source: &'a str, origin: &'a str) -> Self {
        Self {
            source,
            text: source.into(),
            origin,
            found: Vec::new(),
            more: false,
            literal: None,
        }
    }

    /// The same, for values that a program worked out: a text is that text, never a template or an expression. Only the marks stand
    /// for something else: each for the secret it goes with.
    pub(super) fn literal(mut self, marks: &'a [(String, String)]) -> Self {
        self.literal = Some(marks);
        self
    }

    pub(super) fn is_literal(&self) -> bool {
        self.literal.is_some()
    }

    /// The marks of secrets, where texts are literal.
    pub(super) fn marks(&self) -> Option<&'a [(String, String)]> {
        self.literal
    }

    pub(super) fn error(
        &mut self,
        span: Span,
        headline: impl Into<String>,
        fix: impl Into<String>,
    ) {
        self.complain(Level::Error, span, headline.into(), Some(fix.into()));
    }

    pub(super) fn warn(&mut self, span: Span, headline: impl Into<String>, fix: impl Into<String>) {
        self.complain(Level::Warning, span, headline.into(), Some(fix.into()));
    }

    pub(super) fn complain(
        &mut self,
        level: Level,
        span: Span,
        headline: String,
        fix: Option<String>,
    ) {
        if self.is_full() {
            self.more |= level == Level::Error;
            return;
        }
        let fix = fix.filter(|fix| !fix.is_empty());
        self.found.push(Diagnostic::new(
            level,
            self.origin,
            &self.text,
            span,
            headline,
            fix,
        ));
    }

    /// True when no more complaints are taken: each costs time, and nobody reads on.
    pub(super) fn is_full(&self) -> bool {
        self.found.len() >= yaml::MAX_COMPLAINTS
    }

    /// True when something was found that keeps the runbook from running.
    pub(super) fn failed(&self) -> bool {
        self.more || self.found.iter().any(|one| one.level == Level::Error)
    }

    /// All that was found, in the order of the source, each once.
    pub(super) fn finish(mut self) -> Vec<Diagnostic> {
        self.found
            .sort_by_key(|one| (one.span(), one.level, one.headline.clone()));
        self.found.dedup();
        if self.more {
            let last = self.found.last().map_or(Span::default(), Diagnostic::span);
            self.found.push(Diagnostic::new(
                Level::Error,
                self.origin,
                &self.text,
                last,
                format!("there is more wrong than these {}", yaml::MAX_COMPLAINTS),
                Some("mend these first: what is behind them is told then".into()),
            ));
        }
        self.found
    }

    /// A map of `what` with `known` keys; keys in `later` are documented and not built yet.
    pub(super) fn fields<'n>(
        &mut self,
        node: &'n Node,
        what: &str,
        known: &[&str],
        later: &[&str],
    ) -> Option<Fields<'n>> {
        let Yaml::Map(entries) = &node.value else {
            self.wrong_type(node, what, "a map");
            return None;
        };
        for (key, _) in entries {
            let name = key.text.as_str();
            if known.contains(&name) {
                continue;
            }
            if later.contains(&name) {
                self.error(
                    key.span,
                    format!("`{name}` is not supported in this version"),
                    "take it out",
                );
                continue;
            }
            let (headline, fix) = match near(name, known.iter().copied()) {
                Some(near) => (
                    format!("unknown key `{name}` in {what}; did you mean `{near}`?"),
                    format!("write `{near}`"),
                ),
                None => (
                    format!("unknown key `{name}` in {what}"),
                    format!("its keys are {}", known.join(", ")),
                ),
            };
            self.error(key.span, headline, fix);
        }
        Some(Fields {
            span: node.span,
            entries,
        })
    }

    pub(super) fn wrong_type(&mut self, node: &Node, what: &str, wanted: &str) {
        let found = node.value.described();
        let fix = match (&node.value, wanted) {
            (Yaml::Scalar(..), "text") => "put quotes around it",
            (Yaml::Null, _) => "write a value, or take the key out",
            (Yaml::Text(_) | Yaml::Scalar(..) | Yaml::Map(_), "a list") => {
                "write `[a, b]`, or one `- ` item on each line"
            }
            (_, "a map") => "write `key: value` pairs",
            _ => "",
        };
        let fix = match fix {
            "" => format!("write {wanted}"),
            fix => fix.to_owned(),
        };
        self.error(node.span, format!("{what} is {found}, not {wanted}"), fix);
    }

    /// Text, and only text.
    pub(super) fn text<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        if let Yaml::Text(text) = &node.value {
            return Some(text);
        }
        self.wrong_type(node, what, "text");
        None
    }

    /// Text, or a number or boolean as it is written: `[sleep, 5]` means the word `5`.
    pub(super) fn word<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        match &node.value {
            Yaml::Text(text) | Yaml::Scalar(_, text) => Some(text),
            _ => {
                self.wrong_type(node, what, "text");
                None
            }
        }
    }

    pub(super) fn boolean(&mut self, node: &Node, what: &str) -> Option<bool> {
        match &node.value {
            Yaml::Scalar(Scalar::Bool(value), _) => Some(*value),
            Yaml::Text(text) if matches!(text.as_str(), "yes" | "no" | "on" | "off") => {
                self.error(
                    node.span,
                    format!("{what} is the text `{text}`, not `true` or `false`"),
                    "YAML 1.2 knows only `true` and `false`",
                );
                None
            }
            _ => {
                self.wrong_type(node, what, "`true` or `false`");
                None
            }
        }
    }

    pub(super) fn list<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [Node]> {
        match &node.value {
            Yaml::List(items) if items.is_empty() => {
                self.error(
                    node.span,
                    format!("{what} is an empty list"),
                    "write an item, or take the key out",
                );
                None
            }
            Yaml::List(items) => Some(items),
            _ => {
                self.wrong_type(node, what, "a list");
                None
            }
        }
    }

    pub(super) fn map<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [(Key, Node)]> {
        match &node.value {
            Yaml::Map(entries) => Some(entries),
            _ => {
                self.wrong_type(node, what, "a map");
                None
            }
        }
    }

    /// A duration above zero.
    pub(super) fn duration(&mut self, node: &Node, what: &str) -> Option<Duration> {
        let read = quantity::duration(self.word(node, what)?);
        match read {
            Ok(duration) if !duration.is_zero() => Some(duration),
            Ok(_) => {
                self.error(
                    node.span,
                    format!("{what} is zero"),
                    "write how long it may take",
                );
                None
            }
            Err(why) => self.split_complaint(node, what, &why),
        }
    }

    /// A size from one byte up to `most`.
    pub(super) fn size(&mut self, node: &Node, what: &str, most: u64) -> Option<u64> {
        let read = quantity::size(self.word(node, what)?);
        match read {
            Ok(size) if (1..=most).contains(&size) => Some(size),
            Ok(_) => {
                self.error(
                    node.span,
                    format!("{what} is out of bounds"),
                    format!("write a size from `1B` to `{}MiB`", most / (1024 * 1024)),
                );
                None
            }
            Err(why) => self.split_complaint(node, what, &why),
        }
    }

    fn split_complaint<T>(&mut self, node: &Node, what: &str, why: &str) -> Option<T> {
        let (headline, fix) = why.split_once("; ").unwrap_or((why, ""));
        self.error(node.span, format!("{what}: {headline}"), fix);
        None
    }

    /// The `length` bytes at `offset` in a scalar's text, where the source shows the text as it is; else the whole scalar.
    pub(super) fn inside(&self, node: &Node, text: &str, offset: usize, length: usize) -> Span {
        let shown = self.source.get(node.span.start..).unwrap_or_default();
        let quote = usize::from(shown.starts_with(['\'', '"']));
        let before = text.get(..offset).unwrap_or(text);
        let line = before.matches('\n').count();
        let column = before.rsplit('\n').next().map_or(0, str::len);
        let written = text.lines().nth(line).unwrap_or_default();
        // Of a block, line for line: the source differs from the text by its indentation only.
        let mut from = node.span.start;
        for (at, whole) in shown.split_inclusive('\n').enumerate() {
            if at == line {
                let found = if line == 0 {
                    whole[quote..].starts_with(written).then_some(quote)
                } else {
                    whole.find(written)
                };
                let Some(found) = found else { break };
                let start = from + found + column;
                let end = (start + length).min(from + found + written.len());
                return Span {
                    start,
                    end: end.max(start),
                };
            }
            from += whole.len();
        }
        node.span
    }
}

/// The known word that is nearest, if it is near enough to have been meant.
pub(super) fn near<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let allowed = match word.chars().count() {
        0..=2 => 1,
        3..=5 => 2,
        _ => 3,
    };
    known
        .into_iter()
        .map(|one| (strsim::damerau_levenshtein(word, one), one))
        .filter(|(distance, one)| *distance <= allowed && *distance < one.chars().count())
        .min()
        .map(|(_, one)| one)
}
