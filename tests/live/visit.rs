//! One run of the built program, and what it left: exit code, report, output.

use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::{NamedTempFile, TempDir};

use crate::ground::Ground;
use crate::patience::eventually;

/// How long a run may take before it counts as hanging.
const LONGEST: u64 = 90;

/// A kubeconfig of a cluster that is not there.
const NOWHERE: &str = "apiVersion: v1
kind: Config
current-context: production
contexts: [{name: production, context: {cluster: nowhere, user: nobody}}]
clusters: [{name: nowhere, cluster: {server: 'https://127.0.0.1:1'}}]
users: [{name: nobody, user: {token: nothing}}]
";

/// A run that is being made up.
pub(crate) struct Visit {
    command: Command,
    folder: TempDir,
}

impl Visit {
    /// The program with these words, and nothing of the tests' own environment that it would read.
    pub(crate) fn bare(words: &[&str]) -> Self {
        Self::in_folder(TempDir::new().unwrap(), words)
    }

    fn in_folder(folder: TempDir, words: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_housecall"));
        command.args(words).env_remove("HOUSECALL_IMAGE");
        Self { command, folder }
    }

    /// `run` of a runbook, by file or shipped name, in the namespace, with the report as JSON.
    pub(crate) fn run(ground: &Ground, runbook: &str, target: &str) -> Self {
        let folder = TempDir::new().unwrap();
        Self::in_folder(folder, &["run", runbook]).on(ground, target)
    }

    /// `run` of steps of one's own.
    pub(crate) fn steps(ground: &Ground, steps: &str, target: &str) -> Self {
        Self::runbook(ground, &runbook(steps), target)
    }

    /// `run` of a whole runbook of one's own.
    pub(crate) fn runbook(ground: &Ground, text: &str, target: &str) -> Self {
        Self::written(text).on(ground, target)
    }

    /// `run` of a whole runbook where `https://127.0.0.1:1` is the cluster, at which nobody listens. Needs no cluster.
    pub(crate) fn nowhere(text: &str, words: &str) -> Self {
        let visit = Self::written(text);
        let kubeconfig = visit.folder.path().join("nowhere.kubeconfig");
        std::fs::write(&kubeconfig, NOWHERE).unwrap();
        visit
            .words(words.split_whitespace())
            .words(["-o", "json"])
            .kubeconfig(&kubeconfig)
    }

    fn written(text: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("own.yaml");
        std::fs::write(&path, text).unwrap();
        Self::in_folder(folder, &["run", path.to_str().unwrap()])
    }

    fn on(self, ground: &Ground, target: &str) -> Self {
        self.words(target.split_whitespace())
            .words(["-n", &ground.namespace, "-o", "json"])
            .env("HOUSECALL_IMAGE", &ground.image)
    }

    /// More words.
    pub(crate) fn words<'a>(mut self, words: impl IntoIterator<Item = &'a str>) -> Self {
        self.command.args(words);
        self
    }

    /// With another kubeconfig.
    pub(crate) fn kubeconfig(self, path: &Path) -> Self {
        self.env("KUBECONFIG", path.to_str().unwrap())
    }

    /// With a variable set.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs it to its end.
    pub(crate) fn seen(self) -> Seen {
        self.start().end()
    }

    /// Starts it.
    pub(crate) fn start(mut self) -> Running {
        let stdout = NamedTempFile::new_in(self.folder.path()).unwrap();
        let stderr = NamedTempFile::new_in(self.folder.path()).unwrap();
        let events = self.folder.path().join("events.jsonl");
        let is_run = self
            .command
            .get_args()
            .next()
            .is_some_and(|verb| verb == "run");
        if is_run {
            self.command
                .arg("-o")
                .arg(format!("jsonl={}", events.display()));
        }
        let child = self
            .command
            .stdin(Stdio::null())
            .stdout(Stdio::from(stdout.reopen().unwrap()))
            .stderr(Stdio::from(stderr.reopen().unwrap()))
            .spawn()
            .unwrap();
        Running {
            child,
            stdout,
            stderr,
            folder: self.folder,
        }
    }
}

