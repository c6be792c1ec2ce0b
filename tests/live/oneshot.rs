//! The oneshot transport: the same report without exec, and what it cannot ask is said.

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::ground::Ground;
use crate::node::Ward;
use crate::patience::eventually;
use crate::visit::{Visit, runbook};

const STEPS: &str = r#"  - {id: out, sh: 'echo out; echo err >&2; exit 3', expect: [exit == 3]}
  - {id: bytes, run: [printf, '\000\377\r\n@hc 1 end']}
  - {id: root, run: [ls, '{{target_root}}'], expect: ['stdout.contains("proc")']}
  - {id: pid, run: [echo, '{{target_pid}}'], expect: ['stdout.trim() == `${target_pid}`']}
  - {id: hosts, file: /etc/hosts, expect: [exists]}
  - {id: absent, run: [no-such-program]}
  - {id: odd, run: ['{{"-" + "x"}}']}
  - {id: slow, run: [sleep, '600'], timeout: 1s}
  - {id: much, run: [yes], output: {max: 2KiB}}
  - {id: fed, stdin: 'given', run: [cat]}
  - {id: many, each: {item: word, of: '["a", "b"]'}, run: [echo, '{{word}}']}
  - {id: here, when: 'target.pod == "web"', run: [ps]}
  - {id: elsewhere, when: 'target.pod == "api"', run: [ps]}
"#;

/// A report without its moments, and the way it was asked.
pub(crate) fn timeless(target: &Value) -> Value {
    let mut steps = target["steps"].clone();
    for step in steps.as_array_mut().unwrap() {
        for key in ["started", "duration"] {
            step.as_object_mut().unwrap().remove(key);
        }
        // The kubelet writes /etc/hosts anew for each container.
        for fact in ["duration", "mtime"] {
            step["facts"].as_object_mut().unwrap().remove(fact);
        }
        let listing = step["id"] == "here";
        for attempt in step["attempts"].as_array_mut().unwrap() {
            attempt.as_object_mut().unwrap().remove("duration");
            // A process list is another one each time.
            if listing {
                attempt["stdout"] = Value::Null;
            }
        }
        if listing {
            step["facts"] = Value::Null;
        }
    }
    steps
}

#[test]
fn both_transports_make_the_same_report() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let ward = Ward::of(&ground, "web");
    let before = ground.standing("web");
    let [live, oneshot] = ["live", "oneshot"].map(|transport| {
        let seen = Visit::steps(&ground, STEPS, "pod/web")
            .words(["--transport", transport])
            .seen();
        assert_eq!(seen.code, Some(5), "{transport}: {}", seen.told());
        let attach = &seen.only()["attach"];
        assert_eq!(attach["transport"], transport);
        assert_eq!(attach["terminated"]["exit_code"], 0, "{}", seen.told());
        assert_eq!(attach["proven"], true);
        seen
    });
    let (lived, told) = (timeless(live.only()), timeless(oneshot.only()));
    for (lived, told) in lived
        .as_array()
        .unwrap()
        .iter()
        .zip(told.as_array().unwrap())
    {
        assert_eq!(lived, told);
    }
    assert_eq!(
        lived.as_array().map(Vec::len),
        told.as_array().map(Vec::len)
    );
    assert_eq!(ground.standing("web"), before);
    assert_eq!(ward.others(), []);
}

#[test]
fn promise_4_five_megabytes_in_740000_short_lines_come_whole_out_of_the_log() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let steps = "  - {id: lines, run: [seq, '1', '740000'], output: {max: 8MiB}, timeout: 30s}\n  - {id: next, run: [echo, next]}\n";
    let seen = Visit::steps(&ground, steps, "pod/web")
        .words(["--transport", "oneshot"])
        .seen();
    assert_eq!(seen.code, Some(0), "{}", seen.told());
    let lines = &seen.step("lines")["attempts"][0]["stdout"];
    assert_eq!(lines["bytes"], 5_068_895);
    assert_eq!(lines["truncated"], false);
    assert!(
        lines["text"]
            .as_str()
            .unwrap()
            .ends_with("\n739999\n740000\n")
    );
    assert_eq!(seen.text("next"), "next\n");
}

