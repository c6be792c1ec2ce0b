//! it
//! The integration tests that need no cluster.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "these tests wait for real processes, in real time"
)]

mod alerts;
mod broken;
mod bundle;
mod cli;
mod compare;
mod contract;
mod engine;
mod fake;
mod floors;
mod kinds;
mod kube;
mod language;
mod library;
mod manifest;
mod memory;
mod program;
mod pump;
mod readme;
mod redaction;
mod render;
mod replay;
mod rerun;
mod saved;
mod schema;
mod shell;
mod together;
mod verbs;
mod waive;
mod ways;
