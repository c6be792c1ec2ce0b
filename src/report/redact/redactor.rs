//! The redactor: secrets and rules over an answer.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use regex::bytes::{Captures, Regex};

use super::keyed;
use crate::ask::{Answer, Ask};
use crate::report::Redaction;

/// What stands where something was masked.
pub const MASK: &str = "***";

/// What of a match is masked, by its group, and what stands there then.
const GROUPS: [(&str, &str); 3] = [("mask", MASK), ("quoted", MASK), ("bare", "\"***\"")];

/// A secret that is shorter than this is masked only as it stands: its encodings would be found anywhere.
const ENCODED: usize = 6;

/// So much of a secret at the end of what was cut is masked; less of it says little, and is found anywhere.
const TORN: usize = 4;

/// One rule: what it matches is masked, or its group `mask` where it has one.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Name in the report's ledger.
    pub name: String,
    /// What it matches; linear in time.
    pub regex: Regex,
    /// The steps it is for; empty for all.
    pub only: Vec<String>,
}

/// Masks, and counts what it masked.
#[derive(Debug, Default)]
pub struct Redactor {
    secrets: Vec<(String, Vec<u8>)>,
    rules: Vec<Rule>,
    ledger: Mutex<BTreeMap<String, u64>>,
}

impl Redactor {
    /// For these secrets, name and value, and these rules. An empty value masks nothing.
    pub fn new(secrets: &[(String, String)], rules: Vec<Rule>) -> Self {
        let mut masked = Vec::new();
        for (name, value) in secrets {
            for text in spellings(value) {
                masked.push((name.clone(), text));
            }
        }
        // The longest first: a secret that holds another must go whole.
        masked.sort_by_key(|(_, text)| std::cmp::Reverse(text.len()));
        Self {
            secrets: masked,
            rules,
            ledger: Mutex::default(),
        }
    }

    /// Masks the answer to an ask in place.
    pub fn answer(&self, ask: &Ask, answer: &mut Answer) {
        let step = ask.step.as_str();
        if let Some((masked, struck)) = ask
            .layout
            .and_then(|layout| keyed::masked(layout, &answer.stdout.bytes))
        {
            answer.stdout.bytes = masked;
            self.count("keys", struck);
        }
        for stream in [&mut answer.stdout, &mut answer.stderr] {
            self.bytes(step, &mut stream.bytes);
            if stream.truncated {
                self.torn(&mut stream.bytes);
            }
        }
        if let Some(progress) = &mut answer.progress {
            for text in progress.groups.values_mut().chain([&mut progress.since]) {
                let mut bytes = std::mem::take(text).into_bytes();
                self.bytes(step, &mut bytes);
                *text = String::from_utf8(bytes).unwrap_or_else(|_| MASK.into());
            }
        }
        for remark in &mut answer.remarks {
            *remark = self.text(remark);
        }
        if let crate::ask::Ended::Lost(why) = &mut answer.ended {
            *why = self.text(why);
        }
    }

    /// Masks secrets in a text that no rule is for: an error, an argv.
    pub fn text(&self, text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        self.secrets(&mut bytes);
        String::from_utf8(bytes).unwrap_or_else(|_| MASK.into())
    }

    /// What was masked until now, by rule.
    pub fn ledger(&self) -> Vec<Redaction> {
        self.ledger
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .map(|(rule, count)| Redaction {
                rule: rule.clone(),
                count: *count,
            })
            .collect()
    }

