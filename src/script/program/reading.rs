//! Text → tree, with what stands outside of functions: data, and other files.

use std::collections::{BTreeMap, BTreeSet};

use rhai::{AST, ASTFlags, Engine, Expr, ParseErrorType, Stmt};

use super::beside::{Beside, confined};
use super::compile::{MAX_SOURCE, error};
use super::fault::{Fault, Weight};
use super::header::{Datum, datum};
use super::names::{Known, natives, unknown};
use super::place::Places;
use crate::script::complaint;

/// Files that a program may import, those of its imports with them.
const MAX_IMPORTS: usize = 20;

/// Words of the language that a runbook cannot use, and what to write instead.
pub(super) const REFUSED: &[(&str, &str)] = &[
    ("eval", "write what is to be run as a function"),
    ("print", "write `log(text)`: only the report goes out"),
    ("debug", "write `log(text)`: only the report goes out"),
    ("export", "every function of an imported file can be called"),
];

/// What stands outside of functions.
#[derive(Default)]
pub(super) struct Top {
    pub(super) constants: BTreeSet<String>,
    pub(super) header: Option<Datum>,
    /// Names of what is imported, by the name it has here.
    pub(super) modules: BTreeMap<String, Option<BTreeSet<String>>>,
}

/// A program being read, with all that it imports.
pub(super) struct Reading<'b> {
    pub(super) engine: Engine,
    beside: &'b dyn Beside,
    pub(super) modules: BTreeMap<String, AST>,
}

impl<'b> Reading<'b> {
    pub(super) fn new(engine: Engine, beside: &'b dyn Beside) -> Self {
        Self {
            engine,
            beside,
            modules: BTreeMap::new(),
        }
    }

    /// The tree of a source, or why there is none.
    pub(super) fn tree(&self, places: &Places<'_>, faults: &mut Vec<Fault>) -> Option<AST> {
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
                    ParseErrorType::BadInput(_) | ParseErrorType::UnknownOperator(_)
                        if word == "=" =>
                    {
                        "compare with `==`"
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
    pub(super) fn top(
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
                    let before = faults.len();
                    let value = datum(places, value, faults);
                    // A header with a hole would be told what it lacks.
                    if name.name == "RUNBOOK" && faults.len() == before {
                        top.header = value;
                    }
                }
                Stmt::Import(import, position) => {
                    let start = places.byte(*position);
                    match self.import(&import.0, &import.1.name, on_the_way) {
                        Ok(names) => {
                            top.modules.insert(import.1.name.to_string(), Some(names));
                        }
                        Err((headline, fix)) => {
                            top.modules.insert(import.1.name.to_string(), None);
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
    ) -> Result<BTreeSet<String>, (String, &'static str)> {
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
        let path = beneath(on_the_way.last().map_or("", String::as_str), &path);
        if on_the_way.contains(&path) {
            return Err((
                format!(
                    "files import each other in a circle: {}",
                    on_the_way.join(", then ")
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
        Ok(functions.chain(constants).collect())
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
                        secrets: &BTreeSet::new(),
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

/// A path as the file `from` writes it, as it is from the program's own folder.
pub(super) fn beneath(from: &str, path: &str) -> String {
    match from.rsplit_once('/') {
        Some((folder, _)) => format!("{folder}/{path}"),
        None => path.to_owned(),
    }
}
