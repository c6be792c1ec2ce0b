//! A program asked: it runs on a thread of its own, and asks from there.
//!
//! What it wants to know is asked of the session on that thread, while the lane waits for the program's end. So a step of a program goes
//! the way of any other step, with its bounds, its judging and its events, and an interruption reaches the program whether it waits
//! or computes. The thread only borrows the session: whatever becomes of it, a panic with it, the lane has it back and the container
//! is ended.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value};
use tokio::runtime::Handle;

use super::desk::Desk;
use super::{Asker, FINALLY, Outcome};
use crate::cluster::Session;
use crate::engine::attempt::Asked;
use crate::engine::passage::{Call, broken};
use crate::engine::sight::Own;
use crate::plan::PlannedStep;
use crate::report::{Happening, Phase, Verdict};
use crate::runbook::Scripted;
use crate::script::program::{Ending, Refusal, Request, Thrown};

/// The most steps that a program may ask one target. A loop that asks more is no diagnosis.
const MAX_STEPS: usize = 1_000;

/// The course of a program: `main`; after a failure `on_fail`; and at the end `finally`, an interruption or not.
pub(super) struct Course {
    scripted: Arc<Scripted>,
    /// Shared with the program's thread, which tells and judges there.
    desk: Arc<Mutex<Desk>>,
    /// Lent to the program's thread, which asks there.
    conversation: Arc<tokio::sync::Mutex<Conversation>>,
}

/// One target's conversation with a program.
struct Conversation {
    asker: Asker,
    scripted: Arc<Scripted>,
    desk: Arc<Mutex<Desk>>,
}

impl Course {
    pub(super) fn new(asker: Asker, scripted: Arc<Scripted>) -> Self {
        let desk = Arc::new(Mutex::new(Desk::new(&asker.lane, &scripted)));
        let conversation = Conversation {
            asker,
            scripted: Arc::clone(&scripted),
            desk: Arc::clone(&desk),
        };
        Self {
            scripted,
            desk,
            conversation: Arc::new(tokio::sync::Mutex::new(conversation)),
        }
    }

    /// Runs it to its end.
    pub(super) async fn all(self) -> (Option<Box<dyn Session>>, Outcome) {
        let has = |function: &str| self.scripted.program().has(function);
        let (on_fail, finally) = (has("on_fail"), has("finally"));
        self.main().await;
        let failed = self.desk().talk.failed();
        if on_fail && failed && self.begins(Phase::OnFail).await {
            let ended = self.call("on_fail").await;
            self.conclude("on_fail", ended).await;
        }
        let verdicts: Vec<_> = self.desk().talk.verdicts().collect();
        let mut conversation = self.conversation.lock().await;
        conversation.asker.outcome.verdicts.extend(verdicts);
        drop(conversation);
        if finally && self.begins(Phase::Finally).await {
            self.finally().await;
        }
        match Arc::into_inner(self.conversation) {
            Some(conversation) => conversation.into_inner().asker.settled(),
            None => {
                let reason = "the program's thread holds on to the debug container, which ends by itself: that was not waited for".to_owned();
                let outcome = Outcome {
                    reason: Some(reason),
                    ..Outcome::default()
                };
                (None, outcome)
            }
        }
    }

    /// Goes on to the next phase, where there is still somebody to ask. Only the last one is begun after an interruption.
    async fn begins(&self, phase: Phase) -> bool {
        let asker = &mut self.conversation.lock().await.asker;
        let begins = !asker.lost && (phase == Phase::Finally || !asker.interrupt.is_stopped());
        if begins {
            asker.phase = phase;
        }
        begins
    }

    async fn main(&self) {
        let ended = self.call("main").await;
        let asked = self.desk().talk.len();
        match ended {
            Ok(Ending::Skipped(why)) => {
                self.note(&format!("the rest was skipped: {why}"));
                if asked == 0 {
                    let asker = &mut self.conversation.lock().await.asker;
                    asker.outcome.verdicts.push(Verdict::Skip);
                }
            }
            Ok(Ending::Returned) if asked == 0 => {
                self.because("the program asked nothing".into()).await;
            }
            ended => self.conclude("main", ended).await,
        }
    }

    /// It changes no verdict, so what goes wrong in it is a word to the reader.
    async fn finally(&self) {
        let over = self.conversation.lock().await.asker.bounded(FINALLY);
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

    async fn conclude(&self, function: &str, ended: Result<Ending, Thrown>) {
        let why = match ended {
            Ok(Ending::Returned) => return,
            Ok(Ending::Skipped(why)) => {
                return self.note(&format!("{function} was skipped: {why}"));
            }
            Ok(Ending::Stopped(why)) => why,
            Err(thrown) => format!("{function}: {thrown}"),
        };
        let why = self.desk().masked(&why);
        self.because(why).await;
    }

    /// Why not everything was asked; the first reason is the one that is told.
    async fn because(&self, why: String) {
        let asker = &mut self.conversation.lock().await.asker;
        asker.outcome.reason.get_or_insert(why);
    }

    /// Runs one function to its end.
    async fn call(&self, function: &'static str) -> Result<Ending, Thrown> {
        let conversation = self.conversation.lock().await;
        let sight = &conversation.asker.sight;
        let mut params = self.scripted.params(sight.of(&Own::default()).scope());
        let interrupt = conversation.asker.interrupt.clone();
        drop(conversation);
        for (name, mark) in &self.desk().marks {
            params.insert(name.clone(), mark.clone().into());
        }
        let program = self.scripted.program().clone();
        let answers = Box::new(self.answers());
        let begun = Call::begin(program, function.to_owned(), params, (interrupt, answers));
        let call =
            begun.map_err(|error| broken(format!("no thread can be had for it: {error}")))?;
        let ended = call.end().await;
        self.conversation.lock().await.tell();
        ended
    }

    /// Answers the program, on its own thread.
    fn answers(&self) -> impl FnMut(Request) -> Result<Value, Refusal> + use<> {
        let (runtime, desk) = (Handle::current(), Arc::clone(&self.desk));
        let conversation = Arc::clone(&self.conversation);
        move |request| {
            if request.waits() {
                runtime.block_on(async { conversation.lock().await.answered(request).await })
            } else {
                locked(&desk).answered(request)
            }
        }
    }

    fn note(&self, text: &str) {
        self.desk().note(text);
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        locked(&self.desk)
    }
}

/// What a thread told that broke off is told all the same.
fn locked(desk: &Mutex<Desk>) -> MutexGuard<'_, Desk> {
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Conversation {
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
        let lane = &self.asker.lane;
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

    fn desk(&self) -> MutexGuard<'_, Desk> {
        locked(&self.desk)
    }
}
