//! One open session: asks go down the stream, answers come back, and the end is read back.

mod regain;
mod talk;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::ending::Ending;
use super::exec::{Stream, Way};
use super::line::Line;
use super::loss::reason;
use super::pump::Piece;
use super::records::Records;
use super::reentry::Reentry;
use super::sight::Sight;
use super::standing;
use crate::ask::{Answer, Ask, Ended, Patient, Question};
use crate::clock::Clock;
use crate::cluster::shell::{Raw, Reply};
use crate::cluster::talk::Talk;
use crate::cluster::{Closed, Lost, Session};
use crate::report::AttachReport;

/// How long after its own timeout a step's end mark may still come: the watchdog beside it strikes, and kills in rounds.
const SLACK: Duration = Duration::from_secs(6);

/// How long a stopped step may take to be told as over.
const STOPPED: Duration = Duration::from_secs(6);

/// How long the shell may take to say farewell.
const FAREWELL: Duration = Duration::from_secs(3);

/// What is told of a connection that was lost when no step was under way, and taken up again.
const BEFORE: &str = "the connection was lost before this step and taken up again";

/// A session with one pod.
pub(super) struct LiveSession {
    stream: Stream,
    patient: Patient,
    sight: Sight,
    record: AttachReport,
    records: Records,
    clock: Arc<dyn Clock>,
    remarks: Vec<String>,
    asking: Option<Asking>,
    /// What had come of a step when the way was lost, while that is sought again.
    cut: Option<Box<Answer>>,
    /// The dialogue of the step under way, where that is one.
    talk: Option<Talk>,
    /// The stream of its terminal, which outlives it until the step is over.
    terminal: Option<Line>,
    /// True once the step under way has begun.
    begun: bool,
    /// Why the way to the shell is lost, while it is.
    lost: Option<String>,
    /// What ends with it.
    ending: Ending,
    /// True where it is lost for good.
    over: bool,
    /// True once the shell has said that it leaves.
    left: bool,
    /// How to enter again, where a keeper waits for that.
    again: Option<Reentry>,
    stray: u64,
}

/// The step that is under way.
#[derive(Clone, Copy)]
struct Asking {
    started: Timestamp,
    since: Instant,
}

impl LiveSession {
    /// A session over an open way.
    pub(super) fn new(
        way: Way,
        sight: Sight,
        record: AttachReport,
        records: Records,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            stream: way.stream,
            patient: way.patient,
            sight,
            record,
            records,
            clock,
            remarks: way.notes,
            asking: None,
            cut: None,
            talk: None,
            terminal: None,
            begun: false,
            lost: None,
            ending: Ending::Container,
            over: false,
            left: false,
            again: way.again,
            stray: 0,
        }
    }

    /// Waits for the step under way until `limit`; `None` when that passes. Cancel-safe: what arrived stays in the conversation.
    async fn outcome(&mut self, limit: Instant) -> Option<Result<Answer, Lost>> {
        loop {
            if let Some(raw) = self.heard() {
                return Some(Ok(self.answered(raw)));
            }
            if let Err(lost) = self.more(limit).await? {
                return Some(Err(lost));
            }
        }
    }

    /// Takes in the next piece of the stream; `None` when `limit` passes first.
    async fn more(&mut self, limit: Instant) -> Option<Result<(), Lost>> {
        let piece = tokio::select! {
            biased;
            piece = self.stream.pump.next() => piece,
            () = sleep_until(limit) => return None,
        };
        match piece {
            Piece::Stdout(bytes) => self.stream.conversation.stdout(&bytes),
            Piece::Stderr(bytes) => self.stream.conversation.stderr(&bytes),
            Piece::Ended(end) => {
                let why = self.broken(&end).await;
                return Some(Err(self.lose(why)));
            }
        }
        Some(Ok(()))
    }

    /// Takes in what the conversation has to tell; the step's result, if it is over.
    fn heard(&mut self) -> Option<Raw> {
        while let Some(reply) = self.stream.conversation.poll() {
            match reply {
                Reply::FirstByte => {
                    self.begun = true;
                    self.first_word();
                }
                Reply::Done(raw) => {
                    self.first_word();
                    return Some(raw);
                }
                Reply::Stray(bytes) => self.stray += bytes,
                Reply::Bye(bye) => {
                    self.left = true;
                    self.remarks.extend(bye.remarks);
                }
                Reply::Hello(_) | Reply::Patient(_) => {}
            }
        }
        None
    }

    fn first_word(&mut self) {
        if self.record.first_answer_at.is_none() {
            self.record.first_answer_at = Some(self.clock.now());
        }
    }

    fn answered(&mut self, raw: Raw) -> Answer {
        let (started, duration) = match self.asking.take() {
            Some(asking) => (asking.started, asking.since.elapsed()),
            None => (self.clock.now(), Duration::ZERO),
        };
        let mut answer = raw.answer(started, duration);
        if let Some(talk) = self.talk.take() {
            talk.tell(&mut answer);
        }
        self.terminal = None;
        answer
    }

    /// Gives the session up, keeping what has arrived of the step under way.
    fn lose(&mut self, why: String) -> Lost {
        self.lost = Some(why.clone());
        let partial = self.rest(Ended::Lost(why.clone()));
        Lost {
            why,
            partial: partial.map(Box::new),
        }
    }

    /// A step that was struck before its time: the shell was told to leave, as it is when its pod goes.
    async fn told_to_leave(&mut self, mut answer: Answer) -> Lost {
        let why = "the debug container was told to end";
        self.over = true;
        self.lost = Some(why.into());
        let why = reason(&mut self.sight, why).await;
        self.lost = Some(why.clone());
        answer.ended = Ended::Lost(why.clone());
        answer.stdout.truncated = true;
        answer.stderr.truncated = true;
        Lost {
            why,
            partial: Some(Box::new(answer)),
        }
    }

    /// Stops the step under way; a shell that does not tell so until `limit` is lost.
    async fn stop(&mut self, limit: Instant) -> Result<Answer, Lost> {
        let stop = self.stream.conversation.stop();
        self.stream.pump.send(stop);
        match self.outcome(limit).await {
            Some(outcome) => outcome,
            None => {
                self.over = true;
                Err(self.lose(format!(
                    "the shell in the debug container did not tell within {} s that the step was stopped",
                    STOPPED.as_secs()
                )))
            }
        }
    }

    /// Asks over the way there is.
    async fn put(&mut self, ask: &Ask) -> Result<Answer, Lost> {
        let text = match self.stream.conversation.ask(ask, &self.patient) {
            Ok(text) => text,
            Err(error) => {
                return Ok(Raw::unaskable(&error).answer(self.clock.now(), Duration::ZERO));
            }
        };
        let asking = Asking {
            started: self.clock.now(),
            since: Instant::now(),
        };
        self.asking = Some(asking);
        self.begun = false;
        self.stream.pump.send(text);
        if let Question::Talk { argv, dialogue } = &ask.question {
            return self.hold(ask, asking.since, argv, dialogue).await;
        }
        let limit = asking.since + ask.timeout + SLACK;
        match self.outcome(limit).await {
            Some(Ok(answer))
                if answer.ended == Ended::TimedOut && answer.duration < ask.timeout =>
            {
                return Err(self.told_to_leave(answer).await);
            }
            Some(outcome) => return outcome,
            None => {}
        }
        // The watchdog in the container should have struck: one order to stop, then the session counts as lost.
        let mut answer = self.stop(limit + STOPPED).await?;
        answer.ended = Ended::TimedOut;
        Ok(answer)
    }

    /// The same, for a session that brought something else than a debug container.
    #[must_use]
    pub(super) fn ending(self, ending: Ending) -> Self {
        Self { ending, ..self }
    }

    /// Lets the shell leave.
    async fn dismiss(&mut self) {
        if self.lost.is_none() {
            self.stream.pump.send(self.stream.conversation.farewell());
            let until = Instant::now() + FAREWELL;
            while let Ok(piece) = timeout_at(until, self.stream.pump.next()).await {
                match piece {
                    Piece::Stdout(bytes) => self.stream.conversation.stdout(&bytes),
                    Piece::Stderr(bytes) => self.stream.conversation.stderr(&bytes),
                    Piece::Ended(_) => break,
                }
                self.heard();
            }
        }
    }

    fn rest(&mut self, ended: Ended) -> Option<Answer> {
        self.asking?;
        let raw = self.stream.conversation.partial()?;
        let mut answer = self.answered(raw);
        answer.ended = ended;
        Some(answer)
    }
}

