//! How much of one target's outputs is kept: each step has its own cap, and what all of them keep has to be held until the report is
//! written, more than once over.

use serde_json::Value;

use crate::ask::Answer;
use crate::report::StepReport;

/// Bytes of stdout and stderr that are kept of one target at most: 32 MiB. The ask that passes it is the last one.
pub(super) const MOST: usize = 32 * 1024 * 1024;

/// What is told of a step that finds no room.
pub(super) const FULL: &str = "not all was asked: the outputs of this target come to 32 MiB, and no more is kept; lower `output.max`, or ask for less";

/// Why not all of a step was asked.
pub(super) enum Cut {
    /// The way to the target is gone, for this reason.
    Lost(String),
    /// The run is interrupted.
    Interrupted,
    /// No more can be kept.
    Full,
}

/// Bytes of what a check says that are kept.
pub(super) const MESSAGE: usize = 16 * 1024;

/// A text, or as much of it as is kept of what a check says.
pub(super) fn clip(text: &mut String) {
    if text.len() > MESSAGE {
        let end = (0..=MESSAGE).rev().find(|at| text.is_char_boundary(*at));
        text.truncate(end.unwrap_or_default());
        text.push_str("… (the rest is left out)");
    }
}

/// Bytes of the texts in a value.
pub(super) fn weight(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(weight).sum(),
        Value::Object(entries) => entries
            .iter()
            .map(|(key, value)| key.len() + weight(value))
            .sum(),
    }
}

/// Bytes that answers hold.
pub(super) fn held(answers: &[Answer]) -> usize {
    let streams = answers.iter().flat_map(|one| [&one.stdout, &one.stderr]);
    streams.map(|stream| stream.bytes.len()).sum()
}

/// Bytes of output that a report of a step holds.
pub(super) fn kept(step: &StepReport) -> usize {
    let streams = step
        .attempts
        .iter()
        .flat_map(|one| [&one.stdout, &one.stderr]);
    let bytes: u64 = streams.map(|stream| stream.bytes).sum();
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
