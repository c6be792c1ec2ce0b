//! The oneshot transport in a pod that is made for it: a copy, and a pod on the node. The same report as over a stream, and nothing
//! left.

use http::Method;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::ground::{Ground, SLEEPER};
use crate::node::process;
use crate::oneshot::{account, asked_without_exec, timeless};
use crate::patience::eventually;
use crate::visit::{Seen, Visit};

const STEPS: &str = r#"  - {id: out, sh: 'echo out; echo err >&2; exit 3', expect: [exit == 3]}
  - {id: root, run: [ls, '{{target_root}}'], expect: ['stdout.contains("proc")']}
  - {id: first, run: [head, -c, '7', '{{target_root}}/proc/1/comm']}
  - {id: group, file: /etc/group, expect: [exists]}
  - {id: none, file: /no/such/file, expect: ['!exists']}
  - {id: absent, run: [no-such-program]}
  - {id: slow, run: [sleep, '600'], timeout: 1s}
  - {id: many, each: {item: word, of: '["a", "b"]'}, run: [echo, '{{word}}']}
"#;

/// Right that a copy takes over this transport, and no other.
fn rights() -> Value {
    json!([
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "create", "delete"]},
        {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]}])
}

/// Names of the pods of the namespace.
fn pods(ground: &Ground) -> Vec<String> {
    let list = ground.get("pods").unwrap();
    let listed = list["items"].as_array().unwrap();
    let name = |pod: &Value| pod["metadata"]["name"].as_str().unwrap().to_owned();
    listed.iter().map(name).collect()
}

/// Whether the status of a copy tells that the container runs which was made for it.
fn runs_ours(ground: &Ground) -> Option<()> {
    let list = ground.get("pods")?;
    let mut statuses = list["items"].as_array()?.iter().flat_map(|pod| {
        let listed = pod["status"]["containerStatuses"].as_array();
        listed.into_iter().flatten()
    });
    let ours = |one: &Value| one["name"].as_str().unwrap().starts_with("housecall-");
    let runs = statuses.any(|one| ours(one) && one["state"]["running"].is_object());
    runs.then_some(())
}

/// Two containers, of which the second is meant.
fn pair(ground: &Ground) -> Value {
    let mut pod = ground.patient("web");
    pod["metadata"]["annotations"] = json!({"kubectl.kubernetes.io/default-container": "side"});
    let side = json!({"name": "side", "image": ground.image, "command": ["sh", "-c", SLEEPER],
        "env": [{"name": "WHO", "value": "side"}]});
    pod["spec"]["containers"].as_array_mut().unwrap().push(side);
    pod
}

/// The same steps over both, each read back as gone.
fn both(ground: &Ground, steps: &str, words: &str) -> [Seen; 2] {
    let before = ground.standing("web");
    let seen = ["live", "oneshot"].map(|transport| {
        let seen = Visit::steps(ground, steps, words)
            .words(["--transport", transport])
            .seen();
        assert_eq!(seen.code, Some(5), "{transport}: {}", seen.told());
        let attach = &seen.only()["attach"];
        assert_eq!(attach["transport"], transport);
        assert_eq!(attach["proven"], true, "{}", seen.told());
        assert_eq!(pods(ground), ["web"]);
        seen
    });
    assert_eq!(ground.standing("web"), before);
    assert!(ground.guests("web").is_empty());
    seen
}

/// The steps without their moments; the patient of each copy has a process id of its own.
fn placeless(seen: &Seen) -> Value {
    let mut steps = timeless(seen.only());
    for step in steps.as_array_mut().unwrap() {
        for word in step["argv"].as_array_mut().into_iter().flatten() {
            let text = word.as_str().unwrap();
            if let Some((_, rest)) = text
                .strip_prefix("/proc/")
                .and_then(|text| text.split_once("/root"))
            {
                *word = format!("/proc/PID/root{rest}").into();
            }
        }
    }
    steps
}

fn alike([live, oneshot]: &[Seen; 2]) {
    let (lived, told) = (placeless(live), placeless(oneshot));
    let (lived, told) = (lived.as_array().unwrap(), told.as_array().unwrap());
    for (lived, told) in lived.iter().zip(told) {
        assert_eq!(lived, told);
    }
    assert_eq!(lived.len(), told.len());
    let way = |seen: &Seen| {
        let mut attach = seen.only()["attach"].clone();
        let own = ["transport", "requested_at", "first_answer_at", "terminated"];
        for key in own.iter().chain(&["pod", "container"]) {
            attach.as_object_mut().unwrap().remove(*key);
        }
        attach
    };
    assert_eq!(way(live), way(oneshot));
}

