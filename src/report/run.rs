//! The report as it is written down: versioned, complete, and the only thing renderers see.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::alike::{Group, Own};
use super::outcome::{Status, StepReport};
use super::stamp;
use crate::target::Target;

/// Name and version of the report's schema.
pub const SCHEMA: &str = "housecall.report/1";

/// One run over all its targets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// What was run.
    pub run: RunReport,
    /// What it comes to.
    pub summary: Summary,
    /// How the process exits; `null` in a report of a run that was cut short before it was settled.
    pub exit: Option<Exit>,
    /// What was seen, target by target, in the order they were found.
    pub targets: Vec<TargetReport>,
    /// Which redaction rules struck, and how often.
    pub redactions: Vec<Redaction>,
    /// What else the reader should know.
    pub notes: Vec<Note>,
    /// Targets that say the same, put together where the runbook says so by `batch.group`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Group>,
}

/// What was run, where, with what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunReport {
    /// Id of the run: 16 hexadecimal digits.
    pub id: String,
    /// When it began.
    #[serde(with = "stamp")]
    pub started: Timestamp,
    /// When the last container was settled; `null` when it never came to that.
    #[serde(with = "stamp::maybe")]
    pub finished: Option<Timestamp>,
    /// Version of housecall.
    pub version: String,
    /// The runbook; of several, one that stands for them: their ids joined by `+`.
    pub runbook: RunbookRef,
    /// Where several were run together: each, in the order they were asked. The ids of their steps stand behind those of their runbooks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub runbooks: Vec<RunbookRef>,
    /// Parameters as they were used, secrets masked.
    pub params: Map<String, Value>,
    /// Name of the kubeconfig context, `local` for this machine.
    pub cluster: String,
    /// What is taken for a target's own where those that say the same are put together, as the runbook's `batch.group` has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Vec<Own>>,
}

/// Which runbook it was, to the byte.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunbookRef {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// `sha256:` and the digest of its source.
    pub digest: String,
    /// The file it was read from, as it was named; none of a shipped one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

/// Counts, and the worst of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// The worst status of any target; `skip` when there is none.
    pub status: Status,
    /// Targets by status.
    pub targets: Counts,
    /// Checks by status, over all targets.
    pub checks: Counts,
}

/// One count for each column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Holding.
    pub pass: u64,
    /// Below fail-on, or flaky.
    pub warn: u64,
    /// At or above fail-on.
    pub fail: u64,
    /// Not looked at.
    pub error: u64,
    /// Left out on purpose.
    pub skip: u64,
}

impl Counts {
    /// Counts one more.
    pub fn add(&mut self, status: Status) {
        match status {
            Status::Pass => self.pass += 1,
            Status::Warn => self.warn += 1,
            Status::Fail => self.fail += 1,
            Status::Error => self.error += 1,
            Status::Skip => self.skip += 1,
        }
    }

    /// Those of one column.
    pub fn of(&self, status: Status) -> u64 {
        match status {
            Status::Pass => self.pass,
            Status::Warn => self.warn,
            Status::Fail => self.fail,
            Status::Error => self.error,
            Status::Skip => self.skip,
        }
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.pass + self.warn + self.fail + self.error + self.skip
    }
}

/// How the process exits, by the table of exit codes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// The code of the process.
    pub code: u8,
    /// Other codes whose condition holds as well.
    pub also: Vec<u8>,
}

/// What was seen of one target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TargetReport {
    /// Who.
    pub target: Target,
    /// How it was reached; `null` when nothing was ever sent to it.
    pub attach: Option<AttachReport>,
    /// What it comes to.
    pub status: Status,
    /// Why nothing or not all could be asked, with what to do next.
    pub reason: Option<String>,
    /// Step by step.
    pub steps: Vec<StepReport>,
}

/// How a target was reached, and how that ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AttachReport {
    /// `ephemeral`, `copy`, `node` or `exec`; `local` for this machine.
    pub mode: String,
    /// `live`, or `local`.
    pub transport: String,
    /// Name of the debug container.
    pub container: Option<String>,
    /// Image as asked for.
    pub image: Option<String>,
    /// Image as the runtime resolved it, once known.
    pub image_id: Option<String>,
    /// Security profile that it has.
    pub profile: Option<String>,
    /// Security profile that was asked for, where that is another: `auto`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile_asked: Option<String>,
    /// User and group that were stated for it beyond what kubectl's profile says, as `1000:1000`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_as: Option<String>,
    /// The pod that was made for it, in the modes that make one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod: Option<String>,
    /// Before the first request that serves this target was sent.
    #[serde(with = "stamp::maybe")]
    pub requested_at: Option<Timestamp>,
    /// When the first byte of the first answer arrived.
    #[serde(with = "stamp::maybe")]
    pub first_answer_at: Option<Timestamp>,
    /// Why the container is not running yet, in the kubelet's words, such as `ImagePullBackOff: …`.
    pub waiting: Option<String>,
    /// The end, as read back; `null` when there is none to read.
    pub terminated: Option<Terminated>,
    /// True when nothing of ours can still be running: read back as ended, proven never started, or the pod is gone.
    pub proven: bool,
}

/// The end of a debug container, as its status tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terminated {
    /// Exit code of the keeper.
    pub exit_code: i32,
    /// The runtime's word, such as `Completed`.
    pub reason: Option<String>,
    /// When it began to run.
    #[serde(with = "stamp::maybe")]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[serde(with = "stamp::maybe")]
    pub finished_at: Option<Timestamp>,
}

/// How often a redaction rule struck.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redaction {
    /// Name of the rule.
    pub rule: String,
    /// How often.
    pub count: u64,
}

/// Something the reader should know that is no verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Which target it is about, as the reports name it; `null` for the whole run.
    pub target: Option<String>,
    /// The text, one line.
    pub text: String,
}
