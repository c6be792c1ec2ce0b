//! Secrets that are known: the values of `secret` params, in every spelling in which a command may write them.

use std::collections::HashSet;
use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::token::{Tokens, mask_of};

/// A secret that is shorter than this is masked only as it stands: its encodings would be found anywhere.
const ENCODED: usize = 6;

/// So much of a secret at the end of what was cut is masked; less of it says little, and is found anywhere.
const TORN: usize = 4;

/// A line of a secret that has blanks in it is masked alone from so many bytes on, and one without from half as many.
const LINE: usize = 16;

/// What stands before a line break where a tool has broken a long word into lines, bytes: `base64` does it at 76.
const WRAPPED: usize = 16;

/// The secrets of a run.
#[derive(Debug, Default)]
pub(super) struct Secrets {
    /// Name of the secret, and a spelling of its value.
    spellings: Vec<(String, Vec<u8>)>,
    /// Finds the longest of them at each place, in one pass: a secret that holds another goes whole.
    finder: Option<AhoCorasick>,
    longest: usize,
}

impl Secrets {
    pub(super) fn new(secrets: &[(String, String)]) -> Self {
        let mut all: Vec<(String, Vec<u8>)> = Vec::new();
        let mut known = HashSet::new();
        for (name, value) in secrets {
            for text in lines(value).chain([value.as_str()]).flat_map(spellings) {
                if known.insert(text.clone()) {
                    all.push((name.clone(), text));
                }
            }
        }
        let longest = all.iter().map(|(_, text)| text.len()).max().unwrap_or(0);
        let finder = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(all.iter().map(|(_, text)| text))
            .ok()
            .filter(|_| !all.is_empty());
        Self {
            spellings: all,
            finder,
            longest,
        }
    }

    /// The text with each secret replaced by its token, also where lines were broken within it; `count` is told their names.
    pub(super) fn masked(
        &self,
        text: &[u8],
        tokens: &Tokens,
        count: &mut dyn FnMut(&str),
    ) -> Option<Vec<u8>> {
        let mut found = self.found(text);
        if !found.is_empty() {
            // A value may be a part of its own name; what stands in a token tells nothing. Of a recorded run the value is its token.
            let spans = tokens.spans(text);
            found.retain(|(range, _)| {
                let at = spans.partition_point(|span| span.end < range.end);
                spans
                    .get(at)
                    .is_none_or(|span| range.start < span.start || span == range)
            });
        }
        if found.is_empty() {
            return None;
        }
        let mut masked = Vec::with_capacity(text.len());
        let mut done = 0;
        for (range, name) in found {
            let from = range.start.max(done);
            if from >= range.end {
                continue;
            }
            masked.extend_from_slice(&text[done..from]);
            if from == range.start {
                masked.extend_from_slice(mask_of(name).as_bytes());
                count(name);
            }
            done = range.end;
        }
        masked.extend_from_slice(&text[done..]);
        Some(masked)
    }

    /// Masks the beginning of a secret at the end of what was cut: the cut may have gone through it.
    pub(super) fn torn(&self, bytes: &mut Vec<u8>, count: &mut dyn FnMut(&str)) {
        let longest = |secret: &[u8]| {
            (TORN..secret.len())
                .rev()
                .find(|length| bytes.ends_with(&secret[..*length]))
        };
        let torn = self.spellings.iter();
        let torn = torn.filter_map(|(name, secret)| Some((longest(secret)?, name)));
        if let Some((length, name)) = torn.max() {
            bytes.truncate(bytes.len() - length);
            bytes.extend_from_slice(mask_of(name).as_bytes());
            count(name);
        }
    }

