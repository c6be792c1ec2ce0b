//! What `housecall containers` tells of the debug containers in a namespace, and what it ends.

use serde_json::{Value, json};

use crate::ground::Ground;
use crate::patience::eventually;
use crate::visit::{Seen, Visit};

const LONG: &str = "  - {id: long, run: [sleep, '60'], timeout: 90s}\n";

fn containers(ground: &Ground, words: &[&str]) -> Seen {
    Visit::bare(&["containers", "-n", &ground.namespace])
        .words(words.iter().copied())
        .words(["-o", "json"])
        .seen()
}

#[test]
fn what_runs_is_listed_with_its_run_and_ended_by_its_own_keeper() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let before = ground.standing("web");
    let run = Visit::steps(&ground, LONG, "web").start();
    run.asking("long");

    // Its shell answers before the kubelet tells that it runs.
    let one = eventually("a running container in the list", 10, || {
        let listed = containers(&ground, &[]);
        assert_eq!(listed.code, Some(0), "{listed:?}");
        let one = listed.report[0].clone();
        (one["state"]["state"] == "running").then_some(one)
    });
    assert_eq!(one["pod"], "web");
    assert_eq!(one["runbook"], "own");

    let stopped = containers(&ground, &["--stop"]);
    assert_eq!(stopped.code, Some(0), "{stopped:?}");
    assert_eq!(stopped.report[0]["state"]["state"], "terminated");
    let ended = run.end();
    assert_eq!(ended.code, Some(5), "{ended:?}");
    assert_eq!(ended.step("long")["status"], "unreachable");
    assert_eq!(ended.report["run"]["id"], one["run"]);
    assert_eq!(ground.standing("web"), before);

    let counted = containers(&ground, &["--report"]).report;
    assert_eq!(counted["running"], 0);
    assert_eq!(
        counted["pods"][0]["pod"],
        format!("{}/web", ground.namespace)
    );
}

#[test]
fn a_container_of_somebody_else_is_neither_listed_nor_ended() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let other = json!({"spec": {"ephemeralContainers": [{"name": "debugger-x7k2p", "image": ground.image, "command": ["sleep", "30"]}]}});
    ground
        .ask(
            http::Method::PATCH,
            "pods/web/ephemeralcontainers",
            Some(other),
        )
        .unwrap();
    let stopped = containers(&ground, &["--stop"]);
    assert_eq!(
        (stopped.code, &stopped.report),
        (Some(0), &Value::Array(Vec::new()))
    );
    assert_eq!(ground.ended("web", "debugger-x7k2p"), None);
}

#[test]
fn a_pod_that_is_not_there_is_told_with_its_neighbours() {
    let Some(ground) = Ground::find() else { return };
    ground.make("pods", ground.patient("web"));
    let seen = containers(&ground, &["wbe"]);
    assert_eq!(seen.code, Some(3), "{seen:?}");
    assert!(
        seen.stderr.contains("wbe") && seen.stderr.contains("web"),
        "{seen:?}"
    );
}

#[test]
fn a_pod_that_a_killed_run_has_made_is_listed_and_deleted() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let run = Visit::steps(&ground, LONG, "web --copy-to twin").start();
    run.asking("long");
    run.signal(rustix::process::Signal::KILL);
    assert_eq!(run.end().code, None);
    let one = containers(&ground, &[]).report[0].clone();
    assert_eq!(
        (&one["pod"], &one["runbook"]),
        (&json!("twin"), &json!("own"))
    );
    let stopped = containers(&ground, &["--stop"]);
    assert_eq!(stopped.code, Some(0), "{stopped:?}");
    assert_eq!(stopped.report[0]["state"]["state"], "deleted");
    assert!(ground.get("pods/twin").is_none());
    assert!(ground.get("pods/web").is_some());
}
