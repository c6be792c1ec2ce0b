//! Reading YAML: text in, a tree of [`Node`]s out, each with the bytes it stands in.
//!
//! One reader for everything a user writes as YAML. It takes YAML 1.2 at its word (`no` is text, `012` is twelve), refuses duplicate
//! keys, merge keys and a second document, and is bounded in depth, nodes and aliases, so that no text can make it slow or large.
//! What a node should be is for the caller to say; here is only what it is and where.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{
    DuplicateKeyPolicy, Error, Location, MergeKeyPolicy, Options, Spanned, budget, options,
};

/// How deep lists and maps may stand in each other.
pub const MAX_DEPTH: usize = 32;

/// How many values a text may hold, counted after aliases.
pub const MAX_NODES: usize = 100_000;

/// How many aliases a text may use.
pub const MAX_ALIASES: usize = 1_000;

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
        Yaml::List(items) => items.last().map(|item| item.span.end),
        Yaml::Map(entries) => entries.last().map(|(_, node)| node.span.end),
        _ => None,
    };
    // The reader marks a list or a map where it begins; it reaches as far as its last value does.
    if let Some(last) = last
        && raw.referenced == raw.defined
    {
        span.end = span.end.max(last);
    }
    Node { span, value }
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
    let span = error
        .location()
        .map_or_else(Span::default, |location| span_of(source, location));
    eprintln!("{error:?}");
    YamlError {
        span,
        headline: error.to_string(),
        fix: None,
    }
}
#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn play() {
        let s = "a: 5\nb: [1.10, no, true, 'q', \"é\", {x: ~}]\nc: |\n  hello\n  there\nd:\n  - é: 012\n    k: 0x1f\n  - l\ne:\nf: &a [1]\ng: *a\n";
        let n = read(s).unwrap();
        fn show(s: &str, n: &Node, d: usize) {
            println!(
                "{}{:?} {:?}",
                " ".repeat(d),
                n.value.described(),
                &s[n.span.start..n.span.end]
            );
            match &n.value {
                Yaml::List(l) => l.iter().for_each(|x| show(s, x, d + 1)),
                Yaml::Map(m) => m.iter().for_each(|(k, x)| {
                    println!(
                        "{}key {:?} {:?}",
                        " ".repeat(d),
                        k.text,
                        &s[k.span.start..k.span.end]
                    );
                    show(s, x, d + 1)
                }),
                _ => {}
            }
        }
        show(s, &n, 0);
        for bad in [
            "a: 1\na: 2\n",
            "a: [1\nb: 2\n",
            "a:\n\tb: 1\n",
            "a: 1\n---\nb: 2\n",
            "a: 'x\n",
            "a: *b\n",
            "? [1]\n: 2\n",
            "x: 1\n y: 2\n",
            "<<: {a: 1}\n",
            "a: b: c\n",
            "a: @x\n",
            "a: {{x}}\n",
            "a: %x\n",
            "a: 99999999999999999999\n",
            "a: !!int x\n",
            "a: .nan\n",
            "",
            "1: 2\n",
            "a: `x`\n",
            "a: \"\\q\"\n",
            "a: 1\n\u{feff}b: 2\n",
            &"[".repeat(100),
            "a: &x [*x]\n",
        ] {
            println!("--- {bad:?}");
            println!("{:?}", read(bad));
        }
    }
}
