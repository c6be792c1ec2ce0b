//! What a made pod is made of: the pod that is copied, or the node; and the names of what is made.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use serde_json::Value;

use super::candidate::{container, replaced};
use super::debug_container::{self, User};
use super::manifest;
use super::owner::missing;
use super::server::pods;
use super::spawn::Spawning;
use crate::cluster::{Attach, Cause, Refusal};
use crate::target::{ObjectKind, Target, TargetKind};

/// How the pod and its debug container are called.
pub(super) struct Names {
    /// The pod.
    pub(super) pod: String,
    /// Its debug container.
    pub(super) container: String,
}

impl Names {
    /// For a target: always the same for the same run.
    pub(super) fn of(target: &Target, attach: &Attach) -> Self {
        let uid = target.uid.as_deref().unwrap_or_default();
        let container = debug_container::name(&attach.run, uid);
        let of = match target.kind {
            TargetKind::Node => target.node.as_deref(),
            _ => target.pod.as_deref(),
        };
        let own = manifest::name(of.unwrap_or_default(), &container);
        let wanted = attach.copying.name.clone();
        Self {
            pod: wanted
                .filter(|_| target.kind == TargetKind::Pod)
                .unwrap_or(own),
            container,
        }
    }
}

/// What a pod is made of, as it was read.
pub(super) struct Model {
    /// As the server tells it, fields of tomorrow included.
    pub(super) object: Value,
    /// The same, where it is a pod.
    pub(super) pod: Option<Pod>,
    /// The container that is examined; none on a node.
    pub(super) patient: Option<String>,
    /// Ids that it states for itself.
    pub(super) user: User,
    /// What it has mounted.
    pub(super) mounts: Vec<Value>,
    /// When it was read, by the server's clock.
    pub(super) date: Option<Timestamp>,
}

impl Spawning<'_> {
    /// Reads what is copied, or the node.
    pub(super) async fn model(&self) -> Result<Model, Refusal> {
        let (kind, name, path) = match self.opening.target.kind {
            TargetKind::Node => {
                let name = self.opening.target.node.as_deref().unwrap_or_default();
                (ObjectKind::Node, name, format!("/api/v1/nodes/{name}"))
            }
            _ => {
                let name = self.opening.target.pod.as_deref().unwrap_or_default();
                let path = format!("{}/{name}", pods(self.namespace()));
                (ObjectKind::Pod, name, path)
            }
        };
        let read = match self.opening.server.get::<Value>(&path).await {
            Ok(read) => read,
            Err(error) => {
                return Err(
                    missing(self.opening.server, &error, kind, name, self.namespace()).await,
                );
            }
        };
        let (object, date) = (read.value, read.date);
        let known = self.opening.target.uid.as_deref();
        if known.is_some_and(|known| object["metadata"]["uid"] != known) {
            return Err(replaced(name));
        }
        if kind == ObjectKind::Node {
            return Ok(Model {
                object,
                pod: None,
                patient: None,
                user: User::default(),
                mounts: Vec::new(),
                date,
            });
        }
        let pod: Pod = serde_json::from_value(object.clone()).map_err(|error| Refusal {
            cause: Cause::Api,
            headline: format!("the server's answer is no pod: {error}"),
            help: "something between here and the API server changes answers".into(),
            attach: None,
        })?;
        let patient = container(&pod, self.opening.attach.container.as_deref())?.to_owned();
        Ok(Model {
            object,
            user: User::of(&pod, &patient),
            mounts: debug_container::mounts(&pod, &patient),
            patient: Some(patient),
            pod: Some(pod),
            date,
        })
    }
}
