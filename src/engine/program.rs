//! A program asked: it runs on a thread of its own, and waits there while the lane asks what it wants to know.
//!
//! The program's door is a channel: each request goes to the lane with a place for its answer, and the thread sleeps until that
//! comes. So a step of a program goes the way of any other step, with its bounds, its judging and its events, and an interruption
//! reaches the program whether it waits or computes. The session is the lane's all the time: whatever becomes of the thread, a panic
//! with it, the container is ended.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use super::attempt::{Asked, Attempt};
use super::interrupt::Interrupt;
use super::lane::{Lane, Outcome};
use super::talk::Talk;
use crate::cluster::Session;
use crate::plan::PlannedStep;
use crate::report::{CheckReport, Happening, Verdict};
use crate::runbook::Scripted;
use crate::script::Scope;
use crate::script::program::{Door, Ending, Refusal, Request, STACK, Thrown, Watch};

/// How long `finally` may take: it runs after an interruption, too.
const FINALLY: Duration = Duration::from_secs(30);

/// A request, and where its answer goes.
type Passed = (Request, oneshot::Sender<Result<Value, Refusal>>);

/// The program's side of the channel.
struct Passage(mpsc::UnboundedSender<Passed>);

impl Door for Passage {
    fn pass(&mut self, request: Request) -> Result<Value, Refusal> {
        let (answer, answered) = oneshot::channel();
        let over = || Refusal::Stopped("the run is over".into());
        self.0.send((request, answer)).map_err(|_| over())?;
        answered.blocking_recv().unwrap_or_else(|_| Err(over()))
    }
}

/// One target's conversation with a program.
pub(super) struct Conversation<'a> {
    pub(super) lane: &'a Lane,
    pub(super) session: &'a mut dyn Session,
    pub(super) scripted: Arc<Scripted>,
    pub(super) scope: Scope,
    pub(super) image: &'a str,
    interrupt: Interrupt,
    talk: Talk,
    outcome: Outcome,
    lost: bool,
}

impl<'a> Conversation<'a> {
    pub(super) fn new(
        lane: &'a Lane,
        session: &'a mut dyn Session,
        scripted: Arc<Scripted>,
        scope: Scope,
        image: &'a str,
    ) -> Self {
        Self {
            lane,
            session,
            scripted,
            scope,
            image,
            interrupt: lane.interrupt.clone(),
            talk: Talk::default(),
            outcome: Outcome::default(),
            lost: false,
        }
    }

    /// Runs `main`; after a failure `on_fail`; and at the end `finally`, an interruption or not.
    pub(super) async fn all(mut self) -> Outcome {
        self.main().await;
        let has = |function: &str| self.scripted.program().has(function);
        let (on_fail, finally) = (has("on_fail"), has("finally"));
        if on_fail && self.talk.failed() && !self.lost && !self.interrupt.is_stopped() {
            self.judged("on_fail").await;
        }
        let counted = self.talk.len();
        if finally && !self.lost {
            self.finally().await;
        }
        let verdicts = self.talk.verdicts().take(counted);
        self.outcome.verdicts.extend(verdicts);
        self.outcome
    }

    async fn main(&mut self) {
        match self.call("main").await {
            Ok(Ending::Skipped(why)) => {
                self.lane.note(format!("the rest was skipped: {why}"));
                if self.talk.len() == 0 {
                    self.outcome.verdicts.push(Verdict::Skip);
                }
            }
            Ok(Ending::Returned) if self.talk.len() == 0 => {
                self.outcome.reason = Some("the program asked nothing".into());
            }
            ended => self.concluded("main", ended),
        }
    }

    async fn judged(&mut self, function: &'static str) {
        let ended = self.call(function).await;
        self.concluded(function, ended);
    }

    /// An interruption has ended what was asked before; this is bounded by itself, and given up by a second one.
    async fn finally(&mut self) {
        let brake = Interrupt::default();
        let lane = self.lane;
        self.interrupt = brake.clone();
        let stop = async {
            tokio::select! {
                () = tokio::time::sleep(FINALLY) => {}
                () = lane.interrupt.abandoned() => {}
            }
            brake.stop();
            std::future::pending::<()>().await;
        };
        let ended = tokio::select! {
            ended = self.call("finally") => ended,
            () = stop => return,
        };
        // It changes no verdict, so what goes wrong in it is a word to the reader.
        match ended {
            Err(thrown) => self.lane.note(format!("finally: {thrown}")),
            Ok(Ending::Stopped(why)) => self.lane.note(format!("finally: {why}")),
            Ok(Ending::Returned | Ending::Skipped(_)) => {}
        }
    }

    fn concluded(&mut self, function: &str, ended: Result<Ending, Thrown>) {
        let why = match ended {
            Ok(Ending::Returned) => return,
            Ok(Ending::Skipped(why)) => {
                return self.lane.note(format!("{function} was skipped: {why}"));
            }
            Ok(Ending::Stopped(why)) => why,
            Err(thrown) => format!("{function}: {thrown}"),
        };
        self.outcome.reason.get_or_insert(why);
    }

