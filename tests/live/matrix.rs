//! Every profile and mode, for a patient that is root and one that is not, at every level of Pod Security: what `doctor` and `plan` say
//! beforehand is what a run then meets.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::ground::Ground;
use crate::visit::Visit;

const PROFILES: [&str; 5] = ["general", "baseline", "restricted", "netadmin", "sysadmin"];

/// What Pod Security admits of the profiles (kubernetes/pod-security-admission `policy/`): the first adds `SYS_PTRACE`, the fourth
/// `NET_ADMIN`, the last is privileged; `restricted` demands what only the profile of that name states.
fn admitted(level: &str, profile: &str) -> bool {
    match level {
        "privileged" => true,
        "baseline" => matches!(profile, "baseline" | "restricted"),
        _ => profile == "restricted",
    }
}

/// Whether admission let the run in: what happens to the container later is another matter.
fn let_in(ground: &Ground, target: &str, profile: &str) -> bool {
    let seen = Visit::steps(ground, "  - {id: one, run: [echo, one]}\n", target)
        .words(["--profile", profile])
        .seen();
    let told = seen.told();
    let refused = told.contains("violates PodSecurity") || told.contains("no profile");
    assert_eq!(refused, seen.only()["attach"].is_null(), "{told}");
    !refused
}

fn at(level: &str) {
    let labels = json!({"pod-security.kubernetes.io/enforce": level});
    let Some(ground) = Ground::labelled(labels) else {
        return;
    };
    ground.admit(ground.modest_patient("modest"));
    let mut pods = vec!["modest"];
    if level != "restricted" {
        ground.admit(ground.patient("root"));
        pods.push("root");
    }
    for pod in pods {
        let foreseen = foreseen(&ground, pod);
        for profile in PROFILES {
            let expected = admitted(level, profile);
            assert_eq!(foreseen[profile], expected, "{level}, {pod}, {profile}");
            let planned = planned(&ground, pod, profile);
            assert_eq!(planned, expected, "{level}, {pod}, {profile}");
            let met = let_in(&ground, pod, profile);
            assert_eq!(met, expected, "{level}, {pod}, {profile}");
        }
        assert!(planned(&ground, pod, "auto"), "{level}, {pod}");
        assert!(let_in(&ground, pod, "auto"), "{level}, {pod}");
        for profile in ["general", "restricted"] {
            let words = format!("{pod} --mode copy");
            let expected = admitted(level, profile);
            let planned = planned(&ground, &words, profile);
            assert_eq!(planned, expected, "{level}, copy of {pod}, {profile}");
            let met = let_in(&ground, &words, profile);
            assert_eq!(met, expected, "{level}, copy of {pod}, {profile}");
        }
    }
}

/// Whether `plan` says that a run would get in.
fn planned(ground: &Ground, target: &str, profile: &str) -> bool {
    let place = ["-n", &ground.namespace, "--profile", profile];
    let words = ["plan", "smoke/web"].into_iter().chain(target.split(' '));
    let words: Vec<&str> = words.chain(place).collect();
    let seen = Visit::bare(&words)
        .env("HOUSECALL_IMAGE", &ground.image)
        .seen();
    let told = String::from_utf8_lossy(&seen.stdout).into_owned();
    let refused = told.contains("violates PodSecurity") || told.contains("no profile");
    assert_eq!(seen.code, Some(if refused { 3 } else { 0 }), "{told}");
    !refused
}

/// Which profiles `doctor` says are admitted.
fn foreseen(ground: &Ground, pod: &str) -> BTreeMap<String, bool> {
    let seen = Visit::bare(&["doctor", pod, "-n", &ground.namespace, "-o", "json"])
        .env("HOUSECALL_IMAGE", &ground.image)
        .seen();
    let findings = seen.report["findings"].as_array().unwrap().iter();
    findings
        .filter_map(|finding: &Value| {
            let profile = finding["what"].as_str()?.strip_prefix("profile ")?;
            Some((profile.to_owned(), finding["state"] == "ok"))
        })
        .collect()
}

#[test]
fn a_privileged_namespace_admits_what_is_foreseen() {
    at("privileged");
}

#[test]
fn a_baseline_namespace_admits_what_is_foreseen() {
    at("baseline");
}

#[test]
fn a_restricted_namespace_admits_what_is_foreseen() {
    at("restricted");
}
