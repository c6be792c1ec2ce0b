//! The rights of a plan as a Role and a RoleBinding, ready for `kubectl apply -f -`.
//!
//! ```yaml
//! rules:
//!   - apiGroups: [""]
//!     resources: ["pods/ephemeralcontainers"]  # adds the debug container
//!     verbs: ["patch"]
//! ```

use std::fmt::Write;

use crate::ask::Need;

/// Where the rights are to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// In one namespace: a Role.
    Namespace(&'a str),
    /// In all of them: a ClusterRole.
    Cluster,
}

/// Renders the manifests; `runbook` names them. Where nothing is needed, a comment says so.
///
/// A right without which the run still goes on stands last, under a comment, and in the annotation `housecall/optional`.
pub fn role(runbook: &str, place: Place<'_>, needs: &[Need]) -> String {
    if needs.is_empty() {
        return "# no right of a cluster is needed: the targets are on this machine\n".into();
    }
    let name = format!("housecall-{runbook}");
    let (prefix, own, home) = match place {
        Place::Namespace(namespace) => ("", format!("  namespace: {namespace}\n"), namespace),
        Place::Cluster => ("Cluster", String::new(), "default"),
    };
    // A Role cannot grant what is in no namespace: that stands in a ClusterRole of its own, behind.
    let apart = |need: &&Need| place != Place::Cluster && need.cluster_wide();
    let optional: Vec<_> = needs.iter().filter(|need| need.optional).collect();
    let required: Vec<_> = needs
        .iter()
        .filter(|need| !need.optional && !apart(need))
        .collect();
    let wide: Vec<_> = needs.iter().filter(apart).collect();
    let listed: Vec<_> = optional
        .iter()
        .map(|need| format!("{} {}", need.verb, need.resource))
        .collect();
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "apiVersion: rbac.authorization.k8s.io/v1\n\
         kind: {prefix}Role\n\
         metadata:\n  name: {name}\n{own}  annotations:\n    housecall/optional: \"{}\"\n\
         rules:\n",
        listed.join(", ")
    );
    rules(&mut text, &required);
    if !optional.is_empty() {
        text.push_str(
            "  # Optional: the run goes on without these, only slower or with less to tell.\n",
        );
        rules(&mut text, &optional);
    }
    binding(&mut text, prefix, &name, &own, home);
    if !wide.is_empty() {
        let _ = write!(
            text,
            "---\n\
             # What is in no namespace.\n\
             apiVersion: rbac.authorization.k8s.io/v1\n\
             kind: ClusterRole\n\
             metadata:\n  name: {name}\n\
             rules:\n"
        );
        rules(&mut text, &wide);
        binding(&mut text, "Cluster", &name, "", home);
    }
    text
}

fn binding(text: &mut String, prefix: &str, name: &str, own: &str, home: &str) {
    let _ = write!(
        text,
        "---\n\
         apiVersion: rbac.authorization.k8s.io/v1\n\
         kind: {prefix}RoleBinding\n\
         metadata:\n  name: {name}\n{own}\
         roleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: {prefix}Role\n  name: {name}\n\
         subjects:\n  - kind: ServiceAccount\n    name: housecall\n    namespace: {home}\n"
    );
}

fn rules(text: &mut String, needs: &[&Need]) {
    let mut done: Vec<&str> = Vec::new();
    for need in needs {
        if done.contains(&need.resource.as_str()) {
            continue;
        }
        done.push(&need.resource);
        let same = needs.iter().filter(|other| other.resource == need.resource);
        let verbs: Vec<_> = same
            .clone()
            .map(|need| format!("\"{}\"", need.verb))
            .collect();
        let mut reasons: Vec<_> = same.map(|need| need.why.as_str()).collect();
        reasons.dedup();
        let _ = write!(
            text,
            "  - apiGroups: [\"{}\"]\n    resources: [\"{}\"] # {}\n    verbs: [{}]\n",
            need.group,
            need.resource,
            reasons.join("; "),
            verbs.join(", ")
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn need(resource: &str) -> Need {
        Need {
            group: String::new(),
            resource: resource.into(),
            verb: "get".into(),
            optional: false,
            why: "reads it".into(),
        }
    }

    #[test]
    fn what_is_in_no_namespace_stands_in_a_cluster_role_of_its_own() {
        let needs = [need("pods"), need("nodes")];
        let text = role("own", Place::Namespace("shop"), &needs);
        let documents: Vec<_> = text.split("---\n").collect();
        let [own, own_binding, wide, wide_binding] = documents[..] else {
            panic!("{text}");
        };
        assert!(own.contains("kind: Role\n") && !own.contains("nodes"));
        assert!(
            own_binding.contains("kind: RoleBinding") && own_binding.contains("namespace: shop")
        );
        assert!(wide.contains("kind: ClusterRole\n") && wide.contains("[\"nodes\"]"));
        assert!(wide_binding.contains("kind: ClusterRoleBinding"));
        let text = role("own", Place::Cluster, &needs);
        assert_eq!(text.matches("---\n").count(), 1, "{text}");
    }
}
