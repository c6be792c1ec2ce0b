//! Two reports side by side: which checks changed, which facts moved, what is said otherwise.
//!
//! Targets are paired by name, and what is left then by workload, because a rollout gives every pod a new one. What is a target's own
//! (name, node, addresses, UIDs, moments) is taken out of everything that is compared; facts that only tell how long something took
//! are not compared at all.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;
use similar::TextDiff;

use super::alike::common;
use super::outcome::{CheckReport, Severity, Status, StepReport, Verdict};
use super::run::{Report, TargetReport};
use super::workload::workload;

/// Lines of an output whose changes are shown; of a longer one it is told that it changed.
const MOST_LINES: usize = 2_000;

/// Unchanged lines that are shown around changed ones.
const AROUND: usize = 2;

/// Schema of a comparison, written into it.
pub const COMPARISON: &str = "housecall.comparison/1";

/// What changed between two runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// [`COMPARISON`].
    pub schema: &'static str,
    /// Id of the earlier run.
    pub before: String,
    /// Id of the later run.
    pub after: String,
    /// True where the runs are of one version of one runbook.
    pub same_runbook: bool,
    /// Targets that the later run did not have.
    pub gone: Vec<String>,
    /// Targets that changed, in the order of the later run, and those that the earlier one did not have.
    pub changed: Vec<TargetChange>,
    /// How many targets of both did not.
    pub unchanged: usize,
}

/// What changed at one target.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TargetChange {
    /// What it is called now.
    pub target: String,
    /// What it was called, where that is another name.
    pub was_called: Option<String>,
    /// What it came to; none where it is new.
    pub before: Option<Status>,
    /// What it comes to.
    pub after: Status,
    /// Checks whose verdict changed.
    pub checks: Vec<CheckChange>,
    /// Facts that moved.
    pub facts: Vec<FactChange>,
    /// Outputs that say something else.
    pub outputs: Vec<OutputChange>,
}

/// How the verdict on a check changed. A check that one run did not have has none there.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CheckChange {
    /// Id of the step.
    pub step: String,
    /// Id of the check; the step's own for what became of the step itself.
    pub check: String,
    /// Its severity.
    pub severity: Severity,
    /// What it came to.
    pub before: Option<Verdict>,
    /// What it comes to.
    pub after: Option<Verdict>,
    /// What is said of it now.
    pub message: Option<String>,
}

impl CheckChange {
    /// True where something holds no longer, or can no longer be looked at.
    pub fn worse(&self) -> bool {
        let bad = |verdict: Option<Verdict>| match verdict.map(Verdict::status) {
            Some(Status::Fail) => 3,
            Some(Status::Error) => 2,
            Some(Status::Warn) => 1,
            Some(Status::Pass | Status::Skip) | None => 0,
        };
        bad(self.after) > bad(self.before)
    }
}

/// A fact that moved.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FactChange {
    /// Id of the step.
    pub step: String,
    /// Name of the fact.
    pub fact: String,
    /// What it was; none where there was none.
    pub before: Option<Value>,
    /// What it is.
    pub after: Option<Value>,
}

/// An output that says something else.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OutputChange {
    /// Id of the step.
    pub step: String,
    /// `stdout` or `stderr`.
    pub stream: &'static str,
    /// Both as a unified diff, without what is a target's own.
    pub diff: String,
}

/// Compares two reports.
pub fn compare(before: &Report, after: &Report) -> Comparison {
    let (pairs, gone) = paired(&before.targets, &after.targets);
    let all = pairs.len();
    let changed: Vec<_> = pairs
        .into_iter()
        .filter_map(|(before, after)| change(before, after))
        .collect();
    Comparison {
        schema: COMPARISON,
        before: before.run.id.clone(),
        after: after.run.id.clone(),
        same_runbook: before.run.runbook == after.run.runbook,
        gone: gone.iter().map(|gone| gone.target.to_string()).collect(),
        unchanged: all - changed.len(),
        changed,
    }
}

/// Each target of the later run with what it was, where it was there.
type Pairs<'a> = Vec<(Option<&'a TargetReport>, &'a TargetReport)>;

fn paired<'a>(
    before: &'a [TargetReport],
    after: &'a [TargetReport],
) -> (Pairs<'a>, Vec<&'a TargetReport>) {
    let mut partners: Vec<Option<&TargetReport>> = vec![None; after.len()];
    let mut left: Vec<Option<&TargetReport>> = before.iter().map(Some).collect();
    let name = |target: &TargetReport| target.target.to_string();
    // Names first, so that no workload takes away whom a name would have found.
    for key in [&name as &dyn Fn(&TargetReport) -> String, &workload] {
        let mut free: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, target) in left.iter().enumerate().rev() {
            if let Some(target) = target {
                free.entry(key(target)).or_default().push(at);
            }
        }
        for (partner, target) in partners.iter_mut().zip(after) {
            if partner.is_none()
                && let Some(at) = free.get_mut(&key(target)).and_then(Vec::pop)
            {
                *partner = left[at].take();
            }
        }
    }
    let pairs = partners.into_iter().zip(after).collect();
    (pairs, left.into_iter().flatten().collect())
}

