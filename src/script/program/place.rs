//! Places: from the lines and columns of the language to bytes, and to where a literal ends.

use rhai::Position;

/// A source with the byte at which each line begins.
pub(super) struct Places<'s> {
    pub(super) source: &'s str,
    lines: Vec<usize>,
}

impl<'s> Places<'s> {
    pub(super) fn new(source: &'s str) -> Self {
        let lines = std::iter::once(0)
            .chain(source.match_indices('\n').map(|(at, _)| at + 1))
            .collect();
        Self { source, lines }
    }

    /// The byte at a position; the end of the source where it has none.
    pub(super) fn byte(&self, position: Position) -> usize {
        let (Some(line), Some(column)) = (position.line(), position.position()) else {
            return self.source.len();
        };
        let Some(start) = self.lines.get(line - 1).copied() else {
            return self.source.len();
        };
        self.source[start..]
            .char_indices()
            .nth(column.saturating_sub(1))
            .map_or(self.source.len(), |(at, _)| start + at)
    }

    /// One past the word that begins at a byte, or one past the one letter there.
    pub(super) fn word(&self, start: usize) -> usize {
        let rest = &self.source[start..];
        let length = rest
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        match length {
            0 => start + rest.chars().next().map_or(0, char::len_utf8),
            length => start + length,
        }
    }

    /// One past the literal that begins at a byte: a text, a number or a word, a list or a map with all that is in it.
    pub(super) fn literal(&self, start: usize) -> usize {
        let bytes = self.source.as_bytes();
        match bytes.get(start) {
            Some(b'"' | b'`' | b'\'') => self.quoted(start),
            Some(b'#') if matches!(bytes.get(start + 1), Some(b'"' | b'#')) => self.raw(start),
            Some(b'#' | b'[' | b'(') => self.bracketed(start),
            Some(b'-' | b'+') => self.number(start + 1),
            _ => self.number(start),
        }
    }

    fn number(&self, start: usize) -> usize {
        let rest = &self.source[start..];
        let length = rest
            .find(|c: char| !c.is_alphanumeric() && c != '_' && c != '.')
            .unwrap_or(rest.len());
        (start + length).max(self.word(start))
    }

    fn quoted(&self, start: usize) -> usize {
        let bytes = self.source.as_bytes();
        let mark = bytes[start];
        let mut at = start + 1;
        while let Some(&byte) = bytes.get(at) {
            at += 1;
            if byte == b'\\' && mark != b'`' {
                at += 1;
            } else if byte == mark {
                // Between backticks two of them stand for one.
                if mark == b'`' && bytes.get(at) == Some(&b'`') {
                    at += 1;
                    continue;
                }
                return at.min(bytes.len());
            }
        }
        bytes.len()
    }

    /// `#"…"#`, with as many `#` at the end as at the beginning.
    fn raw(&self, start: usize) -> usize {
        let rest = &self.source[start..];
        let marks = rest.bytes().take_while(|byte| *byte == b'#').count();
        let end = format!("\"{}", "#".repeat(marks));
        rest.get(marks + 1..)
            .and_then(|inside| inside.find(&end))
            .map_or(self.source.len(), |at| start + marks + 1 + at + end.len())
    }

    fn bracketed(&self, start: usize) -> usize {
        let bytes = self.source.as_bytes();
        let (mut at, mut depth) = (start, 0_usize);
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b'"' | b'`' | b'\'' => {
                    at = self.quoted(at);
                    continue;
                }
                b'#' if matches!(bytes.get(at + 1), Some(b'"' | b'#')) => {
                    at = self.raw(at);
                    continue;
                }
                b'/' if bytes.get(at + 1) == Some(&b'/') => {
                    at += self.source[at..].find('\n').unwrap_or(bytes.len() - at);
                }
                b'/' if bytes.get(at + 1) == Some(&b'*') => {
                    at += self.source[at..].find("*/").unwrap_or(bytes.len() - at);
                }
                b'[' | b'{' | b'(' => depth += 1,
                b']' | b'}' | b')' => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return at + 1;
                    }
                }
                _ => {}
            }
            at += 1;
        }
        bytes.len()
    }
}
