//! Secrets in YAML, by the columns of its keys.

use std::ops::Range;

use super::super::super::keyed;
use super::super::super::token::Tokens;
use super::{NAME, Object, apart, is_data};

/// Values of a Secret.
#[derive(Debug)]
enum Values {
    /// Lines below a key that stands in this column.
    Below(Range<usize>, usize),
    /// What stands beside the key, in braces.
    Beside(Range<usize>),
}

impl Values {
    fn place(&self) -> Range<usize> {
        match self {
            Self::Below(place, _) | Self::Beside(place) => place.clone(),
        }
    }
}

pub(super) fn masked(text: &[u8], tokens: &Tokens, count: &mut dyn FnMut(&str)) -> Option<Vec<u8>> {
    let mut reading = Reading::default();
    let mut at = 0;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        reading.line(at, line);
        at += line.len();
    }
    reading.end(at, 0, true);
    let mut masked = Vec::new();
    let (mut done, mut any) = (0, false);
    for values in apart(reading.struck, Values::place) {
        let place = values.place();
        let value = &text[place.clone()];
        let new = match values {
            Values::Below(_, column) => keyed::below(column, value, tokens),
            Values::Beside(_) => {
                let token = format!("\"{}\"", tokens.of(value));
                Some((token.into_bytes(), 1))
            }
        };
        let Some((new, struck)) = new else { continue };
        masked.extend_from_slice(&text[done..place.start]);
        masked.extend_from_slice(&new);
        done = place.end;
        any = true;
        (0..struck).for_each(|_| count(NAME));
    }
    masked.extend_from_slice(&text[done..]);
    any.then_some(masked)
}

/// A map whose keys stand in one column.
struct Map {
    column: usize,
    object: Object<Values>,
    /// Where the lines below its `data` begin, while they go on.
    data: Option<usize>,
}

#[derive(Default)]
struct Reading {
    open: Vec<Map>,
    struck: Vec<Values>,
}

impl Reading {
    fn line(&mut self, at: usize, line: &[u8]) {
        let (lead, column) = keyed::columns(line);
        let rest = line[column..].trim_ascii_end();
        if rest.is_empty() || rest.starts_with(b"#") {
            return;
        }
        if lead == 0 && (rest == b"..." || rest == b"---" || rest.starts_with(b"--- ")) {
            return self.end(at, 0, false);
        }
        // What stands further in is over; an item is a map of its own.
        self.end(at, lead + 1, false);
        let known = self.open.last().map(|map| map.column);
        if known.is_none_or(|known| known < column) {
            self.open.push(Map {
                column,
                object: Object::default(),
                data: None,
            });
        }
        if column > lead && known == Some(lead) {
            // A list may stand in the column of its key: that one goes on.
            return self.pair(at, line, column, rest);
        }
        if let Some(map) = self.open.last_mut().filter(|map| map.column == lead) {
            map.shut(at);
        }
        self.pair(at, line, column, rest);
    }

    fn pair(&mut self, at: usize, line: &[u8], column: usize, rest: &[u8]) {
        let Some(map) = self.open.last_mut() else {
            return;
        };
        let Some(colon) = memchr::memchr(b':', rest) else {
            return;
        };
        let (key, value) = (&rest[..colon], &rest[colon + 1..]);
        if value.first().is_some_and(|byte| *byte != b' ') {
            return;
        }
        let remark = memchr::memmem::find(value, b" #").unwrap_or(value.len());
        let bare = value[..remark].trim_ascii();
        if is_data(key) {
            map.data = Some(at + line.len());
            if bare.starts_with(b"{") && bare != b"{}" {
                let from = at + column + colon + 1;
                let from = from + value.len() - value.trim_ascii_start().len();
                let place = from..at + column + rest.len();
                map.object.held.push(Values::Beside(place));
            }
        } else if map.data.is_none() || map.column == column {
            let bare = match bare {
                [b'"', inner @ .., b'"'] | [b'\'', inner @ .., b'\''] => inner,
                bare => bare,
            };
            map.object.hear(key, bare);
        }
    }

    /// Closes the maps from this column on.
    fn end(&mut self, at: usize, column: usize, cut: bool) {
        while let Some(mut map) = self.open.pop_if(|map| map.column >= column) {
            map.shut(at);
            let around = self.open.last_mut().map(|around| &mut around.object);
            map.object.close(around, &mut self.struck, cut);
        }
    }
}

impl Map {
    /// The lines below its `data` end here.
    fn shut(&mut self, at: usize) {
        if let Some(from) = self.data.take().filter(|from| *from < at) {
            self.object.held.push(Values::Below(from..at, self.column));
        }
    }
}
