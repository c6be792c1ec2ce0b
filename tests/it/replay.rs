//! Tests that a runbook carries, and runs that are played back: the real program and the library, without a cluster.

use std::path::Path;
use std::process::{Command, Output};

use housecall::engine::trial;
use housecall::report::Verdict;
use housecall::runbook::Runbook;
use serde_json::Value;

const STEPS: &str = r#"
version: 1
id: t
title: T
params:
  port: {type: int, default: 80}
steps:
  - id: page
    run: [echo, '200 ok on {{port}}']
    capture: {regex: '^(?<code>\d+)', types: {code: int}}
    expect:
      - {id: up, that: code == 200, say: 'gave {{code}} on {{port}}'}
  - id: hosts
    when: page.status == "pass"
    file: /etc/hosts
    expect:
      - {id: has-localhost, that: 'text.contains("localhost")', severity: warning}
"#;

fn housecall(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_housecall"))
        .args(words)
        .env("KUBECONFIG", "/nonexistent/kubeconfig")
        .output()
        .unwrap()
}

fn with_tests(tests: &str) -> String {
    format!("{STEPS}tests:\n{tests}")
}

fn written(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// What one test of a runbook does not hold, as `of: expected/found`.
async fn unmet(test: &str) -> Vec<String> {
    let source = with_tests(&format!("  - {test}\n"));
    let (runbook, _) = Runbook::parse(&source, "t.yaml").unwrap();
    let trial = trial(&runbook, &runbook.tests[0]).await.unwrap();
    trial
        .unmet
        .iter()
        .map(|one| format!("{}: {}/{}", one.of, one.expected, one.found))
        .collect()
}

/// All that is wrong with one test of a runbook.
fn complaints(test: &str) -> String {
    let source = with_tests(&format!("  - {test}\n"));
    let found = Runbook::parse(&source, "t.yaml").unwrap_err();
    let lines: Vec<_> = found.into_iter().map(|one| one.headline).collect();
    lines.join("\n")
}

#[tokio::test]
async fn raw_output_goes_through_reader_captures_and_checks() {
    for test in [
        "{name: a, given: {page: {stdout: 200 ok}, hosts: {stdout: localhost}}, expect: pass}",
        "{name: a, given: {page: {stdout: 503 no}, hosts: {}}, expect: {up: fail, page: fail, hosts: skip, has-localhost: skip}}",
        "{name: a, given: {page: {exit: 127}, hosts: {}}, expect: {page: unavailable, up: unavailable}}",
        "{name: a, given: {page: {timed_out: true}}, expect: {page: timeout}}",
        "{name: a, given: {page: {stdout: '200', truncated: true}}, expect: {up: error}}",
        "{name: a, given: {page: {stdout: '200'}, hosts: {exit: 1, stderr: none}}, expect: {hosts: fail}}",
        "{name: a, given: {page: {stdout: '200'}, hosts: {stdout: x, file: {kind: directory}}}, expect: {has-localhost: error}}",
    ] {
        assert_eq!(unmet(test).await, [""; 0], "{test}");
    }
}

#[tokio::test]
async fn told_facts_stand_for_what_the_kind_would_have_read() {
    let test = "{name: a, given: {page: {stdout: 200 ok}, hosts: {facts: {exists: true, text: localhost}}}, expect: pass}";
    assert_eq!(unmet(test).await, [""; 0]);
    let test = "{name: a, given: {page: {stdout: 200 ok}, hosts: {facts: {exists: false}}}, expect: {hosts: pass}}";
    assert_eq!(unmet(test).await, ["hosts: pass/fail"]);
    let test = "{name: a, given: {page: {stdout: 200 ok}, hosts: {timed_out: true, facts: {text: localhost}}}, expect: {hosts: timeout}}";
    assert_eq!(
        unmet(test).await,
        [""; 0],
        "how it ended counts all the same"
    );
}

#[tokio::test]
async fn promise_4_a_step_that_is_given_nothing_is_told_by_name_and_is_no_pass() {
    let test = "{name: a, given: {page: {stdout: 200 ok}}, expect: {up: pass}}";
    assert_eq!(unmet(test).await, ["hosts: an answer/none given"]);
    let test = "{name: a, given: {page: {stdout: 200 ok}}, others: unavailable, expect: {up: pass, hosts: unavailable}}";
    assert_eq!(unmet(test).await, [""; 0]);
    let test = "{name: a, given: {page: {exit: 0, stdout: '500'}}, expect: {up: fail}}";
    assert_eq!(
        unmet(test).await,
        [""; 0],
        "a step that is skipped needs none"
    );
}

#[tokio::test]
async fn the_report_shows_of_stderr_what_the_tool_wrote_and_not_the_word_of_our_script() {
    let source = r#"{version: 1, id: t, title: T, steps: [{id: page, http: 'http://localhost/'}], tests: [{name: a,
        given: {page: {stdout: "way curl\n", stderr: "curl: (7) Connection refused\n\nhousecall 10.00 10.02\n", exit: 7}}, expect: {page: error}}]}"#;
    let (runbook, _) = Runbook::parse(source, "t.yaml").unwrap();
    let trial = trial(&runbook, &runbook.tests[0]).await.unwrap();
    let step = &trial.report.targets[0].steps[0];
    let told = step.attempts[0].stderr.text.as_deref();
    assert_eq!(told, Some("curl: (7) Connection refused\n"));
    assert_eq!(step.facts["stderr"], "curl: (7) Connection refused\n");
}

