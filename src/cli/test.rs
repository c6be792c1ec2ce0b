//! `housecall test`: the tests that runbooks carry, without a cluster; or a recorded run, judged again.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use housecall::engine::{rehearse, trial};
use housecall::render::{Format, inert};
use housecall::runbook::{Case, Runbook, Unmet};

use super::args::{Output, TestArgs};
use super::exit::Failure;
use super::folder::spread;
use super::recording;
use super::visit::load;

/// Tries every case of every runbook. 0 when all hold, 1 when one does not, 2 when one cannot be tried.
pub(crate) async fn run(args: TestArgs) -> Result<u8, Failure> {
    if let Some(folder) = &args.recorded {
        let [word] = args.runbooks.as_slice() else {
            return Err(Failure::usage(
                "a recorded run is judged by one runbook\n  help: name the one that it was made with, or its successor",
            ));
        };
        let (runbook, recorded) = (load(word)?, recording::read(folder)?);
        return recording::judge(
            recorded,
            &[runbook],
            None,
            (args.redact.as_deref(), None),
            &args.output,
        )
        .await;
    }
    let format = format(&args.output.formats.output)?;
    let mut tried = Vec::new();
    let mut wrong = Vec::new();
    for word in &spread(&args.runbooks)? {
        match load(word) {
            // One that was not named, but found in a folder, may be there to be included.
            Ok(runbook) if !is_tested(&runbook) && !args.runbooks.contains(word) => {
                tried.push((runbook, Vec::new()));
            }
            Ok(runbook) if !is_tested(&runbook) => wrong.push(untested(word)),
            Ok(runbook) => match tries(&runbook).await {
                Ok(cases) => tried.push((runbook, cases)),
                Err(failure) => wrong.push(failure),
            },
            Err(failure) => wrong.push(failure),
        }
    }
    if wrong.is_empty() && tried.iter().all(|(_, cases)| cases.is_empty()) {
        return Err(untested(&args.runbooks.join(" ")));
    }
    let text = match format {
        Format::Json => format!("{:#}\n", document(&tried)),
        _ => page(&tried),
    };
    std::io::stdout()
        .write_all(text.as_bytes())
        .map_err(|error| Failure::could_not("write to stdout", &error))?;
    if let Some(failure) = Failure::all(wrong) {
        return Err(failure);
    }
    let unmet = tried
        .iter()
        .flat_map(|(_, cases)| cases)
        .any(|(_, unmet)| !unmet.is_empty());
    Ok(u8::from(unmet))
}

type Tried = (String, Vec<Unmet>);

fn format(wanted: &[Output]) -> Result<Format, Failure> {
    match wanted {
        [] => Ok(Format::Terminal),
        [
            Output {
                format: format @ (Format::Terminal | Format::Json),
                file: None,
            },
        ] => Ok(*format),
        _ => Err(Failure::usage(
            "tests are told on stdout, as `terminal` or as `json`\n  help: write `-o json`, and let the shell name the file",
        )),
    }
}

async fn tries(runbook: &Runbook) -> Result<Vec<Tried>, Failure> {
    let folder = Path::new(&runbook.origin)
        .parent()
        .unwrap_or_else(|| Path::new(""));
    let mut tried = Vec::new();
    for case in &runbook.tests {
        let case = loaded(case, folder)
            .map_err(|why| refusal(runbook, case, &format!("failed to read {why}")))?;
        let trial = trial(runbook, &case)
            .await
            .map_err(|refused| refusal(runbook, &case, &refused.to_string()))?;
        tried.push((case.name, trial.unmet));
    }
    if let Some(scripted) = &runbook.program {
        for test in scripted.program().tests() {
            let thrown = rehearse(runbook, scripted, test).await.err();
            let unmet = thrown.map(|thrown| Unmet {
                of: test.to_owned(),
                expected: "its end",
                found: "an error",
                message: Some(thrown.to_string()),
            });
            tried.push((test.to_owned(), unmet.into_iter().collect()));
        }
    }
    Ok(tried)
}

fn is_tested(runbook: &Runbook) -> bool {
    let program = runbook.program.as_ref();
    !runbook.tests.is_empty()
        || program.is_some_and(|scripted| scripted.program().tests().next().is_some())
}

fn untested(what: &str) -> Failure {
    Failure::usage(format!(
        "{what} has no tests\n  help: add `tests:`, or `fn test_…()` to a program: a case that passes and one that fails"
    ))
}

fn loaded(case: &Case, folder: &Path) -> Result<Case, String> {
    let mut case = case.clone();
    case.load(|path| std::fs::read(folder.join(path)).map_err(|error| error.to_string()))?;
    Ok(case)
}

fn refusal(runbook: &Runbook, case: &Case, why: &str) -> Failure {
    Failure::usage(format!("{}: test `{}`: {why}", runbook.origin, case.name))
}

// Writing to a String cannot fail.
fn page(tried: &[(Runbook, Vec<Tried>)]) -> String {
    let mut text = String::new();
    for (runbook, cases) in tried {
        let _ = writeln!(text, "{}", inert(&runbook.origin));
        if cases.is_empty() {
            let _ = writeln!(text, "  no tests");
        }
        for (name, unmet) in cases {
            let word = if unmet.is_empty() { "ok  " } else { "FAIL" };
            let _ = writeln!(text, "  {word}  {}", inert(name));
            for one in unmet {
                let Unmet {
                    of,
                    expected,
                    found,
                    message,
                } = one;
                let said = message
                    .as_ref()
                    .map_or_else(String::new, |said| format!(": {}", inert(said)));
                let _ = writeln!(
                    text,
                    "          {of}: expected {expected}, found {found}{said}"
                );
            }
        }
    }
    let all = tried.iter().map(|(_, cases)| cases.len()).sum::<usize>();
    let failed = failed(tried);
    let _ = writeln!(text, "{all} tests: {} ok, {failed} failed", all - failed);
    text
}

fn failed(tried: &[(Runbook, Vec<Tried>)]) -> usize {
    tried
        .iter()
        .flat_map(|(_, cases)| cases)
        .filter(|(_, unmet)| !unmet.is_empty())
        .count()
}

fn document(tried: &[(Runbook, Vec<Tried>)]) -> Value {
    let all = tried.iter().map(|(_, cases)| cases.len()).sum::<usize>();
    let failed = failed(tried);
    let runbooks: Vec<_> = tried
        .iter()
        .map(|(runbook, cases)| {
            let cases: Vec<_> = cases.iter().map(told).collect();
            json!({ "id": runbook.id, "origin": runbook.origin, "tests": cases })
        })
        .collect();
    json!({
        "schema": "housecall.tests/1",
        "summary": { "ok": all - failed, "failed": failed },
        "runbooks": runbooks,
    })
}

fn told((name, unmet): &Tried) -> Value {
    let unmet: Vec<_> = unmet
        .iter()
        .map(|one| {
            json!({ "of": one.of, "expected": one.expected, "found": one.found, "message": one.message })
        })
        .collect();
    json!({ "name": name, "ok": unmet.is_empty(), "unmet": unmet })
}
