//! Text in markup. Whatever a report holds gets onto the page through one of these three, and none of it can be markup there.
//!
//! What cannot be seen is written out, as [`inert`] does, in an `<i>` of its own where markup can stand. Page and bytes are both
//! harmless: a page that is printed to a CI log is obeyed by nothing, because `::` and `##` are never written as they are.

use std::borrow::Cow;
use std::fmt::{self, Display, Formatter, Write as _};

use crate::render::inert;
use crate::render::inert::hidden;

/// Text as content of an element, at most 4 KiB of it; line breaks are kept.
pub(super) struct Text<'a>(pub(super) &'a str);

/// Text where no element can stand: values of attributes, titles and options. One line, at most 4 KiB of
/// it.
pub(super) struct Plain<'a>(pub(super) &'a str);

/// Bytes of an output as content of an element, all of them.
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl Display for Text<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        escape(f, &bounded(self.0), shown, "\n")
    }
}

impl Display for Plain<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        escape(f, &bounded(self.0), |f, hidden| f.write_str(hidden), "\\n")
    }
}

impl Display for Bytes<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            escape(f, chunk.valid(), shown, "\n")?;
            if !chunk.invalid().is_empty() {
                f.write_str("<i>")?;
                for byte in chunk.invalid() {
                    write!(f, "\\x{byte:02x}")?;
                }
                f.write_str("</i>")?;
            }
        }
        Ok(())
    }
}

fn shown(f: &mut Formatter<'_>, hidden: &str) -> fmt::Result {
    write!(f, "<i>{hidden}</i>")
}

fn escape(
    f: &mut Formatter<'_>,
    text: &str,
    show: impl Fn(&mut Formatter<'_>, &str) -> fmt::Result,
    line_break: &str,
) -> fmt::Result {
    let mut from = 0;
    let mut before = '\0';
    for (at, c) in text.char_indices() {
        let entity = match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '"' => "&quot;",
            '\'' => "&#39;",
            '\t' => "&#9;",
            '\n' => line_break,
            // The second of two: what is left is no command of a CI system.
            ':' if before == ':' => "&#58;",
            '#' if before == '#' => "&#35;",
            _ => "",
        };
        before = c;
        if entity.is_empty() && !hidden(c) {
            continue;
        }
        f.write_str(&text[from..at])?;
        from = at + c.len_utf8();
        if entity.is_empty() {
            show(f, &inert(c.encode_utf8(&mut [0; 4])))?;
        } else {
            f.write_str(entity)?;
        }
    }
    f.write_str(&text[from..])
}

/// Bytes of a message that are shown: it may quote an output, and an output may be megabytes.
const MOST: usize = 4096;

/// The beginning of a text that is too long, and what is missing.
fn bounded(text: &str) -> Cow<'_, str> {
    if text.len() <= MOST {
        return text.into();
    }
    let at = (0..=MOST)
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0);
    let mut cut = text[..at].to_owned();
    // Writing to a String cannot fail.
    let _ = write!(cut, " … ({} more bytes)", text.len() - at);
    cut.into()
}

/// Whether a link may lead there: over http or https, in visible ASCII and not cut, so that what is read is where it leads.
pub(super) fn leads(url: &str) -> bool {
    let scheme = |scheme: &str| {
        url.get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
            && url.len() > scheme.len()
    };
    url.len() <= MOST
        && (scheme("https://") || scheme("http://"))
        && url.chars().all(|c| c.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn markup_is_text() {
        assert_eq!(
            Text("</pre><script>'\"&").to_string(),
            "&lt;/pre&gt;&lt;script&gt;&#39;&quot;&amp;"
        );
        assert_eq!(Text("a\n\tb").to_string(), "a\n&#9;b");
        assert_eq!(Plain("a\n\"b").to_string(), "a\\n&quot;b");
    }

    #[test]
    fn what_is_hidden_is_written_out() {
        assert_eq!(
            Text("\x1b[2J\u{202e}\r\n").to_string(),
            "<i>\\x1b</i>[2J<i>\\u{202e}</i><i>\\r</i>\n"
        );
        assert_eq!(Plain("\x1b\u{202e}").to_string(), "\\x1b\\u{202e}");
        assert_eq!(
            Bytes(b"ok \xff\xfe<").to_string(),
            "ok <i>\\xff</i><i>\\xfe</i>&lt;"
        );
    }

    #[test]
    fn links_lead_over_http_alone() {
        for url in ["http://a/b?c#d", "HTTPS://a", "https://a:1/%20"] {
            assert!(leads(url), "{url}");
        }
        for url in [
            "javascript:alert(1)",
            "https://",
            "data:text/html,x",
            " https://a",
            "https://a b",
            "https://a\u{202e}b",
            "java\nscript:x",
            "//a",
            "ftp://a",
            "",
            "é",
        ] {
            assert!(!leads(url), "{url}");
        }
    }

    #[test]
    fn a_long_text_is_cut_and_says_so() {
        assert_eq!(bounded("short"), "short");
        let long = bounded(&"ü".repeat(3000)).into_owned();
        assert!(long.ends_with("ü … (1904 more bytes)"), "{long}");
    }

    proptest! {
        #[test]
        fn whatever_comes_no_markup_comes_of_it(
            text in "(<|>|&|\"|'|script|svg|::|##|\\[|\n|\t|\\PC|\\p{Cc}|\\p{Cf}|\\p{Z}){0,40}"
        ) {
            let shown = Text(&text).to_string();
            let bare = shown.replace("<i>", "").replace("</i>", "");
            let plain = Plain(&text).to_string();
            for shown in [&bare, &plain] {
                prop_assert!(!shown.contains(['<', '>', '"', '\'']), "{shown}");
                prop_assert!(!shown.contains("::") && !shown.contains("##"), "{shown}");
                prop_assert!(!shown.chars().any(|c| hidden(c) || c == '\t'), "{shown:?}");
            }
            prop_assert!(!plain.contains('\n'));
            prop_assert_eq!(Bytes(text.as_bytes()).to_string(), shown);
        }
    }
}
