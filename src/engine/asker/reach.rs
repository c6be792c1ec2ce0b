//! Attaching while a target is asked: what a program asks is not known before it does, so its target is consulted from outside until
//! something is asked that needs a debug container. One that asks the API alone attaches nothing.

use std::sync::Arc;

use super::Asker;
use crate::cluster::Cluster;
use crate::engine::attempt::{Asked, unasked};
use crate::engine::lane::told;
use crate::engine::sight::Own;
use crate::plan::PlannedStep;
use crate::report::Verdict;
use crate::target::Target;

impl Asker {
    /// The same, for a session from which more may be needed: this is where a debug container is had then.
    pub(in crate::engine) fn attaching(
        mut self,
        cluster: &Arc<dyn Cluster>,
        target: &Target,
    ) -> Self {
        self.further = Some((Arc::clone(cluster), target.clone()));
        self
    }

    /// Attaches a debug container where none is yet: once, whatever comes of it.
    pub(super) async fn reach(&mut self) {
        let none = self.session.attached().is_none() && self.unattached.is_none();
        let Some((cluster, target)) = self.further.take().filter(|_| none) else {
            return;
        };
        let lane = &self.lane;
        let opened = tokio::select! {
            biased;
            opened = cluster.open(&target, &lane.plan.attach, None, lane.interrupt.stop_token()) => opened,
            () = lane.interrupt.abandoned() => {
                let (attach, why) = lane.given_up(&target);
                self.outcome.attach = attach;
                return self.out_of_reach(why);
            }
        };
        match opened {
            Ok(session) => {
                let outside = std::mem::replace(&mut self.session, session);
                outside.close().await;
                self.sight.meet(self.session.patient());
                lane.attached(self.session.as_ref());
                lane.equipped(self.session.as_mut()).await;
            }
            Err(refusal) => {
                self.outcome.attach = refusal.attach.as_deref().cloned();
                self.out_of_reach(told(&refusal));
            }
        }
    }

    /// Asks a step of a program, with a debug container where it needs one and one can be had.
    pub(super) async fn within_reach(&mut self, planned: &PlannedStep) -> Asked {
        if planned.step.kind.needs_container() {
            self.reach().await;
            if let Some(why) = &self.unattached {
                return Asked {
                    step: unasked(planned, self.phase, Verdict::Unavailable, why),
                    remarks: Vec::new(),
                    lost: None,
                };
            }
        }
        self.asked(planned, &Own::default()).await
    }

    /// What needs a container is not asked any more, and that is why the target is not all looked at.
    fn out_of_reach(&mut self, why: String) {
        self.outcome.reason.get_or_insert(why.clone());
        self.unattached = Some(why);
    }
}
