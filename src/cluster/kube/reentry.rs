//! The way back in, after the connection was lost: a new stream, with a new shell, to a keeper that still waits.
//!
//! The end of its stdin ended the old shell and the step that it was asked; where it has not heard of it, the new one ends it before
//! it answers. So nothing of what was under way goes on beside what is asked next.

use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::attached::order;
use super::exec::{Shut, Way, enter};
use super::loss::seen;
use super::pump::Limits;
use super::server::Server;
use super::sight::Sight;
use crate::cluster::shell::Hunt;

/// The pause between two tries.
const PAUSE: Duration = Duration::from_millis(500);

/// How long telling the keeper to go may take.
const ORDER: Duration = Duration::from_secs(5);

/// What entering again takes.
#[derive(Debug)]
pub(super) struct Reentry {
    /// The API server.
    pub(super) server: Server,
    /// How the patient is found.
    pub(super) hunt: Hunt,
    /// Bounds of the stream.
    pub(super) limits: Limits,
    /// How long to try: the keeper waits no longer.
    pub(super) within: Duration,
}

impl Reentry {
    /// Tries until there is a shell again. The error is the last word that was heard, where there was one.
    pub(super) async fn pass(&self, sight: &mut Sight) -> Result<Way, Option<String>> {
        let until = Instant::now() + self.within;
        let (namespace, pod, container) = place(sight);
        let at = (namespace.as_str(), pod.as_str(), container.as_str());
        let mut last = None;
        loop {
            tokio::select! {
                biased;
                () = over(sight) => return Err(last),
                () = sleep_until(until) => return Err(last),
                entered = enter(&self.server, at, (&self.hunt, true), self.limits) => match entered {
                    Ok(way) => return Ok(way),
                    Err(Shut::NotYet(why)) => last = Some(why),
                    Err(Shut::Never(refusal)) => return Err(Some(refusal.headline)),
                },
            }
            tokio::select! {
                biased;
                () = over(sight) => return Err(last),
                () = sleep_until(until) => return Err(last),
                () = sleep(PAUSE) => {}
            }
        }
    }

    /// Tells a keeper that waits for another shell that none will come. Where it cannot be told, it leaves when its grace is over.
    pub(super) async fn decline(&self, sight: &Sight) {
        if seen(sight).is_none() {
            let (namespace, pod, container) = place(sight);
            let told = order(&self.server, (&namespace, &pod, &container));
            let _ = timeout(ORDER, told).await;
        }
    }
}

fn place(sight: &Sight) -> (String, String, String) {
    let (namespace, pod) = sight.at();
    (namespace.into(), pod.into(), sight.container().into())
}

/// Comes back once there is nothing left to enter.
async fn over(sight: &mut Sight) {
    while seen(sight).is_none() {
        sight.next().await;
    }
}
