//! What the API tells of a pod, without a container in it.

use serde_json::{Value, json};

use crate::ground::Ground;
use crate::patience::eventually;
use crate::visit::Visit;

const LOOK: &str = "  - {id: pod, kube: {object: pod}}
  - {id: events, kube: {events: {object: pod, since: 15m}}, expect: [{id: told, that: '!rows.is_empty()'}]}
  - {id: rest, pause: 100ms}
";

/// Waits until a container of a pod waits for this reason.
fn waits(ground: &Ground, pod: &str, list: &str, reason: &str) {
    eventually(&format!("{pod} in {reason}"), 90, || {
        let pod = ground.get(&format!("pods/{pod}"))?;
        let found = &pod["status"][list][0]["state"]["waiting"]["reason"];
        (found == reason).then_some(())
    });
}

fn facts(seen: &crate::visit::Seen, step: &str) -> Value {
    seen.step(step)["facts"].clone()
}

#[test]
fn a_pod_that_crashes_is_looked_at_without_a_container() {
    let Some(ground) = Ground::find() else { return };
    let shell = json!({"name": "app", "image": ground.image, "command": ["sh", "-c", "echo last words; exit 3"]});
    ground.make("pods", ground.of("web", shell));
    waits(&ground, "web", "containerStatuses", "CrashLoopBackOff");
    // While it is started once more, the kubelet may have removed the container before the last.
    let steps = format!(
        "{LOOK}  - {{id: log, kube: {{logs: {{previous: true, tail: 5}}}}, expect: ['text.contains(\"last\")'], retry: {{attempts: 5, delay: 1s}}}}\n"
    );
    let seen = Visit::steps(&ground, &steps, "web").seen();
    assert_eq!(seen.code, Some(0), "{}", seen.told());
    assert_eq!(seen.only()["attach"], Value::Null);
    assert!(ground.guests("web").is_empty(), "nothing was attached");
    let pod = facts(&seen, "pod");
    assert_eq!(pod["reason"], "CrashLoopBackOff");
    assert_eq!(
        (&pod["phase"], &pod["ready"]),
        (&json!("Running"), &json!(false))
    );
    let app = &pod["containers"][0];
    assert_eq!(
        (&app["last_exit_code"], &app["last_reason"]),
        (&json!(3), &json!("Error"))
    );
    assert_eq!(pod["object"]["metadata"]["managedFields"], Value::Null);
    assert_eq!(facts(&seen, "log")["text"], "last words\n");
    let rows = facts(&seen, "events")["rows"].clone();
    let rows = rows.as_array().unwrap();
    assert!(
        rows.iter().any(|row| row["reason"] == "BackOff"),
        "{rows:?}"
    );
}

#[test]
fn a_pod_whose_image_is_not_to_be_had_or_whose_start_fails_is_told_apart() {
    let Some(ground) = Ground::find() else { return };
    let mut pod = ground.of(
        "lacking",
        json!({"name": "app", "image": "housecall.invalid/none:1"}),
    );
    ground.make("pods", pod);
    pod = ground.of("starting", json!({"name": "app", "image": ground.image}));
    pod["spec"]["initContainers"] =
        json!([{"name": "prepare", "image": ground.image, "command": ["sh", "-c", "exit 1"]}]);
    ground.make("pods", pod);
    waits(
        &ground,
        "starting",
        "initContainerStatuses",
        "CrashLoopBackOff",
    );
    let seen = Visit::steps(&ground, LOOK, "starting").seen();
    let pod = facts(&seen, "pod");
    assert_eq!(
        (&pod["reason"], &pod["phase"]),
        (&json!("Init:CrashLoopBackOff"), &json!("Pending"))
    );
    assert_eq!(pod["containers"][0]["init"], true);
    let seen = Visit::steps(&ground, LOOK, "lacking").seen();
    let reason = facts(&seen, "pod")["reason"].clone();
    assert!(
        ["ErrImagePull", "ImagePullBackOff"].contains(&reason.as_str().unwrap()),
        "{reason}"
    );
    assert_eq!(seen.only()["attach"], Value::Null);
}

