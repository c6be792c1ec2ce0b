//! Text → [`Program`], or everything that is wrong with it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rhai::{AST, ASTFlags, Engine, Expr, ParseErrorType, Stmt};

use super::beside::{Alone, Beside, confined};
use super::door::{Door, Refusal, Request};
use super::fault::{Fault, Weight};
use super::header::{Data, Datum, datum};
use super::host::Host;
use super::names::{Known, natives, unknown};
use super::place::Places;
use super::{Program, Words, engine};
use crate::script::complaint;

/// Bytes that a program may be long: 256 KiB.
pub const MAX_SOURCE: usize = 256 * 1024;

/// Files that a program may import, those of its imports with them.
const MAX_IMPORTS: usize = 20;

/// Words of the language that a runbook cannot use, and what to write instead.
pub(super) const REFUSED: &[(&str, &str)] = &[
    ("eval", "write what is to be run as a function"),
    ("print", "write `log(text)`: only the report goes out"),
    ("debug", "write `log(text)`: only the report goes out"),
    ("export", "every function of an imported file can be called"),
];

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
    pub fn compile(source: &str, words: Words, beside: Arc<dyn Beside>) -> Compiled {
        let mut reading = Reading {
            engine: engine(&words, &Host::new(Box::new(Nobody), Arc::new(Alone))),
            beside: beside.as_ref(),
            modules: BTreeMap::new(),
        };
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
        let params = header.as_ref().map(params);
        faults.extend(unknown(
            &places,
            &tree,
            &Known {
                natives: &natives(&reading.engine),
                constants: &top.constants,
                params: params.as_ref(),
                modules: &top.modules,
            },
        ));
        faults.sort_by_key(|fault| (fault.start, fault.end));
        faults.dedup();
        let sound = faults.iter().all(|fault| fault.weight != Weight::Error);
        let functions = tree
            .iter_fn_def()
            .map(|function| function.name.to_string())
            .filter(|name| !name.starts_with("anon$"))
            .collect::<BTreeSet<_>>();
        Compiled {
            header,
            program: sound.then(|| Program {
                tree: Arc::new(tree),
                modules: Arc::new(reading.modules),
                words: Arc::new(words),
                beside: Arc::clone(&beside),
                functions: functions.into_iter().collect(),
            }),
            faults,
        }
    }
}

/// What stands outside of functions.
#[derive(Default)]
struct Top {
    constants: BTreeSet<String>,
    header: Option<Datum>,
    /// Names of what is imported, by the name it has here.
    modules: BTreeMap<String, BTreeSet<String>>,
}

struct Reading<'b> {
    engine: Engine,
    beside: &'b dyn Beside,
    modules: BTreeMap<String, AST>,
}

