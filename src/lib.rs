//! housecall.
pub mod ask;
pub mod catalog;
pub mod check;
pub mod clock;
pub mod cluster;
pub mod report;
pub mod runbook;
pub mod script;
pub mod step;
pub mod target;
pub mod yaml;
