//! Secrets in addresses: who asks, and what signs the question.

use super::scan::{Hit, Strike};
use super::text::{before, run, stands};

/// How long the part of an address before its host may be, bytes.
const USER: usize = 1024;

/// A word that stands alone before the host is a token from here on, bytes.
const TOKEN: usize = 20;

/// The password before the host: `://user:password@host`, also with an `@` or a `/` in it.
pub(super) fn user(hit: Hit<'_>) -> Option<Strike> {
    let Hit { text, from, .. } = hit;
    let begins = from + b"://".len();
    let part = |byte: u8| !byte.is_ascii_whitespace() && !b"\0\"'<>`\\".contains(&byte);
    let end = run(text, begins, USER, |byte| {
        part(byte) && !b"/?#".contains(&byte)
    });
    let colon = memchr::memchr(b':', &text[begins..end]).map(|at| begins + at);
    if let Some(at) = memchr::memrchr(b'@', &text[begins..end]) {
        let at = begins + at;
        return match colon.filter(|colon| *colon < at) {
            Some(colon) => masked(text, colon + 1, at),
            None => (at - begins >= TOKEN).then(|| Strike::bare(begins, at))?,
        };
    }
    // What follows a port is a path; what follows no number is a password that was not encoded.
    let colon = colon?;
    let port = run(text, colon + 1, 6, |byte| byte.is_ascii_digit());
    if port == end || text.get(end) != Some(&b'/') {
        return None;
    }
    let end = run(text, begins, USER, |byte| part(byte) && byte != b'?');
    let at = memchr::memrchr(b'@', &text[colon..end]).map(|at| colon + at)?;
    masked(text, colon + 1, at)
}

/// The same where the address is percent-encoded, as within another one: `%3A%2F%2Fuser%3Apassword%40host`.
pub(super) fn coded(hit: Hit<'_>) -> Option<Strike> {
    let Hit { text, from, .. } = hit;
    let begins = from + b"%3A%2F%2F".len();
    let end = run(text, begins, USER, |byte| {
        !byte.is_ascii_whitespace() && !b"\0\"'<>`\\&".contains(&byte)
    });
    let stops = |at: &usize| ["%2F", "%3F"].iter().any(|stop| stands(text, *at, stop));
    let end = (begins..end).find(stops).unwrap_or(end);
    let at = (begins..end).rfind(|at| stands(text, *at, "%40"))?;
    match (begins..at).find(|at| stands(text, *at, "%3A")) {
        Some(colon) => masked(text, colon + "%3A".len(), at),
        None => (at - begins >= TOKEN).then(|| Strike::bare(begins, at))?,
    }
}

fn masked(text: &[u8], from: usize, to: usize) -> Option<Strike> {
    let value = text.get(from..to)?;
    (!super::plain::plain(value)).then(|| Strike::bare(from, to))?
}

/// The password of `jdbc:oracle:thin:user/password@host`.
pub(super) fn oracle(hit: Hit<'_>) -> Option<Strike> {
    let Hit { text, from, .. } = hit;
    let begins = from + b"jdbc:oracle:".len();
    let user = run(text, begins, 128, |byte| {
        byte.is_ascii_alphanumeric() || b"_:$".contains(&byte)
    });
    if text.get(user) != Some(&b'/') {
        return None;
    }
    let end = run(text, user + 1, USER, |byte| {
        !byte.is_ascii_whitespace() && !b"\"'".contains(&byte)
    });
    let at = memchr::memchr(b'@', &text[user..end])?;
    masked(text, user + 1, user + at)
}

/// What signs a question: `sig=…` of Azure, `X-Amz-Signature=…`, `X-Goog-Signature=…`.
pub(super) fn signature(hit: Hit<'_>) -> Option<Strike> {
    let Hit { text, from, .. } = hit;
    let name = run(text, from, 32, |byte| {
        byte.is_ascii_alphanumeric() || byte == b'-'
    });
    let begins = name
        + usize::from(text.get(name) == Some(&b'='))
        + if stands(text, name, "%3D") { 3 } else { 0 };
    if begins == name || before(text, from).is_some_and(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let end = run(text, begins, text.len(), |byte| {
        byte.is_ascii_alphanumeric() || b"%+/=_-".contains(&byte)
    });
    (end - begins >= TOKEN).then(|| Strike::bare(begins, end))?
}
