//! Who is examined: the [`Selector`] a user types, and the [`Target`]s it turns out to name.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What the user pointed at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// One object by name: `pod/web`, `web`, `deploy/web`.
    Named {
        /// Kind of the object.
        kind: ObjectKind,
        /// Its name.
        name: String,
    },
    /// Pods by label, and by field where given, as `kubectl -l` and `--field-selector` take them.
    Pods {
        /// Label selector; empty selects by field alone.
        labels: String,
        /// Field selector.
        fields: Option<String>,
    },
    /// This machine.
    Local,
    /// A process of this machine: its network, its `/proc/N/root`.
    Process(u32),
}

/// Kinds that may stand before the slash of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ObjectKind {
    /// A pod.
    Pod,
    /// A Deployment: its pods.
    Deployment,
    /// A StatefulSet: its pods.
    StatefulSet,
    /// A DaemonSet: its pods.
    DaemonSet,
    /// A Job: its pods.
    Job,
    /// A Service: the pods behind it.
    Service,
    /// A node: itself, and not the pods on it.
    Node,
}

impl ObjectKind {
    /// Every kind with the words kubectl takes for it; the first is the one that reports use.
    pub const WORDS: [(Self, &'static [&'static str]); 7] = [
        (Self::Pod, &["pod", "pods", "po"]),
        (
            Self::Deployment,
            &["deployment", "deployments", "deploy", "deployments.apps"],
        ),
        (
            Self::StatefulSet,
            &["statefulset", "statefulsets", "sts", "statefulsets.apps"],
        ),
        (
            Self::DaemonSet,
            &["daemonset", "daemonsets", "ds", "daemonsets.apps"],
        ),
        (Self::Job, &["job", "jobs", "jobs.batch"]),
        (Self::Service, &["service", "services", "svc"]),
        (Self::Node, &["node", "nodes", "no"]),
    ];

    /// The word reports use.
    pub fn word(self) -> &'static str {
        Self::WORDS
            .iter()
            .find(|(kind, _)| *kind == self)
            .map_or("pod", |(_, words)| words[0])
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named { kind, name } => write!(f, "{}/{name}", kind.word()),
            Self::Pods { labels, fields } => {
                write!(f, "pods with labels `{labels}`")?;
                match fields {
                    Some(fields) => write!(f, " and fields `{fields}`"),
                    None => Ok(()),
                }
            }
            Self::Local => f.write_str("local"),
            Self::Process(pid) => write!(f, "pid:{pid}"),
        }
    }
}

/// Why a word is no target. The text says what would be one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{headline}\n  help: {help}")]
pub struct MalformedTarget {
    /// What is wrong.
    pub headline: String,
    /// What to write instead.
    pub help: String,
}

impl FromStr for Selector {
    type Err = MalformedTarget;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = |headline: String, help: &str| {
            Err(MalformedTarget {
                headline,
                help: help.into(),
            })
        };
        if text == "local" {
            return Ok(Self::Local);
        }
        if let Some(pid) = text.strip_prefix("pid:") {
            return match pid.parse() {
                Ok(pid) if pid > 0 => Ok(Self::Process(pid)),
                _ => refuse(
                    format!("`{pid}` in `{text}` is no process id"),
                    "write `pid:N` with N from 1 up, as `ps` shows it",
                ),
            };
        }
        let (kind, name) = match text.split_once('/') {
            None => (ObjectKind::Pod, text),
            Some((word, name)) => {
                let Some(kind) = kind_of(word) else {
                    return refuse(
                        format!("`{word}` in `{text}` is no kind of target{}", near(word)),
                        "write pod/NAME, deploy/NAME, sts/NAME, ds/NAME, job/NAME, svc/NAME, node/NAME, a bare pod name, `local` or `pid:N`",
                    );
                };
                (kind, name)
            }
        };
        if let Err(why) = subdomain(name) {
            return refuse(
                format!(
                    "`{name}` in `{text}` cannot be the name of a {}: {why}",
                    kind.word()
                ),
                "names are lower case letters, digits, `-` and `.`, beginning and ending with a letter or digit, at most 253 long",
            );
        }
        Ok(Self::Named {
            kind,
            name: name.into(),
        })
    }
}

