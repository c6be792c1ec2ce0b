//! What passwords are kept as: it can be tried against, so it is as good as one.

use super::scan::{Hit, Strike};
use super::text::{before, run};

/// The shortest of them behind its beginning, bytes.
const SHORT: usize = 20;

/// The longest, bytes.
const LONG: usize = 512;

/// `$6$salt$hash` of a shadow file, `$2y$…` and `$apr1$…` of an htpasswd, `$argon2id$…`.
pub(super) fn crypt(hit: Hit<'_>) -> Option<Strike> {
    let Hit { text, from, .. } = hit;
    let end = run(text, from, LONG, |byte| {
        byte.is_ascii_alphanumeric() || b"./$=,+-".contains(&byte)
    });
    let hash = &text[from..end];
    let parts = hash.iter().filter(|byte| **byte == b'$').count();
    let last = hash
        .rsplit(|byte| *byte == b'$')
        .next()
        .map_or(0, <[u8]>::len);
    (hash.len() > SHORT + 4 && parts >= 3 && last >= SHORT).then(|| Strike::bare(from, end))?
}

/// `{SHA}…`, `{SSHA}…` of a directory.
pub(super) fn directory(hit: Hit<'_>) -> Option<Strike> {
    let Hit { text, from, .. } = hit;
    let word = run(text, from + 1, 10, |byte| byte.is_ascii_alphanumeric());
    let begins = word + 1;
    let end = run(text, begins, 512, |byte| {
        byte.is_ascii_alphanumeric() || b"+/=".contains(&byte)
    });
    let closed =
        text.get(word) == Some(&b'}') && before(text, from).is_none_or(|byte| byte != b'$');
    (closed && end - begins >= SHORT).then(|| Strike::bare(begins, end))?
}
