//! The profile that a debug container is given: the one that was named, or for `auto` the first that a dry run of its patch gets
//! past the namespace's admission. A dry run goes through admission and validation, and changes nothing.

use k8s_openapi::api::core::v1::Pod;

use super::candidate::Candidate;
use super::debug_container::{DebugContainer, User};
use super::grant::{Owner, Rung, losses};
use super::open::Opening;
use super::refusal::{Doing, refusal};
use super::server::Server;
use crate::cluster::shell::Script;
use crate::cluster::{Cause, Profile, Refusal, Wanted};
use crate::report::AttachReport;

/// What a webhook says that has side effects, and so cannot take part in a dry run.
pub(super) const NO_DRY_RUN: &str = "does not support dry run";

/// What was settled.
pub(super) struct Granted {
    /// Profile and user.
    pub(super) rung: Rung,
    /// What the reader should know of it.
    pub(super) remarks: Vec<String>,
}

impl Granted {
    /// A profile that was named is given as it is.
    pub(super) fn named(profile: Profile, user: User) -> Self {
        Self {
            rung: Rung {
                profile,
                user: user.with(profile),
            },
            remarks: Vec::new(),
        }
    }

    /// Writes it into the record.
    pub(super) fn tell(&self, asked: Profile, record: &mut AttachReport) {
        let given = self.rung.profile;
        record.profile = Some(given.word().into());
        record.profile_asked = (asked != given).then(|| asked.word().into());
        record.run_as = self.rung.user.word();
    }
}

/// The rungs of `auto`, tried one by one.
pub(super) struct Climb<'a> {
    owner: Owner,
    wanted: &'a [Wanted],
    rungs: std::vec::IntoIter<Rung>,
    refused: Option<Refusal>,
}

impl<'a> Climb<'a> {
    /// Begins, for a patient and what the steps want of it.
    pub(super) fn new(owner: Owner, wanted: &'a [Wanted]) -> Self {
        Self {
            owner,
            wanted,
            rungs: owner.rungs(wanted).into_iter(),
            refused: None,
        }
    }

    /// The same for a node, which has no user of its own.
    pub(super) fn on_node(wanted: &'a [Wanted]) -> Self {
        Self {
            owner: Owner::default(),
            wanted,
            rungs: Owner::node_rungs(wanted).into_iter(),
            refused: None,
        }
    }

    /// What is to be tried next: a dry run of it, whose outcome is told by [`tried`](Self::tried). Without any left, why none passes.
    pub(super) fn next(&mut self) -> Result<Rung, Refusal> {
        self.rungs.next().ok_or_else(|| {
            self.refused.take().unwrap_or_else(|| Refusal {
                cause: Cause::Admission,
                headline: "no profile was found that could be given".into(),
                help: "name one with `--profile`".into(),
                attach: None,
            })
        })
    }

    /// Takes in the outcome of a dry run; what is granted, once it is. Only admission's word leads on to another rung.
    pub(super) fn tried(
        &mut self,
        rung: Rung,
        outcome: Result<(), Refusal>,
    ) -> Result<Option<Granted>, Refusal> {
        let mut remarks = losses(rung, &self.owner.lost(rung, self.wanted));
        match outcome {
            Ok(()) => {}
            Err(refusal) if refusal.headline.contains(NO_DRY_RUN) => remarks.push(format!(
                "whether profile {} is admitted could not be asked beforehand: {}",
                rung.profile, refusal.headline
            )),
            Err(refusal) if refusal.cause == Cause::Admission => {
                self.refused = Some(refusal);
                return Ok(None);
            }
            Err(refusal) => return Err(refusal),
        }
        Ok(Some(Granted { rung, remarks }))
    }
}

impl Opening<'_> {
    /// Settles the profile of the debug container.
    pub(super) async fn granted(
        &self,
        pod: &Pod,
        candidate: &Candidate,
        name: &str,
        script: &Script,
    ) -> Result<Granted, Refusal> {
        let named = self.attach.profile;
        if named != Profile::Auto {
            return Ok(Granted::named(named, candidate.user));
        }
        let owner = Owner::of(pod, &candidate.container);
        let mut climb = Climb::new(owner, &self.attach.powers);
        loop {
            let rung = climb.next()?;
            let container = DebugContainer::beside(candidate, self.attach, (name, script), rung);
            let outcome = would_add(self.server, self.place(), &container).await;
            if let Some(granted) = climb.tried(rung, outcome)? {
                return Ok(granted);
            }
        }
    }
}

/// Asks whether a debug container would be added to a pod (namespace and name).
pub(super) async fn would_add(
    server: &Server,
    (namespace, pod): (&str, &str),
    container: &DebugContainer<'_>,
) -> Result<(), Refusal> {
    let Err(error) = server.would_add(namespace, pod, &container.patch()).await else {
        return Ok(());
    };
    let doing = server.doing("patch", "pods/ephemeralcontainers", namespace);
    let adding = Some((container.profile, container.name));
    Err(refusal(&error, &Doing { adding, ..doing }))
}
