//! What kept us out after the debug container was added, and what is known of its end.

use std::time::Duration;

use jiff::Timestamp;

use super::close::{SHOWN, read_back};
use super::failure::Failure;
use super::sight::Sight;
use super::standing;
use crate::cluster::{Attach, Cause, Refusal};
use crate::report::AttachReport;

/// Added to the keeper's grace when nobody ever came: it leaves by itself then.
pub(super) const LEAVING: Duration = Duration::from_secs(10);

/// What it was.
pub(super) enum Trouble {
    /// The kubelet says why the container cannot live.
    Failure(Failure),
    /// The pod is no more.
    Gone,
    /// The way in is denied.
    Shut(Refusal),
    /// It took too long; the last word that was heard.
    Late(String),
    /// The run was interrupted; the last word that was heard.
    Interrupted(String),
}

impl Trouble {
    /// Reads the container's end back, as far as there is one, and makes the refusal. `not_after` is the moment after which the
    /// keeper leaves at once.
    pub(super) async fn settled(
        self,
        attach: &Attach,
        mut sight: Sight,
        mut record: AttachReport,
        not_after: Timestamp,
    ) -> Refusal {
        match self {
            Trouble::Failure(failure) if !failure.made => {
                // It never started. Should its cause go away, the keeper leaves at once, or for want of a shell.
                record.waiting = Some(failure.words.clone());
                record.proven = true;
                let refusal = Refusal {
                    cause: failure.cause,
                    headline: failure.headline(attach),
                    help: format!(
                        "{} (should it start after all, it ends by itself: no later than {} s after, and at once after {})",
                        failure.help(attach),
                        attach.grace.as_secs(),
                        not_after.strftime("%H:%M:%SZ"),
                    ),
                    attach: None,
                };
                with(refusal, record)
            }
            Trouble::Failure(failure) => {
                read_back(&mut sight, &mut record, SHOWN).await;
                let refusal = Refusal {
                    cause: failure.cause,
                    headline: failure.headline(attach),
                    help: failure.help(attach),
                    attach: None,
                };
                with(refusal, record)
            }
            Trouble::Gone => {
                record.proven = true;
                let refusal = Refusal {
                    cause: Cause::Replaced,
                    headline: format!(
                        "pod {} was deleted while the debug container started",
                        sight.place()
                    ),
                    help: "run again to examine its successor".into(),
                    attach: None,
                };
                with(refusal, record)
            }
            Trouble::Shut(refusal) => {
                read_back(&mut sight, &mut record, attach.grace + LEAVING).await;
                with(refusal, record)
            }
            Trouble::Late(last) => {
                let word = unanswered(attach, &mut sight, &mut record, last).await;
                let refusal = Refusal {
                    cause: Cause::StartTimeout,
                    headline: format!(
                        "the debug container did not answer within {} s; the last word was: {word}",
                        attach.start_timeout.as_secs()
                    ),
                    help: format!(
                        "a large image or a busy node needs a longer `attach.start_timeout`; `kubectl describe pod {}` tells what the kubelet says",
                        sight.pod_name()
                    ),
                    attach: None,
                };
                with(refusal, record)
            }
            Trouble::Interrupted(last) => {
                let word = unanswered(attach, &mut sight, &mut record, last).await;
                let refusal = Refusal {
                    cause: Cause::Interrupted,
                    headline: format!(
                        "interrupted while the debug container started; the last word was: {word}"
                    ),
                    help: format!(
                        "should it start after all, it ends by itself: no later than {} s after, and at once after {}",
                        attach.grace.as_secs(),
                        not_after.strftime("%H:%M:%SZ"),
                    ),
                    attach: None,
                };
                with(refusal, record)
            }
        }
    }
}

/// Reads back what became of a container that was never spoken with: one that runs leaves when its grace is over. Returns the last
/// word on it.
async fn unanswered(
    attach: &Attach,
    sight: &mut Sight,
    record: &mut AttachReport,
    last: String,
) -> String {
    sight.read().await;
    let state = sight.pod().and_then(|pod| {
        let state = standing::state(&pod, sight.container())?.clone();
        Some(state)
    });
    let started = state.as_ref().is_some_and(|state| state.waiting.is_none());
    let within = if started {
        attach.grace + LEAVING
    } else {
        Duration::ZERO
    };
    read_back(sight, record, within).await;
    record.waiting.clone().unwrap_or(last)
}

/// A refusal with the record of how far it came.
pub(super) fn with(refusal: Refusal, record: AttachReport) -> Refusal {
    Refusal {
        attach: Some(Box::new(record)),
        ..refusal
    }
}
