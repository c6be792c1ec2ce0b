//! Text of a report bounded for formats that have room for a line, not for an output.

use super::inert;

/// Characters of a message that are shown at most: it may quote an output, and an output may be megabytes.
const MOST: usize = 2048;

/// One [inert](super::inert()) line of bounded length; what was left out is said.
pub(super) fn line(text: &str) -> String {
    within(text, MOST)
}

/// The same within so many characters.
pub(super) fn within(text: &str, most: usize) -> String {
    match text.trim_end().char_indices().nth(most) {
        None => inert(text.trim_end()),
        Some((at, _)) => inert(&format!("{} ({} more bytes)", &text[..at], text.len() - at)),
    }
}

/// Lines of bounded length, each inert, without the empty ones at the end.
pub(super) fn lines(text: &str) -> Vec<String> {
    const LINES: usize = 50;
    text.trim_end().lines().take(LINES).map(line).collect()
}
