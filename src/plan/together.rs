//! Several runbooks in one run: each target is asked all of them, one after another, within one debug container.
//!
//! Each keeps its own params, rules and end; what the container is made of is one thing, on which they have to agree.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{DEADLINE_MARGIN, Plan, Refused, Wishes};
use crate::cluster::{LONGEST_DEADLINE, Wanted};
use crate::report::{Rules, RunbookRef};
use crate::runbook::{Batch, Pick, Runbook};

impl Wishes {
    /// The same, with what the runbooks themselves want of the one debug container; refused where they want different things and the
    /// command line does not decide.
    pub fn agreed(mut self, runbooks: &[Runbook]) -> Result<Self, Refused> {
        if runbooks.len() < 2 {
            return Ok(self);
        }
        let different = |what: &str, flag: &str, wanted: &[(&str, String)]| Refused {
            headline: format!(
                "the runbooks want different {what}: {}",
                wanted
                    .iter()
                    .map(|(id, value)| format!("`{id}` {value}"))
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
            help: format!("name one for all with `{flag}`, or run them one after another"),
        };
        if self.toolbox.is_none() {
            let of = |runbook: &Runbook| runbook.attach.image.clone();
            self.image = one(self.image, runbooks, of)
                .map_err(|wanted| different("images", "--image", &wanted))?;
        }
        let of = |runbook: &Runbook| runbook.attach.profile;
        self.profile = one(self.profile, runbooks, of)
            .map_err(|wanted| different("profiles", "--profile", &wanted))?;
        let of = |runbook: &Runbook| runbook.target.container.clone();
        self.container = one(self.container, runbooks, of)
            .map_err(|wanted| different("containers", "--target", &wanted))?;
        if self.mode.is_none() {
            let allows = |mode, runbook: &Runbook| {
                let modes = &runbook.attach.modes;
                modes.is_empty() || modes.contains(&mode)
            };
            let mut named = runbooks.iter().flat_map(|runbook| &runbook.attach.modes);
            let common = |mode: &&_| runbooks.iter().all(|runbook| allows(**mode, runbook));
            self.mode = named.clone().find(common).copied();
            if self.mode.is_none() && named.next().is_some() {
                return Err(Refused {
                    headline: "no mode is allowed by all of the runbooks".into(),
                    help: "run them one after another".into(),
                });
            }
        }
        Ok(self)
    }
}

/// The value that is given, else the one that all agree on who name one; else who wants which.
fn one<'r, T: PartialEq + ToString>(
    given: Option<T>,
    runbooks: &'r [Runbook],
    of: impl Fn(&Runbook) -> Option<T>,
) -> Result<Option<T>, Vec<(&'r str, String)>> {
    if given.is_some() {
        return Ok(given);
    }
    let named: Vec<_> = runbooks
        .iter()
        .filter_map(|runbook| of(runbook).map(|value| (runbook.id.as_str(), value)))
        .collect();
    if named.iter().any(|(_, value)| *value != named[0].1) {
        let told = |(id, value): &(&'r str, T)| (*id, value.to_string());
        return Err(named.iter().map(told).collect());
    }
    Ok(named.into_iter().next().map(|(_, value)| value))
}

impl Plan {
    /// One plan of several, which were settled with the same wishes. Of one it is that one.
    ///
    /// Where a pod is picked, what all of them require holds of it; how many, and how many at once, is said by the first that says it.
    pub fn together(mut plans: Vec<Self>, wishes: &Wishes) -> Option<Self> {
        if plans.len() < 2 {
            return plans.pop();
        }
        prefix(&mut plans);
        let first = plans.first()?;
        let margins = DEADLINE_MARGIN * u32::try_from(plans.len() - 1).unwrap_or(u32::MAX);
        let sum: Duration = plans.iter().map(|plan| plan.attach.deadline).sum();
        let mut attach = first.attach.clone();
        attach.deadline = wishes
            .deadline
            .unwrap_or_else(|| sum.saturating_sub(margins).min(LONGEST_DEADLINE));
        attach.start_timeout = plans.iter().map(|plan| plan.attach.start_timeout).max()?;
        let powers: Vec<_> = plans.iter().map(powers).collect();
        attach.powers = distinct(powers.iter());
        let runbook = standing(&plans);
        attach.runbook.clone_from(&runbook.id);
        for plan in &mut plans {
            plan.attach = attach.clone();
        }
        let said = |batch: &&Batch| **batch != Batch::default();
        let mut redact = Rules::default();
        for plan in &plans {
            redact.extend(plan.redact.clone());
        }
        Some(Self {
            runbook,
            prefix: None,
            params: params(&plans),
            secrets: distinct(plans.iter().map(|plan| &plan.secrets)),
            reads_secrets: plans.iter().any(|plan| plan.reads_secrets),
            redact,
            attach,
            tools: distinct(plans.iter().map(|plan| &plan.tools)),
            steps: Vec::new(),
            program: None,
            waits: plans.iter().any(|plan| plan.waits),
            on_fail: Vec::new(),
            finally: Vec::new(),
            waivers: Vec::new(),
            batch: plans
                .iter()
                .map(|plan| &plan.batch)
                .find(said)
                .cloned()
                .unwrap_or_default(),
            pick: plans
                .iter()
                .map(|plan| &plan.pick)
                .find(|pick| **pick != Pick::default())
                .cloned()
                .unwrap_or_default(),
            require: None,
            fail_on: wishes.fail_on,
            together: plans,
        })
    }

    /// The id of the run that it is carried out in.
    pub(crate) fn of_run(&mut self, id: &str) {
        id.clone_into(&mut self.attach.run);
        for plan in &mut self.together {
            id.clone_into(&mut plan.attach.run);
        }
    }
}

/// Ids of runbooks before those of their steps; a runbook that is run twice, with other params, is told by its turn.
fn prefix(plans: &mut [Plan]) {
    let mut turns: BTreeMap<String, usize> = BTreeMap::new();
    for plan in plans {
        let id = plan.runbook.id.clone();
        let turn = turns.entry(id.clone()).or_default();
        *turn += 1;
        plan.prefix = Some(match *turn {
            1 => id,
            turn => format!("{id}-{turn}"),
        });
    }
}

/// What stands for all of them.
fn standing(plans: &[Plan]) -> RunbookRef {
    let joined = |of: fn(&RunbookRef) -> &String, between: &str| {
        let words: Vec<_> = plans
            .iter()
            .map(|plan| of(&plan.runbook).as_str())
            .collect();
        words.join(between)
    };
    let digests = joined(|runbook| &runbook.digest, "\n");
    RunbookRef {
        id: joined(|runbook| &runbook.id, "+"),
        title: joined(|runbook| &runbook.title, "; "),
        digest: format!("sha256:{:x}", Sha256::digest(digests)),
        file: None,
    }
}

/// What the steps of a plan can do only with some power, each step as it is called.
fn powers(plan: &Plan) -> Vec<Wanted> {
    let called = |wanted: &Wanted| Wanted {
        step: wanted.step.as_ref().map(|step| plan.called(step)),
        ..wanted.clone()
    };
    plan.attach.powers.iter().map(called).collect()
}

/// Params by name; one that is not the same in all of them behind the id of its runbook, as `-p RUNBOOK/NAME=VALUE` gives it.
fn params(plans: &[Plan]) -> Map<String, Value> {
    let mut params = Map::new();
    for plan in plans {
        for (name, value) in &plan.params {
            let mut others = plans.iter().filter_map(|other| other.params.get(name));
            let name = if others.all(|other| other == value) {
                name.clone()
            } else {
                plan.called(name)
            };
            params.insert(name, value.clone());
        }
    }
    params
}

/// All of several lists, each thing once.
fn distinct<'l, T: Clone + PartialEq + 'l>(lists: impl Iterator<Item = &'l Vec<T>>) -> Vec<T> {
    let mut all: Vec<T> = Vec::new();
    for one in lists.flatten() {
        if !all.contains(one) {
            all.push(one.clone());
        }
    }
    all
}