    fn bytes(&self, step: &str, bytes: &mut Vec<u8>) {
        self.secrets(bytes);
        for rule in &self.rules {
            if !rule.only.is_empty() && !rule.only.iter().any(|only| only == step) {
                continue;
            }
            let mut struck = 0;
            let masked = rule.regex.replace_all(bytes, |found: &Captures<'_>| {
                struck += 1;
                masked(found)
            });
            if struck > 0 {
                *bytes = masked.into_owned();
                self.count(&rule.name, struck);
            }
        }
    }

    fn secrets(&self, bytes: &mut Vec<u8>) {
        for (name, secret) in &self.secrets {
            let mut struck = 0;
            let mut rest = 0;
            let mut masked = Vec::new();
            while let Some(at) = memchr::memmem::find(&bytes[rest..], secret) {
                masked.extend_from_slice(&bytes[rest..rest + at]);
                masked.extend_from_slice(MASK.as_bytes());
                rest += at + secret.len();
                struck += 1;
            }
            if struck > 0 {
                masked.extend_from_slice(&bytes[rest..]);
                *bytes = masked;
                self.count(&format!("secret {name}"), struck);
            }
        }
    }

    /// Masks the beginning of a secret at the end of what was cut: the cut may have gone through it.
    fn torn(&self, bytes: &mut Vec<u8>) {
        let longest = |secret: &[u8]| {
            (TORN..secret.len())
                .rev()
                .find(|length| bytes.ends_with(&secret[..*length]))
        };
        let torn = self.secrets.iter();
        let torn = torn.filter_map(|(name, secret)| Some((longest(secret)?, name)));
        if let Some((length, name)) = torn.max() {
            bytes.truncate(bytes.len() - length);
            bytes.extend_from_slice(MASK.as_bytes());
            self.count(&format!("secret {name}"), 1);
        }
    }

    fn count(&self, rule: &str, struck: u64) {
        let mut ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        *ledger.entry(rule.to_owned()).or_default() += struck;
    }
}

/// The whole match, with its group `mask` masked where there is one; the group `bare` is a value of JSON that stands without quotes,
/// and gets them, so that JSON stays JSON.
fn masked(found: &Captures<'_>) -> Vec<u8> {
    let Some(whole) = found.get(0) else {
        return MASK.into();
    };
    let part = GROUPS
        .iter()
        .find_map(|(group, mask)| Some((found.name(group)?, mask)));
    let Some((part, mask)) = part else {
        return MASK.into();
    };
    let text = whole.as_bytes();
    [
        &text[..part.start() - whole.start()],
        mask.as_bytes(),
        &text[part.end() - whole.start()..],
    ]
    .concat()
}

