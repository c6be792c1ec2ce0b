//! Text → [`Program`], or everything that is wrong with it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rhai::{AST, ASTNode, Expr, Stmt};

use super::beside::{Beside, confined};
use super::door::{Door, Refusal, Request};
use super::fault::{Fault, Weight};
use super::foreseen::foreseen;
use super::header::{Data, Datum};
use super::host::Host;
use super::names::{Known, natives, unknown};
use super::place::Places;
use super::reading::{Reading, Top};
use super::{Program, Words, engine};

/// Bytes that a program may be long: 256 KiB.
pub const MAX_SOURCE: usize = 256 * 1024;

/// Bytes that one recorded output may be long: the most that a step keeps of a stream.
const MAX_FIXTURE: usize = 8 * 1024 * 1024;

/// What became of a source: its header as far as it can be read, and a program where nothing is wrong with it.
#[derive(Debug)]
pub struct Compiled {
    /// The value of `RUNBOOK`.
    pub header: Option<Datum>,
    /// The program; `None` where a fault keeps it from running.
    pub program: Option<Program>,
    /// Everything that is wrong or odd, in the order of the source.
    pub faults: Vec<Fault>,
}

impl Program {
    /// Compiles a runbook. Nothing of it is run.
    pub fn compile(source: &str, words: Words, beside: &dyn Beside) -> Compiled {
        let engine = engine(&words, &Host::new(Box::new(Nobody), Arc::default()));
        let mut reading = Reading::new(engine, beside);
        let places = Places::new(source);
        let mut faults = Vec::new();
        let Some(tree) = reading.tree(&places, &mut faults) else {
            return Compiled {
                header: None,
                program: None,
                faults,
            };
        };
        let top = reading.top(&places, &tree, &mut Vec::new(), &mut faults);
        let header = header(&top, &mut faults);
        roles(&places, &tree, &mut faults);
        hiding(&places, &tree, &words, &mut faults);
        let params = header.as_ref().map(|header| self::params(header, |_| true));
        let secret = |param: &Datum| {
            let kind = param.get("type").map(|kind| &kind.value);
            matches!(kind, Some(Data::Text(word)) if word == "secret")
        };
        let secrets = header.as_ref().map(|header| self::params(header, secret));
        faults.extend(unknown(
            &places,
            &tree,
            &Known {
                natives: &natives(&reading.engine),
                constants: &top.constants,
                params: params.as_ref(),
                secrets: &secrets.unwrap_or_default(),
                modules: &top.modules,
            },
        ));
        let fixtures = fixtures(&places, &tree, beside, &mut faults);
        faults.sort_by_key(|fault| (fault.start, fault.end));
        faults.dedup();
        let sound = faults.iter().all(|fault| fault.weight != Weight::Error);
        let functions = tree
            .iter_fn_def()
            .map(|function| function.name.to_string())
            .filter(|name| !name.starts_with("anon$"))
            .collect::<BTreeSet<_>>();
        let (mut asks, mut checks) = foreseen(&tree, None, &words);
        for (path, tree) in &reading.modules {
            let (more, others) = foreseen(tree, Some(path), &words);
            asks.extend(more);
            checks.extend(others);
        }
        Compiled {
            header,
            program: sound.then(|| Program {
                tree: Arc::new(tree),
                modules: Arc::new(reading.modules),
                words: Arc::new(words),
                fixtures: Arc::new(fixtures),
                functions: functions.into_iter().collect(),
                asks: asks.into(),
                checks: checks.into(),
            }),
            faults,
        }
    }
}

/// Reads every recorded output that is named: a program that runs reads nothing.
fn fixtures(
    places: &Places<'_>,
    tree: &AST,
    beside: &dyn Beside,
    faults: &mut Vec<Fault>,
) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    tree.walk(&mut |nodes: &[ASTNode<'_>]| {
        let Some(
            ASTNode::Expr(Expr::FnCall(call, position))
            | ASTNode::Stmt(Stmt::FnCall(call, position)),
        ) = nodes.last()
        else {
            return true;
        };
        if call.name != "fixture" || call.args.len() != 1 {
            return true;
        }
        let start = places.byte(*position);
        let mut complain = |weight, headline: String, fix: &str| {
            faults.push(Fault {
                weight,
                start,
                end: places.word(start),
                headline,
                fix: fix.into(),
            });
        };
        let Some(Expr::StringConstant(path, _)) = call.args.first() else {
            complain(
                Weight::Error,
                "the name of a fixture is not written out".into(),
                "write it as text, such as `fixture(\"ss.txt\")`",
            );
            return true;
        };
        match confined(path)
            .map_err(ToOwned::to_owned)
            .and_then(|()| beside.text(path))
        {
            Ok(text) if text.len() <= MAX_FIXTURE => {
                found.insert(path.to_string(), text);
            }
            Ok(_) => complain(
                Weight::Error,
                format!("the fixture `{path}` is longer than {MAX_FIXTURE} bytes"),
                "keep the part that matters",
            ),
            // Without it the runbook runs all the same; only its tests do not.
            Err(why) => complain(
                Weight::Warning,
                format!("the fixture `{path}` cannot be read: {why}"),
                "name a file beside or below the runbook",
            ),
        }
        true
    });
    found
}

