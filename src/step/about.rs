//! What a kind is, as data: its keys and its facts. The reader of documents, the schema, the language reference and the messages
//! all read this one table, so that they cannot disagree.

/// One step kind, told.
#[derive(Debug)]
pub struct About {
    /// The word in runbooks and reports.
    pub word: &'static str,
    /// What it asks, one line.
    pub purpose: &'static str,
    /// How it finds out, in the order in which it tries; the first that the image has is taken. Empty where there is but one.
    pub ways: &'static [&'static str],
    /// The key that a value stands for which is no map of keys: `file: /etc/hosts` is `file: {path: /etc/hosts}`.
    pub short: Option<&'static str>,
    /// Its keys.
    pub fields: &'static [Field],
    /// What it yields beside the facts of every step.
    pub facts: &'static [Fact],
    /// A step of this kind as it may be written, YAML.
    pub example: &'static str,
}

/// One key of a kind.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The key.
    pub name: &'static str,
    /// What it takes.
    pub shape: Shape,
    /// True where it must be given.
    pub required: bool,
    /// True for each of the keys of which exactly one is given.
    pub alone: bool,
    /// What it begins with, where that is no template: one of these.
    pub begins: &'static [&'static str],
    /// What holds when it is not given, as it would be written; for the reference.
    pub default: Option<&'static str>,
    /// True where a secret may stand in it: what never reaches an argv, an environment or the pod's spec.
    pub secret: bool,
    /// What it is for, one line.
    pub about: &'static str,
}

/// What a key takes.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// Text with `{{ }}`; numbers and booleans as they are written.
    Text,
    /// A whole number in these bounds, or `{{ }}` that comes to one.
    Int(i64, i64),
    /// One of these words, or `{{ }}` that comes to one.
    Word(&'static [&'static str]),
    /// `true` or `false`.
    Bool,
    /// Such as `1m30s`.
    Duration,
    /// Such as `64KiB`, at most this many bytes.
    Size(u64),
    /// A linear-time regular expression.
    Regex,
    /// Text to find, or `{regex: …}`.
    Pattern,
    /// A shell script, in which `{{ }}` cannot stand.
    Script,
    /// A list of texts with `{{ }}`. As an argv, a lone `{{ list }}` stands for all its items.
    Texts,
    /// Names with texts.
    Pairs,
    /// A map of these keys.
    Record(&'static [Field]),
    /// A list of maps of these keys.
    Records(&'static [Field]),
}

/// One fact of a kind.
#[derive(Clone, Copy, Debug)]
pub struct Fact {
    /// The name that expressions use.
    pub name: &'static str,
    /// Its type in words: `int`, `text`, `list of maps: pid, name`.
    pub shape: &'static str,
    /// What it tells, with its unit.
    pub about: &'static str,
}

impl Field {
    /// An optional key.
    pub const fn new(name: &'static str, shape: Shape, about: &'static str) -> Self {
        Self {
            name,
            shape,
            required: false,
            alone: false,
            begins: &[],
            default: None,
            secret: false,
            about,
        }
    }

    /// The same, and it must be given.
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// The same, and exactly one of the keys that this is said of is given.
    pub const fn alone(mut self) -> Self {
        self.alone = true;
        self
    }

    /// The same, and it begins with one of these, or with a template.
    pub const fn begins(mut self, begins: &'static [&'static str]) -> Self {
        self.begins = begins;
        self
    }

    /// The same, with what holds when it is not given.
    pub const fn or(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }

    /// The same, and a secret may stand in it.
    pub const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }
}

impl Fact {
    /// A fact.
    pub const fn new(name: &'static str, shape: &'static str, about: &'static str) -> Self {
        Self { name, shape, about }
    }
}

/// Facts that every kind yields.
pub const COMMON: &[Fact] = &[
    Fact::new(
        "exit",
        "int",
        "exit code of the command; absent where it did not end by itself",
    ),
    Fact::new("stdout", "text", "what it wrote to stdout"),
    Fact::new("stderr", "text", "what it wrote to stderr"),
    Fact::new("duration", "float", "seconds from the ask to its end"),
];
