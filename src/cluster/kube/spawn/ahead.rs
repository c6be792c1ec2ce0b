//! The same where all asks go with the debug container: nothing is entered, its end is waited for, and its log is read.
//!
//! No container of such a pod is started a second time (`restartPolicy: Never`), because ours would ask twice.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use serde_json::json;
use tokio::time::{Instant, timeout, timeout_at};

use super::super::attached::order;
use super::super::candidate::Candidate;
use super::super::close::{SHOWN, read_back};
use super::super::dry_run::Granted;
use super::super::grant::Rung;
use super::super::made::Made;
use super::super::manifest;
use super::super::model::Model;
use super::super::nonce::nonce_of;
use super::super::oneshot::{Heard, Told, has_run, log, log_path};
use super::super::open::unsendable;
use super::super::sight::Sight;
use super::super::stage::{ours, told};
use super::super::standing;
use super::super::trouble::Trouble;
use super::{Spawning, on_node};
use crate::cluster::shell::{Hunt, Keeper, Oneshot, Script};
use crate::cluster::{Cause, Profile, Refusal};
use crate::report::AttachReport;

/// Seconds that a container has to end when its pod is deleted: its keeper waits 8 s for the shell.
const LEAVE: u64 = 10;

/// How it ended.
enum Over {
    /// By itself, or because it was told to.
    Ended,
    /// It still runs, and goes with its pod.
    Goes,
}

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
        (model, granted): (&Model, Granted),
        made: &Made,
        sight: &mut Sight,
        record: &mut AttachReport,
    ) -> Result<Heard, Refusal> {
        let place = sight.place();
        let told = |trouble| match trouble {
            Trouble::Gone => deleted(&place),
            trouble => told(trouble, &place, self.opening.attach),
        };
        let Some((asked, candidate)) = self.asked(model, granted.rung) else {
            return Err(told(Trouble::Gone));
        };
        let mut remarks = granted.remarks;
        remarks.extend(self.replaced(model).await?);
        self.up(None, sight).await.map_err(told)?;
        let log = match self.over(made, sight).await.map_err(told)? {
            Over::Ended => {
                remarks.extend(read_back(sight, record, Duration::ZERO).await);
                log(self.opening.server, sight, &asked).await
            }
            Over::Goes => self.last_words(made, sight, &asked).await,
        };
        let log = match log {
            Ok(log) => log,
            Err(refusal) => {
                sight.read().await;
                return Err(match sight.gone() {
                    true => deleted(&place),
                    false => refusal,
                });
            }
        };
        let told = Told {
            asked,
            candidate,
            remarks,
        };
        Ok(told.read(&log, sight, record, self.opening.clock.as_ref()))
    }

    /// Whether a container has begun to ask by itself, as far as is known now.
    pub(super) async fn may_have_told(&self, sight: &mut Sight) -> bool {
        if self.opening.asks.is_none() {
            return false;
        }
        sight.read().await;
        sight.started()
    }

    /// Waits until its container has ended, or that is of no use any more: it does not in time, or is to be stopped and cannot be told
    /// so. One in a pod that stays comes to its end by itself.
    async fn over(&self, made: &Made, sight: &mut Sight) -> Result<Over, Trouble> {
        let mut until = Instant::now() + self.opening.attach.deadline + SHOWN;
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
                    match order(self.opening.server, at).await {
                        Ok(()) => until = until.min(Instant::now() + SHOWN),
                        Err(_) if made.stays => {}
                        Err(_) => return Ok(Over::Goes),
                    }
                }
                next = timeout_at(until, sight.next()) => if next.is_err() {
                    return Ok(Over::Goes);
                },
            }
        }
        Ok(Over::Ended)
    }

    /// Has the pod deleted, which ends the container, and follows its log until then: of what it was asked last its log has nothing
    /// before.
    async fn last_words(
        &self,
        made: &Made,
        sight: &Sight,
        asked: &Oneshot,
    ) -> Result<Vec<u8>, Refusal> {
        let server = self.opening.server;
        if !made.stays
            && let Ok(rest) = server.follow(&log_path(sight)).await
            && made.delete(made.grace.max(LEAVE)).await.is_ok()
            && let Ok(Ok(whole)) = timeout(Duration::from_secs(LEAVE) + SHOWN, rest).await
            && !whole.is_empty()
        {
            return Ok(whole);
        }
        log(server, sight, asked).await
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