fn kind_of(word: &str) -> Option<ObjectKind> {
    let word = word.to_ascii_lowercase();
    ObjectKind::WORDS
        .iter()
        .find(|(_, words)| words.contains(&word.as_str()))
        .map(|(kind, _)| *kind)
}

fn near(word: &str) -> String {
    ObjectKind::WORDS
        .iter()
        .flat_map(|(_, words)| words.iter())
        .map(|known| (strsim::damerau_levenshtein(word, known), known))
        .filter(|(distance, _)| *distance <= 2)
        .min()
        .map_or_else(String::new, |(_, known)| {
            format!("; did you mean `{known}`?")
        })
}

/// The rule of RFC 1123 subdomains, as the API server applies it to object names
/// (`IsDNS1123Subdomain` in k8s.io/apimachinery `util/validation`).
pub fn subdomain(name: &str) -> Result<(), &'static str> {
    if name.is_empty() {
        return Err("it is empty");
    }
    if name.len() > 253 {
        return Err("it is longer than 253 characters");
    }
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    for label in name.split('.') {
        if !label.starts_with(plain) || !label.ends_with(plain) {
            return Err("each part must begin and end with a lower case letter or digit");
        }
        if !label.chars().all(|c| plain(c) || c == '-') {
            return Err("it has a character that is no lower case letter, digit, `-` or `.`");
        }
    }
    Ok(())
}

/// Whether this is a label selector as the API server takes it (`labels.Parse` in k8s.io/apimachinery). An empty one would select
/// every pod there is, and to each a container would be added: that is refused.
pub fn label_selector(text: &str) -> Result<(), String> {
    const KEY: &str = r"(?:[A-Za-z0-9.-]+/)?[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?";
    const VALUE: &str = r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)?";
    if text.trim().is_empty() {
        return Err("it is empty, and would select every pod\n  help: name a label, or write `--field-selector status.phase=Running` to mean them all".into());
    }
    let one = format!(
        r"(?:!?\s*{KEY}|{KEY}\s*(?:==?|!=)\s*{VALUE}|{KEY}\s+(?:in|notin)\s*\(\s*{VALUE}(?:\s*,\s*{VALUE})*\s*\))"
    );
    let whole = format!(r"^\s*{one}(?:\s*,\s*{one})*\s*$");
    match regex::Regex::new(&whole) {
        Ok(whole) if !whole.is_match(text) => Err(
            "it is no label selector\n  help: write app=web, tier!=db, 'env in (a, b)', key or '!key', with commas between".into(),
        ),
        // The pattern is a constant that compiles; a server would refuse what slipped by.
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Fields that pods can be selected by (`ToSelectableFields` in kubernetes `pkg/registry/core/pod/strategy.go`).
const POD_FIELDS: [&str; 10] = [
    "metadata.name",
    "metadata.namespace",
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "spec.hostNetwork",
    "status.phase",
    "status.podIP",
    "status.nominatedNodeName",
];

/// Whether this is a field selector that pods can be selected by.
pub fn field_selector(text: &str) -> Result<(), String> {
    for term in text.split(',') {
        let Some((key, _)) = term.split_once("!=").or_else(|| term.split_once('=')) else {
            return Err(format!(
                "`{term}` compares nothing\n  help: write status.phase=Running, or spec.nodeName!=NAME"
            ));
        };
        if !POD_FIELDS.contains(&key.trim()) {
            return Err(format!(
                "pods cannot be selected by `{}`\n  help: there are {}",
                key.trim(),
                POD_FIELDS.join(", ")
            ));
        }
    }
    Ok(())
}

/// One thing to examine, as it was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// `pod`, `node`, `local` or `process`.
    pub kind: TargetKind,
    /// Namespace of the pod; of a node, that in which a pod is made for it.
    pub namespace: Option<String>,
    /// Name of the pod.
    pub pod: Option<String>,
    /// UID of the pod: the same name with another UID is another patient.
    pub uid: Option<String>,
    /// Container that is examined; `None` until it is settled, and for what has no containers.
    pub container: Option<String>,
    /// Node the pod runs on; this machine's name is not told.
    pub node: Option<String>,
    /// What the pod belongs to, as `replicaset/web-7d9`.
    pub owner: Option<String>,
    /// Labels of the pod.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Process id, of a `process` target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// When the first request that serves this target was about to be sent.
    #[serde(skip)]
    pub requested_at: Option<Timestamp>,
    /// How the pod stood when it was found.
    #[serde(skip)]
    pub standing: Option<Standing>,
}

