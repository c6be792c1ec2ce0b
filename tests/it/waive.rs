//! Checks that are known to fail, written down in a file. The real program, on this machine.

use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::cli::housecall_in;

const RUNBOOK: &str = "version: 1\nid: t\ntitle: T\nsteps:\n  - {id: one, sh: 'echo slow', expect: [{id: not-slow, that: 'stdout == \"\"', say: it is slow}]}\n";

fn housecall(folder: &Path, words: &str) -> Output {
    housecall_in(folder, &words.split(' ').collect::<Vec<_>>())
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("t.yaml"), RUNBOOK).unwrap();
    folder
}

const WAIVE: &str = "waive not-slow --reason moved --owner web --until 9999-12-31";

#[test]
fn a_waived_check_is_skipped_with_reason_owner_and_end_in_every_format() {
    let folder = folder();
    let told = housecall(folder.path(), WAIVE);
    assert_eq!(told.status.code(), Some(0), "{told:?}");
    let said = "waived until 9999-12-31 by web: moved (it is slow)";
    for format in [
        "terminal", "json", "jsonl", "junit", "markdown", "html", "tap", "sarif", "github",
    ] {
        let words = format!("run t.yaml local --waivers housecall-waivers.yaml -o {format}");
        let output = housecall(folder.path(), &words);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        // Markdown writes signs of its own as entities.
        let text = [("&#58;", ":"), ("&#40;", "("), ("&#41;", ")")]
            .iter()
            .fold(text, |text, (coded, sign)| text.replace(coded, sign));
        assert!(text.contains(said), "{format}: {text}");
    }
    let words = "run t.yaml local --waivers housecall-waivers.yaml -o prometheus";
    let output = housecall(folder.path(), words);
    let text = String::from_utf8_lossy(&output.stdout);
    let series = r#"housecall_check_waived_targets{runbook="t",cluster="local",check="one/not-slow",severity="error"} 1"#;
    assert!(text.lines().any(|line| line == series), "{text}");
    let unwaived = housecall(folder.path(), "run t.yaml local");
    assert_eq!(unwaived.status.code(), Some(1));
}

#[test]
fn a_waiver_that_is_over_waives_nothing_and_is_told() {
    let folder = folder();
    let text = "waivers: [{check: not-slow, reason: moved, until: 2020-01-01}]\n";
    std::fs::write(folder.path().join("w.yaml"), text).unwrap();
    let output = housecall(folder.path(), "run t.yaml local --waivers w.yaml -o json");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let check = &report["targets"][0]["steps"][0]["checks"][0];
    assert_eq!(
        check["message"],
        "it is slow (its waiver ended on 2020-01-01)"
    );
}

#[test]
fn a_waiver_takes_the_place_of_an_earlier_one_for_its_check_and_leaves_the_others() {
    let folder = folder();
    for words in [
        WAIVE,
        "waive other --reason x --owner y --until 9999-01-01",
        "waive not-slow --reason later --owner web --until 9999-01-02",
    ] {
        assert_eq!(housecall(folder.path(), words).status.code(), Some(0));
    }
    let written = std::fs::read_to_string(folder.path().join("housecall-waivers.yaml")).unwrap();
    let waivers = housecall::runbook::waivers(&written, "w").unwrap();
    let seen: Vec<_> = waivers
        .iter()
        .map(|one| (&*one.check, &*one.reason))
        .collect();
    assert_eq!(seen, [("not-slow", "later"), ("other", "x")]);
}

#[test]
fn a_waiver_that_cannot_be_is_refused_and_nothing_is_written() {
    let folder = folder();
    for (words, told) in [
        (
            "waive not-slow --reason x --owner y --until 2020-01-01",
            "2020-01-01 is over already",
        ),
        (
            "waive a --reason x --owner y --until tomorrow",
            "a day is written like 2027-01-31",
        ),
        (
            "waive NOT --reason x --owner y --until 9999-01-01",
            "there is no check `NOT`",
        ),
        ("waive a --reason x --owner y", "--until"),
        (
            "run t.yaml local --waivers nothing.yaml",
            "failed to read the waivers in nothing.yaml",
        ),
        ("run t.yaml local --waivers t.yaml", "unknown key"),
    ] {
        let output = housecall(folder.path(), words);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(told), "{said}");
    }
    assert!(!folder.path().join("housecall-waivers.yaml").exists());
}

#[test]
fn waivers_outlive_a_full_disk() {
    let folder = folder();
    assert_eq!(housecall(folder.path(), WAIVE).status.code(), Some(0));
    let file = folder.path().join("housecall-waivers.yaml");
    let before = std::fs::read_to_string(&file).unwrap();
    // No file may grow, as on a disk that is full.
    let output = std::process::Command::new("sh")
        .args([
            "-c",
            "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\"",
            env!("CARGO_BIN_EXE_housecall"),
        ])
        .args("waive other --reason x --owner y --until 9999-01-01".split(' '))
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), before);
    let left = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(
        left, 2,
        "nothing is left beside the runbook and the waivers"
    );
}
