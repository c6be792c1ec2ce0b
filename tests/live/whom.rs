//! Targets that are not there, not any more, or cannot be examined.

use serde_json::json;

use crate::ground::Ground;
use crate::patience::eventually;
use crate::situation::as_held;
use crate::table::as_told;
use crate::visit::Visit;

const STEPS: &str = "  - {id: one, run: [ps]}\n";
const LONG: &str =
    "  - {id: long, run: [sleep, '1000'], timeout: 60s}\n  - {id: next, run: [ps]}\n";

#[test]
fn a_pod_that_is_not_there_is_told_with_near_misses() {
    let Some(ground) = Ground::find() else { return };
    ground.make("pods", ground.patient("checkout"));
    let seen = Visit::steps(&ground, STEPS, "pod/chekcout").seen();
    as_told("pod missing", &seen);
    as_held("a named pod is missing", &seen, seen.only());
}

#[test]
fn a_container_that_is_not_there_is_told_with_near_misses() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let seen = Visit::steps(&ground, STEPS, "web --target apq").seen();
    as_told("container missing", &seen);
    assert_eq!(ground.guests("web"), [""; 0]);
}

#[test]
fn a_finished_pod_is_refused_before_anything_is_changed() {
    let Some(ground) = Ground::find() else { return };
    let mut pod = ground.of(
        "once",
        json!({"name": "app", "image": ground.image, "command": ["true"]}),
    );
    pod["spec"]["restartPolicy"] = "Never".into();
    ground.make("pods", pod);
    eventually("the pod's end", 60, || {
        (ground.pod("once")["status"]["phase"] == "Succeeded").then_some(())
    });
    let seen = Visit::steps(&ground, STEPS, "once").seen();
    as_told("pod finished", &seen);
    as_held("a pod is finished", &seen, seen.only());
    assert_eq!(ground.guests("once"), [""; 0]);
}

#[test]
fn a_pod_without_a_node_is_refused_with_the_schedulers_words() {
    let Some(ground) = Ground::find() else { return };
    let mut pod = ground.patient("web");
    pod["spec"]["nodeSelector"] = json!({"housecall/no-such-node": "1"});
    ground.make("pods", pod);
    eventually("the scheduler's word", 60, || {
        let pod = ground.pod("web");
        let told = pod["status"]["conditions"].as_array()?.iter();
        told.filter(|one| one["type"] == "PodScheduled")
            .find_map(|one| one["message"].as_str().map(|_| ()))
    });
    let seen = Visit::steps(&ground, STEPS, "web").seen();
    as_told("pod not scheduled", &seen);
}

#[test]
fn a_mirror_pod_is_refused_with_where_to_examine_it() {
    let Some(ground) = Ground::find() else { return };
    let mut pod = ground.patient("static");
    pod["metadata"]["annotations"] = json!({"kubernetes.io/config.mirror": "0"});
    // A kubelet would delete what claims to be its mirror, so it is said to be on a node that is not there.
    pod["spec"]["nodeName"] = "no-such-node".into();
    ground.make("pods", pod);
    let seen = Visit::steps(&ground, STEPS, "static").seen();
    as_told("mirror pod", &seen);
    as_held("a mirror pod", &seen, seen.only());
}

#[test]
fn a_pod_deleted_in_mid_run_is_proven_gone() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let run = Visit::steps(&ground, LONG, "web").start();
    run.asking("long");
    ground.dismiss("web");
    let seen = run.end();
    as_told("pod deleted mid-run", &seen);
    as_held("a pod deleted in mid-run", &seen, seen.only());
    assert_eq!(seen.step("long")["status"], "unreachable");
    assert_eq!(seen.step("next")["status"], "unreachable");
}

#[test]
fn promise_6_a_pod_replaced_in_mid_run_is_not_taken_for_its_predecessor() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let run = Visit::steps(&ground, LONG, "web").start();
    run.asking("long");
    let uid = ground.pod("web")["metadata"]["uid"].clone();
    ground.dismiss("web");
    eventually("the name to be free", 60, || {
        ground.get("pods/web").is_none().then_some(())
    });
    ground.admit(ground.patient("web"));
    let seen = run.end();
    as_told("pod replaced mid-run", &seen);
    as_held("a pod replaced in mid-run", &seen, seen.only());
    assert_eq!(seen.only()["target"]["uid"], uid);
    assert_eq!(ground.guests("web"), [""; 0], "the successor is untouched");
}

#[test]
fn promise_6_the_patch_for_a_pod_is_refused_by_its_successor() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let keeper = "exit 0";
    let patch = crate::guest::patch(&ground, "housecall-0000000001", "another-uid", keeper);
    let refused = ground.ask(
        http::Method::PATCH,
        "pods/web/ephemeralcontainers",
        Some(patch),
    );
    assert!(refused.is_err(), "{refused:?}");
    assert_eq!(ground.guests("web"), [""; 0]);
}
