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

mod broken;
mod cli;
mod contract;
mod engine;
mod fake;
mod floors;
mod kube;
mod language;
mod pump;
mod readme;
mod render;
mod schema;
mod shell;
