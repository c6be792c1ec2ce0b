//! it
mod language;
