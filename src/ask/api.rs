//! What can be asked of the Kubernetes API about a target: reads, and of few kinds. Secrets are not among them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Need;

/// One read of the API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApiRead {
    /// An object as it stands; answered by its JSON.
    Object(Whom),
    /// The events about an object, oldest first; answered by one JSON map on each line.
    Events {
        /// What they are about.
        of: Whom,
        /// How far back.
        #[serde(with = "super::seconds")]
        since: Duration,
    },
    /// What a container of the pod wrote to its log; answered as it stands.
    Logs {
        /// The container; the examined one when `None`.
        container: Option<String>,
        /// True for the one that ran before the last restart.
        previous: bool,
        /// Lines from the end.
        tail: u64,
        /// How far back; all that is kept when `None`.
        #[serde(with = "super::maybe_seconds")]
        since: Option<Duration>,
    },
    /// The endpoints behind a service; answered by one JSON map on each line.
    Endpoints {
        /// Name of the service.
        service: String,
    },
}

/// Which object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whom {
    /// The pod that is examined.
    Pod,
    /// What the pod belongs to, up to what a person made: the Deployment rather than its ReplicaSet.
    Owner,
    /// The node it runs on.
    Node,
    /// An object by name, in the pod's namespace where its kind has one.
    Named {
        /// First word of a [`Resource`].
        kind: String,
        /// Its name.
        name: String,
    },
}

/// A kind of object that can be read.
#[derive(Debug, PartialEq, Eq)]
pub struct Resource {
    /// The words for it, as kubectl takes them; reports use the first.
    pub words: &'static [&'static str],
    /// Its kind, as objects and events name it.
    pub kind: &'static str,
    /// API group, empty for the core group.
    pub group: &'static str,
    /// Version of the group.
    pub version: &'static str,
    /// Plural, as paths and rights name it.
    pub plural: &'static str,
}

/// Every kind that can be read by name. What is not here cannot be asked for: Secrets are left out on purpose.
pub const RESOURCES: &[Resource] = &[
    core(&["pod", "pods", "po"], "Pod", "pods"),
    core(&["service", "services", "svc"], "Service", "services"),
    core(&["node", "nodes", "no"], "Node", "nodes"),
    core(
        &["configmap", "configmaps", "cm"],
        "ConfigMap",
        "configmaps",
    ),
    core(
        &["persistentvolumeclaim", "persistentvolumeclaims", "pvc"],
        "PersistentVolumeClaim",
        "persistentvolumeclaims",
    ),
    core(
        &["serviceaccount", "serviceaccounts", "sa"],
        "ServiceAccount",
        "serviceaccounts",
    ),
    core(
        &["resourcequota", "resourcequotas", "quota"],
        "ResourceQuota",
        "resourcequotas",
    ),
    core(
        &["limitrange", "limitranges", "limits"],
        "LimitRange",
        "limitranges",
    ),
    grouped(
        &["deployment", "deployments", "deploy"],
        "Deployment",
        "apps",
        "deployments",
    ),
    grouped(
        &["replicaset", "replicasets", "rs"],
        "ReplicaSet",
        "apps",
        "replicasets",
    ),
    grouped(
        &["statefulset", "statefulsets", "sts"],
        "StatefulSet",
        "apps",
        "statefulsets",
    ),
    grouped(
        &["daemonset", "daemonsets", "ds"],
        "DaemonSet",
        "apps",
        "daemonsets",
    ),
    grouped(&["job", "jobs"], "Job", "batch", "jobs"),
    grouped(
        &["cronjob", "cronjobs", "cj"],
        "CronJob",
        "batch",
        "cronjobs",
    ),
    grouped(
        &["ingress", "ingresses", "ing"],
        "Ingress",
        "networking.k8s.io",
        "ingresses",
    ),
    grouped(
        &["networkpolicy", "networkpolicies", "netpol"],
        "NetworkPolicy",
        "networking.k8s.io",
        "networkpolicies",
    ),
    grouped(
        &["poddisruptionbudget", "poddisruptionbudgets", "pdb"],
        "PodDisruptionBudget",
        "policy",
        "poddisruptionbudgets",
    ),
    Resource {
        words: &["horizontalpodautoscaler", "horizontalpodautoscalers", "hpa"],
        kind: "HorizontalPodAutoscaler",
        group: "autoscaling",
        version: "v2",
        plural: "horizontalpodautoscalers",
    },
];

/// Kinds that a pod can belong to.
const OWNERS: [&str; 6] = [
    "replicaset",
    "deployment",
    "statefulset",
    "daemonset",
    "job",
    "cronjob",
];

const fn core(
    words: &'static [&'static str],
    kind: &'static str,
    plural: &'static str,
) -> Resource {
    grouped(words, kind, "", plural)
}

const fn grouped(
    words: &'static [&'static str],
    kind: &'static str,
    group: &'static str,
    plural: &'static str,
) -> Resource {
    Resource {
        words,
        kind,
        group,
        version: "v1",
        plural,
    }
}

