//! Modes: a copy of the pod, a pod on the node, the application's own container. The same steps, the same report, and nothing left.

use http::Method;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::ground::{Ground, SLEEPER};
use crate::visit::{Seen, Visit, runbook};

/// What can be asked of a pod in every mode.
const STEPS: &str = "  - {id: rows, processes: {}}\n  - {id: group, file: /etc/group}\n  - {id: net, sh: 'cat /proc/net/dev'}\n";
const LONG: &str = "  - {id: long, sh: 'sleep 1000', timeout: 60s}\n";

/// Names of the pods of the namespace.
fn pods(ground: &Ground) -> Vec<String> {
    let list = ground.get("pods").unwrap();
    let listed = list["items"].as_array().unwrap();
    let name = |pod: &Value| pod["metadata"]["name"].as_str().unwrap().to_owned();
    listed.iter().map(name).collect()
}

/// A pod of our debug image, with a shell.
fn shell_pod(ground: &Ground, name: &str) -> Value {
    let image = ground.image.clone();
    ground.of(
        name,
        json!({"name": "app", "image": image, "command": ["sh", "-c", SLEEPER]}),
    )
}

fn attach<'a>(seen: &'a Seen, key: &str) -> &'a Value {
    &seen.only()["attach"][key]
}

#[test]
fn a_copy_answers_as_the_pod_would_and_is_read_back_as_gone() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let before = ground.standing("web");
    let seen = Visit::steps(&ground, STEPS, "web --mode copy").seen();
    assert_eq!(seen.code, Some(0), "{}", seen.told());
    assert_eq!(attach(&seen, "mode"), "copy");
    assert_eq!(attach(&seen, "proven"), true);
    let copy = attach(&seen, "pod").as_str().unwrap();
    assert!(copy.starts_with("web-housecall-"), "{copy}");
    assert_eq!(pods(&ground), ["web"], "the copy is gone");
    assert!(ground.guests("web").is_empty(), "nothing was added");
    assert_eq!(ground.standing("web"), before);
    let names: Vec<_> = seen.step("rows")["facts"]["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["name"].as_str().unwrap().to_owned())
        .collect();
    assert!(!names.is_empty(), "the copy's processes are seen");
}

#[test]
fn promise_3_an_interrupted_copy_is_deleted_and_read_back_as_gone() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let run = Visit::steps(&ground, LONG, "web --copy-to twin").start();
    run.asking("long");
    assert_eq!(pods(&ground), ["twin", "web"]);
    run.signal(Signal::INT);
    let seen = run.end();
    assert_eq!(seen.code, Some(130), "{}", seen.told());
    assert_eq!(attach(&seen, "proven"), true);
    assert_eq!(pods(&ground), ["web"]);
}

#[test]
fn promise_3_a_copy_that_is_interrupted_on_its_way_up_is_deleted_and_read_back_as_gone() {
    let Some(ground) = Ground::find() else { return };
    let mut pod = ground.patient("web");
    pod["spec"]["initContainers"] =
        json!([{"name": "slow", "image": ground.image, "command": ["sh", "-c", SLEEPER]}]);
    // Its own way up never ends, nor does that of its copy.
    ground.make("pods", pod);
    let run = Visit::steps(&ground, LONG, "web --copy-to twin").start();
    crate::patience::eventually("the copy", 30, || ground.get("pods/twin"));
    run.signal(Signal::INT);
    let seen = run.end();
    assert_eq!(seen.code, Some(130), "{}", seen.told());
    assert_eq!(attach(&seen, "proven"), true);
    assert!(
        seen.told().contains("interrupted while the pod started"),
        "{}",
        seen.told()
    );
    assert_eq!(pods(&ground), ["web"]);
}

#[test]
fn promise_3_a_copy_that_does_not_come_up_is_deleted_and_its_reason_told() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let seen = Visit::steps(&ground, STEPS, "web --mode copy")
        .words(["--image", "housecall.invalid/nothing:1"])
        .seen();
    assert_eq!(seen.code, Some(3), "{}", seen.told());
    assert!(seen.told().contains("cannot be had"), "{}", seen.told());
    assert_eq!(attach(&seen, "proven"), true);
    assert_eq!(pods(&ground), ["web"]);
}

#[test]
fn a_pod_that_is_there_already_is_no_copy_of_ours_and_stays() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    ground.admit(ground.patient("other"));
    let uid = ground.pod("other")["metadata"]["uid"].clone();
    let seen = Visit::steps(&ground, STEPS, "web --copy-to other").seen();
    assert_eq!(seen.code, Some(3), "{}", seen.told());
    assert!(seen.told().contains("already exists"), "{}", seen.told());
    assert_eq!(ground.pod("other")["metadata"]["uid"], uid);
    assert_eq!(seen.only()["attach"], json!(null), "nothing was made");
}

