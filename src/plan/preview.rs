//! The dry run: what would be asked of a target, as far as it can be known before the first answer.

use serde_json::{Map, Value};

use super::Plan;
use super::settle::known;
use crate::ask::{Ask, Patient, Question};
use crate::script::Scope;
use crate::target::Target;

/// What stands for the patient's process id until it is found.
const UNKNOWN_PID: &str = "<target pid>";

/// One step of a dry run.
#[derive(Clone, Debug, PartialEq)]
pub struct Previewed {
    /// Id of the step.
    pub id: String,
    /// Its kind.
    pub kind: &'static str,
    /// The condition it is asked under, as written.
    pub when: Option<String>,
    /// What would be asked.
    pub asks: Preview,
    /// Ids of the checks that would be held against it.
    pub checks: Vec<String>,
}

/// What can be said of a step's asks beforehand.
#[derive(Clone, Debug, PartialEq)]
pub enum Preview {
    /// Exactly these; the patient's root and pid stand as placeholders.
    Asks(Vec<Ask>),
    /// It depends on an earlier answer: the templates as written.
    Later(Vec<String>),
}

impl Plan {
    /// What would be asked of this target.
    pub fn preview(&self, target: &Target) -> Vec<Previewed> {
        let known = foreseen(target);
        let scope = Scope::of(&self.params).with(&known);
        self.asked()
            .map(|planned| Previewed {
                id: self.called(&planned.step.id),
                kind: planned.step.kind.word(),
                when: planned
                    .step
                    .when
                    .as_ref()
                    .map(|expr| expr.source().to_owned()),
                asks: match planned.step.kind.asks(&scope) {
                    Ok(asks) => {
                        Preview::Asks(asks.into_iter().map(|ask| planned.bound(ask)).collect())
                    }
                    Err(_) => Preview::Later(planned.step.kind.templates()),
                },
                checks: planned
                    .step
                    .expect
                    .iter()
                    .map(|expectation| expectation.id.clone())
                    .collect(),
            })
            .collect()
    }
}

/// What will be known of a target, with placeholders for what is not yet.
fn foreseen(target: &Target) -> Map<String, Value> {
    let patient = Patient {
        pid: None,
        root: Some(format!("/proc/{UNKNOWN_PID}/root")),
        reason: None,
    };
    let mut known = known(target, &patient);
    known.insert("target_pid".into(), UNKNOWN_PID.into());
    known
}

impl super::PlannedStep {
    /// An ask with this step's bounds. What asks for a file or an object states the cap of that itself.
    pub(crate) fn bound(&self, mut ask: Ask) -> Ask {
        ask.step.clone_from(&self.step.id);
        ask.timeout = self.timeout;
        if let Some(cap) = self.cap {
            ask.stdout_cap = cap;
            ask.stderr_cap = cap;
        }
        // The shipped scripts let their tools give up before they are stopped: what they say by then tells why.
        if let (Some(_), Question::Script { env, .. }) = (&ask.shown, &mut ask.question) {
            let limit = (self.timeout.as_secs_f64() * 0.8).max(1.0) as u64;
            env.push(("ask_limit".into(), limit.to_string()));
        }
        ask
    }
}
