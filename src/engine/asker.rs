//! One target's steps, asked in order: what each sees, how often it is asked, and what follows from it.

mod desk;
mod program;
mod reach;
mod talk;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use self::program::Course;
use super::attempt::{Asked, Attempt, unasked};
use super::interrupt::Interrupt;
use super::lane::Lane;
use super::room;
use super::sight::{Own, Sight, View};
use crate::ask::Patient;
use crate::cluster::{Cluster, Mode, Session};
use crate::plan::PlannedStep;
use crate::report::{AttachReport, CheckReport, Happening, Phase, Severity, StepReport, Verdict};
use crate::runbook::{Each, Retry};
use crate::target::{Target, TargetKind};

/// How long all of `finally` may take, whatever its steps say: it runs after an interruption, too.
const FINALLY: Duration = Duration::from_secs(30);

/// What the steps of a target came to.
#[derive(Default)]
pub(super) struct Outcome {
    /// Of every step that counts.
    pub(super) verdicts: Vec<Verdict>,
    /// Why not everything was asked.
    pub(super) reason: Option<String>,
    /// How far a debug container came that was refused while the target was asked.
    pub(super) attach: Option<AttachReport>,
    /// True where the way to the target was lost for good.
    lost: bool,
    /// Why there is no debug container, where one was wanted.
    unattached: Option<String>,
    /// Bytes of output that are kept already.
    kept: usize,
}

/// Asks one target.
pub(super) struct Asker {
    lane: Lane,
    session: Box<dyn Session>,
    /// Where a debug container is had, once something needs one.
    further: Option<(Arc<dyn Cluster>, Target)>,
    image: String,
    sight: Sight,
    outcome: Outcome,
    interrupt: Interrupt,
    phase: Phase,
    number: usize,
    failed: bool,
    lost: bool,
    /// Bytes of output that may still be kept.
    room: usize,
    /// Why there is no debug container, where one was wanted: what needs it is not asked.
    unattached: Option<String>,
}

impl Asker {
    pub(super) fn new(lane: Lane, session: Box<dyn Session>, target: &Target) -> Self {
        let sight = Sight::new(&lane.plan, target, session.patient());
        let image = match target.kind {
            TargetKind::Pod | TargetKind::Node => lane.plan.attach.image.clone(),
            TargetKind::Local | TargetKind::Process => "this machine".into(),
        };
        Self {
            interrupt: lane.interrupt.clone(),
            lane,
            session,
            further: None,
            image,
            sight,
            outcome: Outcome::default(),
            phase: Phase::Steps,
            number: 0,
            failed: false,
            lost: false,
            room: room::MOST,
            unattached: None,
        }
    }

    /// Where no debug container could be attached: why. What needs none is asked all the same.
    pub(super) fn without_container(mut self, why: &str) -> Self {
        self.unattached = Some(why.to_owned());
        self
    }

    /// What was asked before of the same target, which this is added to.
    pub(super) fn after(mut self, outcome: Outcome) -> Self {
        self.lost = outcome.lost;
        self.room = self.room.saturating_sub(outcome.kept);
        self.unattached = self.unattached.or_else(|| outcome.unattached.clone());
        self.outcome = outcome;
        self
    }

    /// Asks everything: the steps; after a failure what `on_fail` adds; and at the end `finally`, an interruption or not.
    ///
    /// The session is given back with the outcome. It is not where a program's thread holds on to it, which is given up.
    pub(super) async fn all(mut self) -> (Option<Box<dyn Session>>, Outcome) {
        let plan = Arc::clone(&self.lane.plan);
        if let Some(scripted) = &plan.program {
            return Course::new(self, Arc::clone(scripted)).all().await;
        }
        if self.lost {
            return self.unreached(&plan.steps);
        }
        self.list(&plan.steps).await;
        if self.failed && !self.lost && !self.interrupt.is_stopped() {
            self.phase = Phase::OnFail;
            self.list(&plan.on_fail).await;
        }
        if !plan.finally.is_empty() && !self.lost {
            self.phase = Phase::Finally;
            let asked: Duration = plan.finally.iter().map(|step| step.timeout).sum();
            let over = self.bounded(asked);
            tokio::select! {
                () = self.list(&plan.finally) => {}
                () = over => {}
            }
        }
        self.settled()
    }

    /// The outcome, with what the next runbook has to know.
    fn settled(mut self) -> (Option<Box<dyn Session>>, Outcome) {
        self.outcome.lost = self.lost;
        self.outcome.kept = room::MOST - self.room;
        self.outcome.unattached = self.unattached;
        (Some(self.session), self.outcome)
    }

    /// The steps of a runbook to whose target the way was lost before.
    fn unreached(mut self, steps: &[PlannedStep]) -> (Option<Box<dyn Session>>, Outcome) {
        let why = self.outcome.reason.clone().unwrap_or_default();
        let why = format!("not asked: {why}");
        for planned in steps {
            self.tell(unasked(planned, self.phase, Verdict::Unreachable, &why));
        }
        self.settled()
    }

