//! What a report says, one verdict at a time: the list that formats for programs are made of.
//!
//! A check is a case, and a step without checks; so is what kept a target from being asked, a container that is not proven ended, and
//! a run that came to nothing. So no format shows less trouble than the exit code: what could not be looked at is a case too. Steps
//! that are asked `finally` count for nothing, and are none.

use super::summary::meaning;
use crate::report::{Phase, Report, Severity, Status, StepReport, TargetReport, Verdict};

/// One verdict, with what there is to say of it.
pub(super) struct Case<'a> {
    /// `step/check`, the step, or `target`, `ended`, `run` for what is about those.
    pub(super) id: String,
    /// What it is; of a check of a step that could not look, why it could not.
    pub(super) verdict: Verdict,
    /// How bad it is when it does not hold.
    pub(super) severity: Severity,
    /// Why it is not pass.
    pub(super) message: Option<String>,
    /// What to do about it.
    pub(super) hint: Option<&'a str>,
    /// Where to read on.
    pub(super) url: Option<&'a str>,
    /// The step it is about.
    pub(super) step: Option<&'a StepReport>,
}

impl<'a> Case<'a> {
    /// True where all is well, or where it was left out on purpose.
    pub(super) fn holds(&self) -> bool {
        holds(self.verdict)
    }

    /// True of a check that does not hold, and is known to: its step was asked all the same.
    pub(super) fn is_waived(&self) -> bool {
        let asked = |step: &StepReport| step.status != Verdict::Skip;
        self.verdict == Verdict::Skip && self.step.is_some_and(asked)
    }

    /// The first line of what there is to say: the message, or the verdict.
    pub(super) fn headline(&self) -> &str {
        let first = self.message.as_deref().and_then(|text| text.lines().next());
        match first {
            Some(text) if !text.trim().is_empty() => text,
            _ => self.verdict.word(),
        }
    }

    fn bare(id: &str, verdict: Verdict, message: Option<String>) -> Self {
        Self {
            id: id.into(),
            verdict,
            severity: Severity::Error,
            message,
            hint: None,
            url: None,
            step: None,
        }
    }
}

/// The cases of a target, in the order in which they were asked.
pub(super) fn cases(target: &TargetReport) -> Vec<Case<'_>> {
    let mut cases = Vec::new();
    for step in &target.steps {
        if step.phase != Phase::Finally {
            of_step(step, &mut cases);
        }
    }
    let verdict = match target.status {
        Status::Skip => Verdict::Skip,
        Status::Pass => Verdict::Pass,
        Status::Warn | Status::Error | Status::Fail => Verdict::Error,
    };
    if let Some(reason) = &target.reason {
        cases.push(Case::bare("target", verdict, Some(reason.clone())));
    } else if target.status == Status::Error && cases.iter().all(Case::holds) {
        cases.push(Case::bare("target", verdict, None));
    }
    if let Some(attach) = target.attach.as_ref().filter(|attach| !attach.proven) {
        let container = attach.container.as_deref().unwrap_or("a debug container");
        let text = format!("{container} may still be running: its end was not read back");
        cases.push(Case::bare("ended", Verdict::Error, Some(text)));
    }
    cases
}

/// What the exit code says that no target does; `None` where there is no such thing.
pub(super) fn run_case(report: &Report) -> Option<Case<'static>> {
    let trouble = |text: &str| Some(Case::bare("run", Verdict::Error, Some(text.to_owned())));
    let lost = |target| cases(target).iter().any(|case| case.verdict.undetermined());
    match report.exit.as_ref().map(|exit| exit.code) {
        None => trouble("the run ended before it was settled"),
        Some(0 | 1) => None,
        Some(3 | 5 | 6) if report.targets.iter().any(lost) => None,
        Some(code) => trouble(meaning(code)),
    }
}

fn of_step<'a>(step: &'a StepReport, cases: &mut Vec<Case<'a>>) {
    let before = cases.len();
    for check in &step.checks {
        // A check that holds at last is flaky with its step, and one that could not be judged is lost in its step's way.
        let verdict = match (check.status, step.status) {
            (Verdict::Pass, Verdict::Flaky) => Verdict::Flaky,
            (Verdict::Error, lost) if lost.undetermined() => lost,
            (own, _) => own,
        };
        cases.push(Case {
            id: format!("{}/{}", step.id, check.id),
            verdict,
            severity: check.severity,
            message: check.message.clone().or_else(|| told(step, verdict)),
            hint: check.hint.as_deref(),
            url: check.url.as_deref(),
            step: Some(step),
        });
    }
    let worst = cases[before..]
        .iter()
        .map(|case| case.verdict.status())
        .max();
    if worst.is_none_or(|worst| worst < step.status.status()) {
        cases.push(Case {
            step: Some(step),
            ..Case::bare(&step.id, step.status, told(step, step.status))
        });
    }
}

fn told(step: &StepReport, verdict: Verdict) -> Option<String> {
    step.reason.clone().filter(|_| verdict == step.status)
}

/// The checks of a step that do not hold, and are known to, each with what is said of it.
pub(super) fn waived(step: &StepReport) -> impl Iterator<Item = (&str, &str)> {
    let own = |message: &&str| step.reason.as_deref() != Some(message);
    let waived = step
        .checks
        .iter()
        .filter(|check| check.status == Verdict::Skip);
    waived.filter_map(move |check| Some((&*check.id, check.message.as_deref().filter(own)?)))
}

/// True where all is well, or where it was left out on purpose.
pub(super) fn holds(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Pass | Verdict::Skip)
}

/// True of a step that there is little to say of.
pub(super) fn quiet(step: &StepReport) -> bool {
    holds(step.status) && step.checks.iter().all(|check| holds(check.status))
}

/// What comes first for people: a container that may still run, then fail, error, warn; then pass and skip.
pub(super) fn weight(target: &TargetReport) -> u8 {
    let unproven = target.attach.as_ref().is_some_and(|attach| !attach.proven);
    match target.status {
        _ if unproven => 5,
        Status::Fail => 4,
        Status::Error => 3,
        Status::Warn => 2,
        Status::Pass => 1,
        Status::Skip => 0,
    }
}
