//! One target from beginning to end.

use std::sync::Arc;

use super::asker::{Asker, out_of_sight};
use super::interrupt::Interrupt;
use super::tell::Teller;
use crate::cluster::{Cluster, Refusal, Session};
use crate::plan::Plan;
use crate::report::{AttachReport, Happening, Redactor, Status, Verdict};
use crate::target::{Target, TargetKind};

/// A target's own place in the run.
pub(super) struct Lane {
    pub(super) index: usize,
    pub(super) plan: Arc<Plan>,
    pub(super) interrupt: Interrupt,
    pub(super) teller: Teller,
    pub(super) redactor: Arc<Redactor>,
}

impl Lane {
    /// A target that cannot be asked: why, and what to do next.
    pub(super) fn refuse(&self, refusal: &Refusal) {
        if let Some(attach) = &refusal.attach {
            self.closed(Some(attach.as_ref().clone()));
        }
        self.finish(
            Status::Error,
            Some(format!("{}; {}", refusal.headline, refusal.help)),
        );
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
        let opened = tokio::select! {
            biased;
            opened = cluster.open(&target, &self.plan.attach, self.interrupt.stop_token()) => opened,
            () = self.interrupt.abandoned() => return self.abandon(&target),
        };
        match opened {
            Err(refusal) => self.refuse(&refusal),
            Ok(session) => self.converse(session, target).await,
        }
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
        if let Some(text) = out_of_sight(session.patient()) {
            self.note(text);
        }
        let outcome = Asker::new(self, session.as_mut(), &target).all().await;
        let last = session.attached();
        let closed = tokio::select! {
            biased;
            closed = session.close() => closed.into(),
            () = self.interrupt.abandoned() => Ending::abandoned(last),
        };
        for text in closed.remarks {
            self.note(text);
        }
        self.closed(Some(closed.attach));
        let mut status = status(&outcome.verdicts);
        if outcome.reason.is_some() {
            status = status.max(Status::Error);
        }
        self.finish(status, outcome.reason);
    }

    pub(super) fn tell(&self, happening: Happening) {
        self.teller.tell(happening);
    }

    pub(super) fn note(&self, text: String) {
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
    attach: AttachReport,
    remarks: Vec<String>,
}

impl Ending {
    fn abandoned(last: AttachReport) -> Self {
        Self {
            attach: AttachReport {
                proven: false,
                ..last
            },
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
