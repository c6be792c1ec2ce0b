//! A program asked: it runs on a thread of its own, and waits there while the lane asks what it wants to know.
//!
//! The program's door is a channel: each request goes to the lane with a place for its answer, and the thread sleeps until that
//! comes. So a step of a program goes the way of any other step, with its bounds, its judging and its events, and an interruption
//! reaches the program whether it waits or computes. The session is the lane's all the time: whatever becomes of the thread, a panic
//! with it, the container is ended.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value};

use super::desk::Desk;
use super::{Asker, FINALLY, Outcome};
use crate::engine::attempt::Asked;
use crate::engine::passage::{Call, broken};
use crate::engine::sight::Own;
use crate::plan::PlannedStep;
use crate::report::{Happening, Phase, Verdict};
use crate::runbook::Scripted;
use crate::script::program::{Ending, Refusal, Request, Thrown};

/// The most steps that a program may ask one target. A loop that asks more is no diagnosis.
const MAX_STEPS: usize = 1_000;

/// One target's conversation with a program.
pub(super) struct Conversation<'a> {
    asker: Asker<'a>,
    scripted: Arc<Scripted>,
    /// Shared with the program's thread, which tells and judges there.
    desk: Arc<Mutex<Desk>>,
}

impl<'a> Conversation<'a> {
    pub(super) fn new(asker: Asker<'a>, scripted: Arc<Scripted>) -> Self {
        Self {
            desk: Arc::new(Mutex::new(Desk::new(asker.lane, &scripted))),
            asker,
            scripted,
        }
    }

    /// Runs `main`; after a failure `on_fail`; and at the end `finally`, an interruption or not.
    pub(super) async fn all(mut self) -> Outcome {
        let has = |function: &str| self.scripted.program().has(function);
        let (on_fail, finally) = (has("on_fail"), has("finally"));
        self.main().await;
        let failed = self.desk().talk.failed();
        if on_fail && failed && !self.asker.lost && !self.asker.interrupt.is_stopped() {
            self.asker.phase = Phase::OnFail;
            let ended = self.call("on_fail").await;
            self.conclude("on_fail", ended);
        }
        let verdicts: Vec<_> = self.desk().talk.verdicts().collect();
        self.asker.outcome.verdicts.extend(verdicts);
        if finally && !self.asker.lost {
            self.asker.phase = Phase::Finally;
            self.finally().await;
        }
        self.asker.settled()
    }

    async fn main(&mut self) {
        let ended = self.call("main").await;
        let asked = self.desk().talk.len();
        match ended {
            Ok(Ending::Skipped(why)) => {
                self.note(&format!("the rest was skipped: {why}"));
                if asked == 0 {
                    self.asker.outcome.verdicts.push(Verdict::Skip);
                }
            }
            Ok(Ending::Returned) if asked == 0 => {
                self.asker.outcome.reason = Some("the program asked nothing".into());
            }
            ended => self.conclude("main", ended),
        }
    }

    /// It changes no verdict, so what goes wrong in it is a word to the reader.
    async fn finally(&mut self) {
        let over = self.asker.bounded(FINALLY);
        let ended = tokio::select! {
            ended = self.call("finally") => ended,
            () = over => return,
        };
        match ended {
            Err(thrown) => self.note(&format!("finally: {thrown}")),
            Ok(Ending::Stopped(why)) => self.note(&format!("finally: {why}")),
            Ok(Ending::Returned | Ending::Skipped(_)) => {}
        }
    }

    fn conclude(&mut self, function: &str, ended: Result<Ending, Thrown>) {
        let why = match ended {
            Ok(Ending::Returned) => return,
            Ok(Ending::Skipped(why)) => {
                return self.note(&format!("{function} was skipped: {why}"));
            }
            Ok(Ending::Stopped(why)) => why,
            Err(thrown) => format!("{function}: {thrown}"),
        };
        let why = self.desk().masked(&why);
        self.asker.outcome.reason.get_or_insert(why);
    }

