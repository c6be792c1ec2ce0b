//! Bundles: what a run packs, and what is made of it afterwards. The real program, on this machine.

use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;

use crate::cli::{housecall_in as housecall, stderr};

const STEPS: &str = r#"
version: 1
id: t
title: T
params:
  key: {type: secret, from: [env: KEY_OF_THE_TEST]}
steps:
  - id: page
    sh: 'read -r key; echo "200 with $key"; echo oops >&2'
    stdin: '{{key}}'
    expect: [{id: up, that: 'stdout.contains("200")'}]
  - id: kept
    collect: [{path: /etc/hostname, name: host}]
"#;

struct Bundled {
    folder: tempfile::TempDir,
    output: Output,
}

impl Bundled {
    /// A run whose bundle and report are in the folder.
    fn of(runbook: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("t.yaml"), runbook).unwrap();
        let words = [
            "run",
            "t.yaml",
            "local",
            "-o",
            "bundle=b.tar.gz",
            "-o",
            "json",
        ];
        let output = housecall(folder.path(), &words);
        Self { folder, output }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn says(&self, words: &[&str]) -> Output {
        housecall(self.folder.path(), words)
    }
}

fn report(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

/// The `name: status` of every check.
fn checks(report: &Value) -> Vec<String> {
    let steps = report["targets"][0]["steps"].as_array().unwrap();
    steps
        .iter()
        .flat_map(|step| step["checks"].as_array().unwrap())
        .map(|check| format!("{}: {}", check["id"], check["status"]).replace('"', ""))
        .collect()
}

fn entries(path: &Path) -> std::collections::BTreeMap<String, Vec<u8>> {
    housecall::archive::read(std::fs::File::open(path).unwrap(), |_| true).unwrap()
}

#[test]
fn a_bundle_holds_report_outputs_events_recording_and_files_under_names_of_ours() {
    let bundled = Bundled::of(STEPS);
    assert_eq!(
        bundled.output.status.code(),
        Some(0),
        "{:?}",
        bundled.output
    );
    let entries = entries(&bundled.path("b.tar.gz"));
    assert_eq!(
        entries.keys().map(String::as_str).collect::<Vec<_>>(),
        [
            "events.jsonl",
            "recording/0001.jsonl",
            "recording/run.json",
            "report.json",
            "targets/0001/01-page.stderr",
            "targets/0001/01-page.stdout",
            "targets/0001/02-kept.file-1",
        ]
    );
    assert_eq!(entries["targets/0001/01-page.stderr"], b"oops\n");
    let hostname = std::fs::read("/etc/hostname").unwrap();
    assert_eq!(entries["targets/0001/02-kept.file-1"], hostname);
    let packed: Value = serde_json::from_slice(&entries["report.json"]).unwrap();
    assert_eq!(packed, report(&bundled.output));
}

#[test]
fn promise_2_no_secret_is_in_any_file_of_a_bundle() {
    let bundled = Bundled::of(STEPS);
    let entries = entries(&bundled.path("b.tar.gz"));
    let page = String::from_utf8_lossy(&entries["targets/0001/01-page.stdout"]).into_owned();
    assert!(page.starts_with("200 with ***"), "{page}");
    for (name, content) in entries {
        let text = String::from_utf8_lossy(&content);
        assert!(!text.contains("correct-horse"), "{name}: {text}");
    }
}

#[test]
fn what_was_recorded_is_judged_again_with_an_edited_runbook_and_replayed_with_none_other() {
    let runbook = STEPS.to_owned();
    let bundled = Bundled::of(&runbook);
    let replayed = bundled.says(&["replay", "b.tar.gz", "-o", "json"]);
    assert_eq!(replayed.status.code(), Some(0), "{replayed:?}");
    assert_eq!(
        report(&replayed)["targets"][0]["steps"],
        report(&bundled.output)["targets"][0]["steps"]
    );
    let edited = runbook.replace("contains(\"200\")", "contains(\"500\")");
    std::fs::write(bundled.path("t.yaml"), &edited).unwrap();
    std::fs::write(bundled.path("other.yaml"), &runbook).unwrap();
    let judged = bundled.says(&["judge", "b.tar.gz", "-o", "json"]);
    assert_eq!(judged.status.code(), Some(1), "{judged:?}");
    assert_eq!(checks(&report(&judged)), ["up: fail"]);
    let words = ["judge", "b.tar.gz", "--runbook", "other.yaml", "-o", "json"];
    let judged = bundled.says(&words);
    assert_eq!(judged.status.code(), Some(0), "{judged:?}");
    let replayed = bundled.says(&["replay", "b.tar.gz"]);
    assert_eq!(replayed.status.code(), Some(2));
    assert!(stderr(&replayed).contains("t.yaml has changed since the run"));
    std::fs::remove_file(bundled.path("t.yaml")).unwrap();
    let judged = bundled.says(&["judge", "b.tar.gz"]);
    assert_eq!(judged.status.code(), Some(2));
    assert!(stderr(&judged).contains("the runbook t.yaml, which is not here"));
}

#[test]
fn promise_4_what_was_not_asked_then_cannot_be_judged_now() {
    let bundled = Bundled::of(STEPS.split("  - id: kept").next().unwrap());
    let more = STEPS.to_owned();
    std::fs::write(bundled.path("t.yaml"), more).unwrap();
    let judged = bundled.says(&["judge", "b.tar.gz", "-o", "json"]);
    assert_eq!(judged.status.code(), Some(5), "{judged:?}");
    let reported = report(&judged);
    assert_eq!(checks(&reported)[0], "up: pass");
    assert_eq!(reported["targets"][0]["steps"][1]["status"], "unreachable");
}

#[test]
fn a_bundle_is_rendered_as_the_report_in_it_and_holds_no_recording_when_rendered() {
    let bundled = Bundled::of(STEPS);
    let rendered = bundled.says(&["render", "b.tar.gz", "-o", "json", "-o", "bundle=c.tar.gz"]);
    assert_eq!(rendered.stdout, bundled.output.stdout);
    let judged = bundled.says(&["judge", "c.tar.gz"]);
    assert_eq!(judged.status.code(), Some(2));
    assert!(stderr(&judged).contains("holds no recording"));
    let first = std::fs::read(bundled.path("c.tar.gz")).unwrap();
    bundled.says(&["render", "b.tar.gz", "-o", "bundle=c.tar.gz"]);
    assert_eq!(std::fs::read(bundled.path("c.tar.gz")).unwrap(), first);
}

#[test]
fn what_is_no_bundle_is_told_with_exit_2() {
    let bundled = Bundled::of(STEPS);
    let whole = std::fs::read(bundled.path("b.tar.gz")).unwrap();
    std::fs::write(bundled.path("cut.tar.gz"), &whole[..whole.len() / 2]).unwrap();
    for (words, told) in [
        (
            ["judge", "cut.tar.gz"],
            "cut.tar.gz is cut short or damaged",
        ),
        (
            ["render", "cut.tar.gz"],
            "cut.tar.gz is cut short or damaged",
        ),
        (["judge", "t.yaml"], "t.yaml is no bundle: it is no tar.gz"),
        (["replay", "nothing"], "failed to read the bundle nothing"),
    ] {
        let output = bundled.says(&words);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(stderr(&output).contains(told), "{output:?}");
    }
}
