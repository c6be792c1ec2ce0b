//! Side by side with the real `kubectl debug`: for each profile and mode, what the API holds of its container and pod is what it holds
//! of ours. What is told apart on purpose is left out here: names, commands, the environment, the deadline of a pod that we make.

use std::process::Command;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::ground::Ground;
use crate::patience::eventually;
use crate::visit::Visit;

const PROFILES: [&str; 5] = ["general", "baseline", "restricted", "netadmin", "sysadmin"];

/// A user that is not root, so that every profile starts it.
const IMAGE: &str = "housecall.test/nobody:1";

/// Of the spec of a made pod.
const SAME: [&str; 12] = [
    "securityContext",
    "hostNetwork",
    "hostPID",
    "hostIPC",
    "shareProcessNamespace",
    "tolerations",
    "restartPolicy",
    "initContainers",
    "nodeName",
    "serviceAccountName",
    "terminationGracePeriodSeconds",
    "dnsPolicy",
];

const STEPS: &str = "  - {id: net, sh: 'cat /proc/net/dev'}\n";

/// The real `kubectl`, of the cluster's own program.
fn kubectl(ground: &Ground, words: &[&str]) {
    let done = Command::new("kubectl")
        .args(["-n", &ground.namespace])
        .args(words)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "kubectl {words:?}: {told}");
}

/// A patient with everything that a copy may keep.
fn patient(ground: &Ground, name: &str) -> Value {
    let mut pod = ground.patient(name);
    pod["metadata"]["annotations"] = json!({"own": "note"});
    pod["spec"]["securityContext"] = json!({"fsGroup": 2000});
    let image = pod["spec"]["containers"][0]["image"].clone();
    pod["spec"]["initContainers"] =
        json!([{"name": "first", "image": ground.image, "command": ["true"]}]);
    let probe = json!({"exec": {"command": ["/patient"]}, "periodSeconds": 3000, "initialDelaySeconds": 3000});
    let app = &mut pod["spec"]["containers"][0];
    for kind in ["livenessProbe", "readinessProbe"] {
        app[kind] = probe.clone();
    }
    app["startupProbe"] = json!({"tcpSocket": {"port": 80}, "failureThreshold": 100});
    app["image"] = image;
    pod
}

/// The one debug container of a pod: neither the application's nor what was there before.
fn debug_container(pod: &Value) -> &Value {
    let spec = &pod["spec"];
    let mut all = [&spec["ephemeralContainers"], &spec["containers"]]
        .into_iter()
        .filter_map(Value::as_array)
        .flatten()
        .filter(|one| one["name"] != "app");
    all.next().expect("a debug container")
}

/// What of the container is held side by side.
fn container(pod: &Value) -> Value {
    let one = debug_container(pod);
    let mounts = one["volumeMounts"].as_array().cloned().unwrap_or_default();
    let paths: Vec<_> = mounts
        .iter()
        .map(|mount| mount["mountPath"].clone())
        .collect();
    json!({
        "securityContext": one["securityContext"],
        "targetContainerName": one["targetContainerName"],
        "stdin": one["stdin"], "tty": one["tty"],
        "terminationMessagePolicy": one["terminationMessagePolicy"],
        "imagePullPolicy": one["imagePullPolicy"],
        "mounts": paths,
    })
}

/// What of a made pod is held side by side.
fn made(pod: &Value) -> Value {
    let spec = &pod["spec"];
    let others: Vec<_> = spec["containers"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|one| one["name"] == "app")
        .cloned()
        .collect();
    let volumes: Vec<_> = spec["volumes"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|volume| volume["hostPath"].clone())
        .collect();
    let same = SAME.map(|key| spec[key].clone());
    json!({
        "container": container(pod),
        "others": others,
        "volumes": volumes,
        "annotations": pod["metadata"]["annotations"],
        "spec": same,
    })
}

