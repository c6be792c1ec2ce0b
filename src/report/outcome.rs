//! What became of one step: its verdict, its attempts, its checks.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::stamp;
use crate::ask::{Answer, Captured};

/// What a step turned out to be. The first five were looked at; the last four could not be, and are never green.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// All that was expected holds.
    Pass,
    /// Something below error severity does not hold.
    Warn,
    /// We looked and found trouble.
    Fail,
    /// It holds now, and did not at an earlier attempt.
    Flaky,
    /// Not asked, on purpose.
    Skip,
    /// It could not be judged: a missing capture, an expression that cannot be evaluated, a truncated output.
    Error,
    /// It did not end within its timeout.
    Timeout,
    /// The tool, the right or the image to look with is missing.
    Unavailable,
    /// The patient, or the way to it, was lost.
    Unreachable,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: [Self; 9] = [
        Self::Pass,
        Self::Warn,
        Self::Fail,
        Self::Flaky,
        Self::Skip,
        Self::Error,
        Self::Timeout,
        Self::Unavailable,
        Self::Unreachable,
    ];

    /// The word in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Flaky => "flaky",
            Self::Skip => "skip",
            Self::Error => "error",
            Self::Timeout => "timeout",
            Self::Unavailable => "unavailable",
            Self::Unreachable => "unreachable",
        }
    }

    /// True where we could not look.
    pub fn undetermined(self) -> bool {
        matches!(
            self,
            Self::Error | Self::Timeout | Self::Unavailable | Self::Unreachable
        )
    }

    /// The column of a summary it counts in: timeout, unavailable and unreachable are errors, flaky is a warning.
    pub fn status(self) -> Status {
        match self {
            Self::Pass => Status::Pass,
            Self::Warn | Self::Flaky => Status::Warn,
            Self::Fail => Status::Fail,
            Self::Skip => Status::Skip,
            Self::Error | Self::Timeout | Self::Unavailable | Self::Unreachable => Status::Error,
        }
    }
}

/// The five columns of a summary, and what a whole target or run comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Nothing was asked.
    Skip,
    /// All holds.
    Pass,
    /// Something below the fail-on severity does not hold.
    Warn,
    /// Something could not be looked at, and nothing worse was found.
    Error,
    /// A check at or above the fail-on severity does not hold.
    Fail,
}

impl Status {
    /// The word in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Fail => "fail",
        }
    }
}

/// How bad it is when a check does not hold.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Worth looking at.
    Warning,
    /// Wrong.
    #[default]
    Error,
    /// Wrong, and someone should be called.
    Critical,
}

impl Severity {
    /// Every severity, mildest first.
    pub const ALL: [Self; 4] = [Self::Info, Self::Warning, Self::Error, Self::Critical];

    /// The word in runbooks and reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }
}

/// One step as it stands in a report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepReport {
    /// Id of the step in its runbook.
    pub id: String,
    /// Kind, such as `run` or `file`.
    pub kind: String,
    /// Why it was asked: as one of the runbook's `steps`, after a failure, or at the end whatever came before.
    #[serde(default, skip_serializing_if = "Phase::is_steps")]
    pub phase: Phase,
    /// What was asked, after templates; empty for a step that was not asked.
    pub argv: Vec<String>,
    /// The verdict.
    pub status: Verdict,
    /// Why it is not pass: one line.
    pub reason: Option<String>,
    /// When it was asked.
    #[serde(with = "stamp::maybe")]
    pub started: Option<Timestamp>,
    /// Seconds over all attempts.
    pub duration: f64,
    /// Every time it was asked.
    pub attempts: Vec<AttemptReport>,
    /// What was learnt from it: typed facts of the kind, and captures.
    pub facts: Map<String, Value>,
    /// What was held against it.
    pub checks: Vec<CheckReport>,
    /// Files that were kept.
    pub artifacts: Vec<Artifact>,
}

/// When in a run a step is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// In its turn.
    #[default]
    Steps,
    /// Because a check has failed.
    OnFail,
    /// At the end, whatever came before. It counts for nothing.
    Finally,
}

impl Phase {
    /// True in a step's turn.
    pub fn is_steps(&self) -> bool {
        *self == Self::Steps
    }
}

/// One time a step was asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AttemptReport {
    /// Exit code, as `sh` tells it; `null` when it did not end by itself.
    pub exit: Option<i32>,
    /// Signal that ended it, as far as the exit code tells.
    pub signal: Option<i32>,
    /// Seconds.
    pub duration: f64,
    /// Standard output.
    pub stdout: Output,
    /// Standard error.
    pub stderr: Output,
}

impl AttemptReport {
    /// The report of an answer. Redaction has been at work before.
    pub fn of(answer: &Answer) -> Self {
        Self {
            exit: answer.ended.exit(),
            signal: answer.ended.signal(),
            duration: round(answer.duration.as_secs_f64()),
            stdout: Output::of(&answer.stdout),
            stderr: Output::of(&answer.stderr),
        }
    }
}

/// One stream: `text` where it is UTF-8, else `base64`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// The bytes, where they are UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The bytes, where they are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base64: Option<String>,
    /// How many bytes are kept here.
    pub bytes: u64,
    /// True when more came, or may have.
    pub truncated: bool,
}

impl Output {
    /// The report of a captured stream.
    pub fn of(captured: &Captured) -> Self {
        let (text, base64) = match std::str::from_utf8(&captured.bytes) {
            Ok(text) => (Some(text.to_owned()), None),
            Err(_) => (None, Some(STANDARD.encode(&captured.bytes))),
        };
        Self {
            text,
            base64,
            bytes: captured.bytes.len() as u64,
            truncated: captured.truncated,
        }
    }

    /// The bytes again; empty where `base64` is not base64.
    pub fn content(&self) -> Vec<u8> {
        match (&self.text, &self.base64) {
            (Some(text), _) => text.clone().into_bytes(),
            (None, Some(coded)) => STANDARD.decode(coded).unwrap_or_default(),
            (None, None) => Vec::new(),
        }
    }
}

/// One thing that was held against a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckReport {
    /// Id of the check.
    pub id: String,
    /// Pass, warn, fail, skip or error.
    pub status: Verdict,
    /// How bad it is when it does not hold.
    pub severity: Severity,
    /// What was found, in the runbook's words or the expression with its values.
    pub message: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
    /// Where to read on.
    pub url: Option<String>,
}

/// A file that was kept beside the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// Name in the report.
    pub name: String,
    /// Path in the patient.
    pub path: String,
    /// Size.
    pub bytes: u64,
    /// Digest, hex.
    pub sha256: String,
    /// The bytes: only in the event of a run under way, for whoever writes them to a folder. No report holds them.
    #[serde(skip)]
    pub content: Option<Bytes>,
}

/// Seconds to the microsecond: more is noise.
pub(crate) fn round(seconds: f64) -> f64 {
    (seconds * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn could_not_look_is_never_counted_as_anything_but_error() {
        for verdict in [
            Verdict::Error,
            Verdict::Timeout,
            Verdict::Unavailable,
            Verdict::Unreachable,
        ] {
            assert!(verdict.undetermined());
            assert_eq!(verdict.status(), Status::Error);
        }
    }

    #[test]
    fn output_is_byte_exact_in_text_and_in_base64() {
        for bytes in [b"plain \x1b[31m\0".to_vec(), vec![0xff, 0xfe, 0x00]] {
            assert_eq!(Output::of(&Captured::whole(bytes.clone())).content(), bytes);
        }
    }
}
