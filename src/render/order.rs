//! What a report for people tells first, and what it tells in a line.

use super::case::weight;
use crate::report::TargetReport;

/// Facts that reports for people tell in other ways, or that are whole outputs.
pub(super) const COMMON: [&str; 5] = ["exit", "stdout", "stderr", "duration", "text"];

/// True of a target that is told in full beside others.
pub(super) fn loud(entry: &TargetReport) -> bool {
    weight(entry) > 1
}

/// True of a target in which something of ours may still run.
pub(super) fn unproven(entry: &TargetReport) -> bool {
    entry.attach.as_ref().is_some_and(|attach| !attach.proven)
}
