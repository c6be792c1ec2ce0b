//! The verbs that need no target, on the real program: lint, new, schema, docs, list and show.

use serde_json::Value;

use super::cli::{code, housecall, stderr, written};
use std::process::Output;

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn many_files_and_folders_are_linted_at_once() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("deep")).unwrap();
    let broken = "version: 1\nid: x\ntitle: X\nsteps:\n  - id: a\n    run: [ls]\n    timeot: 5s\n";
    let odd =
        "version: 1\nid: x\ntitle: X\nparams: {p: {type: bool}}\nsteps:\n  - {id: a, run: [ls]}\n";
    for (name, text) in [
        ("a b.yaml", broken),
        ("deep/b.yml", odd),
        ("deep/c.txt", "no"),
    ] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let path = folder.path().to_str().unwrap();
    let output = housecall(&["lint", path, "smoke/web", "gone/x", "--format", "json"]);
    assert_eq!(code(&output), 2);
    assert!(output.stderr.is_empty());
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["schema"], "housecall.lint/1");
    assert_eq!(
        told["summary"],
        serde_json::json!({"files": 4, "unread": 1, "errors": 1, "warnings": 1})
    );
    let one = &told["files"][0]["diagnostics"][0];
    assert_eq!((&one["line"], &one["column"]), (&7.into(), &5.into()));
    assert!(one["fix"].as_str().unwrap().contains("timeout"));
    assert!(
        told["files"][3]["unread"]
            .as_str()
            .unwrap()
            .contains("gone/x")
    );

    let output = housecall(&["lint", path, "gone/x"]);
    assert_eq!(code(&output), 2);
    for part in ["a b.yaml:7:5", "gone/x"] {
        assert!(stderr(&output).contains(part), "{part}");
    }
    assert_eq!(
        code(&housecall(&["lint", "--format", "json", "smoke/web"])),
        0
    );
    let none = tempfile::tempdir().unwrap();
    assert_eq!(
        code(&housecall(&["lint", none.path().to_str().unwrap()])),
        2
    );
}

/// The structure is that of SARIF 2.1.0, sections 3.13 to 3.30: what is required there is here.
#[test]
fn sarif_tells_each_complaint_with_its_rule_its_place_and_its_level() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a b.yaml");
    std::fs::write(&path, "version: 2\nid: x\ntitle: é\nsteps: 5\n").unwrap();
    let output = housecall(&[
        "lint",
        "--format",
        "sarif",
        path.to_str().unwrap(),
        "gone/x",
    ]);
    assert_eq!(code(&output), 2);
    let log: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    assert_eq!(run["tool"]["driver"]["name"], "housecall");
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    let rules: Vec<_> = run["tool"]["driver"]["rules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| &rule["id"])
        .collect();
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 3);
    for result in results {
        assert!(rules.contains(&&result["ruleId"]));
        assert_eq!(result["level"], "error");
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
    }
    let place = |at: usize| &results[at]["locations"][0]["physicalLocation"];
    let uri = place(0)["artifactLocation"]["uri"].as_str().unwrap();
    assert!(
        uri.starts_with("file:///") && uri.ends_with("/a%20b.yaml"),
        "{uri}"
    );
    assert_eq!(
        place(0)["region"],
        serde_json::json!({"startLine": 1, "startColumn": 10, "endColumn": 11})
    );
    assert_eq!(place(2)["artifactLocation"]["uri"], "gone/x");
    assert!(place(2)["region"].is_null());
}

#[test]
fn a_command_line_becomes_a_file_that_lints_and_is_never_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new.yaml").display().to_string();
    let made = housecall(&[
        "new", "-o", &path, "--", "grep", "-c", "it's", "x: y", "--port", "81",
    ]);
    assert_eq!(code(&made), 0, "{}", stderr(&made));
    assert!(made.stdout.is_empty());
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(
        written.contains("run: [grep, -c, 'it''s', 'x: y', --port, '{{port}}']"),
        "{written}"
    );
    let lint = housecall(&["lint", &path]);
    assert_eq!((code(&lint), stderr(&lint)), (0, String::new()));

    let again = housecall(&["new", "-o", &path, "--", "ls"]);
    assert_eq!(code(&again), 2);
    assert!(stderr(&again).contains("is left as it is"));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), written);
    let shown = housecall(&["new", "--", "curl", "-sf", "localhost:8080/healthz"]);
    assert!(
        stdout(&shown).contains("localhost:{{port}}/healthz"),
        "{}",
        stdout(&shown)
    );
    assert_eq!(code(&housecall(&["new", "--", ""])), 2);
    assert_eq!(code(&housecall(&["new"])), 2);
}

