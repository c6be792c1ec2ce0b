//! Randomness for a session's nonce.

use sha2::{Digest, Sha256};

use crate::cluster::shell::Nonce;
use crate::cluster::{Cause, Refusal};
use crate::random;

/// What tells the records of a container's log, made from the container's name: whoever finds the container can read it, and no
/// secret depends on it.
pub(super) fn nonce_of(name: &str) -> Nonce {
    let digest = Sha256::digest(name);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Nonce::from_bytes(bytes)
}

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
