//! The runbook as a value.

use super::program::Scripted;
use crate::{
    check::{Capture, Expectation, Outcome},
    cluster::{Mode, Profile},
    pattern::Pattern,
    report::{Own, Rules, Severity},
    script::{Expr, Template},
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
    /// What its commands may do to the patient or its surroundings.
    pub effects: Effects,
    /// What is masked in everything that comes back, beside secrets.
    pub redact: Rules,
    /// Steps in order; none in a program, which asks as it runs.
    pub steps: Vec<Step>,
    /// The program, of a runbook that is one.
    pub program: Option<Arc<Scripted>>,
    /// Steps that are asked once a check has failed.
    pub on_fail: Vec<Step>,
    /// Steps that are asked at the end, whatever came before; they change no verdict.
    pub finally: Vec<Step>,
    /// How many targets are examined side by side, and when no more are begun.
    pub batch: Batch,
    /// Checks that are known to fail and do not count.
    pub waivers: Vec<Waiver>,
    /// Its tests.
    pub tests: Vec<super::Case>,
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
    /// Where the value comes from when none is given, in this order, before the default.
    pub from: Vec<Origin>,
    /// The label of an alert that gives the value, as in `labels.pod`.
    pub from_alert: Option<String>,
}

/// A place that a param's value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// An environment variable of the runner.
    Env(String),
    /// A file of the runner's machine, without the line's end at its end.
    File(String),
    /// A key of a Kubernetes secret in the target's namespace.
    KubeSecret {
        /// Name of the secret.
        name: String,
        /// Key in it.
        key: String,
    },
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
        pattern: Option<Pattern>,
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
    /// Text that is masked wherever it shows up, and reaches commands by stdin only.
    Secret,
}

impl ParamKind {
    /// True for what is masked wherever it shows up.
    pub fn is_secret(&self) -> bool {
        matches!(self, Self::Secret)
    }

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
            Self::Secret => "secret",
        }
    }
}

/// Whom a runbook is for.
#[derive(Clone, Debug, Default)]
pub struct TargetSpec {
    /// Container whose processes are examined.
    pub container: Option<String>,
    /// Kind of the object that it is for, when the command line names no target.
    pub kind: Option<String>,
    /// Name of that object.
    pub name: Option<String>,
    /// Label selector, when the command line names no target.
    pub selector: Option<String>,
    /// Which of the pods that were found are examined.
    pub pick: Pick,
    /// What must hold of a pod for it to be examined; it sees `target`.
    pub require: Option<Expr>,
}

/// Which of several pods are examined.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pick {
    /// At most so many; `None` is all of them.
    pub count: Option<usize>,
    /// The count holds for each node instead of for all.
    pub per_node: bool,
    /// Which come first.
    pub prefer: Vec<Preference>,
}

/// What makes a pod come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preference {
    /// Pods that are not ready.
    NotReady,
    /// Pods that are ready.
    Ready,
    /// The youngest.
    Newest,
    /// The oldest.
    Oldest,
    /// The ones with most restarts.
    MostRestarts,
}

/// What the commands of a runbook may do, least first. More than `network` is asked only with `--allow-effects`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effects {
    /// They read.
    #[default]
    None,
    /// They send requests that others see.
    Network,
    /// They send signals.
    Signal,
    /// They write.
    Write,
}

impl Effects {
    /// Every effect with its word in runbooks, least first.
    pub const WORDS: [(Self, &'static str); 4] = [
        (Self::None, "none"),
        (Self::Network, "network"),
        (Self::Signal, "signal"),
        (Self::Write, "write"),
    ];

    /// The word in runbooks.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Network => "network",
            Self::Signal => "signal",
            Self::Write => "write",
        }
    }
}

/// How many targets at once, and when to begin no more.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// Targets that are open at once, when the command line says nothing.
    pub parallel: Option<usize>,
    /// Targets that are open at once on one node.
    pub per_node: Option<usize>,
    /// No more are begun when so many percent of at least so many targets have failed.
    pub stop_when: Option<StopWhen>,
    /// What is taken out of the outputs of targets before those that say the same are put together; `None` where none are.
    pub group: Option<Vec<Own>>,
}