    /// What begins now goes on after an interruption, is bounded by itself, and given up by a second one. Never comes back: what it
    /// stops comes to its end by that.
    fn bounded(&mut self, asked: Duration) -> impl Future<Output = ()> + use<> {
        let brake = Interrupt::default();
        self.interrupt = brake.clone();
        let above = self.lane.interrupt.clone();
        async move {
            tokio::select! {
                () = tokio::time::sleep(asked.min(FINALLY)) => {}
                () = above.abandoned() => {}
            }
            brake.stop();
            std::future::pending::<()>().await;
        }
    }

    async fn list(&mut self, steps: &[PlannedStep]) {
        let mut left = steps.iter();
        while let Some(planned) = left.next() {
            if self.interrupt.is_stopped() {
                if self.phase == Phase::Steps {
                    self.outcome.reason = Some("interrupted".into());
                }
                // What was answered by then is told all the same.
                if !self.session.is_over() {
                    break;
                }
            }
            let (verdict, lost) = self.step(planned).await;
            let rest = if let Some(why) = lost {
                self.lost = true;
                self.outcome.reason = Some(why.clone());
                Some((Verdict::Unreachable, format!("not asked: {why}")))
            } else if planned.step.stop
                && !matches!(
                    verdict,
                    Verdict::Pass | Verdict::Warn | Verdict::Flaky | Verdict::Skip
                )
            {
                Some((
                    Verdict::Skip,
                    format!("not asked: step `{}` did not pass", planned.step.id),
                ))
            } else {
                None
            };
            if let Some((verdict, why)) = rest {
                for planned in left.by_ref() {
                    self.tell(unasked(planned, self.phase, verdict, &why));
                }
            }
        }
    }

    /// One step, once or for each item. The verdict is the worst; the text says why nothing more can be asked.
    async fn step(&mut self, planned: &PlannedStep) -> (Verdict, Option<String>) {
        self.number += 1;
        let plan = &self.lane.plan;
        self.lane.tell(Happening::StepStarted {
            target: self.lane.index,
            id: planned.step.id.clone(),
            number: self.number,
            of: plan.steps.len()
                + match self.phase {
                    Phase::Steps => 0,
                    Phase::OnFail => plan.on_fail.len(),
                    Phase::Finally => self.number.saturating_sub(plan.steps.len()),
                },
        });
        if let Some(why) = &self.unattached
            && planned.step.kind.needs_container()
        {
            let step = unasked(planned, self.phase, Verdict::Unavailable, why);
            self.sight.remember(&step.id, seen(&step));
            return (self.tell(step), None);
        }
        let own = match self.sight.own(planned.step.fragment.as_deref()) {
            Ok(own) => own,
            Err(why) => {
                let step = unasked(planned, self.phase, Verdict::Error, &why);
                self.sight.remember(&step.id, seen(&step));
                return (self.tell(step), None);
            }
        };
        match &planned.step.each {
            None => {
                let Asked {
                    step,
                    remarks,
                    lost,
                } = self.asked(planned, &own).await;
                self.remark(&step.id, remarks);
                self.sight.remember(&step.id, seen(&step));
                (self.tell(step), lost)
            }
            Some(each) => self.each(planned, each, own).await,
        }
    }

    async fn each(
        &mut self,
        planned: &PlannedStep,
        each: &Each,
        mut own: Own,
    ) -> (Verdict, Option<String>) {
        let id = &planned.step.id;
        let items = match each.of.value(self.sight.of(&own).scope()) {
            Ok(Value::Array(items)) => items,
            found => {
                let why = match found {
                    Err(error) => format!("`of: {}`: {}", each.of.source(), error.message),
                    Ok(_) => format!("`of: {}` is no list", each.of.source()),
                };
                let step = unasked(planned, self.phase, Verdict::Error, &why);
                self.sight
                    .remember(id, json!({"status": "error", "items": []}));
                return (self.tell(step), None);
            }
        };
        if items.len() > each.max {
            let text = format!(
                "asked about the first {} of {} items; `max` says how many",
                each.max,
                items.len()
            );
            self.remark(id, vec![text]);
        }
        let mut worst = Verdict::Skip;
        let mut facts = Vec::new();
        for (at, item) in items.iter().take(each.max).enumerate() {
            if self.interrupt.is_stopped() {
                break;
            }
            own.about(&each.item, item.clone());
            let Asked {
                mut step,
                remarks,
                lost,
            } = self.asked(planned, &own).await;
            facts.push(seen(&step));
            step.id = format!("{id}[{at}]");
            self.remark(&step.id, remarks);
            let verdict = self.tell(step);
            if at == 0 || verdict.status() > worst.status() {
                worst = verdict;
            }
            if lost.is_some() {
                self.sight
                    .remember(id, json!({"status": verdict.word(), "items": facts}));
                return (verdict, lost);
            }
        }
        if items.is_empty() {
            let why = format!("nothing to ask: `of: {}` is empty", each.of.source());
            self.tell(unasked(planned, self.phase, Verdict::Skip, &why));
        }
        self.sight
            .remember(id, json!({"status": worst.word(), "items": facts}));
        (worst, None)
    }

