//! Two runs side by side: `diff` and `baseline`. The real program, on this machine.

use std::process::Output;

use serde_json::Value;

use crate::cli::housecall_in as housecall;

/// A folder with the reports of two runs: `a.json`, then `b.json`.
fn two(before: &str, after: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, step) in [("a", before), ("b", after)] {
        let text = format!("version: 1\nid: t\ntitle: T\nsteps:\n  - {step}\n");
        std::fs::write(folder.path().join("t.yaml"), text).unwrap();
        let output = format!("json={name}.json");
        housecall(folder.path(), &["run", "t.yaml", "local", "-o", &output]);
    }
    folder
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

const UP: &str =
    "{id: one, sh: 'echo up at 10:00:01', expect: [{id: is-up, that: 'stdout.contains(\"up\")'}]}";
const DOWN: &str = "{id: one, sh: 'echo down at 12:00:01', expect: [{id: is-up, that: 'stdout.contains(\"up\")'}]}";

#[test]
fn a_check_that_changed_is_told_with_the_output_that_did_and_is_exit_1() {
    let folder = two(UP, DOWN);
    let output = housecall(folder.path(), &["diff", "a.json", "b.json"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let told = stdout(&output);
    for line in [
        "local: pass -> fail",
        "  ! one/is-up  pass -> fail",
        "    -up at …",
        "    +down at …",
    ] {
        assert!(told.contains(line), "{line} in\n{told}");
    }
    let output = housecall(folder.path(), &["diff", "a.json", "b.json", "-o", "json"]);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["schema"], "housecall.comparison/1");
    assert_eq!(told["changed"][0]["checks"][0]["after"], "fail");
}

#[test]
fn what_two_runs_say_alike_but_for_moments_is_exit_0() {
    let folder = two(UP, &UP.replace("10:00:01", "10:07:31"));
    let output = housecall(folder.path(), &["diff", "a.json", "b.json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(
        stdout(&output).contains("targets 1: 0 changed, 1 not, 0 new; 0 gone"),
        "{output:?}"
    );
}

#[test]
fn what_changed_at_the_end_of_a_long_output_is_told() {
    let long = |last: &str| format!("{{id: one, sh: 'seq 5000; echo {last}'}}");
    let folder = two(&long("up"), &long("down"));
    let output = housecall(folder.path(), &["diff", "a.json", "b.json"]);
    assert!(
        stdout(&output).contains("they differ beyond line 2000"),
        "{output:?}"
    );
}

#[test]
fn what_was_masked_in_both_runs_is_no_change() {
    let masked = "{id: one, sh: 'echo password=hunter2', capture: {all: {regex: '(?<all>.*)'}}}";
    let folder = two(masked, masked);
    let output = housecall(folder.path(), &["diff", "a.json", "b.json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[test]
fn what_failed_already_in_the_baseline_does_not_count_and_what_fails_anew_does() {
    let folder = two(DOWN, DOWN);
    let same = housecall(folder.path(), &["baseline", "a.json", "b.json"]);
    assert_eq!(same.status.code(), Some(0), "{same:?}");
    let folder = two(UP, DOWN);
    let worse = housecall(folder.path(), &["baseline", "a.json", "b.json"]);
    assert_eq!(worse.status.code(), Some(1), "{worse:?}");
    let better = housecall(folder.path(), &["baseline", "b.json", "a.json"]);
    assert_eq!(better.status.code(), Some(0), "{better:?}");
}

#[test]
fn promise_4_what_can_no_longer_be_looked_at_is_exit_5_against_a_baseline() {
    let folder = two(
        "{id: one, run: ['true']}",
        "{id: one, run: [no-such-tool-here]}",
    );
    let output = housecall(folder.path(), &["baseline", "a.json", "b.json"]);
    assert_eq!(output.status.code(), Some(5), "{output:?}");
    assert!(
        stdout(&output).contains("pass -> unavailable"),
        "{output:?}"
    );
}

#[test]
fn promise_4_who_is_new_and_fails_or_cannot_be_asked_any_more_is_no_0_against_a_baseline() {
    let folder = two(UP, DOWN);
    let edit = |name: &str, change: &dyn Fn(&mut Value)| {
        let path = folder.path().join("b.json");
        let mut report: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        change(&mut report);
        std::fs::write(folder.path().join(name), report.to_string()).unwrap();
        housecall(folder.path(), &["baseline", "a.json", name])
    };
    let new = edit("new.json", &|report| {
        report["targets"][0]["target"]["kind"] = "pod".into();
        report["targets"][0]["target"]["pod"] = "web".into();
        report["targets"][0]["target"]["namespace"] = "shop".into();
    });
    assert_eq!(new.status.code(), Some(1), "{new:?}");
    let unasked = edit("unasked.json", &|report| {
        report["targets"][0]["steps"] = serde_json::json!([]);
        report["targets"][0]["status"] = "error".into();
        report["exit"] = serde_json::json!({"code": 3, "also": []});
    });
    assert_eq!(unasked.status.code(), Some(3), "{unasked:?}");
    assert!(
        stdout(&unasked).contains("local: pass -> error"),
        "{unasked:?}"
    );
    let unproven = edit("unproven.json", &|report| {
        report["exit"] = serde_json::json!({"code": 6, "also": [1]});
    });
    assert_eq!(unproven.status.code(), Some(6), "{unproven:?}");
    let killed = edit("killed.json", &|report| report["exit"] = Value::Null);
    assert_eq!(killed.status.code(), Some(1), "{killed:?}");
}

#[test]
fn what_is_no_report_is_exit_2() {
    let folder = two(UP, UP);
    let output = housecall(folder.path(), &["diff", "a.json", "t.yaml"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let output = housecall(
        folder.path(),
        &["baseline", "a.json", "b.json", "-o", "tap"],
    );
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}