#[tokio::test]
async fn promise_2_a_file_that_is_collected_comes_without_the_values_of_its_secret_keys() {
    let source = r#"{version: 1, id: t, title: T, steps: [{id: files, collect: [{path: /app/db.yaml, redact: yaml, fact: db}]}], tests: [{name: a,
        given: {files: {stdout: "user: me\npassword: correct horse\n", file: {}}}, expect: pass}]}"#;
    let (runbook, _) = Runbook::parse(source, "t.yaml").unwrap();
    let trial = trial(&runbook, &runbook.tests[0]).await.unwrap();
    let step = &trial.report.targets[0].steps[0];
    let told = step.facts["db"].as_str().unwrap();
    assert!(told.starts_with("user: me\npassword: \"***"), "{told}");
    assert_eq!(step.artifacts[0].bytes, 34);
    assert!(!format!("{:?}", trial.report).contains("horse"));
    assert_eq!(trial.report.redactions[0].rule, "keys");
}

#[test]
fn what_a_test_names_must_be_there() {
    for (test, told) in [
        (
            "{name: a, given: {pag: {}}, expect: pass}",
            "did you mean `page`?",
        ),
        (
            "{name: a, given: {page: {}}, expect: {u: fail}}",
            "there is no check or step `u`; did you mean `up`?",
        ),
        ("{name: a, expect: {up: failed}}", "`failed` is no verdict"),
        ("{name: a, expect: passed}", "did you mean `pass`?"),
        ("{name: a, expect: {}}", "expects nothing"),
        ("{name: a}", "has no `expect`"),
        ("{expect: pass}", "has no `name`"),
        (
            "{name: a, params: {port: x}, expect: pass}",
            "in this test, the param `port`",
        ),
        (
            "{name: a, params: {prot: 1}, expect: pass}",
            "did you mean `port`?",
        ),
        (
            "{name: a, given: {page: {facts: {code: 1}}}, expect: pass}",
            "`run` yields no facts of its own",
        ),
        (
            "{name: a, given: {hosts: {facts: {txt: x}}}, expect: pass}",
            "no fact of `file` `txt`; did you mean `text`?",
        ),
        (
            "{name: a, given: {page: {exit: 1, timed_out: true}}, expect: pass}",
            "has no exit code",
        ),
        (
            "{name: a, given: {page: {exit: 256}}, expect: pass}",
            "from 0 to 255",
        ),
        (
            "{name: a, given: {page: {stdout_file: ../x}}, expect: pass}",
            "outside of the runbook's folder",
        ),
        (
            "{name: a, others: unavail, expect: pass}",
            "neither `unavailable` nor an answer",
        ),
        (
            "{name: a, others: {facts: {x: 1}}, expect: pass}",
            "facts belong to one step",
        ),
        (
            "{name: a, expect: pass}\n  - {name: a, expect: pass}",
            "is there twice",
        ),
    ] {
        let found = complaints(test);
        assert!(found.contains(told), "{test} was told:\n{found}");
    }
}

