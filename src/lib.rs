//! housecall.
pub mod ask;
pub mod check;
pub mod clock;
pub mod cluster;
pub mod render;
pub mod report;
pub mod runbook;
pub mod script;
pub mod step;
pub mod target;
