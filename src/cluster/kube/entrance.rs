//! The wait for the way in: tries early, hears of the start, and gives up for a reason.

use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::candidate::Candidate;
use super::exec::{Shut, Way, enter};
use super::pump::Limits;
use super::reentry::Reentry;
use super::server::Server;
use super::sight::Sight;
use super::trouble::Trouble;

/// Pauses before the tries to enter; the last one repeats. A container on a quiet node is up after a quarter of a second, while
/// its status says so only after a whole one, so the status is not waited for. An event that tells of its start cuts a pause short;
/// where there is none, these alone must do.
const PAUSES: [Duration; 5] = [
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(1000),
    Duration::from_millis(1500),
    Duration::from_millis(2000),
];

/// Pauses once its start was told: then only the way to it is still to come up.
const STARTED: Duration = Duration::from_millis(100);

/// How long an interrupted wait goes on: what is about to start is better entered, ended and proven than left to itself.
const STOPPING: Duration = Duration::from_secs(5);

/// Where to enter, and how long to try.
pub(super) struct Entrance<'a> {
    /// The API server.
    pub(super) server: &'a Server,
    /// Namespace, pod and debug container.
    pub(super) at: (&'a str, &'a str, &'a str),
    /// The patient's container.
    pub(super) candidate: &'a Candidate,
    /// How long the container may take to start.
    pub(super) within: Duration,
    /// How long the keeper waits for another shell, once the way is lost.
    pub(super) grace: Duration,
    /// Who may stop it.
    pub(super) stop: &'a CancellationToken,
    /// Bounds of the stream.
    pub(super) limits: Limits,
}

impl Entrance<'_> {
    /// Tries to enter until it works, fails for good, or takes too long.
    pub(super) async fn pass(self, sight: &mut Sight) -> Result<Way, Trouble> {
        let until = Instant::now() + self.within;
        let candidate = self.candidate;
        let hunt = candidate.hunt();
        let mut interrupted = pin!(async {
            self.stop.cancelled().await;
            sleep(STOPPING).await;
        });
        let mut pauses = PAUSES.iter();
        let mut pause = PAUSES[0];
        let mut told = false;
        let mut last = String::from("nothing was heard of it");
        loop {
            pause = pauses.next().copied().unwrap_or(pause);
            let rest = sleep(if told { pause.min(STARTED) } else { pause });
            tokio::select! {
                biased;
                news = news(sight, told) => match news {
                    News::Started => told = true,
                    News::Trouble(trouble) => return Err(trouble),
                },
                () = sleep_until(until) => return Err(Trouble::Late(last)),
                () = &mut interrupted => return Err(Trouble::Interrupted(last)),
                () = rest => {}
            }
            tokio::select! {
                biased;
                News::Trouble(trouble) = news(sight, true) => return Err(trouble),
                () = sleep_until(until) => return Err(Trouble::Late(last)),
                () = &mut interrupted => return Err(Trouble::Interrupted(last)),
                entered = enter(self.server, self.at, (&hunt, true), self.limits) => match entered {
                    Ok(mut way) => {
                        way.patient = candidate.explained(way.patient);
                        way.again = Some(Reentry {
                            server: self.server.clone(),
                            hunt,
                            limits: self.limits,
                            within: self.grace,
                        });
                        return Ok(way);
                    }
                    Err(Shut::NotYet(why)) => last = why,
                    Err(Shut::Never(refusal)) => return Err(Trouble::Shut(refusal)),
                },
            }
        }
    }
}

enum News {
    Started,
    Trouble(Trouble),
}

/// Waits for bad news, or for that of the start where it is not `told` yet.
async fn news(sight: &mut Sight, told: bool) -> News {
    loop {
        if sight.gone() {
            return News::Trouble(Trouble::Gone);
        }
        if let Some(failure) = sight.failure() {
            return News::Trouble(Trouble::Failure(failure));
        }
        if !told && sight.started() {
            return News::Started;
        }
        sight.next().await;
    }
}
