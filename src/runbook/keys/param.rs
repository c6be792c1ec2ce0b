//! Keys of params.

use super::{BOOL, Cases, Choice, DURATION, Key, REGEX, Rule, Takes};

const MIN: &str = "the least that is taken";
const MAX: &str = "the most that is taken";
const DEFAULT: &str = "the value where none is given";

/// Keys of a param, by its type.
pub(in crate::runbook) const PARAM: Cases = Cases {
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
        Key::new(
            "from",
            Takes::List(&Takes::Choice(&FROM)),
            "where the value comes from when none is given, in this order, before the default",
        ),
        Key::new(
            "from_alert",
            Takes::AlertLabel,
            "the label of an alert that gives the value",
        ),
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
        ("secret", &[]),
    ],
};

/// Keys of an item of `from`.
pub(in crate::runbook) const FROM: Choice = Choice {
    keys: &[
        Key::new("env", Takes::Plain, "an environment variable of the runner"),
        Key::new(
            "file",
            Takes::Plain,
            "a file on the runner's machine, without the line's end at its end",
        ),
        Key::new(
            "kube_secret",
            Takes::Map(KUBE_SECRET),
            "a Kubernetes secret in the target's namespace",
        ),
    ],
    of: &["env", "file", "kube_secret"],
    rule: Rule::One,
};

/// Keys of `kube_secret`.
pub(in crate::runbook) const KUBE_SECRET: &[Key] = &[
    Key::new("name", Takes::Plain, "name of the secret").required(),
    Key::new("key", Takes::Plain, "key in it").required(),
];
