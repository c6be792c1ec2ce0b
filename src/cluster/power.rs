//! What a step can do only with more than a bare container has, so that `--profile auto` knows where to stop.

/// A power over the patient or its network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Power {
    /// Reads the patient's files and environment: `/proc/PID/root`, `/proc/PID/environ`.
    Files,
    /// Traces the patient's processes.
    Trace,
    /// Captures packets, or administers the network.
    Network,
}

impl Power {
    /// What is not possible without it, as `cannot …`.
    pub fn loss(self) -> &'static str {
        match self {
            Self::Files => "read the patient's files",
            Self::Trace => "trace the patient's processes",
            Self::Network => "capture or administer the network",
        }
    }
}

/// Who wants a power.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Which.
    pub power: Power,
    /// Id of the step; `None` where the runbook as a whole says so.
    pub step: Option<String>,
}
