//! Masking in a file whose keys tell what is secret: whole values, however they are written, where a rule sees but a word.
//!
//! Line by line and with no parser, so that a file that is not quite well formed, or cut, is masked all the same. Keys stay.

use std::sync::LazyLock;

use regex::bytes::Regex;

use super::token::Tokens;
use crate::ask::Layout;

/// Keys whose values are masked.
const SECRET: &str = r"(?i)passw|pwd|secret|token|credential|dsn\b|(?:api|access|private|signing|encryption)[_-]?key";

/// A key of YAML or JSON at the beginning of a line, with its colon and what is blank behind.
const YAML: &str = r#"^(?:"(?:[^"\\]|\\.)*"|'[^']*'|[^\s#'"\[\]{},&*!|>%@`-][^:#]*?|-[^\s:#][^:#]*?)\s*:(?:\s+|$)"#;

/// A key of a list of variables, or of properties.
const ENV: &str = r"^\s*(?:export\s+)?[A-Za-z_][\w.-]*\s*[=:]\s*";

/// What the lines below a masked key belong to, by the column of that key.
#[derive(Clone, Copy)]
enum Below {
    /// A map or a list: its keys stay.
    Keys(usize),
    /// A block of text.
    Block(usize),
    /// The rest of a value that began beside its key.
    Rest(usize),
}

impl Below {
    fn column(self) -> usize {
        match self {
            Self::Keys(column) | Self::Block(column) | Self::Rest(column) => column,
        }
    }
}

/// The text with the values of its secret keys masked, and how many were; `None` where none was.
pub(super) fn masked(layout: Layout, bytes: &[u8], tokens: &Tokens) -> Option<(Vec<u8>, u64)> {
    read(layout, None, bytes, tokens)
}

/// The same of lines of YAML that stand below a key of this column, all of whose values are secret.
pub(super) fn below(column: usize, bytes: &[u8], tokens: &Tokens) -> Option<(Vec<u8>, u64)> {
    read(Layout::Yaml, Some(Below::Keys(column)), bytes, tokens)
}

fn read(
    layout: Layout,
    below: Option<Below>,
    bytes: &[u8],
    tokens: &Tokens,
) -> Option<(Vec<u8>, u64)> {
    let mut page = Page {
        text: Vec::new(),
        below: below.into_iter().collect(),
        struck: 0,
        tokens,
    };
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let end = line
            .iter()
            .rposition(|byte| !matches!(byte, b'\n' | b'\r'))
            .map_or(0, |last| last + 1);
        let (text, ending) = line.split_at(end);
        match layout {
            Layout::Yaml => page.yaml(text),
            Layout::Env => page.env(text),
        }
        page.text.extend_from_slice(ending);
    }
    (page.struck > 0).then_some((page.text, page.struck))
}

struct Page<'a> {
    text: Vec<u8>,
    /// What the line is within, the innermost last.
    below: Vec<Below>,
    struck: u64,
    tokens: &'a Tokens,
}

impl Page<'_> {
    fn put(&mut self, parts: &[&[u8]]) {
        parts
            .iter()
            .for_each(|part| self.text.extend_from_slice(part));
    }

    fn strike(&mut self, before: &[u8], value: &[u8]) {
        let comma: &[u8] = if value.trim_ascii_end().ends_with(b",") {
            b","
        } else {
            b""
        };
        let bare = bare(value);
        if self.tokens.is(bare) {
            return self.put(&[before, value]);
        }
        // Quotes, since a bare `*` would be an alias of YAML.
        let token = self.tokens.of(bare);
        self.put(&[before, b"\"", token.as_bytes(), b"\"", comma]);
        self.struck += 1;
    }

    fn env(&mut self, line: &[u8]) {
        let key = found(&PATTERNS.env, line);
        let (key, value) = line.split_at(key);
        if secret(key) && !value.is_empty() {
            self.strike(key, value);
        } else {
            self.put(&[line]);
        }
    }

    fn yaml(&mut self, line: &[u8]) {
        let (lead, column) = columns(line);
        let (before, rest) = line.split_at(column);
        if rest.is_empty() {
            return self.put(&[line]);
        }
        let item = column > lead || rest == b"-";
        // A list may stand in the column of its key.
        let within = |below: &Below| {
            lead > below.column() || matches!(below, Below::Keys(at) if item && lead == *at)
        };
        // A remark ends nothing.
        if rest.starts_with(b"#") && self.below.last().is_some_and(|below| !within(below)) {
            return self.put(&[line]);
        }
        while self.below.last().is_some_and(|below| !within(below)) {
            self.below.pop();
        }
        let (key, value) = rest.split_at(found(&PATTERNS.yaml, rest));
        let opens = value.is_empty() || value.starts_with(b"#");
        match self.below.last() {
            Some(Below::Block(_)) => self.block(&line[..lead], line[lead..].trim_ascii_end()),
            Some(Below::Rest(_)) => {}
            Some(Below::Keys(_)) if !key.is_empty() && opens || rest == b"-" => self.put(&[line]),
            Some(Below::Keys(_)) => {
                self.put(&[before, key]);
                let value = if value.is_empty() { rest } else { value };
                self.value(column, value);
            }
            None if secret(key) && opens => {
                self.put(&[line]);
                self.below.push(Below::Keys(column));
            }
            None if secret(key) => {
                self.put(&[before, key]);
                self.value(column, value);
            }
            // What stands within brackets is looked at as a whole.
            None if matches!(value.first(), Some(b'{' | b'[')) && secret(value) => {
                self.put(&[before, key]);
                self.value(column, value);
            }
            None => self.put(&[line]),
        }
    }

    /// Masks a line of a block.
    fn block(&mut self, lead: &[u8], line: &[u8]) {
        if self.tokens.is(line) {
            return self.put(&[lead, line]);
        }
        let token = self.tokens.of(line);
        self.put(&[lead, token.as_bytes()]);
        self.struck += 1;
    }

    /// Masks a value, or keeps the mark of a block whose lines are masked then.
    fn value(&mut self, column: usize, value: &[u8]) {
        if matches!(value.first(), Some(b'|' | b'>')) {
            self.put(&[value]);
            self.below.push(Below::Block(column));
        } else {
            self.strike(b"", value);
            // Below the key of a masked map the keys go on; a value of several lines does not.
            if self.below.is_empty() {
                self.below.push(Below::Rest(column));
            }
        }
    }
}

