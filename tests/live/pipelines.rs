//! The pipelines in `examples/ci`: their commands, as they stand there, on a pod that is well and on one that is not.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::ground::Ground;

/// A file of the examples.
fn example(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples/ci")
        .join(name);
    std::fs::read_to_string(path).unwrap()
}

fn document(name: &str) -> Value {
    serde_yaml::from_str(&example(name)).unwrap()
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value}"))
        .to_owned()
}

/// A pod that answers on port 80, in a namespace of its own.
fn patient() -> Option<Ground> {
    let ground = Ground::find()?;
    let mut pod = ground.patient("web");
    pod["metadata"]["labels"] = json!({"app": "web"});
    ground.admit(pod);
    Some(ground)
}

/// A script in a folder of its own, with the program on its path, and these variables.
fn scripted(ground: &Ground, shell: &str, script: &str, env: &[(&str, &str)]) -> (Output, TempDir) {
    let folder = TempDir::new().unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_housecall")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let output = Command::new(shell)
        .args(["-e", "-c", script])
        .current_dir(folder.path())
        .env("PATH", path)
        .env("HOUSECALL_IMAGE", &ground.image)
        .env("NAMESPACE", &ground.namespace)
        .env("SELECTOR", "app=web")
        .envs(env.iter().copied())
        .output()
        .unwrap();
    (output, folder)
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// On the port that answers the script ends with 0, on another one with 1.
fn told_apart(script: &str, shell: &str, kept: &[&str]) {
    let Some(ground) = patient() else { return };
    for (port, code) in [("80", 0), ("8081", 1)] {
        let (output, folder) = scripted(&ground, shell, script, &[("PORT", port)]);
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        for name in kept {
            let size = std::fs::metadata(folder.path().join(name)).unwrap().len();
            assert!(size > 100, "{name}: {size}");
        }
    }
}

#[test]
fn github_shows_annotations_and_a_summary_and_keeps_the_bundle() {
    let action = document("github/action.yml");
    let step = &action["runs"]["steps"][0];
    let Some(ground) = patient() else { return };
    for (port, code, command) in [("80", 0, "::notice "), ("8081", 1, "::error ")] {
        let options = format!("-p port={port}");
        let env = [
            (
                "RUNBOOK",
                action["inputs"]["runbook"]["default"].as_str().unwrap(),
            ),
            ("TARGETS", "-l app=web"),
            ("OPTIONS", &options),
            ("GITHUB_STEP_SUMMARY", "summary.md"),
        ];
        let (output, folder) = scripted(&ground, "bash", &text(&step["run"]), &env);
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        assert!(stdout(&output).contains(command), "{output:?}");
        let summary = std::fs::read_to_string(folder.path().join("summary.md")).unwrap();
        assert!(summary.starts_with("## "), "{summary}");
        assert!(folder.path().join("housecall.tar.gz").exists());
    }
    for name in ["RUNBOOK", "TARGETS", "NAMESPACE", "OPTIONS"] {
        assert!(
            step["env"][name].is_string(),
            "{name} comes by the environment"
        );
    }
}

#[test]
fn gitlab_reads_a_junit_artefact() {
    let job = &document("gitlab/.gitlab-ci.yml")["housecall"];
    assert_eq!(job["artifacts"]["reports"]["junit"], "housecall.xml");
    let kept = ["housecall.xml", "housecall.tar.gz"];
    told_apart(&text(&job["script"][0]), "sh", &kept);
}

#[test]
fn jenkins_reads_a_junit_report() {
    let pipeline = example("jenkins/Jenkinsfile");
    let script = pipeline.split("'''").nth(1).unwrap();
    told_apart(script, "sh", &["housecall.xml", "housecall.tar.gz"]);
}

#[test]
fn a_rollout_goes_by_the_exit_code_of_its_analysis() {
    let template = document("argo-rollouts/analysis.yaml");
    let job = &template["spec"]["metrics"][0]["provider"]["job"]["spec"];
    assert_eq!(job["backoffLimit"], 0);
    let words = job["template"]["spec"]["containers"][0]["command"]
        .as_array()
        .unwrap();
    let words: Vec<_> = words
        .iter()
        .map(|word| format!("'{}'", text(word)))
        .collect();
    // A Job runs in its own namespace; here it is named.
    let command = words.join(" ") + " -n \"$NAMESPACE\"";
    let command = command
        .replace("'{{args.selector}}'", "\"$SELECTOR\"")
        .replace("'port={{args.port}}'", "\"port=$PORT\"");
    told_apart(&command, "sh", &[]);
}

#[test]
fn a_canary_goes_by_the_exit_code_of_its_hook() {
    let canary = document("flagger/canary.yaml");
    let hook = &canary["spec"]["analysis"]["webhooks"][0];
    assert_eq!(hook["metadata"]["type"], "bash");
    let command = text(&hook["metadata"]["cmd"])
        .replace("-n shop", "-n \"$NAMESPACE\"")
        .replace("port=8080", "port=$PORT");
    told_apart(&command, "bash", &[]);
}
