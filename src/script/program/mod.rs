//! A runbook as a program: a header that is data, functions that ask and judge, and no power but that of asking.
//!
//! ```rhai
//! const RUNBOOK = #{ version: 1, id: "leak", title: "Connection leak", params: #{ limit: #{ type: "int", "default": 500 } } };
//!
//! fn main(p) {
//!     let s = run("sockets", ["ss", "-tanH"], #{ timeout: "8s" });
//!     let rows = s.stdout.table(#{ columns: ["state", "rq", "sq", "local", "peer"] });
//!     check("conn-limit", rows.len() < p.limit, #{ say: `${rows.len()} connections` });
//! }
//! ```
//!
//! [`Program::compile`] reads the header without running anything, finds names and functions that do not exist, and compiles what
//! is imported; [`Program::call`] runs one function, every limit set, behind a [`Door`]. Nothing in here reads a file, a clock or
//! the network: files beside the program come through [`Beside`], all else through the door.

mod beside;
mod compile;
mod door;
mod fault;
mod foreseen;
mod header;
mod host;
mod names;
mod outcome;
mod place;
mod reading;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use rhai::{
    AST, CallFnOptions, Dynamic, Engine, EvalAltResult, Module, ModuleResolver, Position, Shared,
};
use serde_json::{Map, Value};

pub use beside::{Alone, Beside, confined};
pub use compile::{Compiled, MAX_SOURCE};
pub use door::{Check, Door, Refusal, Request};
pub use fault::{Fault, Thrown, Weight};
pub use foreseen::Foreseen;
pub use header::{Data, Datum, Label};

use super::value::{described, inward};
use super::{complaint, sandbox};
use host::Host;
use outcome::Outcome;

/// Steps of the evaluator that one call may take: a few seconds of one core.
const MAX_OPERATIONS: u64 = 20_000_000;

/// The functions that ask.
#[derive(Clone, Debug, Default)]
pub struct Words {
    /// Words of the kinds: each is a function of that name.
    pub kinds: Vec<String>,
    /// Functions that ask a kind with what they are given under one of its keys: name, kind, key.
    pub short: Vec<(String, String, String)>,
}

impl Words {
    /// The kind that a function asks.
    fn kind_of(&self, function: &str) -> Option<&str> {
        let kinds = self.kinds.iter().map(|kind| (kind, kind));
        let short = self.short.iter().map(|(name, kind, _)| (name, kind));
        kinds
            .chain(short)
            .find(|(name, _)| *name == function)
            .map(|(_, kind)| kind.as_str())
    }
}

/// A program that can be run.
#[derive(Clone)]
pub struct Program {
    tree: Arc<AST>,
    modules: Arc<BTreeMap<String, AST>>,
    words: Arc<Words>,
    fixtures: Arc<BTreeMap<String, String>>,
    functions: Arc<[String]>,
    asks: Arc<[Foreseen]>,
    checks: Arc<[String]>,
}

/// How a call ended, where nothing went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It came to its end.
    Returned,
    /// It ended itself, with its reason.
    Skipped(String),
    /// It was ended from outside, with the reason that the door or the watch gave.
    Stopped(String),
}

/// Asked again and again while a program runs: a reason ends it.
pub type Watch = Arc<dyn Fn() -> Option<String> + Send + Sync>;

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program")
            .field("functions", &self.functions)
            .finish_non_exhaustive()
    }
}

impl Program {
    /// Whether it has a function of this name.
    pub fn has(&self, function: &str) -> bool {
        self.functions.iter().any(|known| known == function)
    }

    /// Where it asks, as far as that is written out, those of what it imports behind its own.
    pub fn asks(&self) -> &[Foreseen] {
        &self.asks
    }

    /// The ids of checks that are written out, in the order of the source.
    pub fn checks(&self) -> &[String] {
        &self.checks
    }

    /// Its tests, in the order of their names.
    pub fn tests(&self) -> impl Iterator<Item = &str> {
        self.functions
            .iter()
            .map(String::as_str)
            .filter(|name| name.starts_with("test_"))
    }