#[test]
fn the_schema_and_the_language_are_printed() {
    let schema: Value = serde_json::from_slice(&housecall(&["schema"]).stdout).unwrap();
    assert_eq!(schema, housecall::runbook::schema());
    let kinds = housecall(&["docs", "--kinds"]);
    assert_eq!(stdout(&kinds), housecall::runbook::reference());
    assert_eq!(code(&housecall(&["docs"])), 2);
}

#[test]
fn the_docs_of_a_runbook_tell_its_params_checks_container_rights_and_exit_codes() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(
        folder.path(),
        "version: 1\nid: x\ntitle: 'A | B'\ndoc: |\n  Goal: *this*.\nattach: {image: 'tools:1', needs: {tools: [curl]}, deadline: 90s}\n\
         params:\n  port: {type: int, default: 80, max: 99, doc: 'a | port'}\n  wait: {type: duration, default: 90s}\n  name: {type: string, required: true}\n\
         steps:\n  - id: one\n    when: wait > 1.0\n    run: [curl, '{{name}}:{{port}}']\n    timeout: 5s\n    expect:\n\
         \x20     - {id: up, that: 'exit == 0 || exit == 7', severity: critical, say: 'it ended with {{exit}}', hint: look there}\n\
         \x20 - {id: two, file: {path: '/etc/{{name}}', max: 2KiB}}\n",
    );
    let output = housecall(&["docs", &path]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let text = stdout(&output);
    for part in [
        "# A | B\n",
        " pod/NAME -p name=VALUE\n",
        "Goal: *this*.",
        "| `port` | int up to 99 | `80` | a \\| port |",
        "| `wait` | duration | `1m30s` |  |",
        "| `name` | string | must be given |  |",
        "It may take 5s; it is asked only when `wait > 1.0` holds.",
        "```sh\ncurl {{name}}:{{port}}\n```",
        "- `path`: `/etc/{{name}}`\n- `max`: `2KiB`\n",
        "| `up` | critical | `exit == 0 \\|\\| exit == 7` | it ended with {{exit}} | look there |",
        "- image: `tools:1`",
        "lives at most 1m30s",
        "- the image must have `curl`",
        "| patch | pods/ephemeralcontainers |",
        "| 130 | interrupted |",
    ] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
    let both = housecall(&["docs", "gone", &path, "smoke/wbe"]);
    assert_eq!(code(&both), 2);
    assert!(stderr(&both).contains("gone") && stderr(&both).contains("smoke/web"));
}

#[test]
fn list_and_show_speak_to_programs_too() {
    let list: Value = serde_json::from_slice(&housecall(&["list", "-o", "json"]).stdout).unwrap();
    let web = list
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["name"] == "smoke/web")
        .unwrap();
    assert_eq!(web["id"], "web-smoke");
    let show = housecall(&["show", "smoke/web", "-o", "json"]);
    let show: Value = serde_json::from_slice(&show.stdout).unwrap();
    assert_eq!(show["params"][0]["default"], 80);
    assert_eq!(show["steps"][0]["checks"][0]["id"], "http-up");
}

#[test]
fn the_tests_of_a_whole_folder_are_tried_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let head = "version: 1\nid: x\ntitle: X\nsteps: [{id: a, run: [a]}]\n";
    put("part.yaml", head);
    put(
        "deep/good.yaml",
        &format!("{head}tests: [{{name: n, given: {{a: {{exit: 0}}}}, expect: {{a: pass}}}}]\n"),
    );
    put("lib/shared.rhai", "fn half(n) { n / 2 }\n");
    let path = folder.path().to_str().unwrap();
    let output = housecall(&["test", path]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let told = stdout(&output);
    assert!(told.contains("1 tests: 1 ok, 0 failed"), "{told}");
    assert!(told.contains("part.yaml\n  no tests"), "{told}");
    assert!(!told.contains("shared.rhai"), "{told}");
    // One that is named, and a folder of nothing else, are no tests at all.
    let part = format!("{path}/part.yaml");
    assert_eq!(code(&housecall(&["test", &part])), 2);
    let whole = concat!(env!("CARGO_MANIFEST_DIR"), "/runbooks");
    for verb in ["test", "lint"] {
        let output = housecall(&[verb, whole]);
        assert_eq!(code(&output), 0, "{verb}: {}", stderr(&output));
    }
    let folder = housecall(&["run", path, "local"]);
    assert_eq!(code(&folder), 2);
    assert!(
        stderr(&folder).contains("is a folder"),
        "{}",
        stderr(&folder)
    );
}