    /// Runs one function to its end, answering what it asks.
    async fn call(&mut self, function: &'static str) -> Result<Ending, Thrown> {
        let (requests, mut heard) = mpsc::unbounded_channel();
        let (over, ended) = oneshot::channel();
        let program = self.scripted.program().clone();
        let params = self.scripted.params(&self.scope);
        let interrupt = self.interrupt.clone();
        let watch: Watch =
            Arc::new(move || interrupt.is_stopped().then(|| "interrupted".to_owned()));
        let thread = std::thread::Builder::new()
            .name("program".into())
            .stack_size(STACK)
            .spawn(move || {
                let door = Box::new(Passage(requests));
                // The lane may be gone already.
                let _ = over.send(program.call(function, &params, door, watch));
            });
        if let Err(error) = thread {
            return Err(broken(format!("no thread can be had for it: {error}")));
        }
        while let Some((request, answer)) = heard.recv().await {
            let given = self.answered(request).await;
            let _ = answer.send(given);
        }
        self.tell();
        ended.await.unwrap_or_else(|_| {
            Err(broken(
                "it broke off; this is a fault of this program, not of the runbook".into(),
            ))
        })
    }

    async fn answered(&mut self, request: Request) -> Result<Value, Refusal> {
        match request {
            Request::Ask {
                kind,
                id,
                value,
                options,
            } => {
                let id = self.talk.name(&kind, id);
                let step = self.scripted.step(&kind, &id, &value, &options);
                let step = step.map_err(Refusal::Wrong)?;
                let planned = PlannedStep::of(&step).map_err(|refused| {
                    Refusal::Wrong(format!("{}; {}", refused.headline, refused.help))
                })?;
                self.ask(&planned).await
            }
            Request::Check(check) => {
                self.scripted.check_id(&check.id).map_err(Refusal::Wrong)?;
                let lane = self.lane;
                self.talk
                    .check(check, self.scripted.severity(), |check| weigh(lane, check))
                    .map_err(Refusal::Wrong)
                    .map(|()| Value::Null)
            }
            Request::Fact { name, value } => self
                .talk
                .fact(&name, value)
                .map_err(Refusal::Wrong)
                .map(|()| Value::Null),
            Request::Looked { step, fact } => {
                self.talk.looked(&step, &fact);
                Ok(Value::Null)
            }
            Request::Log(text) => {
                self.lane.note(text);
                Ok(Value::Null)
            }
            Request::Warn(text) => {
                let lane = self.lane;
                if !self.talk.warn(text.clone(), |check| weigh(lane, check)) {
                    self.lane.note(text);
                }
                Ok(Value::Null)
            }
            Request::Target(name) => self.known(name),
            Request::Simulate { .. } => Err(Refusal::Wrong(
                "`simulate` is for tests: a run asks its target".into(),
            )),
        }
    }

    /// One of `target`, `target_pid`, `target_root`.
    fn known(&self, name: &str) -> Result<Value, Refusal> {
        match self.scope.get(name) {
            Some(Value::Null) | None => {
                let why = self.session.patient().reason.as_deref();
                let why = why.unwrap_or("it was not found");
                Err(Refusal::Wrong(format!("`{name}()` is not known: {why}")))
            }
            Some(known) => Ok(known.clone()),
        }
    }

    async fn ask(&mut self, planned: &PlannedStep) -> Result<Value, Refusal> {
        self.tell();
        if self.lost {
            let why = self.outcome.reason.clone().unwrap_or_default();
            return Err(Refusal::Stopped(why));
        }
        if self.interrupt.is_stopped() {
            return Err(Refusal::Stopped("interrupted".into()));
        }
        self.lane.tell(Happening::StepStarted {
            target: self.lane.index,
            id: planned.step.id.clone(),
            number: self.talk.len() + 1,
            of: self.talk.len() + 1,
        });
        let attempt = Attempt {
            planned,
            image: self.image,
            fail_on: self.lane.plan.fail_on,
            interrupt: &self.interrupt,
        };
        let Asked {
            step,
            remarks,
            lost,
        } = attempt.ask(self.session, &self.scope).await;
        for text in remarks {
            self.lane.note(format!("step {}: {text}", step.id));
        }
        let seen = self.talk.asked(step);
        if let Some(why) = lost {
            self.lost = true;
            self.outcome.reason = Some(why);
        }
        if self.interrupt.is_stopped() {
            return Err(Refusal::Stopped("interrupted".into()));
        }
        Ok(seen)
    }

    fn tell(&mut self) {
        for step in self.talk.untold() {
            self.lane.tell(Happening::StepFinished {
                target: self.lane.index,
                step,
            });
        }
    }
}

fn weigh(lane: &Lane, check: &mut CheckReport) {
    if matches!(check.status, Verdict::Fail | Verdict::Warn) {
        check.status = if check.severity >= lane.plan.fail_on {
            Verdict::Fail
        } else {
            Verdict::Warn
        };
    }
}

fn broken(message: String) -> Thrown {
    Thrown {
        message,
        line: 0,
        column: 0,
    }
}
