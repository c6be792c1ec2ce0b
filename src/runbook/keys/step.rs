//! Keys of steps and of what is held against them.

use super::capture::{GROUPS, NAMES};
use super::document::OUTPUT;
use super::{BOOL, Choice, DURATION, Key, Rule, SEVERITY, TEXT, Takes};
use crate::runbook::repeat::{MOST_ATTEMPTS, MOST_ITEMS};

/// Keys of every step, beside those of the kinds.
pub(in crate::runbook) const STEP: &[Key] = &[
    Key::new("id", Takes::Name, "what expressions and reports call it").required(),
    Key::new(
        "when",
        Takes::Expr,
        "the step is asked only where this holds",
    ),
    Key::new(
        "each",
        Takes::Map(EACH),
        "the step is asked once for each item of a list",
    ),
    Key::new(
        "retry",
        Takes::Map(RETRY),
        "the step is asked again until it passes",
    ),
    Key::new("timeout", DURATION, "how long it may take").or("10s"),
    Key::new(
        "stdin",
        TEXT,
        "of `run` and `sh`: what is written to its stdin; a secret may stand in it",
    ),
    Key::new(
        "capture",
        Takes::Either(&[
            Takes::Map(GROUPS),
            NAMES,
            Takes::List(&Takes::Either(&[Takes::Map(GROUPS), NAMES])),
        ]),
        "what is taken out of its output: named groups of a regular expression, or by name in any of the ways; a list holds several",
    ),
    Key::new(
        "expect",
        Takes::List(&Takes::Either(&[Takes::Expr, Takes::Map(EXPECTATION)])),
        "what should hold; without it, that the question was answered well (`exit` is 0)",
    ),
    Key::new(
        "outcomes",
        Takes::List(&Takes::Choice(&OUTCOME)),
        "instead of `expect`: what it may come to, of which the first that holds counts",
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

/// Keys of a step of which only one is given.
pub(in crate::runbook) const APART: [&str; 2] = ["expect", "outcomes"];

/// Keys of a step that includes another runbook; no others go with them.
pub(in crate::runbook) const INCLUDE: &[Key] = &[
    Key::new("include", Takes::Plain, "a runbook beside or below this one, or a shipped one such as `lib/tls.yaml`, whose steps are asked here").required(),
    Key::new("params", Takes::Pairs(&Takes::Scalar), "values for its params, with `{{ }}`"),
];

/// Keys of `each`.
pub(in crate::runbook) const EACH: &[Key] = &[
    Key::new(
        "item",
        Takes::Name,
        "the name that the item has in the step",
    )
    .required(),
    Key::new(
        "of",
        Takes::Either(&[Takes::Any(&Takes::Anything), Takes::Expr]),
        "the list, or an expression that comes to one",
    )
    .required(),
    Key::new(
        "max",
        Takes::Count(1, MOST_ITEMS.1),
        "items that are asked about at most; of more, the first",
    )
    .or("10"),
    Key::new(
        "parallel",
        Takes::Count(1, MOST_ITEMS.1),
        "changes nothing: one session asks one thing at a time",
    ),
];

/// Keys of `retry`.
pub(in crate::runbook) const RETRY: &[Key] = &[
    Key::new(
        "attempts",
        Takes::Count(2, MOST_ATTEMPTS),
        "how often it is asked at most, the first time included",
    )
    .required(),
    Key::new("delay", DURATION, "wait before the second time").or("1s"),
    Key::new(
        "backoff",
        Takes::Range(1.0, 10.0),
        "what each wait is multiplied with for the next",
    )
    .or("1"),
    Key::new("give_up", Takes::Expr, "no more is tried when this holds"),
];

/// Keys of an expectation.
pub(in crate::runbook) const EXPECTATION: &[Key] = &[
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

/// Keys of an outcome.
pub(in crate::runbook) const OUTCOME: Choice = Choice {
    keys: &[
        Key::new(
            "id",
            Takes::Id,
            "what reports call it; else the step's id and a number",
        ),
        Key::new(
            "when",
            Takes::Expr,
            "it is this outcome where this holds; only the last may go without",
        ),
        Key::new("fail", TEXT, "it is trouble, and this is told"),
        Key::new("warn", TEXT, "it is worth a warning, and this is told"),
        Key::new("pass", TEXT, "it is well, and this is told"),
        Key::new("severity", SEVERITY, "how bad it is"),
        Key::new("hint", TEXT, "what to look at then"),
        Key::new("url", TEXT, "where to read on"),
    ],
    of: &["fail", "warn", "pass"],
    rule: Rule::One,
};
