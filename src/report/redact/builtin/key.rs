//! Whether a key is one of a secret: by its last words, however they are joined.

/// How a word ends that is one of a secret.
const SECRET: &[&str] = &[
    "password",
    "passwd",
    "passwort",
    "passphrase",
    "passcode",
    "pwd",
    "secret",
    "token",
    "credential",
    "credentials",
    "apikey",
    "accesskey",
    "accountkey",
    "privatekey",
    "secretkey",
    "encryptionkey",
    "signingkey",
    "authkey",
    "masterkey",
    "cookie",
    "sessid",
    "sessionid",
    "requirepass",
    "masterauth",
    "dbpass",
    "userpass",
    "authorization",
];

/// What a key of a cipher or a service is called before `key`.
const KEYS: &[&str] = &[
    "api",
    "access",
    "private",
    "secret",
    "account",
    "encryption",
    "signing",
    "auth",
    "shared",
    "master",
    "session",
    "storage",
    "admin",
    "root",
    "deploy",
    "ssh",
    "gpg",
    "pgp",
    "hmac",
    "aes",
    "crypt",
    "cookie",
    "webhook",
    "service",
];

/// What a secret may be called behind its name.
const TAILS: &[&str] = &[
    "old",
    "new",
    "prev",
    "previous",
    "current",
    "prod",
    "production",
    "dev",
    "test",
    "staging",
    "value",
    "hash",
    "b64",
    "base64",
    "enc",
    "encrypted",
    "plain",
    "raw",
    "text",
    "primary",
    "secondary",
    "ro",
    "rw",
    "main",
    "default",
    "string",
    "confirm",
    "confirmation",
    "base",
];

/// What makes a token one of a page, or of a text.
const PAGES: &[&str] = &[
    "next",
    "page",
    "continuation",
    "resume",
    "sync",
    "max",
    "min",
    "num",
    "total",
    "count",
    "prompt",
    "completion",
    "input",
    "output",
    "unexpected",
];

/// What a variable may be called before `KEY` that tells nothing.
const OPEN: &[&str] = &[
    "public",
    "primary",
    "foreign",
    "sort",
    "partition",
    "cache",
    "routing",
    "idempotency",
    "group",
    "index",
    "registry",
    "hot",
    "any",
    "press",
    "object",
    "bucket",
    "s3",
    "metric",
    "label",
    "unique",
    "pub",
];

/// What sort of secret a key is one of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// A password, a token, a key.
    Secret,
    /// What says who asks, with the word of its scheme first.
    Authorization,
    /// Cookies.
    Cookie,
    /// A word that is as often none: `pass`.
    Maybe,
}

/// The sort of a key; `None` for those that tell nothing.
pub(super) fn sort(key: &[u8]) -> Option<Sort> {
    let mut rest = key;
    for _ in 0..3 {
        let (before, last) = parted(rest)?;
        if let Some(sort) = sort_of(last, parted(before).map(|(_, prior)| prior), key) {
            return Some(sort);
        }
        if !last.iter().all(u8::is_ascii_digit) && !is(TAILS, last) {
            return None;
        }
        rest = before;
    }
    None
}

/// The last word of a key and what is before it: `DB_PASSWORD`, `dbPassword` and `db.password` have the same two words.
fn parted(key: &[u8]) -> Option<(&[u8], &[u8])> {
    let joint = |byte: &u8| b"_-.".contains(byte);
    let end = key.iter().rposition(|byte| !joint(byte))? + 1;
    let key = &key[..end];
    let mut from = end - 1;
    while from > 0 {
        let (before, this) = (key[from - 1], key[from]);
        let hump = this.is_ascii_uppercase() && !before.is_ascii_uppercase();
        if joint(&before) || hump {
            break;
        }
        from -= 1;
    }
    Some((&key[..from], &key[from..]))
}

fn is(words: &[&str], word: &[u8]) -> bool {
    words
        .iter()
        .any(|known| word.eq_ignore_ascii_case(known.as_bytes()))
}

fn sort_of(last: &[u8], prior: Option<&[u8]>, key: &[u8]) -> Option<Sort> {
    // `password2`: a number is no word of its own.
    let digits = last.iter().rev().take_while(|byte| byte.is_ascii_digit());
    let stem = &last[..last.len() - digits.count()];
    let ends = |word: &str| {
        stem.len() >= word.len()
            && stem[stem.len() - word.len()..].eq_ignore_ascii_case(word.as_bytes())
    };
    let before = |words: &[&str]| prior.is_some_and(|prior| is(words, prior));
    if SECRET.iter().any(|word| ends(word)) {
        if before(PAGES) {
            return None;
        }
        return Some(match stem {
            _ if ends("authorization") => Sort::Authorization,
            _ if ends("cookie") => Sort::Cookie,
            _ => Sort::Secret,
        });
    }
    let named = |word: &str| stem.eq_ignore_ascii_case(word.as_bytes());
    if named("pass") {
        return match prior {
            Some(_) if before(&["proxy", "fastcgi", "uwsgi", "grpc"]) => None,
            Some(_) => Some(Sort::Secret),
            None => Some(Sort::Maybe),
        };
    }
    // Of any variable: `STRIPE_KEY`. Of a kubeconfig: `client-key-data`.
    let key =
        named("key") && (before(KEYS) || prior.is_some() && !before(OPEN) && is_variable(key));
    (key || named("data") && before(&["key"])).then_some(Sort::Secret)
}

fn is_variable(key: &[u8]) -> bool {
    key.iter()
        .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_words_of_a_key_tell_whether_it_is_one_of_a_secret() {
        for key in [
            "password",
            "DB_PASSWORD",
            "dbPassword",
            "db.password",
            "password2",
            "PASSWORD_OLD",
            "accessKey",
            "SecretAccessKey",
            "aws_secret_access_key",
            "client-key-data",
            "STRIPE_KEY",
            "SMTP_PASS",
            "X-Api-Key",
            "APIKey",
            "authToken",
            "_authToken",
            "identitytoken",
            "mysql_pwd",
            "client_secret",
            "API_KEY_1",
            "DJANGO_SECRET_KEY",
        ] {
            assert_eq!(sort(key.as_bytes()), Some(Sort::Secret), "{key}");
        }
        for key in [
            "tokens",
            "secretName",
            "secretKeyRef",
            "token_type",
            "password_file",
            "max_token",
            "nextPageToken",
            "PUBLIC_KEY",
            "primary_key",
            "key",
            "keys",
            "accessKeyId",
            "tokenizer",
            "passed",
            "bypass",
            "proxy_pass",
            "imagePullSecrets",
            "",
            "PasswordAuthentication",
            "client-certificate-data",
            "private_key_id",
        ] {
            assert_eq!(sort(key.as_bytes()), None, "{key}");
        }
        assert_eq!(sort(b"Proxy-Authorization"), Some(Sort::Authorization));
        assert_eq!(sort(b"Set-Cookie"), Some(Sort::Cookie));
        assert_eq!(sort(b"pass"), Some(Sort::Maybe));
    }
}
