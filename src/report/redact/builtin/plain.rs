//! Values that stand where a secret would, and are none: names of variables, words for nothing, what was masked by somebody else.

use super::text::stands;

/// Words for nothing, and what other tools put in place of a secret.
const WORDS: &[&str] = &[
    "true",
    "false",
    "null",
    "nil",
    "none",
    "undefined",
    "yes",
    "no",
    "redacted",
    "[redacted]",
    "<redacted>",
    "[filtered]",
    "(hidden)",
    "<hidden>",
    "[hidden]",
    "<none>",
    "<nil>",
    "<unset>",
    "<empty>",
    "<unknown>",
    "(none)",
    "(nil)",
    "(null)",
    "[protected]",
    "<sensitive>",
    "(sensitive value)",
    "<masked>",
    "[masked]",
    "{}",
    "[]",
    "(set)",
    "<set>",
    "...",
    "…",
    "!",
    "!!",
    "*",
    "x",
    "!*",
    "required",
    "optional",
    "enabled",
    "disabled",
];

/// What the help of a program calls a value.
const HELP: &[&str] = &[
    "string",
    "strings",
    "stringarray",
    "value",
    "file",
    "path",
    "<string>",
    "<value>",
];

/// The longest of them, bytes.
pub(super) const LONGEST: usize = 256;

/// True for a value that is no secret.
pub(super) fn plain(value: &[u8]) -> bool {
    let is = |words: &[&str]| {
        words
            .iter()
            .any(|word| value.len() == word.len() && stands(value, 0, word))
    };
    // What is longer is no such word, and is not looked through: it may be all of an output.
    if value.len() > LONGEST {
        return false;
    }
    value.is_empty()
        || is(WORDS)
        || is(HELP)
        || value.len() > 1 && value.iter().all(|byte| b"*xX.\xe2\x80\xa2".contains(byte))
        || reference(value)
        || call(value)
        || placeholder(value)
        || path(value)
        || [&b"<set to the key"[..], b"<set to the "]
            .iter()
            .any(|word| value.starts_with(word))
}

/// `$NAME`, `${name}`, `$(…)`, `{{ … }}`, `%(name)s`: what stands there is elsewhere.
fn reference(value: &[u8]) -> bool {
    let name = |name: &[u8]| {
        !name.is_empty()
            && name
                .iter()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_')
    };
    match value {
        [b'$', b'{', inner @ .., b'}'] => !inner.contains(&b'}'),
        [b'$', b'(', inner @ .., b')'] => !inner.contains(&b')'),
        [b'{', b'{', inner @ .., b'}', b'}'] => !inner.windows(2).any(|two| two == b"}}"),
        [b'%', b'(', .., b')', b's'] => true,
        [b'$', rest @ ..] => {
            let word = rest
                .iter()
                .all(|byte| byte.is_ascii_alphabetic() || *byte == b'_');
            name(rest) || word && !rest.is_empty()
        }
        _ => false,
    }
}

/// `get_token(user)`: a line of a program.
fn call(value: &[u8]) -> bool {
    let name = value
        .iter()
        .take_while(|byte| byte.is_ascii_alphabetic() || b"_.".contains(byte));
    let rest = &value[name.count()..];
    rest.len() < value.len() && rest.first() == Some(&b'(') && rest.last() == Some(&b')')
}

/// `<your-token>`
fn placeholder(value: &[u8]) -> bool {
    match value {
        [b'<', inner @ .., b'>'] => {
            let letter = |byte: &u8| byte.is_ascii_lowercase() || b"_- ".contains(byte);
            inner.len() > 2 && inner.iter().all(letter)
        }
        _ => false,
    }
}

/// The path of a file, as far as one can be told from base64: lower case, and more than one part.
fn path(value: &[u8]) -> bool {
    let parts = value.iter().filter(|byte| **byte == b'/').count();
    let letter =
        |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"/._-".contains(byte);
    let begins = value.first() == Some(&b'/') || value.starts_with(b"./");
    begins && parts > 1 && value.iter().all(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_for_a_secret_elsewhere_is_none_and_what_only_looks_so_is_one() {
        for value in [
            "",
            "null",
            "True",
            "<none>",
            "[REDACTED]",
            "$DB_PASSWORD",
            "${db.password}",
            "$(cat /x)",
            "{{ token }}",
            "******",
            "/var/run/secrets/token",
            "<set to the key 'a' in secret 'b'>",
        ] {
            assert!(plain(value.as_bytes()), "{value}");
        }
        for value in [
            "hunter2", "$ecret1", "/aB3/x9", "${a}b}", "nullx", "12345", "<X1>", "$(a)$(b)",
        ] {
            assert!(!plain(value.as_bytes()), "{value}");
        }
    }
}
