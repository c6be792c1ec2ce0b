//! Images that cannot be used, tools that are not in them, and steps that do not do as they should.

use serde_json::json;

use crate::ground::Ground;
use crate::situation::as_held;
use crate::table::as_told;
use crate::visit::{Seen, Visit};

const STEPS: &str = "  - {id: one, run: [ps]}\n";

/// Seconds from the first request for the only target to the end of the run, by the report's own stamps.
fn seconds(seen: &Seen) -> f64 {
    let stamp =
        |text: &serde_json::Value| -> jiff::Timestamp { text.as_str().unwrap().parse().unwrap() };
    let from = stamp(&seen.only()["attach"]["requested_at"]);
    let to = stamp(&seen.report["run"]["finished"]);
    to.duration_since(from).as_secs_f64()
}

#[test]
fn an_image_that_cannot_be_pulled_is_told_at_once_with_the_kubelets_words() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let seen = Visit::steps(&ground, STEPS, "web --image housecall.invalid/nothing:1").seen();
    as_told("image cannot be pulled", &seen);
    as_held(
        "a debug container that cannot start, no other target",
        &seen,
        seen.only(),
    );
    assert!(seconds(&seen) < 10.0, "{}", seconds(&seen));
    let attach = &seen.only()["attach"];
    assert!(
        attach["waiting"].as_str().unwrap().contains("pull"),
        "{attach:#}"
    );
}

#[test]
fn an_image_that_may_not_be_pulled_is_told_with_the_flag() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let seen = Visit::steps(&ground, STEPS, "web --image housecall.invalid/nothing:1")
        .words(["--image-pull-policy", "Never"])
        .seen();
    as_told("image may not be pulled", &seen);
}

#[test]
fn an_image_name_that_only_the_runtime_rejects_is_told_as_such() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let seen = Visit::steps(&ground, STEPS, "web --image tools:1:2").seen();
    as_told("InvalidImageName", &seen);
    assert!(seconds(&seen) < 10.0, "{}", seconds(&seen));
}

#[test]
fn a_root_image_in_a_pod_that_allows_no_root_is_told_with_the_way_out() {
    let Some(ground) = Ground::ours() else { return };
    let mut pod = ground.of(
        "web",
        json!({"name": "app", "image": "housecall.test/patient:1", "args": ["8080"], "securityContext": {"runAsUser": 1000}}),
    );
    pod["spec"]["securityContext"] = json!({"runAsNonRoot": true});
    ground.admit(pod);
    let seen = Visit::steps(&ground, STEPS, "web").seen();
    as_told("runAsNonRoot against a root image", &seen);
    let steps = "  - {id: whose, file: /etc/group}\n";
    let seen = Visit::steps(&ground, steps, "web --profile restricted").seen();
    assert_eq!(seen.code, Some(0), "{}", seen.told());
}

#[test]
fn an_image_without_a_shell_is_told_as_such() {
    let Some(ground) = Ground::ours() else { return };
    ground.admit(ground.patient("web"));
    let seen = Visit::steps(&ground, STEPS, "web --image housecall.test/bare:1").seen();
    as_told("no `sh` in the image", &seen);
    let attach = &seen.only()["attach"];
    assert_eq!(attach["proven"], true, "{attach:#}");
    assert_eq!(attach["terminated"]["reason"], "StartError", "{attach:#}");
}

#[test]
fn promise_4_a_missing_tool_is_unavailable_and_names_tool_and_image() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let steps = "  - {id: argv, run: [nosuchtool]}\n  - {id: script, sh: nosuchtool --version}\n  - {id: there, run: [ps]}\n";
    let seen = Visit::steps(&ground, steps, "web").seen();
    as_told("tool missing", &seen);
    for id in ["argv", "script"] {
        let step = seen.step(id);
        assert_eq!(step["status"], "unavailable", "{step:#}");
        let reason = step["reason"].as_str().unwrap();
        assert!(
            reason.contains("nosuchtool") && reason.contains(&ground.image),
            "{reason}"
        );
    }
    assert_eq!(seen.step("there")["status"], "pass");
    as_held("a tool is missing in the image", &seen, seen.only());
}

#[test]
fn promise_4_a_step_over_its_timeout_keeps_what_it_wrote_and_is_no_pass() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let steps =
        "  - {id: late, sh: 'echo partial; sleep 1000', timeout: 1s}\n  - {id: next, run: [ps]}\n";
    let seen = Visit::steps(&ground, steps, "web").seen();
    as_told("step over its timeout", &seen);
    assert_eq!(seen.step("late")["status"], "timeout");
    assert_eq!(seen.text("late"), "partial\n");
    assert_eq!(seen.step("next")["status"], "pass");
    as_held("a step over its timeout", &seen, seen.only());
}

#[test]
fn promise_4_output_over_its_cap_is_said_and_is_no_pass_for_a_check_of_it() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let steps = "  - {id: long, sh: 'yes | head -c 3000', output: {max: 1000B}, expect: [{id: short, that: 'stdout.len() < 2000'}]}\n";
    let seen = Visit::steps(&ground, steps, "web").seen();
    as_told("output over its cap", &seen);
    let out = &seen.step("long")["attempts"][0]["stdout"];
    assert_eq!(
        (&out["bytes"], &out["truncated"]),
        (&json!(1000), &json!(true))
    );
    assert_eq!(seen.step("long")["status"], "error");
}

#[test]
fn tools_that_the_image_lacks_are_told_in_one_line_before_the_steps() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let text = "version: 1\nid: own\ntitle: Tools\nattach: {needs: {tools: [sh, no-such-tool, nor-this-one]}}\nsteps:\n  - {id: one, run: [echo, one]}\n";
    for transport in ["live", "oneshot"] {
        let seen = Visit::runbook(&ground, text, "pod/web")
            .words(["--transport", transport])
            .seen();
        assert_eq!(seen.code, Some(0), "{}", seen.told());
        let line = format!("image {} lacks no-such-tool, nor-this-one:", ground.image);
        assert!(seen.told().contains(&line), "{transport}: {}", seen.told());
    }
}
