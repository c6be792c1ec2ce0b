//! Looking around in a text that may be anything: each look is bounded, or what it passes is masked.

/// How far a line is looked back upon, bytes.
const BACK: usize = 512;

/// Where a run of such bytes that begins at `at` ends; it is looked at for so many bytes at most.
pub(super) fn run(text: &[u8], at: usize, most: usize, class: impl Fn(u8) -> bool) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let rest = &rest[..rest.len().min(most)];
    at + rest
        .iter()
        .position(|byte| !class(*byte))
        .unwrap_or(rest.len())
}

/// Where a run of such bytes that ends at `at` begins; it is looked at for so many bytes at most.
pub(super) fn run_back(text: &[u8], at: usize, most: usize, class: impl Fn(u8) -> bool) -> usize {
    let part = &text[at.saturating_sub(most)..at];
    at - part
        .iter()
        .rev()
        .position(|byte| !class(*byte))
        .unwrap_or(part.len())
}

/// What stands before `at` in its line, as far back as lines are looked at.
pub(super) fn line_before(text: &[u8], at: usize) -> &[u8] {
    let part = &text[at.saturating_sub(BACK)..at];
    let begins = memchr::memrchr2(b'\n', b'\r', part).map_or(0, |end| end + 1);
    &part[begins..]
}

/// Where the line that `at` stands in ends, its ending left out.
pub(super) fn line_end(text: &[u8], at: usize) -> usize {
    let end = memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |end| at + end);
    if end > at && text[end - 1] == b'\r' {
        end - 1
    } else {
        end
    }
}

/// Whether a word stands there, in either case.
pub(super) fn stands(text: &[u8], at: usize, word: &str) -> bool {
    text.get(at..at + word.len())
        .is_some_and(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}

/// The byte before `at`.
pub(super) fn before(text: &[u8], at: usize) -> Option<u8> {
    at.checked_sub(1).map(|at| text[at])
}

pub(super) fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// What a name of a key is made of.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_.-".contains(&byte)
}

/// What encoded bytes are written in.
pub(super) fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/=_-".contains(&byte)
}

/// A quote, with the backslashes before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Quote {
    pub(super) mark: u8,
    pub(super) slashes: usize,
}

impl Quote {
    /// The quote that begins at `at`, and where it ends.
    pub(super) fn at(text: &[u8], at: usize) -> Option<(Self, usize)> {
        let slashes = run(text, at, 64, |byte| byte == b'\\') - at;
        let mark = *text.get(at + slashes)?;
        let quote = Self { mark, slashes };
        b"\"'".contains(&mark).then_some((quote, at + slashes + 1))
    }

    /// The quote that ends right before `at`, and where it begins.
    pub(super) fn before(text: &[u8], at: usize) -> Option<(Self, usize)> {
        let mark = before(text, at).filter(|byte| b"\"'".contains(byte))?;
        let begins = run_back(text, at - 1, 64, |byte| byte == b'\\');
        let slashes = at - 1 - begins;
        Some((Self { mark, slashes }, begins))
    }

    /// Where what began behind it at `at` ends, before the closing quote, and true; or where its line does, or at the latest `end`, and
    /// false. With `lines` it may go over lines.
    ///
    /// Text that was escaped k times has 2^k - 1 backslashes before its quotes; of a quote within it there are more, but for twice
    /// as many as that and two, which are backslashes of the text itself.
    pub(super) fn ends(self, text: &[u8], at: usize, end: usize, lines: bool) -> (usize, bool) {
        let turn = 2 * self.slashes + 2;
        let stop = if lines { self.mark } else { b'\n' };
        let mut from = at;
        while let Some(found) = memchr::memchr2(self.mark, stop, &text[from..end.max(from)]) {
            let place = from + found;
            if text[place] == b'\n' {
                let feed = usize::from(place > at && text[place - 1] == b'\r');
                return (place - feed, false);
            }
            let slashes = place - run_back(text, place, place - at, |byte| byte == b'\\');
            let single = self.mark == b'\'' && self.slashes == 0;
            if single && text.get(place + 1) == Some(&b'\'') {
                from = place + 2;
            } else if slashes % turn == self.slashes {
                return (place - self.slashes, true);
            } else {
                from = place + 1;
            }
        }
        (end.max(at), false)
    }

    /// The same within a line.
    pub(super) fn closes(self, text: &[u8], at: usize) -> Option<usize> {
        let (to, closed) = self.ends(text, at, text.len(), false);
        closed.then_some(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_is_closed_by_one_that_was_escaped_as_often() {
        for (text, value) in [
            (r#""a\"b\\" rest"#, r#"a\"b\\"#),
            (r#"\"a\\\"b\" rest""#, r#"a\\\"b"#),
            (r#"\"a\\\\\" rest""#, r#"a\\\\"#),
            (r#"\\\"a\\\\\\\"b\\\" rest"#, r#"a\\\\\\\"b"#),
            ("'it''s' rest'", "it''s"),
        ] {
            let text = text.as_bytes();
            let (quote, from) = Quote::at(text, 0).unwrap();
            let to = quote.closes(text, from).unwrap();
            assert_eq!(String::from_utf8_lossy(&text[from..to]), value);
        }
        assert_eq!(Quote::at(b"\"a", 0).unwrap().0.closes(b"\"a", 1), None);
    }
}
