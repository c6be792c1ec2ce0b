//! The rights of a plan as a Role and a RoleBinding, ready for `kubectl apply -f -`.
//!
//! ```yaml
//! rules:
//!   - apiGroups: [""]
//!     resources: ["pods/ephemeralcontainers"]  # adds the debug container
//!     verbs: ["patch"]
//! ```

use std::collections::BTreeSet;
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
    // Several runbooks are named as one, `web-smoke+dns-smoke`; an object cannot be.
    let name = format!("housecall-{}", runbook.replace('+', "-"));
    let home = match place {
        Place::Namespace(namespace) => namespace,
        Place::Cluster => "default",
    };
    let mut text = String::new();
    match place {
        Place::Cluster => cluster_role(&mut text, &name, home, needs.iter().collect()),
        Place::Namespace(namespace) => {
            // A Role grants what is in its own namespace. What is in another one, or in none, stands in a role of its own, behind.
            let (wide, here): (Vec<_>, Vec<_>) = needs.iter().partition(|need| need.cluster_wide());
            let (there, here): (Vec<_>, Vec<_>) = here
                .into_iter()
                .partition(|need| other(need, namespace).is_some());
            own_role(&mut text, &name, (namespace, home), here);
            let places: BTreeSet<_> = there
                .iter()
                .filter_map(|need| other(need, namespace))
                .collect();
            for place in places {
                let of = there
                    .iter()
                    .filter(|need| other(need, namespace) == Some(place));
                text.push_str("---\n# What is in another namespace.\n");
                // Another plan for another namespace may want the same there.
                let name = format!("{name}-{namespace}");
                own_role(&mut text, &name, (place, home), of.copied().collect());
            }
            if !wide.is_empty() {
                text.push_str("---\n# What is in no namespace.\n");
                cluster_role(&mut text, &name, home, wide);
            }
        }
    }
    text
}

/// The namespace in which a right must hold, where it is another than this one.
fn other<'n>(need: &'n Need, namespace: &str) -> Option<&'n str> {
    need.namespace.as_deref().filter(|one| *one != namespace)
}

/// A Role in a namespace, for the account of another or the same.
fn own_role(text: &mut String, name: &str, (namespace, home): (&str, &str), needs: Vec<&Need>) {
    let own = format!("  namespace: {namespace}\n");
    granting(text, "", name, &own, needs);
    binding(text, "", name, &own, home);
}

fn cluster_role(text: &mut String, name: &str, home: &str, needs: Vec<&Need>) {
    granting(text, "Cluster", name, "", needs);
    binding(text, "Cluster", name, "", home);
}

fn granting(text: &mut String, prefix: &str, name: &str, own: &str, needs: Vec<&Need>) {
    let (optional, required): (Vec<_>, Vec<_>) = needs.into_iter().partition(|need| need.optional);
    let listed: Vec<_> = optional
        .iter()
        .map(|need| format!("{} {}", need.verb, need.resource))
        .collect();
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "apiVersion: rbac.authorization.k8s.io/v1\n\
         kind: {prefix}Role\n\
         metadata:\n  name: {name}\n{own}  annotations:\n    housecall/optional: \"{}\"\n\
         rules:\n",
        listed.join(", ")
    );
    rules(text, &required);
    if !optional.is_empty() {
        text.push_str(
            "  # Optional: the run goes on without these, only slower or with less to tell.\n",
        );
        rules(text, &optional);
    }
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
        let mut verbs: Vec<_> = same
            .clone()
            .map(|need| format!("\"{}\"", need.verb))
            .collect();
        verbs.dedup();
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
        Need::of("get", resource, "reads it")
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

    #[test]
    fn what_is_in_another_namespace_stands_in_a_role_there() {
        let events = Need {
            namespace: Some("default".into()),
            ..need("events")
        };
        let needs = [need("pods"), events];
        let text = role("own", Place::Namespace("shop"), &needs);
        let documents: Vec<_> = text.split("---\n").collect();
        let [own, _, other, other_binding] = documents[..] else {
            panic!("{text}");
        };
        assert!(own.contains("namespace: shop\n") && !own.contains("events"));
        assert!(
            other.contains("name: housecall-own-shop\n  namespace: default\n")
                && other.contains("[\"events\"]")
        );
        // The account that is granted it stays where it is.
        assert!(other_binding.contains("name: housecall\n    namespace: shop\n"));
        let text = role("own", Place::Namespace("default"), &needs);
        assert_eq!(text.matches("---\n").count(), 1, "{text}");
    }
}
