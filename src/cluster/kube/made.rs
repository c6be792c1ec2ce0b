//! A pod that was made for a debug container, and its end: deleted, and read back as gone.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use serde_json::json;
use tokio::time::{Instant, timeout_at};

use super::close::{SHOWN, note, read_back};
use super::refusal::refusal;
use super::server::Server;
use super::sight::Sight;
use crate::report::AttachReport;

/// The longest grace that is given to the processes of a pod that we made: 30 s, as Kubernetes does by itself.
const GRACE: u64 = 30;

/// A pod of ours.
#[derive(Clone, Debug)]
pub(super) struct Made {
    pub(super) server: Server,
    pub(super) namespace: String,
    pub(super) name: String,
    /// Its UID: another pod of the same name is not ours to delete.
    pub(super) uid: String,
    /// Seconds that its processes have to end.
    pub(super) grace: u64,
    /// Whether it stays when the run is over.
    pub(super) stays: bool,
}

impl Made {
    /// Of the pod as the server tells it.
    pub(super) fn of(server: &Server, pod: &Pod, stays: bool) -> Self {
        let own = pod
            .spec
            .as_ref()
            .and_then(|spec| spec.termination_grace_period_seconds)
            .and_then(|seconds| u64::try_from(seconds).ok());
        Self {
            server: server.clone(),
            namespace: pod.metadata.namespace.clone().unwrap_or_default(),
            name: pod.metadata.name.clone().unwrap_or_default(),
            uid: pod.metadata.uid.clone().unwrap_or_default(),
            grace: own.map_or(GRACE, |own| own.min(GRACE)),
            stays,
        }
    }

    /// Has it deleted. Its processes have so many seconds to end.
    pub(super) async fn delete(&self, grace: u64) -> Result<(), kube::Error> {
        let options = json!({
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "gracePeriodSeconds": grace,
            "preconditions": {"uid": self.uid},
        });
        let server = &self.server;
        server.delete(&self.namespace, &self.name, &options).await
    }

    /// Deletes it and reads it back as gone, into the record; or, where it stays, reads the end of its debug container back. Returns
    /// what the reader should know.
    pub(super) async fn end(&self, sight: &mut Sight, record: &mut AttachReport) -> Vec<String> {
        let (namespace, name) = (&self.namespace, &self.name);
        if self.stays {
            let mut remarks = read_back(sight, record, SHOWN).await;
            remarks.push(format!(
                "pod {namespace}/{name} stays, as `--keep` says; `kubectl delete pod {name} -n {namespace}` removes it"
            ));
            return remarks;
        }
        let mut remarks = Vec::new();
        if let Err(error) = self.delete(self.grace).await {
            let doing = self.server.doing("delete", "pods", namespace);
            let refusal = refusal(&error, &doing);
            remarks.push(format!(
                "pod {namespace}/{name}, which was made for this run, could not be deleted: {}; {}",
                refusal.headline, refusal.help
            ));
        }
        let until = Instant::now() + Duration::from_secs(self.grace) + SHOWN;
        while !sight.gone() {
            note(sight, record);
            if timeout_at(until, sight.next()).await.is_err() {
                sight.read().await;
                break;
            }
            if !remarks.is_empty() {
                break;
            }
        }
        note(sight, record);
        record.waiting = None;
        record.proven = sight.gone();
        remarks.extend(sight.remarks());
        if record.proven {
            remarks.push(format!(
                "pod {namespace}/{name}, which was made for this run, was deleted and read back as gone"
            ));
        } else {
            remarks.push(format!(
                "pod {namespace}/{name} was not read back as gone; it ends by itself at its deadline, and `kubectl delete pod {name} -n {namespace}` removes it"
            ));
        }
        remarks
    }
}
