//! Report → bytes. Every format is a pure function of the report: no clock, no files, no environment, no secrets.
//!
//! A new format is one new file here with a `render` function, one variant of [`Format`] with its word and its arm in [`render`],
//! and a snapshot in `tests/it/render.rs`.

mod excerpt;
mod inert;
mod json;
mod jsonl;
mod progress;
mod terminal;

pub use inert::{inert, inert_lines};
pub use jsonl::line;
pub use progress::Progress;

use std::io::{self, Write};
use std::str::FromStr;

use crate::report::Report;

/// Formats of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// For people at a terminal.
    Terminal,
    /// The report itself, versioned.
    Json,
    /// The events, one JSON document a line, as they happen.
    Jsonl,
}

impl Format {
    /// Every format with its word.
    pub const WORDS: [(Self, &'static str); 3] = [
        (Self::Terminal, "terminal"),
        (Self::Json, "json"),
        (Self::Jsonl, "jsonl"),
    ];
}

/// A word that is no format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is no format{near}; there are terminal, json and jsonl")]
pub struct UnknownFormat {
    word: String,
    near: String,
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        if let Some((format, _)) = Self::WORDS.iter().find(|(_, known)| *known == word) {
            return Ok(*format);
        }
        let near = Self::WORDS
            .iter()
            .map(|(_, known)| (strsim::damerau_levenshtein(word, known), known))
            .filter(|(distance, _)| *distance <= 2)
            .min()
            .map_or_else(String::new, |(_, known)| {
                format!("; did you mean `{known}`?")
            });
        Err(UnknownFormat {
            word: word.into(),
            near,
        })
    }
}

/// How text for people looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Colours, as SGR sequences.
    pub colour: bool,
    /// Columns of the terminal; 100 when not known.
    pub width: Option<usize>,
    /// Only ASCII marks.
    pub ascii: bool,
}

/// Writes a report in one format. [`Format::Jsonl`] is written event by event with [`line`] while the run goes on; here it writes
/// nothing.
pub fn render(format: Format, report: &Report, to: &mut dyn Write, look: Look) -> io::Result<()> {
    match format {
        Format::Terminal => terminal::render(report, to, look),
        Format::Json => json::render(report, to),
        Format::Jsonl => Ok(()),
    }
}
