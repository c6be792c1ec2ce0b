//! What a pod itself tells beforehand: whether a debug container would start in it, and how much it would see. Pure.

use k8s_openapi::api::core::v1::Pod;

use super::crowd::{Crowd, FULL};
use crate::cluster::kube::candidate::Candidate;
use crate::cluster::kube::standing;
use crate::cluster::{Attach, Finding, Refusal};

/// The findings, and the candidate where there is one.
pub(super) fn findings(pod: &Pod, attach: &Attach) -> (Vec<Finding>, Option<Candidate>) {
    let crowd = crowd(&Crowd::of(pod), attach.max_containers);
    match Candidate::of(pod, None, attach) {
        Err(refusal) => (vec![refused("pod", refusal), crowd], None),
        Ok(candidate) => {
            let found = vec![
                Finding::ok("pod", "runs: neither static, finished nor being deleted"),
                container(pod, &candidate),
                processes(&candidate),
                users(pod),
                crowd,
            ];
            (found, Some(candidate))
        }
    }
}

/// A refusal as a finding.
pub(super) fn refused(what: &str, refusal: Refusal) -> Finding {
    Finding::trouble(what, refusal.headline, refusal.help)
}

fn container(pod: &Pod, candidate: &Candidate) -> Finding {
    let name = &candidate.container;
    if candidate.running {
        return Finding::ok("container", format!("`{name}` runs"));
    }
    let why = standing::waiting(pod, name)
        .or_else(|| {
            let end = standing::terminated(pod, name)?;
            Some(format!("ended with exit code {}", end.exit_code))
        })
        .unwrap_or_else(|| "nothing is told of it".into());
    Finding::warning(
        "container",
        format!("`{name}` does not run ({why}): its processes and files are not to be seen"),
        "wait until it runs, or name another with `--target`; what needs only the pod's network is answered all the same",
    )
}

fn processes(candidate: &Candidate) -> Finding {
    let what = "processes";
    let name = &candidate.container;
    if candidate.host {
        return Finding::warning(
            what,
            "the pod shares the node's processes (hostPID)",
            format!(
                "nothing need be done: those of `{name}` are told by its container's id; `ps` lists the whole node's"
            ),
        );
    }
    if candidate.shared {
        return Finding::ok(
            what,
            format!(
                "all containers share them (shareProcessNamespace): those of `{name}` are told by its id"
            ),
        );
    }
    Finding::ok(
        what,
        format!("those of `{name}` are shared with the debug container"),
    )
}

fn users(pod: &Pod) -> Finding {
    let spec = pod.spec.as_ref();
    if spec.and_then(|spec| spec.host_users) == Some(false) {
        return Finding::warning(
            "users",
            "the pod has a user namespace of its own (hostUsers: false): root and capabilities hold only inside it, so that what belongs to the node stays closed",
            "examine the node itself (`node/NAME`) for that",
        );
    }
    Finding::ok("users", "those of the node")
}

fn crowd(crowd: &Crowd, most: usize) -> Finding {
    let (ours, others) = (crowd.ours.len(), crowd.others.len());
    let what = "debug containers";
    let says = format!("{ours} of ours, {others} of others; {most} of ours are the most");
    if ours >= most {
        return Finding::trouble(what, says, FULL);
    }
    Finding::ok(what, says)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::checkup::Checkup;
    use super::*;
    use crate::cluster::Health;

    fn found(pointer: &str, value: Value) -> Vec<Finding> {
        let mut pod = json!({
            "metadata": {"name": "web", "uid": "u1", "annotations": {}},
            "spec": {"nodeName": "n1", "containers": [{"name": "app"}], "ephemeralContainers": []},
            "status": {"phase": "Running", "containerStatuses": [
                {"name": "app", "state": {"running": {}}, "image": "", "imageID": "", "ready": true, "restartCount": 0}]},
        });
        if let Some((parent, key)) = pointer.rsplit_once('/') {
            pod.pointer_mut(parent).unwrap()[key] = value;
        }
        let attach = Checkup {
            max_containers: 2,
            ..Checkup::default()
        }
        .attach();
        findings(&serde_json::from_value(pod).unwrap(), &attach).0
    }

    fn stands(found: &[Finding], what: &str) -> (Health, String) {
        let one = found.iter().find(|one| one.what == what).unwrap();
        let fix = one.fix.clone().unwrap_or_default();
        (one.state, format!("{}; {fix}", one.says))
    }

    #[test]
    fn a_healthy_pod_is_well_in_every_line() {
        let found = found("", Value::Null);
        assert_eq!(found.len(), 5);
        assert!(found.iter().all(|one| one.state == Health::Ok), "{found:?}");
    }

    #[test]
    fn a_pod_in_which_nothing_can_start_is_trouble() {
        for (pointer, value, word) in [
            (
                "/metadata/annotations",
                json!({"kubernetes.io/config.mirror": "x"}),
                "static pod",
            ),
            ("/status/phase", json!("Failed"), "finished"),
            (
                "/metadata/deletionTimestamp",
                json!("2026-01-02T03:04:05Z"),
                "being deleted",
            ),
            ("/spec/nodeName", json!(""), "not scheduled"),
            ("/spec/os", json!({"name": "windows"}), "Windows"),
            (
                "/spec/nodeSelector",
                json!({"kubernetes.io/os": "windows"}),
                "Windows",
            ),
        ] {
            let (state, told) = stands(&found(pointer, value), "pod");
            assert_eq!(state, Health::Trouble, "{told}");
            assert!(told.contains(word), "{told}");
        }
    }

    #[test]
    fn what_makes_less_visible_is_a_warning_with_the_reason() {
        let waiting = json!([{"name": "app", "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "image": "", "imageID": "", "ready": false, "restartCount": 3}]);
        for (pointer, value, what, word) in [
            (
                "/status/containerStatuses",
                waiting,
                "container",
                "CrashLoopBackOff",
            ),
            ("/spec/hostPID", json!(true), "processes", "hostPID"),
            ("/spec/hostUsers", json!(false), "users", "hostUsers"),
        ] {
            let (state, told) = stands(&found(pointer, value), what);
            assert_eq!(state, Health::Warning, "{told}");
            assert!(told.contains(word), "{told}");
        }
        let (state, told) = stands(
            &found("/spec/shareProcessNamespace", json!(true)),
            "processes",
        );
        assert_eq!(state, Health::Ok);
        assert!(told.contains("shareProcessNamespace"), "{told}");
    }

    #[test]
    fn as_many_debug_containers_as_a_pod_may_carry_are_trouble() {
        let carried = |names: &[&str]| {
            let all: Vec<_> = names.iter().map(|name| json!({"name": name})).collect();
            stands(
                &found("/spec/ephemeralContainers", all.into()),
                "debug containers",
            )
        };
        let (state, told) = carried(&["housecall-0011223344", "debugger-1", "debugger-2"]);
        assert_eq!(state, Health::Ok);
        assert!(told.starts_with("1 of ours, 2 of others"), "{told}");
        let (state, told) = carried(&["housecall-0011223344", "housecall-5566778899"]);
        assert_eq!(state, Health::Trouble);
        assert!(told.contains("housecall containers"), "{told}");
    }
}
