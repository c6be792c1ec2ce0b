//! What the shipped runbooks say of patients whose faults are known: `tests/zoo`.

use std::process::{Command, Stdio};

use crate::ground::Ground;

/// Runs a tool of the zoo in the ground's namespace and shows what it says.
fn tool(ground: &Ground, name: &str, words: &[&str]) -> bool {
    let tool = format!("{}/tests/zoo/{name}", env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(tool)
        .args(words)
        .env("NS", &ground.namespace)
        .env("HOUSECALL", env!("CARGO_BIN_EXE_housecall"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    println!("{}", String::from_utf8_lossy(&output.stdout));
    eprintln!("{}", String::from_utf8_lossy(&output.stderr));
    output.status.success()
}

/// One namespace for both measures: the whole zoo takes a minute to come up.
#[test]
fn causes_are_named_and_nothing_is_raised_on_the_healthy() {
    let Some(ground) = Ground::ours() else { return };
    assert!(tool(&ground, "zoo", &["up", "all"]), "the zoo is not up");
    assert!(
        tool(&ground, "zoo", &["verify", "all"]),
        "a patient is not what it is said to be"
    );
    assert!(
        tool(&ground, "measure", &[]),
        "triage/first-look names too few causes, or alarms"
    );
    assert!(
        tool(&ground, "measure", &["--own"]),
        "a runbook does not name the cause that it is for, or alarms"
    );
}
