//! A debug container of this house as its pod tells it, whichever run added it: the artefact that `housecall containers` lists.

use jiff::Timestamp;
use serde::Serialize;

/// One debug container, still there or ended. A pod carries each until it is replaced: nothing takes them out again
/// (kubernetes/kubernetes `pkg/apis/core/validation/validation.go`, `validateEphemeralContainers`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attached {
    /// Namespace of the pod.
    pub namespace: String,
    /// The pod.
    pub pod: String,
    /// The debug container.
    pub container: String,
    /// Its image, as it was asked for.
    pub image: String,
    /// Id of the run that added it; `None` where the container does not say so.
    pub run: Option<String>,
    /// Id of the runbook of that run.
    pub runbook: Option<String>,
    /// UID of the pod, where the whole pod was made for it and was not to stay: such a pod is deleted to end it.
    #[serde(rename = "pod_uid", skip_serializing_if = "Option::is_none")]
    pub made: Option<String>,
    /// How it stands.
    pub state: Standing,
}

/// How a debug container stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Standing {
    /// Not started yet, or not to be started at all; it may still start, and then leaves by its not-after stamp.
    Waiting {
        /// The kubelet's reason, with its message; `None` before it has said anything.
        reason: Option<String>,
    },
    /// It runs.
    Running {
        /// Since when, by the node's clock.
        since: Option<Timestamp>,
    },
    /// It has ended.
    Terminated {
        /// Its exit code.
        exit_code: i32,
        /// When, by the node's clock.
        at: Option<Timestamp>,
    },
    /// The pod that was made for it was deleted, and is read back as gone.
    Deleted,
}

impl Standing {
    /// The word that Kubernetes has for it, in lower case.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Waiting { .. } => "waiting",
            Self::Running { .. } => "running",
            Self::Terminated { .. } => "terminated",
            Self::Deleted => "deleted",
        }
    }

    /// The moment since which it stands so, where one is told.
    pub fn since(&self) -> Option<Timestamp> {
        match self {
            Self::Waiting { .. } | Self::Deleted => None,
            Self::Running { since } => *since,
            Self::Terminated { at, .. } => *at,
        }
    }
}
