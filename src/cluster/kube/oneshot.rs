//! A session that is over when it begins: its asks went with the container, and its answers come out of the log.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::Pod;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::attached::order;
use super::candidate::Candidate;
use super::close::{SHOWN, read_back};
use super::records::Records;
use super::refusal::refusal;
use super::server::Server;
use super::sight::Sight;
use super::standing;
use super::trouble::{Trouble, with};
use crate::ask::{Answer, Ask, Patient, Question};
use crate::clock::Clock;
use crate::cluster::shell::{self, Oneshot, Raw, askable, leave};
use crate::cluster::{Attach, Closed, Lost, Refusal, Session};
use crate::report::AttachReport;

/// The most that is read of a log, bytes: all that the kubelet keeps before it rotates, and as much again.
const LOG: u64 = 20 << 20;

/// A session with one pod, read from its debug container's log.
pub(super) struct OneshotSession {
    answers: VecDeque<(Ask, Answer)>,
    patient: Patient,
    record: AttachReport,
    records: Records,
    clock: Arc<dyn Clock>,
    remarks: Vec<String>,
}

/// What is known of a container that tells all in its log.
pub(super) struct Told {
    /// What it was asked.
    pub(super) asked: Oneshot,
    /// Whom.
    pub(super) candidate: Candidate,
    /// What the API knows beside.
    pub(super) records: Records,
    /// What the reader should know.
    pub(super) remarks: Vec<String>,
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
        let end = sight
            .pod()
            .and_then(|pod| standing::terminated(&pod, &name));
        if end.is_some_and(|end| end.started_at.is_some() && end.exit_code != leave::TOO_LATE) {
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

impl OneshotSession {
    /// Reads the log of a container that has ended.
    pub(super) async fn read(
        server: &Server,
        mut sight: Sight,
        mut record: AttachReport,
        told: Told,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Refusal> {
        let Told {
            asked,
            candidate,
            records,
            mut remarks,
        } = told;
        remarks.extend(read_back(&mut sight, &mut record, SHOWN).await);
        let (namespace, pod) = sight.at();
        let path = format!(
            "/api/v1/namespaces/{namespace}/pods/{pod}/log?container={}&limitBytes={LOG}",
            sight.container()
        );
        let log = match server.text(&path).await {
            Ok(log) => log,
            Err(error) => {
                let doing = server.doing("get", "pods/log", namespace);
                return Err(with(refusal(&error, &doing), record));
            }
        };
        let now = clock.now();
        record.first_answer_at = Some(now);
        let message = sight.pod().and_then(|pod| message(&pod, sight.container()));
        let reading = asked.read(&log, message.as_deref().unwrap_or_default());
        remarks.extend(reading.remarks);
        let answers = asked
            .asks()
            .iter()
            .cloned()
            .zip(reading.answers.into_iter().map(|told| answered(told, now)));
        Ok(Self {
            answers: answers.collect(),
            patient: candidate.explained(reading.patient),
            record,
            records,
            clock,
            remarks,
        })
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

    async fn close(self: Box<Self>) -> Closed {
        Closed {
            attach: Some(self.record),
            remarks: self.remarks,
        }
    }
}
