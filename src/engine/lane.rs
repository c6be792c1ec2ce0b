//! One target from beginning to end.

use std::sync::Arc;

use super::ahead::ahead;
use super::asker::{Asker, Outcome, out_of_sight};
use super::interrupt::Interrupt;
use super::tell::Teller;
use super::tools;
use crate::cluster::{Cluster, Mode, Refusal, Session, Transport};
use crate::plan::{Plan, PlannedStep};
use crate::report::{AttachReport, Happening, Redactor, Status, Verdict};
use crate::target::{Target, TargetKind};

/// A target's own place in the run.
#[derive(Clone)]
pub(super) struct Lane {
    pub(super) index: usize,
    pub(super) plan: Arc<Plan>,
    pub(super) interrupt: Interrupt,
    pub(super) teller: Teller,
    pub(super) redactor: Arc<Redactor>,
}

impl Lane {
    /// A target that cannot be asked: why, and what to do next.
    pub(super) fn refuse(&self, refusal: &Refusal) -> Status {
        if let Some(attach) = &refusal.attach {
            self.closed(Some(attach.as_ref().clone()));
        }
        self.finish(Status::Error, Some(told(refusal)))
    }

    /// A target that is not asked any more.
    pub(super) fn leave_out(&self, why: String) -> Status {
        self.finish(Status::Error, Some(why))
    }

    /// Opens, asks, closes. Closing happens on every path.
    pub(super) async fn examine(self, cluster: &Arc<dyn Cluster>, target: Target) -> Status {
        if self.interrupt.is_stopped() {
            return self.finish(
                Status::Error,
                Some("not asked: the run was interrupted before its turn".into()),
            );
        }
        self.tell(Happening::TargetStarted { target: self.index });
        let (attach, stop) = (&self.plan.attach, self.interrupt.stop_token());
        let known = attach.transport != Transport::Live
            && self.plan.attaches_at_once()
            && self.plan.is_written();
        let asks = known.then(|| ahead(&self.plan, &target).asks);
        let opening = if self.plan.attaches_at_once() {
            cluster.open(&target, attach, asks.as_deref(), stop)
        } else {
            cluster.consult(&target, attach, stop)
        };
        let opened = tokio::select! {
            biased;
            opened = opening => opened,
            () = self.interrupt.abandoned() => return self.abandon(&target),
        };
        match opened {
            Err(refusal) => self.refused(cluster, &target, &refusal).await,
            Ok(session) => self.converse(cluster, session, target).await,
        }
    }

    /// What no container could be attached to may still be known from outside: the steps that need none are asked all the same.
    async fn refused(
        &self,
        cluster: &Arc<dyn Cluster>,
        target: &Target,
        refusal: &Refusal,
    ) -> Status {
        let bare = |planned: &PlannedStep| !planned.step.kind.needs_container();
        if !self.plan.needs_container()
            || !self.plan.asked().any(bare)
            || self.interrupt.is_stopped()
        {
            return self.refuse(refusal);
        }
        let consulted = tokio::select! {
            biased;
            consulted = cluster.consult(target, &self.plan.attach, self.interrupt.stop_token()) => consulted,
            () = self.interrupt.stopped() => return self.refuse(refusal),
        };
        let Ok(session) = consulted else {
            return self.refuse(refusal);
        };
        let why = told(refusal);
        let asked = self.ask(session, |lane, session| {
            Asker::new(lane, session, target).without_container(&why)
        });
        let (session, outcome) = asked.await;
        if let Some(session) = session {
            session.close().await;
        }
        self.closed(refusal.attach.as_deref().cloned());
        self.finish(status(&outcome.verdicts).max(Status::Error), Some(why))
    }

    /// An opening that was given up may have added a container, which is then not proven ended.
    fn abandon(&self, target: &Target) -> Status {
        let (attach, why) = self.given_up(target);
        if attach.is_some() {
            self.closed(attach);
        }
        self.finish(Status::Error, Some(why))
    }

