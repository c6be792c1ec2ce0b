//! The integration tests that need no cluster.

mod broken;
mod engine;
mod floors;
mod language;
//! it
mod fake;
mod kube;
mod pump;
