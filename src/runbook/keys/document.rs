//! Keys of the document as a whole.

use super::place::{ATTACH, TARGET};
use super::{BOOL, CASE, DURATION, Key, PARAM, REGEX, SEVERITY, Takes};
use crate::ask::MAX_CAP;
use crate::report::Own;
use crate::runbook::document::Effects;
use crate::runbook::governance::{MOST_AFTER, MOST_PARALLEL};
use crate::step::Shape;

/// Keys of a runbook.
pub(in crate::runbook) const RUNBOOK: &[Key] = &[
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
        "effects",
        Takes::Word(|| Effects::WORDS.map(|(_, word)| word).to_vec()),
        "the most that its commands do; more than `network` is asked only with `--allow-effects`",
    )
    .or("none"),
    Key::new(
        "defaults",
        Takes::Map(DEFAULTS),
        "what steps and checks fall back on",
    ),
    Key::new(
        "redact",
        Takes::Map(REDACT),
        "what is masked in everything that comes back, beside secrets",
    ),
    Key::new(
        "steps",
        Takes::List(&Takes::Step),
        "what is asked, in order",
    )
    .required(),
    Key::new(
        "on_fail",
        Takes::List(&Takes::Step),
        "steps that are asked once a check has failed",
    ),
    Key::new(
        "finally",
        Takes::List(&Takes::Step),
        "steps that are asked at the end, whatever came before; they change no verdict",
    ),
    Key::new(
        "batch",
        Takes::Map(BATCH),
        "how many targets are examined side by side, and when no more are begun",
    ),
    Key::new(
        "tests",
        Takes::List(&Takes::Map(CASE)),
        "canned answers and what they should come to",
    ),
    Key::new(
        "waivers",
        Takes::List(&Takes::Map(WAIVER)),
        "checks that are known to fail and do not count",
    ),
];

/// Keys of `defaults`.
pub(in crate::runbook) const DEFAULTS: &[Key] = &[
    Key::new("timeout", DURATION, "how long a step may take").or("10s"),
    Key::new("severity", SEVERITY, "severity of a check that names none").or("error"),
    Key::new(
        "output",
        Takes::Map(OUTPUT),
        "how much output of a step is kept",
    ),
];

/// Keys of `output`.
pub(in crate::runbook) const OUTPUT: &[Key] = &[Key::new(
    "max",
    Takes::Shape(Shape::Size(MAX_CAP)),
    "bytes that are kept of stdout and of stderr each",
)
.or("256KiB")];

/// Keys of `redact`.
pub(in crate::runbook) const REDACT: &[Key] = &[
    Key::new(
        "builtin",
        BOOL,
        "whether what looks like a secret anywhere is masked, by a token that is the same for equal values in a run",
    )
    .or("true"),
    Key::new(
        "rules",
        Takes::List(&Takes::Map(RULE)),
        "what else is masked",
    ),
];

/// Keys of a rule of `redact`.
pub(in crate::runbook) const RULE: &[Key] = &[
    Key::new("name", Takes::Plain, "what the report calls it").required(),
    Key::new(
        "regex",
        REGEX,
        "what is masked: the group `mask`, or all that matches",
    )
    .required(),
    Key::new(
        "only",
        Takes::List(&Takes::Plain),
        "ids of the steps whose output it is for; else all",
    ),
];

/// Keys of `batch`.
pub(in crate::runbook) const BATCH: &[Key] = &[
    Key::new(
        "parallel",
        Takes::Count(1, MOST_PARALLEL),
        "targets that are open at once, unless `--parallel` says otherwise",
    ),
    Key::new(
        "per_node",
        Takes::Count(1, MOST_PARALLEL),
        "targets that are open at once on one node",
    ),
    Key::new(
        "stop_when",
        Takes::Map(STOP_WHEN),
        "when no more targets are begun",
    ),
    Key::new(
        "group",
        Takes::Map(GROUP),
        "the report puts targets together that say the same: status, and of each step status, exit code and output",
    ),
];

/// Keys of `group`.
pub(in crate::runbook) const GROUP: &[Key] = &[Key::new(
    "normalise",
    Takes::List(&Takes::Word(|| Own::WORDS.map(|(_, word)| word).to_vec())),
    "what is a target's own, and taken out of the outputs before they are compared: the names of its pod and node, addresses, UIDs, moments",
)
.or("[pod, node, ip, uid, time]")];

/// Keys of `stop_when`.
pub(in crate::runbook) const STOP_WHEN: &[Key] = &[
    Key::new(
        "failed_percent",
        Takes::Percent,
        "so many percent of the targets that are done have failed",
    )
    .required(),
    Key::new(
        "after",
        Takes::Count(1, MOST_AFTER),
        "not before so many are done",
    )
    .or("1"),
];

/// Keys of a waiver.
pub(in crate::runbook) const WAIVER: &[Key] = &[
    Key::new("check", Takes::Id, "id of the check").required(),
    Key::new("reason", Takes::Plain, "why that is accepted").required(),
    Key::new("owner", Takes::Plain, "who answers for that"),
    Key::new(
        "until",
        Takes::Day,
        "the last day on which it is; else for ever",
    ),
];