    /// What is known of a container whose opening was given up, and what is told of it.
    pub(super) fn given_up(&self, target: &Target) -> (Option<AttachReport>, String) {
        let mode = match target.kind {
            TargetKind::Node => Mode::Node,
            _ => self.plan.attach.mode,
        };
        let in_cluster = matches!(target.kind, TargetKind::Pod | TargetKind::Node);
        let attach = (in_cluster && mode != Mode::Exec).then(|| AttachReport {
            mode: mode.word().into(),
            transport: self.plan.attach.transport.word().into(),
            image: Some(self.plan.attach.image.clone()),
            profile: Some(self.plan.attach.profile.word().into()),
            requested_at: target.requested_at,
            proven: false,
            ..AttachReport::default()
        });
        let why = "interrupted twice while the debug container was being attached: it may be there, and ends by itself";
        (attach, why.into())
    }

    /// Tells that the way to the target is open.
    pub(super) fn attached(&self, session: &dyn Session) {
        self.tell(Happening::Attached {
            target: self.index,
            container: session.container(),
            attach: session.attached().map(|told| self.redactor.attach(told)),
        });
        if let Some(text) = out_of_sight(session.patient()) {
            self.note(text);
        }
    }

    /// Tells which of the tools that the runbook needs are not there.
    pub(super) async fn equipped(&self, session: &mut dyn Session) {
        if session.attached().is_some()
            && let Some(text) = tools::missing(&self.plan, session).await
        {
            self.note(text);
        }
    }

    async fn converse(
        &self,
        cluster: &Arc<dyn Cluster>,
        mut session: Box<dyn Session>,
        mut target: Target,
    ) -> Status {
        target.container = session.container();
        self.attached(session.as_ref());
        self.equipped(session.as_mut()).await;
        let asked = self.ask(session, |lane, session| {
            Asker::new(lane, session, &target).attaching(cluster, &target)
        });
        let (session, outcome) = asked.await;
        let closed = match session {
            Some(session) => self.close(session).await,
            None => Ending {
                attach: self.given_up(&target).0,
                remarks: Vec::new(),
            },
        };
        for text in closed.remarks {
            self.note(text);
        }
        self.closed(closed.attach.or(outcome.attach));
        let mut status = status(&outcome.verdicts);
        if outcome.reason.is_some() {
            status = status.max(Status::Error);
        }
        self.finish(status, outcome.reason)
    }

    /// Ends a session, unless that is given up.
    async fn close(&self, session: Box<dyn Session>) -> Ending {
        let last = session.attached();
        tokio::select! {
            biased;
            closed = session.close() => closed.into(),
            () = self.interrupt.abandoned() => Ending::abandoned(last),
        }
    }

    /// Asks all runbooks, one after another, over one session.
    async fn ask(
        &self,
        session: Box<dyn Session>,
        asker: impl Fn(Self, Box<dyn Session>) -> Asker,
    ) -> (Option<Box<dyn Session>>, Outcome) {
        let mut asked = (Some(session), Outcome::default());
        for lane in self.runbooks() {
            asked = match asked {
                (Some(session), outcome) => asker(lane, session).after(outcome).all().await,
                given_up => given_up,
            };
        }
        asked
    }

    /// The lane once for each runbook: the same place and voice, with the plan of that one.
    fn runbooks(&self) -> Vec<Self> {
        match self.plan.together.as_slice() {
            [] => vec![self.clone()],
            several => several
                .iter()
                .map(|plan| Self {
                    plan: Arc::new(plan.clone()),
                    ..self.clone()
                })
                .collect(),
        }
    }

    /// Tells what happens in the lane. Steps are called there as they are outside of their runbook.
    pub(super) fn tell(&self, mut happening: Happening) {
        match &mut happening {
            Happening::StepStarted { id, .. } => *id = self.plan.called(id),
            Happening::StepFinished { step, .. } | Happening::StepAmended { step, .. } => {
                step.id = self.plan.called(&step.id);
            }
            _ => {}
        }
        self.teller.tell(happening);
    }

    pub(super) fn note(&self, text: String) {
        self.tell(Happening::Noted {
            target: Some(self.index),
            text: self.redactor.text(&text),
        });
    }

    fn closed(&self, attach: Option<AttachReport>) {
        self.tell(Happening::Closed {
            target: self.index,
            attach: attach.map(|told| self.redactor.attach(told)),
        });
    }

    fn finish(&self, status: Status, reason: Option<String>) -> Status {
        self.tell(Happening::TargetFinished {
            target: self.index,
            status,
            reason: reason.map(|reason| self.redactor.text(&reason)),
        });
        status
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
pub(super) fn told(refusal: &Refusal) -> String {
    format!("{}; {}", refusal.headline, refusal.help)
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