fn header(top: &Top, faults: &mut Vec<Fault>) -> Option<Datum> {
    match &top.header {
        Some(datum) if matches!(datum.value, Data::Map(_)) => return Some(datum.clone()),
        Some(datum) => faults.push(error(
            datum.start..datum.end,
            "`RUNBOOK` is no map".into(),
            "write `const RUNBOOK = #{ version: 1, id: \"…\", title: \"…\" };`",
        )),
        None if top.constants.contains("RUNBOOK") => {}
        None => faults.push(error(
            0..1,
            "the program has no header".into(),
            "write `const RUNBOOK = #{ version: 1, id: \"…\", title: \"…\" };` at the top",
        )),
    }
    None
}

/// The names of the params that are such.
fn params(header: &Datum, such: impl Fn(&Datum) -> bool) -> BTreeSet<String> {
    match header.get("params").map(|params| &params.value) {
        Some(Data::Map(entries)) => entries
            .iter()
            .filter(|(_, param)| such(param))
            .map(|(label, _)| label.text.clone())
            .collect(),
        _ => BTreeSet::new(),
    }
}

/// The functions that are called from outside have the arguments they are called with.
fn roles(places: &Places<'_>, tree: &AST, faults: &mut Vec<Fault>) {
    let mut has_main = false;
    for function in tree.iter_fn_def() {
        let name = function.name.as_str();
        let wanted = match name {
            "main" | "on_fail" | "finally" => 1,
            _ if name.starts_with("test_") => 0,
            _ => continue,
        };
        has_main |= name == "main";
        if function.params.len() != wanted {
            let body = places.byte(function.body.start_position());
            let start = places.source[..body].rfind(name).unwrap_or(body);
            let shape = if wanted == 1 { "(p)" } else { "()" };
            faults.push(error(
                start..start + name.len(),
                format!(
                    "`{name}` takes {} argument{}, and is called with {wanted}",
                    function.params.len(),
                    if function.params.len() == 1 { "" } else { "s" }
                ),
                &format!("write `fn {name}{shape}`"),
            ));
        }
    }
    if !has_main {
        faults.push(error(
            0..1,
            "the program has no `main`".into(),
            "write `fn main(p) { … }`: it is what is run",
        ));
    }
}

/// A function of the program's own that has the name of one that asks or judges would take its place, and nobody who reads on would know.
fn hiding(places: &Places<'_>, tree: &AST, words: &Words, faults: &mut Vec<Fault>) {
    const JUDGING: [&str; 6] = ["check", "fact", "skip", "warn", "log", "simulate"];
    for function in tree.iter_fn_def() {
        let name = function.name.as_str();
        if words.kind_of(name).is_none() && !JUDGING.contains(&name) {
            continue;
        }
        let body = places.byte(function.body.start_position());
        let start = places.source[..body].rfind(name).unwrap_or(body);
        faults.push(error(
            start..start + name.len(),
            format!(
                "`{name}` is a function that every program has, and this one would take its place"
            ),
            "give it another name",
        ));
    }
}

pub(super) fn error(bytes: std::ops::Range<usize>, headline: String, fix: &str) -> Fault {
    Fault {
        weight: Weight::Error,
        start: bytes.start,
        end: bytes.end,
        headline,
        fix: fix.into(),
    }
}

/// Stands where a door is needed and nothing is run.
struct Nobody;

impl Door for Nobody {
    fn pass(&mut self, _: Request) -> Result<serde_json::Value, Refusal> {
        Err(Refusal::Stopped(
            "nothing is asked while a program is read".into(),
        ))
    }
}
