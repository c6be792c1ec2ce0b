//! Reading YAML: text in, a tree of [`Node`]s out, each with the bytes it stands in.
//!
//! One reader for everything a user writes as YAML. It takes YAML 1.2 at its word (`no` is text, `012` is twelve), refuses duplicate
//! keys, merge keys and a second document, and is bounded in depth, nodes and aliases, so that no text can make it slow or large.
//! What a node should be is for the caller to say; here is only what it is and where.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{
    DuplicateKeyPolicy, Error, Location, MergeKeyPolicy, Options, Spanned, alias_limits, budget,
    options,
};

/// How deep lists and maps may stand in each other.
pub const MAX_DEPTH: usize = 32;

/// How many values a text may hold, counted after aliases.
pub const MAX_NODES: usize = 100_000;

/// How many aliases a text may use.
pub const MAX_ALIASES: usize = 1_000;

/// How much aliases may add, counted in values and their ends.
const MAX_REPLAYED: usize = 20_000;

/// How large a text may be, in bytes: 1 MiB.
pub const MAX_BYTES: usize = 1024 * 1024;

/// Bytes of a source, from `start` up to `end`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where it stands; of an alias, where the alias stands.
    pub span: Span,
    /// What it is.
    pub value: Yaml,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
pub enum Yaml {
    /// `null`, `~`, or nothing at all.
    Null,
    /// A scalar that is no text, and how it is written.
    Scalar(Scalar, String),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A map, in order, each key once.
    Map(Vec<(Key, Node)>),
}

/// A scalar that YAML 1.2 resolves to something other than text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scalar {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
}

/// A key of a map and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Where it stands.
    pub span: Span,
    /// Its text.
    pub text: String,
}

/// Why a text is not YAML that is accepted here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{headline}")]
pub struct YamlError {
    /// Where.
    pub span: Span,
    /// What is wrong, lower case.
    pub headline: String,
    /// What to do.
    pub fix: Option<String>,
}

impl Yaml {
    /// What it is, for messages: `a list`, `the number 5`.
    pub fn described(&self) -> String {
        match self {
            Self::Null => "nothing".into(),
            Self::Scalar(Scalar::Bool(value), _) => format!("`{value}`"),
            Self::Scalar(_, raw) => format!("the number {raw}"),
            Self::Text(_) => "text".into(),
            Self::List(_) => "a list".into(),
            Self::Map(_) => "a map".into(),
        }
    }
}

/// `source` without a byte order mark; spans count from here.
pub fn without_mark(source: &str) -> &str {
    source.strip_prefix('\u{feff}').unwrap_or(source)
}

/// Reads one document. Spans are byte offsets in `source` after [`without_mark`].
pub fn read(source: &str) -> Result<Node, Vec<YamlError>> {
    let source = without_mark(source);
    if source.len() > MAX_BYTES {
        return Err(vec![YamlError {
            span: Span::default(),
            headline: format!(
                "the text is {} bytes long; at most {MAX_BYTES} are read",
                source.len()
            ),
            fix: Some("split it".into()),
        }]);
    }
    let raw: Spanned<Raw> = serde_saphyr::from_str_with_options(source, settings())
        .map_err(|error| vec![complaint(source, error.without_snippet())])?;
    let mut duplicates = Vec::new();
    let node = settle(source, raw, &mut duplicates);
    if duplicates.is_empty() {
        Ok(node)
    } else {
        Err(duplicates)
    }
}

fn settings() -> Options {
    options! {
        strict_booleans: true,
        emit_comments: false,
        with_snippet: false,
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        merge_keys: MergeKeyPolicy::Error,
        alias_limits: alias_limits! { max_total_replayed_events: MAX_REPLAYED },
        budget: budget! {
            max_depth: MAX_DEPTH,
            max_nodes: MAX_NODES,
            max_aliases: MAX_ALIASES,
            max_anchors: MAX_ALIASES,
            max_documents: 8,
        },
    }
}

/// The tree as it comes out of the reader, before spans are turned into bytes.
enum Raw {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }
    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Bool(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Int(value))
    }
    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Raw, E> {
        i64::try_from(value)
            .map(Raw::Int)
            .map_err(|_| E::custom("the number does not fit in 64 bits"))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Float(value))
    }
    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Text(value.into()))
    }
    fn visit_string<E>(self, value: String) -> Result<Raw, E> {
        Ok(Raw::Text(value))
    }
    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }
    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
        Raw::deserialize(deserializer)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
        let mut map = Vec::new();
        while let Some(key) = entries.next_key::<Spanned<String>>()? {
            if map.len() >= MAX_NODES {
                return Err(A::Error::custom("the map has too many keys"));
            }
            map.push((key, entries.next_value()?));
        }
        Ok(Raw::Map(map))
    }
}

