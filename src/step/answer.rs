//! What every kind reads of an answer in the same way: how it ended, and the facts that are always there.

use serde_json::{Map, Value};

use super::Observation;
use crate::ask::{Answer, Ended, last_line};
use crate::report::Verdict;

/// Exit code by which the answering side says that it could not look at the patient at all; the reason is on stderr.
pub(super) const CANNOT_LOOK: i32 = 125;

/// What an answer comes to before its kind reads more from it. `lost_tool` words the verdict for exit 126 and 127.
pub(super) fn observe(
    answers: &[Answer],
    missing: impl FnOnce(&Answer, i32) -> String,
) -> Observation {
    let Some(answer) = answers.first() else {
        return Observation {
            facts: Map::new(),
            blocked: Some((Verdict::Error, "there is no answer to read".into())),
            truncated: false,
        };
    };
    let blocked = match &answer.ended {
        Ended::Exited(code @ (126 | 127)) => Some((Verdict::Unavailable, missing(answer, *code))),
        Ended::Exited(_) => None,
        Ended::TimedOut => Some((
            Verdict::Timeout,
            format!(
                "no end within {}; output until then is kept",
                seconds(answer.duration.as_secs_f64())
            ),
        )),
        Ended::Cancelled => Some((Verdict::Error, "interrupted".into())),
        Ended::Lost(why) => Some((Verdict::Unreachable, why.clone())),
    };
    Observation {
        facts: facts(answer),
        blocked,
        truncated: answer.stdout.truncated || answer.stderr.truncated,
    }
}

fn facts(answer: &Answer) -> Map<String, Value> {
    let mut facts = Map::new();
    if let Some(exit) = answer.ended.exit() {
        facts.insert("exit".into(), exit.into());
    }
    facts.insert("stdout".into(), answer.stdout.text().into());
    facts.insert("stderr".into(), answer.stderr.text().into());
    let duration = (answer.duration.as_secs_f64() * 1e6).round() / 1e6;
    facts.insert("duration".into(), duration.into());
    let cut: Vec<Value> = [("stdout", &answer.stdout), ("stderr", &answer.stderr)]
        .iter()
        .filter(|(_, stream)| stream.truncated)
        .map(|(name, _)| (*name).into())
        .collect();
    if !cut.is_empty() {
        facts.insert("truncated".into(), Value::Array(cut));
    }
    facts
}

/// The last line of stderr that says something, bounded.
pub(super) fn last_word(answer: &Answer) -> Option<String> {
    last_line(&answer.stderr.text())
}

/// Where tools come from: an image by its name, anything else in its own words.
pub(super) fn place(image: &str) -> String {
    if image.contains(' ') {
        image.into()
    } else {
        format!("image {image}")
    }
}

fn seconds(seconds: f64) -> String {
    format!("{}s", (seconds * 10.0).round() / 10.0)
}
