//! Asking: many targets side by side, each in its own lane, every step bounded, every container ended.
//!
//! # Theory of operation
//!
//! [`Engine::run`] gives each target a *lane*: one task that opens a session, asks the steps in order, and closes the session on
//! every path, whatever became of the steps. Lanes share nothing but a semaphore that bounds how many are open, and a channel into
//! which they tell their [`Event`](crate::report::Event)s; the run's own task takes them out one by one, so that there is one order
//! of events, hands each to the caller, and folds them into the report. A lane that fails, however badly, ends its own target only.
//!
//! An *attempt* is one step asked once: templates are rendered, the session answers, the kind reads the answer, captures are taken,
//! expectations are held against what is known. Nothing in here knows what a kind means, which adapter answers, or how a report
//! looks.
//!
//! Interruption has two stages. [`Interrupt::stop`] lets every lane stop what it is asking, close, and prove the end; `abandon`
//! after it gives up waiting for the proof: the containers then end by themselves, and the report says that this was not seen.

mod ahead;
mod asker;
mod asks;
mod attempt;
mod batch;
mod growth;
mod interrupt;
mod lane;
mod passage;
mod rehearsal;
mod room;
mod run;
mod sight;
mod tell;
mod tools;
mod trial;

pub use ahead::{Ahead, ahead};
pub use interrupt::Interrupt;
pub use rehearsal::rehearse;
pub use run::{Engine, Prospect, Run};
pub use trial::{Trial, simulate, trial};
