//! Keys of tests and of the answers in them.

use super::{BOOL, DURATION, Key, Takes};
use crate::report::{Status, Verdict};

/// Statuses that a whole target can come to, with their words.
pub(in crate::runbook) const STATUSES: [(Status, &str); 5] = [
    (Status::Pass, "pass"),
    (Status::Warn, "warn"),
    (Status::Fail, "fail"),
    (Status::Error, "error"),
    (Status::Skip, "skip"),
];

const STATUS: Takes = Takes::Word(|| STATUSES.map(|(_, word)| word).to_vec());
const VERDICT: Takes = Takes::Word(|| Verdict::ALL.map(Verdict::word).to_vec());

/// Keys of a test.
pub(in crate::runbook) const CASE: &[Key] = &[
    Key::new("name", Takes::Plain, "what it shows, unique in the runbook").required(),
    Key::new(
        "params",
        Takes::Pairs(&Takes::Either(&[Takes::Scalar, Takes::Any(&Takes::Scalar)])),
        "params as on the command line",
    ),
    Key::new(
        "target",
        Takes::Map(SUBJECT),
        "whom the runbook is asked about; expressions see it as `target`",
    ),
    Key::new(
        "given",
        Takes::Pairs(&Takes::Either(&[
            Takes::Map(REPLY),
            Takes::List(&Takes::Map(REPLY)),
        ])),
        "answers by step; of a step that asks several times in order, and the last one again and again",
    ),
    Key::new(
        "others",
        Takes::Either(&[Takes::Word(|| vec!["unavailable"]), Takes::Map(REPLY)]),
        "the answer to every other step; without it a step that is given none is told as unmet",
    ),
    Key::new(
        "expect",
        Takes::Either(&[STATUS, Takes::PairsSome(&VERDICT)]),
        "what must come of the target, or of each of these checks and steps",
    )
    .required(),
];

/// Keys of a test's `target`.
pub(in crate::runbook) const SUBJECT: &[Key] = &[
    Key::new("namespace", Takes::Plain, "namespace of the pod"),
    Key::new("pod", Takes::Plain, "name of the pod"),
    Key::new("container", Takes::Plain, "the container that is examined"),
    Key::new("node", Takes::Plain, "the node that the pod is on"),
    Key::new("labels", Takes::Pairs(&Takes::Plain), "labels of the pod"),
];

/// Keys of an answer.
pub(in crate::runbook) const REPLY: &[Key] = &[
    Key::new("stdout", Takes::Scalar, "what the command writes to stdout"),
    Key::new(
        "stdout_file",
        Takes::Plain,
        "a file with what it writes, beside or below the runbook",
    ),
    Key::new("stderr", Takes::Scalar, "what it writes to stderr"),
    Key::new("exit", Takes::Count(0, 255), "its exit code").or("0"),
    Key::new("duration", DURATION, "how long it takes"),
    Key::new("timed_out", BOOL, "whether it is stopped at its timeout").or("false"),
    Key::new("truncated", BOOL, "whether its stdout is cut").or("false"),
    Key::new(
        "file",
        Takes::Map(FILE),
        "what the file is, for the kind `file`",
    ),
    Key::new(
        "facts",
        Takes::Pairs(&Takes::Anything),
        "facts of the kind as they stand: its reader is passed over",
    ),
];

const MOST: i64 = u32::MAX as i64;

/// Keys of an answer's `file`.
pub(in crate::runbook) const FILE: &[Key] = &[
    Key::new(
        "kind",
        Takes::Scalar,
        "`file`, `directory`, `link` or `other`",
    )
    .or("file"),
    Key::new("mode", Takes::Scalar, "permission bits in octal").or("644"),
    Key::new("uid", Takes::Count(0, MOST), "owner").or("0"),
    Key::new("gid", Takes::Count(0, MOST), "group").or("0"),
    Key::new("size", Takes::Count(0, MOST), "bytes").or("0"),
    Key::new(
        "mtime",
        Takes::Count(0, MOST),
        "last change, seconds since 1970-01-01 UTC",
    ),
    Key::new(
        "resolved",
        Takes::Scalar,
        "the path after every link was followed",
    ),
];
