//! The rights a plan needs, in the words of RBAC.

use super::Plan;
use crate::ask::Need;
use crate::target::{ObjectKind, Selector};

impl Plan {
    /// What the live transport needs for these selectors: never more, and what only makes it better marked as optional.
    ///
    /// `pods/exec` wants both verbs: get alone was enough for a WebSocket until Kubernetes 1.35, which demands create as well
    /// (KEP-4006, `AuthorizePodWebsocketUpgradeCreatePermission`).
    pub fn needs(&self, selectors: &[Selector]) -> Vec<Need> {
        let mut needs = Vec::new();
        for selector in selectors {
            match selector {
                Selector::Named { kind, .. } => object(*kind, &mut needs),
                Selector::Pods { .. } => push(
                    &mut needs,
                    "",
                    "pods",
                    "list",
                    "finds the pods of a selector",
                ),
                Selector::Local | Selector::Process(_) => {}
            }
        }
        if needs.is_empty() {
            return needs;
        }
        if self.reads_secrets {
            push(
                &mut needs,
                "",
                "secrets",
                "get",
                "reads the params that say they come from there",
            );
        }
        push(
            &mut needs,
            "",
            "pods",
            "get",
            "reads the pod before and after",
        );
        push(
            &mut needs,
            "",
            "pods/ephemeralcontainers",
            "patch",
            "adds the debug container",
        );
        for verb in ["get", "create"] {
            push(
                &mut needs,
                "",
                "pods/exec",
                verb,
                "speaks with the debug container",
            );
        }
        for (resource, verb, why) in [
            (
                "pods",
                "watch",
                "sees the container end at once instead of asking again",
            ),
            (
                "pods",
                "list",
                "names near misses of a misspelt pod; begins a watch",
            ),
            ("events", "list", "begins the watch of events"),
            (
                "events",
                "watch",
                "hears the kubelet's first word about a bad image",
            ),
        ] {
            if !needs
                .iter()
                .any(|need| need.resource == resource && need.verb == verb)
            {
                needs.push(Need {
                    group: String::new(),
                    resource: resource.into(),
                    verb: verb.into(),
                    optional: true,
                    why: why.into(),
                });
            }
        }
        needs
    }
}

fn object(kind: ObjectKind, needs: &mut Vec<Need>) {
    let (group, resource) = match kind {
        ObjectKind::Pod => {
            return push(needs, "", "pods", "get", "reads the pod before and after");
        }
        ObjectKind::Deployment => ("apps", "deployments"),
        ObjectKind::StatefulSet => ("apps", "statefulsets"),
        ObjectKind::DaemonSet => ("apps", "daemonsets"),
        ObjectKind::Job => ("batch", "jobs"),
        ObjectKind::Service => ("", "services"),
    };
    push(needs, group, resource, "get", "reads its selector");
    push(needs, "", "pods", "list", "finds the pods of a selector");
}

fn push(needs: &mut Vec<Need>, group: &str, resource: &str, verb: &str, why: &str) {
    let need = Need {
        group: group.into(),
        resource: resource.into(),
        verb: verb.into(),
        optional: false,
        why: why.into(),
    };
    if !needs
        .iter()
        .any(|known| known.resource == need.resource && known.verb == need.verb)
    {
        needs.push(need);
    }
}
