//! What stands where something was masked: the same for equal secrets, so that they can be told apart and compared over targets.

use std::fmt;
use std::ops::Range;

use sha2::{Digest, Sha256};

/// What stands where something was masked that has no token of its own.
pub const MASK: &str = "***";

/// Bytes of a token that is a hash: `***3f2a1c***`.
const LENGTH: usize = 12;

/// What hashes are keyed with. It lives as long as a run and is written nowhere: who reads a report cannot try passwords against it, and
/// tokens of two runs say nothing of each other.
#[derive(Clone)]
pub struct Key([u8; 32]);

impl Key {
    /// A key of random bytes, one for each run.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key of runs over answers that somebody wrote: their tokens are the same each time, and keep nothing from anybody.
    pub fn known() -> Self {
        Self([0; 32])
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// What stands for the secret of this name: `***token***`.
pub fn mask_of(name: &str) -> String {
    format!("{MASK}{name}{MASK}")
}

/// A text whose tokens are the bare mask, but for those of secrets that have a name: the others are keyed by their run, and those of two
/// runs tell nothing of each other.
pub fn unkeyed(text: &str) -> String {
    let mut still = String::with_capacity(text.len());
    let mut done = 0;
    for at in memchr::memmem::find_iter(text.as_bytes(), MASK) {
        let token = text.as_bytes().get(at..at + LENGTH);
        if at >= done && token.is_some_and(is_hash) {
            still.push_str(&text[done..at]);
            still.push_str(MASK);
            done = at + LENGTH;
        }
    }
    still.push_str(&text[done..]);
    still
}

/// Makes tokens, and knows them again.
#[derive(Clone, Debug)]
pub(super) struct Tokens {
    key: Key,
    /// The tokens of the secrets that are known by name.
    named: Vec<String>,
}

impl Default for Tokens {
    fn default() -> Self {
        Self::new(Key::known(), std::iter::empty())
    }
}

impl Tokens {
    pub(super) fn new<'a>(key: Key, names: impl Iterator<Item = &'a str>) -> Self {
        Self {
            key,
            named: names.map(mask_of).collect(),
        }
    }

    /// The token of what a rule has found.
    pub(super) fn of(&self, value: &[u8]) -> String {
        // Hashed twice, each time behind the key, as HMAC does: nothing can be said of a value by making it longer.
        let inner = Sha256::new().chain_update(self.key.0).chain_update(value);
        let outer = Sha256::new()
            .chain_update(self.key.0)
            .chain_update(inner.finalize())
            .finalize();
        format!(
            "{MASK}{:02x}{:02x}{:02x}{MASK}",
            outer[0], outer[1], outer[2]
        )
    }

    /// True for what is a token already, which is left as it is: what was masked once is masked the same way again.
    pub(super) fn is(&self, value: &[u8]) -> bool {
        value == MASK.as_bytes()
            || is_hash(value)
            || self.named.iter().any(|named| named.as_bytes() == value)
    }

    /// Where tokens stand in a text.
    pub(super) fn spans(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut spans: Vec<Range<usize>> = Vec::new();
        for at in memchr::memmem::find_iter(text, MASK) {
            if spans.last().is_some_and(|last| at < last.end) {
                continue;
            }
            let rest = &text[at..];
            let named = self.named.iter().map(String::as_bytes);
            let named = named
                .filter(|named| rest.starts_with(named))
                .map(<[u8]>::len);
            let hash = rest
                .get(..LENGTH)
                .filter(|rest| is_hash(rest))
                .map(<[u8]>::len);
            if let Some(length) = named.chain(hash).max() {
                spans.push(at..at + length);
            }
        }
        spans
    }
}

fn is_hash(value: &[u8]) -> bool {
    let digits = value
        .strip_prefix(MASK.as_bytes())
        .and_then(|rest| rest.strip_suffix(MASK.as_bytes()));
    value.len() == LENGTH
        && digits.is_some_and(|digits| {
            digits.len() == 6
                && digits
                    .iter()
                    .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_have_equal_tokens_within_a_run_and_other_ones_in_another() {
        let (one, other) = (Key::new([1; 32]), Key::new([2; 32]));
        let tokens = |key: &Key| Tokens::new(key.clone(), ["token"].into_iter());
        assert_eq!(tokens(&one).of(b"hunter2"), tokens(&one).of(b"hunter2"));
        assert_ne!(tokens(&one).of(b"hunter2"), tokens(&one).of(b"hunter3"));
        assert_ne!(tokens(&one).of(b"hunter2"), tokens(&other).of(b"hunter2"));
        assert!(!format!("{one:?}").contains('1'));
    }

    #[test]
    fn what_is_keyed_by_a_run_can_be_taken_out_of_a_text() {
        for (text, still) in [
            ("", ""),
            ("a ***0a1b2c*** b ***0a1b2d***", "a *** b ***"),
            ("***0a1b2c******pin***", "******pin***"),
            ("***ü*** *** ***0A1B2C***", "***ü*** *** ***0A1B2C***"),
        ] {
            assert_eq!(unkeyed(text), still);
        }
    }

    #[test]
    fn a_token_is_known_again_and_nothing_else_is_taken_for_one() {
        let tokens = Tokens::new(Key::known(), ["pin"].into_iter());
        for token in ["***", "***pin***", tokens.of(b"x").as_str()] {
            assert!(tokens.is(token.as_bytes()), "{token}");
        }
        for other in ["", "***hunter2***", "***3f2a1***", "***3F2A1C***", "x***"] {
            assert!(!tokens.is(other.as_bytes()), "{other}");
        }
        assert_eq!(
            tokens.spans(b"*** ***pin*** ***0a1b2c***!"),
            [4..13, 14..26]
        );
    }
}
