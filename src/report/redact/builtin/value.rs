//! The value of a key: where it ends, in each way of writing one.

use super::key::Sort;
use super::pair::{Key, after_spaces};
use super::plain::{LONGEST, plain};
use super::scan::Strike;
use super::text::{Quote, is_blank, line_before, line_end, run, stands};
use super::word::{delimited, lines, unclosed};

/// The shortest value behind `Authorization` that has no scheme, and of a cookie that has no name, bytes.
const LONG: usize = 16;

/// How far a quoted value may go over lines where nothing says that it does, bytes.
const LINES: usize = 8 * 1024;

/// How long an unquoted word of nothing may be, for it to be looked at as a whole.
const WORD: usize = 64;

/// The value of this key.
pub(super) struct Value<'k, 'a> {
    pub(super) key: &'k Key<'a>,
}

impl Value<'_, '_> {
    fn text(&self) -> &[u8] {
        self.key.text
    }

    /// A part that is the value, unless it is none of a secret.
    fn told(&self, from: usize, to: usize) -> Option<Strike> {
        let value = self.text().get(from..to)?;
        if plain(value) || self.is_folder(value) {
            return None;
        }
        match self.key.sort {
            Sort::Secret => Strike::bare(from, to),
            Sort::Maybe => value
                .iter()
                .any(|byte| !byte.is_ascii_digit())
                .then(|| Strike::bare(from, to))?,
            Sort::Authorization => {
                let word = run(value, 0, 32, |byte| {
                    byte.is_ascii_alphanumeric() || byte == b'-'
                });
                let blank = run(value, word, 16, |byte| byte == b' ' || byte == b'+');
                if word > 0 && blank > word && blank < value.len() {
                    return Strike::bare(from + blank, to);
                }
                let coded = ["%20", "+"]
                    .into_iter()
                    .find(|blank| stands(value, word, blank));
                if let Some(blank) = coded.filter(|_| word > 0) {
                    return Strike::bare(from + word + blank.len(), to);
                }
                (value.len() >= LONG).then(|| Strike::bare(from, to))?
            }
            Sort::Cookie => {
                let set = memchr::memchr(b'=', value);
                let is_set = stands(
                    self.key.name(),
                    self.key.name().len().saturating_sub(10),
                    "set-cookie",
                );
                match set {
                    // Where the browser is to send it back stays readable.
                    Some(at) if is_set => {
                        let end = memchr::memchr(b';', value).unwrap_or(value.len());
                        Strike::bare(from + (at + 1).min(end), from + end)
                    }
                    Some(_) => Strike::bare(from, to),
                    None => (value.len() >= LONG).then(|| Strike::bare(from, to))?,
                }
            }
        }
    }

    /// `PWD` is where a shell is.
    fn is_folder(&self, value: &[u8]) -> bool {
        let name = self.key.name();
        value.first() == Some(&b'/')
            && value.len() <= LONGEST
            && (name.eq_ignore_ascii_case(b"pwd") || name.eq_ignore_ascii_case(b"oldpwd"))
    }

    /// What stands between quotes and began at `from`; all of the line where they are not closed.
    pub(super) fn string(&self, from: usize, quote: Quote) -> Option<Strike> {
        let (to, _) = quote.ends(self.text(), from, self.text().len(), false);
        self.told(from, to)
    }

    /// A value of JSON, whose strings are quoted as its key is.
    pub(super) fn of_json(&self, at: usize, quote: Quote) -> Option<Strike> {
        let text = self.text();
        if let Some((opening, from)) = Quote::at(text, at) {
            return self.string(from, opening);
        }
        match text.get(at)? {
            b'[' => self.list(at + 1, quote),
            b'{' => None,
            byte if byte.is_ascii_digit() || *byte == b'-' => {
                let end = run(text, at, WORD, |byte| {
                    byte.is_ascii_digit() || b".eE+-".contains(&byte)
                });
                let ends = text
                    .get(end)
                    .is_none_or(|byte| byte.is_ascii_whitespace() || b",}]\\".contains(byte));
                match ends && self.key.sort == Sort::Secret {
                    true => Strike::quoted(at, end, quote.slashes),
                    false => self.inline(at),
                }
            }
            // A literal of its own language, or the value of an option that stands between quotes with it.
            _ => self.inline(at),
        }
    }

