//! Saved reports on the real program: rendered again, and refused where they are none.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::cli::{code, housecall, stderr};
use super::render::{bytes, report, written};
use housecall::render::{Format, Look};

/// The report of the snapshots, as a file in this folder.
fn saved(folder: &Path, name: &str, format: Format) -> String {
    let path = folder.join(name);
    std::fs::write(&path, written(format, &report(), Look::default())).unwrap();
    path.to_str().unwrap().to_owned()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn a_saved_report_and_saved_events_are_rendered_as_the_run_itself_would_have() {
    let folder = tempfile::tempdir().unwrap();
    let json = saved(folder.path(), "report.json", Format::Json);
    let lines = saved(folder.path(), "events.jsonl", Format::Jsonl);
    for path in [&json, &lines] {
        for (format, word) in Format::WORDS {
            let output = housecall(&["render", path, "-o", word]);
            assert_eq!(code(&output), 0, "{}", stderr(&output));
            assert!(output.stdout == bytes(*format, &report(), Look::default()));
            assert!(output.stderr.is_empty());
        }
    }
    // Over itself, and beside.
    let over = format!("json={json}");
    let beside = format!("jsonl={}", folder.path().join("again.jsonl").display());
    let output = housecall(&["render", &json, "-o", &over, "-o", &beside]);
    assert_eq!((code(&output), stdout(&output)), (0, String::new()));
    for (path, format) in [
        ("report.json", Format::Json),
        ("again.jsonl", Format::Jsonl),
    ] {
        let text = std::fs::read_to_string(folder.path().join(path)).unwrap();
        assert_eq!(text, written(format, &report(), Look::default()));
    }
}

#[test]
fn a_report_comes_over_stdin_too() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_housecall"))
        .args(["render", "-", "-o", "json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let text = written(Format::Jsonl, &report(), Look::default());
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(code(&output), 0);
    assert_eq!(
        stdout(&output),
        written(Format::Json, &report(), Look::default())
    );
}

#[test]
fn what_is_no_report_is_exit_2_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let whole = written(Format::Json, &report(), Look::default());
    let kept = folder.path().join("kept.json");
    std::fs::write(&kept, "kept").unwrap();
    let to = format!("json={}", kept.display());
    for (text, told) in [
        (
            whole.replacen("report/1", "report/2", 1),
            "newer schema housecall.report/2",
        ),
        (whole[..whole.len() / 2].to_owned(), "cut short"),
        ("version: 1\x1b[2J\n".to_owned(), "is no report"),
        (String::new(), "is empty"),
    ] {
        let path = folder.path().join("it\x1b[2J.json");
        std::fs::write(&path, text).unwrap();
        let output = housecall(&["render", path.to_str().unwrap(), "-o", &to]);
        assert_eq!(code(&output), 2);
        let said = stderr(&output);
        assert!(said.contains(told) && said.contains("help: "), "{said}");
        assert!(!said.contains('\x1b'), "{said}");
        assert!(output.stdout.is_empty());
    }
    let output = housecall(&["render", "/nonexistent/report.json"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("/nonexistent/report.json"));
    assert_eq!(std::fs::read_to_string(&kept).unwrap(), "kept");
}

/// The passing report as one of a later run, over other pods.
fn shard(run: &str, pod: &str) -> housecall::report::Report {
    let mut report = super::render::passing();
    report.run.id = run.into();
    report.targets[0].target.pod = Some(pod.into());
    report.targets[0].target.uid = Some(format!("uid-of-{pod}"));
    report
}

#[test]
fn reports_of_shards_are_joined_and_what_cannot_be_is_told_whole() {
    let folder = tempfile::tempdir().unwrap();
    let keep = |name: &str, report: &housecall::report::Report| {
        let path = folder.path().join(name);
        std::fs::write(&path, written(Format::Json, report, Look::default())).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let a = keep("a.json", &shard("a", "web-7"));
    let b = keep("b.json", &shard("b", "web-8"));
    let all = keep("all.json", &report());
    let output = housecall(&["merge", &a, &b, "-o", "json"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let whole = housecall::report::read(&output.stdout, "stdout").unwrap();
    assert_eq!(whole.summary.targets.pass, 2);
    // As the whole says, and no part alone.
    let output = housecall(&["merge", &a, &all, "-o", "tap"]);
    assert_eq!(code(&output), 6, "{}", stderr(&output));
    assert!(stdout(&output).contains("shop/web-7 http/http-up"));

    let mut other = shard("c", "web-9");
    other.run.runbook.digest = "sha256:ff".into();
    let other = keep("other.json", &other);
    let output = housecall(&["merge", &a, &other]);
    assert_eq!((code(&output), stdout(&output)), (2, String::new()));
    assert!(stderr(&output).contains("different runbooks"));
    let broken = folder.path().join("broken.json");
    std::fs::write(&broken, "{\"schema\":").unwrap();
    let output = housecall(&["merge", &a, broken.to_str().unwrap(), "/nonexistent/r.json"]);
    assert_eq!(code(&output), 2);
    for part in ["broken.json", "cut short", "/nonexistent/r.json"] {
        assert!(stderr(&output).contains(part), "{}", stderr(&output));
    }
}
