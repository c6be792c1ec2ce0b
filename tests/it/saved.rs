//! Saved reports on the real program: rendered again, and refused where they are none.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::cli::{code, housecall, stderr};
use super::render::{report, written};
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
            assert_eq!(
                stdout(&output),
                written(*format, &report(), Look::default())
            );
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