/// How a pod stood when it was found: what a pick among pods goes by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`.
    pub phase: String,
    /// Whether its condition `Ready` holds.
    pub ready: bool,
    /// Restarts of all its containers.
    pub restarts: u32,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// Ephemeral containers that it has, ended ones included: they stay for its life.
    pub debug_containers: u32,
}

/// What kind of thing a target is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TargetKind {
    /// A pod of a Kubernetes cluster.
    Pod,
    /// A node of one.
    Node,
    /// This machine.
    Local,
    /// A process of this machine.
    Process,
}

impl Target {
    /// This machine.
    pub fn local() -> Self {
        Self::bare(TargetKind::Local)
    }

    /// A process of this machine.
    pub fn process(pid: u32) -> Self {
        Self {
            pid: Some(pid),
            ..Self::bare(TargetKind::Process)
        }
    }

    /// A pod of which only the name is known.
    pub fn pod(namespace: &str, name: &str) -> Self {
        Self {
            namespace: Some(namespace.into()),
            pod: Some(name.into()),
            ..Self::bare(TargetKind::Pod)
        }
    }

    /// A node of which only the name is known, and the namespace in which a pod may be made for it.
    pub fn node(namespace: &str, name: &str) -> Self {
        Self {
            namespace: Some(namespace.into()),
            node: Some(name.into()),
            ..Self::bare(TargetKind::Node)
        }
    }

    fn bare(kind: TargetKind) -> Self {
        Self {
            kind,
            namespace: None,
            pod: None,
            uid: None,
            container: None,
            node: None,
            owner: None,
            labels: BTreeMap::new(),
            pid: None,
            requested_at: None,
            standing: None,
        }
    }
}

impl fmt::Display for Target {
    /// `shop/web-0`, `local`, `pid:17`: how reports and progress name it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TargetKind::Local => f.write_str("local"),
            TargetKind::Process => write!(f, "pid:{}", self.pid.unwrap_or_default()),
            TargetKind::Node => {
                write!(f, "node/{}", self.node.as_deref().unwrap_or("?"))
            }
            TargetKind::Pod => write!(
                f,
                "{}/{}",
                self.namespace.as_deref().unwrap_or("default"),
                self.pod.as_deref().unwrap_or("?")
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read_as_kubectl_reads_them() {
        let named = |kind, name: &str| Selector::Named {
            kind,
            name: name.into(),
        };
        for (text, expected) in [
            ("web", named(ObjectKind::Pod, "web")),
            ("pod/web.1", named(ObjectKind::Pod, "web.1")),
            ("deploy/api", named(ObjectKind::Deployment, "api")),
            ("SVC/api", named(ObjectKind::Service, "api")),
            ("local", Selector::Local),
            ("pid:17", Selector::Process(17)),
        ] {
            assert_eq!(text.parse::<Selector>(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn selectors_are_read_as_the_server_reads_them() {
        for text in [
            "app=web",
            "a==b,c!=d",
            "env in (a, b)",
            "x notin (y),!z",
            "app.io/part=1",
            "a=",
            " k ",
        ] {
            assert_eq!(label_selector(text), Ok(()), "{text}");
        }
        for text in [
            "",
            " ",
            "app==web,,(",
            "=x",
            "a in b",
            "a=b c",
            "!",
            "a=$(id)",
        ] {
            assert!(label_selector(text).is_err(), "{text}");
        }
        assert_eq!(
            field_selector("status.phase=Running,spec.nodeName!=a"),
            Ok(())
        );
        assert!(field_selector("bogus=1").is_err() && field_selector("status.phase").is_err());
    }

    #[test]
    fn a_malformed_target_says_what_would_be_one() {
        for text in [
            "pod/", "pod/Web", "pods/a/b", "pid:x", "pid:0", "dploy/x", "", "-x", "a..b", "a;b",
        ] {
            let error = text.parse::<Selector>().unwrap_err();
            assert!(!error.help.is_empty(), "{text}");
        }
        let error = "dploy/x".parse::<Selector>().unwrap_err();
        assert!(error.headline.contains("did you mean `deploy`?"), "{error}");
    }
}