#[tokio::test]
async fn answers_of_a_list_are_given_in_turn_and_the_last_one_stays() {
    let steps = "version: 1\nid: t\ntitle: T\nsteps:\n  - {id: a, run: [a]}\n";
    let source = format!(
        "{steps}tests:\n  - {{name: a, given: {{a: [{{exit: 7}}, {{exit: 0}}]}}, expect: fail}}\n"
    );
    let (runbook, _) = Runbook::parse(&source, "t.yaml").unwrap();
    let trial = trial(&runbook, &runbook.tests[0]).await.unwrap();
    let step = &trial.report.targets[0].steps[0];
    assert_eq!(
        (step.status, step.attempts[0].exit),
        (Verdict::Fail, Some(7))
    );
    assert_eq!(trial.unmet, []);
}

#[tokio::test]
async fn a_retry_a_list_and_outcomes_are_tried_without_waiting() {
    let source = r#"
version: 1
id: t
title: T
effects: write
steps:
  - {id: slow, run: [a], retry: {attempts: 3, delay: 60s}}
  - {id: many, run: [b, '{{one}}'], each: {item: one, of: '["x", "y"]'}}
  - {id: way, run: [c], outcomes: [{when: exit == 9, fail: dead, id: way-dead}, {pass: fine}]}
finally:
  - {id: last, run: [d]}
tests:
  - name: a
    given:
      slow: [{exit: 7}, {exit: 7}, {exit: 0}]
      many: [{exit: 0}, {exit: 1}]
      way: {exit: 9}
      last: {stdout: bye}
    expect: {slow: flaky, many: fail, way-dead: fail, last: pass}
"#;
    let (runbook, _) = Runbook::parse(source, "t.yaml").unwrap();
    let trial = trial(&runbook, &runbook.tests[0]).await.unwrap();
    let told: Vec<_> = trial
        .unmet
        .iter()
        .map(|one| format!("{} was {}", one.of, one.found))
        .collect();
    // Of a list every item must come to it; the first came to pass.
    assert_eq!(told, ["many was pass"]);
}

#[test]
fn promise_2_no_secret_is_recorded_and_the_recording_is_judged_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let text = "version: 1\nid: t\ntitle: T\nparams: {token: {type: secret, required: true}}\nsteps:\n  - {id: a, run: [cat], stdin: 'Bearer {{token}}'}\n";
    let runbook = written(folder.path(), "s.yaml", text);
    let tape = folder.path().join("tape");
    let name = tape.to_str().unwrap().to_owned();
    let live = folder.path().join("live.json");
    let live = live.to_str().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_housecall"))
        .args(["run", &runbook, "local", "--record", &name, "-o"])
        .arg(format!("json={live}"))
        .env("HOUSECALL_PARAM_TOKEN", "hunter2hunter2")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    for entry in std::fs::read_dir(&tape).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        // Bytes are in base64 there: "hunter2hunter2" begins so, behind "Bearer " and alone.
        for part in ["hunter2", "aHVudGVyMm", "dW50ZXIya", "h1bnRlcj"] {
            assert!(!text.contains(part), "{part} in {text}");
        }
    }
    let again = folder.path().join("again.json");
    let again = again.to_str().unwrap();
    let judged = housecall(&[
        "test",
        "--recorded",
        &name,
        &runbook,
        "-o",
        &format!("json={again}"),
    ]);
    assert_eq!(judged.status.code(), Some(0), "{judged:?}");
    assert_eq!(targets(live), targets(again));
}

