//! it
mod broken;
mod language;