#[test]
fn an_ephemeral_container_is_the_one_that_kubectl_debug_adds() {
    let Some(ground) = Ground::ours() else { return };
    for profile in PROFILES {
        let (theirs, ours) = (format!("kubectl-{profile}"), format!("own-{profile}"));
        for name in [&theirs, &ours] {
            ground.admit(ground.patient(name));
        }
        let words = [
            "--image",
            IMAGE,
            "--target",
            "app",
            "-q",
            "--profile",
            profile,
        ];
        let words = [&["debug", &theirs], &words[..], &["--", "true"]].concat();
        kubectl(&ground, &words);
        let seen = Visit::steps(&ground, STEPS, &ours)
            .words(["--image", IMAGE, "--target", "app", "--profile", profile])
            .seen();
        assert_eq!(seen.code, Some(0), "{profile}: {}", seen.told());
        assert_eq!(
            container(&ground.pod(&ours)),
            container(&ground.pod(&theirs)),
            "{profile}"
        );
    }
}

#[test]
fn a_copy_is_the_one_that_kubectl_debug_makes() {
    let Some(ground) = Ground::ours() else { return };
    ground.admit(patient(&ground, "web"));
    let kept = [
        "--keep-labels",
        "--keep-annotations",
        "--keep-liveness",
        "--keep-readiness",
        "--keep-startup",
        "--keep-init-containers=false",
        "--same-node",
        "--share-processes=false",
        "--set-image=app=housecall.test/patient:1",
        "--set-image=*=housecall.test/patient:1",
    ];
    let cases = PROFILES.map(|profile| (profile, vec![]));
    let kept = kept.map(|flag| ("general", vec![flag]));
    for (number, (profile, flags)) in cases.into_iter().chain(kept).enumerate() {
        let (theirs, ours) = (format!("kubectl-{number}"), format!("own-{number}"));
        let words = ["--image", IMAGE, "--profile", profile];
        let theirs_words = ["debug", "web", "-q", "--copy-to", &theirs];
        kubectl(
            &ground,
            &[&theirs_words[..], &words, &flags, &["--", "true"]].concat(),
        );
        let seen = Visit::steps(&ground, STEPS, "web --keep")
            .words(["--copy-to", &ours])
            .words(words)
            .words(flags.iter().copied())
            .seen();
        let case = format!("{profile} {flags:?}");
        // Where the processes are shared, the patient is found; the step needs no patient either way.
        assert_eq!(seen.code, Some(0), "{case}: {}", seen.told());
        let (own, other) = (ground.pod(&ours), ground.pod(&theirs));
        assert_eq!(made(&own), made(&other), "{case}");
        assert_eq!(
            own["metadata"]["labels"], other["metadata"]["labels"],
            "{case}"
        );
        for name in [&ours, &theirs] {
            ground.dismiss(name);
        }
    }
}

#[test]
fn a_pod_on_a_node_is_the_one_that_kubectl_debug_makes() {
    let Some(ground) = Ground::ours() else { return };
    let node = "node/node-a";
    let one = |label: &str| -> Option<Value> {
        let path = format!("pods?labelSelector=app.kubernetes.io/managed-by%3D{label}");
        let list = ground.get(&path)?;
        list["items"].as_array()?.first().cloned()
    };
    for profile in PROFILES {
        let words = ["--image", IMAGE, "--profile", profile];
        kubectl(
            &ground,
            &[&["debug", node, "-q"], &words[..], &["--", "true"]].concat(),
        );
        let long = "  - {id: long, sh: 'sleep 1000', timeout: 60s}\n";
        let run = Visit::steps(&ground, long, node).words(words).start();
        run.asking("long");
        let own = one("housecall").expect("our pod");
        let theirs = eventually("kubectl's pod", 10, || one("kubectl-debug"));
        assert_eq!(made(&own), made(&theirs), "{profile}");
        ground.dismiss(theirs["metadata"]["name"].as_str().unwrap());
        run.signal(Signal::INT);
        let seen = run.end();
        assert_eq!(seen.code, Some(130), "{profile}: {}", seen.told());
        eventually("both gone", 60, || {
            (one("housecall").is_none() && one("kubectl-debug").is_none()).then_some(())
        });
    }
}

