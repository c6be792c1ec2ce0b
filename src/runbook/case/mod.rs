//! A test of a runbook: what its steps are answered, and what must come of it. No cluster, no tool, no waiting.
//!
//! ```yaml
//! tests:
//!   - name: dead dns
//!     params: {upstream: db}
//!     given:
//!       dns: {exit: 9}                                  # raw: what the command wrote, and how it ended
//!       http: {facts: {code: 503, body: 'try later'}}   # told: the kind's facts as they stand
//!     expect: {dns-dead: fail, reach: skip}
//! ```
//!
//! What each form proves: raw output goes through the kind's own reader, the captures and the checks, and so proves all three
//! on an output of which the author says that a tool wrote it. Facts skip the reader: they prove the checks, on values of which
//! nobody has shown that a tool yields them. Only a recorded run proves that a real patient was answered for.

mod read;
mod reply;

pub(super) use read::cases;

use crate::ask::Canned;
use crate::report::{CheckReport, Report, Status, StepReport, Verdict};
use crate::target::Target;

/// One test.
#[derive(Clone, Debug)]
pub struct Case {
    /// What it shows, unique in its runbook.
    pub name: String,
    /// Params as on the command line.
    pub params: Vec<(String, String)>,
    /// Whom the runbook is asked about; expressions see it as `target`.
    pub target: Target,
    /// Answers by step id; of a step that asks several times in order, and the last one again and again.
    pub given: Vec<(String, Vec<Canned>)>,
    /// The answer to every other step; without it a step that is given none is told as unmet.
    pub others: Option<Canned>,
    /// Outputs that stand in files of their own.
    pub files: Vec<OutputFile>,
    /// What must come of it.
    pub expect: Expect,
}

/// An output that stands in a file beside the runbook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputFile {
    /// Path from the runbook's folder, never out of it.
    pub path: String,
    step: String,
    turn: usize,
}

/// What must come of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expect {
    /// The whole target comes to this.
    Whole(Status),
    /// Each of these comes to its verdict.
    Each(Vec<Expected>),
}

/// The verdict of one check or step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// What it is about.
    pub of: Subject,
    /// What it must come to. `skip` also holds of what was never come to.
    pub verdict: Verdict,
}

/// What a verdict is about. A name that is both a check's and a step's means the check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The check of this id.
    Check(String),
    /// The step of this id.
    Step(String),
}

/// An expectation that is not met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmet {
    /// Id of the check or step; `target` for the whole.
    pub of: String,
    /// What was expected.
    pub expected: &'static str,
    /// What was found.
    pub found: &'static str,
    /// The message of the check, or the reason of the step.
    pub message: Option<String>,
}

impl Case {
    /// Takes in the outputs that stand in files. `read` is given each path; an error of it is given back with the path.
    pub fn load(
        &mut self,
        mut read: impl FnMut(&str) -> Result<Vec<u8>, String>,
    ) -> Result<(), String> {
        for file in &self.files {
            let bytes = read(&file.path).map_err(|why| format!("`{}`: {why}", file.path))?;
            let list = self.given.iter_mut().find(|(step, _)| *step == file.step);
            if let Some(canned) = list.and_then(|(_, list)| list.get_mut(file.turn)) {
                canned.answer.stdout.bytes = bytes;
            }
        }
        self.files.clear();
        Ok(())
    }

    /// What the report of this case does not hold that it should.
    pub fn unmet(&self, report: &Report) -> Vec<Unmet> {
        let Some(target) = report.targets.first() else {
            return Vec::new();
        };
        match &self.expect {
            Expect::Whole(status) if *status == target.status => Vec::new(),
            Expect::Whole(status) => vec![Unmet {
                of: "target".into(),
                expected: status.word(),
                found: target.status.word(),
                message: target.reason.clone().or_else(|| worst(&target.steps)),
            }],
            Expect::Each(list) => list
                .iter()
                .filter_map(|expected| expected.unmet(&target.steps))
                .collect(),
        }
    }
}

/// The first reason of the steps that are worst off.
fn worst(steps: &[StepReport]) -> Option<String> {
    let status = |step: &&StepReport| step.status.status();
    let worst = steps.iter().map(|step| status(&step)).max()?;
    let step = steps.iter().find(|step| status(step) == worst)?;
    let reason = step.reason.as_deref().unwrap_or("it has no reason");
    Some(format!("step {}: {reason}", step.id))
}

impl Expected {
    fn unmet(&self, steps: &[StepReport]) -> Option<Unmet> {
        let (of, found): (_, Vec<_>) = match &self.of {
            Subject::Check(id) => (
                id,
                steps
                    .iter()
                    .flat_map(|step| &step.checks)
                    .filter(|check| check.id == *id)
                    .map(of_check)
                    .collect(),
            ),
            Subject::Step(id) => (
                id,
                steps
                    .iter()
                    .filter(|step| is(step, id))
                    .map(|step| (step.status, step.reason.clone()))
                    .collect(),
            ),
        };
        let (found, message) = match found.iter().find(|(status, _)| *status != self.verdict) {
            Some((status, message)) => (status.word(), message.clone()),
            None if found.is_empty() && self.verdict != Verdict::Skip => ("not come to", None),
            None => return None,
        };
        Some(Unmet {
            of: of.clone(),
            expected: self.verdict.word(),
            found,
            message,
        })
    }
}

/// Of a step that is asked for each item of a list, every one of them.
fn is(step: &StepReport, id: &str) -> bool {
    let rest = step.id.strip_prefix(id);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('['))
}

fn of_check(check: &CheckReport) -> (Verdict, Option<String>) {
    (check.status, check.message.clone())
}
