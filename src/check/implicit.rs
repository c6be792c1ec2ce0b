//! What holds of a step without being said: a command exits with 0, a file exists.

use serde_json::{Map, Value};

use crate::ask::last_line;
use crate::report::{CheckReport, Severity, Verdict};
use crate::script::Expr;

/// The check that appears only when it does not hold: id `exit`, or id `exists` for a file. `None` when it holds, or when an
/// expression of the step speaks about it itself.
pub fn implicit_exit(
    spoken: &[&Expr],
    severity: Severity,
    facts: &Map<String, Value>,
) -> Option<CheckReport> {
    let spoken_of = |word: &str| {
        spoken
            .iter()
            .any(|one| one.names().iter().any(|(name, _)| name == word))
    };
    let exists = facts.get("exists").and_then(Value::as_bool);
    let exit = facts.get("exit").and_then(Value::as_i64);
    let (id, message) = match (exists, exit) {
        (Some(true), _) => return None,
        (Some(false), _) if spoken_of("exists") || spoken_of("exit") => return None,
        (Some(false), _) => (
            "exists",
            last_word(facts).unwrap_or_else(|| "the file does not exist".into()),
        ),
        (None, None | Some(0)) => return None,
        (None, Some(_)) if spoken_of("exit") => return None,
        // Its output was cut, and writing on after that is what ended it: ours, not the patient's doing (128 + SIGPIPE).
        (None, Some(141)) if facts.contains_key("truncated") => {
            return Some(CheckReport {
                id: "exit".into(),
                status: Verdict::Error,
                severity: Severity::Error,
                message: Some(
                    "the command was stopped when its output came to the cap; raise `output.max`, or let it say less".into(),
                ),
                hint: None,
                url: None,
            });
        }
        (None, Some(code)) => {
            let signal = match code {
                129..=192 => format!(" (ended by signal {})", code - 128),
                _ => String::new(),
            };
            let said = reason(facts)
                .or_else(|| last_word(facts))
                .map_or_else(String::new, |line| format!(": {line}"));
            ("exit", format!("exit {code}{signal}{said}"))
        }
    };
    Some(CheckReport {
        id: id.into(),
        status: Verdict::Fail,
        severity,
        message: Some(message),
        hint: None,
        url: None,
    })
}

/// What a kind itself says is wrong.
fn reason(facts: &Map<String, Value>) -> Option<String> {
    let reason = facts.get("reason")?.as_str()?;
    (!reason.is_empty()).then(|| reason.to_owned())
}

fn last_word(facts: &Map<String, Value>) -> Option<String> {
    last_line(facts.get("stderr")?.as_str()?)
}
