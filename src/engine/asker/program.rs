//! A program asked: it runs on a thread of its own, and waits there while the lane asks what it wants to know.
//!
//! The program's door is a channel: each request goes to the lane with a place for its answer, and the thread sleeps until that
//! comes. So a step of a program goes the way of any other step, with its bounds, its judging and its events, and an interruption
//! reaches the program whether it waits or computes. The session is the lane's all the time: whatever becomes of the thread, a panic
//! with it, the container is ended.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::talk::Talk;
use super::{Asker, FINALLY, Outcome};
use crate::engine::attempt::{Asked, weighed};
use crate::engine::passage::{Call, broken};
use crate::engine::sight::Own;
use crate::plan::PlannedStep;
use crate::report::{CheckReport, Happening, Phase, Verdict, mask_of};
use crate::runbook::Scripted;
use crate::script::program::{Check, Ending, Refusal, Request, Thrown};

/// The most that a program may tell of one target beside its steps, in bytes: checks, facts, warnings, lines of its log. A loop that
/// tells more is no diagnosis, and a report has to be held in memory.
const MAX_TOLD: usize = 4 * 1024 * 1024;

/// The most steps that a program may ask one target. A loop that asks more is no diagnosis.
const MAX_STEPS: usize = 1_000;

/// One target's conversation with a program.
pub(super) struct Conversation<'a> {
    asker: Asker<'a>,
    scripted: Arc<Scripted>,
    talk: Talk,
    /// Bytes told so far; see [`MAX_TOLD`].
    told: usize,
    /// What the program is given in place of each secret: name, and a text that nobody can guess.
    marks: Vec<(String, String)>,
}

impl<'a> Conversation<'a> {
    pub(super) fn new(asker: Asker<'a>, scripted: Arc<Scripted>) -> Self {
        Self {
            marks: marks(&asker.lane.plan.secrets),
            asker,
            scripted,
            talk: Talk::default(),
            told: 0,
        }
    }

    /// Runs `main`; after a failure `on_fail`; and at the end `finally`, an interruption or not.
    pub(super) async fn all(mut self) -> Outcome {
        let has = |function: &str| self.scripted.program().has(function);
        let (on_fail, finally) = (has("on_fail"), has("finally"));
        self.main().await;
        if on_fail && self.talk.failed() && !self.asker.lost && !self.asker.interrupt.is_stopped() {
            self.asker.phase = Phase::OnFail;
            let ended = self.call("on_fail").await;
            self.conclude("on_fail", ended);
        }
        let verdicts = self.talk.verdicts();
        self.asker.outcome.verdicts.extend(verdicts);
        if finally && !self.asker.lost {
            self.asker.phase = Phase::Finally;
            self.finally().await;
        }
        self.asker.outcome
    }

