//! A key that says it is one of a secret, and its value, however the two are written: environments, JSON (escaped or not), YAML,
//! properties, XML, connection strings, options of commands, headers.

use super::key::{Sort, sort};
use super::scan::{Hit, Strike};
use super::text::{Quote, before, is_blank, is_word, line_before, run, run_back, stands};
use super::value::Value;

/// How long a key may be, each way from its anchor, bytes.
pub(super) const KEY: usize = 96;

/// A key, and where it stands.
pub(super) struct Key<'a> {
    pub(super) text: &'a [u8],
    pub(super) sort: Sort,
    pub(super) from: usize,
    pub(super) to: usize,
    /// It begins with a dash: an option of a command.
    pub(super) option: bool,
    /// The quote right before it.
    pub(super) quote: Option<Quote>,
}

/// The value of a key of a secret.
pub(super) fn find(hit: Hit<'_>) -> Option<Strike> {
    let key = Key::around(hit)?;
    let text = hit.text;
    if let Some(quote) = key.quote
        && Quote::at(text, key.to).is_some_and(|(closing, _)| closing == quote)
    {
        return key.quoted(key.to + quote.slashes + 1, quote);
    }
    if let Some(strike) = key.element() {
        return strike;
    }
    key.assigned()
}

/// `"auth": "…"` of a registry, which no other key of that name is: a user and a password in base64.
pub(super) fn auth(hit: Hit<'_>) -> Option<Strike> {
    let text = hit.text;
    let from = run_back(text, hit.from, KEY, is_word);
    let to = hit.from + "auth".len() + usize::from(text[hit.from] == b'_');
    let name = text.get(from..to)?;
    let key = Key {
        text,
        sort: Sort::Secret,
        from,
        to,
        option: false,
        quote: None,
    };
    let strike = match Quote::before(text, from) {
        Some((quote, _)) if name == b"auth" => key.quoted(to + quote.slashes + 1, quote)?,
        _ if name == b"_auth" => key.assigned()?,
        _ => return None,
    };
    let value = &text[strike.from..strike.to];
    let coded = value.len() >= 8 && value.iter().all(|byte| super::text::is_base64(*byte));
    coded.then_some(strike)
}

impl<'a> Key<'a> {
    fn around(hit: Hit<'a>) -> Option<Self> {
        let text = hit.text;
        let begins = run_back(text, hit.from, KEY, is_word);
        let to = run(text, hit.from, KEY, is_word);
        // The line feed of an escaped text is no letter of the key behind it.
        let escaped = before(text, begins) == Some(b'\\') && b"nrt".contains(&text[begins]);
        let from = begins + usize::from(escaped);
        let from = run(text, from, KEY, |byte| byte == b'-').min(hit.from);
        // What ends a sentence, or a range.
        let to = to
            - text[from..to]
                .iter()
                .rev()
                .take_while(|byte| b".-".contains(byte))
                .count();
        let name = text.get(from..to)?;
        if !may_go_on(text, begins, to) {
            return None;
        }
        let option = from > begins && text[from - 1] == b'-';
        Some(Self {
            text,
            sort: sort(name)?,
            from,
            to,
            option,
            quote: (!option && !escaped)
                .then(|| Quote::before(text, from))
                .flatten()
                .or_else(|| Quote::before(text, begins).filter(|_| option))
                .map(|(quote, _)| quote),
        })
    }

