//! What every kind reads of an answer in the same way: how it ended, and the facts that are always there.

use serde_json::{Map, Value};

use super::{Fact, Observation};
use crate::ask::{Answer, Ask, Ended, MAX_CAP, Question, last_line};
use crate::report::Verdict;
use crate::script::{Scope, Template, TemplateError};

/// Exit code by which the answering side says that it could not look at the patient at all; the reason is on stderr.
pub(super) const CANNOT_LOOK: i32 = 125;

/// What is said of a script's output that does not come to its own end.
pub(super) const UNENDED: &str = "the answer ends before it is complete";

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
        Ended::Exited(_) | Ended::Released => None,
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

/// What an answer of one of our own scripts comes to. The texts in `facts` are read from its output: one that was cut is told as
/// cut under all of their names, and nothing is to be read. `None` where nothing is to be read, for this or another reason.
pub(super) fn scripted<'a>(
    answers: &'a [Answer],
    image: &str,
    facts: &[Fact],
) -> (Observation, Option<&'a [u8]>) {
    let mut observation = observe(answers, |answer, code| {
        let said =
            last_word(answer).unwrap_or_else(|| format!("the script ended with exit {code}"));
        format!("a tool is missing in {}: {said}", place(image))
    });
    let Some(answer) = answers.first().filter(|_| observation.blocked.is_none()) else {
        return (observation, None);
    };
    if answer.ended.exit() != Some(0) {
        let why =
            last_word(answer).unwrap_or_else(|| "it does not say why it could not look".into());
        observation.blocked = Some((Verdict::Unavailable, why));
        return (observation, None);
    }
    if answer.stdout.truncated {
        let cut = ["stdout"]
            .into_iter()
            .chain(facts.iter().map(|fact| fact.name));
        let cut = cut.map(Value::from).collect();
        observation
            .facts
            .insert("truncated".into(), Value::Array(cut));
        return (observation, None);
    }
    (observation, Some(&answer.stdout.bytes))
}

/// An ask for one of our own scripts, which is told where the patient is as far as that is known. `shown` is what a report shows.
pub(super) fn script(text: &str, scope: &Scope<'_>, shown: &[&str]) -> Ask {
    let env = ["target_pid", "target_root"]
        .into_iter()
        .filter_map(|name| {
            let value = match scope.get(name)? {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                _ => return None,
            };
            Some((name.to_owned(), value))
        })
        .collect();
    let mut ask = Ask::new(Question::Script {
        text: text.into(),
        env,
    });
    ask.stdout_cap = MAX_CAP;
    ask.shown = Some(shown.iter().map(|word| (*word).into()).collect());
    ask
}

/// A program and its arguments, rendered.
pub(super) fn argv(items: &[Template], scope: &Scope<'_>) -> Result<Vec<String>, TemplateError> {
    let refuse = |message: String| {
        Err(TemplateError {
            message,
            offset: None,
        })
    };
    let mut argv = Vec::with_capacity(items.len());
    for item in items {
        argv.extend(item.words(scope)?);
    }
    if argv.first().is_none_or(String::is_empty) {
        return refuse("there is no program to run: the first item comes to nothing".into());
    }
    if let Some(item) = argv.iter().find(|item| item.contains('\0')) {
        return refuse(format!("{item:?} holds a NUL byte, which no argument can"));
    }
    Ok(argv)
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

/// An answer for tests of kinds.
#[cfg(test)]
pub(super) fn said(ended: Ended, stdout: &[u8], stderr: &str) -> Vec<Answer> {
    vec![Answer {
        ended,
        stdout: crate::ask::Captured::whole(stdout),
        stderr: crate::ask::Captured::whole(stderr),
        started: jiff::Timestamp::UNIX_EPOCH,
        duration: std::time::Duration::from_millis(20),
        file: None,
        progress: None,
        remarks: Vec::new(),
    }]
}
