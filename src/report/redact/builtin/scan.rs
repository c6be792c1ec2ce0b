//! One pass over a text for all built-in rules: a table finds their anchors, and only where one stands its rules look closer.

use std::sync::LazyLock;

use super::super::token::Tokens;
use super::text::stands;
use super::{BUILTIN, Builtin};

/// What a rule has found: what is masked, and how the token stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Strike {
    /// Where what is masked begins.
    pub(super) from: usize,
    /// Where it ends; more than `from`.
    pub(super) to: usize,
    /// Backslashes before each of the quotes that the token gets; `None` where it needs no quotes.
    pub(super) quotes: Option<usize>,
}

impl Strike {
    /// The token as it stands.
    pub(super) fn bare(from: usize, to: usize) -> Option<Self> {
        (from < to).then_some(Self {
            from,
            to,
            quotes: None,
        })
    }

    /// The token between quotes, each behind so many backslashes.
    pub(super) fn quoted(from: usize, to: usize, quotes: usize) -> Option<Self> {
        Self::bare(from, to).map(|strike| Self {
            quotes: Some(quotes),
            ..strike
        })
    }
}

/// A place where an anchor stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hit<'a> {
    /// The whole text.
    pub(super) text: &'a [u8],
    /// From here on nothing is masked yet.
    pub(super) floor: usize,
    /// Where the anchor begins.
    pub(super) from: usize,
}

/// Letters by which an anchor is sought: its first three.
const GRAM: usize = 3;

/// Bits of what three letters are hashed to.
const BITS: u32 = 16;

/// Finds anchors. Automata that know as many words as these go from state to state, each step waiting for the one before; to look three
/// letters up in a table of 8 KiB takes half of that, and where a bit is set the anchors are few that begin so.
struct Anchors {
    /// Whether some anchor begins so, by the hash of its beginning.
    bits: [u64; 1 << (BITS - 6)],
    /// Which of `begin` those are; a byte, so that all of it stays near.
    index: Vec<u8>,
    /// Those that begin alike, in the order of their rules.
    begin: Vec<Vec<(&'static str, &'static Builtin)>>,
}

static ANCHORS: LazyLock<Anchors> = LazyLock::new(|| {
    let mut anchors = Anchors {
        bits: [0; 1 << (BITS - 6)],
        index: vec![0; 1 << BITS],
        // What stands first is for all that begin like no other, should there ever be more than a byte can tell apart.
        begin: vec![Vec::new()],
    };
    for rule in BUILTIN {
        for anchor in rule.anchors {
            let hash = anchor.bytes().take(GRAM).fold(0, rolled);
            let place = place(hash);
            anchors.bits[usize::from(place >> 6)] |= 1 << (place & 63);
            let index = &mut anchors.index[usize::from(place)];
            if *index == 0
                && let Ok(next) = u8::try_from(anchors.begin.len())
            {
                *index = next;
                anchors.begin.push(Vec::new());
            }
            anchors.begin[usize::from(*index)].push((anchor, rule));
        }
    }
    anchors
});

/// Three letters as one number, whatever their case.
fn rolled(before: u32, byte: u8) -> u32 {
    (before << 8 | u32::from(byte | 0x20)) & 0x00ff_ffff
}

fn place(letters: u32) -> u16 {
    (letters.wrapping_mul(0x9e37_79b1) >> (32 - BITS)) as u16
}

impl Anchors {
    /// Where the next anchor may stand, from `at` on.
    fn next(&self, text: &[u8], at: usize) -> Option<(usize, u16)> {
        let first = text.get(at..at + GRAM - 1)?;
        let mut letters = first.iter().copied().fold(0, rolled);
        for (step, byte) in text[at + GRAM - 1..].iter().enumerate() {
            letters = rolled(letters, *byte);
            let place = place(letters);
            if self.bits[usize::from(place >> 6)] >> (place & 63) & 1 == 1 {
                return Some((at + step, place));
            }
        }
        None
    }

    fn strike(&self, hit: Hit<'_>, place: u16) -> Option<(&'static Builtin, Strike)> {
        self.begin[usize::from(self.index[usize::from(place)])]
            .iter()
            .filter(|(anchor, _)| stands(hit.text, hit.from, anchor))
            .filter_map(|(_, rule)| Some((*rule, (rule.find)(hit)?)))
            .find(|(_, strike)| strike.from >= hit.floor && strike.to > strike.from)
    }
}

/// The text with all that the rules find masked, and each rule that struck told to `count`; `None` where nothing was found.
pub(super) fn masked(text: &[u8], tokens: &Tokens, count: &mut dyn FnMut(&str)) -> Option<Vec<u8>> {
    let anchors = &*ANCHORS;
    let mut masked = Vec::new();
    let (mut at, mut done) = (0, 0);
    while let Some((from, place)) = anchors.next(text, at) {
        let hit = Hit {
            text,
            floor: done,
            from,
        };
        let Some((rule, strike)) = anchors.strike(hit, place) else {
            at = from + 1;
            continue;
        };
        // Never back: each byte is looked at a bounded number of times.
        at = strike.to.max(from + 1);
        let value = &text[strike.from..strike.to];
        if tokens.is(value) {
            continue;
        }
        masked.extend_from_slice(&text[done..strike.from]);
        let quote = |masked: &mut Vec<u8>| {
            if let Some(slashes) = strike.quotes {
                masked.resize(masked.len() + slashes, b'\\');
                masked.push(b'"');
            }
        };
        quote(&mut masked);
        masked.extend_from_slice(tokens.of(value).as_bytes());
        quote(&mut masked);
        done = strike.to;
        count(rule.name);
    }
    if masked.is_empty() && done == 0 {
        return None;
    }
    masked.extend_from_slice(&text[done..]);
    Some(masked)
}
