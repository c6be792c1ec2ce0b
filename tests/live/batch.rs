//! Several targets side by side: each has its own outcome, and one's trouble stops no other.

use serde_json::{Value, json};

use crate::ground::Ground;
use crate::patience::eventually;
use crate::situation::as_held;
use crate::visit::Visit;

const NAMES: [&str; 3] = ["web-0", "web-1", "web-2"];

/// Three pods of one application, named by its label.
fn three(ground: &Ground) {
    for name in NAMES {
        let mut pod = ground.patient(name);
        pod["metadata"]["labels"] = json!({"app": "web", "number": name});
        ground.make("pods", pod);
    }
    for name in NAMES {
        ground.running(name);
    }
}

#[test]
fn one_pod_with_a_failing_check_stops_no_other() {
    let Some(ground) = Ground::find() else { return };
    three(&ground);
    let steps = "  - {id: who, run: [ps], expect: [{id: not-one, that: 'target.labels.number != \"web-1\"', say: 'it is {{target.pod}}'}]}\n";
    let seen = Visit::steps(&ground, steps, "-l app=web").seen();
    assert_eq!(seen.code, Some(1), "{}", seen.told());
    for (name, status) in NAMES.into_iter().zip(["pass", "fail", "pass"]) {
        let target = seen.target(name);
        assert_eq!(target["status"], status, "{name}");
        assert!(target["attach"]["terminated"].is_object(), "{name}");
    }
    let counts = &seen.report["summary"]["targets"];
    assert_eq!(
        counts,
        &json!({"pass": 2, "warn": 0, "fail": 1, "error": 0, "skip": 0})
    );
    as_held("a check fails", &seen, seen.target("web-1"));
    let said = &seen.target("web-1")["steps"][0]["checks"][0]["message"];
    assert_eq!(said, "it is web-1");
}

#[test]
fn one_pod_that_cannot_be_asked_leaves_the_others_asked_and_the_run_undetermined() {
    let Some(ground) = Ground::find() else { return };
    three(&ground);
    let steps = "  - {id: one, run: [ps]}\n";
    let seen = Visit::steps(&ground, steps, "web-0 web-nowhere pod/web-2").seen();
    assert_eq!(seen.code, Some(5), "{}", seen.told());
    assert_eq!(seen.target("web-0")["status"], "pass");
    assert_eq!(seen.target("web-nowhere")["status"], "error");
    assert_eq!(seen.target("web-2")["status"], "pass");
    as_held(
        "a named pod is missing, others asked",
        &seen,
        seen.target("web-nowhere"),
    );
}

#[test]
fn one_pod_in_which_the_debug_container_cannot_start_leaves_the_others_asked() {
    let Some(ground) = Ground::ours() else { return };
    three(&ground);
    let mut modest = ground.modest_patient("web-3");
    modest["metadata"]["labels"] = json!({"app": "web"});
    // Its pod allows no root, and the debug image names no other user.
    ground.admit(modest);
    let seen = Visit::steps(
        &ground,
        "  - {id: one, run: [ps]}\n",
        "-l app=web --profile baseline",
    )
    .seen();
    assert_eq!(seen.code, Some(5), "{}", seen.told());
    for name in NAMES {
        assert_eq!(seen.target(name)["status"], "pass", "{name}");
    }
    let refused = seen.target("web-3");
    assert_eq!(refused["status"], "error");
    assert!(
        refused["reason"].as_str().unwrap().contains("runAsNonRoot"),
        "{refused:#}"
    );
    as_held(
        "a debug container that cannot start, others asked",
        &seen,
        refused,
    );
}

#[test]
fn targets_one_at_a_time_do_not_overlap() {
    let Some(ground) = Ground::find() else { return };
    three(&ground);
    let seen = Visit::steps(
        &ground,
        "  - {id: one, run: [ps]}\n",
        "-l app=web --parallel 1",
    )
    .seen();
    assert_eq!(seen.code, Some(0), "{}", seen.told());
    let mut spans: Vec<(String, String)> = NAMES
        .into_iter()
        .map(|name| {
            let attach = &seen.target(name)["attach"];
            let stamp = |value: &Value| value.as_str().unwrap().to_owned();
            (
                stamp(&attach["first_answer_at"]),
                stamp(&attach["terminated"]["finished_at"]),
            )
        })
        .collect();
    spans.sort();
    for pair in spans.windows(2) {
        // The end is told in whole seconds, rounded down.
        assert!(pair[0].1[..19] <= pair[1].0[..19], "{spans:?}");
    }
}

#[test]
fn a_selector_that_matches_nothing_is_an_outcome_of_its_own() {
    let Some(ground) = Ground::find() else { return };
    let steps = "  - {id: one, run: [ps]}\n";
    let seen = Visit::steps(&ground, steps, "-l app=none").seen();
    assert_eq!(seen.code, Some(4), "{}", seen.told());
    assert!(seen.told().contains("matches no pod"), "{}", seen.told());
    let seen = Visit::steps(&ground, steps, "-l app=none --allow-none").seen();
    assert_eq!(seen.code, Some(0), "{}", seen.told());
}

#[test]
fn promise_6_a_resend_adds_nothing_and_a_second_run_adds_its_own() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    for _ in 0..2 {
        crate::guest::add(&ground, "web", "housecall-0000000001", "exit 0");
    }
    assert_eq!(ground.guests("web"), ["housecall-0000000001"]);
    let seen = Visit::steps(&ground, "  - {id: one, run: [ps]}\n", "web").seen();
    assert_eq!(seen.code, Some(0), "{}", seen.told());
    assert_eq!(
        ground.guests("web").len(),
        2,
        "the earlier one stays as it was"
    );
}

#[test]
fn a_finished_pod_among_those_selected_is_passed_over_and_said() {
    let Some(ground) = Ground::find() else { return };
    three(&ground);
    let mut done = ground.of(
        "done",
        json!({"name": "app", "image": ground.image, "command": ["true"]}),
    );
    done["metadata"]["labels"] = json!({"app": "web"});
    done["spec"]["restartPolicy"] = "Never".into();
    ground.make("pods", done);
    eventually("the pod's end", 60, || {
        (ground.pod("done")["status"]["phase"] == "Succeeded").then_some(())
    });
    let seen = Visit::steps(&ground, "  - {id: one, run: [ps]}\n", "-l app=web").seen();
    assert_eq!(seen.code, Some(0), "{}", seen.told());
    assert!(
        seen.told().contains("done was passed over"),
        "{}",
        seen.told()
    );
    assert_eq!(seen.report["targets"].as_array().unwrap().len(), 3);
}
