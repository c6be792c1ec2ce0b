//! Text → tree, within its bounds.

use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{
    DuplicateKeyPolicy, MergeKeyPolicy, Options, Spanned, alias_limits, budget, options,
};

use super::complaint::{complaint, span_of};
use super::{Key, Node, Scalar, Span, Yaml, YamlError, plain};

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

/// How many complaints about one text are made; who has so many mends these first.
pub const MAX_COMPLAINTS: usize = 200;

/// `source` without a byte order mark; spans count from here.
pub fn without_mark(source: &str) -> &str {
    source.strip_prefix('\u{feff}').unwrap_or(source)
}

/// Reads one document. Spans are byte offsets in `source` after [`without_mark`].
pub fn read(source: &str) -> Result<Node, Vec<YamlError>> {
    match read_on(source) {
        (Some(node), complaints) if complaints.is_empty() => Ok(node),
        (_, complaints) => Err(complaints),
    }
}

/// The same, and where only single keys or texts are wrong the rest of the document with them, so that all that is wrong with it can be
/// told at once: of a key that stands twice the first.
pub fn read_on(source: &str) -> (Option<Node>, Vec<YamlError>) {
    let source = without_mark(source);
    if source.len() > MAX_BYTES {
        let error = YamlError {
            span: Span::default(),
            headline: format!(
                "the text is {} bytes long; at most {MAX_BYTES} are read",
                source.len()
            ),
            fix: Some("split it".into()),
        };
        return (None, vec![error]);
    }
    match plain::read(source) {
        Some(node) => (Some(node), Vec::new()),
        None => thoroughly(source),
    }
}

/// Reads whatever YAML it is, and says what is wrong with it.
pub(super) fn thoroughly(source: &str) -> (Option<Node>, Vec<YamlError>) {
    match serde_saphyr::from_str_with_options::<Spanned<Raw>>(source, settings()) {
        Ok(raw) => {
            let mut complaints = Vec::new();
            let node = settle(source, raw, &mut complaints);
            (Some(node), complaints)
        }
        Err(error) => (None, vec![complaint(source, error.without_snippet())]),
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

fn settle(source: &str, raw: Spanned<Raw>, complaints: &mut Vec<YamlError>) -> Node {
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
        Raw::Text(text) => {
            if text.contains('\0') && complaints.len() < MAX_COMPLAINTS {
                complaints.push(YamlError {
                    span: span_of(source, raw.defined),
                    headline: "this text holds a NUL byte, which no argument, script or path can"
                        .into(),
                    fix: Some("take `\\0` out".into()),
                });
            }
            Yaml::Text(text)
        }
        Raw::List(items) => {
            let items: Vec<_> = items
                .into_iter()
                .map(|item| settle(source, item, complaints))
                .collect();
            Yaml::List(items)
        }
        Raw::Map(entries) => {
            let mut map: Vec<(Key, Node)> = Vec::with_capacity(entries.len());
            let mut seen = HashMap::new();
            for (key, value) in entries {
                let at = span_of(source, key.referenced);
                let node = settle(source, value, complaints);
                if let Some(first) = seen.get(&key.value) {
                    if complaints.len() < MAX_COMPLAINTS {
                        complaints.push(YamlError {
                            span: at,
                            headline: format!("the key `{}` stands here twice", key.value),
                            fix: Some(format!(
                                "keep one of them; the first is on line {}",
                                line_of(source, *first)
                            )),
                        });
                    }
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
    if raw.referenced == raw.defined {
        span = spread(source, span, &value);
    }
    Node { span, value }
}

/// The parser marks a list or a map where it begins; it reaches as far as its last value does.
pub(super) fn spread(source: &str, span: Span, value: &Yaml) -> Span {
    let last = match value {
        Yaml::List(items) => items.last().map(|item| item.span.end),
        Yaml::Map(entries) => entries.last().map(|(_, node)| node.span.end),
        _ => return span,
    };
    let end = span.end.max(last.unwrap_or_default());
    Span {
        start: span.start,
        end: closed(source, span.start, end),
    }
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
