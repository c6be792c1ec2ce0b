//! How many targets are open at once, on all nodes and on one, and when no more are begun.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::report::Status;
use crate::runbook::{Batch, StopWhen};
use crate::target::Target;

/// The places of one run.
pub(super) struct Places {
    all: Arc<Semaphore>,
    per_node: Option<usize>,
    nodes: Mutex<BTreeMap<String, Arc<Semaphore>>>,
    stop_when: Option<StopWhen>,
    done: AtomicUsize,
    failed: AtomicUsize,
}

/// A place that was taken; it is free again when this is dropped.
pub(super) struct Place {
    _node: Option<OwnedSemaphorePermit>,
    _all: Option<OwnedSemaphorePermit>,
}

impl Places {
    pub(super) fn new(parallel: usize, batch: &Batch) -> Self {
        Self {
            all: Arc::new(Semaphore::new(parallel.max(1))),
            per_node: batch.per_node,
            nodes: Mutex::default(),
            stop_when: batch.stop_when,
            done: AtomicUsize::new(0),
            failed: AtomicUsize::new(0),
        }
    }

    /// Waits for a place. First the node's: one that waits for its node keeps no other target waiting.
    pub(super) async fn take(&self, target: &Target) -> Place {
        let node = match (self.per_node, &target.node) {
            (Some(most), Some(node)) => {
                let mut nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
                let slots = nodes
                    .entry(node.clone())
                    .or_insert_with(|| Arc::new(Semaphore::new(most.max(1))));
                Some(Arc::clone(slots))
            }
            _ => None,
        };
        // Neither is ever closed, so a place always comes.
        let node = match node {
            Some(slots) => slots.acquire_owned().await.ok(),
            None => None,
        };
        Place {
            _node: node,
            _all: Arc::clone(&self.all).acquire_owned().await.ok(),
        }
    }

    /// Counts a target that is done.
    pub(super) fn done(&self, status: Status) {
        if status == Status::Fail {
            self.failed.fetch_add(1, Ordering::Relaxed);
        }
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    /// Why no more targets are begun, once that is so.
    pub(super) fn full_of_failures(&self) -> Option<String> {
        let StopWhen {
            failed_percent,
            after,
        } = self.stop_when?;
        let (done, failed) = (
            self.done.load(Ordering::Relaxed),
            self.failed.load(Ordering::Relaxed),
        );
        let percent = failed as f64 * 100.0 / done.max(1) as f64;
        (done >= after && percent >= failed_percent).then(|| {
            format!(
                "not asked: {failed} of {done} targets have failed, and the runbook says to stop at {failed_percent} %"
            )
        })
    }
}
