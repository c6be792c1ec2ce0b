//! The document: a runbook as its author wrote it, with every complaint about it told at once.

mod document;

pub use document::{AttachSpec, Param, ParamKind, Runbook, Step, TargetSpec};
