//! The report itself: one JSON document, two spaces deep, in the field order of its schema.
//!
//! The document may be printed to a terminal or a CI log as well, so what is hidden or obeyed there is written as `\u` escapes:
//! the same values to every JSON reader, and inert to everything else.

use std::io::{self, Write};

use serde::Serialize;

use super::inert::{command, hidden};
use crate::report::Report;

/// Writes the report and a line break.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(pretty(report)?.as_bytes())
}

/// One value as a document, two spaces deep, with its line break.
pub(super) fn pretty(value: &impl Serialize) -> serde_json::Result<String> {
    Ok(harmless(&serde_json::to_string_pretty(value)?) + "\n")
}

/// One value on one line, with its line break.
pub(super) fn line(value: &impl Serialize) -> serde_json::Result<String> {
    Ok(harmless(&serde_json::to_string(value)?) + "\n")
}

/// Characters outside of strings are ASCII and visible, so what is replaced stands in a string; `#`, `[` and the hidden ones never
/// belong to an escape that is already there.
fn harmless(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = command(rest) {
        out.push_str(&rest[..=at]);
        // The second of two signs, both ASCII.
        out.push_str(&format!("\\u{:04x}", rest.as_bytes()[at + 1]));
        rest = &rest[at + 2..];
    }
    out.push_str(rest);
    if !out.contains(hidden) {
        return out;
    }
    let mut units = [0; 2];
    out.chars().fold(String::new(), |mut seen, c| {
        if hidden(c) {
            for unit in c.encode_utf16(&mut units) {
                seen.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            seen.push(c);
        }
        seen
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hidden_characters_are_escaped_and_keep_their_value() {
        let text = "\u{7f}\u{9b}\u{202e}\u{e0041}\\##vso[x] ##[y] [[ATTACHMENT|é";
        let json = line(&text).unwrap();
        assert_eq!(
            json,
            "\"\\u007f\\u009b\\u202e\\udb40\\udc41\\\\#\\u0023vso[x] #\\u0023[y] [\\u005bATTACHMENT|é\"\n"
        );
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }

    proptest! {
        #[test]
        fn whatever_the_text_its_json_is_inert_and_says_the_same(
            text in "(##|vso|\\[ATTACHMENT\\||\\[|\\\\|\"|\\PC|\\p{Cc}|\\p{Cf}){0,40}"
        ) {
            let json = line(&text).unwrap();
            prop_assert!(!json.trim_end().contains(|c: char| c.is_control() || hidden(c)));
            prop_assert_eq!(command(&json), None);
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }
    }
}
