//! `housecall lint`: all that is wrong with runbooks, at once.

use std::io::Write;

use housecall::render::inert;
use housecall::runbook::{Findings, Level, Runbook, sarif};
use serde_json::json;

use super::args::{LintArgs, LintFormat};
use super::exit::Failure;
use super::folder::spread;
use super::library::Library;
use super::print;
use super::visit::{drawn, source};

/// Checks every runbook. Warnings are told, and only errors change the code.
pub(crate) fn run(args: &LintArgs) -> Result<u8, Failure> {
    let words = spread(&args.runbooks)?;
    match args.format {
        LintFormat::Text => text(&words),
        LintFormat::Json => {
            let all = findings(&words);
            let count = |level| all.iter().map(|one| one.count(level)).sum::<usize>();
            let report = json!({
                "schema": "housecall.lint/1",
                "summary": {
                    "files": all.len(),
                    "unread": all.iter().filter(|one| one.unread.is_some()).count(),
                    "errors": count(Level::Error),
                    "warnings": count(Level::Warning),
                },
                "files": all,
            });
            print(&format!("{report:#}\n"))?;
            Ok(code(&all))
        }
        LintFormat::Sarif => {
            let all = findings(&words);
            print(&format!("{:#}\n", sarif(&all, env!("CARGO_PKG_VERSION"))))?;
            Ok(code(&all))
        }
    }
}

fn code(all: &[Findings]) -> u8 {
    if all.iter().any(Findings::failed) {
        2
    } else {
        0
    }
}

fn text(words: &[String]) -> Result<u8, Failure> {
    let mut wrong = Vec::new();
    for word in words {
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

fn findings(words: &[String]) -> Vec<Findings> {
    let looked = |word: &String| match source(word) {
        Err(failure) => Findings {
            file: word.clone(),
            unread: Some(failure.headline()),
            diagnostics: Vec::new(),
        },
        Ok((file, text)) => {
            let diagnostics = match Runbook::load(&text, &file, &Library) {
                Ok((_, warnings)) => warnings,
                Err(problems) => problems,
            };
            Findings {
                file,
                unread: None,
                diagnostics,
            }
        }
    };
    words.iter().map(looked).collect()
}
