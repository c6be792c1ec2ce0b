//! Tokens that their maker gave a shape of their own: so many letters of one alphabet behind a known beginning.

use super::scan::{Hit, Strike};
use super::text::{before, run};

/// The letters that a shape goes on in.
#[derive(Clone, Copy, Debug)]
enum Letters {
    /// `A-Z a-z 0-9`.
    Plain,
    /// Those, `_` and `-`.
    Url,
    /// Those and `.`.
    Dotted,
    /// Those of base64.
    Base64,
    /// `A-Z 0-9`.
    Upper,
}

impl Letters {
    fn hold(self, byte: u8) -> bool {
        match self {
            Self::Plain => byte.is_ascii_alphanumeric(),
            Self::Url => byte.is_ascii_alphanumeric() || b"_-".contains(&byte),
            Self::Dotted => byte.is_ascii_alphanumeric() || b"_-.".contains(&byte),
            Self::Base64 => byte.is_ascii_alphanumeric() || b"+/=_-".contains(&byte),
            Self::Upper => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
        }
    }
}

use Letters::{Base64, Dotted, Plain, Upper, Url};

/// Beginning, letters, and how many of them there are at least.
const SHAPES: &[(&str, Letters, usize)] = &[
    // Amazon
    ("AKIA", Upper, 16),
    ("ASIA", Upper, 16),
    ("ABIA", Upper, 16),
    ("ACCA", Upper, 16),
    // Google
    ("AIza", Url, 35),
    ("ya29.", Dotted, 20),
    ("GOCSPX-", Url, 20),
    // GitHub
    ("ghp_", Plain, 30),
    ("gho_", Plain, 30),
    ("ghu_", Plain, 30),
    ("ghs_", Plain, 30),
    ("ghr_", Plain, 30),
    ("github_pat_", Url, 30),
    // GitLab
    ("glpat-", Dotted, 20),
    ("gldt-", Dotted, 20),
    ("glrt-", Dotted, 20),
    ("glcbt-", Dotted, 20),
    ("glptt-", Dotted, 20),
    ("gloas-", Dotted, 20),
    ("glsoat-", Dotted, 20),
    ("glft-", Dotted, 20),
    ("glagent-", Dotted, 20),
    ("GR1348941", Url, 20),
    // Slack
    ("xoxb-", Url, 20),
    ("xoxp-", Url, 20),
    ("xoxa-", Url, 20),
    ("xoxr-", Url, 20),
    ("xoxs-", Url, 20),
    ("xoxe-", Url, 20),
    ("xoxe.", Dotted, 20),
    ("xapp-", Url, 20),
    ("hooks.slack.com/services/", Base64, 20),
    ("hooks.slack.com/workflows/", Base64, 20),
    // Payments and shops
    ("sk_live_", Plain, 16),
    ("sk_test_", Plain, 16),
    ("rk_live_", Plain, 16),
    ("rk_test_", Plain, 16),
    ("whsec_", Base64, 20),
    ("sq0atp-", Url, 20),
    ("sq0csp-", Url, 20),
    ("shpat_", Plain, 20),
    ("shpss_", Plain, 20),
    ("shpca_", Plain, 20),
    ("shppa_", Plain, 20),
    // Registries of packages and images
    ("npm_", Plain, 36),
    ("pypi-AgE", Url, 40),
    ("rubygems_", Plain, 40),
    ("dckr_pat_", Url, 20),
    ("dckr_oat_", Url, 20),
    ("cmVmdGtuO", Base64, 40),
    ("AKCp", Plain, 60),
    ("oy2", Plain, 43),
    // Clouds and what runs on them
    ("dop_v1_", Plain, 40),
    ("doo_v1_", Plain, 40),
    ("dor_v1_", Plain, 40),
    ("hvs.", Url, 20),
    ("hvb.", Url, 20),
    ("hvr.", Url, 20),
    ("dapi", Plain, 32),
    ("pul-", Plain, 40),
    ("tskey-", Url, 20),
    ("sha256~", Url, 40),
    ("dp.pt.", Plain, 40),
    ("dp.st.", Dotted, 40),
    ("fm2_", Base64, 60),
    ("PMAK-", Url, 40),
    ("HRKU-", Url, 30),
    ("v1.0-", Url, 100),
    // Watching and mail
    ("glsa_", Url, 32),
    ("glc_", Base64, 32),
    ("eyJrIjoi", Base64, 40),
    ("NRAK-", Plain, 20),
    ("NRAA-", Plain, 20),
    ("sntrys_", Base64, 40),
    ("sntryu_", Plain, 40),
    ("dt0c01.", Dotted, 40),
    ("SG.", Dotted, 50),
    ("xkeysib-", Url, 40),
    ("lin_api_", Plain, 30),
    ("ATATT3", Base64, 60),
    ("figd_", Url, 30),
    ("ntn_", Plain, 40),
    // Models
    ("sk-ant-", Url, 30),
    ("sk-proj-", Url, 30),
    ("sk-svcacct-", Url, 30),
    ("hf_", Plain, 30),
    ("r8_", Plain, 36),
    ("gsk_", Plain, 40),
    // Keys of encryption, and safes
    ("AGE-SECRET-KEY-1", Upper, 40),
    ("ops_eyJ", Url, 40),
    ("A3-", Url, 30),
];

