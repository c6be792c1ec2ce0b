//! Several runbooks in one run.

use std::path::Path;

use serde_json::{Value, json};

use crate::cli::{code, housecall, housecall_in, stderr};

const COUNT: &str = r#"
version: 1
id: count
title: Counts words
params:
  words: {type: string, default: a b}
steps:
  - id: number
    sh: 'printf %s "$words" | wc -w'
    expect:
      - id: few
        that: parse_int(stdout.trim()) < 3
  - id: later
    run: [echo, '{{ words }}']
"#;

const NAME: &str = r#"
const RUNBOOK = #{
    version: 1, id: "name", title: "Names itself",
    params: #{ words: #{ type: "string", "default": "other" } },
};
fn main(p) {
    let said = run("number", ["echo", p.words]);
    check("said", said.stdout.trim() == p.words);
}
"#;

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("count.yaml"), COUNT).unwrap();
    std::fs::write(folder.path().join("name.rhai"), NAME).unwrap();
    folder
}

fn report(folder: &Path, words: &[&str]) -> (i32, Value) {
    let output = housecall_in(folder, words);
    let report = serde_json::from_slice(&output.stdout);
    (
        code(&output),
        report.unwrap_or_else(|_| panic!("{}", stderr(&output))),
    )
}

fn steps(report: &Value) -> Vec<(&str, &str)> {
    let steps = report["targets"][0]["steps"].as_array().unwrap();
    steps
        .iter()
        .map(|step| (text(&step["id"]), text(&step["status"])))
        .collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[test]
fn a_target_is_asked_all_runbooks_in_turn_and_each_has_its_own_steps_and_params() {
    let folder = folder();
    let words = ["run", "count.yaml", "name.rhai", "local", "-o", "json"];
    let (code, report) = report(folder.path(), &words);
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(
        steps(&report),
        [
            ("count/number", "pass"),
            ("count/later", "pass"),
            ("name/number", "pass")
        ]
    );
    assert_eq!(report["targets"].as_array().unwrap().len(), 1);
    assert_eq!(report["run"]["runbook"]["id"], "count+name");
    let ids: Vec<_> = report["run"]["runbooks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["id"])
        .collect();
    assert_eq!(ids, ["count", "name"]);
    assert_eq!(
        report["run"]["params"],
        json!({"count/words": "a b", "name/words": "other"})
    );
}

#[test]
fn a_param_is_given_to_every_runbook_that_has_it_or_to_the_one_that_is_named() {
    let folder = folder();
    let run = ["run", "count.yaml", "name.rhai", "local", "-o", "json"];
    let (all, shared) = report(folder.path(), &[&run[..], &["-p", "words=x y z"]].concat());
    assert_eq!(shared["run"]["params"], json!({"words": "x y z"}));
    assert_eq!((all, steps(&shared)[0].1), (1, "fail"));
    let (one, named) = report(
        folder.path(),
        &[&run[..], &["-p", "name/words=x y z"]].concat(),
    );
    assert_eq!((one, steps(&named)[0].1), (0, "pass"));
    assert_eq!(named["run"]["params"]["name/words"], "x y z");
    let nobody = housecall_in(folder.path(), &[&run[..], &["-p", "wrods=x"]].concat());
    assert_eq!(code(&nobody), 2);
    let text = stderr(&nobody);
    for part in ["`wrods`", "`count` has words", "`name` has words"] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
}

#[test]
fn a_recording_of_several_runbooks_is_played_back_and_a_report_of_them_is_run_again() {
    let folder = folder();
    let run = [
        "run",
        "count.yaml",
        "name.rhai",
        "local",
        "-o",
        "json=then.json",
        "--record",
        "tape",
    ];
    assert_eq!(code(&housecall_in(folder.path(), &run)), 0);
    let (code, replayed) = report(folder.path(), &["replay", "tape", "-o", "json"]);
    assert_eq!(code, 0, "{replayed:#}");
    let (code, again) = report(folder.path(), &["rerun", "then.json", "-o", "json"]);
    assert_eq!(code, 0, "{again:#}");
    for report in [&replayed, &again] {
        assert_eq!(steps(report).len(), 3);
        assert_eq!(report["run"]["runbook"]["id"], "count+name");
    }
}

#[test]
fn runbooks_that_want_different_things_of_one_container_are_refused_unless_the_command_line_decides()
 {
    let folder = tempfile::tempdir().unwrap();
    for (id, image) in [("a", "busybox:1"), ("b", "alpine:3")] {
        let text = format!(
            "version: 1\nid: {id}\ntitle: {id}\nattach: {{image: '{image}'}}\nsteps: [{{id: one, run: ['true']}}]\n"
        );
        std::fs::write(folder.path().join(format!("{id}.yaml")), text).unwrap();
    }
    let refused = housecall_in(folder.path(), &["run", "a.yaml", "b.yaml", "local"]);
    assert_eq!(code(&refused), 2);
    let text = stderr(&refused);
    for part in ["`a` busybox:1", "`b` alpine:3", "--image"] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
    let decided = [
        "run",
        "a.yaml",
        "b.yaml",
        "local",
        "--image",
        "busybox:1",
        "-q",
    ];
    assert_eq!(code(&housecall_in(folder.path(), &decided)), 0);
}

#[test]
fn what_is_wrong_in_each_of_several_runbooks_is_told_at_once_and_a_runbook_behind_a_target_is_refused()
 {
    let folder = folder();
    std::fs::write(folder.path().join("bad.yaml"), "version: 1\nid: bad\n").unwrap();
    let both = housecall_in(folder.path(), &["run", "bad.yaml", "missing.yaml", "local"]);
    assert_eq!(code(&both), 2);
    for part in ["bad.yaml", "missing.yaml"] {
        assert!(stderr(&both).contains(part), "{}", stderr(&both));
    }
    let late = housecall(&["run", "smoke/web", "local", "smoke/dns"]);
    assert_eq!(code(&late), 2);
    let misspelt = housecall(&["run", "smoke/web", "smoke/dsn", "local"]);
    let said = stderr(&misspelt);
    assert!(
        said.contains("or is the runbook `smoke/dns` meant?"),
        "{said}"
    );
    assert!(
        stderr(&late).contains("`smoke/dns` is a runbook"),
        "{}",
        stderr(&late)
    );
}
