//! An open conversation with the local `sh`.

mod talk;

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::time::{Instant, timeout, timeout_at};

use super::child::Child;
use crate::ask::{Answer, Ask, Patient, Question};
use crate::clock::Clock;
use crate::cluster::shell::{Hunt, Raw, Reply};
use crate::cluster::talk::Talk;
use crate::cluster::{Closed, Lost, Session};
use crate::report::{AttachReport, Terminated};

/// How much longer than a step's own timeout an answer may take: the watchdog beside the step strikes first, and killing a deep tree
/// leaf by leaf takes a while.
const PATIENCE: Duration = Duration::from_secs(8);

/// How long the shell may take to say hello, to find its patient, or to end.
const BRIEFLY: Duration = Duration::from_secs(15);

/// The session of one target on this machine.
pub(super) struct LocalSession {
    child: Child,
    clock: Arc<dyn Clock>,
    patient: Patient,
    requested_at: Timestamp,
    started_at: Timestamp,
    first_answer_at: Option<Timestamp>,
    under_way: Option<(Timestamp, Instant)>,
    /// The dialogue of the step under way, where that is one.
    talk: Option<Talk>,
}

impl LocalSession {
    pub(super) async fn open(
        child: Child,
        hunt: &Hunt,
        clock: Arc<dyn Clock>,
        requested_at: Timestamp,
    ) -> Result<Self, Lost> {
        let mut session = Self {
            child,
            requested_at,
            started_at: clock.now(),
            clock,
            patient: Patient {
                pid: None,
                root: None,
                reason: None,
            },
            first_answer_at: None,
            under_way: None,
            talk: None,
        };
        let opening = session.child.conversation.opening();
        session.child.say(opening);
        session
            .brief(|reply| matches!(reply, Reply::Hello(_)).then_some(()))
            .await?;
        let look = session
            .child
            .conversation
            .find_patient(hunt)
            .map_err(|error| lost(error.to_string()))?;
        session.child.say(look);
        session.patient = session
            .brief(|reply| match reply {
                Reply::Patient(patient) => Some(patient),
                _ => None,
            })
            .await?;
        Ok(session)
    }

    /// Waits a short while for one reply.
    async fn brief<T>(&mut self, wanted: impl Fn(Reply) -> Option<T>) -> Result<T, Lost> {
        timeout(BRIEFLY, self.until(wanted))
            .await
            .unwrap_or_else(|_| Err(lost("`sh` does not answer".into())))
    }

    async fn until<T>(&mut self, wanted: impl Fn(Reply) -> Option<T>) -> Result<T, Lost> {
        loop {
            while let Some(reply) = self.child.conversation.poll() {
                if self.under_way.is_some() && self.first_answer_at.is_none() {
                    self.first_answer_at = Some(self.clock.now());
                }
                if let Some(found) = wanted(reply) {
                    return Ok(found);
                }
            }
            if !self.child.hear().await {
                return Err(lost("`sh` ended".into()));
            }
        }
    }

    fn answered(&mut self, raw: Raw) -> Answer {
        let (started, since) = self
            .under_way
            .take()
            .unwrap_or_else(|| (self.clock.now(), Instant::now()));
        let mut answer = raw.answer(started, since.elapsed());
        if let Some(talk) = self.talk.take() {
            talk.tell(&mut answer);
        }
        answer
    }

    /// What had arrived of the step under way, when nothing more will.
    fn cut_off(&mut self, why: String) -> Lost {
        let partial = self.child.conversation.partial().map(|mut raw| {
            raw.ended = crate::ask::Ended::Lost(why.clone());
            Box::new(self.answered(raw))
        });
        Lost { why, partial }
    }

    async fn done(&mut self, deadline: Instant) -> Result<Raw, Lost> {
        let done = |reply| match reply {
            Reply::Done(raw) => Some(raw),
            _ => None,
        };
        timeout_at(deadline, self.until(done))
            .await
            .unwrap_or_else(|_| Err(lost("`sh` does not answer any more".into())))
    }

    /// Waits for the step under way.
    async fn outcome(&mut self, deadline: Instant) -> Result<Answer, Lost> {
        match self.done(deadline).await {
            Ok(raw) => Ok(self.answered(raw)),
            Err(lost) => Err(self.cut_off(lost.why)),
        }
    }

    /// Stops the step under way.
    async fn stop(&mut self) -> Result<Answer, Lost> {
        let stop = self.child.conversation.stop();
        self.child.say(stop);
        self.outcome(Instant::now() + PATIENCE).await
    }

    fn record(&self) -> AttachReport {
        AttachReport {
            mode: "local".into(),
            transport: "local".into(),
            requested_at: Some(self.requested_at),
            first_answer_at: self.first_answer_at,
            proven: false,
            ..AttachReport::default()
        }
    }
}

#[async_trait]
impl Session for LocalSession {
    fn attached(&self) -> Option<AttachReport> {
        Some(self.record())
    }

    fn container(&self) -> Option<String> {
        None
    }
    fn patient(&self) -> &Patient {
        &self.patient
    }

    async fn answer(&mut self, ask: &Ask) -> Result<Answer, Lost> {
        if let Question::Kube(_) = ask.question {
            let none = Raw::refused("there is no Kubernetes around this machine to be asked");
            return Ok(none.answer(self.clock.now(), Duration::ZERO));
        }
        let text = match self.child.conversation.ask(ask, &self.patient) {
            Ok(text) => text,
            Err(error) => {
                return Ok(Raw::unaskable(&error).answer(self.clock.now(), Duration::ZERO));
            }
        };
        self.under_way = Some((self.clock.now(), Instant::now()));
        self.child.say(text);
        if let Question::Talk { argv, dialogue } = &ask.question {
            return self.hold(ask, argv, dialogue).await;
        }
        self.outcome(Instant::now() + ask.timeout + PATIENCE).await
    }

    async fn cancel(&mut self) -> Option<Answer> {
        self.under_way?;
        match self.stop().await {
            Ok(answer) => Some(answer),
            Err(lost) => lost.partial.map(|answer| *answer),
        }
    }

    async fn close(mut self: Box<Self>) -> Closed {
        let farewell = self.child.conversation.farewell();
        self.child.say(farewell);
        let bye = self
            .brief(|reply| match reply {
                Reply::Bye(bye) => Some(bye),
                _ => None,
            })
            .await;
        let remarks = bye.map_or_else(|_| Vec::new(), |bye| bye.remarks);
        self.child.orders = None;
        let ended = match timeout(BRIEFLY, self.child.ended()).await {
            Ok(ended) => ended,
            Err(_) => self.child.kill().await,
        };
        let terminated = ended.ok().map(|status| Terminated {
            exit_code: code(status),
            reason: Some("Completed".into()),
            started_at: Some(self.started_at),
            finished_at: Some(self.clock.now()),
        });
        Closed {
            attach: Some(AttachReport {
                proven: terminated.is_some(),
                terminated,
                ..self.record()
            }),
            remarks,
        }
    }
}

/// As `sh` counts: 128 + n for signal n.
fn code(status: ExitStatus) -> i32 {
    status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal))
        .unwrap_or(-1)
}

fn lost(why: String) -> Lost {
    Lost { why, partial: None }
}
