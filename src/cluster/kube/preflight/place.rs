//! Where a pod lives: the cluster, its namespace, its node. Pure.

use k8s_openapi::api::core::v1::{Namespace, Node};
use serde_json::Value;

use crate::cluster::Finding;

/// Minor version that has ephemeral containers for good.
const EPHEMERAL: u32 = 25;

/// Label of a namespace: the level of Pod Security that it enforces.
const ENFORCE: &str = "pod-security.kubernetes.io/enforce";

/// Names that providers of virtual nodes give them by default, for where the node itself may not be read.
const VIRTUAL: [&str; 2] = ["virtual-kubelet", "virtual-node"];

/// The minor version, of an answer of `/version`; some providers add a `+`.
pub(super) fn minor(version: &Value) -> Option<u32> {
    let minor = version["minor"].as_str()?;
    let digits = minor.trim_end_matches(|c: char| !c.is_ascii_digit());
    digits.parse().ok()
}

/// The cluster that answered.
pub(super) fn cluster(name: &str, server: &str, version: &Value) -> Finding {
    let told = version["gitVersion"]
        .as_str()
        .unwrap_or("of a version that it does not tell");
    let says = format!("{name} at {server} answers: Kubernetes {told}");
    if version["major"] == "1" && minor(version).is_some_and(|minor| minor < EPHEMERAL) {
        return Finding::trouble(
            "cluster",
            says,
            "ephemeral containers came for good with Kubernetes 1.25: upgrade it, or run with `--mode copy` or `--mode exec`",
        );
    }
    Finding::ok("cluster", says)
}

/// What a namespace says it enforces. Without a pod that is all that can be told; with one, the dry runs tell what passes.
pub(super) fn security(namespace: &Namespace) -> Finding {
    let what = "pod security";
    let level = namespace
        .metadata
        .labels
        .as_ref()
        .and_then(|labels| labels.get(ENFORCE));
    match level.map(String::as_str) {
        None => Finding::ok(
            what,
            "the namespace enforces no level of its own: the cluster's default holds",
        ),
        Some("privileged") => Finding::ok(what, "level privileged: every profile passes"),
        Some("baseline") => Finding::warning(
            what,
            "level baseline: profiles baseline and restricted pass",
            "run with `--profile auto`, or with one of these",
        ),
        Some("restricted") => Finding::warning(
            what,
            "level restricted: profile restricted passes",
            "run with `--profile auto` or `--profile restricted`",
        ),
        Some(other) => Finding::warning(
            what,
            format!("`{other}` is no level of Pod Security"),
            format!("set the namespace's label {ENFORCE} to privileged, baseline or restricted"),
        ),
    }
}

/// The node on which a pod is; `node` is itself, where it may be read.
pub(super) fn node(name: &str, node: Option<&Node>) -> Finding {
    let what = "node";
    let is_virtual = match node {
        Some(node) => stated_virtual(node),
        None => VIRTUAL.iter().any(|prefix| name.starts_with(prefix)),
    };
    if is_virtual {
        return Finding::trouble(
            what,
            format!("{name} is a virtual node: no kubelet is there that starts debug containers"),
            "examine a pod on a real node, or run with `--mode exec` where the provider has exec",
        );
    }
    Finding::ok(what, format!("{name} is a node with a kubelet of its own"))
}

/// A node of virtual-kubelet has this label, and a taint by which pods stay away from it (virtual-kubelet/virtual-kubelet
/// `cmd/virtual-kubelet/internal/commands/root/node.go`).
fn stated_virtual(node: &Node) -> bool {
    let labels = node.metadata.labels.as_ref();
    let taints = node
        .spec
        .iter()
        .flat_map(|spec| spec.taints.iter().flatten());
    labels
        .and_then(|all| all.get("type"))
        .is_some_and(|kind| kind == "virtual-kubelet")
        || taints
            .into_iter()
            .any(|taint| taint.key == "virtual-kubelet.io/provider")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cluster::Health;

    #[test]
    fn a_cluster_without_ephemeral_containers_is_trouble() {
        for (minor, state) in [
            ("24", Health::Trouble),
            ("25", Health::Ok),
            ("34+", Health::Ok),
        ] {
            let version =
                json!({"major": "1", "minor": minor, "gitVersion": format!("v1.{minor}")});
            assert_eq!(
                cluster("prod", "https://api", &version).state,
                state,
                "{minor}"
            );
        }
        assert_eq!(cluster("prod", "https://api", &json!({})).state, Health::Ok);
        assert_eq!(minor(&json!({"minor": "34+"})), Some(34));
    }

    #[test]
    fn a_level_tells_which_profiles_pass() {
        let told = |labels| {
            let namespace = json!({"metadata": {"labels": labels}});
            security(&serde_json::from_value(namespace).unwrap())
        };
        assert_eq!(told(json!({})).state, Health::Ok);
        assert_eq!(told(json!({ENFORCE: "privileged"})).state, Health::Ok);
        let restricted = told(json!({ENFORCE: "restricted"}));
        assert_eq!(restricted.state, Health::Warning);
        assert!(restricted.fix.unwrap().contains("--profile restricted"));
        assert!(
            told(json!({ENFORCE: "baseline"}))
                .says
                .contains("baseline and restricted")
        );
        assert_eq!(told(json!({ENFORCE: "strict"})).state, Health::Warning);
    }

    #[test]
    fn a_virtual_node_is_told_by_its_label_its_taint_or_at_least_its_name() {
        let read = |node| serde_json::from_value::<Node>(node).unwrap();
        let label = read(json!({"metadata": {"labels": {"type": "virtual-kubelet"}}}));
        let taint = read(json!({"metadata": {}, "spec": {"taints": [
            {"key": "virtual-kubelet.io/provider", "effect": "NoSchedule"}]}}));
        let real = read(json!({"metadata": {"labels": {"type": "worker"}}}));
        assert_eq!(node("n1", Some(&label)).state, Health::Trouble);
        assert_eq!(node("n1", Some(&taint)).state, Health::Trouble);
        assert_eq!(node("virtual-node-1", Some(&real)).state, Health::Ok);
        assert_eq!(node("virtual-node-1", None).state, Health::Trouble);
        assert_eq!(node("n1", None).state, Health::Ok);
    }
}
