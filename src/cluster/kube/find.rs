//! From a selector to the pods it names.

use http::Uri;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Node, Pod};
use kube::core::ObjectList;

use super::owner::{missing, selector_of};
use super::refusal::refusal;
use super::server::{Server, pods};
use crate::cluster::{Cause, Found, Refusal, Scope};
use crate::target::{ObjectKind, Selector, Standing, Target};

/// How many pods one page of a list holds.
pub(super) const PAGE: u32 = 500;

/// Finds what a selector names. `now` is the moment before the first request.
pub(super) async fn find(
    server: &Server,
    selector: &Selector,
    scope: &Scope,
    now: Timestamp,
) -> Result<Found, Refusal> {
    let namespace = match scope {
        Scope::Default => server.link().namespace.clone(),
        Scope::Namespace(name) => name.clone(),
        Scope::All => String::new(),
    };
    match selector {
        Selector::Named { kind, name } if namespace.is_empty() => Err(Refusal {
            cause: Cause::Configuration,
            headline: format!(
                "{}/{name} is one object of one namespace, not of all",
                kind.word()
            ),
            help: "name its namespace with `-n`, or select pods by label with `-A -l`".into(),
            attach: None,
        }),
        Selector::Named {
            kind: ObjectKind::Pod,
            name,
        } => {
            let found = match server.pod(&namespace, name).await {
                Ok(found) => found.value,
                Err(error) => {
                    return Err(missing(server, &error, ObjectKind::Pod, name, &namespace).await);
                }
            };
            let mut target = target(&found);
            target.requested_at = Some(now);
            Ok(Found {
                targets: vec![target],
                notes: Vec::new(),
            })
        }
        Selector::Named {
            kind: ObjectKind::Node,
            name,
        } => match server.get::<Node>(&format!("/api/v1/nodes/{name}")).await {
            Ok(found) => {
                let mut target = Target::node(&namespace, name);
                target.uid = found.value.metadata.uid;
                target.labels = found.value.metadata.labels.unwrap_or_default();
                target.requested_at = Some(now);
                Ok(Found {
                    targets: vec![target],
                    notes: Vec::new(),
                })
            }
            Err(error) => Err(missing(server, &error, ObjectKind::Node, name, &namespace).await),
        },
        Selector::Named { kind, name } => {
            let labels = selector_of(server, *kind, name, &namespace).await?;
            let found = listed(server, &namespace, &labels, None).await?;
            Ok(sorted(found))
        }
        Selector::Pods { labels, fields } => {
            let found = listed(server, &namespace, labels, fields.as_deref()).await?;
            Ok(sorted(found))
        }
        Selector::Local | Selector::Process(_) => Err(Refusal {
            cause: Cause::Configuration,
            headline: format!("`{selector}` is no object of a cluster"),
            help: "name a pod, or what owns pods".into(),
            attach: None,
        }),
    }
}

/// Pods of a list, those that cannot be examined left out and said to be.
fn sorted(mut pods: Vec<Pod>) -> Found {
    let place = |pod: &Pod| (pod.metadata.namespace.clone(), pod.metadata.name.clone());
    pods.sort_by_key(place);
    let mut found = Found {
        targets: Vec::new(),
        notes: Vec::new(),
    };
    for pod in &pods {
        let target = target(pod);
        let phase = pod
            .status
            .as_ref()
            .and_then(|status| status.phase.as_deref());
        let why = match phase {
            Some(phase @ ("Succeeded" | "Failed")) => Some(format!("it is finished ({phase})")),
            _ if pod.metadata.deletion_timestamp.is_some() => Some("it is being deleted".into()),
            _ => None,
        };
        match why {
            Some(why) => found
                .notes
                .push(format!("pod {target} was passed over: {why}")),
            None => found.targets.push(target),
        }
    }
    found
}

fn target(pod: &Pod) -> Target {
    let meta = &pod.metadata;
    let owner = meta.owner_references.iter().flatten();
    let owner = owner.max_by_key(|owner| owner.controller.unwrap_or(false));
    let mut target = Target::pod(
        meta.namespace.as_deref().unwrap_or("default"),
        meta.name.as_deref().unwrap_or_default(),
    );
    target.uid = meta.uid.clone();
    target.node = pod.spec.as_ref().and_then(|spec| spec.node_name.clone());
    target.owner = owner.map(|owner| format!("{}/{}", owner.kind.to_lowercase(), owner.name));
    target.labels = meta.labels.clone().unwrap_or_default();
    target.standing = Some(standing(pod));
    target
}

