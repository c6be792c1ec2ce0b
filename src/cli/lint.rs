//! `housecall lint`: all that is wrong with runbooks, at once.

use std::io::Write;

use housecall::render::inert;
use housecall::runbook::Runbook;

use super::args::LintArgs;
use super::exit::Failure;
use super::library::Library;
use super::visit::{drawn, source};

/// Checks every runbook. Warnings are told, and only errors change the code.
pub(crate) fn run(args: &LintArgs) -> Result<u8, Failure> {
    let mut wrong = Vec::new();
    for word in &args.runbooks {
        let (origin, text) = match source(word) {
            Ok(found) => found,
            Err(failure) => {
                wrong.push(failure);
                continue;
            }
        };
        match Runbook::load(&text, &origin, &Library) {
            Err(problems) => wrong.push(Failure::drawn(drawn(&problems))),
            Ok((_, warnings)) => {
                if !warnings.is_empty() {
                    let _ = writeln!(std::io::stderr(), "{}", drawn(&warnings));
                }
                let _ = writeln!(std::io::stdout(), "{}: ok", inert(&origin));
            }
        }
    }
    Failure::all(wrong).map_or(Ok(0), Err)
}