#[test]
fn promise_2_what_looks_like_a_secret_in_an_ask_is_not_recorded_and_the_ask_is_known_again() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let runbook = r#"
version: 1
id: t
title: T
params: {dsn: {type: string, default: 'postgres://me:canary1@db/x'}}
steps:
  - {id: word, run: [echo, 'password=canary2']}
  - {id: option, run: [echo, --password, canary3]}
  - {id: param, run: [echo, '{{dsn}}']}
  - {id: script, sh: 'TOKEN=canary4; echo "$dsn" >&2'}
  - {id: path, file: /tmp/token=canary5}
  - {id: stdin, run: [cat], stdin: 'secret: canary6'}
"#;
    let path = written(folder.path(), "t.yaml", runbook);
    let (report, bundle, record) = (at("r.json"), at("r.tgz"), at("record"));
    let ran = housecall(&[
        "run",
        &path,
        "local",
        "--record",
        &record,
        "-o",
        &format!("json={report}"),
        "-o",
        &format!("bundle={bundle}"),
    ]);
    assert_eq!(ran.status.code(), Some(1), "{ran:?}");
    let unpacked = Command::new("tar")
        .args(["-xzOf", &bundle])
        .output()
        .unwrap();
    let mut told = vec![std::fs::read(&report).unwrap(), unpacked.stdout];
    for file in std::fs::read_dir(&record).unwrap() {
        told.push(std::fs::read(file.unwrap().path()).unwrap());
    }
    assert_eq!(told.len(), 4);
    for text in told {
        let text = String::from_utf8_lossy(&text);
        // What goes to stdin is written in base64.
        for secret in ["canary", "Y2FuYXJ5", "NhbmFyeT", "jYW5hcn"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
    for words in [["judge", &record], ["replay", &bundle]] {
        let judged = housecall(&[&words[..], &["-o", "json"]].concat());
        assert_eq!(judged.status.code(), Some(1), "{judged:?}");
        let judged: Value = serde_json::from_slice(&judged.stdout).unwrap();
        let steps = judged["targets"][0]["steps"].as_array().unwrap();
        let verdicts: Vec<_> = steps
            .iter()
            .map(|step| step["status"].as_str().unwrap())
            .collect();
        assert_eq!(
            verdicts,
            ["pass", "pass", "pass", "pass", "fail", "pass"],
            "{words:?}"
        );
    }
    let again = housecall(&["rerun", &report]);
    assert_eq!(again.status.code(), Some(2), "{again:?}");
    assert!(
        String::from_utf8_lossy(&again.stderr).contains("-p dsn=VALUE"),
        "{again:?}"
    );
    let again = housecall(&["rerun", &report, "-p", "dsn=x", "-o", "json"]);
    assert_eq!(again.status.code(), Some(1), "{again:?}");
}

#[test]
fn tests_are_told_one_by_one_and_make_the_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("page.txt"), "200 from a file\n").unwrap();
    let good = with_tests(
        "  - {name: fine, given: {page: {stdout_file: page.txt}, hosts: {stdout: localhost}}, expect: pass}\n",
    );
    let good = written(folder.path(), "good.yaml", &good);
    let output = housecall(&["test", &good]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("ok    fine"));

    let bad = with_tests(
        "  - {name: down, params: {port: 81}, given: {page: {stdout: '503'}}, expect: {up: pass}}\n",
    );
    let bad = written(folder.path(), "bad.yaml", &bad);
    let output = housecall(&["test", &good, &bad]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        text.contains("FAIL  down\n          up: expected pass, found fail: gave 503 on 81"),
        "{text}"
    );
    assert!(text.ends_with("2 tests: 1 ok, 1 failed\n"), "{text}");

    let output = housecall(&["test", "-o", "json", &good, &bad]);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["summary"]["failed"], 1);
    assert_eq!(told["runbooks"][1]["tests"][0]["unmet"][0]["of"], "up");
}

