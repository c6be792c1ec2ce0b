//! Whether a pod can be examined at all, and which of its containers is meant. Pure; runs before anything is changed.
//!
//! The API server takes a debug container for a finished, unscheduled or departing pod without a word, and it never starts
//! (kubernetes/kubernetes `pkg/apis/core/validation`), so those are told apart here.

use k8s_openapi::api::core::v1::Pod;
use serde_json::Value;

use super::debug_container::{User, mounts};
use super::near::near;
use super::standing;
use crate::ask::Patient;
use crate::cluster::shell::Hunt;
use crate::cluster::{Attach, Cause, Refusal};

/// Annotation that names the container `kubectl` takes when none is named.
const DEFAULT_CONTAINER: &str = "kubectl.kubernetes.io/default-container";

/// Annotation of the API's image of a static pod.
const MIRROR: &str = "kubernetes.io/config.mirror";

/// A pod that can be examined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    /// Its UID.
    pub(super) uid: String,
    /// The container that is examined.
    pub(super) container: String,
    /// Its id at the runtime, without the runtime's prefix, once it has one.
    pub(super) container_id: Option<String>,
    /// True where the runtime makes it together with the debug container: it is then found by its name.
    pub(super) id_comes_later: bool,
    /// True while it runs: only then can its processes be shared.
    pub(super) running: bool,
    /// True where all containers of the pod share one process namespace.
    pub(super) shared: bool,
    /// True where that is the node's: process 1 is then the node's own.
    pub(super) host: bool,
    /// User and group that the container states for itself.
    pub(super) user: User,
    /// What it has mounted.
    pub(super) mounts: Vec<Value>,
}

impl Candidate {
    /// What is known of the patient before it is looked for.
    pub(super) fn hunt(&self) -> Hunt {
        Hunt {
            // Among the node's processes only the container's id tells which are the patient's.
            shared_with_target: (self.running || self.shared) && !self.host,
            container_id: self.container_id.clone(),
            container: self.id_comes_later.then(|| self.container.clone()),
            ..Hunt::default()
        }
    }

    /// A patient that was not found, with what is known here of the reason.
    pub(super) fn explained(&self, patient: Patient) -> Patient {
        if patient.pid.is_some() {
            return patient;
        }
        let container = &self.container;
        let reason = if !self.running {
            format!(
                "container `{container}` was not running when the debug container was attached, so its processes and files are not to be seen"
            )
        } else if self.host {
            format!(
                "the pod shares the node's processes (hostPID), and none of them is known to be container `{container}`'s"
            )
        } else {
            return patient;
        };
        Patient {
            reason: Some(reason),
            ..patient
        }
    }

    /// The patient in a pod that is still to be made.
    pub(super) fn to_come(spec: &Value, container: &str) -> Self {
        Self {
            uid: String::new(),
            container: container.to_owned(),
            container_id: None,
            id_comes_later: true,
            // Containers are started in their order, and the debug container is the last.
            running: true,
            shared: spec["shareProcessNamespace"] == true,
            host: spec["hostPID"] == true,
            user: User::default(),
            mounts: Vec::new(),
        }
    }

    /// The same, once it can be seen how it was with its container.
    pub(super) fn seen(self, pod: &Pod) -> Self {
        Self {
            running: runs(pod, &self.container),
            ..self
        }
    }