    fn found(&self, text: &[u8]) -> Vec<(Range<usize>, &str)> {
        let Some(finder) = &self.finder else {
            return Vec::new();
        };
        let name = |at: usize| self.spellings[at].0.as_str();
        let mut found: Vec<_> = finder
            .find_iter(text)
            .map(|hit| (hit.range(), name(hit.pattern().as_usize())))
            .collect();
        let whole = found.len();
        for region in regions(&breaks(text), self.longest, text.len()) {
            let joined = Joined::of(text, region);
            for hit in finder.find_iter(&joined.text) {
                if let Some(range) = joined.broken(hit.range()) {
                    found.push((range, name(hit.pattern().as_usize())));
                }
            }
        }
        if found.len() > whole {
            found.sort_by_key(|(range, _)| (range.start, std::cmp::Reverse(range.end)));
        }
        found
    }
}

/// Where a line was broken within a word, as it seems: both sides are of what encoded bytes are written in. Each with the blanks beside it.
fn breaks(text: &[u8]) -> Vec<Range<usize>> {
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_=%".contains(byte);
    let mut breaks = Vec::new();
    for at in memchr::memchr_iter(b'\n', text) {
        let before = text[..at].strip_suffix(b"\r").unwrap_or(&text[..at]);
        if before.len() < WRAPPED || !before[before.len() - WRAPPED..].iter().all(word) {
            continue;
        }
        let blank = |byte: &&u8| b" \t".contains(byte);
        let behind = at + 1 + text[at + 1..].iter().take_while(blank).count();
        if text.get(behind).is_some_and(word) {
            breaks.push(before.len()..behind);
        }
    }
    breaks
}

/// The surroundings of breaks, as far as a secret may reach; those of breaks that are near each other are one.
fn regions(
    breaks: &[Range<usize>],
    reach: usize,
    end: usize,
) -> impl Iterator<Item = (Range<usize>, &[Range<usize>])> {
    let groups = breaks.chunk_by(move |one, next| next.start - one.end <= 2 * reach);
    groups.filter_map(move |group| {
        let (first, last) = (group.first()?, group.last()?);
        let region = first.start.saturating_sub(reach)..(last.end + reach).min(end);
        Some((region, group))
    })
}

/// A part of a text without its breaks.
struct Joined {
    text: Vec<u8>,
    /// Where each piece between two breaks begins: here, and in the whole.
    pieces: Vec<(usize, usize)>,
}

impl Joined {
    fn of(text: &[u8], (region, breaks): (Range<usize>, &[Range<usize>])) -> Self {
        let mut joined = Self {
            text: Vec::with_capacity(region.len()),
            pieces: Vec::with_capacity(breaks.len() + 1),
        };
        let mut from = region.start;
        for (to, next) in breaks
            .iter()
            .map(|one| (one.start, one.end))
            .chain([(region.end, region.end)])
        {
            joined.pieces.push((joined.text.len(), from));
            joined.text.extend_from_slice(&text[from..to.max(from)]);
            from = next;
        }
        joined
    }

    /// Where a part stands in the whole, if a break goes through it.
    fn broken(&self, part: Range<usize>) -> Option<Range<usize>> {
        let piece = |at: usize| self.pieces.partition_point(|(begins, _)| *begins <= at) - 1;
        let (first, last) = (piece(part.start), piece(part.end - 1));
        let place = |at: usize, piece: usize| at - self.pieces[piece].0 + self.pieces[piece].1;
        (first < last).then(|| place(part.start, first)..place(part.end - 1, last) + 1)
    }
}

/// The lines of a secret of several that tell something of it: a command may show one alone, or each further in.
fn lines(value: &str) -> impl Iterator<Item = &str> {
    let telling = |line: &&str| {
        let frame = line.starts_with("-----") || line.ends_with(':');
        // A few words in a line stand in other texts as well.
        let least = if line.contains(' ') { LINE } else { LINE / 2 };
        !frame && line.len() >= least
    };
    let several = value.trim().contains('\n');
    let lines = value.lines().map(str::trim);
    lines.filter(telling).filter(move |_| several)
}

