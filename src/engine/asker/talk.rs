//! A program's own state on the side of the engine: what it asked, what it judged, and what is still to be told.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::report::{CheckReport, Severity, StepReport, Verdict};
use crate::script::program::Check;

/// What a program asked so far. A step is told once it is known what it is held against: when the next one is asked, or at the end.
#[derive(Default)]
pub(super) struct Talk {
    steps: Vec<Known>,
    /// Where each step is, by its id.
    at: BTreeMap<String, usize>,
    /// The number that an id which is asked again goes on with; every one below is taken.
    turns: BTreeMap<String, usize>,
    /// Steps of which something may be untold.
    untold: BTreeSet<usize>,
    checks: BTreeSet<String>,
    warnings: usize,
}

/// A step that was asked.
struct Known {
    report: StepReport,
    /// Facts that the program has read.
    looked: BTreeSet<String>,
    /// Facts that the program has told.
    said: BTreeSet<String>,
    /// What it came to before anything was held against it.
    first: Verdict,
    /// True where it could not be looked at: nothing changes that.
    blocked: bool,
    /// True until its verdict follows from all its checks.
    unweighed: bool,
    /// What has been told of it.
    told: Told,
}

/// What the reader knows of a step.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    Nothing,
    /// What held before something was held against it.
    Earlier,
    All,
}

impl Talk {
    /// The id of a step, made unique: a program asks the same again in a loop.
    pub(super) fn name(&mut self, kind: &str, id: Option<String>) -> String {
        let id = id.unwrap_or_else(|| kind.to_owned());
        if !self.at.contains_key(&id) {
            return id;
        }
        let turn = self.turns.entry(id.clone()).or_insert(2);
        loop {
            let next = format!("{id}_{turn}");
            if !self.at.contains_key(&next) {
                return next;
            }
            *turn += 1;
        }
    }

    /// Takes a step in, and gives what the program sees of it.
    pub(super) fn asked(&mut self, report: StepReport) -> Value {
        let seen = Map::from_iter([
            ("id".to_owned(), report.id.clone().into()),
            ("kind".to_owned(), report.kind.clone().into()),
            ("status".to_owned(), report.status.word().into()),
            ("reason".to_owned(), report.reason.clone().into()),
            ("facts".to_owned(), report.facts.clone().into()),
        ]);
        let at = self.steps.len();
        self.at.insert(report.id.clone(), at);
        self.untold.insert(at);
        self.steps.push(Known {
            first: report.status,
            blocked: report.status.undetermined() && report.checks.is_empty(),
            report,
            looked: BTreeSet::new(),
            said: BTreeSet::new(),
            unweighed: false,
            told: Told::Nothing,
        });
        seen.into()
    }

    /// The program read a fact. One that reads how a command ended judges that by itself.
    pub(super) fn looked(&mut self, step: &str, fact: &str) {
        let Some(known) = self.known(step) else {
            return;
        };
        if known.looked.insert(fact.to_owned()) && matches!(fact, "exit" | "exists") {
            let checks = &mut known.report.checks;
            let before = checks.len();
            checks.retain(|check| !matches!(check.id.as_str(), "exit" | "exists"));
            if checks.len() != before {
                known.changed();
            }
        }
    }

    /// Holds something against a step. `weigh` says whether what does not hold is trouble or a warning.
    pub(super) fn check(
        &mut self,
        check: Check,
        inherited: Severity,
        weigh: impl FnOnce(&mut CheckReport),
    ) -> Result<(), String> {
        let severity = match check.severity.as_deref() {
            None => inherited,
            Some(word) => Severity::ALL
                .into_iter()
                .find(|severity| severity.word() == word)
                .ok_or_else(|| {
                    let words = Severity::ALL.map(Severity::word).join(", ");
                    format!("`{word}` is no severity; write one of {words}")
                })?,
        };
        let of = match check.evidence.first() {
            Some(id) => id.clone(),
            None => match self.steps.last() {
                Some(known) => known.report.id.clone(),
                None => {
                    return Err(format!(
                        "the check `{}` has nothing to rest on: ask something first",
                        check.id
                    ));
                }
            },
        };
        if !self.checks.insert(check.id.clone()) {
            return Err(format!(
                "the check id `{}` is given twice; ids of checks are unique in a runbook",
                check.id
            ));
        }
        let unsure = std::iter::once(&of).chain(&check.evidence).find_map(|id| {
            let known = self.steps.get(*self.at.get(id)?)?;
            let (verdict, why) = known.unsure()?;
            let own = *id == of;
            Some((
                verdict,
                if own {
                    why
                } else {
                    format!("step `{id}`: {why}")
                },
            ))
        });
        let (status, message) = match (unsure, check.holds) {
            (Some((verdict, why)), _) => (verdict, Some(why)),
            (None, true) => (Verdict::Pass, None),
            (None, false) => (
                Verdict::Fail,
                Some(check.say.unwrap_or_else(|| "it does not hold".into())),
            ),
        };
        let passed = status == Verdict::Pass;
        let mut report = CheckReport {
            id: check.id,
            status,
            severity,
            message,
            hint: check.hint.filter(|_| !passed),
            url: check.url.filter(|_| !passed),
        };
        weigh(&mut report);
        self.hold(&of, report);
        Ok(())
    }

