//! Events to report: total, so that any beginning of a stream of events yields a report of what is known by then.

use super::event::{Event, Happening};
use super::outcome::{Phase, Status, StepReport};
use super::run::{Counts, Note, Report, RunReport, RunbookRef, SCHEMA, Summary, TargetReport};

/// A report in the making: takes events one at a time and keeps nothing but the report.
#[derive(Clone, Debug)]
pub struct Folding {
    report: Report,
}

impl Default for Folding {
    fn default() -> Self {
        Self {
            report: Report {
                schema: SCHEMA.into(),
                run: nothing_yet(),
                summary: Summary {
                    status: Status::Skip,
                    targets: Counts::default(),
                    checks: Counts::default(),
                },
                exit: None,
                targets: Vec::new(),
                redactions: Vec::new(),
                notes: Vec::new(),
                groups: Vec::new(),
            },
        }
    }
}

impl Folding {
    /// Takes one more event. An event about a target that was never found is passed over.
    pub fn take(&mut self, event: Event) {
        take(&mut self.report, event);
    }

    /// The report of what was told until now.
    ///
    /// A target whose end was never told has the status `error`: a run that was cut short is not a run that passed.
    pub fn report(&mut self) -> &Report {
        self.report.summary = summary(&self.report.targets);
        &self.report
    }

    /// The report, when nothing more will be told.
    pub fn finish(mut self) -> Report {
        self.report.summary = summary(&self.report.targets);
        self.report
    }
}

/// Folds events into the report of what they tell.
pub fn fold<'a>(events: impl IntoIterator<Item = &'a Event>) -> Report {
    let mut folding = Folding::default();
    for event in events {
        folding.take(event.clone());
    }
    folding.finish()
}

/// What targets come to, all in all.
pub(super) fn summary(targets: &[TargetReport]) -> Summary {
    let mut summary = Summary {
        status: Status::Skip,
        targets: Counts::default(),
        checks: Counts::default(),
    };
    for target in targets {
        summary.status = summary.status.max(target.status);
        summary.targets.add(target.status);
        let counting = |step: &&StepReport| step.phase != Phase::Finally;
        for check in target
            .steps
            .iter()
            .filter(counting)
            .flat_map(|step| &step.checks)
        {
            summary.checks.add(check.status.status());
        }
    }
    summary
}

fn take(report: &mut Report, event: Event) {
    match event.happening {
        Happening::RunStarted { run } => report.run = run,
        Happening::TargetFound { target, who } => {
            if target == report.targets.len() {
                report.targets.push(TargetReport {
                    target: who,
                    attach: None,
                    status: Status::Error,
                    reason: Some("the run ended before this target was done with".into()),
                    steps: Vec::new(),
                });
            }
        }
        Happening::TargetStarted { .. } | Happening::StepStarted { .. } => {}
        Happening::Attached {
            target,
            container,
            attach,
        } => {
            if let Some(entry) = report.targets.get_mut(target) {
                entry.attach = attach;
                if container.is_some() {
                    entry.target.container = container;
                }
            }
        }
        Happening::StepFinished { target, mut step } => {
            if let Some(entry) = report.targets.get_mut(target) {
                for artifact in &mut step.artifacts {
                    artifact.content = None;
                }
                entry.steps.push(step);
            }
        }
        Happening::StepAmended { target, step } => {
            if let Some(entry) = report.targets.get_mut(target)
                && let Some(told) = entry.steps.iter_mut().rfind(|told| told.id == step.id)
            {
                *told = step;
            }
        }
        Happening::Noted { target, text } => {
            let target = target
                .and_then(|index| report.targets.get(index))
                .map(|entry| entry.target.to_string());
            report.notes.push(Note { target, text });
        }
        Happening::Closed { target, attach } => {
            if let Some(entry) = report.targets.get_mut(target)
                && attach.is_some()
            {
                entry.attach = attach;
            }
        }
        Happening::TargetFinished {
            target,
            status,
            reason,
        } => {
            if let Some(entry) = report.targets.get_mut(target) {
                entry.status = status;
                entry.reason = reason;
            }
        }
        Happening::RunFinished {
            redactions,
            exit,
            groups,
        } => {
            report.groups = groups;
            report.redactions = redactions;
            report.exit = Some(exit);
            report.run.finished = Some(event.at);
        }
    }
}

fn nothing_yet() -> RunReport {
    RunReport {
        id: String::new(),
        started: jiff::Timestamp::UNIX_EPOCH,
        finished: None,
        version: env!("CARGO_PKG_VERSION").into(),
        runbook: RunbookRef {
            id: String::new(),
            title: String::new(),
            digest: String::new(),
            file: None,
        },
        runbooks: Vec::new(),
        params: serde_json::Map::new(),
        cluster: String::new(),
        group: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::Target;

    fn event(happening: Happening) -> Event {
        Event {
            at: jiff::Timestamp::UNIX_EPOCH,
            happening,
        }
    }

    #[test]
    fn a_run_that_was_cut_short_did_not_pass() {
        let report = fold(&[event(Happening::TargetFound {
            target: 0,
            who: Target::local(),
        })]);
        assert_eq!(report.targets[0].status, Status::Error);
        assert_eq!(report.summary.status, Status::Error);
    }

    #[test]
    fn an_event_about_an_unknown_target_is_passed_over() {
        let report = fold(&[event(Happening::TargetFinished {
            target: 7,
            status: Status::Pass,
            reason: None,
        })]);
        assert!(report.targets.is_empty());
    }

    #[test]
    fn an_event_survives_being_written_as_a_line() {
        let before = event(Happening::Noted {
            target: None,
            text: "x".into(),
        });
        let line = serde_json::to_string(&before).unwrap();
        assert_eq!(serde_json::from_str::<Event>(&line).unwrap(), before);
    }
}
