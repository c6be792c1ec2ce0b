//! The two stages of stopping a run.

use tokio_util::sync::CancellationToken;

/// Handed to a run when it starts; cloned to whoever may stop it.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    stopped: CancellationToken,
    abandoned: CancellationToken,
}

impl Interrupt {
    /// Asks no more: what is being asked is stopped, containers are ended and their end is read back.
    pub fn stop(&self) {
        self.stopped.cancel();
    }

    /// Waits no more: containers end by themselves, unproven.
    pub fn abandon(&self) {
        self.stopped.cancel();
        self.abandoned.cancel();
    }

    /// True once [`stop`](Self::stop) or [`abandon`](Self::abandon) was called.
    pub fn is_stopped(&self) -> bool {
        self.stopped.is_cancelled()
    }

    /// Comes back once the run is to stop.
    pub async fn stopped(&self) {
        self.stopped.cancelled().await;
    }

    /// What an opening watches.
    pub(super) fn stop_token(&self) -> &CancellationToken {
        &self.stopped
    }

    pub(super) async fn abandoned(&self) {
        self.abandoned.cancelled().await;
    }
}
