//! The transport in a plan: which one a run would take, why, and what cannot be asked over it.

use std::fmt::Write;
use std::sync::Arc;

use housecall::ask::Need;
use housecall::cluster::shell::{Hunt, Keeper, LONGEST, Nonce, Oneshot};
use housecall::cluster::{Mode, Transport};
use housecall::engine::{Ahead, ahead};
use housecall::plan::Plan;
use housecall::target::{Selector, Target};

use super::plan::denied;
use super::prospects::Prospects;

/// The rights of a plan, as far as they were asked about.
pub(super) struct Rights {
    pub(super) needs: Vec<Need>,
    /// Those that are missing; `None` where there was no server to ask.
    pub(super) denied: Option<Vec<Need>>,
}

impl Rights {
    /// Of a plan as it stands.
    pub(super) async fn of(plan: &Plan, selectors: &[Selector], prospects: &Prospects) -> Self {
        let needs = plan.needs(selectors);
        let denied = denied(prospects, &needs).await;
        Self { needs, denied }
    }

    /// Whether something is missing that a run cannot do without.
    pub(super) fn are_missing(&self) -> bool {
        let mut denied = self.denied.iter().flatten();
        denied.any(|need| !need.optional)
    }

    fn lack_exec(&self) -> bool {
        let mut denied = self.denied.iter().flatten();
        denied.any(|need| need.resource == "pods/exec")
    }
}

/// Settles a transport that was left open, as a run does, where the rights are known. The rights are those of the one that is taken.
pub(super) async fn settled(
    plan: &mut Arc<Plan>,
    selectors: &[Selector],
    prospects: &Prospects,
) -> (Rights, &'static str) {
    let rights = Rights::of(plan, selectors, prospects).await;
    if plan.attach.transport != Transport::Auto {
        return (rights, "as it was asked for");
    }
    if !plan.attaches_at_once() || !plan.is_written() || plan.attach.mode == Mode::Exec {
        Arc::make_mut(plan).attach.transport = Transport::Live;
        return (rights, "nothing else can ask this");
    }
    if rights.denied.is_none() {
        return (rights, "live where exec is allowed, else oneshot");
    }
    if !rights.lack_exec() {
        Arc::make_mut(plan).attach.transport = Transport::Live;
        return (rights, "exec is allowed");
    }
    let mut other = Plan::clone(plan);
    other.attach.transport = Transport::Oneshot;
    let instead = Rights::of(&other, selectors, prospects).await;
    if instead.are_missing() {
        return (rights, "live where exec is allowed, else oneshot");
    }
    *plan = Arc::new(other);
    (instead, "exec is not allowed, and logs may be read")
}

/// Tells the transport. True where it cannot carry the plan at all.
pub(super) fn told(text: &mut String, plan: &Plan, why: &str, example: &Target) -> bool {
    let attach = &plan.attach;
    let made = match attach.mode {
        Mode::Ephemeral => "one debug container for each pod",
        Mode::Copy => {
            "a copy of each pod with one debug container, deleted at the end unless `--keep` is said"
        }
        Mode::Node => "one debug pod on each node, deleted at the end",
        Mode::Exec => "nothing is added to the pod",
    };
    let how = match attach.transport {
        Transport::Live => ", one exec stream, nothing in the node's logs",
        Transport::Oneshot => ", all asks go with it, its log brings the answers",
        Transport::Auto => "",
    };
    // Writing to a String cannot fail, here and below.
    let _ = writeln!(text, "transport  {} ({why}): {made}{how}", attach.transport);
    if attach.transport != Transport::Oneshot {
        return false;
    }
    if attach.mode == Mode::Copy {
        text.push_str(
            "           no container of the copy is started again, so that nothing is asked twice\n",
        );
    }
    let Ahead { asks, left } = ahead(plan, example);
    for step in left {
        let _ = writeln!(
            text,
            "           step {step} is not asked: it depends on an answer, holds a secret, or is a dialogue"
        );
    }
    let nobody = Keeper {
        not_after: 0,
        deadline_seconds: 1,
        grace_seconds: 1,
    };
    let session = Oneshot::new(asks, Hunt::default(), &Nonce::from_bytes([0; 16]));
    match session.script(&nobody) {
        Ok(script) => {
            let bytes: usize = script
                .environment
                .iter()
                .map(|(_, value)| value.len())
                .sum();
            let _ = writeln!(
                text,
                "           the asks come to {bytes} bytes; a pod can carry {LONGEST}"
            );
            false
        }
        Err(unsendable) => {
            let _ = writeln!(text, "           refused: {unsendable}");
            true
        }
    }
}
