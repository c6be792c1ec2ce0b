//! Waiting for something to become true: the one place where these tests sleep.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// How often is looked.
const PAUSE: Duration = Duration::from_millis(20);

/// Looks until there is something to see. `what` is told when it does not come.
pub(crate) fn eventually<T>(what: &str, seconds: u64, look: impl FnMut() -> Option<T>) -> T {
    within(seconds, look).unwrap_or_else(|| panic!("{what}: not within {seconds} seconds"))
}

/// Looks until there is something to see, or the time is over.
pub(crate) fn within<T>(seconds: u64, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let until = Instant::now() + Duration::from_secs(seconds);
    loop {
        if let Some(seen) = look() {
            return Some(seen);
        }
        if Instant::now() >= until {
            return None;
        }
        sleep(PAUSE);
    }
}
