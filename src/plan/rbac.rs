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
    let optional: Vec<_> = needs.iter().filter(|need| need.optional).collect();
    let required: Vec<_> = needs.iter().filter(|need| !need.optional).collect();
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
    let _ = write!(
        text,
        "---\n\
         apiVersion: rbac.authorization.k8s.io/v1\n\
         kind: {prefix}RoleBinding\n\
         metadata:\n  name: {name}\n{own}\
         roleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: {prefix}Role\n  name: {name}\n\
         subjects:\n  - kind: ServiceAccount\n    name: housecall\n    namespace: {home}\n"
    );
    text
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
