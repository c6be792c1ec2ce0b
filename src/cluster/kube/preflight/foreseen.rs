//! What a run would refuse of a pod as it now stands, told by `plan`: the looks that a run takes before its first change, and
//! a dry run of that change, which goes through admission.

use super::Crowd;
use super::profiles::{GONE, would_add};
use crate::cluster::kube::candidate::Candidate;
use crate::cluster::kube::debug_container;
use crate::cluster::kube::dry_run::{Climb, Granted, NO_DRY_RUN};
use crate::cluster::kube::grant::Owner;
use crate::cluster::kube::server::Server;
use crate::cluster::kube::spawn::Spawning;
use crate::cluster::{Attach, Mode, Profile, Refusal};
use crate::target::Target;

impl Spawning<'_> {
    /// Why no pod would be made; `None` where nothing is known against it.
    pub(in crate::cluster::kube) async fn foreseen(&self) -> Option<Refusal> {
        let model = match self.model().await {
            Ok(model) => model,
            Err(refusal) => return Some(refusal),
        };
        let refusal = match self.opening.attach.profile {
            Profile::Auto => self.granted(&model, &GONE).await.err(),
            named => {
                let rung = Granted::named(named, model.user).rung;
                self.would_make(&model, rung, &GONE).await.err()
            }
        };
        refusal.filter(|refusal| !refusal.headline.contains(NO_DRY_RUN))
    }
}

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
    if let Err(refusal) = crowd.admits(name, &guest, attach.max_containers) {
        return Some(refusal);
    }
    let would = |rung| would_add(server, (namespace, name), &candidate, attach, rung);
    if attach.profile != Profile::Auto {
        let rung = Granted::named(attach.profile, candidate.user).rung;
        let refusal = would(rung).await.err();
        return refusal.filter(|refusal| !refusal.headline.contains(NO_DRY_RUN));
    }
    let owner = Owner::of(&pod, &candidate.container);
    let mut climb = Climb::new(owner, &attach.powers);
    loop {
        let rung = match climb.next() {
            Ok(rung) => rung,
            Err(refusal) => return Some(refusal),
        };
        match climb.tried(rung, would(rung).await) {
            Ok(None) => {}
            Ok(Some(_)) => return None,
            Err(refusal) => return Some(refusal),
        }
    }
}
