//! `housecall new`: a first runbook, made of a command line.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::Path;

use housecall::runbook::draft;

use super::args::NewArgs;
use super::exit::Failure;
use super::print;

/// Prints the runbook to stdout, or writes it to a file that is not there yet.
pub(crate) fn run(args: &NewArgs) -> Result<u8, Failure> {
    let text = draft(&args.command, !args.verbatim).ok_or_else(|| {
        Failure::usage(
            "no runbook can be made of this command line\n  help: write the program and its words after `--`: housecall new -- curl -sf localhost:8080/healthz",
        )
    })?;
    match &args.output {
        None => print(&text),
        Some(path) => write(path, &text),
    }
}

fn write(path: &Path, text: &str) -> Result<u8, Failure> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => Failure::usage(format!(
                "{} is there already, and is left as it is\n  help: name another file",
                path.display()
            )),
            _ => Failure::usage(format!(
                "failed to write {}: {error}\n  help: name a file in a folder that is there and may be written",
                path.display()
            )),
        })?;
    let _ = writeln!(
        std::io::stderr(),
        "wrote {0}; see what it would ask with `housecall plan {0} pod/NAME`",
        housecall::render::inert(&path.display().to_string())
    );
    Ok(0)
}