    pub(super) fn name(&self) -> &'a [u8] {
        &self.text[self.from..self.to]
    }

    /// What follows a key that stands between quotes.
    fn quoted(&self, at: usize, quote: Quote) -> Option<Strike> {
        let text = self.text;
        let at = run(text, at, 64, |byte| byte.is_ascii_whitespace());
        // Within text that was escaped a line feed is written as well.
        let at = skip_feeds(text, at);
        let value = Value { key: self };
        match text.get(at)? {
            b':' => value.of_json(after_blank(text, at + 1), quote),
            b'=' => {
                let arrow = usize::from(text.get(at + 1) == Some(&b'>'));
                value.of_json(after_blank(text, at + 1 + arrow), quote)
            }
            b',' => self.listed(after_blank(text, at + 1), quote),
            b'>' if before(text, self.from - quote.slashes - 1) == Some(b'=') => {
                value.of_element(at + 1)
            }
            _ if stands(text, at, "value=") => {
                let (quote, from) = Quote::at(text, at + "value=".len())?;
                value.string(from, quote)
            }
            _ => None,
        }
    }

    /// What follows it in a list or as the name of a pair: `"--password", "x"`, `"name": "DB_PASSWORD", "value": "x"`.
    fn listed(&self, at: usize, quote: Quote) -> Option<Strike> {
        let text = self.text;
        let (opening, from) = Quote::at(text, at).filter(|(opening, _)| *opening == quote)?;
        let value = Value { key: self };
        // `--password`, and what is handed to a function: `define('DB_PASSWORD', 'x')`.
        let handed = line_before(text, self.from - quote.slashes - 1).trim_ascii_end();
        if self.option || handed.ends_with(b"(") {
            return value.string(from, opening);
        }
        if !stands(text, from, "value") {
            return None;
        }
        let (closing, at) = Quote::at(text, from + "value".len())?;
        let at = after_blank(text, at);
        if closing != quote || text.get(at) != Some(&b':') {
            return None;
        }
        value.of_json(after_blank(text, at + 1), quote)
    }

    /// `<password>x</password>`, also where the brackets are escaped; `None` where it is no element.
    fn element(&self) -> Option<Option<Strike>> {
        let text = self.text;
        let prefix = run_back(text, self.from, 32, |byte| is_word(byte) || byte == b':');
        let value = Value { key: self };
        if before(text, prefix) == Some(b'<') {
            let end = run(text, self.to, 256, |byte| !matches!(byte, b'>' | b'<'));
            if text.get(end) != Some(&b'>') {
                return None;
            }
            return Some(value.of_element(end + 1));
        }
        let escaped = text[..prefix].ends_with(b"&lt;") || text[..self.from].ends_with(b"&lt;");
        (escaped && stands(text, self.to, "&gt;")).then(|| value.of_escaped(self.to + "&gt;".len()))
    }

    /// `key=value`, `key: value`, `--key value`.
    fn assigned(&self) -> Option<Strike> {
        let text = self.text;
        let value = Value { key: self };
        let at = run(text, self.to, 64, is_blank);
        let blank = at > self.to;
        match text.get(at) {
            Some(b'=') if text.get(at + 1) == Some(&b'>') => {
                value.assigned(after_spaces(text, at + 2))
            }
            Some(b'=') if matches!(text.get(at + 1), Some(b'=' | b'~')) => None,
            Some(b'=') => value.assigned(if blank {
                after_spaces(text, at + 1)
            } else {
                at + 1
            }),
            Some(b':') if text.get(at + 1) == Some(&b'=') => {
                value.assigned(after_spaces(text, at + 2))
            }
            Some(b':') if text.get(at + 1) == Some(&b':') => None,
            Some(b':') => {
                let path = before(text, self.from) == Some(b'/');
                let near = text
                    .get(at + 1)
                    .is_some_and(|byte| !byte.is_ascii_whitespace());
                // `/run/token:/run/token:ro` is a mount, `*v1.Secret: …` a type, and `unexpected token: …` one of a language.
                let kind = before(text, self.from) == Some(b'*');
                if path && near || kind || self.is_unexpected() {
                    None
                } else {
                    value.of_colon(at + 1)
                }
            }
            Some(b'%') if stands(text, at, "%22%3A") => value.percent_string(at + 6),
            Some(b'%') if stands(text, at, "%3D") || stands(text, at, "%3A") => {
                value.percent(at + 3)
            }
            Some(0) if self.option => value.argument(at + 1),
            Some(_) if self.option && blank => value.argument(at),
            Some(b'"' | b'\'') if blank && self.is_set() => {
                Quote::at(text, at).and_then(|(quote, from)| value.string(from, quote))
            }
            // Of a statement of SQL: `PASSWORD 'x'`; of a `.netrc`: `login u password x`; of Redis: `requirepass x`.
            Some(b'\'') if blank && self.name().eq_ignore_ascii_case(b"password") => {
                value.statement(at)
            }
            Some(_) if blank && self.is_word_of_file() => value.argument(at),
            Some(b'\n' | b'\r') if self.is_named() => value.below(at),
            _ => None,
        }
    }

    /// True where a word behind a blank is the value, as some files of settings are written.
    fn is_word_of_file(&self) -> bool {
        let line = line_before(self.text, self.from);
        let name = self.name();
        let redis = ["requirepass", "masterauth"];
        redis
            .iter()
            .any(|word| stands(name, 0, word) && name.len() == word.len())
            || name == b"password" && memchr::memmem::find(line, b"login ").is_some()
    }

    /// True where a server's settings set it for something else: `proxy_set_header Authorization "…"`.
    fn is_set(&self) -> bool {
        let line = line_before(self.text, self.from).trim_ascii_end();
        let words = ["_header", "_headers", "_param", "Header set", "SetEnv"];
        words.iter().any(|word| line.ends_with(word.as_bytes()))
    }

    fn is_unexpected(&self) -> bool {
        let line = line_before(self.text, self.from).trim_ascii_end();
        let from = line.len().saturating_sub("unexpected".len());
        line[from..].eq_ignore_ascii_case(b"unexpected")
    }

    /// True for the name of a pair in YAML: `- name: DB_PASSWORD`.
    fn is_named(&self) -> bool {
        line_before(self.text, self.from)
            .trim_ascii_end()
            .ends_with(b"name:")
    }

    /// What stands before it in its line, where that is nothing but marks: it begins a line of its own.
    pub(super) fn begins_line(&self) -> bool {
        let line = line_before(self.text, self.from);
        let line = line.rsplit(|byte| *byte == 0).next().unwrap_or_default();
        let line = line.trim_ascii();
        let word = [
            &b"export"[..],
            b"declare -x",
            b"declare -rx",
            b"set",
            b"setenv",
            b"- export",
            b"+ export",
            b"ENV",
            b"-",
        ];
        line.iter().all(|byte| b"-<>*+| \t\"'".contains(byte)) || word.contains(&line)
    }
}

