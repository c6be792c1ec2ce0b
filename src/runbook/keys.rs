//! The keys of a document, map for map, as data: by these tables the reader knows what may stand where, and of them the schema and
//! the language reference are made, so that none of the three can disagree. The keys of a step's kind are in the table of the kind.
//!
//! A new key of the document is one line here, and its reading.

use crate::ask::MAX_CAP;
use crate::check::CaptureKind;
use crate::cluster::Profile;
use crate::report::Severity;
use crate::step::Shape;

/// One key of a map.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    /// The key.
    pub(super) name: &'static str,
    /// What it takes.
    pub(super) takes: Takes,
    /// True where it must be given.
    pub(super) required: bool,
    /// What holds when it is not given, as it would be written.
    pub(super) default: Option<&'static str>,
    /// What it is for, one line.
    pub(super) about: &'static str,
}

/// What a key takes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Takes {
    /// What a key of a kind can take as well.
    Shape(Shape),
    /// The version of the language: 1.
    Version,
    /// Text as it stands, without `{{ }}`.
    Plain,
    /// Lower case words with `-` between.
    Id,
    /// An identifier.
    Name,
    /// Text, a number or a boolean, as it is written.
    Scalar,
    /// A whole number.
    Whole,
    /// A number.
    Number,
    /// One of these words, without `{{ }}`.
    Word(fn() -> Vec<&'static str>),
    /// An expression.
    Expr,
    /// A value of any type that is neither list nor map.
    Value,
    /// A map of these keys.
    Map(&'static [Key]),
    /// A map of these keys, in which one key's word says which others go with it.
    Cases(&'static Cases),
    /// A map of identifiers, each with this.
    Named(&'static Takes),
    /// A map of names of any form, each with this.
    Pairs(&'static Takes),
    /// A list of at least one.
    List(&'static Takes),
    /// A list, which may be empty.
    Any(&'static Takes),
    /// One of these.
    Either(&'static [Takes]),
    /// A step: its own keys, and those of one kind.
    Step,
}

/// Keys of which some go only with some words of another.
#[derive(Debug)]
pub(super) struct Cases {
    /// The key that holds the word.
    pub(super) tag: &'static str,
    /// Keys that go with every word; the tag is among them.
    pub(super) common: &'static [Key],
    /// Each word with the keys that go with it.
    pub(super) own: &'static [(&'static str, &'static [Key])],
}

impl Key {
    /// An optional key.
    const fn new(name: &'static str, takes: Takes, about: &'static str) -> Self {
        Self {
            name,
            takes,
            required: false,
            default: None,
            about,
        }
    }

    /// The same, and it must be given.
    const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// The same, with what holds when it is not given.
    const fn or(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }
}

impl Cases {
    /// Every key that goes with some word.
    pub(super) fn names(&self) -> Vec<&'static str> {
        let mut all = names(self.common);
        for name in self.own.iter().flat_map(|(_, keys)| names(keys)) {
            if !all.contains(&name) {
                all.push(name);
            }
        }
        all
    }

    /// The words that the tag may have.
    pub(super) fn words(&self) -> Vec<&'static str> {
        self.own.iter().map(|(word, _)| *word).collect()
    }

    /// The keys that go with this word only.
    pub(super) fn of(&self, word: &str) -> &'static [Key] {
        let case = self.own.iter().find(|(known, _)| *known == word);
        case.map_or(&[], |(_, keys)| *keys)
    }
}

/// The names of a table's keys, in its order.
pub(super) fn names(keys: &[Key]) -> Vec<&'static str> {
    keys.iter().map(|key| key.name).collect()
}

const TEXT: Takes = Takes::Shape(Shape::Text);
const BOOL: Takes = Takes::Shape(Shape::Bool);
const DURATION: Takes = Takes::Shape(Shape::Duration);
const REGEX: Takes = Takes::Shape(Shape::Regex);
const SEVERITY: Takes = Takes::Word(|| Severity::ALL.map(Severity::word).to_vec());

/// Keys of a runbook.
pub(super) const RUNBOOK: &[Key] = &[
    Key::new("version", Takes::Version, "version of the language: 1").required(),
    Key::new(
        "id",
        Takes::Id,
        "what reports call it: lower case words with `-` between",
    )
    .required(),
    Key::new(
        "title",
        Takes::Plain,
        "one line that says what it finds out",
    )
    .required(),
    Key::new(
        "labels",
        Takes::Pairs(&Takes::Plain),
        "labels of the runbook itself, for people and filters",
    ),
    Key::new(
        "doc",
        Takes::Plain,
        "Markdown: the goal, what it asks, how to read what it finds",
    ),
    Key::new(
        "params",
        Takes::Named(&Takes::Cases(&PARAM)),
        "what it may be told with `-p name=value`, by name",
    ),
    Key::new("target", Takes::Map(TARGET), "whom it is for"),
    Key::new(
        "attach",
        Takes::Map(ATTACH),
        "how the debug container is attached",
    ),
    Key::new(
        "defaults",
        Takes::Map(DEFAULTS),
        "what steps and checks fall back on",
    ),
    Key::new(
        "steps",
        Takes::List(&Takes::Step),
        "what is asked, in order",
    )
    .required(),
];

const MIN: &str = "the least that is taken";
const MAX: &str = "the most that is taken";
const DEFAULT: &str = "the value where none is given";

/// Keys of a param, by its type.
pub(super) const PARAM: Cases = Cases {
    tag: "type",
    common: &[
        Key::new("type", Takes::Word(|| PARAM.words()), "its type").required(),
        Key::new(
            "required",
            BOOL,
            "whether a value must be given; then there is no default",
        )
        .or("false"),
        Key::new("doc", Takes::Plain, "what it means, one line"),
    ],
    own: &[
        (
            "int",
            &[
                Key::new("default", Takes::Whole, DEFAULT),
                Key::new("min", Takes::Whole, MIN),
                Key::new("max", Takes::Whole, MAX),
            ],
        ),
        (
            "float",
            &[
                Key::new("default", Takes::Number, DEFAULT),
                Key::new("min", Takes::Number, MIN),
                Key::new("max", Takes::Number, MAX),
            ],
        ),
        ("bool", &[Key::new("default", BOOL, DEFAULT)]),
        (
            "string",
            &[
                Key::new("default", Takes::Plain, DEFAULT),
                Key::new(
                    "pattern",
                    REGEX,
                    "a linear-time regular expression that the text must match",
                ),
            ],
        ),
        (
            "enum",
            &[
                Key::new("default", Takes::Scalar, DEFAULT),
                Key::new(
                    "values",
                    Takes::List(&Takes::Scalar),
                    "the words that are taken",
                )
                .required(),
            ],
        ),
        (
            "duration",
            &[
                Key::new("default", DURATION, DEFAULT),
                Key::new("min", DURATION, MIN),
                Key::new("max", DURATION, MAX),
            ],
        ),
        (
            "list",
            &[Key::new("default", Takes::Any(&Takes::Scalar), DEFAULT)],
        ),
    ],
};

/// Keys of `target`.
pub(super) const TARGET: &[Key] = &[Key::new(
    "container",
    Takes::Plain,
    "the container whose processes are examined",
)];

/// Keys of `attach`.
pub(super) const ATTACH: &[Key] = &[
    Key::new(
        "image",
        Takes::Plain,
        "image of the debug container, unless `--image` names one",
    ),
    Key::new(
        "profile",
        Takes::Word(|| Profile::WORDS.map(|(_, word)| word).to_vec()),
        "security profile of the debug container, as `kubectl debug --profile`",
    )
    .or("general"),
    Key::new(
        "needs",
        Takes::Map(NEEDS),
        "what the steps need of the image",
    ),
    Key::new(
        "start_timeout",
        DURATION,
        "how long the container may take to start",
    )
    .or("60s"),
    Key::new(
        "deadline",
        DURATION,
        "how long the container may live at most; else the sum of the timeouts and a minute, at most 10m",
    ),
];

/// Keys of `attach.needs`.
pub(super) const NEEDS: &[Key] = &[
    Key::new(
        "tools",
        Takes::List(&Takes::Plain),
        "programs that the image must have",
    ),
    Key::new(
        "proc_root",
        Takes::Word(|| vec!["read"]),
        "that the patient's root file system is read",
    ),
];

/// Keys of `defaults`.
pub(super) const DEFAULTS: &[Key] = &[
    Key::new("timeout", DURATION, "how long a step may take").or("10s"),
    Key::new("severity", SEVERITY, "severity of a check that names none").or("error"),
    Key::new(
        "output",
        Takes::Map(OUTPUT),
        "how much output of a step is kept",
    ),
];

/// Keys of `output`.
pub(super) const OUTPUT: &[Key] = &[Key::new(
    "max",
    Takes::Shape(Shape::Size(MAX_CAP)),
    "bytes that are kept of stdout and of stderr each",
)
.or("256KiB")];

/// Keys of every step, beside those of the kinds.
pub(super) const STEP: &[Key] = &[
    Key::new("id", Takes::Name, "what expressions and reports call it").required(),
    Key::new(
        "when",
        Takes::Expr,
        "the step is asked only where this holds",
    ),
    Key::new("timeout", DURATION, "how long it may take").or("10s"),
    Key::new(
        "capture",
        Takes::Either(&[Takes::Map(CAPTURE), Takes::List(&Takes::Map(CAPTURE))]),
        "what is taken out of its output",
    ),
    Key::new(
        "expect",
        Takes::List(&Takes::Either(&[Takes::Expr, Takes::Map(EXPECT)])),
        "what should hold; without it, that the question was answered well (`exit` is 0)",
    ),
    Key::new(
        "severity",
        SEVERITY,
        "severity of its checks that name none",
    )
    .or("error"),
    Key::new(
        "stop",
        BOOL,
        "whether nothing after it is asked where it does not pass",
    )
    .or("false"),
    Key::new(
        "output",
        Takes::Map(OUTPUT),
        "how much of its output is kept",
    ),
];

/// Keys of a capture.
pub(super) const CAPTURE: &[Key] = &[
    Key::new(
        "regex",
        REGEX,
        "each named group becomes a value: `^(?<code>\\d+)`",
    )
    .required(),
    Key::new(
        "types",
        Takes::Pairs(&Takes::Word(|| {
            CaptureKind::WORDS.map(|(_, word)| word).to_vec()
        })),
        "types of the groups that are no text",
    ),
    Key::new(
        "default",
        Takes::Pairs(&Takes::Value),
        "values of the groups where nothing matches; without it that is an error",
    ),
];

/// Keys of an expectation.
pub(super) const EXPECT: &[Key] = &[
    Key::new(
        "id",
        Takes::Id,
        "what reports call it; else the step's id and a number",
    ),
    Key::new("that", Takes::Expr, "the expression that should hold").required(),
    Key::new("severity", SEVERITY, "how bad it is where it does not").or("error"),
    Key::new("say", TEXT, "what is told where it does not hold"),
    Key::new("hint", TEXT, "what to look at then"),
    Key::new("url", TEXT, "where to read on"),
];
