//! How questions reach a debug container, by name.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The transports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// Live where exec is allowed, else oneshot.
    #[default]
    Auto,
    /// One exec, to whose shell each step is written as it is decided.
    Live,
    /// All steps go with the container, and its log brings the answers: needs no exec, and outlives its client. No secrets, and no step
    /// that depends on an answer.
    Oneshot,
}

impl Transport {
    /// Every transport with its word.
    pub const WORDS: [(Self, &'static str); 3] = [
        (Self::Auto, "auto"),
        (Self::Live, "live"),
        (Self::Oneshot, "oneshot"),
    ];

    /// The word in flags and reports.
    pub fn word(self) -> &'static str {
        Self::WORDS
            .iter()
            .find(|(transport, _)| *transport == self)
            .map_or("auto", |(_, word)| word)
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Transport {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::WORDS
            .iter()
            .find(|(_, word)| *word == text)
            .map(|(transport, _)| *transport)
            .ok_or_else(|| format!("`{text}` is no transport; there are auto, live, oneshot"))
    }
}
