//! Alert in, run out: the real program on what a real Alertmanager sent, where no cluster can be reached.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

const FIRING: &str = "tests/alerts/alertmanager-firing.json";
const ONE_RESOLVED: &str = "tests/alerts/alertmanager-one-resolved.json";

const STEPS: &str = "params: {upstream: {type: string, default: none, pattern: '^[a-z]+$', from_alert: labels.upstream}}\nsteps:\n  - {id: a, run: [echo, '{{upstream}}']}\n";

fn runbook(folder: &Path, name: &str, labels: &str) -> String {
    let path = folder.join(format!("{name}.yaml"));
    let text = format!("version: 1\nid: {name}\ntitle: T\nlabels: {{{labels}}}\n{STEPS}");
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn housecall(words: &[&str], stdin: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_housecall"))
        .args(words)
        .env("KUBECONFIG", "/nonexistent/kubeconfig")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that has seen enough does not read to the end.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    child.wait_with_output().unwrap()
}

fn report(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

fn pods(report: &Value) -> Vec<String> {
    let targets = report["targets"].as_array().unwrap();
    targets
        .iter()
        .map(|target| {
            format!(
                "{}/{}",
                target["target"]["namespace"].as_str().unwrap(),
                target["target"]["pod"].as_str().unwrap()
            )
        })
        .collect()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn alerts(labels: &[Value]) -> String {
    let alerts: Vec<_> = labels
        .iter()
        .map(|labels| json!({ "labels": labels }))
        .collect();
    json!({ "alerts": alerts }).to_string()
}

#[test]
fn a_payload_names_runbook_targets_and_params() {
    let folder = tempfile::tempdir().unwrap();
    let other = runbook(folder.path(), "other", "alert/alertname: Slow|Down");
    let crash = runbook(
        folder.path(),
        "crash",
        "alert/alertname: KubePodCrashLooping|KubeContainerWaiting",
    );
    let close = runbook(
        folder.path(),
        "close",
        "alert/alertname: KubePodCrashLooping, alert/severity: warning",
    );
    let output = housecall(
        &[
            "run",
            "--from-alert",
            FIRING,
            &other,
            &crash,
            &close,
            "-o",
            "json",
        ],
        "",
    );
    assert_eq!(output.status.code(), Some(3), "no cluster can be reached");
    let told = report(&output);
    assert_eq!(pods(&told), ["shop/web-0", "shop/web-1"]);
    assert_eq!(
        told["run"]["runbook"]["id"], "close",
        "the most specific one"
    );
    assert_eq!(told["run"]["params"]["upstream"], "db");

    let output = housecall(
        &[
            "run",
            "--from-alert",
            ONE_RESOLVED,
            &other,
            "-p",
            "upstream=typed",
            "-o",
            "json",
        ],
        "",
    );
    let told = report(&output);
    assert_eq!(
        told["run"]["runbook"]["id"], "other",
        "named alone, it is taken"
    );
    assert_eq!(told["run"]["params"]["upstream"], "typed");
    assert_eq!(pods(&told), ["shop/web-0"]);
    let note = told["notes"].to_string();
    assert!(note.contains("is resolved, and was passed over"), "{note}");
}

#[test]
fn a_tie_and_an_alert_that_nobody_answers_are_told_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let one = runbook(folder.path(), "one", "alert/alertname: KubePodCrashLooping");
    let two = runbook(folder.path(), "two", "alert/severity: warning");
    let none = runbook(folder.path(), "none", "alert/alertname: Other");
    let output = housecall(&["run", "--from-alert", FIRING, &one, &two], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("one.yaml and ") && stderr(&output).contains("two.yaml alike"),
        "{}",
        stderr(&output)
    );
    let output = housecall(&["run", "--from-alert", FIRING, &none, &none], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("alert/alertname: KubePodCrashLooping"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn each_target_is_examined_once_and_what_names_nobody_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let any = runbook(folder.path(), "any", "");
    let body = alerts(&[
        json!({"alertname": "A", "namespace": "shop", "pod": "web-0"}),
        json!({"alertname": "B", "namespace": "shop", "pod": "web-0"}),
        json!({"alertname": "C", "instance": "10.0.0.1:9100"}),
    ]);
    let output = housecall(&["run", "--from-alert", "-", &any, "-o", "json"], &body);
    let told = report(&output);
    assert_eq!(pods(&told), ["shop/web-0"]);
    assert!(told["notes"].to_string().contains("alert C ("), "{told}");
    let body = alerts(&[json!({"alertname": "C", "pod": "web-0"})]);
    let output = housecall(&["run", "--from-alert", "-", &any], &body);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("add -n NAMESPACE"));
    let output = housecall(
        &["run", "--from-alert", "-", &any, "-n", "shop", "-o", "json"],
        &body,
    );
    assert_eq!(pods(&report(&output)), ["shop/web-0"]);
}

#[test]
fn promise_1_a_label_is_a_value_of_its_param_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let any = runbook(folder.path(), "any", "");
    for value in ["{{target_root}}", "$(id)", "--image=x", "a\nb"] {
        let body = alerts(&[json!({"namespace": "shop", "pod": "web-0", "upstream": value})]);
        let output = housecall(&["run", "--from-alert", "-", &any], &body);
        assert_eq!(output.status.code(), Some(2), "{value}");
        assert!(
            stderr(&output).contains("the param `upstream`"),
            "{}",
            stderr(&output)
        );
    }
    for pod in ["pid:1", "--all-namespaces", "a,b=c"] {
        let body = alerts(&[json!({"namespace": "shop", "pod": pod})]);
        let output = housecall(&["run", "--from-alert", "-", &any], &body);
        assert_eq!(output.status.code(), Some(2), "{pod}");
        assert!(
            stderr(&output).contains("cannot be a name"),
            "{}",
            stderr(&output)
        );
    }
}

#[test]
fn what_cannot_be_one_run_is_refused_with_what_differs() {
    let folder = tempfile::tempdir().unwrap();
    let any = runbook(folder.path(), "any", "");
    let body = alerts(&[
        json!({"namespace": "shop", "pod": "web-0", "upstream": "db"}),
        json!({"namespace": "shop", "pod": "web-1", "upstream": "cache"}),
    ]);
    let output = housecall(&["run", "--from-alert", "-", &any], &body);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("\"db\"") && stderr(&output).contains("\"cache\""));
    let output = housecall(
        &[
            "run",
            "--from-alert",
            "-",
            &any,
            "-p",
            "upstream=db",
            "-o",
            "json",
        ],
        &body,
    );
    assert_eq!(pods(&report(&output)), ["shop/web-0", "shop/web-1"]);
}

#[test]
fn where_no_alert_fires_nobody_is_examined_and_a_wrong_body_names_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let any = runbook(folder.path(), "any", "");
    let body = r#"{"status": "resolved", "alerts": [{"labels": {"pod": "a"}}]}"#;
    let output = housecall(&["run", "--from-alert", "-", &any], body);
    assert_eq!(output.status.code(), Some(4));
    let output = housecall(&["run", "--from-alert", "-", &any, "--allow-none"], body);
    assert_eq!(output.status.code(), Some(0));
    let output = housecall(
        &["run", "--from-alert", "-", &any],
        r#"{"alerts": [{"labels": 1}]}"#,
    );
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("`/alerts/0/labels`"),
        "{}",
        stderr(&output)
    );
    let output = housecall(&["run", "--from-alert", "/nonexistent.json", &any], "");
    assert_eq!(output.status.code(), Some(2));
}
