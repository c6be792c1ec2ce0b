//! What keys of a document take, as data.

use super::{Key, names};
use crate::step::Shape;

/// What a key takes.
#[derive(Clone, Copy, Debug)]
pub(in crate::runbook) enum Takes {
    /// What a key of a kind can take as well.
    Shape(Shape),
    /// The version of the language: 1.
    Version,
    /// Text as it stands, without `{{ }}`.
    Plain,
    /// Text as it stands, at least one character of it.
    Filled,
    /// A day, such as `2026-12-31`.
    Day,
    /// A label or annotation of an alert, such as `labels.pod`.
    AlertLabel,
    /// Lower case words with `-` between.
    Id,
    /// An identifier.
    Name,
    /// Text, a number or a boolean, as it is written.
    Scalar,
    /// A whole number.
    Whole,
    /// A whole number in these bounds.
    Count(i64, i64),
    /// A number.
    Number,
    /// A number in these bounds.
    Range(f64, f64),
    /// A number above 0, up to 100.
    Percent,
    /// One of these words, without `{{ }}`.
    Word(fn() -> Vec<&'static str>),
    /// An expression.
    Expr,
    /// A value of any type that is neither list nor map.
    Value,
    /// Whatever is written there.
    Anything,
    /// A map of these keys.
    Map(&'static [Key]),
    /// A map of these keys, of which some exclude or demand each other.
    Choice(&'static Choice),
    /// A map of these keys, in which one key's word says which others go with it.
    Cases(&'static Cases),
    /// A map of identifiers, each with this.
    Named(&'static Takes),
    /// The same, at least one.
    NamedSome(&'static Takes),
    /// A map of names of any form, each with this.
    Pairs(&'static Takes),
    /// The same, at least one.
    PairsSome(&'static Takes),
    /// A list of at least one.
    List(&'static Takes),
    /// A list, which may be empty.
    Any(&'static Takes),
    /// One of these.
    Either(&'static [Takes]),
    /// A step: its own keys, and those of one kind; or an include.
    Step,
}

/// Keys of which some go only with some words of another.
#[derive(Debug)]
pub(in crate::runbook) struct Cases {
    /// The key that holds the word.
    pub(in crate::runbook) tag: &'static str,
    /// Keys that go with every word; the tag is among them.
    pub(in crate::runbook) common: &'static [Key],
    /// Each word with the keys that go with it.
    pub(in crate::runbook) own: &'static [(&'static str, &'static [Key])],
}

/// Keys of which some exclude or demand each other.
#[derive(Debug)]
pub(in crate::runbook) struct Choice {
    /// All of them.
    pub(in crate::runbook) keys: &'static [Key],
    /// The keys that are chosen among.
    pub(in crate::runbook) of: &'static [&'static str],
    /// How many of them.
    pub(in crate::runbook) rule: Rule,
}

/// How many of some keys must be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::runbook) enum Rule {
    /// Exactly one.
    One,
    /// At least one.
    Some,
}

impl Cases {
    /// Every key that goes with some word.
    pub(in crate::runbook) fn names(&self) -> Vec<&'static str> {
        let mut all = names(self.common);
        for name in self.own.iter().flat_map(|(_, keys)| names(keys)) {
            if !all.contains(&name) {
                all.push(name);
            }
        }
        all
    }

    /// The words that the tag may have.
    pub(in crate::runbook) fn words(&self) -> Vec<&'static str> {
        self.own.iter().map(|(word, _)| *word).collect()
    }

    /// The keys that go with this word only.
    pub(in crate::runbook) fn of(&self, word: &str) -> &'static [Key] {
        let case = self.own.iter().find(|(known, _)| *known == word);
        case.map_or(&[], |(_, keys)| *keys)
    }
}
