//! Step kinds: each says what to ask, and how to read what comes back. Pure; knows no cluster, no time, no other kind.
//!
//! A new kind is one new file here and one line in [`KINDS`]. The file holds the kind's table ([`About`]: its keys and facts, from
//! which documents are read and the schema and the reference are made), its constructor, its [`Asking`], and tests on captured output.

mod about;
mod answer;
mod collect;
mod dns;
mod environment;
mod file;
mod http;
mod kube;
mod limits;
mod mounts;
mod pause;
mod processes;
mod run;
mod sh;
mod sockets;
mod spec;
mod talk;
mod tcp;
mod tls;
mod way;

pub use about::{About, COMMON, Fact, Field, Shape};
pub use file::DEFAULT_MAX;
pub use sh::GIVEN;
pub use spec::{Given, Spec, Unfit};

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::ask::{Answer, Ask, Need};
use crate::report::{Artifact, Verdict};
use crate::script::{Scope, TemplateError};

/// Every kind, in the order of the reference.
pub const KINDS: &[Registered] = &[
    run::KIND,
    sh::KIND,
    http::KIND,
    dns::KIND,
    tcp::KIND,
    tls::KIND,
    processes::KIND,
    sockets::KIND,
    mounts::KIND,
    limits::KIND,
    environment::KIND,
    file::KIND,
    collect::KIND,
    kube::KIND,
    talk::KIND,
    pause::KIND,
];

/// Kinds that are answered without a debug container: by the API alone, or by time.
const OUTSIDE: [&str; 2] = ["kube", "pause"];

/// Kinds whose command is the author's own, and reads the `stdin` that he gives; others write there what they need themselves.
pub const STDIN: [&str; 2] = ["run", "sh"];

/// Facts that every kind yields.
pub const COMMON_FACTS: [&str; 4] = ["exit", "stdout", "stderr", "duration"];

/// Makes sense of a spec.
pub type Build = fn(&Spec, params: &[String]) -> Result<Arc<dyn Asking>, Unfit>;

/// A kind's line in the register.
#[derive(Debug)]
pub struct Registered {
    /// Its table.
    pub about: &'static About,
    /// Makes sense of what an author gave. `params` are the names of the runbook's params that are no secrets.
    pub build: Build,
}

/// What a kind does.
pub trait Asking: Debug + Send + Sync {
    /// What to ask, with the default bounds; the caller sets the step's own. Templates are rendered here, once.
    fn asks(&self, scope: &Scope<'_>) -> Result<Vec<Ask>, TemplateError>;

    /// Reads the answers, one for each ask, in order. `image` names where the tools come from, for messages:
    /// an image, or words such as `this machine`.
    fn read(&self, answers: &[Answer], image: &str) -> Observation;

    /// False for a kind that resolves the patient's root by itself, and so needs no `target_root` even where its author names it.
    fn needs_root(&self) -> bool {
        true
    }

    /// What is to be asked once `answers` to [`asks`](Self::asks) are there: its own answers come behind them.
    fn more(&self, _answers: &[Answer]) -> Vec<Ask> {
        Vec::new()
    }

    /// Names of facts that its author gave, beside those of its table.
    fn yields(&self) -> Vec<String> {
        Vec::new()
    }

    /// What of an answer's stderr its command wrote; a script of ours may have its own word behind that.
    fn said<'a>(&self, stderr: &'a [u8]) -> &'a [u8] {
        stderr
    }

    /// True where answers are kept as artefacts: a report then tells of their digests, not of their bytes.
    fn keeps(&self) -> bool {
        false
    }

    /// What is kept of the answers beside the report.
    fn artifacts(&self, _answers: &[Answer]) -> Vec<Artifact> {
        Vec::new()
    }

    /// The rights of the Kubernetes API that it needs beside those of attaching.
    fn needs(&self) -> Vec<Need> {
        Vec::new()
    }

    /// How long it takes at least, by what it was told.
    fn lasts(&self) -> Duration {
        Duration::ZERO
    }

    /// Names of the scope that it cannot look without, beside those in its templates: `target_pid`, `target_root`.
    fn looks_at(&self) -> &'static [&'static str] {
        &[]
    }
}

