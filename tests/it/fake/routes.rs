//! The requests that the fake answers.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Path, Query, State};
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use serde_json::{Value, json};

use super::world::{Fault, World};
use super::{NAMESPACE, kubelet, stream};

type Words = Vec<(String, String)>;

pub(crate) fn app(world: Arc<World>) -> Router {
    Router::new()
        .route("/api/v1/namespaces/{namespace}/pods/{name}/exec", any(exec))
        .fallback(object)
        .with_state(world)
}

async fn exec(
    State(world): State<Arc<World>>,
    Path((_, _pod)): Path<(String, String)>,
    Query(query): Query<Words>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let fault = world.called("EXEC");
    if let Fault::Refuse(code, words) = fault {
        return refuse(code, words, "");
    }
    let container = word(&query, "container");
    let command: Vec<String> = query
        .into_iter()
        .filter(|(key, _)| key == "command")
        .map(|(_, value)| value)
        .collect();
    upgrade
        .protocols(["v5.channel.k8s.io", "v4.channel.k8s.io"])
        .on_upgrade(move |socket| stream::serve(world, socket, container, command, fault))
}

fn word(query: &Words, key: &str) -> String {
    let found = query.iter().find(|(name, _)| name == key);
    found.map(|(_, value)| value.clone()).unwrap_or_default()
}

async fn object(
    State(world): State<Arc<World>>,
    method: Method,
    uri: Uri,
    Query(query): Query<Words>,
    body: Bytes,
) -> Response {
    let path: Vec<&str> = uri.path().trim_matches('/').split('/').collect();
    match (method.as_str(), &path[..]) {
        (
            "GET",
            [
                "api",
                "v1",
                "namespaces",
                NAMESPACE,
                kind @ ("pods" | "events"),
            ],
        ) => list(
            &world,
            if *kind == "pods" { "pods" } else { "events" },
            &query,
        ),
        ("GET", ["api", "v1", "namespaces", "default", "events"]) => {
            events_of_nodes(&world, &query)
        }
        ("GET", ["api", "v1", "namespaces", NAMESPACE, "pods", name]) => {
            match world.called("GET pod") {
                Fault::Refuse(code, words) => return refuse(code, words, name),
                Fault::None => {}
                other => panic!("{other:?} is no fault of GET pod"),
            }
            match world.read_pod(name) {
                Some(pod) => json_of(&pod),
                None => refuse(404, &format!("pods \"{name}\" not found"), name),
            }
        }
        ("GET", ["api", "v1", "namespaces", NAMESPACE, "pods", _, "log"]) => {
            log(&world, &word(&query, "container"))
        }
        ("GET", ["api", "v1", "nodes", name]) => json_of(&json!({
            "apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "uid": format!("uid-{name}")},
        })),
        ("POST", ["api", "v1", "namespaces", NAMESPACE, "pods"]) => make(&world, &body),
        ("DELETE", ["api", "v1", "namespaces", NAMESPACE, "pods", name]) => {
            delete(&world, name, &body)
        }
        (
            "PATCH",
            [
                "api",
                "v1",
                "namespaces",
                NAMESPACE,
                "pods",
                name,
                "ephemeralcontainers",
            ],
        ) => patch(&world, name, &body),
        (
            "POST",
            [
                "apis",
                "authorization.k8s.io",
                "v1",
                "selfsubjectaccessreviews",
            ],
        ) => review(&world, &body),
        _ => refuse(404, "the server could not find the requested resource", ""),
    }
}

fn list(world: &Arc<World>, kind: &'static str, query: &Words) -> Response {
    let watched = word(query, "watch") == "true";
    let verb = if watched { "WATCH" } else { "LIST" };
    match world.called(&format!("{verb} {kind}")) {
        Fault::Refuse(code, words) => return refuse(code, words, ""),
        Fault::None => {}
        other => panic!("{other:?} is no fault of a list"),
    }
    if watched {
        let after = word(query, "resourceVersion").parse().unwrap_or(0);
        let lines = world.watch(kind, after);
        let stream = futures_util::stream::unfold(lines, |mut lines| async {
            let line = lines.recv().await?;
            Some((Ok::<_, std::io::Error>(line), lines))
        });
        return Body::from_stream(stream).into_response();
    }
    let items = if kind == "pods" {
        world.pods()
    } else {
        Vec::new()
    };
    json_of(
        &json!({"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": world.version()}, "items": items}),
    )
}

/// What a container has printed.
fn log(world: &World, container: &str) -> Response {
    let fault = world.called("GET log");
    if let Fault::Refuse(code, words) = fault {
        return refuse(code, words, container);
    }
    let Some(mut printed) = world.printed(container) else {
        return refuse(400, "the container is not found", container);
    };
    if matches!(fault, Fault::Ignored) {
        printed.pop();
        let last = printed.iter().rposition(|byte| *byte == b'\n');
        printed.truncate(last.map_or(0, |last| last + 1));
    }
    printed.into_response()
}

