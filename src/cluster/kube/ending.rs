//! What has to end with a session: what was brought into the cluster for it, read back as gone or ended.

use super::close::{SHOWN, read_back};
use super::made::Made;
use super::sight::Sight;
use crate::report::AttachReport;

/// What was brought.
#[derive(Debug)]
pub(super) enum Ending {
    /// A debug container in the patient's pod.
    Container,
    /// A pod.
    Pod(Box<Made>),
    /// Nothing: the shell runs in the application's own container.
    Nothing,
}

impl Ending {
    /// Sees to the end, and writes it into the record; `lost` says that the shell could not be told to leave. Returns what the reader
    /// should know.
    pub(super) async fn settled(
        self,
        sight: &mut Sight,
        record: &mut AttachReport,
        lost: bool,
    ) -> Vec<String> {
        match self {
            Self::Container => read_back(sight, record, SHOWN).await,
            Self::Pod(made) => made.end(sight, record).await,
            Self::Nothing => {
                record.terminated = None;
                record.waiting = None;
                record.proven = true;
                vec![if lost {
                    "no container was added: the shell in the application's own ends with its stdin, and what it started with it; the stream broke before it said farewell".into()
                } else {
                    "no container was added, so none had to end: the shell in the application's own has left".into()
                }]
            }
        }
    }
}