#[test]
fn a_copy_makes_the_same_report_over_both_transports_of_the_container_that_is_meant() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(pair(&ground));
    let steps = format!(
        "{STEPS}  - {{id: who, environment: [WHO]}}\n  - {{id: pod, kube: {{object: pod}}}}\n"
    );
    let seen = both(&ground, &steps, "web --mode copy");
    alike(&seen);
    assert_eq!(seen[1].step("who")["facts"]["vars"]["WHO"], "side");
}

#[test]
fn a_copy_without_shared_processes_tells_of_its_patient_what_a_stream_does() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let steps = "  - {id: out, run: [echo, out]}\n  - {id: group, file: /etc/group}\n";
    let words = "web --mode copy --share-processes=false";
    alike(&both(&ground, steps, words));
}

/// Steps that end with 5, because something was not over in its time.
const OWN: &str = "  - {id: group, file: /etc/group}\n  - {id: own, environment: [HOUSECALL_TEST]}\n  - {id: slow, run: [sleep, '600'], timeout: 1s}\n";

#[test]
fn among_the_nodes_processes_the_patient_of_a_copy_is_found_by_its_name() {
    let Some(ground) = Ground::find() else { return };
    let mut pod = ground.patient("web");
    pod["spec"]["hostPID"] = json!(true);
    pod["spec"]["terminationGracePeriodSeconds"] = json!(1);
    ground.admit(pod);
    let seen = both(&ground, OWN, "web --mode copy --share-processes=false");
    alike(&seen);
    let mark = format!("{}/web", ground.namespace);
    let own = &seen[1].step("own")["facts"]["vars"]["HOUSECALL_TEST"];
    assert_eq!(own, &json!(mark));
}

#[test]
fn a_copy_in_a_restricted_namespace_is_asked_as_its_own_user_over_both_transports() {
    let labels = json!({"pod-security.kubernetes.io/enforce": "restricted"});
    let Some(ground) = Ground::labelled(labels) else {
        return;
    };
    ground.admit(ground.modest_patient("web"));
    let seen = both(&ground, OWN, "web --mode copy --profile auto");
    alike(&seen);
    assert_eq!(seen[1].only()["attach"]["profile"], "restricted");
    assert_eq!(seen[1].step("own")["status"], "pass");
}

#[test]
fn a_node_makes_the_same_report_over_both_transports() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let node = ground.pod("web")["spec"]["nodeName"].clone();
    let target = format!("node/{}", node.as_str().unwrap());
    alike(&both(&ground, STEPS, &target));
    // Without the node's root there is none to read in.
    let blind =
        "  - {id: group, file: /etc/group}\n  - {id: slow, run: [sleep, '600'], timeout: 1s}\n";
    alike(&both(
        &ground,
        blind,
        &format!("{target} --profile baseline"),
    ));
}

#[test]
fn promise_8_auto_makes_a_copy_without_exec_where_that_is_not_allowed() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let told = asked_without_exec(&ground, ("copier", &rights()), &["--mode", "copy"]);
    assert_eq!(pods(&ground), ["web"]);
    assert!(told.contains("may be read): a copy of each pod"), "{told}");
    assert!(!told.contains("pods/exec"), "{told}");
}

#[test]
fn promise_3_ctrl_c_deletes_the_copy_and_what_it_told_is_kept_with_exec_and_without() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let kubeconfig = account(&ground, "copier", &rights());
    for (number, may_exec) in [(1017, true), (1018, false)] {
        let steps = format!(
            "  - {{id: first, run: [echo, first]}}\n  - {{id: slow, run: [sleep, '{number}'], timeout: 60s}}\n"
        );
        let visit = Visit::steps(&ground, &steps, "web --mode copy");
        let visit = visit.words(["--transport", "oneshot"]);
        let visit = match may_exec {
            true => visit,
            false => visit.kubeconfig(kubeconfig.path()),
        };
        let run = visit.start();
        let words = format!("sleep {number}");
        eventually("the step", 30, || process(&words));
        eventually("the status of its container", 30, || runs_ours(&ground));
        run.signal(Signal::INT);
        let seen = run.end();
        assert_eq!(seen.code, Some(130), "{}", seen.told());
        assert_eq!(seen.only()["attach"]["proven"], true);
        assert_eq!(seen.text("first"), "first\n");
        assert_eq!(seen.step("slow")["status"], "unreachable");
        assert_eq!(pods(&ground), ["web"]);
        assert_eq!(process(&words), None);
    }
}

