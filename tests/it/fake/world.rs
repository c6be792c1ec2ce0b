//! What the fake knows: pods, faults to come, who watches, what was asked.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::Mutex;

use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};

use super::NAMESPACE;

/// What goes wrong with one call.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// Refused with a code and words; nothing is changed.
    Refuse(u16, &'static str),
    /// Done, and then answered as if it had failed.
    Landed(u16, &'static str),
    /// Answered as done, with nothing done. Of a log: its last line is not there yet.
    Ignored,
    /// Refused for good from this call on.
    Always(u16, &'static str),
    /// Of an exec: the stream opens, and its status is these words.
    Later(&'static str),
    /// Of an exec: the connection is cut once these words came out of the shell.
    CutOn(&'static str),
    /// The same, but nobody tells the shell: its stdin stays open.
    LostOn(&'static str),
}

/// A running debug container.
#[derive(Clone, Debug)]
pub(crate) struct Running {
    /// Where its `/dev/termination-log` is.
    pub(crate) log: PathBuf,
    /// Where its stdout goes.
    pub(crate) printed: PathBuf,
    /// Whether its command waits until somebody has entered.
    pub(crate) tardy: bool,
}

/// A watcher of one kind of object.
struct Watcher {
    kind: &'static str,
    lines: mpsc::UnboundedSender<String>,
}

#[derive(Default)]
struct Inner {
    version: u64,
    pods: BTreeMap<String, Value>,
    watchers: Vec<Watcher>,
    /// Every change with its version, so that a watch can begin in the past.
    history: Vec<(u64, &'static str, String)>,
    faults: BTreeMap<String, VecDeque<Fault>>,
    calls: Vec<String>,
    running: HashMap<String, Running>,
    /// The logs of containers, also of those that have ended.
    printed: HashMap<String, PathBuf>,
    stop: HashMap<String, tokio::sync::oneshot::Sender<()>>,
    /// The files that stand for `/dev/termination-log`, until the world ends.
    logs: Vec<tempfile::TempPath>,
}

/// All of it.
pub(crate) struct World {
    inner: Mutex<Inner>,
    /// Tells every open exec stream that its connection is cut.
    pub(crate) cut: watch::Sender<()>,
}

/// A running pod with one container `app`.
pub(crate) fn running_pod(name: &str, uid: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": NAMESPACE, "uid": uid, "labels": {"app": "web"}},
        "spec": {"nodeName": "node-a", "containers": [{"name": "app", "image": "app:1"}]},
        "status": {"phase": "Running", "containerStatuses": [{
            "name": "app", "image": "app:1", "imageID": "sha256:app", "ready": true, "restartCount": 0,
            "containerID": format!("containerd://{}", "a".repeat(64)), "state": {"running": {}}}]},
    })
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            inner: Mutex::default(),
            cut: watch::Sender::new(()),
        }
    }

    pub(crate) fn script(&self, call: &str, faults: impl IntoIterator<Item = Fault>) {
        let mut inner = self.inner.lock().unwrap();
        inner.faults.entry(call.into()).or_default().extend(faults);
    }

    /// Notes a call and takes the fault that is meant for it.
    pub(crate) fn called(&self, call: &str) -> Fault {
        let mut inner = self.inner.lock().unwrap();
        inner.calls.push(call.into());
        let Some(queue) = inner.faults.get_mut(call) else {
            return Fault::None;
        };
        match queue.front() {
            Some(Fault::Always(code, words)) => Fault::Refuse(*code, words),
            _ => queue.pop_front().unwrap_or(Fault::None),
        }
    }

    pub(crate) fn calls(&self, call: &str) -> usize {
        let inner = self.inner.lock().unwrap();
        inner.calls.iter().filter(|made| *made == call).count()
    }

    /// Every call that was made.
    pub(crate) fn made(&self) -> Vec<String> {
        self.inner.lock().unwrap().calls.clone()
    }

    pub(crate) fn version(&self) -> String {
        self.inner.lock().unwrap().version.to_string()
    }

    pub(crate) fn pods(&self) -> Vec<Value> {
        self.inner.lock().unwrap().pods.values().cloned().collect()
    }

    pub(crate) fn read_pod(&self, name: &str) -> Option<Value> {
        self.inner.lock().unwrap().pods.get(name).cloned()
    }

    pub(crate) fn put_pod(&self, pod: Value) {
        let name = pod["metadata"]["name"].as_str().unwrap().to_owned();
        let mut inner = self.inner.lock().unwrap();
        let kind = match inner.pods.get(&name) {
            Some(old) if old["metadata"]["uid"] == pod["metadata"]["uid"] => "MODIFIED",
            Some(_) => "ADDED",
            None => "ADDED",
        };
        inner.store(kind, name, pod);
    }

    /// Changes a pod where it stands.
    pub(crate) fn change_pod(&self, name: &str, change: impl FnOnce(&mut Value)) -> Option<Value> {
        let mut inner = self.inner.lock().unwrap();
        let mut pod = inner.pods.get(name)?.clone();
        change(&mut pod);
        Some(inner.store("MODIFIED", name.to_owned(), pod))
    }

    pub(crate) fn delete_pod(&self, name: &str) {
        let mut inner = self.inner.lock().unwrap();
        let Some(pod) = inner.pods.remove(name) else {
            return;
        };
        let lists = ["ephemeralContainers", "containers"].map(|list| pod["spec"][list].as_array());
        for container in lists.into_iter().flatten().flatten() {
            let container = container["name"].as_str().unwrap();
            inner.running.remove(container);
            inner.stop.remove(container);
        }
        inner.version += 1;
        inner.tell("pods", "DELETED", &pod);
    }

    pub(crate) fn debug_containers(&self, pod: &str) -> Vec<String> {
        let pod = self.read_pod(pod).unwrap_or_default();
        let listed = pod["spec"]["ephemeralContainers"].as_array().cloned();
        listed
            .unwrap_or_default()
            .iter()
            .map(|container| container["name"].as_str().unwrap().to_owned())
            .collect()
    }

    pub(crate) fn all_ended(&self, pod: &str) -> bool {
        let pod = self.read_pod(pod).unwrap_or_default();
        let statuses = pod["status"]["ephemeralContainerStatuses"]
            .as_array()
            .cloned();
        statuses.is_some_and(|all| all.iter().all(|one| one["state"]["terminated"].is_object()))
    }

    /// Tells an event about a container of a pod.
    pub(crate) fn event(&self, pod: &Value, container: &str, reason: &str, message: &str) {
        let mut made = pod["spec"]["containers"].as_array().unwrap().iter();
        let list = match made.any(|one| one["name"] == container) {
            true => "containers",
            false => "ephemeralContainers",
        };
        let mut inner = self.inner.lock().unwrap();
        inner.version += 1;
        let version = inner.version.to_string();
        let event = json!({
            "apiVersion": "v1", "kind": "Event", "type": "Warning", "reason": reason, "message": message,
            "metadata": {"name": format!("e{version}"), "namespace": NAMESPACE, "resourceVersion": version},
            "involvedObject": {"kind": "Pod", "name": pod["metadata"]["name"], "uid": pod["metadata"]["uid"],
                "fieldPath": format!("spec.{list}{{{container}}}")},
        });
        inner.tell("events", "ADDED", &event);
    }

    /// Lines for a new watcher: what came after a version, and what comes.
    pub(crate) fn watch(&self, kind: &'static str, after: u64) -> mpsc::UnboundedReceiver<String> {
        let (lines, receiver) = mpsc::unbounded_channel();
        let mut inner = self.inner.lock().unwrap();
        for (version, changed, line) in &inner.history {
            if *version > after && *changed == kind {
                lines.send(line.clone()).unwrap();
            }
        }
        inner.watchers.push(Watcher { kind, lines });
        receiver
    }

    /// A file to stand for a container's `/dev/termination-log`, or for its log, under a name of the same length: what a shell is told to read is
    /// counted.
    pub(crate) fn log(&self) -> PathBuf {
        let file = tempfile::Builder::new()
            .prefix("hclog")
            .rand_bytes(10)
            .tempfile_in("/tmp")
            .unwrap()
            .into_temp_path();
        let path = file.to_path_buf();
        assert_eq!(path.as_os_str().len(), "/dev/termination-log".len());
        self.inner.lock().unwrap().logs.push(file);
        path
    }

    /// A container has begun; the returned receiver ends when it is to be killed.
    pub(crate) fn started(
        &self,
        container: &str,
        running: Running,
    ) -> tokio::sync::oneshot::Receiver<()> {
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let mut inner = self.inner.lock().unwrap();
        inner
            .printed
            .insert(container.into(), running.printed.clone());
        inner.running.insert(container.into(), running);
        inner.stop.insert(container.into(), stop);
        stopped
    }

    pub(crate) fn ended(&self, container: &str) {
        let mut inner = self.inner.lock().unwrap();
        inner.running.remove(container);
        inner.stop.remove(container);
    }

    /// What a container has written to its stdout.
    pub(crate) fn printed(&self, container: &str) -> Option<Vec<u8>> {
        let inner = self.inner.lock().unwrap();
        let path = inner.printed.get(container)?;
        Some(std::fs::read(path).unwrap())
    }

    pub(crate) fn running(&self, container: &str) -> Option<Running> {
        self.inner.lock().unwrap().running.get(container).cloned()
    }
}

impl Inner {
    fn store(&mut self, kind: &str, name: String, mut pod: Value) -> Value {
        self.version += 1;
        pod["metadata"]["resourceVersion"] = json!(self.version.to_string());
        self.pods.insert(name, pod.clone());
        self.tell("pods", kind, &pod);
        pod
    }

    fn tell(&mut self, kind: &'static str, change: &str, object: &Value) {
        let line = format!("{}\n", json!({"type": change, "object": object}));
        self.history.push((self.version, kind, line.clone()));
        self.watchers
            .retain(|watcher| watcher.kind != kind || watcher.lines.send(line.clone()).is_ok());
    }
}
