//! Profiles: what `auto` comes to, and what the reader is told of it.

use serde_json::{Value, json};

use crate::ground::Ground;
use crate::visit::{Seen, Visit};

/// A step that needs nothing, and one that reads the patient's files.
const MODEST: &str = "  - {id: ps, run: [ps]}\n";
const READING: &str = "  - {id: group, file: /etc/group}\n";

fn level(word: &str) -> Option<Ground> {
    Ground::labelled(json!({"pod-security.kubernetes.io/enforce": word}))
}

/// Profile given, profile asked for, and the ids that were stated.
fn given(seen: &Seen) -> [Value; 3] {
    let attach = &seen.only()["attach"];
    ["profile", "profile_asked", "run_as"].map(|key| attach[key].clone())
}

/// What the API says of the only debug container of a pod.
fn context(ground: &Ground, pod: &str) -> Value {
    let pod = ground.pod(pod);
    pod["spec"]["ephemeralContainers"][0]["securityContext"].clone()
}

#[test]
fn auto_is_the_patients_own_user_without_power_where_that_is_enough() {
    for word in ["privileged", "baseline", "restricted"] {
        let Some(ground) = level(word) else { return };
        ground.admit(ground.modest_patient("web"));
        let steps = format!("{MODEST}{READING}");
        let seen = Visit::steps(&ground, &steps, "web --profile auto").seen();
        assert_eq!(seen.code, Some(0), "{word}: {}", seen.told());
        assert_eq!(
            given(&seen),
            [json!("restricted"), json!("auto"), json!("1000")],
            "{word}"
        );
        assert_eq!(context(&ground, "web")["runAsUser"], 1000, "{word}");
        assert_eq!(ground.guests("web").len(), 1, "a dry run adds nothing");
    }
}

#[test]
fn auto_is_more_only_where_a_step_needs_it() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let seen = Visit::steps(&ground, READING, "web --profile auto").seen();
    assert_eq!(seen.code, Some(0), "{}", seen.told());
    assert_eq!(given(&seen), [json!("general"), json!("auto"), json!(null)]);
    ground.admit(ground.patient("idle"));
    let seen = Visit::steps(&ground, MODEST, "idle --profile auto").seen();
    assert_eq!(seen.code, Some(0), "{}", seen.told());
    assert_eq!(
        given(&seen),
        [json!("restricted"), json!("auto"), json!("65534:65534")]
    );
}

#[test]
fn what_auto_loses_to_admission_is_told_step_by_step_and_is_never_green() {
    let Some(ground) = level("baseline") else {
        return;
    };
    ground.admit(ground.patient("web"));
    let steps = format!("{MODEST}{READING}");
    let seen = Visit::runbook(
        &ground,
        &format!("version: 1\nid: own\ntitle: Auto\nattach: {{profile: auto}}\nsteps:\n{steps}"),
        "web",
    )
    .seen();
    assert_eq!(seen.code, Some(5), "{}", seen.told());
    assert_eq!(given(&seen)[0], "restricted");
    assert!(
        seen.told().contains("profile auto was given as restricted as 65534:65534, which cannot read the patient's files: step group loses by it"),
        "{}",
        seen.told()
    );
    assert_eq!(seen.step("ps")["status"], "pass");
    assert_ne!(seen.step("group")["status"], "pass");
}
