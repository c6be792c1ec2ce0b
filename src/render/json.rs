//! The report itself: pretty JSON, a line break at its end.
//!
//! Whatever is not printable is written as `\u` escapes, so that the file is harmless in a terminal and still the same value.

use std::io::{self, Write};

use crate::report::Report;

pub(super) fn render(report: &Report, to: &mut dyn Write) -> io::Result<()> {
    let text = serde_json::to_string_pretty(report)?;
    to.write_all(escaped(&text).as_bytes())?;
    to.write_all(b"\n")
}

/// Escapes what JSON leaves as it is and a terminal does not. Outside strings JSON is ASCII, so every such character is inside one.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() && c != '\u{7f}' || !dangerous(c) {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}

fn dangerous(c: char) -> bool {
    c.is_control() || super::inert(c.encode_utf8(&mut [0; 4])).starts_with("\\u{")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_escaped_and_the_value_stays_the_same() {
        let value = serde_json::json!({"a": "x\u{9b}2J\u{202e}\u{7f}\u{e0041}ä\u{1b}"});
        let text = escaped(&value.to_string());
        assert!(!text.chars().any(|c| c.is_control() || c == '\u{202e}'));
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&text).unwrap(),
            value
        );
    }
}
