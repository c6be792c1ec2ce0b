//! Holding an expectation against what was observed. Pure: knows nothing of where either came from.

mod capture;
mod implicit;
mod judge;
mod outcome;

pub use capture::{Capture, CaptureError, Kind as CaptureKind, Table, Taking};
pub use implicit::implicit_exit;
pub use judge::{Expectation, judge};
pub use outcome::{Means, Outcome, decide};
