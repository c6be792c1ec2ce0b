//! Private keys as text.

use super::scan::{Hit, Strike};
use super::text::{line_end, run};

/// What stands between the lines of a private key, also where its line feeds are written as `\n`; all that follows where its end was
/// cut off.
pub(super) fn private(hit: Hit<'_>) -> Option<Strike> {
    let Hit { text, from, .. } = hit;
    let label = from + b"-----BEGIN".len();
    let end = run(text, label, 64, |byte| {
        byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b' '
    });
    let name = &text[label..end];
    memchr::memmem::find(name, b"PRIVATE KEY")?;
    // A cut may have gone through the line itself.
    let body = run(text, end, 5, |byte| byte == b'-');
    let to = memchr::memmem::find(&text[body..], b"-----END").map_or(text.len(), |at| body + at);
    Strike::bare(body, to)
}

/// The lines of a key of PuTTY behind `Private-Lines: 14`.
pub(super) fn putty(hit: Hit<'_>) -> Option<Strike> {
    let Hit { text, from, .. } = hit;
    let count = from + b"private-lines:".len();
    let digits = run(text, count, 8, |byte| byte == b' ' || byte.is_ascii_digit());
    let count: usize = std::str::from_utf8(text[count..digits].trim_ascii())
        .ok()?
        .parse()
        .ok()?;
    let begins = run(text, digits, 4, |byte| byte.is_ascii_whitespace());
    let mut end = begins;
    // What stands there may be masked already, in fewer lines.
    if text[begins..].starts_with(b"***") {
        return None;
    }
    for line in 0..count.min(1024) {
        let next = if line == 0 {
            end
        } else {
            run(text, end, 2, |byte| byte == b'\r' || byte == b'\n')
        };
        end = line_end(text, next);
    }
    Strike::bare(begins, end)
}