#[test]
fn a_copy_that_is_to_stay_stays_with_what_was_kept_and_changed() {
    let Some(ground) = Ground::ours() else { return };
    let mut pod = ground.patient("web");
    pod["metadata"]["annotations"] = json!({"own": "note"});
    ground.admit(pod);
    let seen = Visit::steps(&ground, STEPS, "web --copy-to twin --keep --keep-labels")
        .words(["--set-image", "app=housecall.test/patient:1", "--same-node"])
        .seen();
    assert_eq!(seen.code, Some(0), "{}", seen.told());
    assert!(
        seen.told().contains("stays, as `--keep` says"),
        "{}",
        seen.told()
    );
    assert!(attach(&seen, "terminated").is_object());
    let twin = ground.pod("twin");
    assert_eq!(twin["metadata"]["labels"], json!({"app": "web"}));
    assert_eq!(twin["metadata"]["annotations"]["own"], json!(null));
    assert_eq!(
        twin["spec"]["nodeName"],
        ground.pod("web")["spec"]["nodeName"]
    );
}

#[test]
fn a_replaced_pod_is_gone_and_its_copy_is_there() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let seen = Visit::steps(&ground, STEPS, "web --copy-to twin --keep --replace").seen();
    assert_eq!(seen.code, Some(0), "{}", seen.told());
    assert!(
        seen.told().contains("as `--replace` says"),
        "{}",
        seen.told()
    );
    assert_eq!(pods(&ground), ["twin"]);
}

#[test]
fn a_finished_pod_can_be_examined_in_a_copy() {
    let Some(ground) = Ground::find() else { return };
    let image = ground.image.clone();
    let mut pod = ground.of(
        "job",
        json!({"name": "app", "image": image, "command": ["sh", "-c", "exit 1"]}),
    );
    pod["spec"]["restartPolicy"] = json!("Never");
    ground.make("pods", pod);
    crate::patience::eventually("the pod failed", 60, || {
        (ground.pod("job")["status"]["phase"] == "Failed").then_some(())
    });
    let steps = "  - {id: net, sh: 'cat /proc/net/dev'}\n";
    let seen = Visit::steps(&ground, steps, "job --mode copy").seen();
    assert_eq!(seen.code, Some(0), "{}", seen.told());
    assert_eq!(pods(&ground), ["job"]);
}

#[test]
fn a_node_is_examined_from_its_own_root_and_the_pod_is_read_back_as_gone() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let node = ground.pod("web")["spec"]["nodeName"].clone();
    let target = format!("node/{}", node.as_str().unwrap());
    let steps = "  - {id: hosts, file: /etc/hosts}\n  - {id: root, sh: 'ls {{target_root}}'}\n  - {id: node, kube: {object: node}}\n"
        .replace("sh: 'ls {{target_root}}'", "run: [ls, '{{target_root}}/proc/1']");
    let seen = Visit::steps(&ground, &steps, &target).seen();
    assert_eq!(seen.code, Some(0), "{}", seen.told());
    assert_eq!(seen.only()["target"]["kind"], "node");
    assert_eq!(seen.only()["target"]["container"], json!(null));
    assert!(
        seen.told().contains("deleted and read back as gone"),
        "{}",
        seen.told()
    );
    assert_eq!(attach(&seen, "mode"), "node");
    assert_eq!(attach(&seen, "proven"), true);
    assert_eq!(pods(&ground), ["web"]);
    let steps = "  - {id: rows, processes: {}}\n";
    let seen = Visit::steps(&ground, steps, &target).seen();
    assert_eq!(seen.code, Some(0), "{}", seen.told());
}

#[test]
fn the_applications_own_container_is_examined_without_adding_one() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(shell_pod(&ground, "web"));
    let before = ground.standing("web");
    let steps = format!("{STEPS}  - {{id: own, environment: [HOUSECALL_TEST]}}\n");
    let seen = Visit::steps(&ground, &steps, "web --mode exec").seen();
    assert_eq!(seen.code, Some(0), "{}", seen.told());
    assert_eq!(attach(&seen, "mode"), "exec");
    assert_eq!(attach(&seen, "terminated"), &json!(null));
    assert_eq!(attach(&seen, "container"), &json!(null));
    assert_eq!(attach(&seen, "image"), &json!(ground.image));
    assert!(
        seen.told().contains("no container was added"),
        "{}",
        seen.told()
    );
    assert!(ground.guests("web").is_empty());
    assert_eq!(ground.standing("web"), before);
    let status = &ground.pod("web")["status"]["containerStatuses"][0];
    assert_eq!(
        status["lastState"],
        json!({}),
        "nothing was written to its termination log"
    );
}