#[test]
fn what_is_around_a_pod_is_read_by_its_name_or_its_place() {
    let Some(ground) = Ground::find() else { return };
    let path = format!("/apis/apps/v1/namespaces/{}/deployments", ground.namespace);
    let mut pod = ground.patient("web");
    let template = json!({"metadata": {"labels": {"app": "web"}}, "spec": pod["spec"].take()});
    let spec = json!({"selector": {"matchLabels": {"app": "web"}}, "template": template});
    ground
        .ask(
            http::Method::POST,
            &path,
            Some(json!({"metadata": {"name": "front"}, "spec": spec})),
        )
        .unwrap();
    ground.make("services", json!({"metadata": {"name": "front"}, "spec": {"selector": {"app": "web"}, "ports": [{"port": 8080, "targetPort": 80}]}}));
    ground.make(
        "configmaps",
        json!({"metadata": {"name": "settings"}, "data": {"colour": "green"}}),
    );
    eventually("an endpoint", 60, || {
        let path = format!(
            "/apis/discovery.k8s.io/v1/namespaces/{}/endpointslices",
            ground.namespace
        );
        let ready = &ground.get(&path)?["items"][0]["endpoints"][0]["conditions"]["ready"];
        (*ready == true).then_some(())
    });
    let steps = "  - {id: owner, kube: {object: owner}}
  - {id: node, kube: {object: node}}
  - {id: ills, kube: {events: {object: node}}}
  - {id: settings, kube: {object: configmap/settings}}
  - {id: none, kube: {object: svc/nobody}, expect: [{id: gone, that: '!exists'}]}
  - {id: ends, kube: {endpoints: {service: front}}}
  - {id: changes, kube: {events: {object: owner}}}
  - {id: early, kube: {logs: {previous: true}}, expect: [{id: first, that: exit == 1}]}
";
    let seen = Visit::steps(&ground, steps, "-l app=web").seen();
    assert_eq!(seen.code, Some(0), "{}", seen.told());
    let object = |step| facts(&seen, step)["object"].clone();
    assert_eq!(
        (
            &object("owner")["kind"],
            &object("owner")["metadata"]["name"]
        ),
        (&json!("Deployment"), &json!("front"))
    );
    assert_eq!(object("node")["kind"], "Node");
    assert_eq!(object("settings")["data"]["colour"], "green");
    let row = &facts(&seen, "ends")["rows"][0];
    assert_eq!((&row["ready"], &row["port"]), (&json!(true), &json!(80)));
    assert_eq!(row["pod"], seen.only()["target"]["pod"]);
    assert_eq!(
        facts(&seen, "changes")["rows"][0]["reason"],
        "ScalingReplicaSet"
    );
}

#[test]
fn a_right_that_is_missing_is_named_and_the_rest_is_asked() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    ground.put_rbac("roles", json!({"metadata": {"name": "r"}, "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]}));
    ground.put_rbac("rolebindings", json!({"metadata": {"name": "r"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"},
        "subjects": [{"kind": "ServiceAccount", "name": "poor", "namespace": ground.namespace}]}));
    let kubeconfig = ground.kubeconfig_with(&ground.token("poor"));
    let steps = "  - {id: pod, kube: {object: pod}}
  - {id: log, kube: {logs: {}}}
  - {id: deep, run: [ps]}
";
    let seen = Visit::steps(&ground, steps, "web")
        .kubeconfig(kubeconfig.path())
        .seen();
    assert_eq!(seen.code, Some(5), "{}", seen.told());
    assert_eq!(seen.step("pod")["status"], "pass");
    assert_eq!(
        (&seen.step("log")["status"], &seen.step("deep")["status"]),
        (&json!("unavailable"), &json!("unavailable"))
    );
    let why = seen.step("log")["reason"].as_str().unwrap();
    assert!(
        why.contains("missing: get pods/log in namespace") && why.contains("plan --rbac yaml"),
        "{why}"
    );
    assert_eq!(seen.only()["attach"], Value::Null);
}