/// A secret as it may show up: as it is, percent-encoded, as text of JSON, of XML and of a shell, in hexadecimal, and in base64 wherever
/// it stands in what was encoded. Of base64 only the characters are taken that depend on nothing but the secret.
fn spellings(value: &str) -> Vec<Vec<u8>> {
    let mut all = vec![value.as_bytes().to_vec()];
    // A value that came from a file often ends its line, and what shows it does not.
    let word = value.trim_end_matches(['\r', '\n']);
    all.push(word.as_bytes().to_vec());
    if word.len() >= ENCODED {
        for upper in [true, false] {
            all.push(percent(word, upper, "%20").into_bytes());
            all.push(percent(word, upper, "+").into_bytes());
            all.push(hex(word, upper).into_bytes());
        }
        let mut quoted = vec![json(word), json(word).replace('/', "\\/"), ascii(word)];
        quoted.push(format!("{word:?}").trim_matches('"').to_owned());
        let again: Vec<_> = quoted.iter().map(|text| json(text)).collect();
        let entities = |text: &str| {
            text.replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;")
        };
        quoted.push(entities(word));
        quoted.push(entities(word).replace('"', "&quot;").replace('\'', "&#39;"));
        quoted.push(word.replace('\'', r"'\''"));
        quoted.push(word.replace('\'', "''"));
        all.extend(quoted.into_iter().chain(again).map(String::into_bytes));
        for lead in 0..3 {
            let mut bytes = vec![0; lead];
            bytes.extend_from_slice(word.as_bytes());
            // A character of base64 is 6 bits: those that also hold a bit of what is before or behind are left out.
            let (from, to) = ((lead * 8).div_ceil(6), bytes.len() * 8 / 6);
            for coded in [
                STANDARD_NO_PAD.encode(&bytes),
                URL_SAFE_NO_PAD.encode(&bytes),
            ] {
                all.push(coded.as_bytes()[from..to].to_vec());
            }
        }
    }
    all.retain(|text| !text.is_empty());
    all.sort();
    all.dedup();
    all
}

fn percent(value: &str, upper: bool, blank: &str) -> String {
    let mut coded = String::new();
    for byte in value.bytes() {
        match byte {
            b' ' => coded.push_str(blank),
            b'-' | b'.' | b'_' | b'~' => coded.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => coded.push(char::from(byte)),
            _ if upper => coded.push_str(&format!("%{byte:02X}")),
            _ => coded.push_str(&format!("%{byte:02x}")),
        }
    }
    coded
}

fn hex(value: &str, upper: bool) -> String {
    let coded = value.bytes().map(|byte| format!("{byte:02x}"));
    let coded: String = coded.collect();
    if upper { coded.to_uppercase() } else { coded }
}

