//! What a run holds of an output: its cap, and never all that a patient writes. Of the real program, as the kernel counts it.

use std::io::Read;
use std::process::{Command, Stdio};

/// What a run may hold of an output beyond that of a small one, KiB: some copies of both caps, and no hundredth of 100 MB for each.
const MORE: u64 = 24 * 1024;

/// The most that the program has held, KiB, when it has made its report of a step that runs this script.
///
/// Its JSON goes to a pipe that is read when the rest is written: with some of it there and some not, it is still there to be looked at.
fn held(script: &str) -> u64 {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let script = format!("seq 1 20000; {script}");
    let runbook = serde_json::json!({
        "version": 1, "id": "m", "title": "M",
        "steps": [{
            "id": "a", "sh": script, "timeout": "5m",
            "capture": {"last": {"regex": "(?<last>[a-z]+)", "default": {"last": ""}}},
            "expect": [{"id": "none", "that": "stdout == \"\"", "say": "it says {{stdout}}"}],
        }],
    });
    std::fs::write(at("m.yaml"), runbook.to_string()).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_housecall"));
    command.args(["run", &at("m.yaml"), "local", "-q"]);
    for format in [
        "terminal",
        "jsonl",
        "junit",
        "markdown",
        "html",
        "tap",
        "sarif",
        "prometheus",
        "github",
        "bundle",
    ] {
        command.args(["-o", &format!("{format}={}", at(format))]);
    }
    let mut child = command
        .args(["-o", "json"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = child.stdout.take().unwrap();
    let mut first = [0];
    out.read_exact(&mut first).unwrap();
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let mut rest = Vec::new();
    out.read_to_end(&mut rest).unwrap();
    // What a pipe holds is less: it was still writing.
    assert!(
        rest.len() > 128 * 1024,
        "{}",
        String::from_utf8_lossy(&rest)
    );
    assert!(std::fs::metadata(at("html")).unwrap().len() > 0);
    child.wait().unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn promise_7_a_hostile_output_of_100_mb_is_never_held_beyond_its_cap() {
    let small = held("true");
    for script in [
        "head -c 100000000 /dev/zero",
        "yes password=x | head -c 100000000",
        "yes '{\"kind\":\"Secret\",\"data\":{\"a\":\"x' | tr -d '\\n' | head -c 100000000 | tee /dev/stderr",
    ] {
        let hostile = held(script);
        assert!(
            hostile < small + MORE,
            "{script}: {hostile} KiB, and {small} KiB of a small output"
        );
    }
}
