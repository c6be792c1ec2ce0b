//! In what a target is examined: the pod itself, a copy of it, its node, or the application's own container.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// What the shell runs in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mode {
    /// A debug container that is added to the pod.
    #[default]
    Ephemeral,
    /// A debug container in a copy of the pod, which is deleted at the end.
    Copy,
    /// A debug pod on a node, which is deleted at the end.
    Node,
    /// The application's own container: none is added.
    Exec,
}

impl Mode {
    /// Every mode with its word.
    pub const WORDS: [(Self, &'static str); 4] = [
        (Self::Ephemeral, "ephemeral"),
        (Self::Copy, "copy"),
        (Self::Node, "node"),
        (Self::Exec, "exec"),
    ];

    /// The word in runbooks, flags and reports.
    pub fn word(self) -> &'static str {
        Self::WORDS
            .iter()
            .find(|(mode, _)| *mode == self)
            .map_or("ephemeral", |(_, word)| word)
    }

    /// True where a pod is made for it, and deleted at the end.
    pub fn makes_a_pod(self) -> bool {
        matches!(self, Self::Copy | Self::Node)
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Mode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::WORDS
            .iter()
            .find(|(_, word)| *word == text)
            .map(|(mode, _)| *mode)
            .ok_or_else(|| {
                let words = Self::WORDS.map(|(_, word)| word);
                format!("`{text}` is no mode; there are {}", words.join(", "))
            })
    }
}

/// How a pod is copied: each part as the flag of `kubectl debug` of the same name has it
/// (kubernetes/kubectl `pkg/cmd/debug/debug.go`, `generatePodCopyWithDebugContainer`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Copying {
    /// Name of the copy; one of our own, always the same for a run and a pod, when `None`.
    pub name: Option<String>,
    /// Whether it stays on the node of the pod.
    pub same_node: bool,
    /// Whether its containers share their processes; where nothing is said and the pod says nothing, they do.
    pub share_processes: Option<bool>,
    /// Containers with the images they are given instead; `*` stands for all that are not named.
    pub images: Vec<(String, String)>,
    /// What is not stripped.
    pub kept: BTreeSet<Part>,
    /// Whether the pod itself is deleted, without grace, once the copy is made.
    pub replace: bool,
    /// Whether the copy stays when the run is over.
    pub stays: bool,
}

/// A part of a pod that its copy has only where that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Its labels: with them it may receive what its Service distributes.
    Labels,
    /// Its annotations.
    Annotations,
    /// Liveness probes of its containers.
    Liveness,
    /// Readiness probes.
    Readiness,
    /// Startup probes.
    Startup,
    /// Its init containers.
    InitContainers,
}
