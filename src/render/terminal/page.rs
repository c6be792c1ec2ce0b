//! The page that the terminal report is set on: lines of pieces with a tone, wrapped to the width, harmless without exception.
//!
//! Every piece of every line passes through here, and here it is made inert; no caller can forget it.

use std::borrow::Cow;
use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::render::Look;
use crate::render::inert::{escaped, unled};

/// How a piece of text is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    /// As it is.
    Plain,
    /// The name of what is talked about.
    Strong,
    /// Beside the point.
    Faint,
    /// It holds.
    Good,
    /// Mild trouble, or no telling.
    Unsure,
    /// Trouble.
    Bad,
}

impl Tone {
    fn style(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Strong => Style::new().bold(),
            Self::Faint => Style::new().dimmed(),
            Self::Good => AnsiColor::Green.on_default(),
            Self::Unsure => AnsiColor::Yellow.on_default(),
            Self::Bad => AnsiColor::Red.on_default().bold(),
        }
    }
}

/// Characters of one piece or text that are shown at most: a message may quote an output, and an output may be megabytes.
const MOST: usize = 2048;

/// The text of a report, line by line.
pub(super) struct Page {
    look: Look,
    text: String,
}

impl Page {
    pub(super) fn new(look: Look) -> Self {
        Self {
            look,
            text: String::new(),
        }
    }

    /// What was set.
    pub(super) fn text(self) -> String {
        self.text
    }

    /// A sign of the report's own, or what stands for it in ASCII.
    pub(super) fn sign(&self, sign: &'static str, ascii: &'static str) -> &'static str {
        if self.look.unicode { sign } else { ascii }
    }

    pub(super) fn blank(&mut self) {
        self.text.push('\n');
    }

    /// One line, as long as it is.
    pub(super) fn line(&mut self, pieces: &[(Tone, &str)]) {
        let pieces: Vec<_> = pieces
            .iter()
            .map(|(tone, text)| (*tone, escaped(&bounded(text))))
            .collect();
        self.set(&pieces);
    }

    /// A label and text under it, wrapped at blanks; line breaks of the text are kept.
    pub(super) fn prose(&mut self, indent: usize, label: (Tone, &str), tone: Tone, text: &str) {
        const DEEPEST: usize = 12;
        let label = (label.0, bounded(label.1));
        let label_width = label.1.width() + usize::from(!label.1.is_empty());
        // Under a long label the text hangs a little under the label itself.
        let deep = label_width > DEEPEST;
        let hang = indent + if deep { 2 } else { label_width };
        let room = self.look.columns().saturating_sub(hang).max(20);
        let mut first = true;
        for line in bounded(text.trim_end()).lines() {
            let taken = if first && deep { label_width - 2 } else { 0 };
            for part in wrapped(&escaped(line.trim_end()), room, taken) {
                let margin = " ".repeat(if first { indent } else { hang });
                let mut pieces = vec![(Tone::Plain, margin)];
                if std::mem::take(&mut first) && !label.1.is_empty() {
                    pieces.push((label.0, escaped(&label.1)));
                    pieces.push((Tone::Plain, " ".into()));
                }
                pieces.push((tone, part));
                self.set(&pieces);
            }
        }
    }

    /// A line of output behind a gutter, cut hard at the width and carried on behind a `+`, so that nothing is lost.
    pub(super) fn quoted(&mut self, indent: usize, line: &str) {
        let room = self.look.columns().saturating_sub(indent + 2).max(20);
        let parts = cut(escaped(&bounded(line)).trim_end(), room);
        for (at, part) in parts.into_iter().enumerate() {
            let gutter = if at == 0 { "|" } else { "+" };
            let gap = if part.is_empty() { "" } else { " " };
            self.set(&[
                (Tone::Faint, format!("{}{gutter}", " ".repeat(indent))),
                (Tone::Plain, format!("{gap}{part}")),
            ]);
        }
    }

    fn set(&mut self, pieces: &[(Tone, String)]) {
        let plain: String = pieces.iter().map(|(_, text)| text.as_str()).collect();
        let led = unled(plain.clone());
        if !self.look.colour || led != plain {
            self.text.push_str(led.trim_end());
        } else {
            for (tone, text) in pieces {
                let style = tone.style();
                // Writing to a String cannot fail.
                let _ = write!(self.text, "{style}{text}{style:#}");
            }
        }
        self.text.push('\n');
    }
}

