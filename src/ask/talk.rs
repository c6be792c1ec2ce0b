//! A dialogue with a program: what is waited for, what is written, and how far it came.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use regex::bytes::Regex;
use serde::{Deserialize, Serialize};

/// The most of a dialogue that is kept: 1 MiB.
pub const MAX_TRANSCRIPT: u64 = 1024 * 1024;

/// The most that is written at once, bytes: a terminal takes no longer line (4096 with its end, `N_TTY_BUF_SIZE` of Linux).
pub const MAX_LINE: usize = 4000;

/// One exchange: something is waited for, then something is written. One of the two may be left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// What is waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<Awaited>,
    /// What is written then, its Enter included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub send: Option<String>,
    /// How long it may take; as long as the whole dialogue when `None`.
    #[serde(
        default,
        with = "super::maybe_seconds",
        skip_serializing_if = "Option::is_none"
    )]
    pub timeout: Option<Duration>,
}

/// What is waited for; the first place counts where it stands, after what was waited for before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Awaited {
    /// This text.
    Text(String),
    /// What this regular expression matches; linear in time.
    Regex(String),
}

/// How far a dialogue came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// How many of its exchanges came to their end.
    pub held: usize,
    /// What the named groups matched, by their names; the last match of each.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub groups: BTreeMap<String, String>,
    /// What came after the last of them, where one was left open.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub since: String,
}

/// Something that is waited for, ready to be looked for.
#[derive(Clone, Debug)]
pub enum Sought {
    /// A text.
    Text(Vec<u8>),
    /// A pattern.
    Regex(Regex),
}

impl Awaited {
    /// Ready to be looked for; an error says why the pattern is none.
    pub fn sought(&self) -> Result<Sought, String> {
        match self {
            Self::Text(text) => Ok(Sought::Text(text.clone().into_bytes())),
            Self::Regex(pattern) => Regex::new(pattern)
                .map(Sought::Regex)
                .map_err(|error| error.to_string()),
        }
    }

    /// In a report: the text as it is, the pattern between slashes.
    pub fn shown(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Regex(pattern) => format!("/{pattern}/"),
        }
    }
}

impl Sought {
    /// The first place where it stands.
    pub fn find(&self, text: &[u8]) -> Option<Range<usize>> {
        match self {
            Self::Text(sought) => {
                let at = memchr::memmem::find(text, sought)?;
                Some(at..at + sought.len())
            }
            Self::Regex(regex) => regex.find(text).map(|found| found.range()),
        }
    }

    /// What its named groups match in that place.
    pub fn groups(&self, text: &[u8]) -> BTreeMap<String, String> {
        let Self::Regex(regex) = self else {
            return BTreeMap::new();
        };
        let Some(found) = regex.captures(text) else {
            return BTreeMap::new();
        };
        regex
            .capture_names()
            .flatten()
            .filter_map(|name| {
                let text = String::from_utf8_lossy(found.name(name)?.as_bytes()).into_owned();
                Some((name.to_owned(), text))
            })
            .collect()
    }
}

impl Progress {
    /// How far a dialogue came of which only the transcript is known: what was written is taken to have been.
    pub fn of(dialogue: &[Exchange], transcript: &[u8]) -> Self {
        let mut progress = Self::default();
        let mut rest = transcript;
        for exchange in dialogue {
            if let Some(expected) = &exchange.expect {
                let sought = expected.sought().ok();
                let Some((sought, place)) =
                    sought.and_then(|sought| sought.find(rest).map(|place| (sought, place)))
                else {
                    progress.since = String::from_utf8_lossy(rest).into_owned();
                    break;
                };
                progress.groups.extend(sought.groups(rest));
                rest = &rest[place.end..];
            }
            progress.held += 1;
        }
        progress
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(expect: Awaited) -> Exchange {
        Exchange {
            expect: Some(expect),
            send: None,
            timeout: None,
        }
    }

    #[test]
    fn a_transcript_tells_how_far_the_dialogue_came_and_what_came_since() {
        let dialogue = [
            exchange(Awaited::Text("$ ".into())),
            exchange(Awaited::Regex(r"n=(?<n>\d+)".into())),
            exchange(Awaited::Text("$ ".into())),
        ];
        let whole = Progress::of(&dialogue, b"$ echo n=12\nn=12\n$ ");
        assert_eq!((whole.held, whole.groups["n"].as_str()), (3, "12"));
        assert_eq!(whole.since, "");
        let part = Progress::of(&dialogue, b"hello $ n=7 and no more");
        assert_eq!((part.held, part.since.as_str()), (2, " and no more"));
    }
}
