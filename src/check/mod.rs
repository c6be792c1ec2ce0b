//! Holding an expectation against what was observed. Pure: knows nothing of where either came from.

mod capture;
mod judge;

pub use capture::{Capture, CaptureError, Kind as CaptureKind};
pub use judge::{Expectation, judge};
