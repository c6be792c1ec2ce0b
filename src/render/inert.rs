//! Text from a pod, made harmless: what it says is shown, what it would do is not done.
//!
//! Escape sequences, control characters, bidirectional overrides and invisible characters are spelled out; the markers by which CI
//! systems take orders from a log (`::error::`, `##vso[`, `##[`, `##teamcity[`) are broken by a backslash, because some of them are
//! obeyed anywhere in a line.

use std::fmt::Write;

/// One line of harmless text; line breaks are spelled out, too.
pub fn inert(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        push(&mut out, c);
    }
    unordered(out)
}

/// Harmless lines of bytes, split at `\n`; bytes that are not UTF-8 are spelled out.
pub fn inert_lines(bytes: &[u8]) -> Vec<String> {
    let body = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    if body.is_empty() {
        return Vec::new();
    }
    body.split(|byte| *byte == b'\n').map(inert_bytes).collect()
}

fn inert_bytes(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            push(&mut out, c);
        }
        for byte in chunk.invalid() {
            // Writing to a String cannot fail, here and below.
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    unordered(out)
}

fn push(out: &mut String, c: char) {
    match c {
        '\t' => out.push_str("    "),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\u{1b}' => out.push_str("\\e"),
        c if c.is_control() && (c as u32) < 0x100 => {
            let _ = write!(out, "\\x{:02x}", c as u32);
        }
        c if unseen(c) => {
            let _ = write!(out, "\\u{{{:x}}}", c as u32);
        }
        c => out.push(c),
    }
}

/// Characters that show nothing themselves and change how others are shown: bidirectional controls (UAX #9), zero-width and
/// invisible operators, variation and tag characters, line and paragraph separators, interlinear annotations.
fn unseen(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// Breaks what a CI system would take for an order.
fn unordered(text: String) -> String {
    let start = text.trim_start();
    let indent = &text[..text.len() - start.len()];
    let text = match start.strip_prefix("::") {
        Some(order) => format!("{indent}:\\:{order}"),
        None => text,
    };
    if !text.contains("##") {
        return text;
    }
    ["##[", "##vso[", "##teamcity["]
        .iter()
        .fold(text, |text, order| {
            text.replace(order, &order.replacen("##", "#\\#", 1))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_cursor_cannot_be_moved() {
        assert_eq!(inert("a\x1b[2Jb\r\u{9b}1A"), "a\\e[2Jb\\r\\x9b1A");
        assert_eq!(inert("\u{202e}cod"), "\\u{202e}cod");
    }

    #[test]
    fn a_ci_system_takes_no_orders_from_a_pod() {
        for order in [
            "::error::x",
            "  ::set-output name=a::b",
            "x ##vso[task.setvariable]y",
            "##[error]x",
            "##teamcity[buildProblem]",
            "###[x]",
        ] {
            let shown = inert(order);
            assert!(!shown.trim_start().starts_with("::"), "{shown}");
            for marker in ["##[", "##vso[", "##teamcity["] {
                assert!(!shown.contains(marker), "{shown}");
            }
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_spelled_out() {
        assert_eq!(inert_lines(b"a\xff\n\nb\0\n"), ["a\\xff", "", "b\\x00"]);
        assert!(inert_lines(b"").is_empty());
    }

    proptest! {
        #[test]
        fn nothing_shown_is_a_control_character(bytes: Vec<u8>) {
            for line in inert_lines(&bytes) {
                prop_assert!(!line.chars().any(|c| c.is_control() || unseen(c)));
            }
        }
    }
}