    /// The strings of a flat list, as one.
    fn list(&self, at: usize, quote: Quote) -> Option<Strike> {
        let text = self.text();
        let at = after_spaces(text, at);
        let (opening, from) = Quote::at(text, at).filter(|(opening, _)| *opening == quote)?;
        let (mut to, mut closed) = opening.ends(text, from, text.len(), false);
        while closed {
            let next = after_spaces(text, to + opening.slashes + 1);
            let next = match text.get(next) {
                Some(b',') => Quote::at(text, after_spaces(text, next + 1)),
                _ => None,
            };
            match next.filter(|(next, _)| *next == opening) {
                Some((_, begins)) => (to, closed) = opening.ends(text, begins, text.len(), false),
                None => break,
            }
        }
        self.told(from, to)
    }

    /// What stands in an element of XML.
    pub(super) fn of_element(&self, from: usize) -> Option<Strike> {
        let text = self.text();
        const CDATA: &str = "<![CDATA[";
        if stands(text, from, CDATA) {
            let from = from + CDATA.len();
            let to = memchr::memmem::find(&text[from..], b"]]>").map_or(text.len(), |at| from + at);
            return self.told(from, to);
        }
        let to = memchr::memchr(b'<', text.get(from..)?).map_or(text.len(), |at| from + at);
        // `<password>` may be a word for what is to be written there; an element is closed, or was cut off.
        let closed = text[to..].starts_with(b"</");
        let cut = to == text.len() && memchr::memchr(b'\n', &text[from..]).is_none();
        if closed || cut {
            self.trimmed(from, to)
        } else {
            None
        }
    }

    /// The same where its brackets are escaped.
    pub(super) fn of_escaped(&self, from: usize) -> Option<Strike> {
        let text = self.text();
        let to =
            memchr::memmem::find(text.get(from..)?, b"&lt;").map_or(text.len(), |at| from + at);
        self.trimmed(from, to)
    }

    fn trimmed(&self, from: usize, to: usize) -> Option<Strike> {
        let value = self.text().get(from..to)?;
        let lead = value.len() - value.trim_ascii_start().len();
        let from = from + lead;
        self.told(from, (from + value.trim_ascii().len()).max(from))
    }

    /// What stands behind an equals sign.
    pub(super) fn assigned(&self, at: usize) -> Option<Strike> {
        let text = self.text();
        // The whole pair stands between quotes, or ends with a byte that no variable holds.
        if let Some(quote) = self.key.quote.filter(|_| !self.key.option) {
            let (to, _) = quote.ends(text, at, text.len(), false);
            let to = at + lines(&text[at..to]);
            let to = if self.is_variable() {
                to
            } else {
                at + delimited(&text[at..to])
            };
            return self.told(at, to);
        }
        if let Some(end) = self.nul(at) {
            return self.told(at, end);
        }
        if let Some((quote, from)) = Quote::at(text, at) {
            let exported = line_before(text, self.key.from).trim_ascii_end();
            let exported = exported.ends_with(b"export") || exported.ends_with(b"declare -x");
            let (mut to, mut closed) = quote.ends(text, from, text.len(), exported);
            // In a file of variables the quotes may be lines apart, and nothing stands behind them.
            if !closed && self.is_variable() && self.key.begins_line() {
                let most = text.len().min(from + LINES);
                let (end, ends) = quote.ends(text, from, most, true);
                if ends && line_end(text, end) == end + quote.slashes + 1 {
                    (to, closed) = (end, ends);
                }
            }
            let next = text.get(to + quote.slashes + 1);
            if !self.is_variable()
                || closed && next.is_none_or(|next| !next.is_ascii_alphanumeric())
            {
                return self.told(from, to);
            }
        }
        if !self.key.begins_line() || self.key.option {
            return self.inline(at);
        }
        let end = line_end(text, at);
        let end = at + text[at..end].trim_ascii_end().len();
        if self.is_variable() {
            return self.told(at, end);
        }
        // Several pairs in a line end with each other's blanks; else the value is all of the line.
        let first = run(text, at, end - at, |byte| !is_blank(byte));
        let more = memchr::memchr(b'=', &text[first..end]).is_some();
        if more {
            self.inline(at)
        } else {
            self.told(at, end)
        }
    }

