//! One step, asked once: render, ask, read, capture, judge.

use std::time::Duration;

use serde_json::Map;
use tokio::time::{Instant, sleep};

use super::interrupt::Interrupt;
use crate::ask::{Answer, Ask, Captured, Ended, Patient, Question};
use crate::check::{implicit_exit, judge};
use crate::clock::Clock;
use crate::cluster::{Lost, Session};
use crate::plan::PlannedStep;
use crate::report::{AttemptReport, CheckReport, Output, Severity, StepReport, Verdict};
use crate::script::Scope;
use crate::step::Observation;

/// What an attempt is made with.
pub(super) struct Attempt<'a> {
    pub(super) planned: &'a PlannedStep,
    /// Where the tools come from: an image, or words such as `this machine`.
    pub(super) image: &'a str,
    pub(super) fail_on: Severity,
    pub(super) interrupt: &'a Interrupt,
    pub(super) clock: &'a dyn Clock,
}

/// What came of it.
pub(super) struct Asked {
    pub(super) step: StepReport,
    pub(super) remarks: Vec<String>,
    /// Why nothing more can be asked of this target.
    pub(super) lost: Option<String>,
}

impl Attempt<'_> {
    pub(super) async fn ask(&self, session: &mut dyn Session, scope: &Scope) -> Asked {
        match self.wanted(scope) {
            Ok(true) => {}
            Ok(false) => {
                let source = self.planned.step.when.as_ref().map_or("", |w| w.source());
                return self.put_off(Verdict::Skip, &format!("`when: {source}` does not hold"));
            }
            Err(why) => return self.put_off(Verdict::Error, &why),
        }
        if let Some(why) = self.out_of_reach(session.patient()) {
            return self.put_off(Verdict::Unavailable, &why);
        }
        let asks = match self.planned.step.kind.asks(scope) {
            Ok(asks) => asks,
            Err(error) => return self.put_off(Verdict::Error, &error.to_string()),
        };
        let bound = |asks: Vec<Ask>| asks.into_iter().map(|ask| self.planned.bound(ask));
        let mut asks: Vec<_> = bound(asks).collect();
        let (mut answers, mut lost) = self.answers(session, &asks).await;
        if lost.is_none() && answers.len() == asks.len() {
            let more: Vec<_> = bound(self.planned.step.kind.more(&answers)).collect();
            let (further, then) = self.answers(session, &more).await;
            asks.extend(more);
            answers.extend(further);
            lost = then;
        }
        self.conclude(&asks, answers, lost, scope)
    }

    fn wanted(&self, scope: &Scope) -> Result<bool, String> {
        self.planned.step.when.as_ref().map_or(Ok(true), |when| {
            when.holds(scope)
                .map_err(|error| format!("`when: {}`: {error}", when.source()))
        })
    }

    /// Why a step that names the patient's pid or root cannot look: it is not known here.
    fn out_of_reach(&self, patient: &Patient) -> Option<String> {
        let names = self.planned.step.kind.names();
        let missing = |name: &str| match name {
            "target_root" => patient.root.is_none(),
            "target_pid" => patient.pid.is_none(),
            _ => false,
        };
        let name = names.iter().find(|name| missing(name))?;
        let why = patient.reason.as_deref().unwrap_or("it was not found");
        Some(format!("`{name}` is not known: {why}"))
    }

    fn put_off(&self, verdict: Verdict, why: &str) -> Asked {
        Asked {
            step: super::lane::unasked(self.planned, verdict, why),
            remarks: Vec::new(),
            lost: None,
        }
    }

    async fn answers(
        &self,
        session: &mut dyn Session,
        asks: &[Ask],
    ) -> (Vec<Answer>, Option<String>) {
        let mut answers = Vec::new();
        for ask in asks {
            if let Question::Pause(time) = ask.question {
                answers.push(self.pause(time.min(ask.timeout), time > ask.timeout).await);
                continue;
            }
            let answered = tokio::select! {
                biased;
                answered = session.answer(ask) => Some(answered),
                () = self.interrupt.stopped() => None,
            };
            match answered {
                Some(Ok(answer)) => answers.push(answer),
                Some(Err(Lost { why, partial })) => {
                    answers.extend(partial.map(|answer| *answer));
                    return (answers, Some(why));
                }
                None => {
                    answers.extend(session.cancel().await);
                    return (answers, None);
                }
            }
        }
        (answers, None)
    }

    /// Lets time pass, until the run is interrupted.
    async fn pause(&self, time: Duration, cut: bool) -> Answer {
        let (started, since) = (self.clock.now(), Instant::now());
        let ended = tokio::select! {
            biased;
            () = self.interrupt.stopped() => Ended::Cancelled,
            () = sleep(time) => if cut { Ended::TimedOut } else { Ended::Exited(0) },
        };
        Answer {
            ended,
            stdout: Captured::default(),
            stderr: Captured::default(),
            started,
            duration: since.elapsed(),
            file: None,
            remarks: Vec::new(),
        }
    }

    fn conclude(
        &self,
        asks: &[Ask],
        answers: Vec<Answer>,
        lost: Option<String>,
        scope: &Scope,
    ) -> Asked {
        let step = &self.planned.step;
        let incomplete = answers.len() < asks.len();
        let observation = if let Some(why) = &lost {
            blocked(&answers, self, Verdict::Unreachable, why)
        } else if incomplete {
            blocked(&answers, self, Verdict::Error, "interrupted")
        } else {
            step.kind.read(&answers, self.image)
        };
        let Observation {
            mut facts,
            blocked,
            truncated,
        } = observation;
        let (status, reason, checks) = if let Some((verdict, mut why)) = blocked {
            if verdict == Verdict::Timeout {
                // The step's own bound is what its author knows, not how long stopping it took.
                let bound = self.planned.timeout.as_secs_f64();
                why = format!("no end within {bound}s; output until then is kept");
            }
            let checks = undecided(self.planned, verdict, &why);
            (verdict, Some(why), checks)
        } else {
            match self.capture(&mut facts, &answers, truncated) {
                Err(why) => {
                    let checks = undecided(self.planned, Verdict::Error, &why);
                    (Verdict::Error, Some(why), checks)
                }
                Ok(()) => {
                    let checks = self.checks(&facts, scope);
                    let (status, reason) = weigh(&checks);
                    (status, reason, checks)
                }
            }
        };
        let duration = answers.iter().map(|a| a.duration.as_secs_f64()).sum();
        Asked {
            step: StepReport {
                id: step.id.clone(),
                kind: step.kind.word().into(),
                argv: asks.first().map_or_else(Vec::new, Ask::argv),
                status,
                reason,
                started: answers.first().map(|answer| answer.started),
                duration,
                attempts: answers.iter().map(|answer| self.attempt(answer)).collect(),
                facts,
                checks,
                artifacts: step.kind.artifacts(&answers),
            },
            remarks: answers.into_iter().flat_map(|a| a.remarks).collect(),
            lost,
        }
    }

    /// What the report tells of one answer. What is kept as an artefact is not told twice.
    fn attempt(&self, answer: &Answer) -> AttemptReport {
        let mut attempt = AttemptReport::of(answer);
        if self.planned.step.kind.keeps() {
            attempt.stdout = Output::default();
        }
        attempt
    }

    fn capture(
        &self,
        facts: &mut Map<String, serde_json::Value>,
        answers: &[Answer],
        truncated: bool,
    ) -> Result<(), String> {
        let Some(answer) = answers.last() else {
            return Ok(());
        };
        for capture in &self.planned.step.capture {
            let taken = capture
                .take(&answer.stdout.text(), truncated)
                .map_err(|error| error.to_string())?;
            facts.extend(taken);
        }
        Ok(())
    }

    fn checks(&self, facts: &Map<String, serde_json::Value>, scope: &Scope) -> Vec<CheckReport> {
        let mut seen = scope.clone();
        seen.extend(facts.clone());
        let expectations = &self.planned.step.expect;
        let mut checks = judge(expectations, &seen);
        checks.extend(implicit_exit(expectations, facts));
        for check in &mut checks {
            if matches!(check.status, Verdict::Fail | Verdict::Warn) {
                check.status = if check.severity >= self.fail_on {
                    Verdict::Fail
                } else {
                    Verdict::Warn
                };
            }
        }
        checks
    }
}

