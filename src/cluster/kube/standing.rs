//! How our container stands, as a pod's status tells it. Pure.

use k8s_openapi::api::core::v1::{ContainerState, ContainerStatus, Pod};

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
pub(super) fn terminated(pod: &Pod, name: &str) -> Option<Terminated> {
    let ended = state(pod, name)?.terminated.as_ref()?;
    Some(Terminated {
        exit_code: ended.exit_code,
        reason: ended.reason.clone(),
        started_at: ended.started_at.as_ref().map(|time| time.0),
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
