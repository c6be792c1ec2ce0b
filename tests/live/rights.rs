//! Promise 8: the Role that `plan --rbac yaml` prints is enough, and every right in it is needed.

use http::Method;
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::ground::Ground;
use crate::visit::{Visit, runbook};

const STEPS: &str = "  - {id: one, run: [ps]}\n";

/// Reads of the API alone: no debug container, and none of its rights.
const READS: &str = "  - {id: pod, kube: {object: pod}}
  - {id: service, kube: {object: service/front}}
  - {id: log, kube: {logs: {}}}
  - {id: events, kube: {events: {}}}
  - {id: ends, kube: {endpoints: {service: front}}}
";

/// The Role and the RoleBinding that are printed for these words, and a kubeconfig of the account they are for.
fn printed(ground: &Ground, steps: &str, words: &[&str]) -> (Value, Value, NamedTempFile) {
    let book = ground.scratch("own.yaml");
    std::fs::write(&book, runbook(steps)).unwrap();
    let seen = Visit::bare(&["plan", &book])
        .words(words.iter().copied())
        .words(["-n", &ground.namespace, "--rbac", "yaml"])
        .seen();
    assert_eq!(seen.code, Some(0), "{}", seen.stderr);
    let text = String::from_utf8(seen.stdout).unwrap();
    let (role, binding) = text.split_once("\n---\n").expect("two documents");
    let role: Value = serde_yaml::from_str(role).unwrap();
    let binding: Value = serde_yaml::from_str(binding).unwrap();
    assert_eq!(
        (&role["kind"], &binding["kind"]),
        (&json!("Role"), &json!("RoleBinding"))
    );
    let account = binding["subjects"][0]["name"].as_str().unwrap().to_owned();
    let kubeconfig = ground.kubeconfig_with(&ground.token(&account));
    (role, binding, kubeconfig)
}

/// The verbs of a role, one by one, optional ones left out.
fn required(role: &Value) -> Vec<(String, String, String)> {
    let optional = role["metadata"]["annotations"]["housecall/optional"]
        .as_str()
        .unwrap_or_default();
    let optional: Vec<_> = optional.split(", ").collect();
    let mut all = Vec::new();
    for rule in role["rules"].as_array().unwrap() {
        let (group, resource) = (&rule["apiGroups"][0], &rule["resources"][0]);
        for verb in rule["verbs"].as_array().unwrap() {
            let word = |value: &Value| value.as_str().unwrap().to_owned();
            let right = (word(group), word(resource), word(verb));
            if !optional.contains(&format!("{} {}", right.2, right.1).as_str()) {
                all.push(right);
            }
        }
    }
    all
}

fn role_of(role: &Value, rights: &[(String, String, String)]) -> Value {
    let rules: Vec<_> = rights
        .iter()
        .map(|(group, resource, verb)| {
            json!({"apiGroups": [group], "resources": [resource], "verbs": [verb]})
        })
        .collect();
    let mut role = role.clone();
    role["rules"] = rules.into();
    role
}

