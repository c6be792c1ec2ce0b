//! housecall makes a house call: it goes to a live pod, examines it where it lives, writes a report, and leaves nothing running.
//!
//! # The idea of the house
//!
//! A **step** is a question and a way to read the answer. Step kinds are pure: they say what to ask ([`ask::Ask`]) and read what comes
//! back ([`ask::Answer`]). A **cluster** is whatever can answer an ask: a live pod, this machine. Neither knows the other. No ask can
//! write to the cluster; the one write in the house is attaching the debug container, in one function.
//!
//! A run is a stream of **events**; a report is the fold of them; renderers are pure functions of a report.
//!
//! ```text
//! file ──runbook──> Runbook ──plan──> Plan ──engine──> Event, Event, … ──fold──> Report ──render──> bytes
//!                                      │ Ask  ^ Answer
//!                                     cluster (kube | local | replay)
//! ```
//!
//! What is found wrong with a patient is data; `Err` means that it could not be asked.
//!
//! # Rooms
//!
//! A room knows only rooms on lower floors; `tests/it/floors.rs` reads the sources and says where that does not hold.
//!
//! | floor | room | for |
//! |---|---|---|
//! | 10 | `cli` (of the binary) | one file for each verb, flags, exit code, wiring of the adapters |
//! | 7 | [`engine`] | time, concurrency, cancellation, events |
//! | 6 | [`plan`] | runbook + params + wishes → ordered asks, or why not; rights |
//! | 6 | [`catalog`] | shipped runbooks by name |
//! | 5 | [`runbook`] | the document, its spans, how to complain about it |
//! | 3 | [`step`] | what each kind asks and how it reads the reply |
//! | 3 | [`check`] | captures, and expectation × observation → verdict |
//! | 3 | [`render`] | report → bytes, one file for each format |
//! | 2 | [`script`] | expressions and templates: Rhai with every limit set |
//! | 2 | [`report`] | what happened: verdicts, events, the report, the table of exit codes |
//! | 2 | [`alert`] | the body of a webhook → whom it is about |
//! | 2 | [`cluster`] | the port of two traits and its answerers; POSIX `sh` text and its frames |
//! | 1 | [`ask`], [`target`], [`yaml`], [`archive`], [`sarif`], [`clock`], [`random`], [`memory`] | the words all share |
//!
//! # Using it as a library
//!
//! Load a [`runbook::Runbook`], settle a [`plan::Plan`], give an [`engine::Engine`] the targets a [`cluster::Cluster`] found, and
//! [`render`] the [`report::Report`]; `examples/embed.rs` does so in forty lines.

pub mod alert;
pub mod archive;
pub mod ask;
pub mod catalog;
pub mod check;
pub mod clock;
pub mod cluster;
pub mod engine;
pub mod memory;
pub mod pattern;
pub mod plan;
pub mod random;
pub mod render;
pub mod report;
pub mod runbook;
pub mod sarif;
pub mod script;
pub mod step;
pub mod target;
pub mod yaml;
