//! One line of a target's recording.

use serde::{Deserialize, Serialize};

use crate::ask::{Answer, Ask, Patient};
use crate::cluster::Refusal;
use crate::report::AttachReport;
use crate::target::Target;

/// What is written down of a target, in the order in which it happens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "snake_case")]
pub(super) enum Line {
    /// The first line: who it is.
    Target { schema: String, who: Target },
    /// It cannot be asked.
    Refused { refusal: Refusal },
    /// The way to it is open.
    Opened {
        container: Option<String>,
        patient: Patient,
        attach: Option<AttachReport>,
    },
    /// It was asked, and answered.
    Answered { ask: Ask, answer: Answer },
    /// It was asked, and the way to it was lost.
    Lost {
        ask: Ask,
        why: String,
        partial: Option<Box<Answer>>,
    },
    /// What was being asked was stopped.
    Cancelled {
        ask: Option<Ask>,
        answer: Option<Answer>,
    },
    /// The way to it is closed.
    Closed {
        attach: Option<AttachReport>,
        remarks: Vec<String>,
    },
}
