//! The end of an output, bounded: what a reader needs to see of it beside a verdict.

use super::inert_bytes;
use crate::report::Output;

/// Lines that people are shown at most.
const LINES: usize = 10;

/// Bytes that people are shown at most.
const BYTES: usize = 1024;

/// The last lines of an output, each [inert](super::inert()).
pub(super) struct Excerpt {
    /// For people at most 10 lines, of at most 1 KiB before they were made inert.
    pub(super) lines: Vec<String>,
    /// Bytes before them that are kept in the report and not shown.
    pub(super) before: usize,
    /// True when the last line does not end with a line break.
    pub(super) open: bool,
}

impl Excerpt {
    /// Of an output, from its end.
    pub(super) fn of(output: &Output) -> Self {
        Self::within(output, LINES, BYTES)
    }

    /// Of an output, from its end, within bounds of another format.
    pub(super) fn within(output: &Output, lines: usize, most: usize) -> Self {
        let bytes = output.content();
        let open = bytes.last().is_some_and(|last| *last != b'\n');
        let body = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        let from = start(body, lines, most);
        let lines = if body.is_empty() {
            Vec::new()
        } else {
            body[from..]
                .split(|byte| *byte == b'\n')
                .map(line)
                .collect()
        };
        Self {
            lines,
            before: from,
            open,
        }
    }
}

/// The lines around the place where a value stands that a verdict tells of.
pub(super) struct Around {
    /// Number of the line that the value stands in, from 1.
    pub(super) number: usize,
    /// That line and its neighbours, each [inert](super::inert()) and of bounded length.
    pub(super) lines: Vec<String>,
}

impl Around {
    /// Where one of these values first stands as a word of its own, within the first bytes of an output.
    pub(super) fn of(output: &Output, before: usize, values: &[String]) -> Option<Self> {
        const NEIGHBOURS: usize = 2;
        let bytes = output.content();
        let head = bytes.get(..before)?;
        let at = values
            .iter()
            .filter_map(|value| word(head, value.as_bytes()))
            .min()?;
        let number = head[..at].iter().filter(|byte| **byte == b'\n').count();
        let first = number.saturating_sub(NEIGHBOURS);
        let lines = bytes
            .split(|byte| *byte == b'\n')
            .skip(first)
            .take(number - first + 1 + NEIGHBOURS)
            .map(|text| line(&text[..text.len().min(BYTES)]));
        Some(Self {
            number: number + 1,
            lines: lines.collect(),
        })
    }
}

/// Where a word first stands that is not part of a longer one.
fn word(text: &[u8], word: &[u8]) -> Option<usize> {
    let letter = |at: Option<usize>| {
        at.and_then(|at| text.get(at))
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    };
    memchr::memmem::find_iter(text, word)
        .find(|at| !letter(at.checked_sub(1)) && !letter(Some(at + word.len())))
}

/// Where the last lines begin: at a line's start, or within a line that alone is over the bound, at a character's start.
fn start(body: &[u8], lines: usize, most: usize) -> usize {
    let floor = body.len().saturating_sub(most);
    let mut from = body.len();
    for (count, at) in line_starts(body).enumerate() {
        if count == lines || at < floor {
            break;
        }
        from = at;
    }
    if from < body.len() {
        return from;
    }
    let continues = |at: &usize| body.get(*at).is_some_and(|byte| byte & 0xc0 == 0x80);
    // A character has at most three bytes after its first.
    (floor..body.len().min(floor + 3))
        .find(|at| !continues(at))
        .unwrap_or(floor)
}

/// Starts of lines, the last first.
fn line_starts(body: &[u8]) -> impl Iterator<Item = usize> {
    (0..body.len())
        .rev()
        .filter(|&at| at == 0 || body[at - 1] == b'\n')
}

/// Tabs reach to the next multiple of eight, as a terminal draws them, so that tables stay tables.
fn line(bytes: &[u8]) -> String {
    let mut flat = Vec::with_capacity(bytes.len());
    let mut column = 0;
    for byte in bytes {
        match byte {
            b'\t' => {
                let gap = 8 - column % 8;
                flat.resize(flat.len() + gap, b' ');
                column += gap;
            }
            byte => {
                flat.push(*byte);
                column += usize::from(byte & 0xc0 != 0x80);
            }
        }
    }
    inert_bytes(&flat)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ask::Captured;

    fn excerpt(bytes: &[u8]) -> Excerpt {
        Excerpt::of(&Output::of(&Captured::whole(bytes)))
    }

    #[test]
    fn a_short_output_is_shown_whole() {
        let all = excerpt(b"a\tb\n\nc\n");
        assert_eq!(all.lines, ["a       b", "", "c"]);
        assert_eq!((all.before, all.open), (0, false));
        assert!(excerpt(b"a").open);
        assert!(excerpt(b"").lines.is_empty());
    }

    #[test]
    fn of_many_lines_the_last_ten_are_shown() {
        let text: String = (0..100).map(|n| format!("line {n}\n")).collect();
        let last = excerpt(text.as_bytes());
        assert_eq!(last.lines.len(), 10);
        assert_eq!(last.lines[0], "line 90");
        assert_eq!(last.before, text.find("line 90").unwrap());
    }

    #[test]
    fn of_one_long_line_the_last_kibibyte_is_shown() {
        let text = "ü".repeat(5000);
        let last = excerpt(text.as_bytes());
        assert_eq!(last.lines[0].chars().count(), 512);
        assert_eq!(last.before, 10_000 - 1024);
        let odd = excerpt(format!("{text}x").as_bytes());
        assert!(!odd.lines[0].contains("\\x"), "{:?}", odd.lines);
    }

    #[test]
    fn the_lines_around_a_value_are_found_before_the_end() {
        let mut text: String = (0..50).map(|n| format!("line {n}\n")).collect();
        text.insert_str(text.find("line 7").unwrap(), "code=5033\ncode=503\x1b\n");
        let output = Output::of(&Captured::whole(text));
        let before = Excerpt::of(&output).before;
        let around = Around::of(&output, before, &["503".into()]).unwrap();
        assert_eq!(around.number, 9);
        assert_eq!(
            around.lines,
            ["line 6", "code=5033", "code=503\\x1b", "line 7", "line 8"]
        );
        assert!(Around::of(&output, before, &["line 49".into()]).is_none());
        assert!(Around::of(&output, before, &["503".into()]).is_some());
        assert!(Around::of(&output, 0, &["503".into()]).is_none());
    }

    #[test]
    fn bytes_that_are_no_text_are_shown_as_such() {
        assert_eq!(
            excerpt(&[0xff, b'\n', 0x80, 0x80, 0x80, 0x80]).lines,
            ["\\xff", "\\x80\\x80\\x80\\x80"]
        );
    }
}
