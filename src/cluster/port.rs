//! The port: the two traits every adapter implements, and the plain values that cross it.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use super::custom::Custom;
use super::mode::{Copying, Mode};
use super::power::Wanted;
use super::toolbox::Toolbox;
use super::transport::Transport;
use crate::ask::{Answer, Ask, Need, Patient};
use crate::report::AttachReport;
use crate::target::{Selector, Target};

/// Where a selector looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The namespace of the kubeconfig context.
    Default,
    /// One namespace.
    Namespace(String),
    /// All of them (`-A`).
    All,
}

/// What a selector turned out to name.
#[derive(Debug)]
pub struct Found {
    /// The targets, in the order of their names.
    pub targets: Vec<Target>,
    /// Things the reader should know, such as pods that were passed over because they are finished.
    pub notes: Vec<String>,
}

/// How long a container may take to start: 60 s.
pub const DEFAULT_START_TIMEOUT: Duration = Duration::from_secs(60);

/// How long a keeper waits for its shell: 30 s.
pub const DEFAULT_GRACE: Duration = Duration::from_secs(30);

/// The longest deadline that is not stated: 10 min.
pub const LONGEST_DEADLINE: Duration = Duration::from_secs(600);

/// How many debug containers of ours a pod may carry: 10. They stay in it until it is replaced.
pub const DEFAULT_MAX_CONTAINERS: usize = 10;

/// How the debug container is to be attached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attach {
    /// Id of the run; with the pod's UID it makes the container's name, so that a resend makes no second container.
    pub run: String,
    /// Name of the runbook, for whoever finds the container later.
    pub runbook: String,
    /// Image of the debug container.
    pub image: String,
    /// What that image is composed of, where it is: then its name depends on the architecture of the node.
    pub toolbox: Option<Toolbox>,
    /// `Always`, `IfNotPresent` or `Never`; the server's default when `None`.
    pub pull_policy: Option<String>,
    /// Container whose processes are examined; the pod's default container when `None`.
    pub container: Option<String>,
    /// In what a pod is examined. A node always is in a pod of ours.
    pub mode: Mode,
    /// How a pod is copied, in the mode `copy`.
    pub copying: Copying,
    /// What a user adds to the debug container.
    pub custom: Custom,
    /// Security profile.
    pub profile: Profile,
    /// How questions reach the container.
    pub transport: Transport,
    /// True for a run that was made before and lost its client: its container is read, and none is added.
    pub resume: bool,
    /// The most debug containers of ours that a pod may carry; one that carries as many is left alone.
    pub max_containers: usize,
    /// What the steps can do only with some power: [`Profile::Auto`] goes by it.
    pub powers: Vec<Wanted>,
    /// How long the container may take to start.
    pub start_timeout: Duration,
    /// How long the keeper waits for the shell before it leaves by itself.
    pub grace: Duration,
    /// How long the container may live at all; enforced inside it.
    pub deadline: Duration,
}

impl Attach {
    /// A debug container of this image for a run of this runbook, with every bound at its default.
    pub fn new(runbook: impl Into<String>, image: impl Into<String>) -> Self {
        Self {
            run: String::new(),
            runbook: runbook.into(),
            image: image.into(),
            toolbox: None,
            pull_policy: None,
            container: None,
            mode: Mode::default(),
            copying: Copying::default(),
            custom: Custom::default(),
            profile: Profile::default(),
            transport: Transport::default(),
            resume: false,
            max_containers: DEFAULT_MAX_CONTAINERS,
            powers: Vec::new(),
            start_timeout: DEFAULT_START_TIMEOUT,
            grace: DEFAULT_GRACE,
            deadline: LONGEST_DEADLINE,
        }
    }
}

/// Security profiles, with kubectl's meaning
/// (kubernetes/kubectl `pkg/cmd/debug/profiles.go`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// May trace processes (`SYS_PTRACE`), so that a root container reads another user's `/proc/PID/root`.
    #[default]
    General,
    /// Nothing asked for: passes the `baseline` Pod Security Standard.
    Baseline,
    /// Not root, no capabilities, no privilege escalation, default seccomp: passes `restricted`.
    Restricted,
    /// May administer the pod's network (`NET_ADMIN`, `NET_RAW`).
    Netadmin,
    /// Privileged.
    Sysadmin,
    /// The least of the others that the steps need and the namespace's admission allows, as the patient's own user where that is
    /// enough. Settled at each target, so that none is attached with it.
    Auto,
}

impl Profile {
    /// Every profile with its word.
    pub const WORDS: [(Self, &'static str); 6] = [
        (Self::General, "general"),
        (Self::Baseline, "baseline"),
        (Self::Restricted, "restricted"),
        (Self::Netadmin, "netadmin"),
        (Self::Sysadmin, "sysadmin"),
        (Self::Auto, "auto"),
    ];

    /// The word in runbooks, flags and reports.
    pub fn word(self) -> &'static str {
        Self::WORDS
            .iter()
            .find(|(profile, _)| *profile == self)
            .map_or("general", |(_, word)| word)
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Profile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::WORDS
            .iter()
            .find(|(_, word)| *word == text)
            .map(|(profile, _)| *profile)
            .ok_or_else(|| {
                let words: Vec<_> = Self::WORDS.iter().map(|(_, word)| *word).collect();
                format!("`{text}` is no profile; there are {}", words.join(", "))
            })
    }
}

