//! The pods that are made for a debug container: a copy of a pod, and a pod on a node, as `kubectl debug` makes them
//! (kubernetes/kubectl `pkg/cmd/debug/debug.go`, `profiles.go`). Pure.
//!
//! One thing is ours: such a pod has a deadline of its own, so that it ends when we were killed and could not delete it.

use serde_json::{Map, Value, json};

use crate::cluster::{Copying, Part, Profile};

/// Where a node's root is mounted.
pub(super) const HOST: &str = "/host";

/// The longest name of a pod that is also a host name.
const LONGEST: usize = 63;

/// Name of the pod that is made for `of`: the same for the same debug container.
pub(super) fn name(of: &str, container: &str) -> String {
    let room = LONGEST.saturating_sub(container.len() + 1);
    let mut of: String = of.chars().take(room).collect();
    of.truncate(of.trim_end_matches(['-', '.']).len());
    format!("{of}-{container}")
}

/// A copy of a pod with one more container. `lifetime` is in seconds.
pub(super) fn copy(
    pod: &Value,
    copying: &Copying,
    name: &str,
    container: Value,
    lifetime: u64,
) -> Value {
    let keeps = |part| copying.kept.contains(&part);
    let mut metadata = json!({"name": name, "namespace": pod["metadata"]["namespace"]});
    for (part, key) in [(Part::Labels, "labels"), (Part::Annotations, "annotations")] {
        if keeps(part) && pod["metadata"][key].is_object() {
            metadata[key] = pod["metadata"][key].clone();
        }
    }
    let mut spec = match &pod["spec"] {
        Value::Object(spec) => spec.clone(),
        _ => Map::new(),
    };
    spec.remove("ephemeralContainers");
    if !copying.same_node {
        spec.remove("nodeName");
    }
    if !keeps(Part::InitContainers) {
        spec.remove("initContainers");
    }
    match copying.share_processes {
        Some(share) => spec.insert("shareProcessNamespace".into(), share.into()),
        None if spec.get("shareProcessNamespace").is_none_or(Value::is_null) => {
            spec.insert("shareProcessNamespace".into(), true.into())
        }
        None => None,
    };
    if let Some(Value::Array(containers)) = spec.get_mut("containers") {
        for one in containers.iter_mut() {
            if let Some(one) = one.as_object_mut() {
                changed(one, copying);
            }
        }
        containers.push(container);
    }
    if !copying.stays {
        let own = spec.get("activeDeadlineSeconds").and_then(Value::as_u64);
        let least = own.map_or(lifetime, |own| own.min(lifetime));
        spec.insert("activeDeadlineSeconds".into(), least.into());
    }
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
}

/// One of the pod's own containers, as its copy has it.
fn changed(container: &mut Map<String, Value>, copying: &Copying) {
    for (part, key) in [
        (Part::Liveness, "livenessProbe"),
        (Part::Readiness, "readinessProbe"),
        (Part::Startup, "startupProbe"),
    ] {
        if !copying.kept.contains(&part) {
            container.remove(key);
        }
    }
    let given = |wanted: &str| {
        let mut images = copying.images.iter();
        images
            .find(|(name, _)| name == wanted)
            .map(|(_, image)| image)
    };
    let own = container.get("name").and_then(Value::as_str);
    if let Some(image) = own.and_then(given).or_else(|| given("*")) {
        container.insert("image".into(), image.clone().into());
    }
}

/// The same pod, of whose containers none is started again: one that asks by itself would ask twice.
pub(super) fn once(mut pod: Value) -> Value {
    pod["spec"]["restartPolicy"] = "Never".into();
    pod
}

/// Whether a profile sees the node's own namespaces, and its root.
pub(super) fn sees_host(profile: Profile) -> (bool, bool) {
    match profile {
        Profile::General | Profile::Sysadmin => (true, true),
        Profile::Netadmin => (true, false),
        Profile::Baseline | Profile::Restricted | Profile::Auto => (false, false),
    }
}

