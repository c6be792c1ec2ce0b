//! Making the pod: whether we may take it away again, and no second one however often it is sent.

use k8s_openapi::api::core::v1::Pod;
use serde_json::Value;

use super::super::refusal::{Doing, refusal};
use super::super::rights::denied;
use super::super::stage::{interrupted, ours};
use super::Spawning;
use crate::ask::Need;
use crate::cluster::{Cause, Mode, Profile, Refusal};

impl Spawning<'_> {
    /// What we make we must be able to see and to delete: that is asked first. A pod that is copied was read already.
    pub(super) async fn may_end(&self) -> Result<(), Refusal> {
        let namespace = self.namespace();
        let mut needs = vec![Need::of("delete", "pods", "deletes what was made")];
        if self.mode() == Mode::Node {
            needs.push(Need::of("get", "pods", "sees what becomes of it"));
        }
        // A server that does not tell is no reason to go no further: the pod has a deadline of its own.
        let denied = denied(self.opening.server, &needs, namespace).await;
        let Some(denied) = denied.ok().and_then(|mut denied| denied.pop()) else {
            return Ok(());
        };
        let verb = denied.verb;
        let without = match verb.as_str() {
            "delete" => "a pod that is made would be left there",
            _ => "it could not be seen what becomes of a pod that is made",
        };
        Err(Refusal {
            cause: Cause::Forbidden,
            headline: format!(
                "we cannot {verb} resource \"pods\" in namespace {namespace}, so that {without}"
            ),
            help: format!(
                "missing: {verb} pods in namespace {namespace}; `housecall plan --rbac yaml …` prints the Role that grants what this run needs"
            ),
            attach: None,
        })
    }

    /// Makes the pod. An error comes with whether it may have been made all the same.
    pub(super) async fn make(&self, manifest: &Value) -> Result<Pod, (Refusal, bool)> {
        let (namespace, name) = (self.namespace(), self.names.pod.as_str());
        let mut unsure = false;
        for last in [false, false, true] {
            let error = match self.opening.server.make(namespace, manifest, false).await {
                Ok(pod) => return Ok(pod),
                Err(error) => error,
            };
            let code = match &error {
                kube::Error::Api(status) => Some(status.code),
                _ => None,
            };
            let refused = code.is_some_and(|code| code < 500 && code != 409);
            unsure |= !refused;
            // A repeat of ours finds what an earlier one has made.
            if !refused {
                let (container, run) = (&self.names.container, &self.opening.attach.run);
                match self.opening.server.pod(namespace, name).await {
                    Ok(found) if ours(&found.value, container, run) => return Ok(found.value),
                    Ok(_) => unsure = false,
                    Err(kube::Error::Api(status)) if status.code == 404 => unsure = false,
                    Err(_) => {}
                }
            }
            if last || refused || code == Some(409) {
                let profile = self.opening.attach.profile;
                return Err((self.unmade(&error, profile), unsure));
            }
        }
        // The loop ends with its last round.
        Err((interrupted("nothing was heard of it"), unsure))
    }

    pub(super) fn unmade(&self, error: &kube::Error, profile: Profile) -> Refusal {
        let doing = self
            .opening
            .server
            .doing("create", "pods", self.namespace());
        let adding = Some((profile, self.names.container.as_str()));
        refusal(error, &Doing { adding, ..doing })
    }
}
