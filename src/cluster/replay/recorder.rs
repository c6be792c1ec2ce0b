//! Writing a run down while it happens: whatever a cluster says goes by here, unchanged, and is kept.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use super::line::Line;
use super::{ABOUT, SCHEMA};
use crate::ask::{Answer, Ask, Need, Patient};
use crate::cluster::{Attach, Closed, Cluster, Found, Lost, Refusal, Scope, Session};
use crate::report::{AttachReport, Redactor};
use crate::target::{Selector, Target};

/// The folder of one recording. Each line is flushed as it comes, so that a run that is killed leaves what it heard.
pub struct Recorder {
    folder: PathBuf,
    redactor: Redactor,
    tapes: Mutex<BTreeMap<String, Arc<Mutex<File>>>>,
    /// The first write that failed.
    trouble: Mutex<Option<String>>,
}

impl Recorder {
    /// A new recording in a folder that is empty or not there yet. `about` is what the caller wants to find again; what `redactor`
    /// masks is masked here as well, in asks and in answers.
    pub fn create(folder: &Path, about: &Value, redactor: Redactor) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        if std::fs::read_dir(folder)?.next().is_some() {
            return Err(io::Error::other("the folder is not empty"));
        }
        std::fs::write(folder.join(ABOUT), format!("{about:#}\n"))?;
        Ok(Self {
            folder: folder.into(),
            redactor,
            tapes: Mutex::default(),
            trouble: Mutex::default(),
        })
    }

    /// Begins the file of a target; the order of these calls is the order of the targets.
    pub fn begin(&self, target: &Target) {
        let name = target.to_string();
        let opened = {
            let mut tapes = held(&self.tapes);
            let file = format!(
                "{:04}-{}.jsonl",
                tapes.len() + 1,
                name.replace(['/', ':'], "_")
            );
            File::create_new(self.folder.join(file))
                .map(|file| tapes.insert(name, Arc::new(Mutex::new(file))))
        };
        match opened {
            Ok(_) => self.write(
                target,
                &Line::Target {
                    schema: SCHEMA.into(),
                    who: self.redactor.target(target),
                },
            ),
            Err(error) => self.note(&error),
        }
    }

    /// Writes down that a target cannot be asked.
    pub fn refused(&self, target: &Target, refusal: &Refusal) {
        self.write(
            target,
            &Line::Refused {
                refusal: Refusal {
                    headline: self.redactor.text(&refusal.headline),
                    help: self.redactor.text(&refusal.help),
                    attach: (refusal.attach.clone())
                        .map(|told| Box::new(self.redactor.attach(*told))),
                    ..refusal.clone()
                },
            },
        );
    }

    /// The same cluster, with all that it answers written down.
    pub fn listening(self: &Arc<Self>, cluster: Arc<dyn Cluster>) -> Arc<dyn Cluster> {
        Arc::new(Listening {
            cluster,
            recorder: Arc::clone(self),
        })
    }

    /// What could not be written, if anything: the recording is then not whole.
    pub fn trouble(&self) -> Option<String> {
        held(&self.trouble).clone()
    }

    fn answer(&self, ask: &Ask, answer: &Answer) -> Answer {
        let mut answer = answer.clone();
        self.redactor.answer(ask, &mut answer);
        answer
    }

    fn write(&self, target: &Target, line: &Line) {
        let tape = held(&self.tapes).get(&target.to_string()).cloned();
        let Some(tape) = tape else { return };
        let written = serde_json::to_vec(line)
            .map_err(io::Error::from)
            .and_then(|mut bytes| {
                bytes.push(b'\n');
                held(&tape).write_all(&bytes)
            });
        if let Err(error) = written {
            self.note(&error);
        }
    }

    fn note(&self, error: &io::Error) {
        held(&self.trouble).get_or_insert_with(|| format!("{}: {error}", self.folder.display()));
    }
}

/// A lock that a panic elsewhere cannot take away: what it guards is whole between any two calls.
fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Listening {
    cluster: Arc<dyn Cluster>,
    recorder: Arc<Recorder>,
}

#[async_trait]
impl Cluster for Listening {
    fn name(&self) -> String {
        self.cluster.name()
    }

