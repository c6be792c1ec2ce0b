//! What a program tells and judges. It is taken on the program's own thread, between two questions: the lane sleeps meanwhile, or asks.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::talk::Talk;
use crate::engine::attempt::weighed;
use crate::engine::lane::Lane;
use crate::engine::tell::Teller;
use crate::plan::Plan;
use crate::report::{CheckReport, Happening, Redactor, mask_of};
use crate::runbook::Scripted;
use crate::script::program::{Check, Refusal, Request};

/// The most that a program may tell of one target beside its steps, in bytes: checks, facts, warnings, lines of its log. A loop that
/// tells more is no diagnosis, and a report has to be held in memory.
const MAX_TOLD: usize = 4 * 1024 * 1024;

/// What is known of one target by what its program asked and told.
pub(super) struct Desk {
    pub(super) talk: Talk,
    scripted: Arc<Scripted>,
    plan: Arc<Plan>,
    redactor: Arc<Redactor>,
    teller: Teller,
    index: usize,
    /// Bytes told so far; see [`MAX_TOLD`].
    told: usize,
    /// What the program is given in place of each secret: name, and a text that nobody can guess.
    pub(super) marks: Vec<(String, String)>,
}

impl Desk {
    pub(super) fn new(lane: &Lane, scripted: &Arc<Scripted>) -> Self {
        Self {
            talk: Talk::default(),
            scripted: Arc::clone(scripted),
            plan: Arc::clone(&lane.plan),
            redactor: Arc::clone(&lane.redactor),
            teller: lane.teller.clone(),
            index: lane.index,
            told: 0,
            marks: marks(&lane.plan.secrets),
        }
    }

    /// Answers a request that does not wait.
    pub(super) fn answered(&mut self, request: Request) -> Result<Value, Refusal> {
        self.told = self.told.saturating_add(size(&request));
        if self.told > MAX_TOLD {
            return Err(Refusal::Wrong(format!(
                "the program tells more than {} MiB of one target; collect large things as files, and tell what they mean",
                MAX_TOLD / 1024 / 1024
            )));
        }
        match request {
            Request::Check(check) => self.check(check).map_err(Refusal::Wrong)?,
            Request::Fact { name, value } => {
                let value = self.plain(value);
                self.talk.fact(&name, value).map_err(Refusal::Wrong)?;
            }
            Request::Looked { step, fact } => self.talk.looked(&step, &fact),
            Request::Log(text) => self.note(&text),
            Request::Warn(text) => {
                let text = self.masked(&text);
                let weigh = self.weigh();
                if !self.talk.warn(text.clone(), weigh) {
                    self.note(&text);
                }
            }
            Request::Ask { .. } | Request::Target(_) | Request::Simulate { .. } => {
                return Err(Refusal::Wrong("this is asked of the target".into()));
            }
        }
        Ok(Value::Null)
    }

    fn check(&mut self, mut check: Check) -> Result<(), String> {
        self.scripted.check_id(&check.id)?;
        for text in [&mut check.say, &mut check.hint, &mut check.url] {
            *text = text.take().map(|text| self.masked(&text));
        }
        let weigh = self.weigh();
        self.talk.check(check, self.scripted.severity(), weigh)
    }

    fn weigh(&self) -> impl FnOnce(&mut CheckReport) + use<> {
        let plan = Arc::clone(&self.plan);
        let today = self.teller.clock.now();
        move |check| weighed(&plan, today, check)
    }

    /// A line for the reader.
    pub(super) fn note(&self, text: &str) {
        self.teller.tell(Happening::Noted {
            target: Some(self.index),
            text: self.masked(text),
        });
    }

    /// A text of the program on its way out: it holds no secret, but perhaps what stands for one, or what a rule masks.
    pub(super) fn masked(&self, text: &str) -> String {
        let text = self.redactor.text(text);
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
