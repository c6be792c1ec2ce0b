//! The kubelet of the fake: starts debug containers, or says why not, by their image.
//!
//! A pod that is made is taken by the scheduler first, unless it holds `far:1`, which no node has room for.
//!
//! `tools:1` runs its command for real. `missing:1` cannot be pulled and `rootly:1` may not run as root: one event each, and no
//! status for long, as a kubelet does it. `shellless:1` has no `sh`. `slow:1` is never heard of. `tardy:1` runs its command only once
//! somebody has entered by exec.

use std::fs::File;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::process::Command;

use super::world::{Running, World};

/// Takes a pod that was made: its containers run, as far as they are not ours; those are started.
pub(crate) fn take(world: &Arc<World>, pod: &Value) {
    let name = pod["metadata"]["name"].as_str().unwrap();
    let containers = pod["spec"]["containers"].as_array().unwrap();
    if containers.iter().any(|one| one["image"] == "far:1") {
        world.change_pod(name, |pod| {
            pod["status"]["conditions"] = json!([{"type": "PodScheduled", "status": "False",
                "reason": "Unschedulable", "message": NO_ROOM}]);
        });
        return;
    }
    let (ours, own): (Vec<_>, Vec<_>) = containers
        .iter()
        .partition(|one| one["name"].as_str().unwrap().starts_with("housecall-"));
    let statuses: Vec<_> = own
        .iter()
        .map(|one| {
            json!({"name": one["name"], "image": one["image"], "imageID": "sha256:app", "ready": true,
                "restartCount": 0, "containerID": format!("containerd://{}", "b".repeat(64)), "state": {"running": {}}})
        })
        .collect();
    world.change_pod(name, |pod| {
        pod["spec"]["nodeName"] = json!("node-a");
        pod["status"] = json!({"phase": "Running", "containerStatuses": statuses});
    });
    for container in ours {
        start(world, pod, container);
    }
}

/// What the scheduler says of `far:1`.
pub(crate) const NO_ROOM: &str = "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.";

/// Starts what a pod's spec holds and is not started yet.
pub(crate) fn start(world: &Arc<World>, pod: &Value, container: &Value) {
    let name = container["name"].as_str().unwrap().to_owned();
    match container["image"].as_str().unwrap() {
        "missing:1" => world.event(
            pod,
            &name,
            "Failed",
            "Failed to pull image \"missing:1\": rpc error: code = NotFound desc = not found",
        ),
        "rootly:1" => world.event(
            pod,
            &name,
            "Failed",
            "Error: container has runAsNonRoot and image will run as root",
        ),
        "shellless:1" => {
            let words = "failed to create containerd task: OCI runtime create failed: exec: \"sh\": executable file not found in $PATH";
            world.event(pod, &name, "Failed", &format!("Error: {words}"));
            status(
                world,
                pod,
                &name,
                json!({"waiting": {"reason": "RunContainerError", "message": words}}),
                json!({"terminated": {"exitCode": 128, "reason": "StartError", "message": words}}),
            );
        }
        "slow:1" => {}
        _ => run(world, pod, &name, container),
    }
}

fn run(world: &Arc<World>, pod: &Value, name: &str, container: &Value) {
    let log = world.log();
    let words = container["command"].as_array().unwrap();
    let command: Vec<String> = words
        .iter()
        .map(|word| expanded(word.as_str().unwrap(), &log.to_string_lossy()))
        .collect();
    let waits = container["image"] == "tardy:1";
    let command = if waits {
        [tardy(&log), command].concat()
    } else {
        command
    };
    let variables = container["env"].as_array().into_iter().flatten();
    let variables = variables.map(|one| {
        let word = |key: &str| one[key].as_str().unwrap();
        (
            word("name"),
            expanded(word("value"), &log.to_string_lossy()),
        )
    });
    let printed = world.log();
    let mut child = Command::new(&command[0])
        .args(&command[1..])
        .envs(variables)
        .stdin(Stdio::null())
        .stdout(File::create(&printed).unwrap())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let running = Running {
        log,
        printed,
        tardy: waits,
    };
    let stopped = world.started(name, running);
    status(
        world,
        pod,
        name,
        json!({"running": {"startedAt": "2026-01-02T03:04:05Z"}}),
        json!({}),
    );
    let (world, pod, name) = (Arc::clone(world), pod.clone(), name.to_owned());
    tokio::spawn(async move {
        let code = tokio::select! {
            ended = child.wait() => ended.unwrap().code().unwrap_or(137),
            _ = stopped => return,
        };
        world.ended(&name);
        let reason = if code == 0 { "Completed" } else { "Error" };
        let state = json!({"terminated": {"exitCode": code, "reason": reason,
            "startedAt": "2026-01-02T03:04:05Z", "finishedAt": "2026-01-02T03:04:06Z"}});
        status(&world, &pod, &name, state, json!({}));
    });
}

/// The words before a command that waits until somebody has entered.
fn tardy(log: &Path) -> Vec<String> {
    let wait = "until [ -e \"$0\" ]; do sleep 0.05; done; rm \"$0\"; exec \"$@\"";
    ["sh", "-c", wait]
        .map(str::to_owned)
        .into_iter()
        .chain([entered(log)])
        .collect()
}

/// The file that tells that somebody has entered the container with this log.
pub(crate) fn entered(log: &Path) -> String {
    format!("{}.entered", log.display())
}

/// What Kubernetes and the runtime make of a word of the command.
pub(crate) fn expanded(word: &str, log: &str) -> String {
    word.replace("$$", "$").replace("/dev/termination-log", log)
}

fn status(world: &World, pod: &Value, name: &str, state: Value, last: Value) {
    let status = json!({"name": name, "image": "tools:1", "imageID": "sha256:tools", "ready": false,
        "restartCount": 0, "state": state, "lastState": last});
    world.change_pod(pod["metadata"]["name"].as_str().unwrap(), |pod| {
        let made = pod["spec"]["containers"].as_array().unwrap().iter();
        let list = match made.clone().any(|one| one["name"] == name) {
            true => "containerStatuses",
            false => "ephemeralContainerStatuses",
        };
        let mut statuses = pod["status"][list].as_array().cloned().unwrap_or_default();
        statuses.retain(|old| old["name"] != name);
        statuses.push(status);
        pod["status"][list] = json!(statuses);
    });
}
