//! Answering what a test wrote down, by the step that asks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use crate::ask::{
    Answer, Ask, Canned, Captured, Ended, FileStatus, Need, Patient, Progress, Question,
};
use crate::cluster::{Attach, Closed, Cluster, Found, Lost, Refusal, Scope, Session};
use crate::report::AttachReport;
use crate::target::{Selector, Target};

/// Answers by step. A step that asks several times is given its answers in order, and the last one again and again.
#[derive(Clone, Default)]
pub struct Written(Arc<Inner>);

#[derive(Default)]
struct Inner {
    given: BTreeMap<String, Vec<Canned>>,
    others: Option<Canned>,
    missed: Mutex<BTreeSet<String>>,
}

impl Written {
    /// `others` answers every step that is not in `given`; without it such a step could not look, and is told by
    /// [`missed`](Self::missed).
    pub fn new(
        given: impl IntoIterator<Item = (String, Vec<Canned>)>,
        others: Option<Canned>,
    ) -> Self {
        Self(Arc::new(Inner {
            given: given.into_iter().collect(),
            others,
            missed: Mutex::default(),
        }))
    }

    /// The steps that asked and were given nothing.
    pub fn missed(&self) -> Vec<String> {
        let missed = self.0.missed.lock().unwrap_or_else(PoisonError::into_inner);
        missed.iter().cloned().collect()
    }
}

#[async_trait]
impl Cluster for Written {
    fn name(&self) -> String {
        "written".into()
    }

    async fn find(&self, _: &Selector, _: &Scope) -> Result<Found, Refusal> {
        Ok(Found {
            targets: vec![Target::pod("default", "patient")],
            notes: Vec::new(),
        })
    }

    async fn denied(&self, _: &[Need], _: &str) -> Result<Vec<Need>, Refusal> {
        Ok(Vec::new())
    }

    async fn open(
        &self,
        target: &Target,
        attach: &Attach,
        _: Option<&[Ask]>,
        _: &CancellationToken,
    ) -> Result<Box<dyn Session>, Refusal> {
        Ok(Box::new(Reading {
            written: Arc::clone(&self.0),
            container: target.container.clone(),
            image: attach.image.clone(),
            patient: Patient {
                pid: Some(1),
                root: Some("/proc/1/root".into()),
                reason: None,
            },
            turns: BTreeMap::new(),
            told: None,
        }))
    }
}

struct Reading {
    written: Arc<Inner>,
    container: Option<String>,
    image: String,
    patient: Patient,
    turns: BTreeMap<String, usize>,
    told: Option<Map<String, Value>>,
}

impl Reading {
    fn missing(&self, ask: &Ask) -> Canned {
        let mut missed = self
            .written
            .missed
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        missed.insert(ask.step.clone());
        Canned::silent(Ended::Lost(format!(
            "could not look: step `{}` is given no answer",
            ask.step
        )))
    }
}

#[async_trait]
impl Session for Reading {
    fn attached(&self) -> Option<AttachReport> {
        Some(AttachReport {
            mode: "replay".into(),
            transport: "replay".into(),
            image: Some(self.image.clone()),
            proven: true,
            ..AttachReport::default()
        })
    }

    fn container(&self) -> Option<String> {
        self.container.clone()
    }

    fn patient(&self) -> &Patient {
        &self.patient
    }

    async fn answer(&mut self, ask: &Ask) -> Result<Answer, Lost> {
        let turn = self.turns.entry(ask.step.clone()).or_default();
        let list = self
            .written
            .given
            .get(&ask.step)
            .map_or(&[][..], Vec::as_slice);
        let canned = list
            .get(*turn)
            .or(list.last())
            .or(self.written.others.as_ref());
        *turn += 1;
        let Canned { answer, facts } = canned.cloned().unwrap_or_else(|| self.missing(ask));
        self.told = facts;
        Ok(as_asked(answer, ask))
    }

    fn told(&mut self) -> Option<Map<String, Value>> {
        self.told.take()
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

/// The answer within the bounds of its ask; of a file and of a dialogue, with what its author left unsaid.
fn as_asked(mut answer: Answer, ask: &Ask) -> Answer {
    if let Question::File { path, max } = &ask.question {
        let length = answer.stdout.bytes.len() as u64;
        if answer.file.is_none() && answer.ended == Ended::Exited(0) {
            answer.file = Some(FileStatus {
                resolved: path.clone(),
                kind: "file".into(),
                mode: "644".into(),
                uid: 0,
                gid: 0,
                size: length,
                mtime: None,
            });
        }
        if let Some(status) = &mut answer.file {
            if status.resolved.is_empty() {
                status.resolved.clone_from(path);
            }
            status.size = status.size.max(length);
        }
        cut(&mut answer.stdout, *max);
    }
    if let Question::Talk { dialogue, .. } = &ask.question
        && answer.progress.is_none()
    {
        answer.progress = Some(Progress::of(dialogue, &answer.stdout.bytes));
    }
    cut(&mut answer.stdout, ask.stdout_cap);
    cut(&mut answer.stderr, ask.stderr_cap);
    answer
}

fn cut(stream: &mut Captured, cap: u64) {
    let cap = usize::try_from(cap).unwrap_or(usize::MAX);
    if stream.bytes.len() > cap {
        stream.bytes.truncate(cap);
        stream.truncated = true;
    }
}