impl Resource {
    /// The kind under one of its words.
    pub fn of(word: &str) -> Option<&'static Self> {
        RESOURCES.iter().find(|one| one.words.contains(&word))
    }

    /// The kind as an object names itself, such as `ReplicaSet`.
    pub fn of_kind(kind: &str) -> Option<&'static Self> {
        RESOURCES.iter().find(|one| one.kind == kind)
    }

    /// The word that reports use.
    pub fn word(&self) -> &'static str {
        self.words.first().copied().unwrap_or(self.plural)
    }

    /// True for what is in no namespace.
    pub fn cluster_wide(&self) -> bool {
        self.plural == "nodes"
    }

    /// The namespace that holds the events about such an object, where it is not the object's own: what is in no namespace has its
    /// events in `default` (the kubelet, the node controllers and `kubectl events` all keep to it).
    pub fn events_in(&self) -> Option<&'static str> {
        self.cluster_wide().then_some("default")
    }

    fn need(&self, verb: &str, optional: bool, why: &str) -> Need {
        Need {
            group: self.group.into(),
            optional,
            ..Need::of(verb, self.plural, why)
        }
    }
}

impl Whom {
    /// As kubectl writes it: `pod`, `service/web`.
    pub fn word(&self) -> String {
        match self {
            Self::Pod => "pod".into(),
            Self::Owner => "owner".into(),
            Self::Node => "node".into(),
            Self::Named { kind, name } => format!("{kind}/{name}"),
        }
    }

    /// Its kind, where that is known before the pod is read.
    fn resource(&self) -> Option<&'static Resource> {
        match self {
            Self::Pod => Resource::of("pod"),
            Self::Node => Resource::of("node"),
            Self::Named { kind, .. } => Resource::of(kind),
            Self::Owner => None,
        }
    }

    /// The rights to read it.
    ///
    /// Of an owner nobody knows the kind before the pod is read: each is optional, and one that is missed is told by the step.
    fn needs(&self) -> Vec<Need> {
        let read = |word: &str, why| Resource::of(word).map(|one| one.need("get", false, why));
        match self {
            Self::Pod => read("pod", "reads the pod before and after")
                .into_iter()
                .collect(),
            Self::Node => read("node", "reads the pod's node").into_iter().collect(),
            Self::Named { kind, .. } => read(kind, "reads what a step names").into_iter().collect(),
            Self::Owner => OWNERS
                .iter()
                .filter_map(|word| Resource::of(word))
                .map(|one| {
                    one.need(
                        "get",
                        true,
                        "reads what the pod belongs to, where it is one",
                    )
                })
                .collect(),
        }
    }
}

impl ApiRead {
    /// The rights it needs beside reading the pod itself.
    pub fn needs(&self) -> Vec<Need> {
        let one = |group: &str, resource: &str, verb: &str, why: &str| Need {
            group: group.into(),
            ..Need::of(verb, resource, why)
        };
        match self {
            Self::Object(whom) => whom.needs(),
            Self::Events { of, .. } => {
                let mut needs = match of {
                    Whom::Owner => of.needs(),
                    _ => Vec::new(),
                };
                let place = of.resource().and_then(Resource::events_in);
                needs.push(Need {
                    namespace: place.map(str::to_owned),
                    ..one("", "events", "list", "reads the events of a step")
                });
                needs
            }
            Self::Logs { .. } => vec![one("", "pods/log", "get", "reads the log of a container")],
            Self::Endpoints { .. } => vec![one(
                "discovery.k8s.io",
                "endpointslices",
                "list",
                "reads the endpoints of a service",
            )],
        }
    }

    /// What a report shows as its argv.
    pub fn argv(&self) -> Vec<String> {
        let mut argv = vec!["kube".to_owned()];
        match self {
            Self::Object(whom) => argv.extend(["object".into(), whom.word()]),
            Self::Events { of, since } => argv.extend([
                "events".into(),
                of.word(),
                format!("since={}s", since.as_secs()),
            ]),
            Self::Logs {
                container,
                previous,
                tail,
                since,
            } => {
                argv.push("logs".into());
                argv.extend(container.clone());
                argv.extend(previous.then(|| "previous".to_owned()));
                argv.push(format!("tail={tail}"));
                argv.extend(since.map(|since| format!("since={}s", since.as_secs())));
            }
            Self::Endpoints { service } => argv.extend(["endpoints".into(), service.clone()]),
        }
        argv
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_has_no_word_by_which_it_could_be_read() {
        for word in ["secret", "secrets", "Secret", "token"] {
            assert_eq!(Resource::of(word), None, "{word}");
            assert_eq!(Resource::of_kind(word), None, "{word}");
        }
        assert!(RESOURCES.iter().all(|one| one.plural != "secrets"));
    }

    #[test]
    fn every_word_names_one_kind() {
        let mut seen = std::collections::BTreeSet::new();
        for word in RESOURCES.iter().flat_map(|one| one.words) {
            assert!(seen.insert(word), "{word}");
        }
        assert!(OWNERS.iter().all(|word| Resource::of(word).is_some()));
    }
}