/// What is in no namespace has its events in `default`.
fn events_of_nodes(world: &World, query: &Words) -> Response {
    if let Fault::Refuse(code, words) = world.called("LIST events of nodes") {
        return refuse(code, words, "");
    }
    let asked = word(query, "fieldSelector");
    assert_eq!(asked, "involvedObject.kind=Node,involvedObject.name=node-a");
    json_of(
        &json!({"apiVersion": "v1", "kind": "List", "metadata": {}, "items": [{
        "type": "Warning", "reason": "NodeNotReady", "message": "kubelet stopped posting node status",
        "involvedObject": {"kind": "Node", "name": "node-a"}}]}),
    )
}

/// The strategic merge of one debug container, by its name, with the server's own checks.
fn patch(world: &Arc<World>, name: &str, body: &[u8]) -> Response {
    let fault = world.called("PATCH ephemeralcontainers");
    if let Fault::Refuse(code, words) = fault {
        return refuse(code, words, name);
    }
    let change: Value = serde_json::from_slice(body).unwrap();
    let Some(pod) = world.read_pod(name) else {
        return refuse(404, &format!("pods \"{name}\" not found"), name);
    };
    if change["metadata"]["uid"] != pod["metadata"]["uid"] {
        return refuse(
            422,
            "Pod is invalid: metadata.uid: Invalid value: field is immutable",
            name,
        );
    }
    if matches!(fault, Fault::Ignored) {
        return json_of(&pod);
    }
    let container = change["spec"]["ephemeralContainers"][0].clone();
    let known = world.debug_containers(name);
    let fresh = !known.iter().any(|known| container["name"] == *known);
    let after = if fresh {
        world
            .change_pod(name, |pod| {
                let mut list = pod["spec"]["ephemeralContainers"]
                    .as_array()
                    .cloned()
                    .unwrap_or_default();
                list.push(container.clone());
                pod["spec"]["ephemeralContainers"] = json!(list);
            })
            .unwrap()
    } else {
        pod
    };
    if fresh {
        kubelet::start(world, &after, &container);
    }
    match fault {
        Fault::Landed(code, words) => refuse(code, words, name),
        _ => json_of(&after),
    }
}

/// Makes a pod: its uid is its name, it is scheduled unless its image says otherwise, and its own containers run at once.
fn make(world: &Arc<World>, body: &[u8]) -> Response {
    let fault = world.called("POST pod");
    let mut pod: Value = serde_json::from_slice(body).unwrap();
    let name = pod["metadata"]["name"].as_str().unwrap().to_owned();
    if let Fault::Refuse(code, words) = fault {
        return refuse(code, words, &name);
    }
    if world.read_pod(&name).is_some() {
        return refuse(409, &format!("pods \"{name}\" already exists"), &name);
    }
    pod["metadata"]["uid"] = json!(format!("uid-{name}"));
    pod["status"] = json!({"phase": "Pending"});
    world.put_pod(pod.clone());
    kubelet::take(world, &pod);
    match fault {
        Fault::Landed(code, words) => refuse(code, words, &name),
        _ => json_of(&pod),
    }
}

/// Deletes a pod with its containers; where that is ignored, it is only marked, as one whose node does not answer.
fn delete(world: &Arc<World>, name: &str, body: &[u8]) -> Response {
    let fault = world.called("DELETE pod");
    if let Fault::Refuse(code, words) = fault {
        return refuse(code, words, name);
    }
    let options: Value = serde_json::from_slice(body).unwrap();
    let Some(pod) = world.read_pod(name) else {
        return refuse(404, &format!("pods \"{name}\" not found"), name);
    };
    assert_eq!(
        options["preconditions"]["uid"], pod["metadata"]["uid"],
        "no other pod of this name is meant"
    );
    if matches!(fault, Fault::Ignored) {
        let marked = world.change_pod(name, |pod| {
            pod["metadata"]["deletionTimestamp"] = json!("2026-01-02T03:04:05Z");
        });
        return json_of(&marked.unwrap());
    }
    world.delete_pod(name);
    json_of(&pod)
}

fn review(world: &World, body: &[u8]) -> Response {
    let mut review: Value = serde_json::from_slice(body).unwrap();
    let asked = &review["spec"]["resourceAttributes"];
    let call = format!(
        "MAY {} {}/{}",
        asked["verb"].as_str().unwrap(),
        asked["resource"].as_str().unwrap(),
        asked["subresource"].as_str().unwrap_or_default()
    );
    let allowed = !matches!(world.called(call.trim_end_matches('/')), Fault::Refuse(..));
    review["status"] = json!({"allowed": allowed});
    json_of(&review)
}

fn json_of(value: &Value) -> Response {
    (StatusCode::OK, axum::Json(value.clone())).into_response()
}

fn refuse(code: u16, words: &str, name: &str) -> Response {
    let status = json!({"apiVersion": "v1", "kind": "Status", "status": "Failure", "message": words, "code": code,
        "reason": "Scripted", "metadata": {}, "details": {"name": name}});
    (StatusCode::from_u16(code).unwrap(), axum::Json(status)).into_response()
}
