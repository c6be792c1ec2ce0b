//! Keys that say whom a runbook is for, and how to attach there.

use super::{COUNT, DURATION, Key, POSITIVE, Takes};
use crate::cluster::{Mode, Profile};
use crate::runbook::settings::{PREFERENCES, TARGET_KINDS};

/// Keys of `target`.
pub(in crate::runbook) const TARGET: &[Key] = &[
    Key::new(
        "kind",
        Takes::Word(|| TARGET_KINDS.to_vec()),
        "kind of the object, where the command line names no target",
    ),
    Key::new("name", Takes::Plain, "name of that object"),
    Key::new(
        "selector",
        Takes::Plain,
        "label selector, where the command line names no target",
    ),
    Key::new(
        "container",
        Takes::Plain,
        "the container whose processes are examined",
    ),
    Key::new(
        "pick",
        Takes::Either(&[Takes::Word(|| vec!["all"]), POSITIVE, Takes::Map(PICK)]),
        "which of several pods are examined: `all`, at most so many, or a map",
    )
    .or("all"),
    Key::new(
        "require",
        Takes::Expr,
        "what must hold of a pod for it to be examined; it sees `target` and `pod`",
    ),
];

/// Keys of `pick`.
pub(in crate::runbook) const PICK: &[Key] = &[
    Key::new("count", COUNT, "at most so many").or("all"),
    Key::new(
        "per",
        Takes::Word(|| vec!["node", "run"]),
        "whether the count holds for each node or for all",
    )
    .or("run"),
    Key::new(
        "prefer",
        Takes::List(&Takes::Word(|| PREFERENCES.map(|(_, word)| word).to_vec())),
        "which come first; the first preference weighs most",
    ),
];

/// Keys of `attach`.
pub(in crate::runbook) const ATTACH: &[Key] = &[
    Key::new(
        "image",
        Takes::Plain,
        "image of the debug container, unless `--image` names one",
    ),
    Key::new(
        "profile",
        Takes::Word(|| Profile::WORDS.map(|(_, word)| word).to_vec()),
        "security profile of the debug container, as `kubectl debug --profile`; `auto` is the least that the steps need and the namespace admits",
    )
    .or("general"),
    Key::new(
        "modes",
        Takes::List(&Takes::Word(|| Mode::WORDS.map(|(_, word)| word).to_vec())),
        "the only modes that it may be run in, every one unless given; the first is taken where `--mode` names none",
    ),
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
pub(in crate::runbook) const NEEDS: &[Key] = &[
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