    /// Runs one function: `main`, `on_fail` and `finally` with the params, a test with nothing.
    ///
    /// Blocks until it ends, which it does: it is bounded in steps, depth and size, and `watch` and the door can end it. To be
    /// called on a thread that may wait, with a stack of [`STACK`] bytes at least.
    pub fn call(
        &self,
        function: &str,
        params: &Map<String, Value>,
        door: Box<dyn Door>,
        watch: Watch,
    ) -> Result<Ending, Thrown> {
        let host = Host::new(door, Arc::clone(&self.fixtures));
        let mut engine = engine(&self.words, &host);
        engine.on_progress(move |_| watch().map(Dynamic::from));
        engine.set_module_resolver(Ready(Arc::clone(&self.modules)));
        let mut scope = rhai::Scope::new();
        let options = CallFnOptions::new().eval_ast(true);
        let params = inward(&Value::Object(params.clone()));
        let returned: Result<Dynamic, _> = if function.starts_with("test_") {
            engine.call_fn_with_options(options, &mut scope, &self.tree, function, ())
        } else {
            engine.call_fn_with_options(options, &mut scope, &self.tree, function, (params,))
        };
        match returned {
            Ok(value) if value.is_unit() || value.is::<Outcome>() => Ok(Ending::Returned),
            Ok(value) => Err(Thrown {
                message: format!(
                    "`{function}` gives {} back, which means nothing; end its last line with `;`",
                    described(&value)
                ),
                line: 0,
                column: 0,
            }),
            Err(error) => match (host.ending(), terminated(&error)) {
                (Some(ending), _) => Ok(ending),
                (None, Some(why)) => Ok(Ending::Stopped(why)),
                (None, None) => Err(thrown(&error)),
            },
        }
    }
}

/// Bytes of stack that a call may need: the deepest program in the deepest expressions, and the deepest value that can be made before
/// its time is over, in a build without optimization. What is not used is not taken.
pub const STACK: usize = 256 * 1024 * 1024;

/// Bytes of a program's last words that are told.
const LAST_WORDS: usize = 4 * 1024;

/// A text, or as much of it as is told of last words.
fn clipped(mut text: String) -> String {
    if text.len() > LAST_WORDS {
        let end = (0..=LAST_WORDS).rev().find(|at| text.is_char_boundary(*at));
        text.truncate(end.unwrap_or_default());
        text.push('…');
    }
    text
}

fn engine(words: &Words, host: &Arc<Host>) -> Engine {
    let mut engine = sandbox::bare();
    engine
        .set_max_operations(MAX_OPERATIONS)
        .set_max_expr_depths(64, 64)
        .set_max_variables(200)
        .set_max_functions(200)
        .set_max_modules(20);
    for (word, _) in reading::REFUSED {
        engine.disable_symbol(*word);
    }
    host::register(&mut engine, host, words);
    engine
}

fn terminated(error: &EvalAltResult) -> Option<String> {
    match error {
        EvalAltResult::ErrorTerminated(why, _) => Some(why.to_string()),
        EvalAltResult::ErrorInFunctionCall(_, _, cause, _)
        | EvalAltResult::ErrorInModule(_, cause, _) => terminated(cause),
        _ => None,
    }
}

fn thrown(error: &EvalAltResult) -> Thrown {
    let (message, position) = complaint::of_run(error);
    Thrown {
        message: clipped(message),
        line: position.line().unwrap_or(0),
        column: position.position().unwrap_or(0),
    }
}

/// Gives what was compiled beforehand, and reads nothing.
struct Ready(Arc<BTreeMap<String, AST>>);

impl ModuleResolver for Ready {
    fn resolve(
        &self,
        engine: &Engine,
        from: Option<&str>,
        path: &str,
        position: Position,
    ) -> Result<Shared<Module>, Box<EvalAltResult>> {
        let tree = self
            .0
            .get(&reading::beneath(from.unwrap_or_default(), path))
            .ok_or_else(|| EvalAltResult::ErrorModuleNotFound(path.into(), position))?;
        Module::eval_ast_as_new(rhai::Scope::new(), tree, engine).map(Into::into)
    }
}

#[cfg(test)]
mod tests;