fn change(before: Option<&TargetReport>, after: &TargetReport) -> Option<TargetChange> {
    let mut change = TargetChange {
        target: after.target.to_string(),
        was_called: before
            .map(|before| before.target.to_string())
            .filter(|name| *name != after.target.to_string()),
        before: before.map(|before| before.status),
        after: after.status,
        checks: Vec::new(),
        facts: Vec::new(),
        outputs: Vec::new(),
    };
    let was: &[StepReport] = before.map_or(&[], |before| &before.steps);
    let find = |steps: &'_ [StepReport], id: &str| steps.iter().position(|step| step.id == id);
    let lost = was
        .iter()
        .filter(|step| find(&after.steps, &step.id).is_none());
    for step in after.steps.iter().chain(lost) {
        let was = find(was, &step.id).map(|at| &was[at]);
        let is = find(&after.steps, &step.id).map(|at| &after.steps[at]);
        checks(&mut change.checks, was, is);
        if let (Some(before), Some(was), Some(is)) = (before, was, is) {
            facts(&mut change.facts, (before, was), (after, is));
            outputs(&mut change.outputs, (before, was), (after, is));
        }
    }
    let told = change.before != Some(change.after)
        || !(change.checks.is_empty() && change.facts.is_empty() && change.outputs.is_empty());
    told.then_some(change)
}

/// What a step is judged by: its checks, and where it has none its own verdict.
fn judged(step: Option<&StepReport>) -> Vec<CheckReport> {
    let Some(step) = step else {
        return Vec::new();
    };
    let mut all = step.checks.clone();
    if all.is_empty() {
        all.push(CheckReport {
            id: step.id.clone(),
            status: step.status,
            severity: Severity::default(),
            message: step.reason.clone(),
            hint: None,
            url: None,
        });
    }
    all
}

fn checks(told: &mut Vec<CheckChange>, was: Option<&StepReport>, is: Option<&StepReport>) {
    let Some(id) = is.or(was).map(|step| step.id.clone()) else {
        return;
    };
    let (was, is) = (judged(was), judged(is));
    let lost = was
        .iter()
        .filter(|one| !is.iter().any(|now| now.id == one.id));
    for check in is.iter().chain(lost) {
        let verdict = |all: &[CheckReport]| {
            let found = all.iter().find(|one| one.id == check.id);
            found.map(|one| one.status)
        };
        let (before, after) = (verdict(&was), verdict(&is));
        if before != after {
            told.push(CheckChange {
                step: id.clone(),
                check: check.id.clone(),
                severity: check.severity,
                before,
                after,
                message: check.message.clone().filter(|_| after.is_some()),
            });
        }
    }
}

/// Whether a fact only tells how long something took.
fn is_duration(fact: &str) -> bool {
    fact == "time" || fact == "duration" || fact.starts_with("time_")
}

fn facts(
    told: &mut Vec<FactChange>,
    (before, was): (&TargetReport, &StepReport),
    (after, is): (&TargetReport, &StepReport),
) {
    let names: BTreeSet<_> = was.facts.keys().chain(is.facts.keys()).collect();
    for name in names {
        // What a step wrote is compared as text.
        if is_duration(name) || ["stdout", "stderr", "text", "body"].contains(&name.as_str()) {
            continue;
        }
        let value = |step: &StepReport, target| {
            let value = step.facts.get(name)?;
            Some(plain(value, target))
        };
        let (then, now) = (value(was, before), value(is, after));
        if then != now {
            told.push(FactChange {
                step: is.id.clone(),
                fact: name.clone(),
                before: then,
                after: now,
            });
        }
    }
}

/// A value whose texts have nothing of the target's own.
fn plain(value: &Value, target: &TargetReport) -> Value {
    match value {
        Value::String(text) => common(text, target).into(),
        Value::Array(items) => items.iter().map(|item| plain(item, target)).collect(),
        Value::Object(map) => map
            .iter()
            .filter(|(name, _)| !is_duration(name))
            .map(|(name, value)| (name.clone(), plain(value, target)))
            .collect(),
        other => other.clone(),
    }
}