    /// One step about one thing, as often as its `retry` says.
    async fn asked(&mut self, planned: &PlannedStep, own: &Own) -> Asked {
        let sight = self.sight.of(own);
        // In its own container the patient's tools are its own image's.
        let own_image = match self.lane.plan.attach.mode {
            Mode::Exec => self.session.attached().and_then(|attach| attach.image),
            Mode::Ephemeral | Mode::Copy | Mode::Node => None,
        };
        let mut attempt = Attempt {
            planned,
            plan: &self.lane.plan,
            image: own_image.as_deref().unwrap_or(&self.image),
            interrupt: &self.interrupt,
            redactor: &self.lane.redactor,
            clock: self.lane.teller.clock.as_ref(),
            phase: self.phase,
            room: self.room,
        };
        let session = self.session.as_mut();
        let mut asked = attempt.ask(session, &sight).await;
        self.room = self.room.saturating_sub(room::kept(&asked.step));
        let Some(retry) = &planned.step.retry else {
            return asked;
        };
        if session.is_over() {
            if again(&asked) {
                let once = "asked once: the oneshot transport cannot ask again";
                asked.remarks.push(once.into());
            }
            return asked;
        }
        let mut attempts = std::mem::take(&mut asked.step.attempts);
        let mut duration = asked.step.duration;
        let mut tried = 1;
        while tried < retry.attempts && again(&asked) && !given_up(retry, &asked, &sight) {
            let pause = tokio::time::sleep(retry.wait(tried));
            tokio::select! {
                () = pause => {}
                () = self.interrupt.stopped() => break,
            }
            attempt.room = self.room;
            let mut next = attempt.ask(session, &sight).await;
            self.room = self.room.saturating_sub(room::kept(&next.step));
            attempts.append(&mut next.step.attempts);
            duration += next.step.duration;
            next.step.started = asked.step.started;
            next.remarks.splice(..0, std::mem::take(&mut asked.remarks));
            asked = next;
            tried += 1;
        }
        if tried > 1 && asked.step.status == Verdict::Pass {
            asked.step.status = Verdict::Flaky;
            asked.step.reason = Some(format!("it holds at attempt {tried}, and did not before"));
        }
        asked.step.attempts = attempts;
        asked.step.duration = duration;
        asked
    }

    /// Tells what became of a step, and keeps what follows from it.
    fn tell(&mut self, step: StepReport) -> Verdict {
        let verdict = step.status;
        if self.phase != Phase::Finally {
            self.outcome.verdicts.push(verdict);
            self.failed |= step
                .checks
                .iter()
                .any(|check| check.status == Verdict::Fail);
        }
        self.lane.tell(Happening::StepFinished {
            target: self.lane.index,
            step,
        });
        verdict
    }

    fn remark(&self, step: &str, remarks: Vec<String>) {
        for text in remarks {
            let step = self.lane.plan.called(step);
            self.lane.note(format!("step {step}: {text}"));
        }
    }
}

/// Whether a step is worth asking again: something at error or above does not hold, or it could not be judged in time, or the way to the
/// target was lost meanwhile and taken up again.
fn again(asked: &Asked) -> bool {
    let bad = |check: &CheckReport| {
        check.severity >= Severity::Error && matches!(check.status, Verdict::Fail | Verdict::Warn)
    };
    asked.lost.is_none()
        && (asked.step.checks.iter().any(bad)
            || matches!(
                asked.step.status,
                Verdict::Error | Verdict::Timeout | Verdict::Unreachable
            ) && asked.step.started.is_some())
}

/// An expression that cannot be evaluated gives up nothing.
fn given_up(retry: &Retry, asked: &Asked, sight: &View<'_>) -> bool {
    let Some(give_up) = &retry.give_up else {
        return false;
    };
    let scope = sight.scope().with(&asked.step.facts);
    give_up.holds(&scope).unwrap_or(false)
}

/// Later steps see an earlier one under its id: its status, and its facts.
fn seen(step: &StepReport) -> Value {
    let mut seen: Map<String, Value> = step.facts.clone();
    seen.insert("status".into(), step.status.word().into());
    Value::Object(seen)
}

/// What is told of a patient whose processes are out of sight.
pub(super) fn out_of_sight(patient: &Patient) -> Option<String> {
    match patient {
        Patient {
            pid: None,
            reason: Some(reason),
            ..
        } => Some(format!(
            "the patient's own processes are out of sight: {reason}"
        )),
        _ => None,
    }
}
