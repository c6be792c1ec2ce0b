//! A regular expression as an author wrote it: what is wrong with it is told when it is read, and it is compiled when it is first
//! used. To compile one takes longer than to read a whole step, and a runbook is often only read: linted, listed, planned.

use std::fmt;
use std::sync::{Arc, OnceLock};

use regex::{Captures, Regex, RegexBuilder};
use regex_syntax::Parser;
use regex_syntax::hir::{Class, Hir, HirKind};
use regex_syntax::utf8::Utf8Sequences;

/// Bytes that one may take when it is compiled.
const MAX_SIZE: usize = 1 << 20;

/// Bytes that a state takes at most, with what leads out of it: a little more than `regex-automata` takes.
const STATE: usize = 48;

/// A regular expression without look-around and back-references: it matches in linear time, and in bounded space.
#[derive(Clone)]
pub struct Pattern(Arc<Read>);

struct Read {
    source: String,
    names: Vec<String>,
    /// Nothing where it cannot be compiled after all: then it matches nothing.
    regex: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// Reads one. An error says what is wrong with its text, or that it takes too much space.
    pub fn new(source: &str) -> Result<Self, regex::Error> {
        let regex = OnceLock::new();
        let names = match Parser::new().parse(source) {
            Ok(read) if size(&read) <= MAX_SIZE / 2 => named(&read),
            // It is broken, or large: only compiling it tells.
            _ => {
                let compiled = compiled(source)?;
                let names = compiled.capture_names().flatten();
                let names = names.map(str::to_owned).collect();
                let _ = regex.set(Some(compiled));
                names
            }
        };
        Ok(Self(Arc::new(Read {
            source: source.to_owned(),
            names,
            regex,
        })))
    }

    /// Its text as written.
    pub fn as_str(&self) -> &str {
        &self.0.source
    }

    /// The names of its groups, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.names.iter().map(String::as_str)
    }

    /// Whether it matches somewhere in a text.
    pub fn is_match(&self, text: &str) -> bool {
        self.regex().is_some_and(|regex| regex.is_match(text))
    }

    /// Its first match in a text, with its groups.
    pub fn captures<'t>(&self, text: &'t str) -> Option<Captures<'t>> {
        self.regex()?.captures(text)
    }

    fn regex(&self) -> Option<&Regex> {
        let read = &self.0;
        let regex = read.regex.get_or_init(|| compiled(&read.source).ok());
        regex.as_ref()
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pattern").field(&self.as_str()).finish()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn compiled(source: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(source).size_limit(MAX_SIZE).build()
}

/// Bytes that it takes at most when it is compiled.
fn size(part: &Hir) -> usize {
    let own = match part.kind() {
        HirKind::Empty | HirKind::Look(_) => 1,
        HirKind::Literal(literal) => literal.0.len(),
        HirKind::Class(Class::Unicode(class)) => {
            let sequences = class
                .iter()
                .flat_map(|range| Utf8Sequences::new(range.start(), range.end()));
            sequences.map(|sequence| sequence.len() + 1).sum()
        }
        HirKind::Class(Class::Bytes(class)) => class.ranges().len() + 1,
        HirKind::Repetition(repetition) => {
            let copies = repetition.max.unwrap_or(repetition.min).max(1);
            let copies = usize::try_from(copies).unwrap_or(usize::MAX);
            return size(&repetition.sub)
                .saturating_add(2 * STATE)
                .saturating_mul(copies);
        }
        HirKind::Capture(_) | HirKind::Concat(_) | HirKind::Alternation(_) => {
            let parts = part.kind().subs();
            return parts.iter().fold(2 * STATE, |sum, part| {
                sum.saturating_add(size(part)).saturating_add(STATE)
            });
        }
    };
    own.saturating_mul(STATE)
}

/// The names of the groups in it, in the order in which they open.
fn named(part: &Hir) -> Vec<String> {
    let mut names = Vec::new();
    if let HirKind::Capture(capture) = part.kind() {
        names.extend(capture.name.as_deref().map(str::to_owned));
    }
    for part in part.kind().subs() {
        names.extend(named(part));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_told_when_it_is_read() {
        for source in [
            "(",
            "(?=x)",
            r"(x)\1",
            "(?<a>x)(?<a>y)",
            r"(\d{1000}){1000}",
            &r"\w{50}".repeat(20),
        ] {
            let told = Pattern::new(source).unwrap_err().to_string();
            assert_eq!(told, compiled(source).unwrap_err().to_string());
        }
    }

    #[test]
    fn what_is_read_without_being_compiled_can_be_compiled_and_has_the_same_groups() {
        for source in [
            r"^(?<code>\d{3})(?: (?<secs>[\d.]+))?",
            r"(a(?<b>b)|(?<c>c(?<d>d)))+",
            r"(?i)straße|\p{Greek}{2,30}|[^\s]*?",
            r"\w \S+ \b.{1,30}$",
            "(?x) a # b\n (?<c> c )",
            "",
        ] {
            let pattern = Pattern::new(source).unwrap();
            assert!(pattern.0.regex.get().is_none(), "{source}");
            let regex = compiled(source).unwrap();
            assert!(pattern.names().eq(regex.capture_names().flatten()));
            let text = "200 0.5 abcd ΑΒ";
            assert_eq!(pattern.is_match(text), regex.is_match(text));
            assert!(pattern.0.regex.get().is_some_and(Option::is_some));
        }
    }
}