    /// A line that makes the last step a warning; false where nothing was asked yet.
    pub(super) fn warn(&mut self, text: String, weigh: impl FnOnce(&mut CheckReport)) -> bool {
        let Some(of) = self.steps.last().map(|known| known.report.id.clone()) else {
            return false;
        };
        self.warnings += 1;
        let mut report = CheckReport {
            id: format!("warning-{}", self.warnings),
            status: Verdict::Warn,
            severity: Severity::Warning,
            message: Some(text),
            hint: None,
            url: None,
        };
        weigh(&mut report);
        self.hold(&of, report);
        true
    }

    /// Something that was learnt, as a fact of the last step.
    pub(super) fn fact(&mut self, name: &str, value: Value) -> Result<(), String> {
        let Some((last, known)) = self.steps.iter_mut().enumerate().next_back() else {
            return Err(format!(
                "the fact `{name}` has no step to stand in: ask something first"
            ));
        };
        if known.report.facts.contains_key(name) && !known.said.contains(name) {
            return Err(format!(
                "the step `{}` has a fact `{name}` already",
                known.report.id
            ));
        }
        known.said.insert(name.to_owned());
        known.report.facts.insert(name.to_owned(), value);
        known.retold();
        self.untold.insert(last);
        Ok(())
    }

    /// What is to be told, in the order it was asked, each with whether something was told of it before.
    pub(super) fn untold(&mut self) -> Vec<(StepReport, bool)> {
        let mut untold = Vec::new();
        for at in std::mem::take(&mut self.untold) {
            let Some(known) = self.steps.get_mut(at) else {
                continue;
            };
            known.weigh();
            if known.told != Told::All {
                untold.push((known.report.clone(), known.told == Told::Earlier));
                known.told = Told::All;
            }
        }
        untold
    }

    /// The verdicts of the steps, in the order they were asked, once all is told.
    pub(super) fn verdicts(&self) -> impl Iterator<Item = Verdict> {
        self.steps.iter().map(|known| known.report.status)
    }

    /// True once a check has failed.
    pub(super) fn failed(&self) -> bool {
        let checks = self.steps.iter().flat_map(|known| &known.report.checks);
        checks
            .into_iter()
            .any(|check| check.status == Verdict::Fail)
    }

    /// How many steps were asked.
    pub(super) fn len(&self) -> usize {
        self.steps.len()
    }

    /// A step of which something changes.
    fn known(&mut self, id: &str) -> Option<&mut Known> {
        let at = *self.at.get(id)?;
        self.untold.insert(at);
        self.steps.get_mut(at)
    }

    fn hold(&mut self, of: &str, report: CheckReport) {
        if let Some(known) = self.known(of) {
            // What holds without being said comes last, as it does of a step with expectations.
            let checks = &mut known.report.checks;
            let implicit = |check: &CheckReport| matches!(check.id.as_str(), "exit" | "exists");
            let behind = checks.iter().rev().take_while(|check| implicit(check));
            let at = checks.len() - behind.count();
            checks.insert(at, report);
            known.changed();
        }
    }
}

impl Known {
    /// Why nothing can be judged by this step: it could not be looked at, or what the program read of it was cut.
    fn unsure(&self) -> Option<(Verdict, String)> {
        let report = &self.report;
        if self.blocked {
            return Some((report.status, report.reason.clone().unwrap_or_default()));
        }
        let cut = report.facts.get("truncated")?.as_array()?;
        let name = cut
            .iter()
            .filter_map(Value::as_str)
            .find(|name| self.looked.contains(*name))?;
        let kept = report
            .facts
            .get(name)
            .and_then(Value::as_str)
            .map_or(0, str::len);
        Some((
            Verdict::Error,
            format!("`{name}` was cut at {kept} bytes; raise `output.max`, or `max` of a file"),
        ))
    }

    /// What is held against it changed.
    fn changed(&mut self) {
        self.unweighed = true;
        self.retold();
    }

    /// What was told of it is no longer all.
    fn retold(&mut self) {
        if self.told == Told::All {
            self.told = Told::Earlier;
        }
    }

    /// Its verdict by its checks: worked out once for all of them that came since it was told.
    fn weigh(&mut self) {
        if !std::mem::take(&mut self.unweighed) || self.blocked {
            return;
        }
        let (status, reason) = crate::engine::attempt::weigh(&self.report.checks);
        if status == Verdict::Pass && self.first == Verdict::Flaky {
            self.report.status = self.first;
        } else {
            (self.report.status, self.report.reason) = (status, reason);
        }
    }
}
