//! What the API server keeps about a pod: answers the asks that need no container.
//!
//! Exit codes, as a command would have them: 0 the answer is on stdout; 1 the server knows no such thing, in its words on stderr; 125 it
//! could not be read; 126 a right is missing, named on stderr.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::Pod;
use serde_json::Value;
use tokio::time::{Instant, timeout};

use super::pump::{Limits, Pump};
use super::refusal::refusal;
use super::rows::{endpoint_rows, event_rows};
use super::server::{Server, Stamped, pods};
use crate::ask::{Answer, ApiRead, Ask, Captured, Ended, Resource, Whom};
use crate::clock::Clock;
use crate::cluster::{Cause, Refusal};

/// How many owners are followed upwards: a CronJob's Job's pod has two.
const GENERATIONS: usize = 4;

/// How many events one answer holds, of the latest.
const EVENTS: usize = 500;

/// The records of one pod.
#[derive(Clone)]
pub(super) struct Records {
    server: Server,
    namespace: String,
    pod: String,
    uid: String,
    container: String,
    /// The node, where that is what is examined.
    node: Option<String>,
}

/// Why a read gives nothing.
enum Denied {
    /// The server refuses, or does not know it.
    Refused(Refusal),
    /// Its answer makes no sense.
    Odd(String),
}

impl From<Refusal> for Denied {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// An object by its kind and name.
struct Found {
    resource: &'static Resource,
    name: String,
}

impl Records {
    /// Of this pod, in which `container` is examined.
    pub(super) fn new(server: Server, pod: &Pod, container: &str) -> Self {
        let meta = &pod.metadata;
        Self {
            server,
            namespace: meta.namespace.clone().unwrap_or_else(|| "default".into()),
            pod: meta.name.clone().unwrap_or_default(),
            uid: meta.uid.clone().unwrap_or_default(),
            container: container.to_owned(),
            node: None,
        }
    }

    /// Of a node that is examined: what belongs to no pod.
    pub(super) fn of_node(server: Server, namespace: &str, node: Option<&str>) -> Self {
        Self {
            namespace: namespace.to_owned(),
            node: node.map(str::to_owned),
            ..Self::new(server, &Pod::default(), "")
        }
    }

    /// The container that is examined; a node has none.
    pub(super) fn container(&self) -> Option<String> {
        Some(self.container.clone()).filter(|name| !name.is_empty())
    }

    /// Opens a terminal where the shell is: in this container of this pod, which may be one that was made for it.
    pub(super) async fn terminal(
        &self,
        (pod, container): (&str, &str),
        command: Vec<String>,
    ) -> Result<Pump, Refusal> {
        let at = (self.namespace.as_str(), pod, container);
        let doing = self.server.doing("create", "pods/exec", at.0);
        let opened = self.server.terminal(at, command, Limits::default()).await;
        opened.map_err(|error| refusal(&error, &doing))
    }

    /// Answers one read, within the ask's timeout.
    pub(super) async fn answer(&self, read: &ApiRead, ask: &Ask, clock: &dyn Clock) -> Answer {
        let (started, since) = (clock.now(), Instant::now());
        let cap = usize::try_from(ask.stdout_cap).unwrap_or(usize::MAX);
        let (ended, out, err) = match timeout(ask.timeout, self.read(read, ask.stdout_cap)).await {
            Err(_) => (Ended::TimedOut, Vec::new(), String::new()),
            Ok(Ok(out)) => (Ended::Exited(0), out, String::new()),
            Ok(Err(Denied::Odd(why))) => (Ended::Exited(125), Vec::new(), why),
            Ok(Err(Denied::Refused(refusal))) => {
                let words = match refusal.cause {
                    Cause::NotFound => refusal.headline.clone(),
                    _ => format!("{}; {}", refusal.headline, refusal.help),
                };
                match refusal.cause {
                    Cause::NotFound | Cause::Replaced => (Ended::Exited(1), Vec::new(), words),
                    Cause::Forbidden | Cause::Unauthenticated => {
                        (Ended::Exited(126), Vec::new(), words)
                    }
                    Cause::ApiUnreachable => (Ended::Lost(words), Vec::new(), String::new()),
                    _ => (Ended::Exited(125), Vec::new(), words),
                }
            }
        };
        let truncated = out.len() > cap || ended == Ended::TimedOut;
        let mut bytes = out;
        bytes.truncate(cap);
        Answer {
            ended,
            stdout: Captured { bytes, truncated },
            stderr: Captured::whole(err),
            started,
            duration: since.elapsed(),
            file: None,
            progress: None,
            remarks: Vec::new(),
        }
    }