    /// Where the variable ends that stands between NUL bytes, as in `/proc/PID/environ`.
    fn nul(&self, at: usize) -> Option<usize> {
        let text = self.text();
        let from = self.key.from;
        let begins = from > 0 && text[from - 1] == 0;
        if !begins && from > 0 {
            return None;
        }
        let end = memchr::memchr(0, &text[at..]).map(|end| at + end);
        if begins {
            Some(end.unwrap_or(text.len()))
        } else {
            end
        }
    }

    /// `NAME`, as variables of an environment are written.
    fn is_variable(&self) -> bool {
        let letter =
            |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_';
        self.key.name().iter().all(letter)
    }

    /// What stands behind a colon.
    pub(super) fn of_colon(&self, at: usize) -> Option<Strike> {
        let text = self.text();
        let near = text.get(at).is_some_and(|byte| !byte.is_ascii_whitespace());
        let at = after_spaces(text, at);
        let begins = self.key.begins_line();
        // The whole line stands between quotes: a header that is given to a command.
        if let Some(quote) = self.key.quote {
            return self.string(at, quote);
        }
        if let Some((quote, from)) = Quote::at(text, at) {
            if !begins || quote.closes(text, from).is_some() {
                return self.string(from, quote);
            }
            let (to, _) = quote.ends(text, from, self.block_end(from), true);
            return self.told(from, to);
        }
        if !begins || near {
            let strike = self.inline(at)?;
            let line = line_before(text, self.key.from).trim_ascii_end();
            // In a map on one line a bare `*` would be an alias.
            let flow = line.ends_with(b"{") || line.ends_with(b",");
            return match flow && strike.from == at && self.key.sort == Sort::Secret {
                true => Strike::quoted(strike.from, strike.to, 0),
                false => Some(strike),
            };
        }
        let end = line_end(text, at);
        if matches!(text.get(at), Some(b'|' | b'>')) && end - at <= 4 {
            return self.block(end);
        }
        if matches!(text.get(at), Some(b'{' | b'[' | b'&' | b'!')) && self.key.sort == Sort::Secret
        {
            return match text[at] {
                b'{' if text[at..end].ends_with(b"}") => None,
                b'[' | b'{' if end - at == 1 => None,
                _ => self.yaml(at, end),
            };
        }
        self.yaml(at, end)
    }

    /// A word of YAML, to the end of its line; it gets quotes, since a bare `*` would be an alias. A header gets none.
    fn yaml(&self, at: usize, end: usize) -> Option<Strike> {
        let end = at + self.text()[at..end].trim_ascii_end().len();
        let strike = self.told(at, end)?;
        let line = line_before(self.text(), self.key.from);
        let header = line.iter().any(|byte| b"<>*+|".contains(byte))
            || self.key.name().first().is_some_and(u8::is_ascii_uppercase)
            || strike.from > at;
        if header {
            Some(strike)
        } else {
            Strike::quoted(strike.from, strike.to, 0)
        }
    }

    /// The lines below, as far as they stand further in than the key.
    fn block(&self, end: usize) -> Option<Strike> {
        let text = self.text();
        let to = self.block_end(end);
        let from = run(text, end, to - end, |byte| byte.is_ascii_whitespace());
        let to = from + text[from..to.max(from)].trim_ascii_end().len();
        self.told(from, to)
    }

    /// Where the lines end that belong to the key: they stand further in than it does, or are empty.
    fn block_end(&self, at: usize) -> usize {
        let text = self.text();
        let column = self.column();
        let mut end = line_end(text, at);
        loop {
            let next =
                memchr::memchr(b'\n', &text[end..]).map_or(text.len(), |feed| end + feed + 1);
            if next >= text.len() {
                return end;
            }
            let first = run(text, next, column + 2, |byte| byte == b' ');
            let stop = line_end(text, next);
            if first.min(stop) - next <= column && first < stop {
                return end;
            }
            end = stop.max(next);
            if end >= text.len() {
                return end;
            }
        }
    }

