//! The keys of a document, map for map, as data: by these tables the reader knows what may stand where, and of them the schema and
//! the language reference are made, so that none of the three can disagree. The keys of a step's kind are in the table of the kind.
//!
//! A new key of the document is one line in a table here, and its reading.

mod capture;
mod case;
mod document;
mod param;
mod place;
mod step;
mod takes;

pub(super) use capture::{GROUPS, NAMED, TABLE};
pub(super) use case::{CASE, FILE, REPLY, STATUSES, SUBJECT};
pub(super) use document::{
    BATCH, DEFAULTS, GROUP, OUTPUT, REDACT, RULE, RUNBOOK, STOP_WHEN, WAIVER,
};
pub(super) use param::{FROM, KUBE_SECRET, PARAM};
pub(super) use place::{ATTACH, NEEDS, PICK, TARGET};
pub(super) use step::{APART, EACH, EXPECTATION, INCLUDE, OUTCOME, RETRY, STEP};
pub(super) use takes::{Cases, Choice, Rule, Takes};

use crate::check::CaptureKind;
use crate::report::Severity;
use crate::step::Shape;

/// One key of a map.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    /// The key.
    pub(super) name: &'static str,
    /// What it takes.
    pub(super) takes: Takes,
    /// True where it must be given.
    pub(super) required: bool,
    /// What holds when it is not given, as it would be written.
    pub(super) default: Option<&'static str>,
    /// What it is for, one line.
    pub(super) about: &'static str,
}

impl Key {
    /// An optional key.
    const fn new(name: &'static str, takes: Takes, about: &'static str) -> Self {
        Self {
            name,
            takes,
            required: false,
            default: None,
            about,
        }
    }

    /// The same, and it must be given.
    const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// The same, with what holds when it is not given.
    const fn or(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }
}

/// The names of a table's keys, in its order.
pub(super) fn names(keys: &[Key]) -> Vec<&'static str> {
    keys.iter().map(|key| key.name).collect()
}

const TEXT: Takes = Takes::Shape(Shape::Text);
const BOOL: Takes = Takes::Shape(Shape::Bool);
const DURATION: Takes = Takes::Shape(Shape::Duration);
const REGEX: Takes = Takes::Shape(Shape::Regex);
const SEVERITY: Takes = Takes::Word(|| Severity::ALL.map(Severity::word).to_vec());
const CAPTURE_TYPE: Takes = Takes::Word(|| CaptureKind::WORDS.map(|(_, word)| word).to_vec());
const POSITIVE: Takes = Takes::Count(1, i64::MAX);
const COUNT: Takes = Takes::Either(&[Takes::Word(|| vec!["all"]), POSITIVE]);