fn settle(source: &str, raw: Spanned<Raw>, duplicates: &mut Vec<YamlError>) -> Node {
    let mut span = span_of(source, raw.referenced);
    let written = |span: Span| {
        source
            .get(span.start..span.end)
            .unwrap_or_default()
            .to_owned()
    };
    let value = match raw.value {
        Raw::Null => Yaml::Null,
        Raw::Bool(value) => {
            Yaml::Scalar(Scalar::Bool(value), written(span_of(source, raw.defined)))
        }
        Raw::Int(value) => Yaml::Scalar(Scalar::Int(value), written(span_of(source, raw.defined))),
        Raw::Float(value) => {
            Yaml::Scalar(Scalar::Float(value), written(span_of(source, raw.defined)))
        }
        Raw::Text(text) => Yaml::Text(text),
        Raw::List(items) => {
            let items: Vec<_> = items
                .into_iter()
                .map(|item| settle(source, item, duplicates))
                .collect();
            Yaml::List(items)
        }
        Raw::Map(entries) => {
            let mut map: Vec<(Key, Node)> = Vec::with_capacity(entries.len());
            let mut seen = std::collections::HashMap::new();
            for (key, value) in entries {
                let at = span_of(source, key.referenced);
                let node = settle(source, value, duplicates);
                if let Some(first) = seen.get(&key.value) {
                    duplicates.push(YamlError {
                        span: at,
                        headline: format!("the key `{}` stands here twice", key.value),
                        fix: Some(format!(
                            "keep one of them; the first is on line {}",
                            line_of(source, *first)
                        )),
                    });
                    continue;
                }
                seen.insert(key.value.clone(), at.start);
                map.push((
                    Key {
                        span: at,
                        text: key.value,
                    },
                    node,
                ));
            }
            Yaml::Map(map)
        }
    };
    let last = match &value {
        Yaml::List(items) if items.is_empty() => Some(span.end),
        Yaml::Map(entries) if entries.is_empty() => Some(span.end),
        Yaml::List(items) => items.last().map(|item| item.span.end),
        Yaml::Map(entries) => entries.last().map(|(_, node)| node.span.end),
        _ => None,
    };
    // The reader marks a list or a map where it begins; it reaches as far as its last value does.
    if let Some(last) = last
        && raw.referenced == raw.defined
    {
        span.end = closed(source, span.start, span.end.max(last));
    }
    Node { span, value }
}

/// `end`, or one past the bracket that closes the list or map beginning at `start`.
fn closed(source: &str, start: usize, end: usize) -> usize {
    let closing = match source.as_bytes().get(start) {
        Some(b'[') => ']',
        Some(b'{') => '}',
        _ => return end,
    };
    source[end..]
        .find(|c: char| !c.is_whitespace() && c != ',')
        .filter(|at| source[end + at..].starts_with(closing))
        .map_or(end, |at| end + at + 1)
}

fn line_of(source: &str, offset: usize) -> usize {
    1 + source.as_bytes()[..offset.min(source.len())]
        .iter()
        .filter(|byte| **byte == b'\n')
        .count()
}

fn span_of(source: &str, location: Location) -> Span {
    let at = location.span();
    let start = at
        .byte_offset()
        .and_then(|start| usize::try_from(start).ok())
        .unwrap_or_default()
        .min(source.len());
    let length = at
        .byte_len()
        .and_then(|length| usize::try_from(length).ok())
        .unwrap_or_default();
    let end = start.saturating_add(length).min(source.len());
    let trimmed = source
        .get(start..end)
        .map_or(0, |text| text.trim_end().len());
    Span {
        start,
        end: start + trimmed,
    }
}

fn complaint(source: &str, error: &Error) -> YamlError {
    let span = error.location().map_or_else(Span::default, |location| {
        let known = span_of(source, location);
        if known == Span::default() {
            place_of(source, location)
        } else {
            known
        }
    });
    let said = error.to_string();
    let said = said.split(" at line ").next().unwrap_or_default();
    let line = source[..span.start].rfind('\n').map_or(0, |at| at + 1);
    let line = source[line..].lines().next().unwrap_or_default();
    let (headline, fix) = match error {
        Error::MultipleDocuments { .. } => (
            "a second document begins here",
            "keep one document in a file: take the `---` away",
        ),
        Error::MergeKeyNotAllowed { .. } => (
            "merge keys (`<<`) are not read",
            "write the keys out where they belong",
        ),
        Error::UnknownAnchor { .. } => (
            "this alias names no anchor",
            "put quotes around a value that begins with `*`",
        ),
        Error::NonFiniteFloat { .. } => {
            ("this is no number", "write it in quotes if text is meant")
        }
        _ if line.contains("{{") && !said.contains("tabs") => (
            "`{{` begins a map in YAML",
            "put quotes around a value with `{{ }}` in it, such as '{{port}}'",
        ),
        _ => return other_complaint(span, said),
    };
    YamlError {
        span,
        headline: headline.into(),
        fix: Some(fix.into()),
    }
}

