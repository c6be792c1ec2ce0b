//! Text that came from a pod or a user, made harmless: what cannot be seen is written out, and nothing reads as a command.
//!
//! A pod's output ends up in terminals and CI logs, and both obey what stands in it. Here is what is taken from it:
//!
//! | in the text | shown as | because |
//! |---|---|---|
//! | ESC, NUL, `\r`, other C0, DEL, C1 | `\x1b`, `\0`, `\r`, `\x7f`, `\u{9b}` | moves the cursor, sets titles, fills the clipboard |
//! | bidi marks, zero-width and filler characters, line separators | `\u{202e}` | reorders or hides what is read |
//! | bytes that are no UTF-8 | `\xff` | is drawn differently by every terminal |
//! | `##vso[`, `##teamcity[`, `##[` anywhere | `#\#vso[` | commands of Azure Pipelines, TeamCity and the GitHub runner |
//! | `[[ATTACHMENT|` anywhere | `[\[ATTACHMENT|` | has GitLab and Jenkins take a file of theirs for one of the report |
//! | `::error::` at the start of a line | `:\:error::` | a command of the GitHub runner, which passes over leading blanks |
//!
//! So no `::stop-commands::` is needed around a report; were the report cut short, nothing that comes after it would be obeyed either.
//!
//! A backslash of the text's own stays as it is: this is for reading, and the JSON report is exact. What is inert stays as it is
//! when it is made inert again.

/// One line of harmless text; line breaks and tabs are written out as `\n` and `\t`.
pub fn inert(text: &str) -> String {
    unled(escaped(text))
}

/// The same for bytes, with `\xNN` for what is not UTF-8.
pub fn inert_bytes(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            escape(c, &mut out);
        }
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
    unled(uncommanded(out))
}

/// Like [`inert`], for a piece that does not begin a line.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        escape(c, &mut out);
    }
    uncommanded(out)
}

/// Breaks a command that stands at the start of a line, leading blanks aside.
pub(super) fn unled(line: String) -> String {
    let text = line.trim_start();
    let named = text.strip_prefix("::").is_some_and(|rest| {
        rest.starts_with(|c: char| c.is_ascii_alphabetic()) && rest.contains("::")
    });
    if !named {
        return line;
    }
    let at = line.len() - text.len() + 1;
    format!("{}\\{}", &line[..at], &line[at..])
}

/// True of what a reader cannot see, or what changes how the rest is seen. A line break and a tab are not among them here.
pub(super) fn hidden(c: char) -> bool {
    match c {
        // Nearly all that is ever asked.
        '\n' | '\t' | ' '..='~' => false,
        c if c.is_control() => true,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' => {
            true
        }
        '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' => true,
        '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' => true,
        '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{fffe}'
        | '\u{ffff}'
        | '\u{1bca0}'..='\u{1bca3}' => true,
        '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}' => true,
        _ => false,
    }
}

/// What names a file in the output of a case: GitLab's reports of JUnit, and the attachments of Jenkins.
const ATTACHMENT: &str = "[[ATTACHMENT|";

/// Where a command that is obeyed anywhere in a line begins: `##`, letters or none, `[`; or the name of a file.
pub(super) fn command(text: &str) -> Option<usize> {
    let signed = |rest: &str| {
        let rest = rest.strip_prefix("##");
        rest.is_some_and(|rest| {
            let rest = rest.trim_start_matches(|c: char| c.is_ascii_alphabetic());
            rest.starts_with('[')
        })
    };
    // Of `###[` it is the last two: signs may overlap, so the search goes on one further.
    let mut from = 0;
    while let Some(at) = text[from..].find(['#', '[']).map(|at| from + at) {
        if signed(&text[at..]) || text[at..].starts_with(ATTACHMENT) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

fn escape(c: char, out: &mut String) {
    match c {
        '\n' => out.push_str("\\n"),
        '\t' => out.push_str("\\t"),
        '\r' => out.push_str("\\r"),
        '\0' => out.push_str("\\0"),
        c if c.is_ascii_control() => out.push_str(&format!("\\x{:02x}", u32::from(c))),
        c if hidden(c) => out.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
        c => out.push(c),
    }
}

fn uncommanded(text: String) -> String {
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some(at) = command(rest) {
        out.push_str(&rest[..=at]);
        out.push('\\');
        rest = &rest[at + 1..];
    }
    if out.is_empty() {
        return text;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_moves_the_cursor_is_written_out() {
        assert_eq!(inert("\x1b[2J\x1b]52;c;x\x07"), "\\x1b[2J\\x1b]52;c;x\\x07");
        assert_eq!(inert("50%\r100%\x08\x7f"), "50%\\r100%\\x08\\x7f");
        assert_eq!(inert("\u{9b}31m"), "\\u{9b}31m");
        assert_eq!(inert("a\nb\tc\0"), "a\\nb\\tc\\0");
    }

    #[test]
    fn what_hides_or_reorders_is_written_out() {
        assert_eq!(inert("user\u{202e}nimda"), "user\\u{202e}nimda");
        assert_eq!(
            inert("a\u{200b}b\u{2066}\u{feff}"),
            "a\\u{200b}b\\u{2066}\\u{feff}"
        );
        assert_eq!(inert("Grüße, 世界"), "Grüße, 世界");
    }

    #[test]
    fn bytes_that_are_no_text_are_written_out() {
        assert_eq!(inert_bytes(b"ok \xff\xc3("), "ok \\xff\\xc3(");
    }

    #[test]
    fn commands_of_ci_systems_are_broken() {
        assert_eq!(inert("  ::error::x"), "  :\\:error::x");
        assert_eq!(inert("a ##vso[task.x]y"), "a #\\#vso[task.x]y");
        assert_eq!(
            inert("##[error]##teamcity[a]"),
            "#\\#[error]#\\#teamcity[a]"
        );
        assert_eq!(inert("###[x]"), "##\\#[x]");
        assert_eq!(
            inert("[[[ATTACHMENT|/x]] ##[a]"),
            "[[\\[ATTACHMENT|/x]] #\\#[a]"
        );
        assert_eq!(inert("##[[ATTACHMENT|/x]]"), "#\\#[\\[ATTACHMENT|/x]]");
    }

    #[test]
    fn addresses_and_headings_are_left_alone() {
        for text in [
            "::1",
            "::ffff:10.0.0.1",
            "## Heading",
            "std::fs::read",
            "a[0] ## b",
        ] {
            assert_eq!(inert(text), text);
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_nothing_obeyed_or_hidden_is_left(
            text in "(::|##|\\[ATTACHMENT\\||vso|error|\\[|\\]|#| |\\PC|\\p{Cc}|\\p{Cf}|\\p{Z}){0,40}"
        ) {
            let shown = inert(&text);
            prop_assert!(!shown.chars().any(|c| c.is_control() || hidden(c)), "{shown:?}");
            prop_assert_eq!(command(&shown), None);
            prop_assert_eq!(inert(&shown), shown);
        }

        #[test]
        fn whatever_bytes_come_they_are_shown_as_text_is(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let shown = inert_bytes(&bytes);
            prop_assert_eq!(inert(&shown), shown.clone());
            if let Ok(text) = std::str::from_utf8(&bytes) {
                prop_assert_eq!(inert(text), shown);
            }
        }
    }
}