fn enough_and_no_more(steps: &str, words: &[&str]) {
    let Some(ground) = Ground::find() else { return };
    let mut pod = ground.patient("web");
    pod["metadata"]["labels"] = json!({"app": "web"});
    ground.admit(pod);
    ground.make(
        "services",
        json!({"metadata": {"name": "front"}, "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}}),
    );
    let (role, binding, kubeconfig) = printed(&ground, steps, words);
    ground.put_rbac("roles", role.clone());
    ground.put_rbac("rolebindings", binding);
    let run = || {
        let visit = Visit::steps(&ground, steps, &words.join(" "));
        // Left open, the other transport would do where the rights of the one are missing.
        let visit = match words {
            [.., "--transport", _] => visit,
            _ => visit.words(["--transport", "live"]),
        };
        visit.kubeconfig(kubeconfig.path()).seen()
    };
    let seen = run();
    assert_eq!(seen.code, Some(0), "as printed: {}", seen.told());

    let rights = required(&role);
    ground.put_rbac("roles", role_of(&role, &rights));
    let seen = run();
    assert_eq!(
        seen.code,
        Some(0),
        "without the optional rights: {}",
        seen.told()
    );

    for missing in &rights {
        let (_, resource, verb) = missing;
        // A WebSocket needs both verbs of pods/exec only since Kubernetes 1.35; before it, the one is not missed.
        if resource == "pods/exec" && verb == "create" {
            continue;
        }
        let rest: Vec<_> = rights
            .iter()
            .filter(|one| *one != missing)
            .cloned()
            .collect();
        ground.put_rbac("roles", role_of(&role, &rest));
        let seen = run();
        assert_ne!(seen.code, Some(0), "without {missing:?}");
        let told = seen.told();
        assert!(
            told.contains(&format!("cannot {verb} resource")),
            "{missing:?}: {told}"
        );
        assert!(told.contains("plan --rbac yaml"), "{missing:?}: {told}");
    }
}

#[test]
fn promise_8_the_printed_role_is_just_enough_for_a_named_pod() {
    enough_and_no_more(STEPS, &["pod/web"]);
}

#[test]
fn promise_8_the_role_of_the_oneshot_transport_needs_no_exec() {
    let words = ["pod/web", "--transport", "oneshot"];
    enough_and_no_more(STEPS, &words);
}

#[test]
fn promise_8_the_printed_role_is_just_enough_for_a_selector() {
    enough_and_no_more(STEPS, &["-l", "app=web"]);
}

#[test]
fn promise_8_the_printed_role_is_just_enough_for_an_owner() {
    enough_and_no_more(STEPS, &["svc/front"]);
}

#[test]
fn promise_8_the_printed_role_is_just_enough_for_reads_of_the_api() {
    enough_and_no_more(READS, &["pod/web"]);
}

#[test]
fn promise_8_reads_beside_a_container_have_their_rights_in_the_same_role() {
    enough_and_no_more(
        &format!("{STEPS}  - {{id: log, kube: {{logs: {{tail: 5}}}}}}\n"),
        &["pod/web"],
    );
}

#[test]
fn promise_8_the_printed_role_is_just_enough_for_a_copy() {
    enough_and_no_more(STEPS, &["pod/web", "--mode", "copy"]);
}

#[test]
fn promise_8_the_roles_of_a_node_over_the_oneshot_transport_are_just_enough() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let node = ground.pod("web")["spec"]["nodeName"].clone();
    let target = format!("node/{}", node.as_str().unwrap());
    let book = ground.scratch("own.yaml");
    std::fs::write(&book, runbook(STEPS)).unwrap();
    let words = [&target, "--transport", "oneshot"];
    let seen = Visit::bare(&["plan", &book])
        .words(words)
        .words(["-n", &ground.namespace, "--rbac", "yaml"])
        .seen();
    let text = String::from_utf8(seen.stdout).unwrap();
    let mut parts: Vec<Value> = text
        .split("\n---\n")
        .map(|part| serde_yaml::from_str(part).unwrap())
        .collect();
    // Of what is in no namespace there may be only one of a name.
    for part in &mut parts[2..] {
        part["metadata"]["name"] = json!(ground.namespace);
    }
    parts[3]["roleRef"]["name"] = json!(ground.namespace);
    let all = "/apis/rbac.authorization.k8s.io/v1";
    let ours = |kind: &str| format!("{all}/{kind}/{}", ground.namespace);
    let [role, binding, wide, wide_binding] = parts.try_into().unwrap();
    let kubeconfig = ground.kubeconfig_with(&ground.token("housecall"));
    ground.put_rbac("roles", role.clone());
    ground.put_rbac("rolebindings", binding);
    let post = |kind: &str, part: &Value| {
        let path = format!("{all}/{kind}");
        ground.ask(Method::POST, &path, Some(part.clone())).unwrap();
    };
    post("clusterroles", &wide);
    post("clusterrolebindings", &wide_binding);
    let run = || {
        let visit = Visit::steps(&ground, STEPS, &words.join(" "));
        visit.kubeconfig(kubeconfig.path()).seen()
    };
    let rights = required(&role);
    let enough = [role.clone(), role_of(&role, &rights)].map(|role| {
        ground.put_rbac("roles", role);
        run()
    });
    let lacking: Vec<_> = rights
        .iter()
        .map(|missing| {
            let mut rest = rights.clone();
            rest.retain(|one| one != missing);
            ground.put_rbac("roles", role_of(&role, &rest));
            (missing.clone(), run())
        })
        .collect();
    ground.put_rbac("roles", role);
    for kind in ["clusterrolebindings", "clusterroles"] {
        ground.ask(Method::DELETE, &ours(kind), None).unwrap();
    }
    let blind = run();
    for seen in enough {
        assert_eq!(seen.code, Some(0), "{}", seen.told());
    }
    let node = (String::new(), "nodes".to_owned(), "get".to_owned());
    for ((_, resource, verb), seen) in lacking.into_iter().chain([(node, blind)]) {
        let told = seen.told();
        let words = format!("cannot {verb} resource");
        assert!(told.contains(&words), "without {verb} {resource}: {told}");
    }
}

#[test]
fn promise_8_the_role_of_a_copy_over_the_oneshot_transport_needs_no_exec() {
    let words = ["pod/web", "--mode", "copy", "--transport", "oneshot"];
    enough_and_no_more(STEPS, &words);
}

#[test]
fn promise_8_the_printed_role_is_just_enough_for_the_applications_own_container() {
    enough_and_no_more(STEPS, &["pod/web", "--mode", "exec"]);
}
