//! The common text, read at once: maps, lists, texts and plain numbers, and nothing wrong with it.
//!
//! The reader that knows all of YAML goes through a general form of every value to say where it stands, which is most of what a large
//! runbook takes to load. Here the same parser's events become nodes directly. Whatever is rarer or could be wrong (an anchor, a tag, a
//! merge, an odd number, a key twice, a second document, anything near a bound) is left to that reader, which decides it: this one
//! gives what it would give, or nothing.

use std::borrow::Cow;

use serde_saphyr::granit_parser::{Event, Options, Parser, ScalarStyle, Span as Place};

use super::read::{MAX_DEPTH, MAX_NODES, spread};
use super::{Key, Node, Scalar, Span, Yaml};

/// Keys of one map that are compared each with each.
const MAX_KEYS: usize = 64;

/// The tree of a common text; `None` of any other.
pub(super) fn read(source: &str) -> Option<Node> {
    let mut options = Options::default();
    options.set_emit_comments(false);
    let mut plain = Plain {
        source,
        events: Parser::new_from_str_with_options(source, options),
        left: MAX_NODES / 2,
    };
    let begins = [plain.next()?.0, plain.next()?.0];
    if !matches!(begins, [Event::StreamStart, Event::DocumentStart(..)]) {
        return None;
    }
    let node = plain.node(MAX_DEPTH / 2)?;
    let ends = [plain.next()?.0, plain.next()?.0];
    matches!(ends, [Event::DocumentEnd, Event::StreamEnd]).then_some(node)
}

struct Plain<'s> {
    source: &'s str,
    events: Parser<'s, serde_saphyr::granit_parser::StrInput<'s>>,
    /// Values that may still come.
    left: usize,
}

impl<'s> Plain<'s> {
    fn next(&mut self) -> Option<(Event<'s>, Place)> {
        self.events.next()?.ok()
    }

    /// The next value, with no more than `deep` lists and maps in each other.
    fn node(&mut self, deep: usize) -> Option<Node> {
        let (event, place) = self.next()?;
        self.value(event, place, deep)
    }

    fn value(&mut self, event: Event<'s>, place: Place, deep: usize) -> Option<Node> {
        self.left = self.left.checked_sub(1)?;
        let span = self.span(place)?;
        let value = match event {
            Event::Scalar(text, style, 0, None) => self.scalar(text, style, span)?,
            Event::SequenceStart(_, 0, None) => self.list(deep.checked_sub(1)?)?,
            Event::MappingStart(_, 0, None) => self.map(deep.checked_sub(1)?)?,
            _ => return None,
        };
        let span = spread(self.source, span, &value);
        Some(Node { span, value })
    }

    fn list(&mut self, deep: usize) -> Option<Yaml> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Some(Yaml::List(items)),
                (event, place) => items.push(self.value(event, place, deep)?),
            }
        }
    }

    fn map(&mut self, deep: usize) -> Option<Yaml> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        loop {
            let (event, place) = self.next()?;
            let text = match event {
                Event::MappingEnd => return Some(Yaml::Map(entries)),
                Event::Scalar(text, ScalarStyle::Plain, 0, None) if is_word(&text) => text,
                Event::Scalar(
                    text,
                    ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted,
                    0,
                    None,
                ) if text != "<<" => text,
                _ => return None,
            };
            if entries.len() >= MAX_KEYS || entries.iter().any(|(key, _)| key.text == text) {
                return None;
            }
            let key = Key {
                span: self.span(place)?,
                text: text.into_owned(),
            };
            entries.push((key, self.node(deep)?));
        }
    }

    fn scalar(&self, text: Cow<'s, str>, style: ScalarStyle, span: Span) -> Option<Yaml> {
        if text.contains('\0') {
            return None;
        }
        if style != ScalarStyle::Plain || is_word(&text) {
            return Some(Yaml::Text(text.into_owned()));
        }
        let scalar = match &*text {
            "" | "~" | "null" | "Null" | "NULL" => return Some(Yaml::Null),
            "true" | "True" | "TRUE" => Scalar::Bool(true),
            "false" | "False" | "FALSE" => Scalar::Bool(false),
            other if is_text(other) => return Some(Yaml::Text(text.into_owned())),
            other => number(other)?,
        };
        Some(Yaml::Scalar(
            scalar,
            self.source.get(span.start..span.end)?.to_owned(),
        ))
    }

    /// Its bytes, without the white space that the parser counts to it.
    fn span(&self, place: Place) -> Option<Span> {
        let (start, end) = (place.start.byte_offset()?, place.end.byte_offset()?);
        let written = self.source.get(start..end)?.trim_end();
        Some(Span {
            start,
            end: start + written.len(),
        })
    }
}

