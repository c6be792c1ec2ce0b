//! What happens during a run, in the order it happens.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::alike::Group;
use super::outcome::{Status, StepReport};
use super::run::{AttachReport, Exit, Redaction, RunReport};
use super::stamp;
use crate::target::Target;

/// One line of the JSON Lines log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// When it happened.
    #[serde(with = "stamp")]
    pub at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub happening: Happening,
}

/// What can happen. Targets are named by their index in the order of `target_found`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Happening {
    /// The run began.
    RunStarted {
        /// What is run.
        run: RunReport,
    },
    /// A target is part of the run.
    TargetFound {
        /// Its index, counted from 0.
        target: usize,
        /// Who it is.
        who: Target,
    },
    /// The first request for this target is about to be sent.
    TargetStarted {
        /// Index of the target.
        target: usize,
    },
    /// The way to the target is open.
    Attached {
        /// Index of the target.
        target: usize,
        /// The container that is examined, now that it is settled.
        container: Option<String>,
        /// How it is reached; `null` where nothing was attached.
        attach: Option<AttachReport>,
    },
    /// A step is about to be asked.
    StepStarted {
        /// Index of the target.
        target: usize,
        /// Id of the step.
        id: String,
        /// Place of the step, from 1.
        number: usize,
        /// How many steps there are; 0 where a program asks as it runs, and nobody knows.
        of: usize,
    },
    /// A step is done with.
    StepFinished {
        /// Index of the target.
        target: usize,
        /// What became of it.
        step: StepReport,
    },
    /// A program held something against a step that was done with: this takes the place of what was told of it.
    StepAmended {
        /// Index of the target.
        target: usize,
        /// What became of it.
        step: StepReport,
    },
    /// Something the reader should know.
    Noted {
        /// Index of the target; none for the whole run.
        target: Option<usize>,
        /// One line.
        text: String,
    },
    /// The way to the target is closed, or was never open.
    Closed {
        /// Index of the target.
        target: usize,
        /// How it was reached and how that ended; `null` when nothing was ever sent.
        attach: Option<AttachReport>,
    },
    /// The target is done with.
    TargetFinished {
        /// Index of the target.
        target: usize,
        /// What it comes to.
        status: Status,
        /// Why not all could be asked.
        reason: Option<String>,
    },
    /// The run is over.
    RunFinished {
        /// Which redaction rules struck.
        redactions: Vec<Redaction>,
        /// How the process exits.
        exit: Exit,
        /// Targets that say the same, where the runbook asks for that.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        groups: Vec<Group>,
    },
}

impl Happening {
    /// Index of the target that it is about; none where it is about the whole run.
    pub fn target(&self) -> Option<usize> {
        match self {
            Self::TargetFound { target, .. }
            | Self::TargetStarted { target }
            | Self::Attached { target, .. }
            | Self::StepStarted { target, .. }
            | Self::StepFinished { target, .. }
            | Self::StepAmended { target, .. }
            | Self::Closed { target, .. }
            | Self::TargetFinished { target, .. } => Some(*target),
            Self::Noted { target, .. } => *target,
            Self::RunStarted { .. } | Self::RunFinished { .. } => None,
        }
    }
}