    async fn find(&self, selector: &Selector, scope: &Scope) -> Result<Found, Refusal> {
        self.cluster.find(selector, scope).await
    }

    async fn denied(&self, needs: &[Need], namespace: &str) -> Result<Vec<Need>, Refusal> {
        self.cluster.denied(needs, namespace).await
    }

    async fn open(
        &self,
        target: &Target,
        attach: &Attach,
        asks: Option<&[Ask]>,
        stop: &CancellationToken,
    ) -> Result<Box<dyn Session>, Refusal> {
        let opened = self.cluster.open(target, attach, asks, stop).await;
        self.heard(target, opened)
    }

    async fn consult(
        &self,
        target: &Target,
        attach: &Attach,
        stop: &CancellationToken,
    ) -> Result<Box<dyn Session>, Refusal> {
        let consulted = self.cluster.consult(target, attach, stop).await;
        self.heard(target, consulted)
    }
}

impl Listening {
    /// Writes down how a way to a target came to be, or why not, and listens on it.
    fn heard(
        &self,
        target: &Target,
        opened: Result<Box<dyn Session>, Refusal>,
    ) -> Result<Box<dyn Session>, Refusal> {
        let session = match opened {
            Ok(session) => session,
            Err(refusal) => {
                self.recorder.refused(target, &refusal);
                return Err(refusal);
            }
        };
        self.recorder.write(
            target,
            &Line::Opened {
                container: session.container(),
                patient: session.patient().clone(),
                attach: session
                    .attached()
                    .map(|told| self.recorder.redactor.attach(told)),
            },
        );
        Ok(Box::new(Heard {
            session,
            target: target.clone(),
            recorder: Arc::clone(&self.recorder),
            under_way: None,
        }))
    }
}

struct Heard {
    session: Box<dyn Session>,
    target: Target,
    recorder: Arc<Recorder>,
    /// What is being asked: an answer that is dropped in mid-step is told by `cancel`.
    under_way: Option<Ask>,
}

#[async_trait]
impl Session for Heard {
    fn attached(&self) -> Option<AttachReport> {
        self.session.attached()
    }

    fn container(&self) -> Option<String> {
        self.session.container()
    }

    fn patient(&self) -> &Patient {
        self.session.patient()
    }

    async fn answer(&mut self, ask: &Ask) -> Result<Answer, Lost> {
        self.under_way = Some(ask.clone());
        let answered = self.session.answer(ask).await;
        self.under_way = None;
        let recorder = &self.recorder;
        let masked = |answer: &Answer| recorder.answer(ask, answer);
        let line = match &answered {
            Ok(answer) => Line::Answered {
                ask: recorder.redactor.ask(ask),
                answer: masked(answer),
            },
            Err(lost) => Line::Lost {
                ask: recorder.redactor.ask(ask),
                why: recorder.redactor.text(&lost.why),
                partial: lost.partial.as_deref().map(masked).map(Box::new),
            },
        };
        self.recorder.write(&self.target, &line);
        answered
    }

    fn told(&mut self) -> Option<Map<String, Value>> {
        self.session.told()
    }

    async fn cancel(&mut self) -> Option<Answer> {
        let answer = self.session.cancel().await;
        let ask = self.under_way.take();
        let line = Line::Cancelled {
            // Where nothing was asked, there is nothing to answer.
            answer: answer
                .as_ref()
                .zip(ask.as_ref())
                .map(|(answer, ask)| self.recorder.answer(ask, answer)),
            ask: ask.as_ref().map(|ask| self.recorder.redactor.ask(ask)),
        };
        self.recorder.write(&self.target, &line);
        answer
    }

    async fn close(self: Box<Self>) -> Closed {
        let closed = self.session.close().await;
        self.recorder.write(
            &self.target,
            &Line::Closed {
                attach: closed
                    .attach
                    .clone()
                    .map(|told| self.recorder.redactor.attach(told)),
                remarks: (closed.remarks.iter())
                    .map(|remark| self.recorder.redactor.text(remark))
                    .collect(),
            },
        );
        closed
    }
}