/// A pod on a node. `lifetime` is in seconds.
pub(super) fn on_node(
    (node, namespace): (&str, &str),
    profile: Profile,
    name: &str,
    mut container: Value,
    lifetime: u64,
) -> Value {
    let (namespaces, root) = sees_host(profile);
    let mut spec = json!({
        "nodeName": node,
        "restartPolicy": "Never",
        "tolerations": [{"operator": "Exists"}],
        "activeDeadlineSeconds": lifetime,
    });
    if namespaces {
        for key in ["hostNetwork", "hostPID", "hostIPC"] {
            spec[key] = true.into();
        }
    }
    if root {
        spec["volumes"] = json!([{"name": "host-root", "hostPath": {"path": "/"}}]);
        let mount = json!({"name": "host-root", "mountPath": HOST});
        match container
            .get_mut("volumeMounts")
            .and_then(Value::as_array_mut)
        {
            Some(mounts) => mounts.push(mount),
            None => container["volumeMounts"] = json!([mount]),
        }
    }
    spec["containers"] = json!([container]);
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {"app.kubernetes.io/managed-by": "housecall"},
        },
        "spec": spec,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod() -> Value {
        json!({
            "metadata": {"name": "web", "namespace": "shop", "uid": "u", "labels": {"app": "web"}, "annotations": {"a": "b"},
                "ownerReferences": [{"name": "web-1"}]},
            "spec": {
                "nodeName": "n1",
                "initContainers": [{"name": "wait", "image": "i:1"}],
                "ephemeralContainers": [{"name": "old"}],
                "containers": [
                    {"name": "app", "image": "app:1", "livenessProbe": {}, "readinessProbe": {}, "startupProbe": {}},
                    {"name": "side", "image": "side:1"}],
                "aFieldOfTomorrow": 1,
            },
            "status": {"phase": "Running"},
        })
    }

    fn copied(copying: &Copying) -> Value {
        copy(&pod(), copying, "web-2", json!({"name": "housecall-1"}), 60)
    }

    #[test]
    fn a_copy_is_bare_and_shares_its_processes() {
        let copied = copied(&Copying::default());
        assert_eq!(
            copied["metadata"],
            json!({"name": "web-2", "namespace": "shop"})
        );
        assert_eq!(
            copied["spec"],
            json!({
                "containers": [{"name": "app", "image": "app:1"}, {"name": "side", "image": "side:1"}, {"name": "housecall-1"}],
                "shareProcessNamespace": true,
                "activeDeadlineSeconds": 60,
                "aFieldOfTomorrow": 1,
            })
        );
        assert_eq!(copied["status"], Value::Null);
    }

    #[test]
    fn each_part_is_kept_where_that_is_said() {
        let all = [
            Part::Labels,
            Part::Annotations,
            Part::Liveness,
            Part::Readiness,
            Part::Startup,
            Part::InitContainers,
        ];
        let copied = copied(&Copying {
            kept: all.into(),
            same_node: true,
            share_processes: Some(false),
            stays: true,
            ..Copying::default()
        });
        assert_eq!(copied["metadata"]["labels"], json!({"app": "web"}));
        assert_eq!(copied["metadata"]["annotations"], json!({"a": "b"}));
        let app = &copied["spec"]["containers"][0];
        for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
            assert!(app[probe].is_object(), "{probe}");
        }
        let spec = &copied["spec"];
        assert_eq!(spec["nodeName"], "n1");
        assert_eq!(spec["shareProcessNamespace"], false);
        assert_eq!(spec["initContainers"][0]["name"], "wait");
        assert_eq!(spec["activeDeadlineSeconds"], Value::Null);
    }

    #[test]
    fn a_copy_whose_asks_go_with_it_starts_nothing_twice() {
        let mut expected = copied(&Copying::default());
        let once = once(expected.clone());
        expected["spec"]["restartPolicy"] = json!("Never");
        assert_eq!(once, expected);
    }

    #[test]
    fn an_image_is_set_by_name_before_it_is_set_for_all() {
        let images = [("*", "x:1"), ("app", "y:1")];
        let copied = copied(&Copying {
            images: images
                .map(|(name, image)| (name.into(), image.into()))
                .into(),
            ..Copying::default()
        });
        let of = |index: usize| copied["spec"]["containers"][index]["image"].clone();
        assert_eq!(
            [of(0), of(1), of(2)],
            [json!("y:1"), json!("x:1"), json!(null)]
        );
    }

    #[test]
    fn a_pod_on_a_node_sees_of_it_what_its_profile_says() {
        for (profile, namespaces, root) in [
            (Profile::General, true, true),
            (Profile::Sysadmin, true, true),
            (Profile::Netadmin, true, false),
            (Profile::Baseline, false, false),
            (Profile::Restricted, false, false),
        ] {
            let container = json!({"name": "housecall-1"});
            let pod = on_node(("n1", "shop"), profile, "x", container, 60);
            let spec = &pod["spec"];
            for key in ["hostNetwork", "hostPID", "hostIPC"] {
                assert_eq!(spec[key] == true, namespaces, "{profile} {key}");
            }
            let mounted = spec["containers"][0]["volumeMounts"][0]["mountPath"] == HOST;
            assert_eq!(mounted, root, "{profile}");
            assert_eq!(spec["tolerations"], json!([{"operator": "Exists"}]));
            assert_eq!(spec["restartPolicy"], "Never");
        }
    }

    #[test]
    fn the_name_of_a_made_pod_is_a_host_name_however_long_the_others_is() {
        let container = "housecall-0011223344";
        assert_eq!(name("web", container), "web-housecall-0011223344");
        let long = name(
            &format!("{}.{}", "a".repeat(41), "b".repeat(100)),
            container,
        );
        assert!(long.len() <= LONGEST && !long.contains(".-"), "{long}");
        assert!(crate::target::subdomain(&long).is_ok());
    }
}
