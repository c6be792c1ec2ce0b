//! How far a pod that was made for us has come, and what is said of one that came no further. Pure.

use k8s_openapi::api::core::v1::Pod;

use super::debug_container::RUN;
use super::failure::from_state;
use super::standing;
use super::trouble::Trouble;
use crate::cluster::{Attach, Cause, Refusal};

/// Whether this pod was made by this run.
pub(super) fn ours(pod: &Pod, container: &str, run: &str) -> bool {
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    let mut own = containers.filter(|one| one.name == container);
    own.any(|one| {
        let mut env = one.env.iter().flatten();
        env.any(|one| one.name == RUN && one.value.as_deref() == Some(run))
    })
}

/// How far a made pod has come.
pub(super) enum Stage {
    /// Our container runs, and the patient's does or says why not.
    Up,
    /// It ended before that, in the kubelet's words.
    Over(String),
    /// No node takes it, in the scheduler's words.
    Unplaced(String),
    /// Not yet; the last word on it.
    Coming(Option<String>),
}

/// Reads it from the pod; `patient` is the container that is examined, where there is one.
pub(super) fn stage(pod: &Pod, container: &str, patient: Option<&str>) -> Stage {
    let status = pod.status.as_ref();
    let phase = status.and_then(|status| status.phase.as_deref());
    if let Some(phase @ ("Failed" | "Succeeded")) = phase {
        let why = status.and_then(|status| status.message.clone().or(status.reason.clone()));
        return Stage::Over(why.unwrap_or_else(|| phase.to_owned()));
    }
    let runs = |name: &str| standing::state(pod, name).is_some_and(|state| state.running.is_some());
    let settled = |name: &str| {
        runs(name) || standing::state(pod, name).is_some_and(|state| from_state(state).is_some())
    };
    if runs(container) && patient.is_none_or(settled) {
        return Stage::Up;
    }
    let scheduled = status
        .into_iter()
        .flat_map(|status| status.conditions.iter().flatten())
        .find(|one| one.type_ == "PodScheduled");
    let word = scheduled.and_then(|scheduled| scheduled.message.clone());
    let unplaced = scheduled.is_some_and(|scheduled| {
        scheduled.status == "False" && scheduled.reason.as_deref() == Some("Unschedulable")
    });
    // One that others make room for is promised a node.
    let promised = status.is_some_and(|status| status.nominated_node_name.is_some());
    if unplaced && !promised {
        return Stage::Unplaced(word.unwrap_or_else(|| "no node takes it".into()));
    }
    Stage::Coming(word.or_else(|| standing::waiting(pod, container)))
}

/// What kept us out, as it is told of a pod that is deleted anyway.
pub(super) fn told(trouble: Trouble, place: &str, attach: &Attach) -> Refusal {
    let no = |cause, headline: String, help: &str| Refusal {
        cause,
        headline,
        help: help.into(),
        attach: None,
    };
    match trouble {
        Trouble::Failure(failure) => Refusal {
            cause: failure.cause,
            headline: failure.headline(attach),
            help: failure.help(attach),
            attach: None,
        },
        Trouble::Gone => no(
            Cause::Replaced,
            format!("pod {place}, which was made for this run, was deleted while it started"),
            "look who deletes pods there, and run again",
        ),
        Trouble::Shut(refusal) => refusal,
        Trouble::Late(last) => no(
            Cause::StartTimeout,
            format!(
                "pod {place} did not come up within {} s; the last word was: {last}",
                attach.start_timeout.as_secs()
            ),
            "a large image, a busy node or slow init containers need a longer `attach.start_timeout`",
        ),
        Trouble::Interrupted(last) => interrupted(&last),
    }
}

/// The run was interrupted before it was up.
pub(super) fn interrupted(last: &str) -> Refusal {
    Refusal {
        cause: Cause::Interrupted,
        headline: format!("interrupted while the pod started; the last word was: {last}"),
        help: "run again".into(),
        attach: None,
    }
}

/// No node takes it. That more waiting would help is seldom, and told as little as of an image that cannot be pulled.
pub(super) fn unplaced(why: &str) -> Refusal {
    Refusal {
        cause: Cause::Start,
        headline: format!("the pod that was made for this run cannot be scheduled: {why}"),
        help: "the words are the scheduler's; a copy asks for as much room as its pod does: `--same-node` puts it beside that without asking, `--mode ephemeral` needs none".into(),
        attach: None,
    }
}

/// It ended before it was up.
pub(super) fn over(why: &str) -> Refusal {
    Refusal {
        cause: Cause::Start,
        headline: format!("the pod that was made for this run ended before it ran: {why}"),
        help: "the words are the kubelet's; another node may take it".into(),
        attach: None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn pending(status: &str, reason: &str, nominated: Value) -> Stage {
        let pod = json!({"status": {"phase": "Pending", "nominatedNodeName": nominated, "conditions": [
            {"type": "PodScheduled", "status": status, "reason": reason, "message": "0/1 nodes are available"}]}});
        stage(&serde_json::from_value(pod).unwrap(), "housecall-1", None)
    }

    #[test]
    fn a_pod_that_no_node_takes_is_told_from_one_that_is_only_not_placed_yet() {
        let words = |stage| match stage {
            Stage::Unplaced(why) => Some(why),
            _ => None,
        };
        let none = "0/1 nodes are available".to_owned();
        assert_eq!(
            words(pending("False", "Unschedulable", Value::Null)),
            Some(none)
        );
        for (status, reason, nominated) in [
            ("False", "Unschedulable", json!("node-a")),
            ("False", "SchedulingGated", Value::Null),
            ("True", "", Value::Null),
        ] {
            assert_eq!(words(pending(status, reason, nominated)), None, "{reason}");
        }
    }
}
