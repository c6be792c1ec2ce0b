//! The limits and the strict engine that every expression runs in.
