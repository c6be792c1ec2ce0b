//! A session that is over when it begins: its asks went with the container, and its answers come out of the log. Only a pod that was
//! made for it is still there, and is deleted when it is closed.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::Pod;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;

use super::attached::order;
use super::candidate::Candidate;
use super::close::SHOWN;
use super::made::Made;
use super::records::Records;
use super::refusal::refusal;
use super::server::Server;
use super::sight::Sight;
use super::standing;
use super::trouble::Trouble;
use crate::ask::{Answer, Ask, Patient, Question};
use crate::clock::Clock;
use crate::cluster::shell::{self, Oneshot, Raw, askable, leave};
use crate::cluster::{Attach, Closed, Lost, Refusal, Session};
use crate::report::AttachReport;

/// The most that is read of a log, bytes: all that the kubelet keeps before it rotates, and as much again.
const LOG: u64 = 20 << 20;

/// How long after one look at a log without its end mark comes the next.
const AGAIN: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(400)];

/// A session with one pod, read from its debug container's log.
pub(super) struct OneshotSession {
    answers: VecDeque<(Ask, Answer)>,
    patient: Patient,
    record: AttachReport,
    records: Records,
    clock: Arc<dyn Clock>,
    remarks: Vec<String>,
    made: Option<(Made, Sight)>,
}

/// What is known of a container that tells all in its log.
pub(super) struct Told {
    /// What it was asked.
    pub(super) asked: Oneshot,
    /// Whom; a node is none.
    pub(super) candidate: Option<Candidate>,
    /// What the reader should know.
    pub(super) remarks: Vec<String>,
}

/// What its log told.
pub(super) struct Heard {
    answers: VecDeque<(Ask, Answer)>,
    patient: Patient,
    remarks: Vec<String>,
}

/// Waits until the container has ended. Once `stop` is cancelled it is told to end, where exec is allowed; else it comes to its end by
/// itself, when all is asked.
pub(super) async fn ended(
    server: &Server,
    sight: &mut Sight,
    attach: &Attach,
    stop: &CancellationToken,
) -> Result<(), Trouble> {
    let begin = Instant::now();
    let starting = begin + attach.start_timeout;
    let ending = begin + attach.start_timeout + attach.deadline + SHOWN;
    let mut told = false;
    loop {
        if sight.gone() {
            return Err(Trouble::Gone);
        }
        let name = sight.container().to_owned();
        if has_run(sight) {
            return Ok(());
        }
        if let Some(failure) = sight.failure() {
            return Err(Trouble::Failure(failure));
        }
        let limit = if sight.started() { ending } else { starting };
        let stopped = stop.cancelled();
        tokio::select! {
            biased;
            () = stopped, if !told => {
                told = true;
                if !sight.started() {
                    return Err(Trouble::Interrupted("nothing was heard of it".into()));
                }
                let (namespace, pod) = sight.at();
                // Where it cannot be told, its own end is waited for: the asks are bounded.
                let _ = order(server, (namespace, pod, &name)).await;
            }
            next = timeout_at(limit, sight.next()) => if next.is_err() {
                sight.read().await;
                let name = sight.container();
                let late = sight.pod().is_none_or(|pod| standing::terminated(&pod, name).is_none());
                if late && Instant::now() >= limit {
                    return Err(Trouble::Late("its end was not told".into()));
                }
            },
        }
    }
}

/// True once the container has asked what it was started for, and ended.
pub(super) fn has_run(sight: &Sight) -> bool {
    let pod = sight.pod();
    let end = pod.and_then(|pod| standing::terminated(&pod, sight.container()));
    end.is_some_and(|end| end.started_at.is_some() && end.exit_code != leave::TOO_LATE)
}

/// Where its log is read.
pub(super) fn log_path(sight: &Sight) -> String {
    let (namespace, pod) = sight.at();
    let container = sight.container();
    format!("/api/v1/namespaces/{namespace}/pods/{pod}/log?container={container}&limitBytes={LOG}")
}

