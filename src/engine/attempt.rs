//! One step, asked once: render, ask, read, capture, judge.

use std::time::Duration;

use serde_json::Map;
use tokio::time::{Instant, sleep};

use super::asks::asks;
use super::interrupt::Interrupt;
use super::room::{self, Cut};
use super::sight::View;
use crate::ask::{Answer, Ask, Captured, Ended, Patient, Question};
use crate::check::{Means, decide, implicit_exit, judge};
use crate::clock::Clock;
use crate::cluster::{Lost, Session};
use crate::plan::{Plan, PlannedStep};
use crate::report::{AttemptReport, CheckReport, Output, Phase, Redactor, StepReport, Verdict};
use crate::runbook::Waiver;
use crate::script::{Expr, Scope};
use crate::step::Observation;

/// What an attempt is made with.
pub(super) struct Attempt<'a> {
    pub(super) planned: &'a PlannedStep,
    pub(super) plan: &'a Plan,
    /// Where the tools come from: an image, or words such as `this machine`.
    pub(super) image: &'a str,
    pub(super) interrupt: &'a Interrupt,
    pub(super) redactor: &'a Redactor,
    /// Waivers end on a day, and a pause begins at a moment.
    pub(super) clock: &'a dyn Clock,
    pub(super) phase: Phase,
    /// Bytes of output that may still be kept of the target.
    pub(super) room: usize,
}

/// What came of it.
pub(super) struct Asked {
    pub(super) step: StepReport,
    pub(super) remarks: Vec<String>,
    /// Why nothing more can be asked of this target.
    pub(super) lost: Option<String>,
}