/// What is known of a step whose answer did not come to its end.
fn blocked(answers: &[Answer], attempt: &Attempt<'_>, verdict: Verdict, why: &str) -> Observation {
    let facts = if answers.is_empty() {
        Map::new()
    } else {
        attempt.planned.step.kind.read(answers, attempt.image).facts
    };
    Observation {
        facts,
        blocked: Some((verdict, why.into())),
        truncated: true,
    }
}

/// The checks of a step that could not be judged, each with the step's own verdict: not looked at is told, not left out.
pub(super) fn undecided(planned: &PlannedStep, verdict: Verdict, why: &str) -> Vec<CheckReport> {
    planned
        .step
        .expect
        .iter()
        .map(|expectation| CheckReport {
            id: expectation.id.clone(),
            status: verdict,
            severity: expectation.severity,
            message: Some(why.into()),
            hint: None,
            url: None,
        })
        .collect()
}

/// The verdict of a step from its checks: trouble found, else what could not be judged, else warnings, else pass.
fn weigh(checks: &[CheckReport]) -> (Verdict, Option<String>) {
    for verdict in [Verdict::Fail, Verdict::Error, Verdict::Warn] {
        if let Some(check) = checks.iter().find(|check| check.status == verdict) {
            let reason = check.message.clone().unwrap_or_else(|| check.id.clone());
            return (verdict, Some(reason));
        }
    }
    (Verdict::Pass, None)
}
