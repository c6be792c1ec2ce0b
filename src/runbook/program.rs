//! A runbook that is a program: its header read as any document is, and the steps that it asks as it runs.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::document::{Runbook, Step};
use super::include::{Alone, Library};
use super::kind;
use super::names::{Sight, is_kebab};
use super::param::Placed;
use super::parse::{Form, document};
use super::reader::Reader;
use super::settings::{self, Defaults};
use super::source::{Diagnostic, Level};
use super::steps::{Around, steps};
use crate::report::Severity;
use crate::script::Scope;
use crate::script::program::{Beside, Data, Datum, Program, Weight, Words};
use crate::step::{About, Field, KINDS, Kind};
use crate::yaml::{Key, Node, Scalar, Span, Yaml, without_mark};

/// Keys of a document whose place a program takes, and what is written instead.
const INSTEAD: [(&str, &str); 4] = [
    ("steps", "ask in `fn main(p) { … }`"),
    ("on_fail", "ask in `fn on_fail(p) { … }`"),
    ("finally", "ask in `fn finally(p) { … }`"),
    ("tests", "write `fn test_name() { … }`"),
];

/// Keys that a step takes from a program, beside that of its kind. What is an expression elsewhere is the program's own affair.
const OPTIONS: [&str; 6] = ["timeout", "output", "severity", "capture", "retry", "stdin"];

/// Kinds that a program cannot ask.
const UNASKED: [&str; 1] = ["include"];

/// A program with what it takes to make steps of what it asks.
#[derive(Clone, Debug)]
pub struct Scripted {
    program: Program,
    commands: Option<Vec<String>>,
    params: Vec<String>,
    secrets: Vec<String>,
    defaults: Defaults,
}

/// Reads a runbook that is a program.
pub(super) fn parse(
    source: &str,
    origin: &str,
    library: &dyn Library,
) -> Result<(Runbook, Vec<Diagnostic>), Vec<Diagnostic>> {
    let text = without_mark(source);
    let mut reader = Reader::new(text, origin);
    let compiled = Program::compile(text, words(), &Shelf { library, origin });
    for fault in compiled.faults {
        let level = match fault.weight {
            Weight::Error => Level::Error,
            Weight::Warning => Level::Warning,
        };
        let span = Span {
            start: fault.start,
            end: fault.end,
        };
        reader.complain(level, span, fault.headline, Some(fault.fix));
    }
    let Some(header) = compiled.header else {
        return Err(reader.finish());
    };
    let mut node = node(&header, text);
    let own = Own::taken(&mut reader, &mut node);
    let around = (library, &mut Vec::new());
    let runbook = document(&mut reader, &node, (source, origin), Form::Program, around);
    match (runbook, compiled.program) {
        (Some(runbook), Some(program)) if !reader.failed() => {
            let scripted = Scripted {
                program,
                commands: own.commands,
                params: runbook
                    .params
                    .iter()
                    .map(|param| param.name.clone())
                    .collect(),
                secrets: runbook
                    .params
                    .iter()
                    .filter(|param| param.kind.is_secret())
                    .map(|param| param.name.clone())
                    .collect(),
                defaults: own.defaults,
            };
            let program = Some(Arc::new(scripted));
            Ok((Runbook { program, ..runbook }, reader.finish()))
        }
        _ => Err(reader.finish()),
    }
}

/// Files beside a program, out of the library that fragments come from.
struct Shelf<'l> {
    library: &'l dyn Library,
    origin: &'l str,
}

impl Beside for Shelf<'_> {
    fn text(&self, path: &str) -> Result<String, String> {
        self.library.source(self.origin, path).map(|(_, text)| text)
    }
}

/// Whether a source is a program: by the name of its file, and where that says nothing by its header.
pub(super) fn is_program(source: &str, origin: &str) -> bool {
    match origin.rsplit('/').next().unwrap_or(origin).rsplit_once('.') {
        Some((_, "rhai")) => true,
        Some((_, "yaml" | "yml")) => false,
        _ => source.lines().any(|line| line.starts_with("const RUNBOOK")),
    }
}

fn words() -> Words {
    let kinds = kind::words()
        .into_iter()
        .filter(|word| !UNASKED.contains(word));
    Words {
        kinds: kinds.map(ToOwned::to_owned).collect(),
        short: KINDS.iter().flat_map(|kind| by_key(kind.about)).collect(),
    }
}

