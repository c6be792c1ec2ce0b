//! Where a word or a line ends in a text that may be anything.

use super::text::{is_word, run};

/// How long a word is that stands among others.
pub(super) fn delimited(line: &[u8]) -> usize {
    let mut end = 0;
    while let Some(byte) = line.get(end) {
        if byte.is_ascii_whitespace() || b"\0\"'`;,&<>".contains(byte) {
            break;
        }
        let escaped = *byte == b'\\'
            && line
                .get(end + 1)
                .is_some_and(|next| b"\"'\\nrtu".contains(next));
        if escaped {
            break;
        }
        end += 1;
    }
    unclosed(&line[..end])
}

/// How long a word is without a bracket that closes what was opened before it.
pub(super) fn unclosed(mut word: &[u8]) -> usize {
    // Brackets are few at the end of a word; a word of nothing else is one.
    for _ in 0..4 {
        let Some((last, rest)) = word.split_last() else {
            break;
        };
        let open = match last {
            b')' => b'(',
            b']' => b'[',
            b'}' => b'{',
            _ => break,
        };
        let count = |byte: u8| word.iter().filter(|other| **other == byte).count();
        if count(open) >= count(*last) {
            break;
        }
        word = rest;
    }
    word.len()
}

/// How long the first line is of a text whose line feeds are written as `\n`: where what follows one is a pair of its own.
pub(super) fn lines(text: &[u8]) -> usize {
    for at in memchr::memchr_iter(b'\\', text) {
        let slashes = run(text, at, 16, |byte| byte == b'\\');
        if !matches!(text.get(slashes), Some(b'n' | b'r')) {
            continue;
        }
        let name = run(text, slashes + 1, 128, |byte| {
            is_word(byte) || byte == b'\\'
        });
        if name == text.len() || matches!(text.get(name), Some(b'=' | b':' | b'#')) {
            return at;
        }
    }
    text.len()
}
