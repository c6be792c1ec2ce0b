//! How our container stands, as a pod's status tells it. Pure.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ContainerState, ContainerStatus, Pod};

use crate::cluster::shell::Script;
use crate::report::Terminated;

/// The status of one container, by name, wherever in the pod it is.
pub(super) fn status<'a>(pod: &'a Pod, name: &str) -> Option<&'a ContainerStatus> {
    let status = pod.status.as_ref()?;
    [
        &status.ephemeral_container_statuses,
        &status.container_statuses,
        &status.init_container_statuses,
    ]
    .into_iter()
    .flatten()
    .flatten()
    .find(|status| status.name == name)
}

/// Its state.
pub(super) fn state<'a>(pod: &'a Pod, name: &str) -> Option<&'a ContainerState> {
    status(pod, name)?.state.as_ref()
}

/// Its end, when it has ended.
///
/// A debug container is never started twice, but in a pod whose other containers are, one that failed to start is shown as waiting
/// for its next start, with its end as the state before.
pub(super) fn terminated(pod: &Pod, name: &str) -> Option<Terminated> {
    let status = status(pod, name)?;
    let ended = [&status.state, &status.last_state]
        .into_iter()
        .flatten()
        .find_map(|state| state.terminated.as_ref())?;
    Some(Terminated {
        exit_code: ended.exit_code,
        reason: ended.reason.clone(),
        // The epoch stands for a container that never ran.
        started_at: ended
            .started_at
            .as_ref()
            .map(|time| time.0)
            .filter(|moment| *moment != Timestamp::UNIX_EPOCH),
        finished_at: ended.finished_at.as_ref().map(|time| time.0),
    })
}

/// Why it does not run yet, as `Reason: message`.
pub(super) fn waiting(pod: &Pod, name: &str) -> Option<String> {
    let waiting = state(pod, name)?.waiting.as_ref()?;
    let reason = waiting.reason.as_deref().unwrap_or("waiting");
    Some(match waiting.message.as_deref() {
        Some(message) if !message.is_empty() => format!("{reason}: {message}"),
        _ => reason.to_owned(),
    })
}

/// The image as the runtime resolved it.
pub(super) fn image_id(pod: &Pod, name: &str) -> Option<String> {
    Some(status(pod, name)?.image_id.clone()).filter(|id| !id.is_empty())
}

/// True once the pod's spec holds the container.
pub(super) fn added(pod: &Pod, name: &str) -> bool {
    pod.spec
        .iter()
        .flat_map(|spec| spec.ephemeral_containers.iter().flatten())
        .any(|container| container.name == name)
}

/// True once the pod's spec holds the container with this environment, which was doubled where it holds a `$`.
pub(super) fn carries(pod: &Pod, name: &str, script: &Script) -> bool {
    let spec = || pod.spec.iter();
    let added = spec()
        .flat_map(|spec| spec.ephemeral_containers.iter().flatten())
        .map(|container| (&container.name, &container.env));
    let made = spec()
        .flat_map(|spec| &spec.containers)
        .map(|container| (&container.name, &container.env));
    let mut env = added
        .chain(made)
        .filter(|(own, _)| *own == name)
        .flat_map(|(_, env)| env.iter().flatten());
    let environment = script.environment.iter();
    let mut wanted = environment.map(|(name, value)| (name, value.replace('$', "$$")));
    !script.environment.is_empty()
        && wanted.all(|(name, value)| {
            env.any(|one| one.name == *name && one.value.as_deref() == Some(value.as_str()))
        })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn pod(state: Value, last: Value) -> Pod {
        serde_json::from_value(json!({"status": {"ephemeralContainerStatuses": [{
            "name": "housecall-1", "image": "", "imageID": "sha256:1", "ready": false, "restartCount": 0,
            "state": state, "lastState": last,
        }]}}))
        .unwrap()
    }

    #[test]
    fn an_end_is_read_from_the_state() {
        let ended = json!({"terminated": {"exitCode": 0, "reason": "Completed",
            "startedAt": "2026-01-02T03:04:05Z", "finishedAt": "2026-01-02T03:04:06Z"}});
        let read = terminated(&pod(ended, json!({})), "housecall-1").unwrap();
        assert_eq!(
            (read.exit_code, read.reason.as_deref()),
            (0, Some("Completed"))
        );
        assert!(read.started_at.is_some());
        assert_eq!(
            terminated(&pod(json!({"running": {}}), json!({})), "housecall-1"),
            None
        );
    }

    #[test]
    fn a_container_that_failed_to_start_has_ended_though_it_is_shown_as_waiting() {
        let pod = pod(
            json!({"waiting": {"reason": "RunContainerError", "message": "no sh"}}),
            json!({"terminated": {"exitCode": 128, "reason": "StartError", "startedAt": "1970-01-01T00:00:00Z"}}),
        );
        let read = terminated(&pod, "housecall-1").unwrap();
        assert_eq!((read.exit_code, read.started_at), (128, None));
        assert_eq!(
            waiting(&pod, "housecall-1").as_deref(),
            Some("RunContainerError: no sh")
        );
    }
}