/// What a custom file may say, over a profile that says otherwise.
const CUSTOM: &str = r#"
env: [{name: FROM_FILE, value: "1"}, {name: HOST, valueFrom: {fieldRef: {fieldPath: status.hostIP}}}]
workingDir: /tmp
securityContext: {runAsUser: 65533, capabilities: {add: [NET_RAW]}}
volumeMounts: [{name: data, mountPath: /data, readOnly: true}]
"#;

/// What the partial spec of a custom file comes to.
fn customized(pod: &Value) -> Value {
    let one = debug_container(pod);
    let env = one["env"].as_array().cloned().unwrap_or_default();
    let own = |one: &Value| !one["name"].as_str().unwrap().starts_with("HOUSECALL_");
    let mut env: Vec<_> = env.into_iter().filter(own).collect();
    env.sort_by_key(|one| one["name"].to_string());
    let mounts = one["volumeMounts"].as_array().cloned().unwrap_or_default();
    let data = mounts.iter().find(|mount| mount["name"] == "data");
    json!({"env": env, "securityContext": one["securityContext"], "workingDir": one["workingDir"], "data": data})
}

#[test]
fn a_custom_file_and_variables_come_to_what_kubectl_debug_makes_of_them() {
    let Some(ground) = Ground::ours() else { return };
    let file = ground.scratch("custom.yaml");
    std::fs::write(&file, CUSTOM).unwrap();
    for name in ["own", "theirs"] {
        let mut pod = ground.patient(name);
        pod["spec"]["volumes"] = json!([{"name": "data", "emptyDir": {}}]);
        ground.admit(pod);
    }
    let words = [
        "--image",
        IMAGE,
        "--profile",
        "general",
        "--custom",
        &file,
        "--env",
        "GIVEN=a b",
    ];
    let kubectl = |target: &[&str]| {
        let words = [&["debug", "-q"], target, &words[..], &["--", "true"]].concat();
        kubectl(&ground, &words);
    };
    kubectl(&["theirs"]);
    let seen = Visit::steps(&ground, STEPS, "own").words(words).seen();
    assert_eq!(seen.code, Some(0), "{}", seen.told());
    let (own, theirs) = (ground.pod("own"), ground.pod("theirs"));
    assert_eq!(customized(&own), customized(&theirs));
    kubectl(&["theirs", "--copy-to", "their-copy"]);
    let copied = Visit::steps(&ground, STEPS, "own --keep")
        .words(["--copy-to", "own-copy"])
        .words(words)
        .seen();
    assert_eq!(copied.code, Some(0), "{}", copied.told());
    let (own, theirs) = (ground.pod("own-copy"), ground.pod("their-copy"));
    assert_eq!(customized(&own), customized(&theirs));
}

#[test]
fn the_targets_volumes_are_mounted_on_request_but_not_those_of_a_sub_path() {
    let Some(ground) = Ground::find() else { return };
    let mut pod = ground.patient("web");
    pod["spec"]["volumes"] = json!([{"name": "data", "emptyDir": {}}]);
    pod["spec"]["containers"][0]["volumeMounts"] = json!([
        {"name": "data", "mountPath": "/data"},
        {"name": "data", "mountPath": "/part", "subPath": "part"}]);
    ground.admit(pod);
    let steps =
        "  - {id: there, run: [ls, -d, /data]}\n  - {id: part, sh: 'ls -d /part || echo none'}\n";
    let seen = Visit::steps(&ground, steps, "web --target-volumes").seen();
    assert_eq!(seen.code, Some(0), "{}", seen.told());
    assert_eq!(seen.text("part"), "none\n");
}
