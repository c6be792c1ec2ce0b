//! One target from beginning to end.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::attempt::{Asked, Attempt};
use super::interrupt::Interrupt;
use super::tell::Teller;
use crate::ask::Patient;
use crate::cluster::{Cluster, Refusal, Session};
use crate::plan::{Plan, PlannedStep};
use crate::report::{AttachReport, Happening, Status, StepReport, Verdict};
use crate::script::Scope;
use crate::step::Kind;
use crate::target::{Target, TargetKind};

/// A target's own place in the run.
pub(super) struct Lane {
    pub(super) index: usize,
    pub(super) plan: Arc<Plan>,
    pub(super) interrupt: Interrupt,
    pub(super) teller: Teller,
}

/// What the steps of a lane came to.
#[derive(Default)]
struct Outcome {
    verdicts: Vec<Verdict>,
    reason: Option<String>,
}

impl Lane {
    /// A target that cannot be asked: why, and what to do next.
    pub(super) fn refuse(&self, refusal: &Refusal) {
        if let Some(attach) = &refusal.attach {
            self.closed(Some(attach.as_ref().clone()));
        }
        self.finish(Status::Error, Some(told(refusal)));
    }

    /// Opens, asks, closes. Closing happens on every path.
    pub(super) async fn examine(self, cluster: &dyn Cluster, target: Target) {
        if self.interrupt.is_stopped() {
            return self.finish(
                Status::Error,
                Some("not asked: the run was interrupted before its turn".into()),
            );
        }
        self.tell(Happening::TargetStarted { target: self.index });
        let (attach, stop) = (&self.plan.attach, self.interrupt.stop_token());
        let bare = !self.plan.needs_container();
        let opened = tokio::select! {
            biased;
            opened = async {
                if bare { cluster.consult(&target, attach, stop).await } else { cluster.open(&target, attach, stop).await }
            } => opened,
            () = self.interrupt.abandoned() => return self.abandon(&target),
        };
        match opened {
            Err(refusal) => self.refused(cluster, target, &refusal).await,
            Ok(session) => self.converse(session, target).await,
        }
    }

    /// What no container could be attached to may still be known from outside: the steps that need none are asked all the same.
    async fn refused(&self, cluster: &dyn Cluster, target: Target, refusal: &Refusal) {
        let mut kinds = self.plan.steps.iter().map(|planned| &planned.step.kind);
        if !self.plan.needs_container()
            || kinds.all(Kind::needs_container)
            || self.interrupt.is_stopped()
        {
            return self.refuse(refusal);
        }
        let consulted = tokio::select! {
            biased;
            consulted = cluster.consult(&target, &self.plan.attach, self.interrupt.stop_token()) => consulted,
            () = self.interrupt.stopped() => return self.refuse(refusal),
        };
        let Ok(mut session) = consulted else {
            return self.refuse(refusal);
        };
        let why = told(refusal);
        let outcome = self.ask(session.as_mut(), &target, Some(&why)).await;
        session.close().await;
        self.closed(refusal.attach.as_deref().cloned());
        self.finish(status(&outcome.verdicts).max(Status::Error), Some(why));
    }

    /// An opening that was given up may have added a container, which is then not proven ended.
    fn abandon(&self, target: &Target) {
        if target.kind == TargetKind::Pod {
            self.closed(Some(AttachReport {
                mode: "ephemeral".into(),
                transport: "live".into(),
                container: None,
                image: Some(self.plan.attach.image.clone()),
                image_id: None,
                profile: Some(self.plan.attach.profile.word().into()),
                requested_at: target.requested_at,
                first_answer_at: None,
                waiting: None,
                terminated: None,
                proven: false,
            }));
        }
        self.finish(
            Status::Error,
            Some(
                "interrupted twice while the debug container was being attached: it may be there, and ends by itself"
                    .into(),
            ),
        );
    }

    async fn converse(&self, mut session: Box<dyn Session>, mut target: Target) {
        let container = session.container();
        target.container.clone_from(&container);
        self.tell(Happening::Attached {
            target: self.index,
            container,
            attach: session.attached(),
        });
        if let Patient {
            pid: None,
            reason: Some(reason),
            ..
        } = session.patient()
        {
            self.note(format!(
                "the patient's own processes are out of sight: {reason}"
            ));
        }
        let outcome = self.ask(session.as_mut(), &target, None).await;
        let last = session.attached();
        let closed = tokio::select! {
            biased;
            closed = session.close() => closed.into(),
            () = self.interrupt.abandoned() => Ending::abandoned(last),
        };
        for text in closed.remarks {
            self.note(text);
        }
        self.closed(closed.attach);
        let mut status = status(&outcome.verdicts);
        if outcome.reason.is_some() {
            status = status.max(Status::Error);
        }
        self.finish(status, outcome.reason);
    }

