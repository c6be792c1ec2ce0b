//! it
mod fake;
mod kube;
mod pump;
