//! The tree: values, and the bytes of the source they stand in.

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
