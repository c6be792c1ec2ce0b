//! Wrong input: exit 2, every error at once, and nothing is sent.

use crate::visit::Visit;

/// Runs against a server that nobody could reach: had anything been tried, the exit code were 3.
fn refused(runbook: &str, words: &str) -> String {
    let seen = Visit::nowhere(runbook, words).seen();
    assert_eq!(seen.code, Some(2), "{}", seen.told());
    assert!(seen.stdout.is_empty(), "no report of a run that was none");
    assert!(!seen.stderr.contains("reached"), "{}", seen.stderr);
    seen.stderr
}

fn holds(told: &str, fragments: &[&str]) {
    for fragment in fragments {
        assert!(told.contains(fragment), "{fragment}: {told}");
    }
}

#[test]
fn what_is_held_against_usage_is_that_a_good_runbook_would_have_been_tried() {
    let seen = Visit::nowhere(GOOD, "web").seen();
    assert_eq!(seen.code, Some(3), "{}", seen.told());
}

const GOOD: &str = "version: 1\nid: own\ntitle: t\nparams:\n  port: {type: int, default: 80, max: 65535}\nsteps:\n  - {id: one, run: [ps]}\n";

#[test]
fn malformed_targets_are_usage_and_all_are_told() {
    let told = refused(GOOD, "pdo/web Web/x pod/");
    holds(&told, &["pdo/web", "Web/x", "pod/"]);
}

#[test]
fn bad_params_are_usage() {
    holds(&refused(GOOD, "web -p port=eighty"), &["port", "eighty"]);
    holds(
        &refused(GOOD, "web -p prot=80"),
        &["prot", "did you mean `port`?"],
    );
    holds(
        &refused(GOOD, "web -p port=70000"),
        &["port", "70000", "out of bounds"],
    );
}

#[test]
fn a_param_out_of_bounds_is_told_with_its_bounds() {
    holds(&refused(GOOD, "web -p port=70000"), &["65535"]);
}

#[test]
fn a_broken_runbook_is_told_whole_with_lines_and_fixes() {
    let broken = "version: 1\nid: own\ntitle: t\nsteps:\n  - {id: one, run: [ps], timeot: 3s}\n  - {id: two, run: ps aux}\n";
    let told = refused(broken, "web");
    holds(
        &told,
        &[
            "own.yaml:5:",
            "unknown key `timeot`",
            "did you mean `timeout`?",
            "own.yaml:6:",
        ],
    );
}

#[test]
fn bad_flags_are_usage() {
    holds(&refused(GOOD, "web --profile genral"), &["genral"]);
    holds(&refused(GOOD, "web --parallel 0"), &["--parallel"]);
    holds(
        &refused(GOOD, "web --image Not!An!Image"),
        &["no image reference"],
    );
    holds(&refused(GOOD, "web --deadline soon"), &["--deadline"]);
}