/// A kind that is asked by one of its keys, `kube` with `logs`, has a function for each of them: `kube_logs`.
fn by_key(about: &About) -> Vec<(String, String, String)> {
    let one_of = about.short.is_none() && about.fields.len() > 1;
    if !one_of || about.fields.iter().any(|field| field.required) {
        return Vec::new();
    }
    let function = |field: &Field| {
        let (kind, key) = (about.word, field.name);
        (format!("{kind}_{key}"), kind.to_owned(), key.to_owned())
    };
    about.fields.iter().map(function).collect()
}

/// What only the header of a program has, and what its steps fall back on.
struct Own {
    commands: Option<Vec<String>>,
    defaults: Defaults,
}

impl Own {
    /// Takes these keys out of the header, so that the reader of documents finds what it knows.
    fn taken(reader: &mut Reader<'_>, header: &mut Node) -> Self {
        let mut own = Self {
            commands: None,
            defaults: Defaults::default(),
        };
        let Yaml::Map(entries) = &mut header.value else {
            return own;
        };
        entries.retain(|(key, node)| {
            if let Some((word, fix)) = INSTEAD.iter().find(|(word, _)| *word == key.text) {
                reader.error(
                    key.span,
                    format!("`{word}` does not stand in the header of a program"),
                    *fix,
                );
                return false;
            }
            if key.text == "commands" {
                own.commands = reader.list(node, "`commands`").map(|items| {
                    items
                        .iter()
                        .filter_map(|item| reader.text(item, "a command").map(str::to_owned))
                        .collect()
                });
                return false;
            }
            true
        });
        // What is wrong with it is told when the document is read.
        if let Some((_, node)) = entries.iter().find(|(key, _)| key.text == "defaults") {
            own.defaults = settings::defaults(&mut Reader::new("", ""), node);
        }
        own
    }
}

/// A header's literal as the node that the reader of documents takes.
fn node(datum: &Datum, source: &str) -> Node {
    let span = Span {
        start: datum.start,
        end: datum.end,
    };
    let scalar = |value| {
        let written = source.get(datum.start..datum.end).unwrap_or_default();
        Yaml::Scalar(value, written.to_owned())
    };
    let value = match &datum.value {
        Data::Nothing => Yaml::Null,
        Data::Bool(value) => scalar(Scalar::Bool(*value)),
        Data::Int(value) => scalar(Scalar::Int(*value)),
        Data::Float(value) => scalar(Scalar::Float(*value)),
        Data::Text(text) => Yaml::Text(text.clone()),
        Data::List(items) => Yaml::List(items.iter().map(|item| node(item, source)).collect()),
        Data::Map(entries) => Yaml::Map(
            entries
                .iter()
                .map(|(label, datum)| {
                    let key = Key {
                        span: Span {
                            start: label.start,
                            end: label.end,
                        },
                        text: label.text.clone(),
                    };
                    (key, node(datum, source))
                })
                .collect(),
        ),
    };
    Node { span, value }
}

/// The params that the program mentions outside of its header, also where it is in the text of a script.
pub(super) fn mentioned(source: &str, header: &Node, params: &[Placed]) -> BTreeSet<String> {
    let text = without_mark(source);
    let outside = |name: &str| {
        let before = text.get(..header.span.start).unwrap_or_default();
        let after = text.get(header.span.end..).unwrap_or_default();
        kind::mentions(before, name) || kind::mentions(after, name)
    };
    params
        .iter()
        .map(|(param, _)| param.name.clone())
        .filter(|name| outside(name))
        .collect()
}

impl Scripted {
    /// The program itself.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// The programs that `run` and `talk` may start; `None` where any may.
    pub fn commands(&self) -> Option<&[String]> {
        self.commands.as_deref()
    }

    /// The params that `main` is given, out of all that is known.
    pub fn params(&self, scope: &Scope<'_>) -> Map<String, Value> {
        let known = self.params.iter();
        known
            .filter_map(|name| Some((name.clone(), scope.get(name)?.clone())))
            .collect()
    }

    /// How bad it is when a check does not hold that says nothing about it.
    pub fn severity(&self) -> Severity {
        self.defaults.severity
    }

