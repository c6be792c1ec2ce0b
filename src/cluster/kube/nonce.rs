//! Randomness for a session's nonce.

use crate::cluster::shell::Nonce;
use crate::cluster::{Cause, Refusal};
use crate::random;

/// 128 fresh random bits.
pub(super) fn nonce() -> Result<Nonce, Refusal> {
    random::bytes()
        .map(Nonce::from_bytes)
        .map_err(|error| Refusal {
            cause: Cause::Configuration,
            headline: format!("no random bytes from the kernel: {error}"),
            help: "run where the kernel's random device is there".into(),
            attach: None,
        })
}
