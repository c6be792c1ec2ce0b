//! What a pod's JSON tells, flat enough to be judged.

use serde_json::{Map, Value, json};

/// Adds the facts of a pod.
pub(super) fn read(pod: &Value, facts: &mut Map<String, Value>) {
    let containers: Vec<Value> = [
        ("initContainers", "initContainerStatuses", true),
        ("containers", "containerStatuses", false),
    ]
    .into_iter()
    .flat_map(|(specs, statuses, init)| {
        let statuses = pod["status"][statuses].as_array();
        let listed = pod["spec"][specs].as_array().into_iter().flatten();
        listed.map(move |spec| {
            let mut known = statuses.into_iter().flatten();
            let status = known.find(|status| status["name"] == spec["name"]);
            container(spec, status.unwrap_or(&Value::Null), init)
        })
    })
    .collect();
    let restarts = containers.iter().filter_map(|one| one["restarts"].as_i64());
    let restarts = restarts.fold(0, i64::saturating_add);
    let mut conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
    let ready = conditions.any(|one| one["type"] == "Ready" && one["status"] == "True");
    let phase = pod["status"]["phase"].as_str().unwrap_or("Unknown");
    facts.insert("phase".into(), phase.into());
    let reason = reason(pod, phase, ready, &containers);
    facts.insert("reason".into(), reason.into());
    facts.insert("restarts".into(), restarts.into());
    facts.insert("ready".into(), ready.into());
    facts.insert("containers".into(), containers.into());
}

fn container(spec: &Value, status: &Value, init: bool) -> Value {
    let (state, now) = ["waiting", "running", "terminated"]
        .into_iter()
        .find_map(|state| {
            status["state"][state]
                .is_object()
                .then(|| (state, &status["state"][state]))
        })
        .unwrap_or(("unknown", &Value::Null));
    let last = &status["lastState"]["terminated"];
    json!({
        "name": spec["name"],
        "init": init,
        "ready": status["ready"].as_bool().unwrap_or(false),
        "restarts": status["restartCount"].as_i64().unwrap_or(0),
        "state": state,
        "reason": now["reason"],
        "message": now["message"],
        "exit_code": now["exitCode"],
        "last_reason": last["reason"],
        "last_exit_code": last["exitCode"],
        "last_finished": last["finishedAt"],
        "image": spec["image"],
        "limits": resources(&spec["resources"]["limits"]),
        "requests": resources(&spec["resources"]["requests"]),
    })
}

fn resources(stated: &Value) -> Value {
    if stated.is_object() {
        stated.clone()
    } else {
        json!({})
    }
}

