//! Waiting for something to become true: the one place where these tests sleep.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// How often is looked.
const PAUSE: Duration = Duration::from_millis(20);

/// Looks until there is something to see. `what` is told when it does not come.
pub(crate) fn eventually<T>(what: &str, seconds: u64, mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + Duration::from_secs(seconds);
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(
            Instant::now() < until,
            "{what}: not within {seconds} seconds"
        );
        sleep(PAUSE);
    }
}
