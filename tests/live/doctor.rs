//! What `housecall doctor` tells of a pod before anything is changed.

use serde_json::{Value, json};

use crate::ground::Ground;
use crate::visit::{Seen, Visit};

fn doctor(ground: &Ground, words: &[&str]) -> Visit {
    Visit::bare(&["doctor", "-n", &ground.namespace])
        .words(words.iter().copied())
        .words(["-o", "json"])
        .env("HOUSECALL_IMAGE", &ground.image)
}

/// A finding by what it is about.
fn found<'a>(seen: &'a Seen, what: &str) -> &'a Value {
    let listed = seen.report["findings"].as_array();
    let one = listed.and_then(|all| all.iter().find(|one| one["what"] == what));
    one.unwrap_or_else(|| panic!("{what} is not in {seen:?}"))
}

/// What stands in a state.
fn in_state<'a>(seen: &'a Seen, state: &str) -> Vec<&'a str> {
    let listed = seen.report["findings"].as_array();
    let all = listed.into_iter().flatten();
    all.filter(|one| one["state"] == state)
        .filter_map(|one| one["what"].as_str())
        .collect()
}

#[test]
fn a_healthy_pod_is_well_in_every_line_and_nothing_is_added_to_it() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let before = ground.standing("web");
    let seen = doctor(&ground, &["web"]).seen();
    assert_eq!(seen.code, Some(0), "{seen:?}");
    assert_eq!(seen.report["state"], "ok", "{:#}", seen.report);
    for what in [
        "cluster",
        "pod security",
        "patch pods/ephemeralcontainers",
        "pod",
        "container",
        "node",
        "profile sysadmin",
    ] {
        assert_eq!(found(&seen, what)["state"], "ok");
    }
    assert!(ground.guests("web").is_empty(), "a dry run adds nothing");
    assert_eq!(ground.standing("web"), before);
}

#[test]
fn in_a_restricted_namespace_it_is_told_which_profiles_pass() {
    let labels = json!({"pod-security.kubernetes.io/enforce": "restricted"});
    let Some(ground) = Ground::labelled(labels) else {
        return;
    };
    ground.admit(ground.modest_patient("web"));
    let seen = doctor(&ground, &["web"]).seen();
    assert_eq!(seen.code, Some(0), "{seen:?}");
    assert_eq!(found(&seen, "profile restricted")["state"], "ok");
    let general = found(&seen, "profile general");
    assert_eq!(general["state"], "warning");
    assert!(
        general["fix"]
            .as_str()
            .unwrap()
            .ends_with("passes: restricted"),
        "{general}"
    );
    let bare = doctor(&ground, &[]).seen();
    assert_eq!(bare.code, Some(0), "{bare:?}");
    let level = found(&bare, "pod security");
    assert!(
        level["fix"]
            .as_str()
            .unwrap()
            .contains("--profile restricted"),
        "{level}"
    );
}

#[test]
fn an_earlier_debug_container_that_keeps_all_others_out_is_named() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.modest_patient("web"));
    let other = json!({"spec": {"ephemeralContainers": [{"name": "debugger-x7k2p", "image": ground.image,
        "command": ["true"], "securityContext": {"privileged": true}}]}});
    let path = "pods/web/ephemeralcontainers";
    ground.ask(http::Method::PATCH, path, Some(other)).unwrap();
    let stricter =
        json!({"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}});
    let namespace = format!("/api/v1/namespaces/{}", ground.namespace);
    ground
        .ask(http::Method::PATCH, &namespace, Some(stricter))
        .unwrap();
    let seen = doctor(&ground, &["web"]).seen();
    assert_eq!(seen.code, Some(3), "{seen:?}");
    let says = found(&seen, "admission")["says"].as_str().unwrap();
    assert!(says.contains("(debugger-x7k2p)"), "{says}");
}

#[test]
fn a_missing_right_shows_its_fix() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let kubeconfig = ground.kubeconfig_with(&ground.token("reader"));
    let role = json!({"metadata": {"name": "reader"}, "rules": [
        {"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get"]}]});
    let binding = json!({"metadata": {"name": "reader"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
        "subjects": [{"kind": "ServiceAccount", "name": "reader", "namespace": ground.namespace}]});
    ground.put_rbac("roles", role);
    ground.put_rbac("rolebindings", binding);
    let seen = doctor(&ground, &["pod/web"])
        .kubeconfig(kubeconfig.path())
        .seen();
    assert_eq!(seen.code, Some(3), "{seen:?}");
    assert_eq!(
        in_state(&seen, "trouble"),
        ["patch pods/ephemeralcontainers"]
    );
    let fix = found(&seen, "patch pods/ephemeralcontainers")["fix"]
        .as_str()
        .unwrap();
    let place = format!(
        "grant patch pods/ephemeralcontainers in namespace {}",
        ground.namespace
    );
    assert!(
        fix.starts_with(&place) && fix.contains("--rbac yaml"),
        "{fix}"
    );
    assert_eq!(
        found(&seen, "get pods/exec")["state"],
        "warning",
        "the log may be read"
    );
}

#[test]
fn a_pod_that_carries_as_many_as_it_may_is_told_and_left_alone() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let steps = "  - {id: one, run: [ps]}\n";
    let first = Visit::steps(&ground, steps, "web --max-containers 1").seen();
    assert_eq!(first.code, Some(0), "{}", first.told());
    let second = Visit::steps(&ground, steps, "web --max-containers 1").seen();
    assert_ne!(second.code, Some(0), "{}", second.told());
    assert!(
        second.told().contains("housecall containers"),
        "{}",
        second.told()
    );
    assert_eq!(ground.guests("web").len(), 1, "nothing was added");
    let book = ground.scratch("own.yaml");
    std::fs::write(&book, crate::visit::runbook(steps)).unwrap();
    let words = [
        "plan",
        &book,
        "web",
        "-n",
        &ground.namespace,
        "--max-containers",
        "1",
    ];
    let plan = Visit::bare(&words).seen();
    assert_eq!(plan.code, Some(3), "{plan:?}");
    let told = String::from_utf8(plan.stdout).unwrap();
    assert!(told.contains("housecall containers"), "{told}");
    let seen = doctor(&ground, &["web", "--max-containers", "1"]).seen();
    assert_eq!(seen.code, Some(3), "{seen:?}");
    assert_eq!(in_state(&seen, "trouble"), ["debug containers"]);
}
