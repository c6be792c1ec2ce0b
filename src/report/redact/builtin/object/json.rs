//! Secrets in JSON, also where JSON is a string of JSON, once or twice.

use std::ops::Range;

use super::super::super::token::Tokens;
use super::super::text::{Quote, run, run_back};
use super::{NAME, Object, apart, is_data};

/// Backslashes before the quotes of text that was escaped never, once and twice.
const ESCAPED: [usize; 3] = [0, 1, 3];

pub(super) fn masked(text: &[u8], tokens: &Tokens, count: &mut dyn FnMut(&str)) -> Option<Vec<u8>> {
    let mut struck = Vec::new();
    for slashes in ESCAPED {
        let closing = [&b"ata"[..], &b"\\".repeat(slashes), b"\""].concat();
        if memchr::memmem::find(text, &closing).is_some() {
            Reading::new(text, slashes).read(&mut struck);
        }
    }
    struck.retain(|place| !place.is_empty() && !tokens.is(&text[place.clone()]));
    let struck = apart(struck, Range::clone);
    let mut masked = Vec::new();
    let mut done = 0;
    for place in &struck {
        masked.extend_from_slice(&text[done..place.start]);
        masked.extend_from_slice(tokens.of(&text[place.clone()]).as_bytes());
        done = place.end;
        count(NAME);
    }
    masked.extend_from_slice(&text[done..]);
    (!struck.is_empty()).then_some(masked)
}

/// What stands between two braces.
#[derive(Default)]
struct Braces {
    object: Object<Range<usize>>,
    /// It is the value of `data`, or is within it.
    data: bool,
}

struct Reading<'a> {
    text: &'a [u8],
    /// Backslashes before each quote: others are within its strings, or end the text that it is.
    slashes: usize,
    open: Vec<Braces>,
    /// The key whose value comes next.
    key: Option<&'a [u8]>,
}

impl<'a> Reading<'a> {
    fn new(text: &'a [u8], slashes: usize) -> Self {
        Self {
            text,
            slashes,
            open: Vec::new(),
            key: None,
        }
    }

    fn read(mut self, struck: &mut Vec<Range<usize>>) {
        let mut at = 0;
        while let Some(next) = memchr::memchr3(b'{', b'}', b'"', &self.text[at..]) {
            let place = at + next;
            at = place + 1;
            match self.text[place] {
                b'{' => {
                    let within = self.open.last().is_some_and(|around| around.data);
                    self.open.push(Braces {
                        data: self.key.take().is_some_and(is_data) || within,
                        ..Braces::default()
                    });
                }
                b'}' => {
                    self.key = None;
                    self.close(struck, false);
                }
                _ => {
                    let slashes = place - run_back(self.text, place, 64, |byte| byte == b'\\');
                    if slashes < self.slashes {
                        self.end(struck);
                    } else if slashes == self.slashes {
                        at = self.string(at);
                    }
                }
            }
        }
        self.end(struck);
    }

    /// Reads the string that begins at `at`; where to go on.
    fn string(&mut self, at: usize) -> usize {
        let text = self.text;
        let quote = Quote {
            mark: b'"',
            slashes: self.slashes,
        };
        let (to, closed) = quote.ends(text, at, text.len(), false);
        let behind = if closed { to + self.slashes + 1 } else { at };
        if closed && self.key.is_none() {
            let colon = run(text, behind, 64, |byte| byte.is_ascii_whitespace());
            if text.get(colon) == Some(&b':') {
                self.key = Some(&text[at..to]);
                return colon + 1;
            }
        }
        if let (Some(key), Some(around)) = (self.key.take(), self.open.last_mut()) {
            if around.data {
                around.object.held.push(at..to);
            } else {
                around.object.hear(key, &text[at..to]);
            }
        }
        behind
    }

    fn close(&mut self, struck: &mut Vec<Range<usize>>, cut: bool) {
        if let Some(closed) = self.open.pop() {
            let around = self.open.last_mut().map(|around| &mut around.object);
            closed.object.close(around, struck, cut);
        }
    }

    /// Closes all that is open: the text ends here, or that which this one is within.
    fn end(&mut self, struck: &mut Vec<Range<usize>>) {
        self.key = None;
        while !self.open.is_empty() {
            self.close(struck, true);
        }
    }
}