/// The beginning of a text that is too long, and what is missing.
fn bounded(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(MOST) {
        None => text.into(),
        Some((at, _)) => format!("{} ({} more bytes)", &text[..at], text.len() - at).into(),
    }
}

/// Breaks wherever the room is full, in columns: a character may take two, or none. At least one part, which may be empty.
fn cut(line: &str, room: usize) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut width = 0;
    for c in line.chars() {
        let wide = c.width().unwrap_or(0);
        if width + wide > room {
            parts.push(String::new());
            width = 0;
        }
        width += wide;
        if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    parts
}

/// Breaks at blanks, or within a word that alone is too long. Of the first part's room some is taken.
fn wrapped(line: &str, room: usize, taken: usize) -> Vec<String> {
    let mut parts = Vec::new();
    let mut part = String::new();
    let mut width = taken;
    for word in line.split(' ') {
        let long = word.width();
        let gap = usize::from(!part.is_empty());
        if width > 0 && width + gap + long > room {
            parts.push(std::mem::take(&mut part));
            width = 0;
        } else if gap > 0 {
            part.push(' ');
            width += 1;
        }
        for c in word.chars() {
            let wide = c.width().unwrap_or(0);
            if width + wide > room {
                parts.push(std::mem::take(&mut part));
                width = 0;
            }
            part.push(c);
            width += wide;
        }
    }
    parts.push(part);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(set: impl FnOnce(&mut Page)) -> String {
        let mut page = Page::new(Look {
            width: Some(40),
            ..Look::default()
        });
        set(&mut page);
        page.text()
    }

    #[test]
    fn prose_hangs_under_its_first_word() {
        assert_eq!(
            page(|page| page.prose(
                2,
                (Tone::Faint, "hint"),
                Tone::Plain,
                "look at the pool of the release that was rolled out\nand then"
            )),
            "  hint look at the pool of the release\n       that was rolled out\n       and then\n"
        );
    }

    #[test]
    fn under_a_long_label_prose_hangs_a_little() {
        assert_eq!(
            page(|page| page.prose(
                2,
                (Tone::Faint, "no-leaked-connections:"),
                Tone::Plain,
                "twelve of them, and more than that"
            )),
            "  no-leaked-connections: twelve of them,\n    and more than that\n"
        );
    }

    #[test]
    fn the_width_is_counted_in_columns_and_not_in_characters() {
        let wide = "失败".repeat(15);
        assert_eq!(
            cut(&wide, 20),
            ["失败".repeat(5), "失败".repeat(5), "失败".repeat(5)]
        );
        assert_eq!(wrapped(&wide, 21, 0).len(), 3);
        assert_eq!(wrapped("失败 失败 失败", 9, 0), ["失败 失败", "失败"]);
        assert_eq!(cut("e\u{301}e\u{301}", 2), ["e\u{301}e\u{301}"]);
        assert_eq!(cut("", 20), [""]);
    }

    #[test]
    fn a_word_too_long_is_cut_and_nothing_lost() {
        assert_eq!(
            wrapped(&"x".repeat(45), 20, 0),
            ["x".repeat(20), "x".repeat(20), "x".repeat(5)]
        );
    }

    #[test]
    fn a_wrapped_line_cannot_begin_with_a_command() {
        let text = page(|page| {
            page.prose(
                4,
                (Tone::Plain, ""),
                Tone::Plain,
                "thirty characters of something ::error::x",
            );
        });
        assert_eq!(
            text,
            "    thirty characters of something\n    :\\:error::x\n"
        );
    }

    #[test]
    fn a_quoted_line_is_carried_on_behind_its_gutter() {
        let text = page(|page| page.quoted(2, &"ab".repeat(20)));
        assert_eq!(
            text,
            format!("  | {}\n  + {}\n", "ab".repeat(18), "ab".repeat(2))
        );
    }
}
