//! Step kinds: each says what to ask, and how to read what comes back. Pure; knows no cluster, no time, no other kind.
//!
//! A new kind is one new file here (its spec, `asks`, `read`, tests on captured output), one variant and one arm each in
//! [`Kind`], its reader's line in `runbook/kind.rs`, and a case folder under `tests/cases/`.

mod answer;
mod file;
mod run;
mod sh;

pub use file::{DEFAULT_MAX, File};
pub use run::Run;
pub use sh::{GIVEN, Sh};

use serde_json::{Map, Value};

use crate::ask::{Answer, Ask};
use crate::report::Verdict;
use crate::script::{Scope, TemplateError};

/// Facts that every kind yields.
pub const COMMON_FACTS: [&str; 4] = ["exit", "stdout", "stderr", "duration"];

/// A step kind with its spec.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A program and its arguments.
    Run(Run),
    /// A POSIX shell script.
    Sh(Sh),
    /// A file of the patient.
    File(File),
}

/// What reading the answers of a step came to, before anything is held against it.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// Facts under the names that expressions use: always `exit` (when it ended by itself), `stdout`, `stderr`, `duration`; and
    /// `truncated`, the names of the texts that were cut, where any was.
    pub facts: Map<String, Value>,
    /// Set when the step could not look: the verdict and why, one line. Checks are then not evaluated.
    pub blocked: Option<(Verdict, String)>,
    /// True when output that a capture or an expression would read was cut.
    pub truncated: bool,
}

impl Kind {
    /// The word in runbooks and reports.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Run(_) => "run",
            Self::Sh(_) => "sh",
            Self::File(_) => "file",
        }
    }

    /// What to ask, with the default bounds; the caller sets the step's own. Templates are rendered here, once.
    pub fn asks(&self, scope: &Scope) -> Result<Vec<Ask>, TemplateError> {
        match self {
            Self::Run(spec) => spec.asks(scope),
            Self::Sh(spec) => spec.asks(scope),
            Self::File(spec) => spec.asks(scope),
        }
    }

    /// Reads the answers, one for each ask, in order. `image` names where the tools come from, for messages:
    /// an image, or words such as `this machine`.
    pub fn read(&self, answers: &[Answer], image: &str) -> Observation {
        match self {
            Self::Run(spec) => spec.read(answers, image),
            Self::Sh(spec) => spec.read(answers, image),
            Self::File(spec) => spec.read(answers, image),
        }
    }

    /// The names that its templates use: a step that names `target_root` cannot look where there is none.
    pub fn names(&self) -> Vec<String> {
        match self {
            Self::Run(spec) => spec.names(),
            Self::Sh(_) => Vec::new(),
            Self::File(spec) => spec.names(),
        }
    }

    /// What it would ask, as written: for a plan whose templates wait for an earlier answer.
    pub fn templates(&self) -> Vec<String> {
        match self {
            Self::Run(spec) => spec.argv.iter().map(|word| word.source().into()).collect(),
            Self::Sh(spec) => vec![spec.script.clone()],
            Self::File(spec) => vec![spec.path.source().into()],
        }
    }

    /// The facts it yields beside [`COMMON_FACTS`].
    pub fn facts(&self) -> &'static [&'static str] {
        match self {
            Self::Run(_) | Self::Sh(_) => &[],
            Self::File(_) => &[
                "exists", "text", "bytes", "mode", "uid", "gid", "mtime", "kind", "resolved",
            ],
        }
    }
}