/// The column of a line of YAML, and that of what stands in it behind the dashes of the lists it is an item of.
pub(super) fn columns(line: &[u8]) -> (usize, usize) {
    let spaces = |line: &[u8]| line.iter().take_while(|byte| **byte == b' ').count();
    let lead = spaces(line);
    let mut column = lead;
    while line[column..].starts_with(b"- ") {
        column += 1;
        column += spaces(&line[column..]);
    }
    (lead, column)
}

/// A value without its quotes and the comma behind it, so that it is equal however it is written.
fn bare(value: &[u8]) -> &[u8] {
    let value = value.trim_ascii();
    let value = value.strip_suffix(b",").unwrap_or(value);
    match value {
        [b'"', inner @ .., b'"'] | [b'\'', inner @ .., b'\''] => inner,
        _ => value,
    }
}

struct Patterns {
    secret: Option<Regex>,
    yaml: Option<Regex>,
    env: Option<Regex>,
}

static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| Patterns {
    secret: Regex::new(SECRET).ok(),
    yaml: Regex::new(YAML).ok(),
    env: Regex::new(ENV).ok(),
});

/// How long the match at the beginning is; 0 where there is none.
fn found(pattern: &Option<Regex>, text: &[u8]) -> usize {
    let found = pattern.as_ref().and_then(|pattern| pattern.find(text));
    found.map_or(0, |found| found.end())
}

fn secret(text: &[u8]) -> bool {
    PATTERNS
        .secret
        .as_ref()
        .is_none_or(|pattern| pattern.is_match(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(layout: Layout, text: &str) -> String {
        let tokens = Tokens::default();
        let masked = masked(layout, text.as_bytes(), &tokens);
        let Some((bytes, _)) = masked else {
            return text.into();
        };
        let again = super::masked(layout, &bytes, &tokens);
        assert!(again.is_none(), "what was masked is masked again");
        // Which token it is shows elsewhere.
        let mut text = bytes.clone();
        for span in tokens.spans(&bytes).into_iter().rev() {
            text.splice(span, *b"***");
        }
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn promise_2_a_value_under_a_secret_key_is_masked_to_its_end_however_it_is_written() {
        for (before, after) in [
            (
                "user: me\npassword: a b, c # d\nport: 1\n",
                "user: me\npassword: \"***\"\nport: 1\n",
            ),
            ("key: |\n  x\n", "key: |\n  x\n"),
            (
                "private_key: |\n  AB\n  CD: E\n\nport: 1\n",
                "private_key: |\n  ***\n  ***\n\nport: 1\n",
            ),
            (
                "secrets:\n- a\n- b: c\n  d:\n    e: f\nport: 1\n",
                "secrets:\n- \"***\"\n- b: \"***\"\n  d:\n    e: \"***\"\nport: 1\n",
            ),
            (
                "secrets:\n  a: |\n    x\n\n# why\n  b: y\nport: 1\n",
                "secrets:\n  a: |\n    ***\n\n# why\n  b: \"***\"\nport: 1\n",
            ),
            (
                "a:\n  - name: x\n    token: \"one\n      two\"\n    port: 1\n",
                "a:\n  - name: x\n    token: \"***\"\n\n    port: 1\n",
            ),
            (
                "db: {user: me, password: a b}\nport: 1",
                "db: \"***\"\nport: 1",
            ),
            (
                "{\n  \"api_key\": \"a\\\"b\",\r\n  \"n\": 2\n}",
                "{\n  \"api_key\": \"***\",\r\n  \"n\": 2\n}",
            ),
            (
                "# password: none\nurl: http://x/y\n",
                "# password: none\nurl: http://x/y\n",
            ),
            ("password: \nport: 1\n", "password: \nport: 1\n"),
        ] {
            assert_eq!(text(Layout::Yaml, before), after);
        }
        for (before, after) in [
            (
                "export DB_PASSWORD=\"a b\" c\nPORT=1\n",
                "export DB_PASSWORD=\"***\"\nPORT=1\n",
            ),
            (
                "db.password: a, b\n# TOKEN=x\nTOKEN=\n",
                "db.password: \"***\"\n# TOKEN=x\nTOKEN=\n",
            ),
        ] {
            assert_eq!(text(Layout::Env, before), after);
        }
    }
}
