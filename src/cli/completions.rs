//! `housecall completions`: a completion script for a shell.

use clap::CommandFactory;

use super::args::{Arguments, CompletionsArgs};
use super::exit::Failure;

/// Writes the script to stdout.
pub(crate) fn run(args: &CompletionsArgs) -> Result<u8, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(
        args.shell,
        &mut Arguments::command(),
        "housecall",
        &mut script,
    );
    std::io::Write::write_all(&mut std::io::stdout(), &script)
        .map_err(|error| Failure::could_not("write to stdout", &error))?;
    Ok(0)
}
