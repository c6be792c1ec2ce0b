//! Runbook + params + wishes of the command line → [`Plan`]: what will be asked, in order, with every bound settled, or why not.
//!
//! Pure: no IO, no clock, no cluster. A plan can be printed before anything is sent ([`Plan::preview`]), and the rights it needs
//! follow from it ([`Plan::needs`], [`rbac::role`]).

mod docs;
mod needs;
mod pick;
mod power;
mod preview;
pub mod rbac;
mod settle;
mod together;

pub use docs::docs;
pub use pick::Picked;
pub use preview::{Preview, Previewed};
pub(crate) use settle::known;
pub use settle::{DEADLINE_MARGIN, DEFAULT_IMAGE, Plan, PlannedStep, Refused, Wishes};
