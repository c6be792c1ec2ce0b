//! Whom an alert is about, by the labels that kube-state-metrics and the kubelet's own metrics carry.

use super::Trigger;
use crate::target::{ObjectKind, Selector, subdomain};

/// Whom an alert is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whom {
    /// Namespace, where the alert names one.
    pub namespace: Option<String>,
    /// The object. Made of its parts, never read from a text: no value of a label can become another kind of target.
    pub selector: Selector,
    /// Container, where the alert is about one of a pod.
    pub container: Option<String>,
}

/// Why an alert names nobody that can be examined.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unnamed(pub String);

/// Labels that name an object, nearest to the patient first. `job` is not among them: that is the scrape job's name.
const OBJECTS: [(&str, ObjectKind); 6] = [
    ("pod", ObjectKind::Pod),
    ("deployment", ObjectKind::Deployment),
    ("statefulset", ObjectKind::StatefulSet),
    ("daemonset", ObjectKind::DaemonSet),
    ("job_name", ObjectKind::Job),
    ("service", ObjectKind::Service),
];

impl Trigger {
    /// Whom it is about.
    pub fn whom(&self) -> Result<Whom, Unnamed> {
        let named = OBJECTS
            .iter()
            .find_map(|(label, kind)| Some((*label, *kind, self.label(label)?)));
        let Some((label, kind, name)) = named else {
            let labels = OBJECTS.map(|(label, _)| label).join(", ");
            return Err(Unnamed(format!("it has none of the labels {labels}")));
        };
        fit(label, name, subdomain(name).is_ok())?;
        let namespace = self.label("namespace");
        if let Some(name) = namespace {
            fit("namespace", name, rfc_1123_label(name))?;
        }
        let container = self.label("container").filter(|_| kind == ObjectKind::Pod);
        if let Some(name) = container {
            fit("container", name, rfc_1123_label(name))?;
        }
        Ok(Whom {
            namespace: namespace.map(str::to_owned),
            selector: Selector::Named {
                kind,
                name: name.into(),
            },
            container: container.map(str::to_owned),
        })
    }

    /// An empty label is none, as Prometheus has it.
    fn label(&self, name: &str) -> Option<&str> {
        self.labels
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }
}

fn fit(label: &str, name: &str, fits: bool) -> Result<(), Unnamed> {
    if fits {
        return Ok(());
    }
    let short: String = name.chars().take(80).collect();
    Err(Unnamed(format!(
        "its label `{label}` is {short:?}, which cannot be a name"
    )))
}

fn rfc_1123_label(name: &str) -> bool {
    name.len() <= 63 && !name.contains('.') && subdomain(name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::Payload;
    use serde_json::json;

    fn whom(labels: serde_json::Value) -> Result<Whom, Unnamed> {
        let body = json!({ "alerts": [{ "labels": labels }] }).to_string();
        Payload::read(body.as_bytes()).unwrap().alerts[0].whom()
    }

    fn named(kind: ObjectKind, name: &str) -> Selector {
        Selector::Named {
            kind,
            name: name.into(),
        }
    }

    #[test]
    fn the_object_nearest_to_the_patient_is_taken() {
        let found = whom(
            json!({"namespace": "shop", "pod": "web-0", "container": "app", "service": "metrics", "job": "x"}),
        );
        let found = found.unwrap();
        assert_eq!(found.selector, named(ObjectKind::Pod, "web-0"));
        assert_eq!(found.container.as_deref(), Some("app"));
        assert_eq!(found.namespace.as_deref(), Some("shop"));
        let found =
            whom(json!({"deployment": "web", "container": "kube-state-metrics", "pod": ""}));
        let found = found.unwrap();
        assert_eq!(found.selector, named(ObjectKind::Deployment, "web"));
        assert_eq!((found.container, found.namespace), (None, None));
        let found = whom(json!({"job_name": "backup-1"})).unwrap();
        assert_eq!(found.selector, named(ObjectKind::Job, "backup-1"));
    }

    #[test]
    fn promise_1_a_value_is_a_name_or_nothing() {
        for pod in ["local", "pid"] {
            let found = whom(json!({"pod": pod})).unwrap();
            assert_eq!(
                found.selector,
                named(ObjectKind::Pod, pod),
                "of the cluster"
            );
        }
        for pod in [
            "pid:1",
            "deploy/web",
            "-A",
            "--image=x",
            "a,b",
            "{{x}}",
            "a b",
            "$(id)",
            "../x",
            "Web",
        ] {
            let error = whom(json!({"pod": pod})).unwrap_err();
            assert!(error.0.contains("cannot be a name"), "{error}");
        }
        assert!(whom(json!({"pod": "a", "namespace": "x.y"})).is_err());
        assert!(whom(json!({"pod": "a", "container": "--rm"})).is_err());
        assert!(whom(json!({"job": "node", "instance": "10.0.0.1"})).is_err());
    }
}