    async fn main(&mut self) {
        match self.call("main").await {
            Ok(Ending::Skipped(why)) => {
                self.note(format!("the rest was skipped: {why}"));
                if self.talk.len() == 0 {
                    self.asker.outcome.verdicts.push(Verdict::Skip);
                }
            }
            Ok(Ending::Returned) if self.talk.len() == 0 => {
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
            Err(thrown) => self.note(format!("finally: {thrown}")),
            Ok(Ending::Stopped(why)) => self.note(format!("finally: {why}")),
            Ok(Ending::Returned | Ending::Skipped(_)) => {}
        }
    }

    fn conclude(&mut self, function: &str, ended: Result<Ending, Thrown>) {
        let why = match ended {
            Ok(Ending::Returned) => return,
            Ok(Ending::Skipped(why)) => {
                return self.note(format!("{function} was skipped: {why}"));
            }
            Ok(Ending::Stopped(why)) => why,
            Err(thrown) => format!("{function}: {thrown}"),
        };
        let why = self.masked(&why);
        self.asker.outcome.reason.get_or_insert(why);
    }

    /// Runs one function to its end, answering what it asks.
    async fn call(&mut self, function: &'static str) -> Result<Ending, Thrown> {
        let mut params = self
            .scripted
            .params(self.asker.sight.of(&Own::default()).scope());
        for (name, mark) in &self.marks {
            params.insert(name.clone(), mark.clone().into());
        }
        let program = self.scripted.program().clone();
        let interrupt = self.asker.interrupt.clone();
        let begun = Call::begin(program, function.to_owned(), params, interrupt);
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
        let done = |result: Result<(), String>| match result {
            Ok(()) => Ok(Value::Null),
            Err(why) => Err(Refusal::Wrong(why)),
        };
        self.told = self.told.saturating_add(size(&request));
        if self.told > MAX_TOLD {
            return Err(Refusal::Wrong(format!(
                "the program tells more than {} MiB of one target; collect large things as files, and tell what they mean",
                MAX_TOLD / 1024 / 1024
            )));
        }
        match request {
            Request::Ask { .. } if self.talk.len() >= MAX_STEPS => Err(Refusal::Wrong(format!(
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
            Request::Check(check) => done(self.check(check)),
            Request::Fact { name, value } => {
                let value = self.plain(value);
                done(self.talk.fact(&name, value))
            }
            Request::Looked { step, fact } => {
                self.talk.looked(&step, &fact);
                Ok(Value::Null)
            }
            Request::Log(text) => {
                self.note(text);
                Ok(Value::Null)
            }
            Request::Warn(text) => {
                let text = self.masked(&text);
                let weigh = weigh(&self.asker);
                if !self.talk.warn(text.clone(), weigh) {
                    self.note(text);
                }
                Ok(Value::Null)
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
        }
    }

    fn planned(
        &mut self,
        kind: &str,
        id: Option<String>,
        value: Value,
        options: Map<String, Value>,
    ) -> Result<PlannedStep, String> {
        let id = self.talk.name(kind, id);
        let step = self
            .scripted
            .step(kind, &id, (value, options), &self.marks)?;
        let mut planned = PlannedStep::of(step)
            .map_err(|refused| format!("{}; {}", refused.headline, refused.help))?;
        if !self.asker.lane.plan.waits {
            planned.hurry();
        }
        Ok(planned)
    }

    fn check(&mut self, mut check: Check) -> Result<(), String> {
        self.scripted.check_id(&check.id)?;
        for text in [&mut check.say, &mut check.hint, &mut check.url] {
            *text = text.take().map(|text| self.masked(&text));
        }
        let weigh = weigh(&self.asker);
        self.talk.check(check, self.scripted.severity(), weigh)
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
            number: self.talk.len() + 1,
            of: 0,
        });
        let Asked {
            step,
            remarks,
            lost,
        } = asker.within_reach(planned).await;
        asker.remark(&step.id, remarks);
        let seen = self.talk.asked(step);
        if let Some(why) = lost {
            asker.lost = true;
            asker.outcome.reason = Some(why);
        }
        if asker.interrupt.is_stopped() {
            return Err(Refusal::Stopped("interrupted".into()));
        }
        Ok(seen)
    }

    fn tell(&mut self) {
        let lane = self.asker.lane;
        let target = lane.index;
        for (step, before) in self.talk.untold() {
            lane.tell(if before {
                Happening::StepAmended { target, step }
            } else {
                Happening::StepFinished { target, step }
            });
        }
    }

    fn note(&self, text: String) {
        self.asker.lane.note(self.masked(&text));
    }

    /// A text of the program on its way out: it holds no secret, but perhaps what stands for one, or what a rule masks.
    fn masked(&self, text: &str) -> String {
        let text = self.asker.lane.redactor.text(text);
        self.marks.iter().fold(text, |text, (name, mark)| {
            text.replace(mark, &mask_of(name))
        })
    }

    fn plain(&self, value: Value) -> Value {
        match value {
            Value::String(text) => self.masked(&text).into(),
            Value::Array(items) => items.into_iter().map(|item| self.plain(item)).collect(),
            Value::Object(entries) => entries
                .into_iter()
                .map(|(key, value)| (self.masked(&key), self.plain(value)))
                .collect::<Map<_, _>>()
                .into(),
            other => other,
        }
    }
}

fn weigh(asker: &Asker<'_>) -> impl FnOnce(&mut CheckReport) + use<> {
    let plan = Arc::clone(&asker.lane.plan);
    let today = asker.lane.teller.clock.now();
    move |check| weighed(&plan, today, check)
}

/// What the program is given in place of secrets: it never holds one, and no output of the patient can pass for one.
fn marks(secrets: &[(String, String)]) -> Vec<(String, String)> {
    // Without random bytes a program gets nothing in place of its secrets.
    let Ok(bytes) = crate::random::bytes::<16>() else {
        return Vec::new();
    };
    let nonce: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    secrets
        .iter()
        .map(|(name, _)| (name.clone(), format!("<secret {name} {nonce}>")))
        .collect()
}

/// Bytes that a request adds to the report; an ask has bounds of its own.
fn size(request: &Request) -> usize {
    /// What a check or a fact takes beside its texts.
    const FRAME: usize = 200;
    match request {
        Request::Check(check) => {
            let texts = [&check.say, &check.hint, &check.url];
            let texts = texts.into_iter().flatten().map(String::len);
            FRAME + check.id.len() + texts.sum::<usize>()
        }
        Request::Fact { name, value } => FRAME + name.len() + value.to_string().len(),
        Request::Log(text) | Request::Warn(text) => FRAME + text.len(),
        Request::Ask { .. }
        | Request::Looked { .. }
        | Request::Target(_)
        | Request::Simulate { .. } => 0,
    }
}
