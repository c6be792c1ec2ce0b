//! Holding an expectation against what was observed. Pure: knows nothing of where either came from.

mod capture;
mod implicit;
mod judge;

pub use capture::{Capture, CaptureError, Kind as CaptureKind};
pub use implicit::implicit_exit;
pub use judge::{Expectation, judge};
