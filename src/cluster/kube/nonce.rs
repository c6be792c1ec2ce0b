//! Randomness for a session's nonce.

use std::fs::File;
use std::io::Read;

use crate::cluster::shell::Nonce;
use crate::cluster::{Cause, Refusal};

/// Where the kernel gives random bytes: ready long before any program of ours runs, and never blocking.
const SOURCE: &str = "/dev/urandom";

/// 128 fresh random bits.
pub(super) fn nonce() -> Result<Nonce, Refusal> {
    let mut bytes = [0; 16];
    File::open(SOURCE)
        .and_then(|mut source| source.read_exact(&mut bytes))
        .map_err(|error| Refusal {
            cause: Cause::Configuration,
            headline: format!("no random bytes from {SOURCE}: {error}"),
            help: "run where the kernel's random device is there".into(),
            attach: None,
        })?;
    Ok(Nonce::from_bytes(bytes))
}
