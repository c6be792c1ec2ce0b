//! A session without a debug container: the API alone is asked, and nothing is changed.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::records::Records;
use crate::ask::{Answer, Ask, Patient, Question};
use crate::clock::Clock;
use crate::cluster::shell::Raw;
use crate::cluster::{Closed, Lost, Session};
use crate::report::AttachReport;

/// What can be learnt of a pod from outside.
pub(super) struct BareSession {
    records: Records,
    patient: Patient,
    clock: Arc<dyn Clock>,
}

impl BareSession {
    /// A session over the records of a pod.
    pub(super) fn new(records: Records, clock: Arc<dyn Clock>) -> Self {
        Self {
            records,
            patient: Patient {
                pid: None,
                root: None,
                reason: None,
            },
            clock,
        }
    }
}

#[async_trait]
impl Session for BareSession {
    fn attached(&self) -> Option<AttachReport> {
        None
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
        let none = Raw::refused("there is no debug container to ask this of");
        Ok(none.answer(self.clock.now(), Duration::ZERO))
    }

    async fn cancel(&mut self) -> Option<Answer> {
        None
    }

    async fn close(self: Box<Self>) -> Closed {
        Closed {
            attach: None,
            remarks: Vec::new(),
        }
    }
}