    async fn read(&self, read: &ApiRead, cap: u64) -> Result<Vec<u8>, Denied> {
        match read {
            ApiRead::Object(whom) => {
                let found = self.whom(whom).await?;
                let mut object = self.object(found.resource, &found.name).await?.value;
                strip(&mut object);
                serde_json::to_vec_pretty(&object).map_err(|error| Denied::Odd(error.to_string()))
            }
            ApiRead::Events { of, since } => self.events(of, *since).await,
            ApiRead::Logs {
                container,
                previous,
                tail,
                since,
            } => {
                let mut path = format!(
                    "{}/{}/log?container={}&previous={previous}&tailLines={tail}&limitBytes={}",
                    pods(&self.namespace),
                    self.pod,
                    container.as_deref().unwrap_or(&self.container),
                    cap.saturating_add(1),
                );
                if let Some(since) = since {
                    path += &format!("&sinceSeconds={}", since.as_secs().max(1));
                }
                self.log(&path).await
            }
            ApiRead::Endpoints { service } => {
                let path = format!(
                    "/apis/discovery.k8s.io/v1/namespaces/{}/endpointslices?labelSelector=kubernetes.io/service-name%3D{service}",
                    self.namespace
                );
                let list: Value = self.get(&path, "list", "endpointslices").await?.value;
                Ok(lines(&endpoint_rows(&list)))
            }
        }
    }

    async fn get(&self, path: &str, verb: &str, resource: &str) -> Result<Stamped<Value>, Refusal> {
        self.get_in(&self.namespace, path, verb, resource).await
    }

    async fn get_in(
        &self,
        namespace: &str,
        path: &str,
        verb: &str,
        resource: &str,
    ) -> Result<Stamped<Value>, Refusal> {
        self.server
            .get(path)
            .await
            .map_err(|error| refusal(&error, &self.server.doing(verb, resource, namespace)))
    }

    async fn object(
        &self,
        resource: &'static Resource,
        name: &str,
    ) -> Result<Stamped<Value>, Refusal> {
        let api = match resource.group {
            "" => format!("/api/{}", resource.version),
            group => format!("/apis/{group}/{}", resource.version),
        };
        let plural = resource.plural;
        let path = if resource.cluster_wide() {
            format!("{api}/{plural}/{name}")
        } else {
            format!("{api}/namespaces/{}/{plural}/{name}", self.namespace)
        };
        self.get(&path, "get", resource.plural).await
    }

    /// The pod, which must still be the one that was found.
    async fn own(&self) -> Result<Value, Denied> {
        let pod = self.object(known("pod")?, &self.pod).await?.value;
        if pod["metadata"]["uid"] != self.uid.as_str() {
            return Err(super::candidate::replaced(&self.pod).into());
        }
        Ok(pod)
    }

    async fn whom(&self, whom: &Whom) -> Result<Found, Denied> {
        match whom {
            Whom::Pod | Whom::Owner if self.node.is_some() => {
                Err(absent("the target is a node, and no pod".to_owned()))
            }
            Whom::Node if self.node.is_some() => Ok(Found {
                resource: known("node")?,
                name: self.node.clone().unwrap_or_default(),
            }),
            Whom::Pod => Ok(Found {
                resource: known("pod")?,
                name: self.pod.clone(),
            }),
            Whom::Named { kind, name } => Ok(Found {
                resource: known(kind)?,
                name: name.clone(),
            }),
            Whom::Node => match self.own().await?["spec"]["nodeName"].as_str() {
                Some(name) => Ok(Found {
                    resource: known("node")?,
                    name: name.to_owned(),
                }),
                None => Err(absent(format!("pod `{}` is on no node yet", self.pod))),
            },
            Whom::Owner => self.owner().await,
        }
    }

