//! What a run would refuse of a pod as it now stands, told by `plan`: the same two looks that a run takes before its first change.

use super::Crowd;
use crate::cluster::kube::candidate::Candidate;
use crate::cluster::kube::debug_container;
use crate::cluster::kube::server::Server;
use crate::cluster::{Attach, Mode, Refusal};
use crate::target::Target;

/// Why no debug container would be added to a target; `None` where nothing is known against it, or it cannot be read.
pub(in crate::cluster::kube) async fn foreseen(
    server: &Server,
    target: &Target,
    attach: &Attach,
) -> Option<Refusal> {
    let (namespace, name) = (target.namespace.as_deref()?, target.pod.as_deref()?);
    if attach.mode != Mode::Ephemeral {
        return None;
    }
    let pod = server.pod(namespace, name).await.ok()?.value;
    let candidate = match Candidate::of(&pod, target.uid.as_deref(), attach) {
        Ok(candidate) => candidate,
        Err(refusal) => return Some(refusal),
    };
    let guest = debug_container::name(&attach.run, &candidate.uid);
    let crowd = Crowd::of(&pod);
    crowd.admits(name, &guest, attach.max_containers).err()
}
