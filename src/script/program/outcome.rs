//! What came of a step, as a program sees it: its facts by name, and nothing that is not there.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use rhai::{Dynamic, Engine, EvalAltResult, ImmutableString, Map};
use serde_json::Value;

use super::door::Request;
use super::host::Host;
use crate::script::value::{inward, outward};
use crate::script::words::nearest;

/// What came of a step.
#[derive(Clone, Debug)]
pub(super) struct Outcome(Arc<Told>);

#[derive(Debug)]
struct Told {
    id: String,
    kind: String,
    status: String,
    reason: Option<String>,
    facts: Map,
    /// What the program has read of it.
    looked: Mutex<BTreeSet<String>>,
}

/// What every outcome has beside the facts of its step.
const OWN: [&str; 5] = ["id", "kind", "status", "reason", "facts"];

impl Outcome {
    /// Of the answer to [`Request::Ask`].
    pub(super) fn of(answer: &Value) -> Self {
        let text = |key: &str| {
            answer
                .get(key)
                .and_then(Value::as_str)
                .map(ToOwned::to_owned)
        };
        let facts = answer.get("facts").map(inward);
        Self(Arc::new(Told {
            id: text("id").unwrap_or_default(),
            kind: text("kind").unwrap_or_default(),
            status: text("status").unwrap_or_else(|| "error".into()),
            reason: text("reason"),
            facts: facts.and_then(Dynamic::try_cast).unwrap_or_default(),
            looked: Mutex::default(),
        }))
    }

    pub(super) fn id(&self) -> &str {
        &self.0.id
    }

    fn get(&self, name: &str) -> Result<Dynamic, String> {
        let told = &self.0;
        match (name, told.facts.get(name)) {
            ("status", _) => Ok(told.status.as_str().into()),
            (_, Some(fact)) => Ok(fact.clone()),
            ("id", None) => Ok(told.id.as_str().into()),
            ("kind", None) => Ok(told.kind.as_str().into()),
            ("reason", None) => Ok(told
                .reason
                .as_deref()
                .map_or(Dynamic::UNIT, |reason| reason.to_owned().into())),
            ("facts", None) => Ok(told.facts.clone().into()),
            (_, None) => Err(self.missing(name)),
        }
    }

    /// True the first time that something of it is read.
    fn looks(&self, name: &str) -> bool {
        let looked = self.0.looked.lock();
        let mut looked = looked.unwrap_or_else(PoisonError::into_inner);
        !looked.contains(name) && looked.insert(name.to_owned())
    }

    fn missing(&self, name: &str) -> String {
        let told = &self.0;
        let known = || told.facts.keys().map(AsRef::as_ref).chain(OWN);
        let mut said = format!("step `{}` has no `{name}`", told.id);
        match (
            told.status.as_str(),
            nearest(name, known()),
            told.reason.as_deref(),
        ) {
            ("error" | "timeout" | "unavailable" | "unreachable", _, reason) => {
                said.push_str(&format!(": it came to {}", told.status));
                if let Some(reason) = reason {
                    said.push_str(&format!(" ({reason})"));
                }
            }
            (_, Some(near), _) => said.push_str(&format!("; did you mean `{near}`?")),
            _ => {
                let mut known: Vec<_> = known().collect();
                known.sort_unstable();
                said.push_str(&format!("; it has {}", known.join(", ")));
            }
        }
        said
    }
}

/// A report that [`Request::Simulate`] gave, with words to ask it by.
#[derive(Clone, Debug)]
pub(super) struct Simulated(Arc<Value>);

impl Simulated {
    pub(super) fn of(report: Value) -> Self {
        Self(Arc::new(report))
    }

    fn steps(&self) -> &[Value] {
        self.0
            .get("steps")
            .and_then(Value::as_array)
            .map_or(&[], Vec::as_slice)
    }

    fn named<'a>(
        items: impl Iterator<Item = &'a Value> + Clone,
        what: &str,
        id: &str,
    ) -> Result<Dynamic, Box<EvalAltResult>> {
        let id_of = |item: &'a Value| item.get("id").and_then(Value::as_str);
        if let Some(found) = items.clone().find(|item| id_of(item) == Some(id)) {
            return Ok(inward(found));
        }
        let known: Vec<_> = items.filter_map(id_of).collect();
        let listed = match known.as_slice() {
            [] => "there was none".to_owned(),
            known => format!("there were {}", known.join(", ")),
        };
        Err(format!("no {what} `{id}` in the simulated run; {listed}").into())
    }
}

pub(super) fn register(engine: &mut Engine, host: &Arc<Host>) {
    let host = Arc::clone(host);
    engine
        .register_type_with_name::<Outcome>("a step's outcome")
        .register_type_with_name::<Simulated>("a simulated report")
        .register_indexer_get(
            move |outcome: &mut Outcome, name: ImmutableString| -> Result<Dynamic, Box<EvalAltResult>> {
                let found = outcome.get(&name)?;
                if outcome.looks(&name) {
                    host.tell(Request::Looked {
                        step: outcome.id().to_owned(),
                        fact: name.to_string(),
                    })?;
                }
                Ok(found)
            },
        )
        .register_fn("has", |outcome: &mut Outcome, name: ImmutableString| {
            outcome.0.facts.contains_key(name.as_str())
        })
        .register_fn("to_string", |outcome: &mut Outcome| {
            format!("step {}: {}", outcome.0.id, outcome.0.status)
        })
        .register_indexer_get(|report: &mut Simulated, name: ImmutableString| {
            match report.0.get(name.as_str()) {
                Some(found) => Ok(inward(found)),
                None => Err(Box::<EvalAltResult>::from(format!(
                    "a simulated report has no `{name}`; it has check(id), step(id), and the keys of a target in report.json"
                ))),
            }
        })
        .register_fn("check", |report: &mut Simulated, id: ImmutableString| {
            let checks = report
                .steps()
                .iter()
                .filter_map(|step| step.get("checks").and_then(Value::as_array))
                .flatten();
            Simulated::named(checks, "check", &id)
        })
        .register_fn("step", |report: &mut Simulated, id: ImmutableString| {
            Simulated::named(report.steps().iter(), "step", &id)
        });
}

/// A value on its way out, an outcome as its facts.
pub(super) fn told(value: &Dynamic) -> Value {
    match value.read_lock::<Outcome>() {
        Some(outcome) => outward(&outcome.0.facts.clone().into()),
        None => outward(value),
    }
}
