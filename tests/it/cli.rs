//! The command line as a user meets it, on the real program, without a cluster.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// Runs the program where no cluster can be reached: whatever it would send, it could not.
pub(crate) fn housecall(words: &[&str]) -> Output {
    command(words).output().unwrap()
}

/// The same in a folder.
pub(crate) fn housecall_in(folder: &Path, words: &[&str]) -> Output {
    command(words).current_dir(folder).output().unwrap()
}

fn command(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_housecall"));
    command
        .args(words)
        .env("KUBECONFIG", "/nonexistent/kubeconfig")
        .env("KEY_OF_THE_TEST", "correct-horse-battery")
        .env_remove("HOUSECALL_IMAGE");
    command
}

pub(crate) fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub(crate) fn written(folder: &Path, text: &str) -> String {
    let path = folder.join("runbook.yaml");
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn what_is_wrong_with_the_command_line_is_told_at_once_and_is_exit_2() {
    let output = housecall(&[
        "run",
        "smoke/web",
        "pod/Web",
        "dploy/x",
        "-p",
        "port=99999",
        "-p",
        "colour=red",
        "--image",
        "not an image",
    ]);
    assert_eq!(code(&output), 2);
    let text = stderr(&output);
    for part in ["`Web`", "did you mean `deploy`?", "99999", "colour"] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
    assert!(output.stdout.is_empty());
}

#[test]
fn a_word_that_is_no_runbook_names_the_near_one() {
    let output = housecall(&["run", "smoke/wbe", "pod/web"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("smoke/web"), "{}", stderr(&output));
}

#[test]
fn two_reports_in_one_file_are_usage_however_its_path_is_written() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("in")).unwrap();
    std::os::unix::fs::symlink("in", folder.path().join("link")).unwrap();
    let runbook = "version: 1\nid: t\ntitle: T\nsteps: [{id: a, run: ['true']}]\n";
    std::fs::write(folder.path().join("t.yaml"), runbook).unwrap();
    let run = |one: &str, other: &str| {
        let (one, other) = (format!("json={one}"), format!("tap={other}"));
        let words = ["run", "t.yaml", "local", "-o", &one, "-o", &other];
        code(&housecall_in(folder.path(), &words))
    };
    let whole = folder.path().join("x").display().to_string();
    for (one, other) in [("x", "x"), ("x", "./x"), ("x", &whole), ("in/x", "link/x")] {
        assert_eq!(run(one, other), 2, "{one} {other}");
        assert!(!Path::new(&whole).exists(), "nothing is written");
    }
    assert_eq!(run("x", "y"), 0);
}

#[test]
fn a_run_without_a_target_or_with_two_reports_on_stdout_is_usage() {
    assert_eq!(code(&housecall(&["run", "smoke/web"])), 2);
    let both = housecall(&["run", "smoke/web", "local", "-o", "json", "-o", "terminal"]);
    assert_eq!(code(&both), 2);
    assert!(stderr(&both).contains("stdout"));
    assert_eq!(
        code(&housecall(&["run", "smoke/web", "local", "-o", "jsno"])),
        2
    );
}

#[test]
fn a_broken_runbook_shows_every_mistake_with_its_place_and_fix() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(
        folder.path(),
        "version: 1\nid: x\ntitle: X\nsteps:\n  - id: a\n    run: [echo]\n    timeot: 5s\n  - id: b\n    run: [echo]\n    timeout: 90\n",
    );
    for verb in ["lint", "run"] {
        let mut words = vec![verb, &path];
        if verb == "run" {
            words.push("local");
        }
        let output = housecall(&words);
        assert_eq!(code(&output), 2, "{verb}");
        let text = stderr(&output);
        for part in [
            "runbook.yaml:7:5",
            "unknown key `timeot`",
            "`timeout`",
            "runbook.yaml:10:",
            "90",
        ] {
            assert!(text.contains(part), "{verb}: {part} is missing in\n{text}");
        }
    }
}

#[test]
fn a_report_that_cannot_be_written_is_told_before_anything_is_asked() {
    let output = housecall(&[
        "run",
        "smoke/web",
        "local",
        "-o",
        "json=/nonexistent/report.json",
    ]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("/nonexistent/report.json"));
}