/// Whether a scalar without quotes is text by its first letter, and none of the words that mean something else.
fn is_word(text: &str) -> bool {
    const OTHER: [&str; 6] = ["true", "false", "null", "nan", "inf", "infinity"];
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '/')
        && !OTHER.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Whether a scalar without quotes is text because of a letter that no number has, such as `5s`, a second point, or an option's dash or plus.
fn is_text(text: &str) -> bool {
    let option = text
        .strip_prefix(['-', '+'])
        .map(|rest| rest.trim_start_matches('-'));
    option.is_some_and(is_word)
        || text.starts_with(|c: char| c.is_ascii_digit())
            && (text.contains(['g', 'h', 'k', 'm', 's', 'K', 'M', 'G', '/', ':', '%', ' '])
                || text.matches('.').count() > 1)
}

/// A decimal number as everybody writes it.
fn number(text: &str) -> Option<Scalar> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let whole = |part: &str| digits(part) && (part == "0" || !part.starts_with('0'));
    if text.len() > 15 {
        return None;
    }
    match unsigned.split_once('.') {
        None if whole(unsigned) => text.parse().ok().map(Scalar::Int),
        Some((before, after)) if whole(before) && digits(after) => {
            text.parse().ok().map(Scalar::Float)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::read::thoroughly;
    use proptest::prelude::*;

    /// What is read at once is what the reader of all YAML gives.
    fn alike(source: &str) -> bool {
        let Some(node) = read(source) else {
            return false;
        };
        let (known, complaints) = thoroughly(source);
        assert_eq!(complaints, [], "{source:?}");
        assert_eq!(Some(node), known, "{source:?}");
        true
    }

    #[test]
    fn the_shipped_runbooks_are_read_at_once_and_alike() {
        let read = [
            include_str!("../../runbooks/smoke/web.yaml"),
            include_str!("../../runbooks/smoke/dns.yaml"),
            include_str!("../../runbooks/triage/oom.yaml"),
            include_str!("../../runbooks/triage/cpu-throttle.yaml"),
            include_str!("../../runbooks/inventory/versions.yaml"),
        ]
        .map(alike);
        assert!(read.iter().all(|at_once| *at_once), "{read:?}");
    }

    #[test]
    fn scalars_are_what_they_are_for_the_reader_of_all_yaml() {
        for common in [
            "5",
            "-5",
            "0",
            "1.10",
            "-0.5",
            "5s",
            "10ms",
            "64KiB",
            "-sS",
            "--max-time",
            "-f",
            "+short",
            "no",
            "yes",
            "on",
            "~",
            "",
            "null",
            "Null",
            "true",
            "False",
            "12:30",
            "1/2",
            "50%",
            "10.0.0.1/8",
            "10.0.0.1",
            "1.2.3",
            "/etc/hosts",
            "_x",
            "a b",
            "'q'",
            "\"q\\n\"",
            "|\n  a\n  b",
            ">-\n  a\n  b",
            "[a, {b: c}, 1]",
            "{}",
            "[]",
            "[ ]",
            "{ a: }",
            "{'q': 1, \"1\": 2}",
            "v1 # told",
            "'5'",
            "a\n   b",
        ] {
            assert!(alike(&format!("a: {common}\nb: [x]\n")), "{common}");
        }
    }

    #[test]
    fn what_is_rare_or_wrong_is_left_to_the_reader_of_all_yaml() {
        for rare in [
            "&x 1",
            "*x",
            "!!str 5",
            "012",
            "0x10",
            "1e5",
            ".inf",
            "-.inf",
            "nan",
            "+5",
            "1_000",
            "99999999999999999999",
            "\"\\0\"",
            "{5: x}",
            "{<<: {}}",
            "{a: 1, a: 2}",
            "{a",
            "[",
            "`x`",
            "{true: 1}",
            "1.",
            ".5",
        ] {
            assert_eq!(read(&format!("a: {rare}\n")), None, "{rare}");
        }
        for rare in [
            "",
            "a: 1\n---\nb: 2\n",
            "%YAML 1.1\n---\na: 1\n...\nb",
            "a:\n\tb: 1",
            "- a\nb: c",
        ] {
            assert_eq!(read(rare), None, "{rare:?}");
        }
        assert_eq!(read(&format!("{}{}", "[".repeat(30), "]".repeat(30))), None);
    }

    proptest! {
        #[test]
        fn any_text_that_is_read_at_once_is_read_alike(
            source in r#"([ab]: |- |  |\n|\n  |[ab]|é|:|,|\[|\]|\{|\}|'|"|#|#x|\||>|-|0|1|\.|e|x|\?|!|&|\*|~|%|\t|\r\n|no|true|null){0,24}"#
        ) {
            alike(&source);
        }
    }
}
