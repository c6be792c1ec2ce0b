//! The command line: one file for each verb, the flags in `args`, the exit code in `exit`.
//!
//! It uses the crate by its public name, as any other program would. A new verb is one new file here with a `run` function, one
//! variant in [`args::Verb`] and one arm below.

mod alert;
mod args;
mod colour;
mod completions;
mod containers;
mod custom;
mod demo;
mod diff;
mod docs;
mod doctor;
mod enclosures;
mod excerpt;
mod exit;
mod folder;
mod judge;
mod library;
mod lint;
mod list;
mod log;
mod merge;
mod mode;
mod new;
mod outputs;
mod params;
mod patient;
mod plan;
mod prospects;
mod recording;
mod render;
mod rerun;
mod run;
mod saved;
mod schema;
mod shelf;
mod show;
mod signals;
mod test;
mod visit;
mod waive;
mod way;

use std::process::ExitCode;

use clap::Parser;

use args::{Arguments, Verb};
use exit::Failure;
use log::Log;

/// Reads the command line, does what it says, and tells how it ended.
pub(crate) fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return exit::usage(&error),
    };
    let _ = rustls::crypto::ring::default_provider().install_default();
    // Off unless asked for: what a user needs to know of trouble stands in the report, in better words than a library's log.
    let wanted = std::env::var("HOUSECALL_LOG").unwrap_or_else(|_| "off".into());
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new(wanted))
        .with_writer(|| Log)
        .init();
    exit::code(done(arguments.verb))
}

fn done(verb: Verb) -> Result<u8, Failure> {
    match verb {
        Verb::Lint(args) => lint::run(&args),
        Verb::List(args) => list::run(&args),
        Verb::Docs(args) => docs::run(&args),
        Verb::Render(args) => render::run(&args),
        Verb::Judge(args) => within(judge::run(args)),
        Verb::Replay(args) => within(judge::replay(args)),
        Verb::Merge(args) => merge::run(&args),
        Verb::Rerun(args) => within(rerun::again(args)),
        Verb::Diff(args) => diff::run(&args),
        Verb::Baseline(args) => diff::baseline(&args),
        Verb::Waive(args) => waive::run(&args),
        Verb::New(args) => new::run(&args),
        Verb::Schema(args) => schema::run(&args),
        Verb::Show(args) => show::run(&args),
        Verb::Completions(args) => completions::run(&args),
        Verb::Run(args) => within(run::run(*args)),
        Verb::Test(args) => within(test::run(args)),
        Verb::Plan(args) => within(plan::run(*args)),
        Verb::Containers(args) => within(containers::run(args)),
        Verb::Doctor(args) => within(doctor::run(args)),
        Verb::Demo(args) => within(demo::run(args)),
        Verb::DemoPatient => within(patient::serve()),
    }
}

/// Writes a whole answer to stdout. Whoever reads it may have seen enough, as `head` does: that is no failure.
fn print(text: &str) -> Result<u8, Failure> {
    use std::io::Write;
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::could_not("write to stdout", &error))
        }
        _ => Ok(0),
    }
}

/// Runs a future on two worker threads: lanes wait far more than they work.
fn within<T>(future: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::could_not("start the runtime", &error))?
        .block_on(future)
}
