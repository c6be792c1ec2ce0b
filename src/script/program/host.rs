//! The functions by which a program asks, judges and tells. Each is one request through the door.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use rhai::{Dynamic, Engine, EvalAltResult, ImmutableString, Map, Position};
use serde_json::Value;

use super::door::{Check, Door, Refusal, Request};
use super::outcome::{self, Outcome, Simulated, told};
use super::{Ending, Words};
use crate::script::bounded::shallow;
use crate::script::value::{described, outward};
use crate::script::words::nearest;

type Called<T> = Result<T, Box<EvalAltResult>>;

/// What the functions of one call share.
pub(super) struct Host {
    door: Mutex<Box<dyn Door>>,
    ending: Mutex<Option<Ending>>,
    fixtures: Arc<BTreeMap<String, String>>,
}

impl Host {
    pub(super) fn new(door: Box<dyn Door>, fixtures: Arc<BTreeMap<String, String>>) -> Arc<Self> {
        Arc::new(Self {
            door: Mutex::new(door),
            ending: Mutex::new(None),
            fixtures,
        })
    }

    /// How the call ended, where it ended by a word of its own or was ended from outside.
    pub(super) fn ending(&self) -> Option<Ending> {
        self.ending
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// Passes a request, and gives its answer.
    pub(super) fn pass(&self, request: Request) -> Called<Value> {
        let answer = self
            .door
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pass(request);
        answer.map_err(|refusal| match refusal {
            Refusal::Wrong(why) => why.into(),
            Refusal::Stopped(why) => self.end(Ending::Stopped(why)),
        })
    }

    /// Passes a request whose answer says nothing.
    pub(super) fn tell(&self, request: Request) -> Called<()> {
        self.pass(request).map(|_| ())
    }

    /// An error that no `catch` takes.
    fn end(&self, ending: Ending) -> Box<EvalAltResult> {
        *self.ending.lock().unwrap_or_else(PoisonError::into_inner) = Some(ending);
        EvalAltResult::ErrorTerminated(Dynamic::UNIT, Position::NONE).into()
    }
}

/// Puts every function into an engine.
pub(super) fn register(engine: &mut Engine, host: &Arc<Host>, words: &Words) {
    outcome::register(engine, host);
    for word in &words.kinds {
        kind(engine, host, word, word, None);
    }
    for (function, kind_word, key) in &words.short {
        kind(engine, host, function, kind_word, Some(key));
    }
    judging(engine, host);
    telling(engine, host);
    testing(engine, host);
}

fn kind(engine: &mut Engine, host: &Arc<Host>, function: &str, word: &str, key: Option<&str>) {
    let asker = Arc::new(Asker {
        host: Arc::clone(host),
        word: word.to_owned(),
        key: key.map(ToOwned::to_owned),
    });
    let (one, two, three) = (Arc::clone(&asker), Arc::clone(&asker), asker);
    engine
        .register_fn(function, move |a: Dynamic| one.ask(vec![a]))
        .register_fn(function, move |a: Dynamic, b: Dynamic| two.ask(vec![a, b]))
        .register_fn(function, move |a: Dynamic, b: Dynamic, c: Dynamic| {
            three.ask(vec![a, b, c])
        });
}

/// One function that asks.
struct Asker {
    host: Arc<Host>,
    word: String,
    /// The key of the kind that what is given stands under.
    key: Option<String>,
}

impl Asker {
    /// `(id)`, `(id, what)`, `(id, what, options)`; the id may be left out where what is asked could not be one.
    fn ask(&self, given: Vec<Dynamic>) -> Called<Outcome> {
        let whole = given.len() == 3;
        given.iter().try_for_each(shallow)?;
        let mut given = given.into_iter().peekable();
        let id = given
            .next_if(|first| {
                first
                    .as_immutable_string_ref()
                    .is_ok_and(|text| whole || is_identifier(&text))
            })
            .map(|id| id.to_string());
        if let Some(id) = id.as_deref().filter(|id| !is_identifier(id)) {
            return Err(format!(
                "`{id}` cannot be the id of a step: letters, digits and `_`, not beginning with a digit"
            )
            .into());
        }
        let value = given.next().map_or(Value::Null, |value| told(&value));
        let value = match &self.key {
            None => value,
            Some(key) => {
                let value = if value.is_null() {
                    Value::Object(serde_json::Map::new())
                } else {
                    value
                };
                Value::Object(std::iter::once((key.clone(), value)).collect())
            }
        };
        let options = match given.next().map(|options| told(&options)) {
            None => serde_json::Map::new(),
            Some(Value::Object(options)) => options,
            Some(_) => {
                return Err(format!(
                    "what comes last in `{}` is a map of options, such as `#{{timeout: \"5s\"}}`",
                    self.word
                )
                .into());
            }
        };
        if given.next().is_some() {
            let word = &self.word;
            return Err(format!(
                "the id of the step comes first in `{word}`: letters, digits and `_`"
            )
            .into());
        }
        self.host
            .pass(Request::Ask {
                kind: self.word.clone(),
                id,
                value,
                options,
            })
            .map(|answer| Outcome::of(&answer))
    }
}

/// Whether a text can be the id of a step.
pub(super) fn is_identifier(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn judging(engine: &mut Engine, host: &Arc<Host>) {
    let (plain, told_more) = (Arc::clone(host), Arc::clone(host));
    engine
        .register_fn("check", move |id: ImmutableString, holds: Dynamic| {
            check(&plain, &id, &holds, &Map::new())
        })
        .register_fn(
            "check",
            move |id: ImmutableString, holds: Dynamic, options: Map| {
                check(&told_more, &id, &holds, &options)
            },
        );
    let (facts, skips) = (Arc::clone(host), Arc::clone(host));
    engine
        .register_fn("fact", move |name: ImmutableString, value: Dynamic| {
            shallow(&value)?;
            facts.tell(Request::Fact {
                name: name.to_string(),
                value: told(&value),
            })
        })
        .register_fn("skip", move |why: ImmutableString| -> Called<()> {
            Err(skips.end(Ending::Skipped(super::clipped(why.to_string()))))
        });
}

fn check(host: &Host, id: &str, holds: &Dynamic, options: &Map) -> Called<()> {
    let holds = holds.as_bool().map_err(|_| {
        format!(
            "the check `{id}` is given {}, neither true nor false",
            described(holds)
        )
    })?;
    let mut check = Check {
        id: id.to_owned(),
        holds,
        ..Check::default()
    };
    for (key, value) in options {
        let text = || spoken(id, key, value).map(Some);
        match key.as_str() {
            "severity" => check.severity = text()?,
            "say" => check.say = text()?,
            "hint" => check.hint = text()?,
            "url" => check.url = text()?,
            "evidence" => check.evidence = evidence(id, value)?,
            other => {
                let known = ["severity", "say", "hint", "url", "evidence"];
                let near = nearest(other, known.into_iter())
                    .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
                return Err(format!("the check `{id}` knows no `{other}`{near}").into());
            }
        }
    }
    host.tell(Request::Check(check))
}

fn spoken(id: &str, key: &str, value: &Dynamic) -> Called<String> {
    value
        .as_immutable_string_ref()
        .map(|text| text.to_string())
        .map_err(|_| {
            format!(
                "`{key}` of the check `{id}` is {}, not text",
                described(value)
            )
            .into()
        })
}

fn evidence(id: &str, value: &Dynamic) -> Called<Vec<String>> {
    let one = |item: &Dynamic| -> Called<String> {
        item.read_lock::<Outcome>()
            .map(|outcome| outcome.id().to_owned())
            .ok_or_else(|| {
                format!(
                    "`evidence` of the check `{id}` is {}, not what a step gave, or a list of those",
                    described(item)
                )
                .into()
            })
    };
    match value.as_array_ref() {
        Ok(items) => items.iter().map(one).collect(),
        Err(_) => one(value).map(|id| vec![id]),
    }
}

fn telling(engine: &mut Engine, host: &Arc<Host>) {
    for (word, request) in [
        ("log", Request::Log as fn(String) -> Request),
        ("warn", Request::Warn),
    ] {
        let host = Arc::clone(host);
        engine.register_fn(word, move |text: Dynamic| {
            shallow(&text)?;
            let text = match outward(&text) {
                Value::String(text) => text,
                other => other.to_string(),
            };
            host.tell(request(text))
        });
    }
    for word in ["target", "target_pid", "target_root"] {
        let host = Arc::clone(host);
        engine.register_fn(word, move || -> Called<Dynamic> {
            match host.pass(Request::Target(word))? {
                Value::Null => Err(format!("`{word}()` is not known here").into()),
                known => Ok(crate::script::value::inward(&known)),
            }
        });
    }
}

fn testing(engine: &mut Engine, host: &Arc<Host>) {
    let (reads, runs, plain) = (Arc::clone(host), Arc::clone(host), Arc::clone(host));
    engine
        .register_fn("fixture", move |name: ImmutableString| -> Called<String> {
            let text = reads.fixtures.get(name.as_str());
            text.cloned()
                .ok_or_else(|| format!("there is no fixture `{name}`").into())
        })
        .register_fn("simulate", move |given: Map, params: Map| {
            simulate(&runs, given, params)
        })
        .register_fn("simulate", move |given: Map| {
            simulate(&plain, given, Map::new())
        })
        .register_fn("assert", |holds: Dynamic| {
            assert(&holds, "this was asserted, and does not hold")
        })
        .register_fn("assert", |holds: Dynamic, say: ImmutableString| {
            assert(&holds, &say)
        });
}

fn simulate(host: &Host, given: Map, params: Map) -> Called<Simulated> {
    let object = |map: Map| -> Called<serde_json::Map<String, Value>> {
        let map = map.into();
        shallow(&map)?;
        Ok(match outward(&map) {
            Value::Object(map) => map,
            _ => serde_json::Map::new(),
        })
    };
    host.pass(Request::Simulate {
        given: object(given)?,
        params: object(params)?,
    })
    .map(Simulated::of)
}

fn assert(holds: &Dynamic, say: &str) -> Called<()> {
    match holds.as_bool() {
        Ok(true) => Ok(()),
        Ok(false) => Err(say.into()),
        Err(_) => Err(format!("{} is asserted, neither true nor false", described(holds)).into()),
    }
}
