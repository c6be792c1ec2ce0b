//! The integration tests that need no cluster.

mod broken;
mod engine;
mod floors;
mod language;
mod pump;