    /// Whether a check may have this id.
    pub fn check_id(&self, id: &str) -> Result<(), String> {
        if matches!(id, "exit" | "exists") {
            return Err(format!(
                "the check id `{id}` is kept for what holds without being said; give it another id"
            ));
        }
        if !is_kebab(id) {
            return Err(format!(
                "the check id `{id}` is not lower case words with `-` between; write it like `http-up`"
            ));
        }
        Ok(())
    }

    /// The step that a program asks: its kind, its id, what the kind is given, and the keys of every step. Texts are taken as they
    /// are, never as templates; only a mark in them stands for the secret it goes with. An error says what is wrong with it, in one line.
    pub fn step(
        &self,
        kind: &str,
        id: &str,
        (mut value, mut options): (Value, Map<String, Value>),
        marks: &[(String, String)],
    ) -> Result<Step, String> {
        self.parted(kind, &mut value, &mut options);
        if let Some(other) = options.keys().find(|key| !OPTIONS.contains(&key.as_str())) {
            let near = super::reader::near(other, OPTIONS)
                .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            return Err(format!(
                "a step that a program asks takes no `{other}`{near}; it takes {}",
                OPTIONS.join(", ")
            ));
        }
        match kind {
            "run" => self.allowed(value.get("argv").unwrap_or(&value))?,
            "talk" => self.allowed(&value["run"])?,
            _ => {}
        }
        let own = [("id".to_owned(), id.into()), (kind.to_owned(), value)];
        let entries = own.into_iter().chain(options);
        let entries = entries
            .map(|(key, value)| (label(key), plain(value)))
            .collect();
        let step = Node {
            span: Span::default(),
            value: Yaml::Map(entries),
        };
        let list = Node {
            span: Span::default(),
            value: Yaml::List(vec![step]),
        };
        let mut reader = Reader::new("", "").literal(marks);
        let mut around = Around {
            secrets: self.secrets.clone(),
            names: self.params.clone(),
            params: &[],
            defaults: self.defaults,
            sight: Sight::of_target(),
            used: BTreeSet::new(),
            checks: std::collections::BTreeMap::new(),
            fragment: None,
            library: &Alone,
            origins: Vec::new(),
            foreign: Vec::new(),
        };
        let read = steps(&mut reader, &list, "steps", &mut around);
        if reader.failed() {
            let told = reader.finish();
            let told: Vec<_> = told
                .into_iter()
                .map(|one| match one.fix {
                    Some(fix) => format!("{}; {fix}", one.headline),
                    None => one.headline,
                })
                .collect();
            return Err(told.join("; "));
        }
        read.into_iter()
            .next()
            .ok_or_else(|| format!("the step `{id}` asks nothing"))
    }

    /// Keys of every step may stand among those of a kind that takes a map.
    fn parted(&self, kind: &str, value: &mut Value, options: &mut Map<String, Value>) {
        let (Value::Object(given), Some(registered)) = (value, Kind::registered(kind)) else {
            return;
        };
        for word in OPTIONS {
            if registered.about.field(word).is_none()
                && let Some(option) = given.remove(word)
            {
                options.entry(word).or_insert(option);
            }
        }
    }

    fn allowed(&self, argv: &Value) -> Result<(), String> {
        let Some(commands) = &self.commands else {
            return Ok(());
        };
        let program = argv.get(0).and_then(Value::as_str).unwrap_or_default();
        if commands.iter().any(|known| known == program) {
            return Ok(());
        }
        Err(format!(
            "`{program}` is none of the `commands` of the header: {}",
            commands.join(", ")
        ))
    }
}

fn label(text: String) -> Key {
    Key {
        span: Span::default(),
        text,
    }
}

/// A value that a program worked out, as a node.
fn plain(value: Value) -> Node {
    let value = match value {
        Value::Null => Yaml::Null,
        Value::Bool(truth) => Yaml::Scalar(Scalar::Bool(truth), truth.to_string()),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => Yaml::Scalar(Scalar::Int(whole), number.to_string()),
            None => Yaml::Scalar(
                Scalar::Float(number.as_f64().unwrap_or(f64::MAX)),
                number.to_string(),
            ),
        },
        Value::String(text) => Yaml::Text(text),
        Value::Array(items) => Yaml::List(items.into_iter().map(plain).collect()),
        Value::Object(entries) => Yaml::Map(
            entries
                .into_iter()
                .map(|(key, value)| (label(key), plain(value)))
                .collect(),
        ),
    };
    Node {
        span: Span::default(),
        value,
    }
}