/// A secret as it may show up: as it is, percent-encoded, as text of JSON, and in base64 wherever it stands in what was encoded. Of base64 only the
/// characters are taken that depend on nothing but the secret.
fn spellings(value: &str) -> Vec<Vec<u8>> {
    let mut all = vec![value.as_bytes().to_vec()];
    if value.len() >= ENCODED {
        let mut percent = String::new();
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                percent.push(char::from(byte));
            } else {
                percent.push_str(&format!("%{byte:02X}"));
            }
        }
        all.push(percent.to_ascii_lowercase().into_bytes());
        all.push(percent.into_bytes());
        let quoted = serde_json::Value::from(value).to_string();
        all.push(quoted.trim_matches('"').as_bytes().to_vec());
        for lead in 0..3 {
            let mut bytes = vec![0; lead];
            bytes.extend_from_slice(value.as_bytes());
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

/// The rules that hold unless a runbook says `builtin: false`.
pub fn builtin() -> Vec<Rule> {
    // Compiling them takes longer than reading a runbook does.
    static COMPILED: LazyLock<Vec<Rule>> = LazyLock::new(compiled);
    COMPILED.clone()
}

fn compiled() -> Vec<Rule> {
    const RULES: [(&str, &str); 6] = [
        (
            "authorization",
            r"(?i)authorization:[ \t]*(?:bearer|basic|token|negotiate)[ \t]+(?<mask>[^\s]+)",
        ),
        (
            "private-key",
            r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?<mask>[^-]*)-----END",
        ),
        (
            "jwt",
            r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*",
        ),
        ("aws-key", r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
        // As JSON first: a string is masked to its end, whatever is escaped in it. Of the rest, a bracket that opens a map or a list is
        // no value: what is in it is looked at for itself.
        (
            "password",
            r#"(?i)(?:password|passwd|pwd|secret|api[_-]?key|access[_-]?key|[_-]token|\btoken)(?:"[ \t]*:[ \t]*(?:"(?<quoted>(?:[^"\\\r\n]|\\.)+)|(?<bare>-?[0-9][0-9.e+-]*|true|false|null)(?:[ \t]*[,}\]\r\n]|[ \t]*$))|["']?[ \t]*[=:][ \t]*["']?(?<mask>[^\s"'&;,{\[][^\s"'&;,]*|[{\[][^\s"'&;,]+))"#,
        ),
        ("url-password", r"://[^\s:/@]*:(?<mask>[^\s/@]+)@"),
    ];
    RULES
        .iter()
        .filter_map(|(name, text)| {
            Some(Rule {
                name: (*name).into(),
                regex: Regex::new(text).ok()?,
                only: Vec::new(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked_text(redactor: &Redactor, text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        redactor.bytes("step", &mut bytes);
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn promise_2_a_secret_is_masked_plain_percent_encoded_and_in_base64_at_any_offset() {
        let secret = "hunter2/ü+x";
        let redactor = Redactor::new(&[("token".into(), secret.into())], Vec::new());
        for lead in ["", "a", "ab", "abc"] {
            let coded = STANDARD_NO_PAD.encode(format!("{lead}{secret}tail"));
            let text = masked_text(&redactor, &coded);
            assert!(text.contains(MASK), "{lead}: {text}");
            let around = STANDARD_NO_PAD.encode(secret);
            assert!(!text.contains(&around[2..around.len() - 2]));
        }
        assert_eq!(masked_text(&redactor, "a hunter2/ü+x b"), "a *** b");
        assert_eq!(masked_text(&redactor, "q=hunter2%2F%C3%BC%2Bx"), "q=***");
        assert_eq!(redactor.ledger()[0].rule, "secret token");
        assert_eq!(redactor.ledger()[0].count, 6);
    }

    #[test]
    fn promise_2_a_secret_that_the_cap_cut_in_two_is_masked_and_so_is_one_in_json() {
        let redactor = Redactor::new(&[("key".into(), "line \"one\"\ntwo".into())], Vec::new());
        let cut = |text: &str| {
            let mut bytes = text.as_bytes().to_vec();
            redactor.torn(&mut bytes);
            String::from_utf8(bytes).unwrap()
        };
        assert_eq!(cut("it is line \"on"), "it is ***");
        assert_eq!(cut("it is line"), "it is ***");
        assert_eq!(cut("it is lin"), "it is lin");
        assert_eq!(cut("bGluZSAib25l"), "***");
        assert_eq!(
            masked_text(&redactor, r#"{"was": "line \"one\"\ntwo"}"#),
            r#"{"was": "***"}"#
        );
    }

    #[test]
    fn what_looks_like_a_secret_is_masked_and_what_does_not_is_left() {
        let redactor = Redactor::new(&[], builtin());
        for (text, masked) in [
            ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
            ("DB_PASSWORD=s3cret rest", "DB_PASSWORD=*** rest"),
            ("postgres://u:pw@db:5432/x", "postgres://u:***@db:5432/x"),
            (
                "{\"api_key\": \"k1\", \"n\": 2}",
                "{\"api_key\": \"***\", \"n\": 2}",
            ),
            ("tokens: 5", "tokens: 5"),
            ("\"secret\": {\n \"a\": 1}", "\"secret\": {\n \"a\": 1}"),
            (
                "{\"secret\":{\"secretName\":\"x\"}}",
                "{\"secret\":{\"secretName\":\"x\"}}",
            ),
            ("password={x}y", "password=***"),
            (
                r#"{"pwd": "a b, \" c", "n": 2}"#,
                r#"{"pwd": "***", "n": 2}"#,
            ),
            (
                r#"{"a_token":-12.5e3,"pwd":true}"#,
                r#"{"a_token":"***","pwd":"***"}"#,
            ),
            ("[{\n  \"secret\": 7\n}]", "[{\n  \"secret\": \"***\"\n}]"),
            (r#"{"secret":null}"#, r#"{"secret":"***"}"#),
            (r#"{"secret": 12abc"#, r#"{"secret": ***"#),
            (r#"{"secret": "cut off"#, r#"{"secret": "***"#),
            ("http://db:5432/", "http://db:5432/"),
        ] {
            assert_eq!(masked_text(&redactor, text), masked);
        }
    }

    #[test]
    fn a_rule_for_one_step_leaves_the_others_alone() {
        let rule = Rule {
            name: "sid".into(),
            regex: Regex::new("sid=(?<mask>[a-z]+)").unwrap(),
            only: vec!["other".into()],
        };
        let redactor = Redactor::new(&[], vec![rule]);
        assert_eq!(masked_text(&redactor, "sid=abc"), "sid=abc");
    }
}
