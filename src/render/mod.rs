//! A report as bytes: one file for each format, each a pure function of the [`Report`].
//!
//! No clock, no files, no environment: what the place can show comes in as a [`Look`]. Secrets are gone before a report exists, so
//! nothing here redacts; but everything in a report may have been written by a hostile pod, so everything shown passes through
//! [`inert`] or is escaped by its format.
//!
//! A new format is one new file here with `write(&Report, &mut dyn Write)`, one variant with its word in [`Format::WORDS`], one arm
//! in [`render`], and its snapshot in `tests/it/snapshots/` (run the tests once with `HOUSECALL_ACCEPT=1`, and read it).

mod bundle;
mod case;
mod command;
mod comparison;
mod excerpt;
mod github;
mod html;
mod inert;
mod json;
mod jsonl;
mod junit;
mod look;
mod markdown;
mod order;
mod progress;
mod prometheus;
mod prose;
mod sarif;
mod summary;
mod tap;
mod terminal;
mod words;

pub use bundle::{Enclosure, bundle, stem};
pub use command::command;
pub use comparison::comparison;
pub use inert::{inert, inert_bytes};
pub use jsonl::line;
pub use look::Look;
pub use progress::Progress;

use std::io::{self, Write};
use std::str::FromStr;

use crate::report::Report;

/// A format that a report can be written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// For people: what failed, why, and what to do next.
    Terminal,
    /// The report itself, one JSON document.
    Json,
    /// The events of the run, one JSON object a line; written as they happen, so that a killed run leaves what it saw.
    Jsonl,
    /// For the test tab of a CI system: a suite for each target, a case for each check.
    Junit,
    /// For people in a pull request or a step summary.
    Markdown,
    /// For a browser: one page that needs nothing else.
    Html,
    /// For readers of the Test Anything Protocol.
    Tap,
    /// For code scanning: what does not hold, with fingerprints that stay the same over rollouts.
    Sarif,
    /// For a metrics system: text exposition, for the textfile collector or to be pushed.
    Prometheus,
    /// For GitHub Actions: annotations, as workflow commands.
    Github,
    /// For a ticket, and to be judged again: the report and all that it tells of, as `tar.gz` with a manifest of sums.
    Bundle,
}

impl Format {
    /// Every format with its word.
    pub const WORDS: &'static [(Self, &'static str)] = &[
        (Self::Terminal, "terminal"),
        (Self::Json, "json"),
        (Self::Jsonl, "jsonl"),
        (Self::Junit, "junit"),
        (Self::Markdown, "markdown"),
        (Self::Html, "html"),
        (Self::Tap, "tap"),
        (Self::Sarif, "sarif"),
        (Self::Prometheus, "prometheus"),
        (Self::Github, "github"),
        (Self::Bundle, "bundle"),
    ];

    /// All words, as they are listed for people.
    pub fn words() -> String {
        let words: Vec<_> = Self::WORDS.iter().map(|(_, word)| *word).collect();
        words.join(", ")
    }
}

/// A word that names no format. The text says which there are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is no report format{near}; there are {all}")]
pub struct UnknownFormat {
    word: String,
    near: String,
    all: String,
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let known = Self::WORDS.iter().find(|(_, known)| *known == word);
        known.map(|(format, _)| *format).ok_or_else(|| {
            let near = Self::WORDS
                .iter()
                .map(|(_, known)| (strsim::damerau_levenshtein(word, known), known))
                .filter(|(distance, _)| *distance <= 2)
                .min()
                .map_or_else(String::new, |(_, known)| {
                    format!(" (did you mean `{known}`?)")
                });
            UnknownFormat {
                word: inert(word),
                near,
                all: Self::words(),
            }
        })
    }
}

/// Writes a report. `Err` only when `out` refuses.
pub fn render(format: Format, report: &Report, out: &mut dyn Write, look: Look) -> io::Result<()> {
    match format {
        Format::Terminal => terminal::write(report, out, look),
        Format::Json => json::write(report, out),
        Format::Jsonl => jsonl::write(report, out),
        Format::Junit => junit::write(report, out),
        Format::Markdown => markdown::write(report, out),
        Format::Html => html::write(report, out),
        Format::Tap => tap::write(report, out),
        Format::Sarif => sarif::write(report, out),
        Format::Prometheus => prometheus::write(report, out),
        Format::Github => github::write(report, out),
        Format::Bundle => bundle::write(report, out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_found_by_its_word_alone() {
        for (format, word) in Format::WORDS {
            assert_eq!(word.parse(), Ok(*format));
        }
        assert!("JSON".parse::<Format>().is_err());
    }

    #[test]
    fn an_unknown_format_is_told_the_near_one_and_all() {
        let told = |word: &str| word.parse::<Format>().unwrap_err().to_string();
        let all = Format::words();
        assert!(all.starts_with("terminal, json, jsonl"));
        assert_eq!(
            told("jsno"),
            format!("`jsno` is no report format (did you mean `json`?); there are {all}")
        );
        assert_eq!(
            told("\x1b[2J"),
            format!("`\\x1b[2J` is no report format; there are {all}")
        );
    }
}