#[test]
fn what_depends_on_an_answer_or_holds_a_secret_is_not_asked_and_the_secret_is_not_in_the_pod() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let text = r#"
version: 1
id: own
title: What cannot go ahead
params: {word: {type: secret, required: true}}
steps:
  - {id: first, run: [echo, '1']}
  - {id: later, run: [echo, '{{first.stdout}}']}
  - {id: hidden, stdin: '{{word}}', run: [cat]}
  - {id: again, run: ["false"], retry: {attempts: 3, delay: 1s}}
  - {id: last, run: [echo, last]}
"#;
    let seen = Visit::runbook(&ground, text, "pod/web")
        .words(["--transport", "oneshot"])
        .env("HOUSECALL_PARAM_WORD", "open-sesame-7")
        .seen();
    assert_eq!(seen.code, Some(1), "{}", seen.told());
    let statuses = ["first", "later", "hidden", "again", "last"].map(|id| &seen.step(id)["status"]);
    assert_eq!(
        statuses,
        ["pass", "unavailable", "unavailable", "fail", "pass"]
    );
    let why = seen.step("later")["reason"].as_str().unwrap();
    assert!(why.contains("the live transport can ask it"), "{why}");
    assert_eq!(seen.step("again")["attempts"].as_array().unwrap().len(), 1);
    assert!(seen.told().contains("cannot ask again"), "{}", seen.told());
    assert!(!ground.pod("web").to_string().contains("open-sesame"));
}

/// An account that may do these things with pods, as a kubeconfig.
pub(crate) fn account(ground: &Ground, name: &str, rules: &Value) -> tempfile::NamedTempFile {
    ground.put_rbac("roles", json!({"metadata": {"name": name}, "rules": rules}));
    ground.put_rbac(
        "rolebindings",
        json!({"metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": ground.namespace}]}),
    );
    ground.kubeconfig_with(&ground.token(name))
}

#[test]
fn promise_8_auto_needs_no_exec_where_that_is_not_allowed() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let rules = json!([
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]},
        {"apiGroups": [""], "resources": ["pods/ephemeralcontainers"], "verbs": ["patch"]},
        {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]}]);
    asked_without_exec(&ground, ("reader", &rules), &[]);
}

/// Asks the pod `web` as somebody (account and rules) who may not exec, and gives the plan of that: both take the log.
pub(crate) fn asked_without_exec(
    ground: &Ground,
    (name, rules): (&str, &Value),
    words: &[&str],
) -> String {
    let kubeconfig = account(ground, name, rules);
    let steps = "  - {id: one, run: [echo, hello]}\n";
    let seen = Visit::steps(ground, steps, "pod/web")
        .words(words.iter().copied())
        .kubeconfig(kubeconfig.path())
        .seen();
    assert_eq!(seen.code, Some(0), "{}", seen.told());
    assert_eq!(seen.only()["attach"]["transport"], "oneshot");
    assert_eq!(seen.text("one"), "hello\n");
    let plan = planned(ground, steps, words)
        .kubeconfig(kubeconfig.path())
        .seen();
    let told = String::from_utf8(plan.stdout).unwrap();
    assert_eq!(plan.code, Some(0), "{told}");
    let line = "transport  oneshot (exec is not allowed, and logs may be read)";
    assert!(told.contains(line), "{told}");
    assert!(told.contains("right      get pods/log"), "{told}");
    told
}

/// `plan` of these steps for the pod `web`.
pub(crate) fn planned(ground: &Ground, steps: &str, words: &[&str]) -> Visit {
    let book = ground.scratch("own.yaml");
    std::fs::write(&book, runbook(steps)).unwrap();
    Visit::bare(&["plan", &book, "pod/web", "-n", &ground.namespace])
        .words(words.iter().copied())
        .env("HOUSECALL_IMAGE", &ground.image)
}