#[test]
fn promise_3_a_full_disk_is_said_for_every_format_and_is_no_success_and_the_session_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let text = "version: 1\nid: t\ntitle: T\nsteps:\n  - {id: one, run: [echo, x]}\n";
    let runbook = written(folder.path(), text);
    for (_, format) in housecall::render::Format::WORDS {
        let full = format!("{format}=/dev/full");
        let mut words = vec!["run", &runbook, "local", "-o", &full];
        let json = *format != "json";
        if json {
            words.extend(["-o", "json"]);
        }
        let output = housecall(&words);
        assert_eq!(code(&output), 3, "{output:?}");
        assert!(stderr(&output).contains("No space left"), "{output:?}");
        if json {
            let report: Value = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!(report["targets"][0]["attach"]["proven"], true, "{format}");
        }
    }
}

#[test]
fn without_a_kubeconfig_a_pod_cannot_be_asked_and_the_report_says_so() {
    let output = housecall(&["run", "smoke/web", "pod/web", "-o", "json"]);
    assert_eq!(code(&output), 3, "{}", stderr(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["schema"], "housecall.report/1");
    assert_eq!(report["targets"][0]["status"], "error");
    assert!(report["targets"][0]["attach"].is_null());
    let reason = report["targets"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("kubeconfig"), "{reason}");
}

#[test]
fn the_demo_finds_the_fault_of_its_patient_and_leaves_nothing_running() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.json");
    let output = housecall(&[
        "demo",
        "-o",
        "terminal",
        "-o",
        &format!("json={}", path.display()),
    ]);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    let report: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let steps = report["targets"][0]["steps"].as_array().unwrap();
    let connections = steps
        .iter()
        .find(|step| step["id"] == "connections")
        .unwrap();
    assert_eq!(connections["status"], "fail");
    // Its leaks, and now and then one that it has answered and is about to close.
    assert!(connections["facts"]["close_wait"].as_u64() >= Some(12));
    let patient = report["targets"][0]["target"]["pid"].as_u64().unwrap();
    assert!(!Path::new(&format!("/proc/{patient}")).exists());
    assert!(String::from_utf8_lossy(&output.stdout).contains("CLOSE_WAIT"));
}

#[test]
fn the_demo_writes_its_page_and_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_housecall"))
        .arg("demo")
        .env("TMPDIR", folder.path())
        .output()
        .unwrap();
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    let said = stderr(&output);
    let path = said.split("file://").nth(1).unwrap().trim();
    assert_eq!(Path::new(path).parent(), Some(folder.path()));
    let page = std::fs::read_to_string(path).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.contains("CLOSE_WAIT"));
    assert!(String::from_utf8_lossy(&output.stdout).contains("CLOSE_WAIT"));
}

#[test]
fn the_event_log_folds_into_the_same_report() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let runbook = written(
        folder.path(),
        "version: 1\nid: x\ntitle: X\nsteps:\n  - {id: a, run: [echo, hello]}\n",
    );
    let output = housecall(&[
        "run",
        &runbook,
        "local",
        "-o",
        "terminal",
        "-o",
        &format!("json={}", at("r.json")),
        "-o",
        &format!("jsonl={}", at("e.jsonl")),
    ]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let events: Vec<housecall::report::Event> = std::fs::read_to_string(at("e.jsonl"))
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let report: housecall::report::Report =
        serde_json::from_slice(&std::fs::read(at("r.json")).unwrap()).unwrap();
    assert_eq!(housecall::report::fold(&events), report);
}

#[test]
fn list_show_and_completions_need_nothing() {
    let list = housecall(&["list"]);
    assert!(String::from_utf8_lossy(&list.stdout).contains("smoke/web"));
    let show = housecall(&["show", "smoke/web"]);
    assert!(String::from_utf8_lossy(&show.stdout).contains("no-leaked-connections"));
    let script = housecall(&["completions", "bash"]);
    assert!(String::from_utf8_lossy(&script.stdout).contains("housecall"));
    for output in [list, show, script] {
        assert_eq!(code(&output), 0);
    }
}

