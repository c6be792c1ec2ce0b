//! The same where all asks go with the debug container: nothing is entered, its end is waited for, and its log is read.
//!
//! No container of such a pod is started a second time (`restartPolicy: Never`), because ours would ask twice.

use k8s_openapi::api::core::v1::Pod;
use serde_json::json;
use tokio::time::{Instant, timeout_at};

use std::time::Duration;

use super::super::attached::order;
use super::super::candidate::Candidate;
use super::super::close::{SHOWN, read_back};
use super::super::dry_run::Granted;
use super::super::grant::Rung;
use super::super::manifest;
use super::super::model::Model;
use super::super::nonce::nonce_of;
use super::super::oneshot::{Heard, Told, has_run};
use super::super::open::unsendable;
use super::super::sight::Sight;
use super::super::stage::{ours, told};
use super::super::standing;
use super::super::trouble::Trouble;
use super::{Spawning, on_node};
use crate::cluster::shell::{Hunt, Keeper, Oneshot, Script};
use crate::cluster::{Cause, Profile, Refusal};
use crate::report::AttachReport;

impl Spawning<'_> {
    /// What goes with the container, and whom it is asked of; `None` where each step is asked as it is decided.
    fn asked(&self, model: &Model, rung: Rung) -> Option<(Oneshot, Option<Candidate>)> {
        let asks = self.opening.asks?.to_vec();
        let nonce = nonce_of(&self.names.container);
        let Some(patient) = &model.patient else {
            let hunt = Hunt {
                known: manifest::sees_host(rung.profile).0.then_some(1),
                ..Hunt::default()
            };
            let asked = Oneshot::new(asks, hunt, &nonce);
            return Some((asked.with_patient(on_node(rung.profile)), None));
        };
        let copying = &self.opening.attach.copying;
        let copy = manifest::copy(&model.object, copying, "", json!({}), 0);
        let candidate = Candidate::to_come(&copy["spec"], patient);
        let asked = Oneshot::new(asks, candidate.hunt(), &nonce);
        Some((asked, Some(candidate)))
    }

    /// What the container is started with.
    pub(super) fn script(
        &self,
        model: &Model,
        rung: Rung,
        keeper: &Keeper,
    ) -> Result<Script, Refusal> {
        match self.asked(model, rung) {
            None => Ok(Script::alone(keeper)),
            Some((asked, _)) => asked.script(keeper).map_err(|error| unsendable(&error)),
        }
    }

    /// The pod that an earlier run of this id has made with the same asks, and the profile that it gave.
    pub(super) async fn found_again(
        &self,
        model: &Model,
        keeper: &Keeper,
    ) -> Result<(Pod, Granted), Refusal> {
        let (pod, container) = (&self.names.pod, &self.names.container);
        let unresumed = || {
            Refusal {
            cause: Cause::NotFound,
            headline: format!(
                "there is no pod {}/{pod} of run {} with these asks",
                self.namespace(),
                self.opening.attach.run
            ),
            help: "`housecall containers` lists the runs; the runbook, its params, the mode and what is examined must be those of then".into(),
            attach: None,
        }
        };
        let server = self.opening.server;
        let found = match server.pod(self.namespace(), pod).await {
            Ok(found) => found.value,
            Err(_) => return Err(unresumed()),
        };
        let carried = |rung| {
            let script = self.script(model, rung, keeper);
            script.is_ok_and(|script| standing::carries(&found, container, &script))
        };
        let named = self.opening.attach.profile;
        let rung = if !ours(&found, container, &self.opening.attach.run) {
            None
        } else if named == Profile::Auto {
            let mut climb = self.climb(model);
            std::iter::from_fn(|| climb.next().ok()).find(|rung| carried(*rung))
        } else {
            Some(Granted::named(named, model.user).rung).filter(|rung| carried(*rung))
        };
        match rung {
            Some(rung) => Ok((
                found,
                Granted {
                    rung,
                    remarks: Vec::new(),
                },
            )),
            None => Err(unresumed()),
        }
    }

    /// Waits until all is asked, and reads the answers.
    pub(super) async fn hear(
        &self,
        model: &Model,
        granted: Granted,
        sight: &mut Sight,
        record: &mut AttachReport,
    ) -> Result<Heard, Refusal> {
        let place = format!("{}/{}", self.namespace(), self.names.pod);
        let attach = self.opening.attach;
        let mut remarks = granted.remarks;
        let Some((asked, candidate)) = self.asked(model, granted.rung) else {
            return Err(told(Trouble::Gone, &place, attach));
        };
        remarks.extend(self.replaced(model).await?);
        let told = |trouble| match trouble {
            Trouble::Gone => deleted(&place),
            trouble => told(trouble, &place, attach),
        };
        self.up(None, sight).await.map_err(told)?;
        self.over(sight).await.map_err(told)?;
        if has_run(sight) {
            remarks.extend(read_back(sight, record, Duration::ZERO).await);
        }
        let told = Told {
            asked,
            candidate,
            remarks,
        };
        let (server, clock) = (self.opening.server, self.opening.clock.as_ref());
        match told.read(server, sight, record, clock).await {
            Ok(heard) => Ok(heard),
            Err(refusal) => {
                sight.read().await;
                Err(if sight.gone() {
                    deleted(&place)
                } else {
                    refusal
                })
            }
        }
    }

    /// Whether a container has begun to ask by itself, as far as is known now.
    pub(super) async fn may_have_told(&self, sight: &mut Sight) -> bool {
        if self.opening.asks.is_none() {
            return false;
        }
        sight.read().await;
        sight.started()
    }

    /// Waits until its container has ended. One that does not in time, or that is to be stopped and cannot be told so, is heard as far
    /// as it came: its pod is deleted in any case.
    async fn over(&self, sight: &mut Sight) -> Result<(), Trouble> {
        let attach = self.opening.attach;
        let mut until = Instant::now() + attach.deadline + SHOWN;
        let mut stopped = false;
        while !has_run(sight) {
            if sight.gone() {
                return Err(Trouble::Gone);
            }
            if let Some(failure) = sight.failure() {
                return Err(Trouble::Failure(failure));
            }
            tokio::select! {
                biased;
                () = self.opening.stop.cancelled(), if !stopped => {
                    stopped = true;
                    let at = (self.namespace(), &*self.names.pod, &*self.names.container);
                    if order(self.opening.server, at).await.is_err() {
                        return Ok(());
                    }
                    until = until.min(Instant::now() + SHOWN);
                }
                next = timeout_at(until, sight.next()) => if next.is_err() {
                    return Ok(());
                },
            }
        }
        Ok(())
    }
}

fn deleted(place: &str) -> Refusal {
    Refusal {
        cause: Cause::Replaced,
        headline: format!(
            "pod {place}, which was made for this run, was deleted before its log was read"
        ),
        help: "look who deletes pods there, and run again".into(),
        attach: None,
    }
}