/// A step's kind, with what was given to it.
#[derive(Clone, Debug)]
pub struct Kind {
    about: &'static About,
    spec: Spec,
    asking: Arc<dyn Asking>,
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
    /// The kind registered under this word.
    pub fn registered(word: &str) -> Option<&'static Registered> {
        KINDS.iter().find(|kind| kind.about.word == word)
    }

    /// Makes a kind of what was given.
    pub fn build(kind: &Registered, spec: Spec, params: &[String]) -> Result<Self, Unfit> {
        Ok(Self {
            about: kind.about,
            asking: (kind.build)(&spec, params)?,
            spec,
        })
    }

    /// Its table.
    pub fn about(&self) -> &'static About {
        self.about
    }

    /// What was given to it.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// The word in runbooks and reports.
    pub fn word(&self) -> &'static str {
        self.about.word
    }

    /// See [`Asking::asks`].
    pub fn asks(&self, scope: &Scope<'_>) -> Result<Vec<Ask>, TemplateError> {
        self.asking.asks(scope)
    }

    /// See [`Asking::read`].
    pub fn read(&self, answers: &[Answer], image: &str) -> Observation {
        self.asking.read(answers, image)
    }

    /// What a step comes to whose facts are told instead of read; how it ended counts all the same.
    pub fn told(&self, answers: &[Answer], facts: Map<String, Value>) -> Observation {
        let mut observation = answer::observe(answers, |_, code| {
            format!("exit {code}: a tool for `{}` is missing", self.word())
        });
        observation.facts.extend(facts);
        observation
    }

    /// See [`Asking::more`].
    pub fn more(&self, answers: &[Answer]) -> Vec<Ask> {
        self.asking.more(answers)
    }

    /// See [`Asking::said`].
    pub fn said<'a>(&self, stderr: &'a [u8]) -> &'a [u8] {
        self.asking.said(stderr)
    }

    /// See [`Asking::keeps`].
    pub fn keeps(&self) -> bool {
        self.asking.keeps()
    }

    /// See [`Asking::artifacts`].
    pub fn artifacts(&self, answers: &[Answer]) -> Vec<Artifact> {
        self.asking.artifacts(answers)
    }

    /// See [`Asking::yields`].
    pub fn yields(&self) -> Vec<String> {
        self.asking.yields()
    }

    /// Whether its command reads the `stdin` that an author gives.
    pub fn takes_stdin(&self) -> bool {
        STDIN.contains(&self.word())
    }

    /// See [`About::needs_container`].
    pub fn needs_container(&self) -> bool {
        self.about.needs_container()
    }

    /// See [`Asking::needs`].
    pub fn needs(&self) -> Vec<Need> {
        self.asking.needs()
    }

    /// See [`Asking::lasts`].
    pub fn lasts(&self) -> Duration {
        self.asking.lasts()
    }

    /// The names that it uses, by its templates or by its nature: a step that names `target_root` cannot look where there is none.
    pub fn names(&self) -> Vec<String> {
        self.spec
            .templates()
            .into_iter()
            .flat_map(crate::script::Template::names)
            .map(|(name, _)| name)
            .chain(self.asking.looks_at().iter().map(|name| (*name).into()))
            .filter(|name| name != "target_root" || self.asking.needs_root())
            .collect()
    }

    /// What it would ask, as written: for a plan whose templates wait for an earlier answer.
    pub fn templates(&self) -> Vec<String> {
        let templates = self.spec.templates();
        match self.spec.script(self.about.word) {
            Some(script) => vec![script.to_owned()],
            None => templates
                .into_iter()
                .map(|text| text.source().to_owned())
                .collect(),
        }
    }

    /// The names of the facts it yields beside [`COMMON_FACTS`].
    pub fn facts(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.about.facts.iter().map(|fact| fact.name)
    }
}