/// Finds targets and opens the way to them.
#[async_trait]
pub trait Cluster: Send + Sync {
    /// What reports call it: the name of the kubeconfig context, or `local`.
    fn name(&self) -> String;

    /// The targets that a selector names. An empty list is an answer for [`Selector::Pods`]; a named object that is not there is
    /// a [`Refusal`] with near misses named.
    async fn find(&self, selector: &Selector, scope: &Scope) -> Result<Found, Refusal>;

    /// Which of these rights are missing, for one namespace. Adapters without rights deny nothing.
    async fn denied(&self, needs: &[Need], namespace: &str) -> Result<Vec<Need>, Refusal>;

    /// Why opening the way to a target would be refused before anything is changed, as far as that is known from how it now stands;
    /// `None` where nothing is known against it.
    async fn foreseen(&self, _target: &Target, _attach: &Attach) -> Option<Refusal> {
        None
    }

    /// Opens the way to one target: attaches, starts the shell, finds and probes the patient.
    ///
    /// Once `stop` is cancelled, nothing new is begun, and what has begun is brought to an end that can be read back, or refused
    /// with the record of how far it came.
    ///
    /// `asks` is all that the container will be asked, where that is known: a transport may take it at once
    /// ([`Session::is_over`]). Whoever has no such transport opens as ever.
    async fn open(
        &self,
        target: &Target,
        attach: &Attach,
        asks: Option<&[Ask]>,
        stop: &CancellationToken,
    ) -> Result<Box<dyn Session>, Refusal>;

    /// Opens the way to what is known of a target from outside, for asks that need no debug container: none is attached, and nothing
    /// is changed. What needs one is answered as unavailable. Where there is no such difference, this is [`open`](Self::open).
    async fn consult(
        &self,
        target: &Target,
        attach: &Attach,
        stop: &CancellationToken,
    ) -> Result<Box<dyn Session>, Refusal> {
        self.open(target, attach, None, stop).await
    }
}

/// An open way to one target. Dropping it without [`close`](Session::close) still ends the container, unproven.
#[async_trait]
pub trait Session: Send {
    /// How the target is reached, as far as is known by now; `None` where nothing was attached.
    fn attached(&self) -> Option<AttachReport>;

    /// The container that is examined.
    fn container(&self) -> Option<String>;

    /// Where the patient is.
    fn patient(&self) -> &Patient;

    /// Asks one thing and waits for the answer, within the ask's own timeout and a little more.
    ///
    /// A command that fails, times out or is cut off is an answer, and so is one during which the way to the target was lost and taken up
    /// again. [`Lost`] means that this session can answer nothing more.
    async fn answer(&mut self, ask: &Ask) -> Result<Answer, Lost>;

    /// True where every answer was taken before the first was told: nothing can be asked again, and nothing else.
    fn is_over(&self) -> bool {
        false
    }

    /// The facts that were told with the answer given last, where its kind is not to read them: of canned answers only.
    fn told(&mut self) -> Option<Map<String, Value>> {
        None
    }

    /// Stops what is being asked, if anything is: an [`answer`](Session::answer) that was dropped in mid-step leaves its command
    /// running until then. Used when the run is interrupted, before [`close`](Session::close).
    async fn cancel(&mut self) -> Option<Answer>;

    /// Ends the container and reads its end back. Runs on every path.
    async fn close(self: Box<Self>) -> Closed;
}

/// The way to the target was lost for good.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Lost {
    /// What happened, one line.
    pub why: String,
    /// What was already captured of the answer that was under way.
    pub partial: Option<Box<Answer>>,
}

/// How a session ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Closed {
    /// The final record; `proven` and `terminated` say how sure the end is. `None` where nothing was attached.
    pub attach: Option<AttachReport>,
    /// Things the reader should know: a patient that vanished, zombies that could not be reaped.
    pub remarks: Vec<String>,
}

/// Why nothing could be asked: what happened, and what to do next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{headline}\n  help: {help}")]
pub struct Refusal {
    /// What kind of trouble it is.
    pub cause: Cause,
    /// What happened, in the words of whoever refused. Lower case, fits after "failed to look: ".
    pub headline: String,
    /// What to do next.
    pub help: String,
    /// How far it came: `None` when nothing was ever sent that changes the pod.
    pub attach: Option<Box<AttachReport>>,
}

/// Kinds of trouble, by what the user can do about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// No kubeconfig, an unreadable one, or a context it does not have.
    Configuration,
    /// The API server cannot be reached.
    ApiUnreachable,
    /// It does not know us (401).
    Unauthenticated,
    /// It knows us, and says no (403 from RBAC).
    Forbidden,
    /// Admission refuses the debug container (Pod Security, a policy engine).
    Admission,
    /// The pod, the object or the container is not there.
    NotFound,
    /// The pod is finished, or on its way out.
    Finished,
    /// The pod is a mirror of a static pod: the API cannot add containers to it.
    Mirror,
    /// The pod carries as many debug containers of ours as it may.
    Crowded,
    /// The pod was deleted or replaced meanwhile.
    Replaced,
    /// The image cannot be had.
    Image,
    /// The container cannot be made or started: `runAsNonRoot` against a root image, no `sh` in the image.
    Start,
    /// It did not start in time, and nobody said why.
    StartTimeout,
    /// The run was interrupted meanwhile.
    Interrupted,
    /// A local process cannot be entered or does not exist.
    Process,
    /// The cluster answered with something else: its words are in the headline.
    Api,
}