#[test]
fn promise_3_the_container_of_a_killed_run_ends_by_itself_and_its_copy_is_read_and_deleted_afterwards()
 {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let steps = "  - {id: slow, run: [sleep, '4.25']}\n  - {id: last, run: [echo, last]}\n";
    let start = |words| Visit::steps(&ground, steps, words);
    let run = start("web --copy-to twin --transport oneshot").start();
    eventually("the step", 30, || process("sleep 4.25"));
    run.signal(Signal::KILL);
    run.end();
    let end = eventually("its end", 60, || {
        let twin = ground.pod("twin");
        let listed = twin["status"]["containerStatuses"].as_array()?.clone();
        let own = |one: &&Value| one["name"].as_str().unwrap().starts_with("housecall-");
        let end = listed.iter().find(own)?["state"]["terminated"].clone();
        end.is_object().then_some(end)
    });
    assert_eq!(end["exitCode"], 0, "{end}");
    let twin = ground.pod("twin");
    assert_eq!(twin["spec"]["restartPolicy"], "Never");
    assert!(twin["spec"]["activeDeadlineSeconds"].is_u64());

    let own = twin["spec"]["containers"].as_array().unwrap().last();
    let mut env = own.unwrap()["env"].as_array().unwrap().iter();
    let id = env.find(|one| one["name"] == "HOUSECALL_RUN").unwrap();
    let id = id["value"].as_str().unwrap();
    let other = "  - {id: slow, run: [sleep, '5']}\n";
    let seen = Visit::steps(&ground, other, "web --copy-to twin")
        .words(["--resume", id])
        .seen();
    assert_eq!(seen.code, Some(3), "{}", seen.told());
    assert!(seen.told().contains("with these asks"), "{}", seen.told());
    assert_eq!(pods(&ground), ["twin", "web"]);
    let seen = start("web --copy-to twin").words(["--resume", id]).seen();
    assert_eq!(seen.code, Some(0), "{}", seen.told());
    assert_eq!(seen.text("last"), "last\n");
    assert_eq!(seen.report["run"]["id"], id);
    assert_eq!(seen.only()["attach"]["proven"], true);
    assert_eq!(pods(&ground), ["web"]);
}

#[test]
fn promise_3_a_container_that_outlives_its_deadline_is_heard_as_far_as_it_came() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let steps =
        "  - {id: first, run: [echo, first]}\n  - {id: slow, run: [sleep, '60'], timeout: 60s}\n";
    let seen = Visit::steps(&ground, steps, "web --mode copy --deadline 3s")
        .words(["--transport", "oneshot"])
        .seen();
    assert_eq!(seen.code, Some(5), "{}", seen.told());
    assert_eq!(seen.text("first"), "first\n");
    assert_eq!(seen.step("slow")["status"], "unreachable");
    assert!(
        seen.told().contains("its deadline passed"),
        "{}",
        seen.told()
    );
    assert_eq!(pods(&ground), ["web"]);
}

#[test]
fn a_copy_that_somebody_deletes_before_its_log_is_read_is_told_as_that() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let steps = "  - {id: slow, run: [sleep, '1019'], timeout: 60s}\n";
    let run = Visit::steps(&ground, steps, "web --copy-to twin --transport oneshot").start();
    eventually("the step", 30, || process("sleep 1019"));
    let now = json!({"gracePeriodSeconds": 0});
    ground.ask(Method::DELETE, "pods/twin", Some(now)).unwrap();
    let seen = run.end();
    assert_eq!(seen.code, Some(3), "{}", seen.told());
    assert!(
        seen.told().contains("was deleted before its log was read"),
        "{}",
        seen.told()
    );
    assert_eq!(seen.only()["attach"]["proven"], true);
}
