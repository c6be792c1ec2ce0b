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

/// Renders the manifests. `runbook` names them; `namespace` is where they stand, none for a placeholder-free default.
///
/// A right without which the run still goes on stands last, under a comment, and in the annotation `housecall/optional`.
pub fn role(runbook: &str, namespace: &str, needs: &[Need]) -> String {
    let name = format!("housecall-{runbook}");
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
         kind: Role\n\
         metadata:\n  name: {name}\n  namespace: {namespace}\n  annotations:\n    housecall/optional: \"{}\"\n\
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
         kind: RoleBinding\n\
         metadata:\n  name: {name}\n  namespace: {namespace}\n\
         roleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: Role\n  name: {name}\n\
         subjects:\n  - kind: ServiceAccount\n    name: housecall\n    namespace: {namespace}\n"
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
