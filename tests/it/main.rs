//! it
mod pump;