/// Whether a value may follow what ends at `to`: most words that look like a key stand in a sentence, and are left at once.
fn may_go_on(text: &[u8], from: usize, to: usize) -> bool {
    match text.get(to) {
        Some(b'=' | b':' | b'"' | b'\'' | b'\\' | b'%' | b'>' | b'&' | 0 | b'\n' | b'\r') => true,
        Some(b' ' | b'\t') => {
            let next = text.get(run(text, to, 64, is_blank));
            let marks = next.is_some_and(|byte| b"=:\"'".contains(byte));
            let option = text[from] == b'-'
                || before(text, from).is_some_and(|byte| byte == b'<' || byte == b':');
            marks || option || b"rmpRMP".contains(&text[from])
        }
        // The end of a sentence may be that of the key: `secret-` of a range.
        Some(b'.' | b'-') => true,
        _ => false,
    }
}

/// Behind blanks, also line feeds.
fn after_blank(text: &[u8], at: usize) -> usize {
    skip_feeds(text, run(text, at, 256, |byte| byte.is_ascii_whitespace()))
}

pub(super) fn after_spaces(text: &[u8], at: usize) -> usize {
    run(text, at, 256, is_blank)
}

/// Behind line feeds that are written as text of JSON, and the blanks around them.
fn skip_feeds(text: &[u8], mut at: usize) -> usize {
    for _ in 0..4 {
        let slashes = run(text, at, 16, |byte| byte == b'\\');
        if slashes == at || !matches!(text.get(slashes), Some(b'n' | b'r' | b't')) {
            return at;
        }
        at = run(text, slashes + 1, 256, |byte| byte.is_ascii_whitespace());
    }
    at
}
