//! What owns pods: how it finds them, and what is said when it is not there.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Service;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde::Deserialize;

use super::find::{PAGE, with_query};
use super::near::near;
use super::refusal::refusal;
use super::server::Server;
use crate::cluster::{Cause, Refusal};
use crate::target::ObjectKind;

/// What owners of pods have in common.
#[derive(Deserialize)]
struct Owner {
    spec: Option<OwnerSpec>,
}

#[derive(Deserialize)]
struct OwnerSpec {
    selector: Option<LabelSelector>,
}

fn collection(kind: ObjectKind, namespace: &str) -> (String, &'static str) {
    let (api, plural) = match kind {
        ObjectKind::Pod => ("/api/v1", "pods"),
        ObjectKind::Service => ("/api/v1", "services"),
        ObjectKind::Job => ("/apis/batch/v1", "jobs"),
        ObjectKind::Deployment => ("/apis/apps/v1", "deployments"),
        ObjectKind::StatefulSet => ("/apis/apps/v1", "statefulsets"),
        ObjectKind::DaemonSet => ("/apis/apps/v1", "daemonsets"),
        ObjectKind::Node => return ("/api/v1/nodes".into(), "nodes"),
    };
    (format!("{api}/namespaces/{namespace}/{plural}"), plural)
}

/// The label selector by which an object finds its pods, as text.
pub(super) async fn selector_of(
    server: &Server,
    kind: ObjectKind,
    name: &str,
    namespace: &str,
) -> Result<String, Refusal> {
    let (path, _) = collection(kind, namespace);
    let path = format!("{path}/{name}");
    let selector = if kind == ObjectKind::Service {
        match server.get::<Service>(&path).await {
            Ok(found) => found
                .value
                .spec
                .and_then(|spec| spec.selector)
                .map(|labels| {
                    text(&LabelSelector {
                        match_labels: Some(labels),
                        match_expressions: None,
                    })
                }),
            Err(error) => return Err(missing(server, &error, kind, name, namespace).await),
        }
    } else {
        match server.get::<Owner>(&path).await {
            Ok(found) => found
                .value
                .spec
                .and_then(|spec| spec.selector)
                .as_ref()
                .map(text),
            Err(error) => return Err(missing(server, &error, kind, name, namespace).await),
        }
    };
    selector
        .filter(|text| !text.is_empty())
        .ok_or_else(|| Refusal {
            cause: Cause::NotFound,
            headline: format!("{}/{name} selects no pods: it has no selector", kind.word()),
            help: "name the pods themselves, or select them by label with `-l`".into(),
            attach: None,
        })
}

/// A selector in the syntax of `-l`.
fn text(selector: &LabelSelector) -> String {
    let none = BTreeMap::new();
    let equal = selector.match_labels.as_ref().unwrap_or(&none).iter();
    let mut terms: Vec<String> = equal.map(|(key, value)| format!("{key}={value}")).collect();
    for term in selector.match_expressions.iter().flatten() {
        let values = term.values.as_deref().unwrap_or_default().join(",");
        terms.push(match term.operator.as_str() {
            "In" => format!("{} in ({values})", term.key),
            "NotIn" => format!("{} notin ({values})", term.key),
            "DoesNotExist" => format!("!{}", term.key),
            _ => term.key.clone(),
        });
    }
    terms.join(",")
}

/// The refusal for an object that cannot be read; one that is not there is told with its near misses.
pub(super) async fn missing(
    server: &Server,
    error: &kube::Error,
    kind: ObjectKind,
    name: &str,
    namespace: &str,
) -> Refusal {
    let (path, plural) = collection(kind, namespace);
    let refusal = refusal(error, &server.doing("get", plural, namespace));
    if refusal.cause != Cause::NotFound {
        return refusal;
    }
    #[derive(Deserialize)]
    struct Named {
        metadata: Meta,
    }
    #[derive(Deserialize)]
    struct Meta {
        name: String,
    }
    #[derive(Deserialize)]
    struct Names {
        items: Vec<Named>,
    }
    // Without the right to list there are no near misses to name.
    let names: Vec<String> = match server
        .get::<Names>(&with_query(&path, &[("limit", PAGE.to_string())]))
        .await
    {
        Ok(list) => list
            .value
            .items
            .into_iter()
            .map(|item| item.metadata.name)
            .collect(),
        Err(_) => Vec::new(),
    };
    Refusal {
        headline: format!(
            "there is no {} `{name}`{}{}",
            kind.word(),
            match kind {
                ObjectKind::Node => String::new(),
                _ => format!(" in namespace {namespace}"),
            },
            near(name, names.iter().map(String::as_str))
        ),
        help: match kind {
            ObjectKind::Node => "`kubectl get nodes` lists what there is".into(),
            _ => format!(
                "`kubectl get {plural} -n {namespace}` lists what there is; another namespace is named with `-n`"
            ),
        },
        ..refusal
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_owners_selector_is_written_as_kubectl_takes_it() {
        let selector = serde_json::from_value(json!({
            "matchLabels": {"app": "web"},
            "matchExpressions": [
                {"key": "tier", "operator": "In", "values": ["a", "b"]},
                {"key": "old", "operator": "DoesNotExist"},
                {"key": "zone", "operator": "Exists"},
                {"key": "stage", "operator": "NotIn", "values": ["dev"]},
            ],
        }))
        .unwrap();
        assert_eq!(
            text(&selector),
            "app=web,tier in (a,b),!old,zone,stage notin (dev)"
        );
    }
}
