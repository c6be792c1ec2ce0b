//! How a program speaks to the world outside of it.

use serde_json::{Map, Value};

/// Answers what a program asks, one request after the other. The engine puts a lane behind it, tests a list.
pub trait Door: Send {
    /// Waits for the answer. What each request gives is told at [`Request`].
    fn pass(&mut self, request: Request) -> Result<Value, Refusal>;
}

/// What a program asks of the world.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// Ask a step, and give what came of it: a map of `id`, `kind`, `status`, `reason` and `facts`.
    Ask {
        /// Word of the kind.
        kind: String,
        /// Id of the step; `None` leaves it to the other side.
        id: Option<String>,
        /// What the kind is given; `null` where nothing is.
        value: Value,
        /// The keys that every step has, such as `timeout`.
        options: Map<String, Value>,
    },
    /// Hold something against a step. Gives nothing.
    Check(Check),
    /// Something was learnt, beyond what steps tell by themselves. Gives nothing.
    Fact {
        /// An identifier.
        name: String,
        /// Its value.
        value: Value,
    },
    /// The program read a fact of a step. Gives nothing.
    Looked {
        /// Id of the step.
        step: String,
        /// The fact.
        fact: String,
    },
    /// One line for the reader. Gives nothing.
    Log(String),
    /// One line that makes the last step a warning. Gives nothing.
    Warn(String),
    /// One of `target`, `target_pid` and `target_root`. Gives its value, `null` where it is not known.
    Target(&'static str),
    /// Run `main` on canned answers, and give the report of that target.
    Simulate {
        /// Steps by id, each a map such as `{stdout, exit}`.
        given: Map<String, Value>,
        /// Params as they would be bound.
        params: Map<String, Value>,
    },
}

impl Request {
    /// Whether somebody outside of the program has to do something before it can be answered.
    pub fn waits(&self) -> bool {
        matches!(
            self,
            Self::Ask { .. } | Self::Target(_) | Self::Simulate { .. }
        )
    }
}

/// Something that should hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Check {
    /// Id, kebab-case.
    pub id: String,
    /// Whether it does.
    pub holds: bool,
    /// Word of the severity.
    pub severity: Option<String>,
    /// What was found, in words.
    pub say: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
    /// Where to read on.
    pub url: Option<String>,
    /// Ids of the steps it rests on; empty for the last one asked.
    pub evidence: Vec<String>,
}

/// Why a request has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The run is over: the program ends here and cannot catch it.
    Stopped(String),
    /// The request makes no sense: an error of the program, at the place of the call.
    Wrong(String),
}