#[test]
fn promise_3_an_interrupted_run_leaves_no_process_in_the_applications_container() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(shell_pod(&ground, "web"));
    let run = Visit::steps(&ground, LONG, "web --mode exec").start();
    run.asking("long");
    run.signal(Signal::INT);
    let seen = run.end();
    assert_eq!(seen.code, Some(130), "{}", seen.told());
    let steps = "  - {id: all, run: [ps]}\n";
    let seen = Visit::steps(&ground, steps, "web --mode exec").seen();
    let listed = seen.text("all");
    assert!(!listed.contains("sleep 1000"), "{listed}");
    assert!(!listed.contains("defunct"), "{listed}");
}

#[test]
fn an_application_without_a_shell_is_told_as_such() {
    let Some(ground) = Ground::ours() else { return };
    ground.admit(ground.of(
        "bare",
        json!({"name": "app", "image": "housecall.test/bare:1"}),
    ));
    let seen = Visit::steps(&ground, STEPS, "bare --mode exec").seen();
    assert_eq!(seen.code, Some(3), "{}", seen.told());
    assert!(seen.told().contains("has no `sh`"), "{}", seen.told());
}

#[test]
fn flags_that_contradict_each_other_are_told_and_nothing_is_sent() {
    let one = runbook("  - {id: one, run: [ps]}\n");
    for (words, told) in [
        ("web --copy-to twin --target app", "`--target` joins"),
        ("web --copy-to Twin", "cannot be the name of a pod"),
        ("web --copy-to twin --mode exec", "`--mode exec` does not"),
        ("web --keep", "`--keep` is about a copy"),
        ("web --same-node", "`--same-node` is about a copy"),
        ("web --set-image app=x", "`--set-image` is about a copy"),
        ("web --copy-to twin --set-image app", "sets nothing"),
        ("web --copy-to twin --set-image app=A", "no image reference"),
        (
            "web --copy-to twin --set-image A=a",
            "cannot be the name of a container",
        ),
        ("web --copy-to twin --replace", "add `--keep`"),
        ("-l app=web --copy-to twin", "the name of one copy"),
        ("web other --copy-to twin", "the name of one copy"),
        ("web --mode node", "write node/NAME"),
        ("node/a --mode copy", "not in mode copy"),
        ("web node/a", "different modes"),
        ("web --mode kopie", "is no mode"),
        (
            "web --mode exec --transport oneshot",
            "nothing goes as one shot",
        ),
        ("web --mode exec --env A=b", "no container is added"),
        ("web --env A", "sets nothing"),
        ("web --env HOUSECALL_RUN=x", "cannot be a variable"),
        ("web --custom /nonexistent/custom", "cannot be read"),
        ("node/a --target-volumes", "no volumes"),
    ] {
        let seen = Visit::nowhere(&one, words).seen();
        assert_eq!(seen.code, Some(2), "{words}: {}", seen.told());
        assert!(seen.told().contains(told), "{words}: {}", seen.told());
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    for (text, told) in [
        (
            "image: x",
            "`image` of the debug container is not for a custom file",
        ),
        (
            "resources: {}",
            "no ephemeral container can have `resources`",
        ),
        ("securtyContext: {}", "no field `securtyContext`"),
        ("[a]", "holds a list"),
        ("{a", "is no YAML"),
    ] {
        std::fs::write(file.path(), text).unwrap();
        let words = ["--custom", file.path().to_str().unwrap()];
        let seen = Visit::nowhere(&one, "web").words(words).seen();
        assert_eq!(seen.code, Some(2), "{text}: {}", seen.told());
        assert!(seen.told().contains(told), "{text}: {}", seen.told());
    }
    let only = one.replace("steps:", "attach: {modes: [exec, copy]}\nsteps:");
    let seen = Visit::nowhere(&only, "web --mode ephemeral").seen();
    assert_eq!(seen.code, Some(2), "{}", seen.told());
    assert!(seen.told().contains("allows exec, copy"), "{}", seen.told());
    let seen = Visit::nowhere(&only, "node/a").seen();
    assert_eq!(seen.code, Some(2), "{}", seen.told());
}

#[test]
fn a_killed_run_leaves_a_copy_with_a_deadline_of_its_own() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let run = Visit::steps(&ground, LONG, "web --copy-to twin --deadline 1s").start();
    crate::patience::eventually("the copy", 30, || ground.get("pods/twin"));
    run.signal(Signal::KILL);
    assert_eq!(run.end().code, None);
    let twin = ground.pod("twin");
    let deadline = twin["spec"]["activeDeadlineSeconds"].as_u64();
    assert_eq!(deadline, Some(60 + 60 + 1), "start, margin, and its own");
    let path = "pods/twin?gracePeriodSeconds=0";
    ground.ask(Method::DELETE, path, None).unwrap();
}