/// As text of JSON.
fn json(value: &str) -> String {
    let quoted = serde_json::Value::from(value).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// As text of JSON in ASCII alone, as Python writes it.
fn ascii(value: &str) -> String {
    let mut coded = String::new();
    for letter in json(value).chars() {
        if letter.is_ascii() {
            coded.push(letter);
        } else {
            let mut units = [0; 2];
            for unit in letter.encode_utf16(&mut units) {
                coded.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    coded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(secrets: &Secrets, text: &str) -> String {
        let masked = secrets.masked(text.as_bytes(), &Tokens::default(), &mut |_| {});
        masked.map_or_else(|| text.into(), |bytes| String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn promise_2_a_secret_is_masked_in_every_spelling_and_in_base64_at_any_offset() {
        let secret = "hun \"ter'2/ü+x";
        let secrets = Secrets::new(&[("token".into(), format!("{secret}\n"))]);
        for lead in ["", "a", "ab", "abc"] {
            let coded = STANDARD_NO_PAD.encode(format!("{lead}{secret}tail"));
            let around = STANDARD_NO_PAD.encode(secret);
            let text = masked(&secrets, &coded);
            assert!(text.contains("***token***"), "{lead}: {text}");
            assert!(!text.contains(&around[2..around.len() - 2]));
        }
        for spelled in [
            secret,
            "hun%20%22ter%272%2F%C3%BC%2Bx",
            "hun+%22ter%272%2f%c3%bc%2bx",
            r#"hun \"ter'2/ü+x"#,
            r#"hun \\\"ter'2/ü+x"#,
            r#"hun \"ter'2\/\u00fc+x"#.replace("\\/", "/").as_str(),
            "68756e2022746572",
            "hun &quot;ter&#39;2/ü+x",
            r#"hun "ter'\''2/ü+x"#,
        ] {
            let text = masked(&secrets, &format!("a {spelled} b"));
            let whole = spelled != "68756e2022746572";
            assert_eq!(text == "a ***token*** b", whole, "{spelled}: {text}");
        }
        let hex = hex(secret, true);
        assert_eq!(masked(&secrets, &hex), "***token***");
    }

    #[test]
    fn promise_2_a_secret_that_a_tool_broke_into_lines_is_masked() {
        let secret = "correct-horse-battery-staple-and-so-on-for-more-than-one-line-of-base64-text";
        let secrets = Secrets::new(&[("pass".into(), secret.into())]);
        let coded = STANDARD_NO_PAD.encode(format!("some thing before {secret} and behind"));
        for (width, ending) in [(76, "\n"), (64, "\r\n"), (20, "\n    ")] {
            let lines: Vec<_> = coded
                .as_bytes()
                .chunks(width)
                .map(|line| String::from_utf8_lossy(line).into_owned())
                .collect();
            let text = masked(&secrets, &lines.join(ending));
            assert!(text.contains("***pass***"), "{text}");
            let left = text.replace(['\n', '\r', ' '], "");
            let all = STANDARD_NO_PAD.encode(secret);
            for part in all.as_bytes()[4..all.len() - 4].chunks_exact(12) {
                assert!(!left.contains(std::str::from_utf8(part).unwrap()), "{left}");
            }
        }
    }

    #[test]
    fn promise_2_a_secret_that_the_cap_cut_in_two_is_masked() {
        let secrets = Secrets::new(&[("key".into(), "line \"one\"\ntwo".into())]);
        for (before, after) in [
            ("it is line \"on", "it is ***key***"),
            ("it is line", "it is ***key***"),
            ("it is lin", "it is lin"),
            ("bGluZSAib25l", "***key***"),
        ] {
            let mut bytes = before.as_bytes().to_vec();
            secrets.torn(&mut bytes, &mut |_| {});
            assert_eq!(String::from_utf8(bytes).unwrap(), after);
        }
    }

    #[test]
    fn promise_2_each_line_of_a_secret_is_masked_where_it_stands_alone_or_further_in() {
        let key = "-----BEGIN X-----\nMIIEvQIBADANBgkq\n  hkiG9w0B\n-----END X-----\n";
        let secrets = Secrets::new(&[("key".into(), key.into())]);
        assert_eq!(masked(&secrets, key), "***key***");
        assert_eq!(
            masked(&secrets, "> MIIEvQIBADANBgkq\n> hkiG9w0B\n"),
            "> ***key***\n> ***key***\n"
        );
        let config = Secrets::new(&[(
            "c".into(),
            "kind: Config\nusers:\n- token: x9 and more\n".into(),
        )]);
        assert_eq!(
            masked(&config, "kind: Config\nusers:\n"),
            "kind: Config\nusers:\n"
        );
        assert_eq!(masked(&config, "- token: x9 and more"), "***c***");
    }

    #[test]
    fn a_secret_that_holds_another_goes_whole_and_equal_ones_have_one_token() {
        let secrets = [("a", "pass"), ("b", "passport"), ("c", "pass")];
        let secrets = secrets.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let secrets = Secrets::new(&secrets);
        assert_eq!(masked(&secrets, "passport pass"), "***b*** ***a***");
    }
}