/// Its log. What the container wrote last may still be on its way there when its end is told, for the runtime copies it; so one that
/// lacks its end mark is read again.
pub(super) async fn log(
    server: &Server,
    sight: &Sight,
    asked: &Oneshot,
) -> Result<Vec<u8>, Refusal> {
    let mut pauses = AGAIN.into_iter();
    loop {
        let read = server.text(&log_path(sight)).await;
        let (namespace, _) = sight.at();
        let log =
            read.map_err(|error| refusal(&error, &server.doing("get", "pods/log", namespace)))?;
        match pauses.next() {
            Some(pause) if !asked.is_told(&log) => sleep(pause).await,
            _ => return Ok(log),
        }
    }
}

impl Told {
    /// Reads what its log told.
    pub(super) fn read(
        self,
        log: &[u8],
        sight: &Sight,
        record: &mut AttachReport,
        clock: &dyn Clock,
    ) -> Heard {
        let Self {
            asked,
            candidate,
            mut remarks,
        } = self;
        let now = clock.now();
        record.first_answer_at = Some(now);
        let seen = sight.pod();
        let message = seen
            .as_ref()
            .and_then(|pod| message(pod, sight.container()));
        let reading = asked.read(log, message.as_deref().unwrap_or_default());
        remarks.extend(reading.remarks);
        let answers = asked
            .asks()
            .iter()
            .cloned()
            .zip(reading.answers.into_iter().map(|told| answered(told, now)));
        let patient = match (candidate, seen) {
            (Some(candidate), Some(pod)) if candidate.id_comes_later => {
                candidate.seen(&pod).explained(reading.patient)
            }
            (Some(candidate), _) => candidate.explained(reading.patient),
            (None, _) => reading.patient,
        };
        Heard {
            answers: answers.collect(),
            patient,
            remarks,
        }
    }
}

impl OneshotSession {
    /// Of what was heard.
    pub(super) fn new(
        heard: Heard,
        record: AttachReport,
        records: Records,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            answers: heard.answers,
            patient: heard.patient,
            record,
            records,
            clock,
            remarks: heard.remarks,
            made: None,
        }
    }

    /// The same, in a pod that was made for it.
    #[must_use]
    pub(super) fn in_made(self, made: Made, sight: Sight) -> Self {
        Self {
            made: Some((made, sight)),
            ..self
        }
    }
}

fn answered(told: shell::Told, now: Timestamp) -> Answer {
    let ago = SignedDuration::try_from(told.ago).unwrap_or_default();
    let started = now.checked_sub(ago).unwrap_or(now);
    told.raw.answer(started, told.duration)
}

/// What the container left as its termination message.
fn message(pod: &Pod, name: &str) -> Option<String> {
    let state = standing::state(pod, name)?;
    state.terminated.as_ref()?.message.clone()
}

#[async_trait]
impl Session for OneshotSession {
    fn attached(&self) -> Option<AttachReport> {
        Some(self.record.clone())
    }

    fn container(&self) -> Option<String> {
        self.records.container()
    }

    fn patient(&self) -> &Patient {
        &self.patient
    }

    fn is_over(&self) -> bool {
        true
    }

    async fn answer(&mut self, ask: &Ask) -> Result<Answer, Lost> {
        if let Question::Kube(read) = &ask.question {
            return Ok(self.records.answer(read, ask, self.clock.as_ref()).await);
        }
        let found = self
            .answers
            .iter()
            .position(|(sent, _)| sent.step == ask.step);
        if let Some((_, answer)) = found.and_then(|found| self.answers.remove(found)) {
            return Ok(answer);
        }
        if let Err(error) = askable(ask) {
            return Ok(Raw::unaskable(&error).answer(self.clock.now(), Duration::ZERO));
        }
        let none = Raw::refused(
            "it depends on an answer or holds a secret, so it could not be sent ahead: the live transport can ask it",
        );
        Ok(none.answer(self.clock.now(), Duration::ZERO))
    }

    async fn cancel(&mut self) -> Option<Answer> {
        None
    }

    async fn close(mut self: Box<Self>) -> Closed {
        if let Some((made, mut sight)) = self.made.take() {
            let ended = made.end(&mut sight, &mut self.record).await;
            self.remarks.extend(ended);
        }
        Closed {
            attach: Some(self.record),
            remarks: self.remarks,
        }
    }
}
