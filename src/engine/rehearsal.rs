//! The tests of a program, `fn test_*()`: each simulates `main` on answers that it writes down, and asserts what comes of it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::runtime::Handle;

use super::interrupt::Interrupt;
use super::passage::{Call, Desk, broken};
use super::trial::simulate;
use crate::ask::{Canned, Captured, Ended};
use crate::cluster::replay::Written;
use crate::plan::{Plan, Wishes};
use crate::runbook::{Effects, ParamKind, Runbook, Scripted, bind};
use crate::script::program::{Ending, Refusal, Request, Thrown};
use crate::step::{COMMON_FACTS, Kind};
use crate::target::Target;

/// Runs one test of a program. An error is why it does not hold, with its place.
pub async fn rehearse(
    runbook: &Runbook,
    scripted: &Arc<Scripted>,
    test: &str,
) -> Result<(), Thrown> {
    let program = scripted.program().clone();
    const NOTHING: &str =
        "a test asks nothing: it calls `simulate(given, params)`, which runs `main`";
    let (runbook, runtime) = (runbook.clone(), Handle::current());
    let desk = Box::new(move |request| match request {
        Request::Log(_) | Request::Warn(_) | Request::Looked { .. } => Ok(Value::Null),
        Request::Simulate { given, params } => {
            runtime.block_on(simulated(&runbook, &given, &params))
        }
        _ => Err(Refusal::Wrong(NOTHING.into())),
    });
    let watched = (Interrupt::default(), desk as Desk);
    let begun = Call::begin(program, test.to_owned(), Map::new(), watched);
    let call = begun.map_err(|error| broken(format!("no thread can be had for it: {error}")))?;
    match call.end().await? {
        Ending::Returned => Ok(()),
        Ending::Skipped(why) | Ending::Stopped(why) => Err(broken(why)),
    }
}

/// The report of `main` on these answers, as a program sees it: one target's, with the facts that the program told.
async fn simulated(
    runbook: &Runbook,
    given: &Map<String, Value>,
    params: &Map<String, Value>,
) -> Result<Value, Refusal> {
    let wrong = |why: String| Refusal::Wrong(why);
    let params: Vec<_> = params
        .iter()
        .map(|(name, value)| (name.clone(), written(runbook, name, value)))
        .collect();
    let params = bind(&runbook.params, &params).map_err(|unfit| {
        let all: Vec<_> = unfit.into_iter().map(|one| one.headline).collect();
        wrong(all.join("; "))
    })?;
    let wishes = Wishes {
        // Nothing is sent.
        allow_effects: Effects::Write,
        ..Wishes::default()
    };
    let plan = Plan::new(runbook, params, &wishes)
        .map_err(|refused| wrong(refused.headline))?
        .without_waits();
    let mut answers = Vec::new();
    for (step, given) in given {
        answers.push((step.clone(), replies(step, given).map_err(wrong)?));
    }
    let mut unavailable = Canned::silent(Ended::Exited(127));
    unavailable.answer.stderr = Captured::whole("not given in this test");
    let written = Written::new(answers, Some(unavailable));
    let mut who = Target::pod("default", "patient");
    who.container = Some("app".into());
    // What is simulated may not simulate: the engine would hold itself up.
    let report = Box::pin(simulate(Arc::new(plan), &written, who)).await;
    let Some(target) = report.targets.first() else {
        return Err(wrong("the simulated run came to nothing".into()));
    };
    let facts: Map<String, Value> = target
        .steps
        .iter()
        .flat_map(|step| step.facts.iter().map(move |fact| (step, fact)))
        .filter(|(step, (name, _))| !of_the_kind(&step.kind, name))
        .map(|(_, (name, value))| (name.clone(), value.clone()))
        .collect();
    let mut seen = serde_json::to_value(target).unwrap_or_default();
    let notes: Vec<_> = report.notes.iter().map(|note| note.text.clone()).collect();
    if let Value::Object(seen) = &mut seen {
        seen.insert("facts".into(), facts.into());
        seen.insert("notes".into(), json!(notes));
    }
    Ok(seen)
}

fn of_the_kind(kind: &str, fact: &str) -> bool {
    let own = Kind::registered(kind).map_or(&[][..], |kind| kind.about.facts);
    COMMON_FACTS.contains(&fact)
        || fact == "truncated"
        || own.iter().any(|known| known.name == fact)
}

/// A param as it would be given on the command line.
fn written(runbook: &Runbook, name: &str, value: &Value) -> String {
    let param = runbook.params.iter().find(|param| param.name == name);
    let seconds = param.is_some_and(|param| matches!(param.kind, ParamKind::Duration { .. }));
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let words: Vec<_> = items
                .iter()
                .map(|item| written(runbook, "", item))
                .collect();
            words.join(",")
        }
        Value::Number(number) if seconds => {
            let seconds = number.as_f64().unwrap_or(0.0);
            format!("{}ms", (seconds * 1000.0).round())
        }
        other => other.to_string(),
    }
}

/// What a step is given: an answer, or a list of them, one for each time it is asked.
fn replies(step: &str, given: &Value) -> Result<Vec<Canned>, String> {
    match given {
        Value::Array(items) => items.iter().map(|item| reply(step, item)).collect(),
        one => Ok(vec![reply(step, one)?]),
    }
}

/// Raw output goes through the step's own reader; any other key is one of its facts, told as it stands.
fn reply(step: &str, given: &Value) -> Result<Canned, String> {
    let Value::Object(given) = given else {
        return Err(format!(
            "what the step `{step}` is given is no map, such as `#{{ stdout: \"…\", exit: 0 }}`"
        ));
    };
    let mut canned = Canned::silent(Ended::Exited(0));
    let mut facts = Map::new();
    for (key, value) in given {
        let text = || {
            let text = value.as_str().map(Captured::whole);
            text.ok_or_else(|| format!("`{key}` of the step `{step}` is no text"))
        };
        match key.as_str() {
            "stdout" => canned.answer.stdout.bytes = text()?.bytes,
            "stderr" => canned.answer.stderr = text()?,
            "truncated" => canned.answer.stdout.truncated = value == &Value::Bool(true),
            "timed_out" if value == &Value::Bool(true) => canned.answer.ended = Ended::TimedOut,
            "exit" => {
                let exit = value
                    .as_i64()
                    .and_then(|exit| i32::try_from(exit).ok())
                    .filter(|exit| (0..=255).contains(exit));
                canned.answer.ended = Ended::Exited(exit.ok_or_else(|| {
                    format!("`exit` of the step `{step}` is no number from 0 to 255")
                })?);
            }
            "duration" => {
                let seconds = value.as_f64();
                let taken = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
                canned.answer.duration = taken.ok_or_else(|| {
                    format!("`duration` of the step `{step}` is no number of seconds")
                })?;
            }
            "facts" => facts.extend(value.as_object().cloned().unwrap_or_default()),
            _ => {
                facts.insert(key.clone(), value.clone());
            }
        }
    }
    canned.facts = (!facts.is_empty()).then_some(facts);
    Ok(canned)
}
