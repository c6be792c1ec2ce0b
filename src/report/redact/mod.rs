//! Masking what must not be told: the one place through which everything that comes back goes, before a kind reads it.
//!
//! Secrets are masked as they stand, in base64, percent-encoded and as text of JSON, also where a cut went through them; rules mask what looks like a secret. What was masked is counted,
//! never kept.

mod keyed;
mod redactor;

pub use redactor::{MASK, Redactor, Rule, builtin};