#[test]
fn plan_tells_what_cannot_go_ahead_and_refuses_what_no_pod_can_carry() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let steps =
        "  - {id: first, run: [echo, '1']}\n  - {id: later, run: [echo, '{{first.stdout}}']}\n";
    let seen = planned(&ground, steps, &["--transport", "oneshot"]).seen();
    let told = String::from_utf8(seen.stdout).unwrap();
    assert_eq!(seen.code, Some(0), "{told}");
    assert!(told.contains("step later is not asked"), "{told}");
    assert!(!told.contains("step first is not asked"), "{told}");
    assert!(told.contains("a pod can carry 524288"), "{told}");
    let long = "x".repeat(100_000);
    let steps: String = (0..6)
        .map(|at| format!("  - {{id: s{at}, run: [echo, {long}]}}\n"))
        .collect();
    let seen = planned(&ground, &steps, &["--transport", "oneshot"]).seen();
    let told = String::from_utf8(seen.stdout).unwrap();
    assert_eq!(seen.code, Some(3), "{told}");
    assert!(told.contains("a pod can carry at most 524288"), "{told}");
}

#[test]
fn without_exec_and_log_nothing_is_changed() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let rules = json!([
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]},
        {"apiGroups": [""], "resources": ["pods/ephemeralcontainers"], "verbs": ["patch"]}]);
    let kubeconfig = account(&ground, "blind", &rules);
    let seen = Visit::steps(&ground, "  - {id: one, run: [echo, hello]}\n", "pod/web")
        .kubeconfig(kubeconfig.path())
        .seen();
    assert_eq!(seen.code, Some(3), "{}", seen.told());
    let reason = seen.only()["reason"].as_str().unwrap();
    assert!(reason.contains("nothing was changed"), "{reason}");
    assert_eq!(ground.guests("web"), [""; 0]);
}

#[test]
fn promise_3_ctrl_c_ends_a_oneshot_container_and_what_it_told_is_kept() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let ward = Ward::of(&ground, "web");
    let before = ground.standing("web");
    let steps =
        "  - {id: first, run: [echo, first]}\n  - {id: slow, run: [sleep, '1001'], timeout: 60s}\n";
    let run = Visit::steps(&ground, steps, "pod/web")
        .words(["--transport", "oneshot"])
        .start();
    eventually("the step", 30, || ward.with_words("sleep 1001"));
    run.signal(Signal::INT);
    let seen = run.end();
    assert_eq!(seen.code, Some(130), "{}", seen.told());
    assert_eq!(seen.only()["attach"]["proven"], true);
    assert_eq!(seen.text("first"), "first\n");
    assert_eq!(seen.step("slow")["status"], "unreachable");
    assert_eq!(ward.others(), []);
    assert_eq!(ground.standing("web"), before);
}

#[test]
fn promise_3_a_oneshot_container_ends_by_itself_when_its_client_is_killed_and_is_read_afterwards() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let ward = Ward::of(&ground, "web");
    let steps = "  - {id: slow, run: [sleep, '4']}\n  - {id: last, run: [echo, last]}\n";
    let run = Visit::steps(&ground, steps, "pod/web")
        .words(["--transport", "oneshot"])
        .start();
    eventually("the step", 30, || ward.with_words("sleep 4"));
    run.signal(Signal::KILL);
    run.end();
    let end = ground.end_of_only_guest("web", 60);
    assert_eq!(end["exitCode"], 0, "{end}");
    let message = end["message"].as_str().unwrap();
    assert!(message.contains("\n3 exit 0\n"), "{message}");
    assert_eq!(ward.others(), []);

    let guests = ground.guests("web");
    let container = &ground.pod("web")["spec"]["ephemeralContainers"][0];
    let mut env = container["env"].as_array().unwrap().iter();
    let id = env.find(|one| one["name"] == "HOUSECALL_RUN").unwrap();
    let id = id["value"].as_str().unwrap();
    let resumed = |steps: &str| {
        let visit = Visit::steps(&ground, steps, "pod/web");
        visit.words(["--resume", id]).seen()
    };
    let seen = resumed(steps);
    assert_eq!(seen.code, Some(0), "{}", seen.told());
    assert_eq!(seen.text("last"), "last\n");
    assert_eq!(seen.report["run"]["id"], id);
    assert_eq!(ground.guests("web"), guests);
    let other = resumed("  - {id: slow, run: [sleep, '5']}\n");
    assert_eq!(other.code, Some(3), "{}", other.told());
    assert!(other.told().contains("with these asks"), "{}", other.told());
}
