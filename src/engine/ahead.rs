//! What can be asked of a target before anything is answered: the artefact is the list of asks that a transport takes which sends all
//! at once. What depends on an answer is not among it, nor what holds a secret, because such a transport writes it into the pod.

use serde_json::Value;

use super::asks::asks;
use super::sight::{Own, Sight};
use super::tools;
use crate::ask::{Ask, PATIENT, Patient, Question};
use crate::plan::{Plan, PlannedStep};
use crate::target::Target;

/// What goes ahead, and what does not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ahead {
    /// The asks that are known, in the order they are asked in.
    pub asks: Vec<Ask>,
    /// Ids of the steps that ask something of a container which is not known yet, or may not be sent so.
    pub left: Vec<String>,
}

/// What can be asked of a target at once.
pub fn ahead(plan: &Plan, target: &Target) -> Ahead {
    let nowhere = Patient {
        pid: None,
        root: None,
        reason: None,
    };
    let mut ahead = Ahead {
        asks: tools::asked(plan).into_iter().collect(),
        left: Vec::new(),
    };
    let contained = |planned: &&PlannedStep| planned.step.kind.needs_container();
    for plan in plan.runbooks() {
        let mut sight = Sight::new(plan, target, &nowhere);
        sight.expect(PATIENT);
        for planned in plan.steps.iter().chain(&plan.finally).filter(contained) {
            match of(plan, planned, &sight) {
                Some(asks) => ahead.asks.extend(asks),
                None => ahead.left.push(plan.called(&planned.step.id)),
            }
        }
        // Whether they are asked at all depends on the others.
        let later = plan.on_fail.iter().filter(contained);
        let later = later.map(|planned| plan.called(&planned.step.id));
        ahead.left.extend(later);
    }
    ahead
}

/// Those of one step; `None` where something of it is not known yet.
fn of(plan: &Plan, planned: &PlannedStep, sight: &Sight) -> Option<Vec<Ask>> {
    let mut own = sight.own(planned.step.fragment.as_deref()).ok()?;
    let Some(each) = &planned.step.each else {
        return once(plan, planned, sight, &own);
    };
    let Value::Array(items) = each.of.value(sight.of(&own).scope()).ok()? else {
        return None;
    };
    let mut all = Vec::new();
    for item in items.into_iter().take(each.max) {
        own.about(&each.item, item);
        all.extend(once(plan, planned, sight, &own)?);
    }
    Some(all)
}

fn once(plan: &Plan, planned: &PlannedStep, sight: &Sight, own: &Own) -> Option<Vec<Ask>> {
    let view = sight.of(own);
    if let Some(when) = &planned.step.when
        && !when.holds(view.scope()).ok()?
    {
        return Some(Vec::new());
    }
    let asks = asks(plan, planned, &view).ok()?;
    let sendable = |ask: &Ask| sendable(ask) && !sight.tells_secret(own, &text(ask));
    asks.iter().all(sendable).then_some(asks)
}

fn text(ask: &Ask) -> String {
    format!("{:?} {}", ask.question, String::from_utf8_lossy(&ask.stdin))
}

fn sendable(ask: &Ask) -> bool {
    let foreign = matches!(
        ask.question,
        Question::Talk { .. } | Question::Pause(_) | Question::Kube(_)
    );
    // The shell puts the patient's pid into words, not into what is fed to them.
    let fed = String::from_utf8_lossy(&ask.stdin).contains(PATIENT);
    !foreign && !fed
}
