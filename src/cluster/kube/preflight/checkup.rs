//! The look itself: every request it sends reads, asks about our rights, or is a dry run.

use std::time::Duration;

use k8s_openapi::api::core::v1::{Namespace, Node, Pod};
use serde_json::Value;

use super::patient::refused;
use super::{patient, place, profiles, rights};
use crate::ask::Need;
use crate::cluster::kube::owner::missing;
use crate::cluster::kube::refusal::refusal;
use crate::cluster::kube::rights::denied;
use crate::cluster::kube::server::Server;
use crate::cluster::{Attach, Cause, Finding, Refusal};
use crate::target::ObjectKind;

/// What is looked at.
#[derive(Clone, Debug, Default)]
pub struct Checkup {
    /// The namespace; that of the context where it is `None`.
    pub namespace: Option<String>,
    /// A pod of it; without one the cluster and the namespace are looked at.
    pub pod: Option<String>,
    /// Container that would be examined; the pod's default container when `None`.
    pub container: Option<String>,
    /// Image of the debug container that would be added: policies judge it, too.
    pub image: String,
    /// How many debug containers of ours a pod may carry.
    pub max_containers: usize,
}

impl Checkup {
    /// Looks, and tells what was found in the order in which a run would come upon it. What cannot be asked is a finding, too.
    pub(in crate::cluster::kube) async fn made(&self, server: &Server) -> Vec<Finding> {
        let version = match read::<Value>(server, "/version", "/version", "").await {
            Ok(version) => version,
            Err(refusal) => return vec![refused("cluster", refusal)],
        };
        let link = server.link();
        let mut found = vec![place::cluster(&link.name, &link.server, &version)];
        let namespace = self.namespace.as_deref().unwrap_or(&link.namespace);
        let needs = rights::needs();
        let (denied, security) = tokio::join!(
            denied(server, &needs, namespace),
            self.security(server, namespace)
        );
        found.push(security);
        let denied = match denied {
            Ok(denied) => denied,
            Err(refusal) => {
                found.push(refused("rights", refusal));
                return found;
            }
        };
        found.extend(rights::findings(&denied, namespace, place::minor(&version)));
        if let Some(name) = &self.pod {
            found.extend(self.examined(server, (namespace, name), &denied).await);
        }
        found
    }

    async fn security(&self, server: &Server, name: &str) -> Finding {
        let path = format!("/api/v1/namespaces/{name}");
        match read::<Namespace>(server, &path, "namespaces", name).await {
            Ok(namespace) => place::security(&namespace),
            Err(refusal) if refusal.cause == Cause::Forbidden => Finding::ok(
                "pod security",
                "the namespace's labels may not be read: with a pod, a dry run tells which profiles pass",
            ),
            Err(refusal) => refused("pod security", refusal),
        }
    }

    async fn examined(
        &self,
        server: &Server,
        (namespace, name): (&str, &str),
        denied: &[Need],
    ) -> Vec<Finding> {
        let pod: Pod = match server.pod(namespace, name).await {
            Ok(read) => read.value,
            Err(error) => {
                let refusal = missing(server, &error, ObjectKind::Pod, name, namespace).await;
                return vec![refused("pod", refusal)];
            }
        };
        let attach = self.attach();
        let (mut found, candidate) = patient::findings(&pod, &attach);
        let Some(candidate) = candidate else {
            return found;
        };
        let on = pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref());
        if let Some(on) = on {
            let path = format!("/api/v1/nodes/{on}");
            // Where it may not be read, its name has to do.
            let node = read::<Node>(server, &path, "nodes", "").await.ok();
            found.push(place::node(on, node.as_ref()));
        }
        if rights::lacks(denied, "patch", "pods/ephemeralcontainers") {
            found.push(Finding::warning(
                "profiles",
                "which of them admission lets pass cannot be asked without the right to patch pods/ephemeralcontainers",
                "grant it, and look again",
            ));
            return found;
        }
        found.extend(profiles::findings(server, (namespace, &pod), &candidate, &attach).await);
        found
    }

    /// How a run would attach.
    pub(super) fn attach(&self) -> Attach {
        Attach {
            run: "doctor".into(),
            container: self.container.clone(),
            max_containers: self.max_containers,
            start_timeout: Duration::from_secs(1),
            grace: Duration::from_secs(1),
            deadline: Duration::from_secs(1),
            ..Attach::new("doctor", self.image.clone())
        }
    }
}

async fn read<T: serde::de::DeserializeOwned>(
    server: &Server,
    path: &str,
    resource: &str,
    namespace: &str,
) -> Result<T, Refusal> {
    let read = server.get(path).await;
    read.map(|read| read.value)
        .map_err(|error| refusal(&error, &server.doing("get", resource, namespace)))
}
