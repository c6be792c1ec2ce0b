//! What happened: observations, verdicts, events, and the [`Report`] they fold into.
//!
//! A run is a stream of [`Event`]s, one line of JSON each; a report is the fold of them and nothing else. So a run that was killed
//! still yields a report from the lines that were written, and live progress, the JSON Lines log and the final report cannot
//! disagree. Nothing here knows how things happened or how they will look.
//!
//! ```json
//! {"at":"2026-01-02T03:04:05.678Z","event":"step_finished","target":0,"step":{"id":"http","kind":"run","status":"pass",…}}
//! ```

mod alike;
mod compare;
mod event;
mod exit;
mod fold;
mod merge;
mod moment;
mod outcome;
mod redact;
mod run;
mod saved;
mod schema;
mod workload;

pub use alike::{Group, Own, common, groups};
pub use compare::{
    COMPARISON, CheckChange, Comparison, FactChange, OutputChange, TargetChange, compare,
};
pub use event::{Event, Happening};
pub use exit::{CODES, Circumstances, graver, settle};
pub use fold::{Folding, fold};
pub use merge::{Part, Unjoinable, merge};
pub use moment::stamp;
pub use outcome::{
    Artifact, AttemptReport, CheckReport, Output, Phase, Severity, Status, StepReport, Verdict,
};
pub use redact::{BUILTIN, Builtin, Key, MASK, Redactor, Rule, Rules, mask_of, unkeyed};
pub use run::{
    AttachReport, Counts, Exit, Note, Redaction, Report, RunReport, RunbookRef, SCHEMA, Summary,
    TargetReport, Terminated,
};
pub use saved::{Unfit, Unreadable, read};
pub use schema::schema;
pub use workload::workload;