    /// Runs one function to its end, answering what it asks.
    async fn call(&mut self, function: &'static str) -> Result<Ending, Thrown> {
        let mut params = self
            .scripted
            .params(self.asker.sight.of(&Own::default()).scope());
        for (name, mark) in &self.desk().marks {
            params.insert(name.clone(), mark.clone().into());
        }
        let program = self.scripted.program().clone();
        let interrupt = self.asker.interrupt.clone();
        let desk = Arc::clone(&self.desk);
        let tells = Box::new(move |request| {
            let mut desk = desk.lock().unwrap_or_else(PoisonError::into_inner);
            desk.answered(request)
        });
        let begun = Call::begin(program, function.to_owned(), params, (interrupt, tells));
        let mut call =
            begun.map_err(|error| broken(format!("no thread can be had for it: {error}")))?;
        while let Some((request, answer)) = call.request().await {
            let given = self.answered(request).await;
            let _ = answer.send(given);
        }
        self.tell();
        call.end().await
    }

    async fn answered(&mut self, request: Request) -> Result<Value, Refusal> {
        let asked = self.desk().talk.len();
        match request {
            Request::Ask { .. } if asked >= MAX_STEPS => Err(Refusal::Wrong(format!(
                "the program asks more than {MAX_STEPS} steps of one target; ask about fewer things, or for more with one command"
            ))),
            Request::Ask {
                kind,
                id,
                value,
                options,
            } => {
                let planned = self
                    .planned(&kind, id, value, options)
                    .map_err(Refusal::Wrong)?;
                self.ask(&planned).await
            }
            Request::Target(name) => {
                if name != "target" {
                    self.asker.reach().await;
                }
                self.known(name)
            }
            Request::Simulate { .. } => Err(Refusal::Wrong(
                "`simulate` is for tests: a run asks its target".into(),
            )),
            told => self.desk().answered(told),
        }
    }

    fn planned(
        &mut self,
        kind: &str,
        id: Option<String>,
        value: Value,
        options: Map<String, Value>,
    ) -> Result<PlannedStep, String> {
        let mut desk = self.desk();
        let id = desk.talk.name(kind, id);
        let step = self
            .scripted
            .step(kind, &id, (value, options), &desk.marks)?;
        drop(desk);
        let mut planned = PlannedStep::of(step)
            .map_err(|refused| format!("{}; {}", refused.headline, refused.help))?;
        if !self.asker.lane.plan.waits {
            planned.hurry();
        }
        Ok(planned)
    }

    /// One of `target`, `target_pid`, `target_root`.
    fn known(&self, name: &str) -> Result<Value, Refusal> {
        match self.asker.sight.target(name) {
            Some(Value::Null) | None => {
                let why = self.asker.session.patient().reason.as_deref();
                let why = why.or(self.asker.unattached.as_deref());
                let why = why.unwrap_or("it was not found");
                Err(Refusal::Wrong(format!("`{name}()` is not known: {why}")))
            }
            Some(known) => Ok(known.clone()),
        }
    }

    async fn ask(&mut self, planned: &PlannedStep) -> Result<Value, Refusal> {
        self.tell();
        let number = self.desk().talk.len() + 1;
        let asker = &mut self.asker;
        if asker.lost {
            let why = asker.outcome.reason.clone().unwrap_or_default();
            return Err(Refusal::Stopped(why));
        }
        if asker.interrupt.is_stopped() {
            return Err(Refusal::Stopped("interrupted".into()));
        }
        asker.lane.tell(Happening::StepStarted {
            target: asker.lane.index,
            id: planned.step.id.clone(),
            number,
            of: 0,
        });
        let Asked {
            step,
            remarks,
            lost,
        } = asker.within_reach(planned).await;
        asker.remark(&step.id, remarks);
        let seen = self.desk().talk.asked(step);
        if let Some(why) = lost {
            self.asker.lost = true;
            self.asker.outcome.reason = Some(why);
        }
        if self.asker.interrupt.is_stopped() {
            return Err(Refusal::Stopped("interrupted".into()));
        }
        Ok(seen)
    }

    fn tell(&mut self) {
        let lane = self.asker.lane;
        let target = lane.index;
        let untold = self.desk().talk.untold();
        for (step, before) in untold {
            lane.tell(if before {
                Happening::StepAmended { target, step }
            } else {
                Happening::StepFinished { target, step }
            });
        }
    }

    fn note(&self, text: &str) {
        self.desk().note(text);
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
