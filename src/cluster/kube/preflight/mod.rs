//! What is looked at before the first change: whether a debug container would be admitted, would start, and would be of use.
//!
//! A run refuses by `crowd.rs` and the candidate what can never be; [`Checkup`] tells all of it at once, for `housecall doctor`. The
//! tables are pure (`rights.rs`, `place.rs`, `patient.rs`); `checkup.rs` sends, and `profiles.rs` asks admission by dry runs.

mod checkup;
mod crowd;
mod foreseen;
mod patient;
mod place;
mod profiles;
mod rights;

pub use checkup::Checkup;
pub(super) use crowd::Crowd;
pub(super) use foreseen::foreseen;
