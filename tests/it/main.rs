//! The integration tests that need no cluster.

mod engine;
mod floors;
mod language;
