//! A cluster of answers out of a file: by what is asked, word for word or by its first word; a list is given one after the other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use housecall::ask::{Answer, Ask, Captured, Ended, FileStatus, Need, Patient, Progress, Question};
use housecall::clock::{Clock, FixedClock};
use housecall::cluster::{Attach, Closed, Cluster, Found, Lost, Refusal, Scope, Session};
use housecall::report::AttachReport;
use housecall::target::{Selector, Target};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

#[derive(Clone)]
pub(super) struct Answers {
    pub(super) given: Value,
    /// What was asked, in its order.
    pub(super) asked: Arc<Mutex<Vec<Ask>>>,
}

#[async_trait]
impl Cluster for Answers {
    fn name(&self) -> String {
        "answers".into()
    }

    async fn find(&self, _: &Selector, _: &Scope) -> Result<Found, Refusal> {
        Ok(Found {
            targets: Vec::new(),
            notes: Vec::new(),
        })
    }

    async fn denied(&self, _: &[Need], _: &str) -> Result<Vec<Need>, Refusal> {
        Ok(Vec::new())
    }

    async fn open(
        &self,
        _: &Target,
        _: &Attach,
        _: Option<&[Ask]>,
        _: &CancellationToken,
    ) -> Result<Box<dyn Session>, Refusal> {
        Ok(Box::new(Given {
            answers: self.given.clone(),
            asked: Arc::clone(&self.asked),
            turns: HashMap::new(),
            patient: Patient {
                pid: Some(7),
                root: Some("/proc/7/root".into()),
                reason: None,
            },
        }))
    }
}

struct Given {
    answers: Value,
    asked: Arc<Mutex<Vec<Ask>>>,
    turns: HashMap<String, usize>,
    patient: Patient,
}

#[async_trait]
impl Session for Given {
    fn attached(&self) -> Option<AttachReport> {
        Some(AttachReport {
            mode: "ephemeral".into(),
            transport: "live".into(),
            proven: true,
            ..AttachReport::default()
        })
    }

    fn container(&self) -> Option<String> {
        None
    }

    fn patient(&self) -> &Patient {
        &self.patient
    }

    async fn answer(&mut self, ask: &Ask) -> Result<Answer, Lost> {
        self.asked.lock().unwrap().push(ask.clone());
        let argv = ask.argv();
        let known = [argv.join(" "), argv[0].clone()];
        let key = known
            .into_iter()
            .find(|key| self.answers.get(key).is_some());
        let missing = json!({"exit": 127});
        let found = key.as_ref().map_or(&missing, |key| &self.answers[key]);
        let found = match found.as_array() {
            None => found,
            Some(list) => {
                let turn = self.turns.entry(key.unwrap_or_default()).or_default();
                *turn += 1;
                list.get(*turn - 1).or(list.last()).unwrap_or(&missing)
            }
        };
        Ok(answer(found, ask))
    }

    async fn cancel(&mut self) -> Option<Answer> {
        None
    }

    async fn close(self: Box<Self>) -> Closed {
        Closed {
            attach: self.attached(),
            remarks: Vec::new(),
        }
    }
}

fn answer(found: &Value, ask: &Ask) -> Answer {
    let text = |key: &str| match &found[key] {
        Value::Bool(true) => String::from_utf8_lossy(&ask.stdin).into_owned(),
        other => other.as_str().unwrap_or_default().to_owned(),
    };
    let mut stdout = Captured::whole(text("stdout"));
    stdout.truncated = found["truncated"].as_bool().unwrap_or(false);
    let exit = found["exit"].as_i64().unwrap_or(0);
    Answer {
        ended: if found["timed_out"] == true {
            Ended::TimedOut
        } else {
            Ended::Exited(i32::try_from(exit).unwrap())
        },
        file: found["file"].as_str().map(|kind| FileStatus {
            resolved: ask.argv()[1].clone(),
            kind: kind.into(),
            mode: "644".into(),
            uid: 0,
            gid: 0,
            size: stdout.bytes.len() as u64,
            mtime: None,
        }),
        progress: match &ask.question {
            Question::Talk { dialogue, .. } => Some(Progress::of(dialogue, &stdout.bytes)),
            _ => None,
        },
        stdout,
        stderr: Captured::whole(text("stderr")),
        started: clock().now(),
        duration: Duration::from_secs_f64(found["duration"].as_f64().unwrap_or(0.005)),
        remarks: Vec::new(),
    }
}

pub(super) fn clock() -> Arc<dyn Clock> {
    Arc::new(FixedClock("2026-01-02T03:04:05Z".parse().unwrap()))
}
