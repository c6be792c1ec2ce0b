//! The same conversation with every `sh`, as every user, on every kind of pod.

use serde_json::json;

use crate::ground::Ground;
use crate::node::Ward;
use crate::visit::Visit;

const STEPS: &str = "  - {id: argv, run: [echo, \"it's $HOME\", '*']}
  - {id: script, sh: 'echo out; echo err >&2; exit 3', expect: [{id: three, that: exit == 3}]}
  - {id: late, sh: 'echo begun; sleep 1002 | sleep 1002', timeout: 1s, expect: [{id: no, that: 'true'}]}
  - {id: root, file: /etc/passwd}
  - {id: who, run: [id, -u]}
";

/// Examines a pod and holds every answer against what it must be; returns the uid of the debug container.
fn conversation(ground: &Ground, words: &str) -> String {
    let ward = Ward::of(ground, "web");
    let before = ground.standing("web");
    let seen = Visit::steps(ground, STEPS, words).seen();
    assert_eq!(
        seen.code,
        Some(5),
        "only the late step is undetermined: {}",
        seen.told()
    );
    assert_eq!(seen.text("argv"), "it's $HOME *\n");
    assert_eq!(seen.text("script"), "out\n");
    assert_eq!(
        seen.step("script")["attempts"][0]["stderr"]["text"],
        "err\n"
    );
    assert_eq!(seen.step("script")["status"], "pass");
    assert_eq!(seen.step("late")["status"], "timeout");
    assert_eq!(seen.text("late"), "begun\n");
    let attach = &seen.only()["attach"];
    assert_eq!(attach["terminated"]["exit_code"], 0, "{attach:#}");
    assert_eq!(ground.standing("web"), before);
    assert_eq!(ward.others(), [], "{words}");
    let file = seen.step("root");
    assert_eq!(file["status"], "pass", "{file:#}");
    seen.text("who").trim().to_owned()
}

#[test]
fn busybox_dash_and_bash_speak_alike() {
    let Some(ground) = Ground::ours() else { return };
    ground.admit(ground.patient("web"));
    for shell in ["busybox", "dash", "bash"] {
        let words = format!("web --image housecall.test/{shell}:1");
        assert_eq!(conversation(&ground, &words), "0", "{shell}");
    }
}

#[test]
fn a_debug_image_of_another_user_speaks_to_a_patient_of_that_user() {
    let Some(ground) = Ground::ours() else { return };
    let mut pod = ground.of(
        "web",
        json!({"name": "app", "image": "housecall.test/patient:1", "args": ["8080"]}),
    );
    pod["spec"]["securityContext"] = json!({"runAsUser": 1000, "runAsGroup": 1000});
    ground.admit(pod);
    for shell in ["busybox", "dash", "bash"] {
        let words = format!("web --profile baseline --image housecall.test/{shell}:1");
        assert_eq!(conversation(&ground, &words), "1000", "{shell}");
    }
}

#[test]
fn a_restricted_namespace_is_examined_with_the_restricted_profile() {
    let labels = json!({"pod-security.kubernetes.io/enforce": "restricted"});
    if Ground::ours().is_none() {
        return;
    }
    let Some(ground) = Ground::labelled(labels) else {
        return;
    };
    ground.admit(ground.modest_patient("web"));
    assert_eq!(conversation(&ground, "web --profile restricted"), "1000");
}

#[test]
fn a_read_only_root_file_system_is_no_hindrance() {
    let Some(ground) = Ground::ours() else { return };
    let mut pod = ground.patient("web");
    pod["spec"]["containers"][0]["securityContext"] = json!({"readOnlyRootFilesystem": true});
    ground.admit(pod);
    assert_eq!(conversation(&ground, "web"), "0");
}

#[test]
fn a_pod_that_shares_its_processes_is_spoken_to_alike() {
    let Some(ground) = Ground::ours() else { return };
    let mut pod = ground.patient("web");
    pod["spec"]["shareProcessNamespace"] = true.into();
    ground.admit(pod);
    let seen = Visit::steps(&ground, STEPS, "web").seen();
    assert_eq!(seen.code, Some(5), "{}", seen.told());
    assert_eq!(seen.text("script"), "out\n");
    assert_eq!(seen.step("root")["status"], "pass");
}

#[test]
fn a_container_that_does_not_run_is_said_to_be_out_of_sight_and_the_network_still_answers() {
    let Some(ground) = Ground::find() else { return };
    let mut pod = ground.of(
        "web",
        json!({"name": "app", "image": ground.image, "command": ["false"]}),
    );
    pod["spec"]["containers"]
        .as_array_mut()
        .unwrap()
        .push(json!({"name": "side", "image": ground.image, "command": ["sh", "-c", crate::ground::SLEEPER]}));
    pod["spec"]["restartPolicy"] = "Never".into();
    ground.make("pods", pod);
    crate::patience::eventually("one container ended, one running", 60, || {
        let pod = ground.pod("web");
        let listed = pod["status"]["containerStatuses"].as_array()?.clone();
        let state = |name: &str, state: &str| {
            listed
                .iter()
                .any(|one| one["name"] == name && one["state"][state].is_object())
        };
        (state("app", "terminated") && state("side", "running")).then_some(())
    });
    let steps = "  - {id: net, sh: 'cat /proc/net/tcp'}\n  - {id: file, file: /etc/passwd}\n";
    let seen = Visit::steps(&ground, steps, "web --target app").seen();
    assert_eq!(seen.code, Some(5), "{}", seen.told());
    assert_eq!(seen.step("net")["status"], "pass");
    assert_eq!(
        seen.step("file")["status"],
        "unavailable",
        "{:#}",
        seen.step("file")
    );
    assert!(seen.told().contains("was not running"), "{}", seen.told());
}
