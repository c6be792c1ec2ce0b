//! What a program may take while it runs: memory, and time to compute.
//!
//! How often it asks and what it tells has bounds of its own, and so has each step of the evaluator; but one step may walk through all
//! that the program holds. So the time between what it asks is bounded, too.
//!
//! Each value of a program has its bounds, but how many it holds at once, over all of its variables and calls, the language does not
//! count. What grows is the process, so that is what is looked at: the bound is one for all programs that run side by side.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::memory::resident;

/// Bytes by which the process may grow while a program runs: 1 GiB, many times what any diagnosis takes.
const MOST: u64 = 1024 * 1024 * 1024;

/// How long a program may compute in all, without the time in which it is answered.
const LONGEST: Duration = Duration::from_secs(30);

/// How often it is looked at. Between two looks a program cannot take much: memory has to be written to be taken.
const OFTEN: Duration = Duration::from_millis(2);

/// The growth since a moment.
#[derive(Debug)]
pub(super) struct Growth {
    began: Instant,
    before: Option<u64>,
    /// Milliseconds after the beginning at which it is looked at again.
    next: AtomicU64,
    /// Milliseconds in which the program waited for answers.
    waited: AtomicU64,
}

impl Growth {
    /// From now on.
    pub(super) fn begin() -> Self {
        Self {
            began: Instant::now(),
            before: resident(),
            next: AtomicU64::new(0),
            waited: AtomicU64::new(0),
        }
    }

    /// The program was answered, and waited so long for it.
    pub(super) fn waited(&self, time: Duration) {
        self.waited.fetch_add(millis(time), Ordering::Relaxed);
    }

    /// Why the program must end, where it has taken too much. Cheap: it is asked at each of the program's steps.
    pub(super) fn too_much(&self) -> Option<String> {
        let now = millis(self.began.elapsed());
        if now < self.next.load(Ordering::Relaxed) {
            return None;
        }
        self.next
            .store(now.saturating_add(millis(OFTEN)), Ordering::Relaxed);
        if now.saturating_sub(self.waited.load(Ordering::Relaxed)) > millis(LONGEST) {
            return Some(format!(
                "stopped: the program computes for more than {} s; ask for less at once, or let a command do it",
                LONGEST.as_secs()
            ));
        }
        let grown = resident()?.saturating_sub(self.before?);
        (grown > MOST).then(|| {
            format!(
                "stopped: housecall has grown by more than {} MiB while it ran; hold less at once, it or what runs beside it",
                MOST / 1024 / 1024
            )
        })
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_has_not_grown_goes_on() {
        assert_eq!(Growth::begin().too_much(), None);
    }

    #[test]
    fn one_that_has_grown_beyond_the_bound_is_told_so() {
        let growth = |before| Growth {
            before: Some(before),
            ..Growth::begin()
        };
        assert_eq!(growth(resident().unwrap()).too_much(), None);
        assert_eq!(growth(u64::MAX).too_much(), None);
    }
}
