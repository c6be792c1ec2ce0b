//! Answers kept from before: no pod, no shell, no waiting. What they prove differs.
//!
//! - [`Recorded`] plays a run back that [`Recorder`] wrote down while it happened: a folder with `run.json` and, for each target, one
//!   file of JSON Lines (who it is, how it was opened, every ask with its answer, how it was closed). An ask is answered only where
//!   the very same ask was recorded, bounds included; any other is *could not look: not recorded*, never a guess. So what a
//!   runbook makes of a recording is what it would have made of the pod at that moment, and no more is told than was seen.
//! - [`Written`] answers what the author of a test wrote down, by the id of the step that asks. Raw output proves the kind's reader,
//!   the captures and the checks; told facts prove the checks alone, and nothing about whether a tool would have yielded them.
//!   Neither looks at what is asked.

mod line;
mod recorded;
mod recorder;
mod written;

pub use recorded::{Recorded, Unreadable};
pub use recorder::Recorder;
pub use written::Written;

/// Name and version of the recording's format.
pub const SCHEMA: &str = "housecall.recording/1";

/// What the recording is of, beside its targets: a value of the caller's own.
pub const ABOUT: &str = "run.json";