fn other_complaint(span: Span, said: &str) -> YamlError {
    let known = [
        (
            "tabs disallowed",
            "a tab stands where YAML takes only spaces",
            "indent with spaces",
        ),
        (
            "mapping values are not allowed",
            "a `key: value` cannot begin here",
            "put quotes around a value that holds `: `, and line keys up with their neighbours",
        ),
        (
            "alias",
            "aliases make this text too large",
            "write the values out",
        ),
        (
            "expected string scalar",
            "a list or a map cannot be a key",
            "put quotes around it if text is meant",
        ),
        (
            "unexpected character",
            "a value without quotes cannot begin with this character",
            "put quotes around the value",
        ),
        ("unclosed quote", "this quote is never closed", "close it"),
        (
            "unclosed bracket",
            "a `[` or `{` is never closed",
            "close it",
        ),
        (
            "BOM",
            "a byte order mark stands inside the text",
            "take it out",
        ),
        (
            "depth",
            "lists and maps stand too deep in each other",
            "flatten them",
        ),
        (
            "budget",
            "this text is too large or too deep to be read",
            "make it smaller",
        ),
        (
            "recursive references",
            "this alias stands inside its own anchor",
            "write the value out",
        ),
    ];
    let (headline, fix) = known
        .iter()
        .find(|(part, ..)| said.contains(part))
        .map_or_else(
            || (format!("this is not YAML: {said}"), None),
            |(_, headline, fix)| ((*headline).to_owned(), Some((*fix).to_owned())),
        );
    YamlError {
        span,
        headline,
        fix,
    }
}

/// The one character at a line and column; errors of syntax carry no more.
fn place_of(source: &str, location: Location) -> Span {
    let (line, column) = (location.line(), location.column());
    let start: usize = source
        .split_inclusive('\n')
        .take(usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX))
        .map(str::len)
        .sum();
    let within = source[start..]
        .char_indices()
        .nth(usize::try_from(column.saturating_sub(1)).unwrap_or(usize::MAX));
    match within {
        Some((at, c)) if c != '\n' => Span {
            start: start + at,
            end: start + at + c.len_utf8(),
        },
        Some((at, _)) => Span {
            start: start + at,
            end: start + at,
        },
        None => Span {
            start: source.len(),
            end: source.len(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written<'s>(source: &'s str, node: &Node) -> &'s str {
        &source[node.span.start..node.span.end]
    }

    #[test]
    fn every_value_knows_the_bytes_it_stands_in() {
        let source = "é: [1.10, no, 'q', {x: ~}]\nd: |\n  hello\n  there\n";
        let Yaml::Map(entries) = read(source).unwrap().value else {
            panic!("no map")
        };
        let Yaml::List(items) = &entries[0].1.value else {
            panic!("no list")
        };
        assert_eq!(written(source, &entries[0].1), "[1.10, no, 'q', {x: ~}]");
        assert_eq!(written(source, &items[2]), "'q'");
        assert_eq!(written(source, &items[3]), "{x: ~}");
        assert_eq!(
            items[0].value,
            Yaml::Scalar(Scalar::Float(1.1), "1.10".into())
        );
        assert_eq!(items[1].value, Yaml::Text("no".into()));
        assert_eq!(
            entries[1].1.value,
            Yaml::Text("hello\n  there\n".replace("  ", ""))
        );
    }

    #[test]
    fn a_mark_and_carriage_returns_are_taken_as_they_come() {
        let plain = read("a: 1\nb: [x, y]\n").unwrap();
        let marked = read("\u{feff}a: 1\nb: [x, y]\n").unwrap();
        assert_eq!(plain, marked);
        let Yaml::Map(entries) = read("a: 1\r\nb: x\r\n").unwrap().value else {
            panic!("no map")
        };
        assert_eq!(entries[1].1.value, Yaml::Text("x".into()));
        assert_eq!(entries[1].0.span, Span { start: 6, end: 7 });
    }

    #[test]
    fn every_key_that_stands_twice_is_told_at_once() {
        let errors = read("a: 1\nb: {x: 1, x: 2}\na: 2\n").unwrap_err();
        assert_eq!(errors.len(), 2);
        assert!(errors[1].fix.as_ref().unwrap().contains("line 1"));
    }

    #[test]
    fn a_bomb_is_refused_and_not_counted_out() {
        let mut bomb = String::from("a: &a [x, x, x, x, x, x, x, x, x]\n");
        for (this, last) in ('b'..='k').zip('a'..) {
            let items = vec![format!("*{last}"); 9].join(", ");
            bomb.push_str(&format!("{this}: &{this} [{items}]\n"));
        }
        assert!(read(&bomb).is_err());
        assert!(read(&"[".repeat(5000)).is_err());
        assert!(read(&format!("{}{}", "[".repeat(60), "]".repeat(60))).is_err());
        assert!(read(&"a\n".repeat(1 << 20)).is_err());
    }
}