/// What `kubectl get pods` shows as the status
/// (`printPod` in kubernetes `pkg/printers/internalversion/printers.go`), as far as the containers tell it.
fn reason(pod: &Value, phase: &str, ready: bool, containers: &[Value]) -> String {
    let stated = pod["status"]["reason"].as_str();
    if pod["metadata"]["deletionTimestamp"].is_string() {
        let lost = stated == Some("NodeLost");
        return if lost { "Unknown" } else { "Terminating" }.into();
    }
    let troubled = |one: &&Value| match one["state"].as_str() {
        Some("waiting") => one["reason"].is_string(),
        Some("terminated") => one["exit_code"] != 0 || one["init"] == false,
        _ => false,
    };
    let word = |one: &Value| match (one["reason"].as_str(), &one["exit_code"]) {
        (Some(reason), _) => reason.to_owned(),
        (None, code) => format!("ExitCode:{code}"),
    };
    let (init, app): (Vec<&Value>, Vec<&Value>) =
        containers.iter().partition(|one| one["init"] == true);
    // `PodInitializing` is what the others say while an init container is at work.
    if let Some(one) = init
        .into_iter()
        .find(troubled)
        .filter(|one| one["reason"] != "PodInitializing")
    {
        return format!("Init:{}", word(one));
    }
    let runs = |one: &&Value| one["state"] == "running" && one["ready"] == true;
    let some_run = app.iter().any(runs);
    match (app.into_iter().find(troubled).map(word), stated) {
        // One that is done beside one that runs is no trouble.
        (Some(word), _) if word == "Completed" && some_run => {
            if ready { "Running" } else { "NotReady" }.into()
        }
        (Some(word), _) => word,
        (None, Some(stated)) => stated.to_owned(),
        (None, None) => phase.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(pod: &Value) -> Map<String, Value> {
        let mut facts = Map::new();
        read(pod, &mut facts);
        facts
    }

    #[test]
    fn a_pod_that_crashes_tells_how_its_container_ended() {
        let pod = json!({
            "metadata": {"name": "web"},
            "spec": {"containers": [{"name": "app", "image": "app:1", "resources": {"limits": {"memory": "16Mi"}}}]},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "False"}], "containerStatuses": [{
                "name": "app", "ready": false, "restartCount": 3,
                "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s restarting failed container=app"}},
                "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled", "finishedAt": "2026-01-02T03:04:05Z"}}}]},
        });
        let facts = facts(&pod);
        assert_eq!(facts["reason"], "CrashLoopBackOff");
        assert_eq!(
            (&facts["restarts"], &facts["ready"]),
            (&json!(3), &json!(false))
        );
        let app = &facts["containers"][0];
        assert_eq!(app["state"], "waiting");
        assert_eq!(
            (&app["last_reason"], &app["last_exit_code"]),
            (&json!("OOMKilled"), &json!(137))
        );
        assert_eq!(app["exit_code"], Value::Null);
        assert_eq!(app["limits"]["memory"], "16Mi");
        assert_eq!(app["requests"], json!({}));
    }

    #[test]
    fn of_several_containers_the_first_in_trouble_is_told_and_one_that_is_done_is_none_beside_one_that_runs()
     {
        let with = |first: Value, second: Value, ready: &str| {
            let pod = json!({
                "spec": {"containers": [{"name": "a"}, {"name": "b"}]},
                "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": ready}], "containerStatuses": [
                    {"name": "a", "state": first}, {"name": "b", "ready": true, "restartCount": i64::MAX, "state": second}]},
            });
            facts(&pod)["reason"].as_str().unwrap().to_owned()
        };
        let done = json!({"terminated": {"exitCode": 0, "reason": "Completed"}});
        let failed = json!({"terminated": {"exitCode": 1, "reason": "Error"}});
        let crash = json!({"waiting": {"reason": "CrashLoopBackOff"}});
        let running = json!({"running": {}});
        assert_eq!(with(done.clone(), running.clone(), "True"), "Running");
        assert_eq!(with(done.clone(), running.clone(), "False"), "NotReady");
        assert_eq!(with(done, crash.clone(), "False"), "Completed");
        assert_eq!(with(failed, crash.clone(), "False"), "Error");
        assert_eq!(with(crash, running, "False"), "CrashLoopBackOff");
    }

    #[test]
    fn counts_that_no_server_gives_come_to_no_panic() {
        let status = |name: &str| json!({"name": name, "restartCount": i64::MAX});
        let pod = json!({"spec": {"containers": [{"name": "a"}, {"name": "b"}]}, "status": {"containerStatuses": [status("a"), status("b")]}});
        assert_eq!(facts(&pod)["restarts"], i64::MAX);
    }

    #[test]
    fn the_reason_is_what_kubectl_would_show() {
        let with = |init: Value, app: Value, more: Value| {
            let mut pod = json!({
                "metadata": {}, "spec": {"initContainers": [{"name": "i"}], "containers": [{"name": "a"}]},
                "status": {"phase": "Pending", "initContainerStatuses": [{"name": "i", "state": init}],
                    "containerStatuses": [{"name": "a", "state": app}]},
            });
            for (key, value) in more.as_object().unwrap() {
                pod[key] = value.clone();
            }
            facts(&pod)["reason"].as_str().unwrap().to_owned()
        };
        let waiting = json!({"waiting": {"reason": "PodInitializing"}});
        let done = json!({"terminated": {"exitCode": 0, "reason": "Completed"}});
        let failed = json!({"terminated": {"exitCode": 1, "reason": "Error"}});
        assert_eq!(with(failed, waiting.clone(), json!({})), "Init:Error");
        assert_eq!(
            with(json!({"running": {}}), waiting, json!({})),
            "PodInitializing"
        );
        let pull = json!({"waiting": {"reason": "ImagePullBackOff"}});
        assert_eq!(with(done.clone(), pull, json!({})), "ImagePullBackOff");
        let running = json!({"running": {}});
        assert_eq!(
            with(
                done.clone(),
                running.clone(),
                json!({"status": {"phase": "Running"}})
            ),
            "Running"
        );
        assert_eq!(
            with(
                done,
                running,
                json!({"metadata": {"deletionTimestamp": "x"}})
            ),
            "Terminating"
        );
    }
}