/// A runbook of these steps.
pub(crate) fn runbook(steps: &str) -> String {
    format!("version: 1\nid: own\ntitle: Steps of a live test\nsteps:\n{steps}")
}

/// A run under way.
pub(crate) struct Running {
    child: Child,
    stdout: NamedTempFile,
    stderr: NamedTempFile,
    folder: TempDir,
}

impl Running {
    /// Waits until a step is being asked.
    pub(crate) fn asking(&self, step: &str) {
        let mark = format!("\"id\":\"{step}\"");
        eventually(&format!("step {step} asked"), 60, || {
            let events = std::fs::read_to_string(self.folder.path().join("events.jsonl")).ok()?;
            let mut lines = events.lines();
            lines
                .any(|line| line.contains("\"step_started\"") && line.contains(&mark))
                .then_some(())
        });
    }

    /// What it has said on stderr so far.
    pub(crate) fn said(&self) -> String {
        std::fs::read_to_string(self.stderr.path()).unwrap()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> Seen {
        let status = format!("/proc/{}/status", self.child.id());
        let mut peak_kib = 0;
        let child = &mut self.child;
        let ended: ExitStatus = eventually("the end of the run", LONGEST, || {
            // The peak is only told while the process lives.
            peak_kib = peak(&status).unwrap_or(peak_kib);
            child.try_wait().unwrap()
        });
        let stdout = std::fs::read(self.stdout.path()).unwrap();
        Seen {
            code: ended.code(),
            report: serde_json::from_slice(&stdout).unwrap_or(Value::Null),
            stdout,
            stderr: std::fs::read_to_string(self.stderr.path()).unwrap(),
            peak_kib,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn peak(status: &str) -> Option<u64> {
    let text = std::fs::read_to_string(status).ok()?;
    let line = text.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// What a run left.
#[derive(Debug)]
pub(crate) struct Seen {
    /// Exit code; none for a run that was killed.
    pub(crate) code: Option<i32>,
    /// The report; null where there is none.
    pub(crate) report: Value,
    /// Its bytes.
    pub(crate) stdout: Vec<u8>,
    /// What was said beside it.
    pub(crate) stderr: String,
    /// The most memory it had, KiB.
    pub(crate) peak_kib: u64,
}

impl Seen {
    /// A target of the report, by the name of its pod.
    pub(crate) fn target(&self, pod: &str) -> &Value {
        let listed = self.report["targets"].as_array();
        let found = listed.and_then(|all| all.iter().find(|one| one["target"]["pod"] == pod));
        found.unwrap_or_else(|| panic!("pod {pod} is not in {self:?}"))
    }

    /// The only target.
    pub(crate) fn only(&self) -> &Value {
        let listed = self.report["targets"].as_array();
        match listed.map(Vec::as_slice) {
            Some([one]) => one,
            _ => panic!("not one target: {self:?}"),
        }
    }

    /// A step of the only target.
    pub(crate) fn step(&self, id: &str) -> &Value {
        step(self.only(), id)
    }

    /// What a step of the only target wrote.
    pub(crate) fn text(&self, id: &str) -> &str {
        let out = &self.step(id)["attempts"][0]["stdout"]["text"];
        out.as_str()
            .unwrap_or_else(|| panic!("{:#}", self.step(id)))
    }

    /// Everything a reader is told: reasons, notes, and stderr.
    pub(crate) fn told(&self) -> String {
        let mut words = vec![self.stderr.clone()];
        let mut add = |value: &Value| words.extend(value.as_str().map(str::to_owned));
        for note in self.report["notes"].as_array().into_iter().flatten() {
            add(&note["text"]);
        }
        for target in self.report["targets"].as_array().into_iter().flatten() {
            add(&target["reason"]);
            for step in target["steps"].as_array().into_iter().flatten() {
                add(&step["reason"]);
            }
        }
        words.join("\n")
    }
}

/// A step of a target.
pub(crate) fn step<'a>(target: &'a Value, id: &str) -> &'a Value {
    let listed = target["steps"].as_array();
    let found = listed.and_then(|all| all.iter().find(|one| one["id"] == id));
    found.unwrap_or_else(|| panic!("step {id} is not in {target:#}"))
}