    /// Reads a pod. `known` is the UID under which it was found.
    pub(super) fn of(pod: &Pod, known: Option<&str>, attach: &Attach) -> Result<Self, Refusal> {
        let name = pod.metadata.name.as_deref().unwrap_or_default();
        let uid = pod.metadata.uid.clone().unwrap_or_default();
        let no = |cause, headline: String, help: &str| Refusal {
            cause,
            headline,
            help: help.into(),
            attach: None,
        };
        if known.is_some_and(|known| known != uid) {
            return Err(replaced(name));
        }
        let annotations = pod.metadata.annotations.as_ref();
        if annotations.is_some_and(|all| all.contains_key(MIRROR)) {
            return Err(no(
                Cause::Mirror,
                format!(
                    "pod `{name}` is the mirror of a static pod: the API cannot add containers to it"
                ),
                "examine it from its node, or examine another pod of the same application",
            ));
        }
        let status = pod.status.as_ref();
        let phase = status
            .and_then(|status| status.phase.as_deref())
            .unwrap_or_default();
        if matches!(phase, "Succeeded" | "Failed") {
            return Err(no(
                Cause::Finished,
                format!("pod `{name}` is finished ({phase}): nothing can be started in it"),
                "examine a running pod; `kubectl logs` still tells what this one wrote",
            ));
        }
        if pod.metadata.deletion_timestamp.is_some() {
            return Err(no(
                Cause::Finished,
                format!("pod `{name}` is being deleted: nothing can be started in it"),
                "examine the pod that takes its place",
            ));
        }
        let spec = pod.spec.as_ref();
        if spec
            .and_then(|spec| spec.node_name.as_deref())
            .is_none_or(str::is_empty)
        {
            let why = status
                .into_iter()
                .flat_map(|status| status.conditions.iter().flatten())
                .find(|condition| condition.type_ == "PodScheduled")
                .and_then(|condition| condition.message.as_deref())
                .unwrap_or("no node has taken it yet");
            return Err(no(
                Cause::Start,
                format!("pod `{name}` is not scheduled: {why}"),
                "`kubectl describe pod` tells what the scheduler is waiting for",
            ));
        }
        if windows(pod) {
            return Err(no(
                Cause::Start,
                format!(
                    "pod `{name}` runs Windows: a debug container that asks by `sh` cannot start in it"
                ),
                "what the API alone answers (`kube` steps) can be asked of it",
            ));
        }
        let container = container(pod, attach.container.as_deref())?;
        Ok(Self {
            container_id: standing::status(pod, container)
                .and_then(|status| status.container_id.as_deref())
                .map(|id| {
                    id.rsplit_once("://")
                        .map_or(id, |(_, bare)| bare)
                        .to_owned()
                }),
            id_comes_later: false,
            running: runs(pod, container),
            shared: spec.and_then(|spec| spec.share_process_namespace) == Some(true),
            host: spec.and_then(|spec| spec.host_pid) == Some(true),
            user: User::of(pod, container),
            mounts: mounts(pod, container),
            container: container.to_owned(),
            uid,
        })
    }
}

fn runs(pod: &Pod, container: &str) -> bool {
    standing::state(pod, container).is_some_and(|state| state.running.is_some())
}

/// True for a pod that says it is of Windows, or is bound to nodes of it.
fn windows(pod: &Pod) -> bool {
    let spec = pod.spec.as_ref();
    let stated = spec.and_then(|spec| spec.os.as_ref()).map(|os| &*os.name);
    let bound = spec
        .and_then(|spec| spec.node_selector.as_ref()?.get("kubernetes.io/os"))
        .map(String::as_str);
    stated == Some("windows") || bound == Some("windows")
}

/// The container that is meant: the named one, then the one an annotation names, then the first.
pub(super) fn container<'a>(pod: &'a Pod, named: Option<&str>) -> Result<&'a str, Refusal> {
    let containers: Vec<&str> = pod
        .spec
        .iter()
        .flat_map(|spec| {
            spec.containers
                .iter()
                .chain(spec.init_containers.iter().flatten())
        })
        .map(|container| container.name.as_str())
        .collect();
    let Some(named) = named else {
        let annotations = pod.metadata.annotations.as_ref();
        let by_annotation = annotations
            .and_then(|all| all.get(DEFAULT_CONTAINER))
            .map(String::as_str)
            .filter(|name| containers.contains(name));
        return Ok(by_annotation
            .or(containers.first().copied())
            .unwrap_or_default());
    };
    if let Some(found) = containers.iter().find(|one| **one == named) {
        return Ok(found);
    }
    let name = pod.metadata.name.as_deref().unwrap_or_default();
    let hint = if named == name {
        "; that is the name of the pod".to_owned()
    } else {
        near(named, containers.iter().copied())
    };
    Err(Refusal {
        cause: Cause::NotFound,
        headline: format!("pod `{name}` has no container `{named}`{hint}"),
        help: format!("its containers are: {}", containers.join(", ")),
        attach: None,
    })
}