fn standing(pod: &Pod) -> Standing {
    let status = pod.status.as_ref();
    let conditions = status.and_then(|status| status.conditions.as_deref());
    let containers = status.and_then(|status| status.container_statuses.as_deref());
    let debug = pod
        .spec
        .as_ref()
        .and_then(|spec| spec.ephemeral_containers.as_ref());
    Standing {
        phase: status
            .and_then(|status| status.phase.clone())
            .unwrap_or_else(|| "Unknown".into()),
        ready: conditions
            .unwrap_or_default()
            .iter()
            .any(|condition| condition.type_ == "Ready" && condition.status == "True"),
        restarts: containers
            .unwrap_or_default()
            .iter()
            .map(|container| u32::try_from(container.restart_count).unwrap_or(0))
            .sum(),
        created: pod.metadata.creation_timestamp.as_ref().map(|at| at.0),
        debug_containers: debug.map_or(0, |all| u32::try_from(all.len()).unwrap_or(u32::MAX)),
    }
}

/// Pods of a namespace (empty: of all), page by page.
pub(super) async fn listed(
    server: &Server,
    namespace: &str,
    labels: &str,
    fields: Option<&str>,
) -> Result<Vec<Pod>, Refusal> {
    let mut found = Vec::new();
    let mut next = None;
    loop {
        let mut query = vec![("limit", PAGE.to_string())];
        if !labels.is_empty() {
            query.push(("labelSelector", labels.to_owned()));
        }
        if let Some(fields) = fields {
            query.push(("fieldSelector", fields.to_owned()));
        }
        if let Some(token) = next.take() {
            query.push(("continue", token));
        }
        let path = with_query(&pods(namespace), &query);
        let page = server.get::<ObjectList<Pod>>(&path).await.map_err(|error| {
            let refusal = refusal(&error, &server.doing("list", "pods", namespace));
            match &error {
                kube::Error::Api(status) if status.code == 400 => Refusal {
                    cause: Cause::Configuration,
                    help: "write selectors as kubectl takes them: `-l app=web,tier!=cache`, `--field-selector spec.nodeName=n1`".into(),
                    ..refusal
                },
                _ => refusal,
            }
        })?;
        found.extend(page.value.items);
        match page.value.metadata.continue_ {
            Some(token) if !token.is_empty() => next = Some(token),
            _ => return Ok(found),
        }
    }
}

/// A path with a query, every character that is not plain percent-encoded.
pub(super) fn with_query(path: &str, query: &[(&str, String)]) -> String {
    let mut text = path.to_owned();
    for (number, (key, value)) in query.iter().enumerate() {
        text.push(if number == 0 { '?' } else { '&' });
        text.push_str(key);
        text.push('=');
        for byte in value.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                    text.push(char::from(byte));
                }
                byte => text.push_str(&format!("%{byte:02X}")),
            }
        }
    }
    debug_assert!(text.parse::<Uri>().is_ok());
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_query_holds_no_bare_separators() {
        assert_eq!(
            with_query(
                "/p",
                &[
                    ("labelSelector", "a in (b,c)&x=é".into()),
                    ("limit", "5".into())
                ]
            ),
            "/p?labelSelector=a%20in%20%28b%2Cc%29%26x%3D%C3%A9&limit=5"
        );
    }

    #[test]
    fn finished_and_departing_pods_are_passed_over_and_said_to_be() {
        let pod = |name: &str, change: serde_json::Value| -> Pod {
            let mut pod = json!({"metadata": {"name": name, "namespace": "shop", "uid": name}, "status": {"phase": "Running"}});
            for (key, value) in change.as_object().unwrap() {
                for (inner, value) in value.as_object().unwrap() {
                    pod[key][inner] = value.clone();
                }
            }
            serde_json::from_value(pod).unwrap()
        };
        let found = sorted(vec![
            pod("web-1", json!({})),
            pod(
                "web-0",
                json!({"metadata": {"ownerReferences": [
                {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "r", "controller": true}]}}),
            ),
            pod("done", json!({"status": {"phase": "Succeeded"}})),
            pod(
                "leaving",
                json!({"metadata": {"deletionTimestamp": "2026-01-02T03:04:05Z"}}),
            ),
        ]);
        let names: Vec<String> = found.targets.iter().map(ToString::to_string).collect();
        assert_eq!(names, ["shop/web-0", "shop/web-1"]);
        assert_eq!(found.targets[0].owner.as_deref(), Some("replicaset/web"));
        assert_eq!(found.notes.len(), 2);
        assert!(found.notes[0].contains("shop/done"), "{:?}", found.notes);
    }
}