impl Attempt<'_> {
    pub(super) async fn ask(&self, session: &mut dyn Session, sight: &View<'_>) -> Asked {
        let scope = sight.scope();
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
        let mut asks = match asks(self.plan, self.planned, sight) {
            Ok(asks) => asks,
            Err(why) => return self.put_off(Verdict::Error, &why),
        };
        let mut answers = Vec::new();
        let mut cut = self.answers(session, &asks, &mut answers).await;
        if cut.is_none() {
            let more = self.planned.step.kind.more(&answers).into_iter();
            let more: Vec<_> = more.map(|ask| self.planned.bound(ask)).collect();
            cut = self.answers(session, &more, &mut answers).await;
            asks.extend(more);
        }
        let told = session.told();
        self.conclude(&asks, answers, cut, told, scope)
    }

    fn wanted(&self, scope: &Scope<'_>) -> Result<bool, String> {
        self.planned.step.when.as_ref().map_or(Ok(true), |when| {
            when.holds(scope)
                .map_err(|error| format!("`when: {}`: {error}", when.source()))
        })
    }

    /// Why a step that names the patient's pid or root cannot look: it is not known here.
    fn out_of_reach(&self, patient: &Patient) -> Option<String> {
        if patient.root.is_some() && patient.pid.is_some() {
            return None;
        }
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
            step: unasked(self.planned, self.phase, verdict, &self.redactor.text(why)),
            remarks: Vec::new(),
            lost: None,
        }
    }

    /// Asks one after the other. The reason is why the last of them were not asked, or not to their end.
    async fn answers(
        &self,
        session: &mut dyn Session,
        asks: &[Ask],
        answers: &mut Vec<Answer>,
    ) -> Option<Cut> {
        for ask in asks {
            if let Question::Pause(time) = ask.question {
                let cut = time > ask.timeout;
                answers.push(self.pause(time.min(ask.timeout), cut).await);
                continue;
            }
            if room::held(answers) >= self.room {
                return Some(Cut::Full);
            }
            let answered = tokio::select! {
                biased;
                answered = session.answer(ask) => Some(answered),
                () = self.interrupt.stopped() => None,
            };
            match answered {
                Some(Ok(answer)) => answers.push(self.masked(ask, answer)),
                Some(Err(Lost { why, partial })) => {
                    answers.extend(partial.map(|answer| self.masked(ask, *answer)));
                    return Some(Cut::Lost(self.redactor.text(&why)));
                }
                None => {
                    let partial = session.cancel().await;
                    answers.extend(partial.map(|answer| self.masked(ask, answer)));
                    return Some(Cut::Interrupted);
                }
            }
        }
        None
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
            progress: None,
            remarks: Vec::new(),
        }
    }

    /// Nothing raw gets any further.
    fn masked(&self, ask: &Ask, mut answer: Answer) -> Answer {
        self.redactor.answer(ask, &mut answer);
        answer
    }

    fn conclude(
        &self,
        asks: &[Ask],
        answers: Vec<Answer>,
        cut: Option<Cut>,
        told: Option<Map<String, serde_json::Value>>,
        scope: &Scope<'_>,
    ) -> Asked {
        let step = &self.planned.step;
        let observation = match (&cut, told) {
            (Some(Cut::Lost(why)), _) => blocked(&answers, self, Verdict::Unreachable, why),
            (Some(Cut::Full), _) => blocked(&answers, self, Verdict::Error, room::FULL),
            // One that was cancelled has an answer, which says so.
            (Some(Cut::Interrupted), _) if answers.len() < asks.len() => {
                blocked(&answers, self, Verdict::Error, "interrupted")
            }
            (_, Some(facts)) => step.kind.told(&answers, facts),
            (_, None) => step.kind.read(&answers, self.image),
        };
        let lost = match cut {
            Some(Cut::Lost(why)) => Some(why),
            _ => None,
        };
        let Observation {
            mut facts,
            blocked,
            truncated,
        } = observation;
        let (status, reason, checks) = if let Some((verdict, mut why)) = blocked {
            if verdict == Verdict::Timeout && answers.iter().all(|answer| answer.progress.is_none())
            {
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
                phase: self.phase,
                argv: asks
                    .first()
                    .map_or_else(Vec::new, |ask| self.redactor.words(&ask.argv())),
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
        let said = self.planned.step.kind.said(&answer.stderr.bytes);
        if said.len() < answer.stderr.bytes.len() {
            attempt.stderr = Output::of(&Captured {
                bytes: said.to_vec(),
                truncated: answer.stderr.truncated,
            });
        }
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
        let mut taken_in_all = 0;
        for capture in &self.planned.step.capture {
            let taken = match &capture.from {
                None => capture.take(&answer.stdout.text(), truncated),
                Some(from) => {
                    let text = facts.get(from).cloned().unwrap_or_default();
                    let text = text
                        .as_str()
                        .map_or_else(|| text.to_string(), str::to_owned);
                    capture.take(&text, truncated)
                }
            };
            let taken = taken.map_err(|error| error.to_string())?;
            taken_in_all += taken.values().map(room::weight).sum::<usize>();
            if taken_in_all > room::MOST {
                return Err(
                    "the captures come to more than 32 MiB; take less of the output".into(),
                );
            }
            facts.extend(taken);
        }
        Ok(())
    }

    fn checks(
        &self,
        facts: &Map<String, serde_json::Value>,
        scope: &Scope<'_>,
    ) -> Vec<CheckReport> {
        let seen = scope.with(facts);
        let step = &self.planned.step;
        let mut checks = judge(&step.expect, &seen);
        checks.extend(decide(&step.id, &step.outcomes, &seen));
        let spoken: Vec<&Expr> = step
            .expect
            .iter()
            .map(|expectation| &expectation.that)
            .chain(
                step.outcomes
                    .iter()
                    .filter_map(|outcome| outcome.when.as_ref()),
            )
            .collect();
        checks.extend(implicit_exit(&spoken, step.severity, facts));
        for check in &mut checks {
            weighed(self.plan, self.clock.now(), check);
            let said = [&mut check.message, &mut check.hint, &mut check.url];
            for text in said.into_iter().flatten() {
                // Each part of it was masked; put together they may say what it is that one of them holds.
                *text = self.redactor.text(text);
                room::clip(text);
            }
        }
        checks
    }
}

/// Whether a check that does not hold makes its target fail: by its severity, unless it is waived.
pub(super) fn weighed(plan: &Plan, today: jiff::Timestamp, check: &mut CheckReport) {
    if !matches!(check.status, Verdict::Fail | Verdict::Warn) {
        return;
    }
    let today = today.to_zoned(jiff::tz::TimeZone::UTC).date();
    let mut waivers = plan
        .waivers
        .iter()
        .filter(|waiver| waiver.check == check.id);
    let holds = |waiver: &&Waiver| waiver.until.is_none_or(|day| today <= day);
    if let Some(waiver) = waivers.clone().find(holds) {
        check.status = Verdict::Skip;
        let found = check.message.take().unwrap_or_default();
        let until = waiver.until.map(|day| format!(" until {day}"));
        let owner = waiver.owner.as_ref().map(|owner| format!(" by {owner}"));
        let [until, owner] = [until, owner].map(Option::unwrap_or_default);
        check.message = Some(format!("waived{until}{owner}: {} ({found})", waiver.reason));
        return;
    }
    // One that is over is told, since whoever relied on it wonders.
    if let Some(day) = waivers.find_map(|waiver| waiver.until) {
        let found = check.message.take().unwrap_or_default();
        check.message = Some(format!("{found} (its waiver ended on {day})"));
    }
    if check.severity >= plan.fail_on {
        check.status = Verdict::Fail;
    } else {
        check.status = Verdict::Warn;
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

/// A step that was not asked, with every check it would have held.
pub(super) fn unasked(
    planned: &PlannedStep,
    phase: Phase,
    verdict: Verdict,
    why: &str,
) -> StepReport {
    StepReport {
        id: planned.step.id.clone(),
        kind: planned.step.kind.word().into(),
        phase,
        argv: Vec::new(),
        status: verdict,
        reason: Some(why.into()),
        started: None,
        duration: 0.0,
        attempts: Vec::new(),
        facts: Map::new(),
        checks: undecided(planned, verdict, why),
        artifacts: Vec::new(),
    }
}

/// The checks of a step that could not be judged, each with the step's own verdict: not looked at is told, not left out. Of outcomes
/// the ones that would be trouble.
fn undecided(planned: &PlannedStep, verdict: Verdict, why: &str) -> Vec<CheckReport> {
    let expected = planned
        .step
        .expect
        .iter()
        .map(|expectation| (&expectation.id, expectation.severity));
    let possible = planned
        .step
        .outcomes
        .iter()
        .filter(|outcome| outcome.means != Means::Pass)
        .map(|outcome| (&outcome.id, outcome.severity));
    expected
        .chain(possible)
        .map(|(id, severity)| CheckReport {
            id: id.clone(),
            status: verdict,
            severity,
            message: Some(why.into()),
            hint: None,
            url: None,
        })
        .collect()
}

/// The verdict of a step from its checks: trouble found, else what could not be judged, else warnings, else pass.
pub(super) fn weigh(checks: &[CheckReport]) -> (Verdict, Option<String>) {
    for verdict in [Verdict::Fail, Verdict::Error, Verdict::Warn] {
        if let Some(check) = checks.iter().find(|check| check.status == verdict) {
            let reason = check.message.clone().unwrap_or_else(|| check.id.clone());
            return (verdict, Some(reason));
        }
    }
    (Verdict::Pass, None)
}