    fn column(&self) -> usize {
        line_before(self.text(), self.key.from).len()
    }

    /// The value of the pair whose name this is, one line below: `value: x`.
    pub(super) fn below(&self, at: usize) -> Option<Strike> {
        let text = self.text();
        let next = run(text, at, 64, |byte| byte.is_ascii_whitespace());
        if !stands(text, next, "value:") {
            return None;
        }
        let at = after_spaces(text, next + "value:".len());
        let end = line_end(text, at.min(text.len()));
        match Quote::at(text, at) {
            Some((quote, from)) => self.string(from, quote),
            None => {
                let end = at + text[at..end].trim_ascii_end().len();
                let strike = self.told(at, end)?;
                Strike::quoted(strike.from, strike.to, 0)
            }
        }
    }

    /// The next word of a command line.
    pub(super) fn argument(&self, at: usize) -> Option<Strike> {
        let text = self.text();
        if let Some((quote, from)) = Quote::at(text, at) {
            return self.string(from, quote);
        }
        if text.get(at) == Some(&b'-') {
            return None;
        }
        let mut to = run(text, at, text.len(), |byte| {
            !byte.is_ascii_whitespace() && byte != 0
        });
        if let Some(quote) = self.key.quote {
            to = quote.ends(text, at, to, false).0;
        }
        // `[--token string]`
        let to = at + unclosed(&text[at..to]);
        self.told(at, to)
    }

    /// The quoted value of a statement.
    pub(super) fn statement(&self, at: usize) -> Option<Strike> {
        let (quote, from) = Quote::at(self.text(), at)?;
        let to = quote.closes(self.text(), from)?;
        self.told(from, to)
    }

    /// A value that is percent-encoded with its key.
    pub(super) fn percent(&self, at: usize) -> Option<Strike> {
        self.told(at, self.coded_end(at, |at| stands(self.text(), at, "%26")))
    }

    /// A string of JSON that is percent-encoded with its quotes.
    pub(super) fn percent_string(&self, at: usize) -> Option<Strike> {
        let text = self.text();
        let blanks = ["%20", "+"].iter().find(|blank| stands(text, at, blank));
        let at = at + blanks.map_or(0, |blank| blank.len());
        if !stands(text, at, "%22") {
            return self.percent(at);
        }
        let from = at + "%22".len();
        // A quote of the value itself has a backslash before it.
        let closes = |at: usize| stands(text, at, "%22") && !text[..at].ends_with(b"%5C");
        self.told(from, self.coded_end(from, closes))
    }

    /// Where percent-encoded text ends that began at `at`: where `ends` says so, or with its word.
    fn coded_end(&self, at: usize, ends: impl Fn(usize) -> bool) -> usize {
        let text = self.text();
        let stops = |byte: u8| byte.is_ascii_whitespace() || b"&\"'<>".contains(&byte);
        let mut rest = at..text.len();
        rest.find(|at| stops(text[*at]) || text[*at] == b'%' && ends(*at))
            .unwrap_or(text.len())
    }

    /// A word among others.
    fn inline(&self, at: usize) -> Option<Strike> {
        let text = self.text();
        // `map[Authorization:[Bearer x]]`, and `u'x'` of Python.
        let list = self.key.sort != Sort::Secret && text.get(at) == Some(&b'[');
        let kind = text.get(at).is_some_and(|byte| b"ubr".contains(byte))
            && text.get(at + 1).is_some_and(|byte| b"\"'".contains(byte));
        let at = at + usize::from(list || kind);
        if let Some((quote, from)) = Quote::at(text, at) {
            return self.string(from, quote);
        }
        let line = text.get(at..)?;
        // The scheme of who asks is a word of its own.
        let lead = match self.key.sort {
            Sort::Authorization => {
                let word = run(line, 0, 32, |byte| {
                    byte.is_ascii_alphanumeric() || byte == b'-'
                });
                let blank = run(line, word, 4, |byte| byte == b' ');
                if word > 0 && blank > word { blank } else { 0 }
            }
            _ => 0,
        };
        let to = at + lead + delimited(&line[lead..]);
        self.told(at, to)
    }
}
