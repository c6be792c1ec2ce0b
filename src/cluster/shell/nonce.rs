//! What tells our frames and our processes from everything else in a pod.

use std::fmt;

use sha2::{Digest, Sha256};

/// 128 random bits of one session. Frames begin with it; it reaches the shell on stdin only.
#[derive(Clone, PartialEq, Eq)]
pub struct Nonce(String);

impl Nonce {
    /// A nonce of random bytes; the adapter brings the randomness.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(hex(&bytes))
    }

    /// What step processes carry in their environment. It does not tell the nonce.
    pub(super) fn mark(&self) -> String {
        let digest = Sha256::digest(format!("housecall step mark {}", self.0));
        hex(&digest[..8])
    }
}

impl fmt::Display for Nonce {
    /// 32 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonce(..)")
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_of_a_step_does_not_tell_the_nonce() {
        let nonce = Nonce::from_bytes([7; 16]);
        assert_eq!(nonce.to_string().len(), 32);
        assert_eq!(nonce.mark().len(), 16);
        assert!(!nonce.to_string().contains(&nonce.mark()));
        assert!(!format!("{nonce:?}").contains(&nonce.to_string()));
    }
}