fn outputs(
    told: &mut Vec<OutputChange>,
    (before, was): (&TargetReport, &StepReport),
    (after, is): (&TargetReport, &StepReport),
) {
    let text = |step: &StepReport, target, stderr: bool| {
        let attempt = step.attempts.last()?;
        let output = if stderr {
            &attempt.stderr
        } else {
            &attempt.stdout
        };
        let content = output.content();
        Some(common(&String::from_utf8_lossy(&content), target))
    };
    let shown = |text: &str| -> String {
        let lines = text.split_inclusive('\n').take(MOST_LINES);
        lines.collect()
    };
    for (stream, stderr) in [("stdout", false), ("stderr", true)] {
        let then = text(was, before, stderr).unwrap_or_default();
        let now = text(is, after, stderr).unwrap_or_default();
        if then != now {
            let (then, now) = (shown(&then), shown(&now));
            let diff = TextDiff::from_lines(&then, &now);
            let mut diff = diff.unified_diff().context_radius(AROUND).to_string();
            if then == now {
                diff = format!("they differ beyond line {MOST_LINES}\n");
            }
            told.push(OutputChange {
                step: is.id.clone(),
                stream,
                diff,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{AttemptReport, Output, Phase, fold};
    use crate::target::Target;

    fn step(id: &str, status: Verdict, stdout: &str) -> StepReport {
        StepReport {
            id: id.into(),
            kind: "run".into(),
            phase: Phase::Steps,
            argv: Vec::new(),
            status,
            reason: None,
            started: None,
            duration: 0.0,
            attempts: vec![AttemptReport {
                exit: Some(0),
                signal: None,
                duration: 0.0,
                stdout: Output {
                    text: Some(stdout.into()),
                    bytes: stdout.len() as u64,
                    ..Output::default()
                },
                stderr: Output::default(),
            }],
            facts: serde_json::Map::new(),
            checks: Vec::new(),
            artifacts: Vec::new(),
        }
    }

    fn pod(name: &str, owner: Option<&str>, steps: Vec<StepReport>) -> TargetReport {
        let mut target = Target::local();
        target.kind = crate::target::TargetKind::Pod;
        target.namespace = Some("shop".into());
        target.pod = Some(name.into());
        target.owner = owner.map(str::to_owned);
        TargetReport {
            target,
            attach: None,
            status: Status::Pass,
            reason: None,
            steps,
        }
    }

    fn of(targets: Vec<TargetReport>) -> Report {
        let mut report = fold(&[]);
        report.targets = targets;
        report
    }

    #[test]
    fn what_is_a_targets_own_is_no_change() {
        let said = |name: &str, at: &str| {
            let text = format!("{name} is up since {at} at 10.0.0.{}\n", name.len());
            pod(
                name,
                Some("replicaset/web-7d9"),
                vec![step("one", Verdict::Pass, &text)],
            )
        };
        let before = of(vec![said("web-7d9-abcde", "10:00:01")]);
        let after = of(vec![said("web-7d9-xyz", "12:30:59")]);
        let compared = compare(&before, &after);
        assert_eq!((compared.changed.len(), compared.unchanged), (0, 1));
        assert_eq!(compared.gone.len(), 0);
    }

    #[test]
    fn names_pair_before_workloads_and_who_is_left_is_gone_or_new() {
        let owner = Some("replicaset/web-7d9");
        let before = of(vec![
            pod("web-a", owner, Vec::new()),
            pod("web-b", owner, Vec::new()),
            pod("old", None, Vec::new()),
        ]);
        let after = of(vec![
            pod("web-c", owner, Vec::new()),
            pod("web-a", owner, vec![step("one", Verdict::Fail, "")]),
            pod("young", None, Vec::new()),
        ]);
        let compared = compare(&before, &after);
        assert_eq!(compared.gone, [before.targets[2].target.to_string()]);
        let name = |at: usize| after.targets[at].target.to_string();
        let told: Vec<_> = compared
            .changed
            .iter()
            .map(|one| (&one.target, one.before))
            .collect();
        assert_eq!(told, [(&name(1), Some(Status::Pass)), (&name(2), None)]);
        assert_eq!(compared.changed[0].was_called, None);
    }

    #[test]
    fn changed_checks_facts_and_outputs_are_told_and_durations_are_not() {
        let mut was = step("one", Verdict::Pass, "a\nb\n");
        let mut is = step("one", Verdict::Fail, "a\nc\n");
        for (step, code, time) in [(&mut was, 200, 0.1), (&mut is, 500, 0.9)] {
            step.facts.insert("code".into(), code.into());
            step.facts.insert("time_total".into(), time.into());
        }
        let compared = compare(
            &of(vec![pod("w", None, vec![was])]),
            &of(vec![pod("w", None, vec![is])]),
        );
        let [change] = &compared.changed[..] else {
            panic!("{compared:?}");
        };
        assert_eq!(change.checks.len(), 1);
        assert!(change.checks[0].worse());
        assert_eq!(change.facts.len(), 1, "{:?}", change.facts);
        assert_eq!(change.facts[0].after, Some(500.into()));
        assert_eq!(change.outputs[0].diff, "@@ -1,2 +1,2 @@\n a\n-b\n+c\n");
    }

    #[test]
    fn promise_4_what_can_no_longer_be_looked_at_got_worse() {
        let change = |before, after| CheckChange {
            step: "s".into(),
            check: "c".into(),
            severity: Severity::Error,
            before,
            after,
            message: None,
        };
        assert!(change(Some(Verdict::Pass), Some(Verdict::Unavailable)).worse());
        assert!(change(None, Some(Verdict::Fail)).worse());
        assert!(!change(Some(Verdict::Fail), Some(Verdict::Pass)).worse());
        assert!(!change(Some(Verdict::Fail), None).worse());
    }
}
