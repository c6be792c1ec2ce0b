//! The runbook as a value.

use super::program::Scripted;
use crate::{
    check::{Capture, Expectation},
    cluster::Profile,
    script::Expr,
    step::Kind,
};
use serde_json::Value;
use std::{sync::Arc, time::Duration};

/// A runbook, checked and ready to be planned.
#[derive(Clone, Debug)]
pub struct Runbook {
    /// Id, kebab-case.
    pub id: String,
    /// One line for people.
    pub title: String,
    /// Markdown: goal, what it asks, how to read it.
    pub doc: Option<String>,
    /// Labels of the runbook itself.
    pub labels: Vec<(String, String)>,
    /// Parameters in the order of the document.
    pub params: Vec<Param>,
    /// Whom it is for.
    pub target: TargetSpec,
    /// How to attach.
    pub attach: AttachSpec,
    /// Steps in order; none in a program, which asks as it runs.
    pub steps: Vec<Step>,
    /// The program, of a runbook that is one.
    pub program: Option<Arc<Scripted>>,
    /// `sha256:` and the digest of the source.
    pub digest: String,
    /// File name as given, or the name of a shipped runbook.
    pub origin: String,
    /// The source, for `show`.
    pub source: String,
}

/// What a runbook may be told.
#[derive(Clone, Debug)]
pub struct Param {
    /// Name: an identifier.
    pub name: String,
    /// Type with its bounds.
    pub kind: ParamKind,
    /// Value when none is given.
    pub default: Option<Value>,
    /// True when a value must be given.
    pub required: bool,
    /// One line for people.
    pub doc: Option<String>,
}

/// Types of params.
#[derive(Clone, Debug)]
pub enum ParamKind {
    /// Whole number.
    Int {
        /// Least.
        min: Option<i64>,
        /// Most.
        max: Option<i64>,
    },
    /// Number.
    Float {
        /// Least.
        min: Option<f64>,
        /// Most.
        max: Option<f64>,
    },
    /// `true` or `false`.
    Bool,
    /// Text.
    String {
        /// Must match.
        pattern: Option<regex::Regex>,
    },
    /// One of these words.
    Enum(Vec<String>),
    /// `1m30s`; reaches expressions as float seconds.
    Duration {
        /// Least.
        min: Option<Duration>,
        /// Most.
        max: Option<Duration>,
    },
    /// Texts, separated by commas on the command line.
    List,
}

impl ParamKind {
    /// The word in runbooks.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Int { .. } => "int",
            Self::Float { .. } => "float",
            Self::Bool => "bool",
            Self::String { .. } => "string",
            Self::Enum(_) => "enum",
            Self::Duration { .. } => "duration",
            Self::List => "list",
        }
    }
}

/// Whom a runbook is for.
#[derive(Clone, Debug, Default)]
pub struct TargetSpec {
    /// Container whose processes are examined.
    pub container: Option<String>,
}

/// How a runbook wants to attach.
#[derive(Clone, Debug, Default)]
pub struct AttachSpec {
    /// Image of the debug container.
    pub image: Option<String>,
    /// Security profile.
    pub profile: Option<Profile>,
    /// Tools that the steps use, for one line when they are missing.
    pub tools: Vec<String>,
    /// How long the container may take to start.
    pub start_timeout: Option<Duration>,
    /// How long the container may live.
    pub deadline: Option<Duration>,
}

/// One step.
#[derive(Clone, Debug)]
pub struct Step {
    /// Id: an identifier.
    pub id: String,
    /// What is asked.
    pub kind: Kind,
    /// Asked only when this holds.
    pub when: Option<Expr>,
    /// How long it may take.
    pub timeout: Option<Duration>,
    /// Cap of each stream, bytes.
    pub output_max: Option<u64>,
    /// What is taken out of stdout.
    pub capture: Vec<Capture>,
    /// What should hold.
    pub expect: Vec<Expectation>,
    /// True when nothing after it is asked if it does not pass.
    pub stop: bool,
}