#[async_trait]
impl Session for LiveSession {
    fn attached(&self) -> Option<AttachReport> {
        let mut record = self.record.clone();
        if record.image_id.is_none()
            && let Some(pod) = self.sight.pod()
        {
            record.image_id = standing::image_id(&pod, self.sight.container());
        }
        Some(record)
    }

    fn container(&self) -> Option<String> {
        self.records.container()
    }

    fn patient(&self) -> &Patient {
        &self.patient
    }

    async fn answer(&mut self, ask: &Ask) -> Result<Answer, Lost> {
        if let Question::Kube(read) = &ask.question {
            return Ok(self.records.answer(read, ask, self.clock.as_ref()).await);
        }
        if self.asking.is_some() || self.cut.is_some() {
            self.cancel().await;
        }
        self.listen().await;
        let before = match self.lost {
            Some(_) => {
                let regained = self.regain().await;
                regained.map_err(|why| Lost { why, partial: None })?;
                Some(BEFORE)
            }
            None => None,
        };
        let mut answer = match self.put(ask).await {
            Err(Lost {
                partial: Some(partial),
                ..
            }) => self.kept(partial).await?,
            answered => answered?,
        };
        answer.remarks.extend(before.map(String::from));
        Ok(answer)
    }

    async fn cancel(&mut self) -> Option<Answer> {
        if let Some(cut) = self.cut.take() {
            return Some(*cut);
        }
        self.asking?;
        if let Some(why) = self.lost.clone() {
            return self.rest(Ended::Lost(why));
        }
        let stop = self.stream.conversation.stop();
        self.stream.pump.send(stop);
        match self.outcome(Instant::now() + STOPPED).await {
            Some(Ok(answer)) => Some(answer),
            Some(Err(lost)) => lost.partial.map(|partial| *partial),
            None => self.rest(Ended::Cancelled),
        }
    }

    async fn close(mut self: Box<Self>) -> Closed {
        self.dismiss().await;
        let Self {
            stream,
            mut sight,
            mut record,
            mut remarks,
            ending,
            again,
            stray,
            lost,
            ..
        } = *self;
        // The end of stdin ends a shell that did not listen.
        drop(stream);
        if let Some(again) = again.filter(|_| lost.is_some()) {
            again.decline(&sight).await;
        }
        if stray > 0 {
            remarks.push(format!(
                "{stray} bytes in the stream belonged to no step and were dropped"
            ));
        }
        let ended = ending.settled(&mut sight, &mut record, lost.is_some());
        remarks.extend(ended.await);
        Closed {
            attach: Some(record),
            remarks,
        }
    }
}
