//! What a summary says in words, in every format for people.

use crate::report::Counts;

/// What an exit code says, by the table of exit codes.
pub(super) fn meaning(code: u8) -> &'static str {
    match code {
        0 => "nothing at or above --fail-on",
        1 => "a check at or above --fail-on does not hold",
        2 => "the command line or the runbook is wrong",
        3 => "nothing could be asked, or a target named by name is not there",
        4 => "the selector matched nothing",
        5 => "some targets or checks are undetermined",
        6 => "a debug container is not proven ended",
        130 => "interrupted",
        _ => "not in the table of exit codes",
    }
}

/// How many there are, and of each column that has any: `3: 2 pass, 1 fail`.
pub(super) fn tally(counts: &Counts) -> String {
    let columns = [
        (counts.pass, "pass"),
        (counts.warn, "warn"),
        (counts.fail, "fail"),
        (counts.error, "undetermined"),
        (counts.skip, "skipped"),
    ];
    let some: Vec<_> = columns
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    match counts.total() {
        0 => "none".into(),
        total => format!("{total}: {}", some.join(", ")),
    }
}
