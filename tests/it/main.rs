//! it
mod floors;
