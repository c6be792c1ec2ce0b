//! What was masked, by rule: counted, never kept.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::report::Redaction;

/// Rules and how often each has struck.
#[derive(Debug, Default)]
pub(super) struct Ledger(Mutex<BTreeMap<String, u64>>);

impl Ledger {
    pub(super) fn count(&self, rule: &str, struck: u64) {
        if struck > 0 {
            let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            *counts.entry(rule.to_owned()).or_default() += struck;
        }
    }

    pub(super) fn told(&self) -> Vec<Redaction> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let told = counts.iter().map(|(rule, count)| Redaction {
            rule: rule.clone(),
            count: *count,
        });
        told.collect()
    }
}
