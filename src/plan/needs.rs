//! The rights a plan needs, in the words of RBAC.

use super::Plan;
use crate::ask::Need;
use crate::cluster::{Attach, Mode, Transport};
use crate::target::{ObjectKind, Selector};

impl Plan {
    /// What the transport and the steps need for these selectors: never more, and what only makes it better marked as optional.
    /// Where no step needs a debug container, nothing that attaches one is among it.
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
        if self.needs_container() {
            attaching(&self.attach, &mut needs);
        }
        let mut optional = Vec::new();
        for need in self.asked().flat_map(|planned| planned.step.kind.needs()) {
            if need.optional {
                optional.push(need);
            } else {
                add(&mut needs, need);
            }
        }
        if self.needs_container() && self.attach.toolbox.is_some() {
            optional.push(Need {
                optional: true,
                ..Need::of(
                    "get",
                    "nodes",
                    "takes the image for the node's architecture",
                )
            });
        }
        if self.needs_container() && self.attach.mode != Mode::Exec {
            optional.extend(watching());
        }
        for need in optional {
            add(&mut needs, need);
        }
        needs
    }
}

/// Where the transport is left open, what the better one needs.
fn attaching(attach: &Attach, needs: &mut Vec<Need>) {
    let mode = attach.mode;
    match mode {
        Mode::Ephemeral => push(
            needs,
            "",
            "pods/ephemeralcontainers",
            "patch",
            "adds the debug container",
        ),
        Mode::Copy | Mode::Node => {
            let makes = match mode {
                Mode::Copy => "makes the copy",
                _ => "makes the pod on the node",
            };
            push(needs, "", "pods", "create", makes);
            let copying = &attach.copying;
            if mode == Mode::Node || !copying.stays {
                push(needs, "", "pods", "delete", "deletes it at the end");
            } else if copying.replace {
                push(
                    needs,
                    "",
                    "pods",
                    "delete",
                    "deletes the pod that is replaced",
                );
            }
        }
        Mode::Exec => {}
    }
    if attach.transport == Transport::Oneshot {
        push(needs, "", "pods/log", "get", "reads the answers");
        return;
    }
    for verb in ["get", "create"] {
        push(
            needs,
            "",
            "pods/exec",
            verb,
            match mode {
                Mode::Exec => "speaks with a shell in the application's container",
                _ => "speaks with the debug container",
            },
        );
    }
}

/// What makes attaching quicker, and lets it tell more.
fn watching() -> impl Iterator<Item = Need> {
    [
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
    ]
    .into_iter()
    .map(|(resource, verb, why)| Need {
        optional: true,
        ..Need::of(verb, resource, why)
    })
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
        ObjectKind::Node => {
            return push(needs, "", "nodes", "get", "reads the node");
        }
    };
    push(needs, group, resource, "get", "reads its selector");
    push(needs, "", "pods", "list", "finds the pods of a selector");
}

fn push(needs: &mut Vec<Need>, group: &str, resource: &str, verb: &str, why: &str) {
    add(
        needs,
        Need {
            group: group.into(),
            ..Need::of(verb, resource, why)
        },
    );
}

/// Adds a right that is not known yet.
fn add(needs: &mut Vec<Need>, need: Need) {
    let same = |known: &Need| {
        let of = |need: &Need| {
            let Need {
                group,
                resource,
                verb,
                namespace,
                ..
            } = need.clone();
            (group, resource, verb, namespace)
        };
        of(known) == of(&need)
    };
    if !needs.iter().any(same) {
        needs.push(need);
    }
}