/// When a batch begins no more targets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StopWhen {
    /// Failed targets in percent of those that are done, 0 to 100.
    pub failed_percent: f64,
    /// Not before so many are done.
    pub after: usize,
}

/// A check that is known to fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiver {
    /// Id of the check.
    pub check: String,
    /// Why that is accepted.
    pub reason: String,
    /// Who answers for that.
    pub owner: Option<String>,
    /// The last day on which it is, `YYYY-MM-DD`; `None` for ever.
    pub until: Option<jiff::civil::Date>,
}

/// How a runbook wants to attach.
#[derive(Clone, Debug, Default)]
pub struct AttachSpec {
    /// Image of the debug container.
    pub image: Option<String>,
    /// Modes that it may be run in, the first of them unless another is asked for; all where none is named.
    pub modes: Vec<Mode>,
    /// Security profile.
    pub profile: Option<Profile>,
    /// Tools that the steps use, for one line when they are missing.
    pub tools: Vec<String>,
    /// Whether the patient's root file system is read.
    pub proc_root: bool,
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
    /// Asked once for each item of a list.
    pub each: Option<Each>,
    /// Asked again until it passes.
    pub retry: Option<Retry>,
    /// What is written to its stdin.
    pub stdin: Option<Template>,
    /// How long it may take.
    pub timeout: Option<Duration>,
    /// Cap of each stream, bytes.
    pub output_max: Option<u64>,
    /// What is taken out of its output.
    pub capture: Vec<Capture>,
    /// What should hold.
    pub expect: Vec<Expectation>,
    /// What it may come to, of which the first that holds counts.
    pub outcomes: Vec<Outcome>,
    /// How bad it is when what holds without being said does not.
    pub severity: Severity,
    /// True when nothing after it is asked if it does not pass.
    pub stop: bool,
    /// The fragment it was included from, whose params it sees instead of the runbook's.
    pub fragment: Option<Arc<Fragment>>,
}

/// `each: {item: ip, of: dns.addrs, max: 4}`.
#[derive(Clone, Debug)]
pub struct Each {
    /// The name that the item has in the step.
    pub item: String,
    /// The list.
    pub of: Expr,
    /// Items that are asked about at most; of more, the first.
    pub max: usize,
}

/// `retry: {attempts: 3, delay: 1s, backoff: 2, give_up: 'exit == 6'}`.
#[derive(Clone, Debug)]
pub struct Retry {
    /// How often it is asked at most, the first time included.
    pub attempts: u32,
    /// Wait before the second time.
    pub delay: Duration,
    /// What each wait is multiplied with for the next.
    pub backoff: f64,
    /// No more is tried when this holds.
    pub give_up: Option<Expr>,
}

impl Retry {
    /// The longest wait between two attempts.
    pub const LONGEST: Duration = Duration::from_secs(60);

    /// The wait after the attempt with this number, counted from 1.
    pub fn wait(&self, attempt: u32) -> Duration {
        let factor = self
            .backoff
            .powi(i32::try_from(attempt.saturating_sub(1)).unwrap_or(i32::MAX));
        Duration::try_from_secs_f64(self.delay.as_secs_f64() * factor)
            .unwrap_or(Self::LONGEST)
            .min(Self::LONGEST)
    }
}

/// An included runbook, as far as its steps need it.
#[derive(Clone, Debug)]
pub struct Fragment {
    /// Name of its file, for messages.
    pub origin: String,
    /// Its params.
    pub params: Vec<Param>,
    /// Values for them, which see what the including runbook sees.
    pub given: Vec<(String, Template)>,
    /// The fragment that includes this one.
    pub outer: Option<Arc<Fragment>>,
}

impl Step {
    /// The ids of the checks that are held against it.
    pub fn check_ids(&self) -> impl Iterator<Item = &str> {
        let expected = self.expect.iter().map(|expectation| &expectation.id);
        let possible = self.outcomes.iter().map(|outcome| &outcome.id);
        expected.chain(possible).map(String::as_str)
    }
}
