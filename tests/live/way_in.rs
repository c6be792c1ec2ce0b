//! Failures on the way to the cluster: nothing was asked, and the reader is told what to do.

use serde_json::json;

use crate::ground::Ground;
use crate::situation::as_held;
use crate::table::as_told;
use crate::visit::{Visit, runbook};

const STEPS: &str = "  - {id: one, run: [ps]}\n";

#[test]
fn no_kubeconfig_is_said_with_how_to_name_one() {
    let seen = Visit::nowhere(&runbook(STEPS), "web")
        .env("KUBECONFIG", "/nonexistent/kubeconfig")
        .env("HOME", "/nonexistent")
        .seen();
    as_told("no kubeconfig", &seen);
}

#[test]
fn a_wrong_context_is_told_with_the_ones_there_are() {
    let seen = Visit::nowhere(&runbook(STEPS), "web --context prodution").seen();
    as_told("wrong context", &seen);
}

#[test]
fn an_unreachable_server_is_named_with_its_address() {
    for target in ["web", "-l app=web"] {
        let seen = Visit::nowhere(&runbook(STEPS), target).seen();
        as_told("API unreachable", &seen);
    }
}

#[test]
fn credentials_that_the_server_does_not_know_are_told_from_missing_rights() {
    let Some(ground) = Ground::find() else { return };
    let kubeconfig = ground.kubeconfig_with("nonsense");
    let seen = Visit::steps(&ground, STEPS, "web")
        .kubeconfig(kubeconfig.path())
        .seen();
    as_told("401", &seen);
}

#[test]
fn a_missing_right_is_told_in_the_servers_words_with_verb_and_resource() {
    let Some(ground) = Ground::find() else { return };
    let kubeconfig = ground.kubeconfig_with(&ground.token("ci"));
    let seen = Visit::steps(&ground, STEPS, "web")
        .kubeconfig(kubeconfig.path())
        .seen();
    as_told("RBAC denied", &seen);
    as_held("rights are missing", &seen, seen.only());
    let selected = Visit::steps(&ground, STEPS, "-l app=web")
        .kubeconfig(kubeconfig.path())
        .seen();
    as_told("RBAC denied, by selector", &selected);
}

#[test]
fn admission_is_told_with_the_profile_that_passes() {
    for level in ["baseline", "restricted"] {
        let labels = json!({"pod-security.kubernetes.io/enforce": level});
        let Some(ground) = Ground::labelled(labels) else {
            return;
        };
        ground.admit(match level {
            "baseline" => ground.patient("web"),
            _ => ground.modest_patient("web"),
        });
        let seen = Visit::steps(&ground, STEPS, "web").seen();
        match level {
            "baseline" => as_told("admission, baseline", &seen),
            _ => as_told("admission, restricted", &seen),
        }
        as_held("admission refuses", &seen, seen.only());
        assert_eq!(ground.guests("web"), [""; 0]);
        // What is told to be a way through is one.
        let seen = Visit::steps(&ground, STEPS, "web")
            .words(["--profile", level])
            .seen();
        assert_eq!(seen.code, Some(0), "{level}: {}", seen.told());
    }
}
