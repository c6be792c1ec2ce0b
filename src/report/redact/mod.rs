//! Masking what must not be told: the one place through which everything that comes back goes, before a kind reads it.
//!
//! Secrets that are known by name are masked in every spelling (`secret.rs`), what looks like one by the built-in rules (`builtin/`), by
//! those of a runbook or a file (`rule.rs`), and by the keys of a file whose layout is known (`keyed.rs`). Where something was masked a
//! token stands (`token.rs`): equal values have equal tokens within a run. What was masked is counted, never kept.
//!
//! A new built-in rule is one line in the table of `builtin/mod.rs`, and its cases in `tests/redaction/`.

mod builtin;
mod keyed;
mod known;
mod ledger;
mod redactor;
mod rule;
mod secret;
mod token;

pub use builtin::{BUILTIN, Builtin};
pub use redactor::Redactor;
pub use rule::{Rule, Rules};
pub use token::{Key, MASK, mask_of, unkeyed};