    /// Follows the controllers of the pod up to the one that has none.
    async fn owner(&self) -> Result<Found, Denied> {
        let mut object = self.own().await?;
        let mut found = None;
        for _ in 0..GENERATIONS {
            let owners = object["metadata"]["ownerReferences"].as_array();
            let mut owners = owners.into_iter().flatten();
            let Some(above) = owners.find(|one| one["controller"] == true) else {
                break;
            };
            let (kind, name) = (&above["kind"], &above["name"]);
            let resource = kind.as_str().and_then(Resource::of_kind);
            let (Some(resource), Some(name)) = (resource, name.as_str()) else {
                return match found {
                    Some(found) => Ok(found),
                    None => Err(absent(format!(
                        "pod `{}` belongs to {kind} {name}, a kind that is not read",
                        self.pod
                    ))),
                };
            };
            let name = name.to_owned();
            object = self.object(resource, &name).await?.value;
            found = Some(Found { resource, name });
        }
        found.ok_or_else(|| absent(format!("pod `{}` belongs to nothing", self.pod)))
    }

    async fn events(&self, of: &Whom, since: Duration) -> Result<Vec<u8>, Denied> {
        let found = self.whom(of).await?;
        let mut fields = format!(
            "involvedObject.kind%3D{},involvedObject.name%3D{}",
            found.resource.kind, found.name
        );
        if *of == Whom::Pod {
            fields += &format!(",involvedObject.uid%3D{}", self.uid);
        }
        let namespace = found.resource.events_in().unwrap_or(&self.namespace);
        let path = format!("/api/v1/namespaces/{namespace}/events?fieldSelector={fields}");
        let list = self.get_in(namespace, &path, "list", "events").await?;
        let oldest = list.date.and_then(|now| {
            let since = SignedDuration::try_from(since).ok()?;
            now.checked_sub(since).ok()
        });
        let mut rows = event_rows(&list.value, oldest.unwrap_or(Timestamp::MIN));
        let over = rows.len().saturating_sub(EVENTS);
        rows.drain(..over);
        Ok(lines(&rows))
    }

    async fn log(&self, path: &str) -> Result<Vec<u8>, Denied> {
        match self.server.text(path).await {
            Ok(text) => Ok(text),
            // The container has not begun, or has no run before this one: that is what the log says.
            Err(kube::Error::Api(status)) if status.code == 400 => {
                Err(absent(status.message.clone()))
            }
            Err(error) => Err(refusal(
                &error,
                &self.server.doing("get", "pods/log", &self.namespace),
            )
            .into()),
        }
    }
}

fn known(word: &str) -> Result<&'static Resource, Denied> {
    Resource::of(word).ok_or_else(|| Denied::Odd(format!("`{word}` is no kind that can be read")))
}

fn absent(headline: String) -> Denied {
    Denied::Refused(Refusal {
        cause: Cause::NotFound,
        headline,
        help: String::new(),
        attach: None,
    })
}

/// Takes out who wrote which field, and the copy of the object that `kubectl apply` leaves in it.
fn strip(object: &mut Value) {
    if let Some(meta) = object["metadata"].as_object_mut() {
        meta.remove("managedFields");
        if let Some(notes) = meta.get_mut("annotations").and_then(Value::as_object_mut) {
            notes.remove("kubectl.kubernetes.io/last-applied-configuration");
        }
    }
}

fn lines(rows: &[Value]) -> Vec<u8> {
    rows.iter()
        .flat_map(|row| (row.to_string() + "\n").into_bytes())
        .collect()
}
