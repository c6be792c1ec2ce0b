//! A plan run over answers that were written down: no cluster, no waiting, and the same report each time.

use std::sync::Arc;

use jiff::Timestamp;

use super::interrupt::Interrupt;
use super::run::{Engine, Prospect, Run};
use crate::clock::FixedClock;
use crate::cluster::Cluster;
use crate::cluster::replay::Written;
use crate::plan::{Plan, Refused, Wishes};
use crate::report::{Circumstances, Key, Report};
use crate::runbook::{Case, Effects, Runbook, Unmet, bind};
use crate::target::Target;

/// What a case came to.
#[derive(Clone, Debug)]
pub struct Trial {
    /// What it does not hold that it should; empty when the case holds.
    pub unmet: Vec<Unmet>,
    /// The whole report.
    pub report: Report,
}

/// Runs a plan, best [without waits](Plan::without_waits), on one target that answers what was written down. Steps that were given nothing are in [`Written::missed`].
pub async fn simulate(plan: Arc<Plan>, given: &Written, who: Target) -> Report {
    let cluster: Arc<dyn Cluster> = Arc::new(given.clone());
    let run = Run {
        id: "0000000000000000".into(),
        key: Key::known(),
        cluster: cluster.name(),
        parallel: 1,
        notes: Vec::new(),
        circumstances: Circumstances::default(),
        interrupt: Interrupt::default(),
    };
    Engine::new(Arc::new(FixedClock(Timestamp::UNIX_EPOCH)))
        .run(plan, vec![Prospect::Found(who, cluster)], run, |_| {})
        .await
}

/// Tries a case of a runbook; its files are loaded already.
pub async fn trial(runbook: &Runbook, case: &Case) -> Result<Trial, Refused> {
    let params = bind(&runbook.params, &case.params).map_err(|unfit| Refused {
        headline: unfit
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("; "),
        help: unfit
            .into_iter()
            .next()
            .map_or_else(String::new, |one| one.fix),
    })?;
    let wishes = Wishes {
        // Nothing is sent.
        allow_effects: Effects::Write,
        ..Wishes::default()
    };
    let plan = Plan::new(runbook, params, &wishes)?.without_waits();
    let written = Written::new(case.given.iter().cloned(), case.others.clone());
    let report = simulate(Arc::new(plan), &written, case.target.clone()).await;
    let missed = written.missed().into_iter().map(|step| Unmet {
        message: Some(format!(
            "add `{step}` to `given`, or say `others: unavailable`"
        )),
        of: step,
        expected: "an answer",
        found: "none given",
    });
    let unmet = missed.chain(case.unmet(&report)).collect();
    Ok(Trial { unmet, report })
}