impl Reading<'_> {
    fn tree(&self, places: &Places<'_>, faults: &mut Vec<Fault>) -> Option<AST> {
        let source = places.source;
        if source.len() > MAX_SOURCE {
            faults.push(error(
                0..1,
                format!(
                    "the program is {} bytes long; at most {MAX_SOURCE} are read",
                    source.len()
                ),
                "split it, and `import` its parts",
            ));
            return None;
        }
        let failed = match self.engine.compile(source) {
            Ok(tree) => return Some(tree),
            Err(failed) => failed,
        };
        let start = places.byte(failed.position());
        let end = places.word(start);
        let word = &source[start..end];
        let refused = REFUSED.iter().find(|(refused, _)| *refused == word);
        let (headline, fix) = match (refused, failed.err_type()) {
            (Some((word, fix)), _) => (format!("`{word}` cannot be used in a runbook"), *fix),
            (None, kind) => (
                format!("this is no program: {}", complaint::of_syntax(&failed)),
                match kind {
                    ParseErrorType::DuplicatedProperty(_) => "keep one of them",
                    ParseErrorType::FnDuplicatedDefinition(..) => "give one of them another name",
                    ParseErrorType::Reserved(_) | ParseErrorType::PropertyExpected => {
                        "a word that the language keeps to itself stands in quotes as a key, such as `\"default\": 5`"
                    }
                    ParseErrorType::ExprTooDeep => "give parts of it names with `let`",
                    _ => "",
                },
            ),
        };
        faults.push(error(start..end, headline, fix));
        None
    }

    /// Reads what stands outside of functions: data, and imports.
    fn top(
        &mut self,
        places: &Places<'_>,
        tree: &AST,
        on_the_way: &mut Vec<String>,
        faults: &mut Vec<Fault>,
    ) -> Top {
        let mut top = Top::default();
        for statement in tree.statements() {
            match statement {
                Stmt::Noop(_) => {}
                Stmt::Var(variable, flags, _) if flags.contains(ASTFlags::CONSTANT) => {
                    let (name, value, _) = &**variable;
                    let start = places.byte(name.pos);
                    if !top.constants.insert(name.name.to_string()) {
                        faults.push(error(
                            start..places.word(start),
                            format!("the constant `{}` is given twice", name.name),
                            "keep one of them",
                        ));
                    }
                    let value = datum(places, value, faults);
                    if name.name == "RUNBOOK" {
                        top.header = value;
                    }
                }
                Stmt::Import(import, position) => {
                    let start = places.byte(*position);
                    match self.import(&import.0, &import.1.name, on_the_way) {
                        Ok((path, names)) => {
                            let alias = match import.1.name.as_str() {
                                "" => path.rsplit('/').next().unwrap_or_default().to_owned(),
                                alias => alias.to_owned(),
                            };
                            top.modules.insert(alias, names);
                        }
                        Err((headline, fix)) => {
                            let start_of = places.byte(import.0.position());
                            let end = places.literal(start_of).max(places.word(start));
                            faults.push(error(start..end, headline, fix));
                        }
                    }
                }
                other => {
                    let start = places.byte(other.position());
                    faults.push(error(
                        start..places.word(start),
                        "a statement stands outside of functions, where nothing runs".into(),
                        "move it into `fn main(p)`; outside stand `const NAME = value;`, `import` and functions",
                    ));
                }
            }
        }
        top
    }

    fn import(
        &mut self,
        path: &Expr,
        alias: &str,
        on_the_way: &mut Vec<String>,
    ) -> Result<(String, BTreeSet<String>), (String, &'static str)> {
        let Expr::StringConstant(path, _) = path else {
            return Err((
                "what is imported is not written out".into(),
                "write its path as text, such as `import \"lib/x\" as x;`",
            ));
        };
        let path = path.to_string();
        if alias.is_empty() {
            return Err((
                format!("`{path}` is imported without a name"),
                "write `import \"…\" as name;`",
            ));
        }
        if let Err(why) = confined(&path) {
            return Err((
                format!("`{path}` cannot be imported: {why}"),
                "import files beside or below the runbook, or those of the shipped `lib/`",
            ));
        }
        if on_the_way.contains(&path) {
            on_the_way.push(path);
            return Err((
                format!(
                    "files import each other in a circle: {}",
                    on_the_way.join(", ")
                ),
                "move what both need into a third",
            ));
        }
        if !self.modules.contains_key(&path) {
            if self.modules.len() >= MAX_IMPORTS {
                return Err((
                    format!("more than {MAX_IMPORTS} files are imported"),
                    "put what belongs together into one file",
                ));
            }
            let file = if path.ends_with(".rhai") {
                path.clone()
            } else {
                format!("{path}.rhai")
            };
            let source = self.beside.text(&file).map_err(|why| {
                (
                    format!("`{path}` cannot be imported: {why}"),
                    "name a file that is there",
                )
            })?;
            let tree = self.module(&path, &source, on_the_way)?;
            self.modules.insert(path.clone(), tree);
        }
        let tree = &self.modules[&path];
        let functions = tree
            .iter_fn_def()
            .map(|function| function.name.to_string())
            .filter(|name| !name.starts_with("anon$"));
        let constants = tree
            .iter_literal_variables(true, false)
            .map(|(name, ..)| name.to_owned());
        let names = functions.chain(constants).collect();
        Ok((path, names))
    }

    fn module(
        &mut self,
        path: &str,
        source: &str,
        on_the_way: &mut Vec<String>,
    ) -> Result<AST, (String, &'static str)> {
        let places = Places::new(source);
        let mut faults = Vec::new();
        if let Some(mut tree) = self.tree(&places, &mut faults) {
            on_the_way.push(path.to_owned());
            let top = self.top(&places, &tree, on_the_way, &mut faults);
            on_the_way.pop();
            faults.extend(
                unknown(
                    &places,
                    &tree,
                    &Known {
                        natives: &natives(&self.engine),
                        constants: &top.constants,
                        params: None,
                        modules: &top.modules,
                    },
                )
                .into_iter()
                .filter(|fault| fault.weight == Weight::Error),
            );
            if faults.is_empty() {
                tree.set_source(path);
                return Ok(tree);
            }
        }
        faults.sort_by_key(|fault| fault.start);
        let first = &faults[0];
        let line = source[..first.start].matches('\n').count() + 1;
        Err((
            format!(
                "`{path}` cannot be imported: line {line}: {}",
                first.headline
            ),
            "mend that file first",
        ))
    }
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

fn params(header: &Datum) -> BTreeSet<String> {
    match header.get("params").map(|params| &params.value) {
        Some(Data::Map(entries)) => entries
            .iter()
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

fn error(bytes: std::ops::Range<usize>, headline: String, fix: &str) -> Fault {
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
