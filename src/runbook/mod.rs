//! The document: a runbook as its author wrote it, with every complaint about it told at once.
//!
//! [`Runbook::parse`] reads YAML text into a checked [`Runbook`], or into all [`Diagnostic`]s there are, each with its place and a fix.
//! A runbook may also be a program (`.rhai`): its header is read by the same reader, and so is each step that it asks as it runs.
//! A new key is a line in `keys/`, of which [`schema`] and [`reference()`] are made as well, and its reading; names that expressions see
//! are in `names.rs`.

mod bind;
mod capture;
mod case;
mod checks;
mod document;
mod draft;
mod excerpt;
mod findings;
mod governance;
mod include;
mod keys;
mod kind;
mod lint;
mod names;
mod param;
mod parse;
mod pattern;
mod program;
mod quantity;
mod reader;
mod reference;
mod repeat;
mod schema;
mod settings;
mod source;
mod steps;

pub use bind::{Unfit, bind};
pub use case::{Case, Expect, Expected, OutputFile, Subject, Unmet};
pub use document::{
    AttachSpec, Batch, Each, Effects, Fragment, Origin, Param, ParamKind, Pick, Preference, Retry,
    Runbook, Step, StopWhen, TargetSpec, Waiver,
};
pub use draft::draft;
pub use excerpt::{redaction, waivers};
pub use findings::{Findings, sarif};
pub use include::{Alone, Library};
pub use program::Scripted;
pub use quantity::{duration, duration_text, size};
pub use reference::reference;
pub use schema::schema;
pub use source::{Diagnostic, Level, Paint, render};
