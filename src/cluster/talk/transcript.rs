//! What is known of a dialogue, kept beside it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::ask::{Captured, Exchange, Progress};

/// All that a program wrote, and how far the dialogue with it came.
#[derive(Clone, Debug)]
pub(in crate::cluster) struct Transcript(Arc<Mutex<Kept>>);

#[derive(Debug)]
struct Kept {
    text: Captured,
    cap: usize,
    held: usize,
    /// Where the text begins that nothing was waited for yet.
    at: usize,
    /// Of each exchange that waited: its number, where its search began, and what its groups matched when it was found.
    found: Vec<(usize, usize, BTreeMap<String, String>)>,
}

impl Transcript {
    /// Empty; keeps this many bytes.
    pub(in crate::cluster) fn new(cap: u64) -> Self {
        Self(Arc::new(Mutex::new(Kept {
            text: Captured::default(),
            cap: usize::try_from(cap).unwrap_or(usize::MAX),
            held: 0,
            at: 0,
            found: Vec::new(),
        })))
    }

    /// Takes what fits, and tells how much that was: where it is less, there is no more room.
    pub(super) fn take(&self, text: &[u8]) -> usize {
        let mut kept = self.kept();
        let room = kept.cap - kept.text.bytes.len();
        let fits = room.min(text.len());
        kept.text.bytes.extend_from_slice(&text[..fits]);
        kept.text.truncated |= fits < text.len();
        fits
    }

    /// What an exchange waited for was found: `length` more bytes are done with.
    pub(super) fn found(&self, number: usize, length: usize, groups: BTreeMap<String, String>) {
        let mut kept = self.kept();
        let from = kept.at;
        kept.at += length;
        kept.found.push((number, from, groups));
    }

    /// One exchange more came to its end.
    pub(super) fn held(&self) {
        self.kept().held += 1;
    }

    /// The text and the progress.
    ///
    /// A pattern may have been found when half a word had come; its groups are read again from the whole text, so that they tell the
    /// word, and a secret in them is whole and masked.
    pub(in crate::cluster) fn told(&self, dialogue: &[Exchange]) -> (Captured, Progress) {
        let kept = self.kept();
        let text = kept.text.clone();
        let mut groups = BTreeMap::new();
        for (number, from, then) in &kept.found {
            let sought = dialogue
                .get(*number)
                .and_then(|exchange| exchange.expect.as_ref()?.sought().ok());
            let rest = text.bytes.get(*from..).unwrap_or_default();
            match sought.map(|sought| sought.groups(rest)) {
                Some(now) if now.len() >= then.len() => groups.extend(now),
                _ => groups.extend(then.clone()),
            }
        }
        let since = if kept.held < dialogue.len() {
            String::from_utf8_lossy(text.bytes.get(kept.at..).unwrap_or_default()).into_owned()
        } else {
            String::new()
        };
        let progress = Progress {
            held: kept.held,
            groups,
            since,
        };
        (text, progress)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Nothing panics while it holds this; and if it did, the data is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