/// The beginnings.
pub(super) const BEGINNINGS: &[&str] = &{
    let mut words = [""; SHAPES.len()];
    let mut at = 0;
    while at < SHAPES.len() {
        words[at] = SHAPES[at].0;
        at += 1;
    }
    words
};

/// How long one is looked at before it is said to go on, bytes.
const LONG: usize = 64;

/// A token of a known shape; of an access key of Amazon the secret beside it goes with it.
pub(super) fn find(hit: Hit<'_>) -> Option<Strike> {
    let Hit { text, from, .. } = hit;
    let begins = |(word, letters, least): &(&str, Letters, usize)| {
        let behind = from + word.len();
        if !text[from..].starts_with(word.as_bytes()) {
            return None;
        }
        let end = run(text, behind, (*least).max(LONG), |byte| letters.hold(byte));
        if end - behind < *least {
            return None;
        }
        Some((
            run(text, end, text.len(), |byte| letters.hold(byte)),
            *letters,
        ))
    };
    // A beginning in the middle of a word is a part of that word; behind `%3D` and `\n` it is none.
    let word = |byte: u8| byte.is_ascii_alphanumeric();
    if before(text, from).is_some_and(word) {
        let escaped = from >= 2 && text[from - 2] == b'\\' && b"nrt".contains(&text[from - 1]);
        let percent = from >= 3 && text[from - 3] == b'%';
        if !escaped && !percent {
            return None;
        }
    }
    let (end, letters) = SHAPES.iter().find_map(begins)?;
    if matches!(letters, Upper) && end < text.len() && word(text[end]) {
        return None;
    }
    let last = text[from..end]
        .iter()
        .rposition(|byte| !b".".contains(byte))?;
    let end = from + last + 1;
    Strike::bare(from, beside(text, from, end).unwrap_or(end))
}

/// Where the secret ends that stands behind the id of an access key: 40 letters of base64.
fn beside(text: &[u8], from: usize, end: usize) -> Option<usize> {
    const SECRET: usize = 40;
    if !text[from..].starts_with(b"AKIA") && !text[from..].starts_with(b"ASIA") {
        return None;
    }
    let begins = run(text, end, 4, |byte| b",:;| \t\"'".contains(&byte));
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
    let ends = run(text, begins, SECRET + 1, letter);
    let mixed = text.get(begins..ends)?;
    let kinds: [fn(&u8) -> bool; 2] = [u8::is_ascii_uppercase, u8::is_ascii_lowercase];
    let mixed = kinds.iter().all(|kind| mixed.iter().any(kind));
    (begins > end && ends - begins == SECRET && mixed).then_some(ends)
}

/// `eyJ….eyJ….…`: three parts, the first two of them JSON in base64. The last may be cut, or empty.
pub(super) fn jwt(hit: Hit<'_>) -> Option<Strike> {
    let Hit { text, from, .. } = hit;
    const PART: usize = 8;
    if !text[from..].starts_with(b"eyJ") {
        return None;
    }
    if before(text, from).is_some_and(|byte| Url.hold(byte)) {
        let percent = from >= 3 && text[from - 3] == b'%';
        let escaped = from >= 2 && text[from - 2] == b'\\';
        if !percent && !escaped {
            return None;
        }
    }
    let first = run(text, from, text.len(), |byte| Url.hold(byte));
    let at_end = first == text.len();
    if first - from < PART || text.get(first) != Some(&b'.') {
        // A cut may have gone through it.
        let header = text[from..first].starts_with(b"eyJhbGci")
            || text[from..first].starts_with(b"eyJ0eXAi");
        return (at_end && header).then(|| Strike::bare(from, first))?;
    }
    let second = run(text, first + 1, text.len(), |byte| Url.hold(byte));
    if second - first <= PART && second < text.len() {
        return None;
    }
    // Five parts where it is encrypted.
    let end = run(text, second, text.len(), |byte| Dotted.hold(byte));
    let last = text[from..end].iter().rposition(|byte| *byte != b'.')?;
    Strike::bare(from, from + last + 1)
}