#[test]
fn promise_4_a_runbook_without_tests_or_without_its_file_is_no_success() {
    let folder = tempfile::tempdir().unwrap();
    let bare = written(folder.path(), "bare.yaml", STEPS);
    let output = housecall(&["test", &bare]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("has no tests"));
    let lost = with_tests("  - {name: a, given: {page: {stdout_file: gone.txt}}, expect: pass}\n");
    let lost = written(folder.path(), "lost.yaml", &lost);
    let output = housecall(&["test", &lost]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("gone.txt"));
}

/// The targets of a report, byte for byte as the report writes them.
fn targets(path: &str) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    text[text.find("\"targets\": [").unwrap()..].to_owned()
}

#[test]
fn a_recorded_run_is_judged_as_it_was_and_anew_by_a_changed_runbook() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let runbook = written(folder.path(), "t.yaml", STEPS);
    let (tape, live, again) = (at("tape"), at("live.json"), at("again.json"));
    let process = format!("pid:{}", std::process::id());
    let output = housecall(&[
        "run",
        &runbook,
        "local",
        &process,
        "pod/web",
        "-p",
        "port=81",
        "--record",
        &tape,
        "-o",
        &format!("json={live}"),
    ]);
    assert_eq!(output.status.code(), Some(5), "{output:?}");
    let judged = housecall(&[
        "test",
        "--recorded",
        &tape,
        &runbook,
        "-o",
        &format!("json={again}"),
    ]);
    assert_eq!(judged.status.code(), Some(5), "{judged:?}");
    assert_eq!(targets(&live), targets(&again));
    assert!(targets(&live).contains("200 ok on 81"));

    let stricter = written(
        folder.path(),
        "u.yaml",
        &STEPS.replace("code == 200", "code == 204"),
    );
    let judged = housecall(&["test", "--recorded", &tape, &stricter, "-o", "json"]);
    let report: Value = serde_json::from_slice(&judged.stdout).unwrap();
    assert_eq!(report["targets"][0]["steps"][0]["status"], "fail");

    let other = written(
        folder.path(),
        "v.yaml",
        &STEPS.replace("200 ok", "200 all well"),
    );
    let judged = housecall(&["test", "--recorded", &tape, &other, "-o", "json"]);
    assert_eq!(judged.status.code(), Some(5));
    let report: Value = serde_json::from_slice(&judged.stdout).unwrap();
    let step = &report["targets"][0]["steps"][0];
    assert_eq!(step["status"], "unreachable");
    let reason = step["reason"].as_str().unwrap();
    assert!(reason.contains("could not look: not recorded"), "{reason}");

    let output = housecall(&["run", &runbook, "local", "--record", &tape]);
    assert_eq!(
        output.status.code(),
        Some(2),
        "a recording is never written over"
    );
}

#[test]
fn a_recording_that_was_cut_off_is_read_up_to_there_and_its_end_is_not_proven() {
    let folder = tempfile::tempdir().unwrap();
    let runbook = written(folder.path(), "t.yaml", STEPS);
    let tape = folder.path().join("tape");
    let name = tape.to_str().unwrap().to_owned();
    let output = housecall(&["run", &runbook, "local", "--record", &name]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let file = tape.join("0001-local.jsonl");
    let text = std::fs::read_to_string(&file).unwrap();
    let answered = text.lines().nth(2).unwrap();
    let cut = text.find(answered).unwrap() + answered.len() + 20;
    std::fs::write(&file, &text[..cut]).unwrap();
    let judged = housecall(&["test", "--recorded", &name, &runbook, "-o", "json"]);
    assert_eq!(judged.status.code(), Some(6), "{judged:?}");
    let report: Value = serde_json::from_slice(&judged.stdout).unwrap();
    let steps = &report["targets"][0]["steps"];
    assert_eq!(
        (&steps[0]["status"], &steps[1]["status"]),
        (&"pass".into(), &"unreachable".into())
    );
    std::fs::write(&file, text.replacen("\"answered\"", "\"answer\"", 1)).unwrap();
    let judged = housecall(&["test", "--recorded", &name, &runbook]);
    assert_eq!(judged.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&judged.stderr).contains("line 3"));
}
