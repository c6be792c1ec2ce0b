//! A saved run made again: `rerun`. The real program, on this machine.

use serde_json::Value;

use crate::cli::housecall_in as housecall;

const RUNBOOK: &str = "version: 1
id: t
title: T
params:
  name: {type: string, default: nobody}
  key: {type: secret, from: [env: KEY_OF_THE_TEST]}
steps:
  - {id: who, sh: 'read -r key; echo \"$name $key\"', stdin: '{{key}}', expect: [{id: is-web, that: 'stdout.contains(\"web\")'}]}
  - {id: there, sh: 'test -f ./there'}
";

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let there = folder.path().join("there");
    let runbook = RUNBOOK.replace("./there", there.to_str().unwrap());
    std::fs::write(folder.path().join("t.yaml"), runbook).unwrap();
    folder
}

#[test]
fn what_failed_is_run_again_with_its_runbook_params_and_target_until_nothing_fails() {
    let folder = folder();
    let first = [
        "run",
        "t.yaml",
        "local",
        "-p",
        "name=web",
        "-o",
        "json=a.json",
    ];
    assert_eq!(housecall(folder.path(), &first).status.code(), Some(1));
    std::fs::write(folder.path().join("there"), "").unwrap();
    let again = ["rerun", "--failed", "a.json", "-o", "json=b.json"];
    let output = housecall(folder.path(), &again);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let report = std::fs::read(folder.path().join("b.json")).unwrap();
    let report: Value = serde_json::from_slice(&report).unwrap();
    assert_eq!(report["run"]["params"]["name"], "web");
    assert_eq!(report["targets"][0]["status"], "pass");
    let none = housecall(folder.path(), &["rerun", "--failed", "b.json"]);
    assert_eq!(none.status.code(), Some(0), "{none:?}");
    assert_eq!(none.stderr, b"none of the 1 targets failed\n");
    let all = housecall(
        folder.path(),
        &["rerun", "b.json", "-p", "name=other", "-o", "json"],
    );
    assert_eq!(all.status.code(), Some(1), "{all:?}");
}

#[test]
fn a_report_whose_runbook_is_gone_or_that_is_none_is_exit_2() {
    let folder = folder();
    housecall(
        folder.path(),
        &["run", "t.yaml", "local", "-o", "json=a.json"],
    );
    let none = housecall(folder.path(), &["rerun", "t.yaml"]);
    assert_eq!(none.status.code(), Some(2), "{none:?}");
    std::fs::remove_file(folder.path().join("t.yaml")).unwrap();
    let gone = housecall(folder.path(), &["rerun", "a.json"]);
    assert_eq!(gone.status.code(), Some(2), "{gone:?}");
    assert!(
        String::from_utf8_lossy(&gone.stderr).contains("t.yaml"),
        "{gone:?}"
    );
}

#[test]
fn targets_of_several_namespaces_are_run_again_each_in_its_own() {
    let folder = folder();
    let first = ["run", "t.yaml", "local", "-o", "json=a.json"];
    housecall(folder.path(), &first);
    let path = folder.path().join("a.json");
    let mut report: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let local = report["targets"][0].clone();
    let target = |namespace: &str, pod: &str, status: &str| {
        let mut target = local.clone();
        target["target"]["kind"] = "pod".into();
        target["target"]["namespace"] = namespace.into();
        target["target"]["pod"] = pod.into();
        target["status"] = status.into();
        target
    };
    let mut unfound = target("shop", "gone", "error");
    unfound["target"]["owner"] = "deployment/gone".into();
    let targets = [
        target("shop", "web", "fail"),
        target("shop", "well", "pass"),
        target("mail", "web", "error"),
        unfound,
    ];
    report["targets"] = Vec::from(targets).into();
    std::fs::write(&path, report.to_string()).unwrap();
    // No cluster answers: whom it would have asked stands in the report all the same.
    let again = |more: &[&str]| {
        let words = [
            &[
                "rerun",
                "--failed",
                "a.json",
                "--kubeconfig",
                "none",
                "-o",
                "json",
            ],
            more,
        ]
        .concat();
        let output = housecall(folder.path(), &words);
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let whom = report["targets"].as_array().unwrap().iter();
        let whom = whom.map(|target| {
            let who = &target["target"];
            [&who["namespace"], &who["pod"], &who["owner"]]
                .map(|word| word.as_str().unwrap_or("-").to_owned())
        });
        whom.map(|words| words.join(" ")).collect::<Vec<_>>()
    };
    assert_eq!(
        again(&[]),
        ["shop web -", "mail web -", "shop gone deployment/gone"]
    );
    assert_eq!(
        again(&["-n", "other"]),
        ["other web -", "other gone deployment/gone"]
    );
}