/// What stands in base64 and is a key, or the passwords of registries: it is known by its beginning.
pub(super) fn coded(hit: Hit<'_>) -> Option<Strike> {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD_NO_PAD;

    let Hit { text, from, .. } = hit;
    if before(text, from).is_some_and(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let head = run(text, from, 64, |byte| {
        byte.is_ascii_alphanumeric() || b"+/".contains(&byte)
    });
    let decoded = STANDARD_NO_PAD
        .decode(&text[from..from + (head - from) / 4 * 4])
        .ok()?;
    let key =
        decoded.starts_with(b"-----BEGIN ") && memchr::memmem::find(&decoded, b"PRIVATE").is_some();
    if !key && !decoded.starts_with(b"{\"auth") {
        return None;
    }
    // `base64` breaks its lines, and what shows YAML sets them in.
    let mut end = run(text, from, text.len(), |byte| Base64.hold(byte));
    loop {
        let next = run(text, end, 64, |byte| byte.is_ascii_whitespace());
        let line = run(text, next, text.len(), |byte| Base64.hold(byte));
        let is_line = line > next && (line - next).is_multiple_of(4);
        let alone = text
            .get(line)
            .is_none_or(|byte| byte.is_ascii_whitespace() || b"\"'".contains(byte));
        if next == end || !is_line || !alone {
            break;
        }
        end = line;
    }
    Strike::bare(from, end)
}

/// A client secret of Entra: three letters, a digit, `Q~`, and 31 to 34 letters.
pub(super) fn entra(hit: Hit<'_>) -> Option<Strike> {
    let Hit { text, from, floor } = hit;
    let begins = from.checked_sub(3).filter(|begins| *begins >= floor)?;
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"_~.-".contains(&byte);
    let end = run(text, from + 3, LONG, letter);
    let whole = text[from + 1..].starts_with(b"Q~")
        && text[begins..from].iter().copied().all(letter)
        && !before(text, begins).is_some_and(letter);
    (whole && (31..=34).contains(&(end - from - 3))).then(|| Strike::bare(begins, end))?
}

/// A token of a bot of Telegram: its number, `:AA` and 33 letters.
pub(super) fn telegram(hit: Hit<'_>) -> Option<Strike> {
    let Hit { text, from, floor } = hit;
    let begins = super::text::run_back(text, from, 12, |byte| byte.is_ascii_digit());
    let end = run(text, from + 1, LONG, |byte| Url.hold(byte));
    let whole =
        text[from..].starts_with(b":AA") && (8..=10).contains(&(from - begins)) && end - from == 36;
    (whole && begins >= floor).then(|| Strike::bare(begins, end))?
}

/// A token with which nodes join, in a list of them: `abcdef.0123456789abcdef   23h   … authentication,signing`.
pub(super) fn bootstrap(hit: Hit<'_>) -> Option<Strike> {
    let Hit { text, from, floor } = hit;
    let line = super::text::line_before(text, from);
    let begins = from - line.len();
    let end = run(text, begins, 24, |byte| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'.'
    });
    (end - begins == 23 && text[begins + 6] == b'.' && begins >= floor)
        .then(|| Strike::bare(begins, end))?
}

/// The token of a node of k3s: `K10`, 64 digits, `::`, a user and what it knows.
pub(super) fn node(hit: Hit<'_>) -> Option<Strike> {
    let Hit { text, from, .. } = hit;
    let digits = run(text, from + 3, 65, |byte| byte.is_ascii_hexdigit());
    let user = run(text, digits, 64, |byte| {
        byte.is_ascii_alphanumeric() || byte == b':'
    });
    if digits - from != 67 || !text[digits..].starts_with(b"::") {
        return None;
    }
    let end = run(text, user, text.len(), |byte| Url.hold(byte));
    let begins = digits + 2 + memchr::memchr(b':', &text[digits + 2..user]).map_or(0, |at| at + 1);
    Strike::bare(begins, end)
}