#[test]
fn promise_8_the_printed_role_is_what_the_plan_needs_and_no_more() {
    let output = housecall(&[
        "plan",
        "smoke/web",
        "pod/web",
        "-n",
        "shop",
        "--rbac",
        "yaml",
    ]);
    assert_eq!(code(&output), 0);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (required, optional) = text.split_once("# Optional").unwrap();
    for resource in ["\"pods\"", "\"pods/ephemeralcontainers\"", "\"pods/exec\""] {
        assert!(required.contains(resource), "{text}");
    }
    assert!(!required.contains("events\"]"));
    assert!(optional.contains("\"events\""));
    assert!(text.contains("housecall/optional"));
    for refused in ["delete", "update", "secrets", "\"*\""] {
        assert!(!text.contains(refused), "{refused}");
    }
}

#[test]
fn on_this_machine_there_is_no_kubernetes_to_read_and_that_is_no_pass() {
    let folder = tempfile::tempdir().unwrap();
    let book = written(
        folder.path(),
        "version: 1\nid: own\ntitle: T\nsteps:\n  - {id: pod, kube: {object: pod}}\n  - {id: rest, pause: 10ms}\n",
    );
    let output = housecall(&["run", &book, "local", "-o", "json"]);
    assert_eq!(code(&output), 5, "{}", stderr(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let steps = &report["targets"][0]["steps"];
    assert_eq!(steps[0]["status"], "unavailable");
    assert!(
        steps[0]["reason"]
            .as_str()
            .unwrap()
            .contains("no Kubernetes")
    );
    assert_eq!(steps[1]["status"], "pass");
}

#[test]
fn collected_files_are_written_to_a_folder_and_a_report_holds_only_their_digests() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.bin"), b"a\0\xffunlikely words").unwrap();
    std::fs::write(folder.path().join("b.txt"), "colour=green\n").unwrap();
    let root = folder.path().canonicalize().unwrap();
    let root = root.to_str().unwrap();
    let book = written(
        folder.path(),
        &format!(
            "version: 1\nid: own\ntitle: T\nsteps:\n  - id: files\n    collect:\n      - {{glob: '{root}/*.bin', name: bins/}}\n      \
             - {{path: '{root}/b.txt', name: b.txt, fact: settings}}\n      - {{path: /no/such, optional: true}}\n    \
             expect: [{{id: green, that: 'settings.contains(\"green\")'}}, {{id: both, that: files.len() == 2}}]\n"
        ),
    );
    let kept = folder.path().join("kept");
    let words = ["run", &book, "local", "-o", "json", "--artifacts"];
    let output = housecall(&[&words[..], &[kept.to_str().unwrap()]].concat());
    assert_eq!(
        code(&output),
        0,
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    let read = |name: &str| std::fs::read(kept.join("local/files").join(name)).unwrap();
    assert_eq!(read("bins/a.bin"), b"a\0\xffunlikely words");
    assert_eq!(read("b.txt"), b"colour=green\n");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.contains("unlikely"), "{text}");
    let report: Value = serde_json::from_str(&text).unwrap();
    let artifacts = &report["targets"][0]["steps"][0]["artifacts"];
    assert_eq!(artifacts[0]["name"], "b.txt");
    assert_eq!(artifacts[1]["bytes"], 17);
    assert_eq!(artifacts[1]["sha256"].as_str().unwrap().len(), 64);
}

#[test]
fn promise_7_a_program_that_holds_more_than_a_diagnosis_needs_is_stopped_and_its_target_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("held.rhai");
    // Each value is within its bounds; all of them together are 2.5 GiB.
    let held = "const RUNBOOK = #{ version: 1, id: \"held\", title: \"Holds much\" };
        fn hold(deep, text) {
            let a = text + 1; let b = text + 2; let c = text + 3; let d = text + 4; let e = text + 5;
            let f = text + 6; let g = text + 7; let h = text + 8; let i = text + 9; let j = text + 0;
            if deep > 0 { hold(deep - 1, text); }
            a.len() + b.len()
        }
        fn main(p) {
            run(\"one\", [\"true\"]);
            let text = \"x\";
            for turn in 0..23 { text += text; }
            hold(30, text);
        }";
    std::fs::write(&path, held).unwrap();
    let output = housecall(&["run", path.to_str().unwrap(), "local", "-q", "-o", "json"]);
    assert_eq!(code(&output), 5, "{}", stderr(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let reason = report["targets"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("grown by more than 1024 MiB"), "{reason}");
    assert_eq!(report["targets"][0]["steps"][0]["status"], "pass");
}
