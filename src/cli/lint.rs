//! `housecall lint`: all that is wrong with runbooks, at once.

use std::io::Write;
use std::path::{Path, PathBuf};

use housecall::render::inert;
use housecall::runbook::{Findings, Level, Runbook, sarif};
use serde_json::json;

use super::args::{LintArgs, LintFormat};
use super::exit::Failure;
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

/// Each folder as the runbooks in it, at any depth, by name; every other word as it is; each once.
fn spread(words: &[String]) -> Result<Vec<String>, Failure> {
    let mut all: Vec<String> = Vec::new();
    for word in words {
        let mut found = vec![PathBuf::from(word)];
        if Path::new(word).is_dir() {
            found.clear();
            walk(Path::new(word), &mut found)
                .map_err(|error| Failure::usage(format!("failed to read {word}: {error}")))?;
            if found.is_empty() {
                return Err(Failure::usage(format!(
                    "there is no runbook in {word}\n  help: runbooks are files that end in .yaml, .yml or .rhai"
                )));
            }
        }
        for path in found {
            let path = path.to_string_lossy().into_owned();
            if !all.contains(&path) {
                all.push(path);
            }
        }
    }
    Ok(all)
}

/// Links to folders are not followed: they could lead round in a ring.
fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let mut entries: Vec<_> = std::fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            walk(&path, found)?;
        } else if path
            .extension()
            .is_some_and(|end| ["yaml", "yml", "rhai"].iter().any(|known| end == *known))
        {
            found.push(path);
        }
    }
    Ok(())
}