    /// Asks step by step. `unattached` says why there is no container to ask what needs one of.
    async fn ask(
        &self,
        session: &mut dyn Session,
        target: &Target,
        unattached: Option<&str>,
    ) -> Outcome {
        let mut scope = self.plan.scope(target, session.patient());
        let image = match target.kind {
            TargetKind::Pod => self.plan.attach.image.as_str(),
            TargetKind::Local | TargetKind::Process => "this machine",
        };
        let mut outcome = Outcome::default();
        let mut steps = self.plan.steps.iter().enumerate();
        while let Some((index, planned)) = steps.next() {
            if self.interrupt.is_stopped() {
                outcome.reason = Some("interrupted".into());
                break;
            }
            if let Some(why) = unattached.filter(|_| planned.step.kind.needs_container()) {
                let step = unasked(planned, Verdict::Unavailable, why);
                remember(&mut scope, &step);
                outcome.verdicts.push(step.status);
                self.tell(Happening::StepFinished {
                    target: self.index,
                    step,
                });
                continue;
            }
            self.tell(Happening::StepStarted {
                target: self.index,
                id: planned.step.id.clone(),
                number: index + 1,
                of: self.plan.steps.len(),
            });
            let attempt = Attempt {
                planned,
                image,
                fail_on: self.plan.fail_on,
                interrupt: &self.interrupt,
                clock: self.teller.clock.as_ref(),
            };
            let Asked {
                step,
                remarks,
                lost,
            } = attempt.ask(session, &scope).await;
            for text in remarks {
                self.note(format!("step {}: {text}", step.id));
            }
            remember(&mut scope, &step);
            let verdict = step.status;
            outcome.verdicts.push(verdict);
            self.tell(Happening::StepFinished {
                target: self.index,
                step,
            });
            let rest = if let Some(why) = lost {
                outcome.reason = Some(why.clone());
                Some((Verdict::Unreachable, format!("not asked: {why}")))
            } else if planned.step.stop
                && !matches!(verdict, Verdict::Pass | Verdict::Warn | Verdict::Skip)
            {
                Some((
                    Verdict::Skip,
                    format!("not asked: step `{}` did not pass", planned.step.id),
                ))
            } else {
                None
            };
            if let Some((verdict, why)) = rest {
                for (_, planned) in steps.by_ref() {
                    outcome.verdicts.push(verdict);
                    self.tell(Happening::StepFinished {
                        target: self.index,
                        step: unasked(planned, verdict, &why),
                    });
                }
            }
        }
        outcome
    }

    fn tell(&self, happening: Happening) {
        self.teller.tell(happening);
    }

    fn note(&self, text: String) {
        self.tell(Happening::Noted {
            target: Some(self.index),
            text,
        });
    }

    fn closed(&self, attach: Option<AttachReport>) {
        self.tell(Happening::Closed {
            target: self.index,
            attach,
        });
    }

    fn finish(&self, status: Status, reason: Option<String>) {
        self.tell(Happening::TargetFinished {
            target: self.index,
            status,
            reason,
        });
    }
}

/// How a session ended, proven or given up.
struct Ending {
    attach: Option<AttachReport>,
    remarks: Vec<String>,
}

impl Ending {
    fn abandoned(last: Option<AttachReport>) -> Self {
        Self {
            attach: last.map(|last| AttachReport {
                proven: false,
                ..last
            }),
            remarks: vec![
                "interrupted twice: the container ends by itself, and that was not waited for"
                    .into(),
            ],
        }
    }
}

impl From<crate::cluster::Closed> for Ending {
    fn from(closed: crate::cluster::Closed) -> Self {
        Self {
            attach: closed.attach,
            remarks: closed.remarks,
        }
    }
}

/// A refusal as a target's reason.
fn told(refusal: &Refusal) -> String {
    format!("{}; {}", refusal.headline, refusal.help)
}

/// A step that was not asked, with every check it would have held.
pub(super) fn unasked(planned: &PlannedStep, verdict: Verdict, why: &str) -> StepReport {
    StepReport {
        id: planned.step.id.clone(),
        kind: planned.step.kind.word().into(),
        argv: Vec::new(),
        status: verdict,
        reason: Some(why.into()),
        started: None,
        duration: 0.0,
        attempts: Vec::new(),
        facts: Map::new(),
        checks: super::attempt::undecided(planned, verdict, why),
        artifacts: Vec::new(),
    }
}

/// Later steps see an earlier one under its id: its status, and its facts.
fn remember(scope: &mut Scope, step: &StepReport) {
    let mut seen = step.facts.clone();
    seen.insert("status".into(), step.status.word().into());
    scope.insert(step.id.clone(), Value::Object(seen));
}

/// What a target comes to: the worst that was found, and below that what could not be looked at.
fn status(verdicts: &[Verdict]) -> Status {
    verdicts
        .iter()
        .map(|verdict| verdict.status())
        .max()
        .unwrap_or(Status::Error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn found_trouble_outweighs_what_could_not_be_looked_at_and_both_outweigh_green() {
        use Verdict::{Fail, Pass, Skip, Unavailable, Warn};
        assert_eq!(status(&[Pass, Unavailable, Fail]), Status::Fail);
        assert_eq!(status(&[Pass, Unavailable, Warn]), Status::Error);
        assert_eq!(status(&[Pass, Warn]), Status::Warn);
        assert_eq!(status(&[Skip, Pass]), Status::Pass);
        assert_eq!(status(&[Skip]), Status::Skip);
        assert_eq!(status(&[]), Status::Error);
    }
}