/// The pod was replaced by another of the same name.
pub(super) fn replaced(name: &str) -> Refusal {
    Refusal {
        cause: Cause::Replaced,
        headline: format!(
            "pod `{name}` was replaced by another of the same name since it was found"
        ),
        help: "run again to examine its successor".into(),
        attach: None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    fn attach(container: Option<&str>) -> Attach {
        Attach {
            run: "r".into(),
            container: container.map(Into::into),
            deadline: Duration::from_secs(120),
            ..Attach::new("smoke/web", "tools:1")
        }
    }

    fn read(change: Value, container: Option<&str>) -> Result<Candidate, Refusal> {
        let mut pod = json!({
            "metadata": {"name": "web", "uid": "u1"},
            "spec": {"nodeName": "n1", "containers": [{"name": "app", "securityContext": {"runAsUser": 7}}, {"name": "proxy"}]},
            "status": {"phase": "Running", "containerStatuses": [
                {"name": "app", "containerID": "containerd://abc", "state": {"running": {}}, "image": "", "imageID": "", "ready": true, "restartCount": 0}]},
        });
        merge(&mut pod, change);
        Candidate::of(
            &serde_json::from_value(pod).unwrap(),
            Some("u1"),
            &attach(container),
        )
    }

    fn merge(into: &mut Value, change: Value) {
        match (into, change) {
            (Value::Object(into), Value::Object(change)) => {
                for (key, value) in change {
                    merge(into.entry(key).or_insert(Value::Null), value);
                }
            }
            (into, change) => *into = change,
        }
    }

    #[test]
    fn what_can_never_start_is_refused_before_anything_is_changed() {
        for (change, cause, word) in [
            (
                json!({"metadata": {"uid": "u2"}}),
                Cause::Replaced,
                "replaced",
            ),
            (
                json!({"metadata": {"annotations": {"kubernetes.io/config.mirror": "x"}}}),
                Cause::Mirror,
                "static pod",
            ),
            (
                json!({"status": {"phase": "Succeeded"}}),
                Cause::Finished,
                "Succeeded",
            ),
            (
                json!({"metadata": {"deletionTimestamp": "2026-01-02T03:04:05Z"}}),
                Cause::Finished,
                "being deleted",
            ),
            (
                json!({"spec": {"nodeName": null}}),
                Cause::Start,
                "not scheduled",
            ),
            (
                json!({"spec": {"os": {"name": "windows"}}}),
                Cause::Start,
                "Windows",
            ),
        ] {
            let refusal = read(change, None).unwrap_err();
            assert_eq!(refusal.cause, cause, "{refusal}");
            assert!(refusal.headline.contains(word), "{refusal}");
            assert!(refusal.attach.is_none(), "nothing was sent");
        }
    }

    #[test]
    fn the_container_is_the_named_one_then_the_annotated_one_then_the_first() {
        let container = |change, named| read(change, named).unwrap().container;
        assert_eq!(container(json!({}), Some("proxy")), "proxy");
        let annotated = json!({"metadata": {"annotations": {"kubectl.kubernetes.io/default-container": "proxy"}}});
        assert_eq!(container(annotated, None), "proxy");
        assert_eq!(container(json!({}), None), "app");
    }

    #[test]
    fn a_wrong_container_is_told_with_the_ones_there_are() {
        let refusal = read(json!({}), Some("porxy")).unwrap_err();
        assert_eq!(refusal.cause, Cause::NotFound);
        assert!(
            refusal.headline.contains("did you mean `proxy`?"),
            "{refusal}"
        );
        assert!(refusal.help.contains("app, proxy"), "{refusal}");
        let refusal = read(json!({}), Some("web")).unwrap_err();
        assert!(refusal.headline.contains("name of the pod"), "{refusal}");
    }

    #[test]
    fn the_runtimes_id_and_the_state_are_read() {
        let found = read(json!({}), None).unwrap();
        assert_eq!(found.container_id.as_deref(), Some("abc"));
        assert!(found.running);
        assert_eq!(found.user.uid, Some(7));
        assert!(!read(json!({}), Some("proxy")).unwrap().running);
        assert!(!found.shared && !found.host);
        let shared = json!({"spec": {"shareProcessNamespace": true}});
        assert!(read(shared, None).unwrap().shared);
        assert!(read(json!({"spec": {"hostPID": true}}), None).unwrap().host);
    }
}
