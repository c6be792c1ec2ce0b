//! The schema and the loader agree: what one refuses the other refuses, on every runbook that is in the source.
//!
//! Where a rule cannot be said in a schema, its case is in [`UNSAID`] with the reason.

use std::fs;
use std::path::{Path, PathBuf};

use housecall::runbook::{Runbook, reference, schema};
use housecall::yaml::{self, Node, Scalar, Yaml};
use serde_json::Value;

/// Broken runbooks that the schema takes, because it cannot know better.
const UNSAID: &[(&str, &str)] = &[
    (
        "duplicate-ids",
        "that an id is given twice is said of two places at once",
    ),
    ("expression-syntax", "a schema does not read expressions"),
    (
        "hidden-names",
        "that one name hides another is said of two places at once",
    ),
    ("template-in-flow", "a schema does not read templates"),
    ("template-syntax", "a schema does not read templates"),
    (
        "unknown-names",
        "a schema does not know which names an expression sees",
    ),
    ("warnings-only", "it can be run"),
];

fn house(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn yaml_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            yaml_files(&path, found);
        } else if path.extension().is_some_and(|end| end == "yaml") {
            found.push(path);
        }
    }
}

/// The document as an editor sees it; `None` where it is no YAML, of which a schema says nothing.
fn json(source: &str) -> Option<Value> {
    fn value(node: Node) -> Value {
        match node.value {
            Yaml::Null => Value::Null,
            Yaml::Scalar(Scalar::Bool(value), _) => value.into(),
            Yaml::Scalar(Scalar::Int(value), _) => value.into(),
            Yaml::Scalar(Scalar::Float(value), _) => value.into(),
            Yaml::Text(text) => text.into(),
            Yaml::List(items) => items.into_iter().map(value).collect(),
            Yaml::Map(entries) => entries
                .into_iter()
                .map(|(key, node)| (key.text, value(node)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }
    yaml::read(source).ok().map(value)
}

fn complaints(document: &Value) -> Vec<String> {
    jsonschema::draft202012::new(&schema())
        .unwrap()
        .iter_errors(document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

#[test]
fn the_schema_is_one_of_2020_12() {
    jsonschema::draft202012::meta::validate(&schema()).unwrap();
}

#[test]
fn every_sound_runbook_is_taken_by_the_schema() {
    let mut files = Vec::new();
    for folder in ["runbooks", "tests/cases", "examples"] {
        yaml_files(&house(folder), &mut files);
    }
    let mut seen = 0;
    for file in files {
        let source = fs::read_to_string(&file).unwrap();
        if Runbook::parse(&source, "x").is_ok() {
            let found = complaints(&json(&source).unwrap());
            assert_eq!(found, Vec::<String>::new(), "{}", file.display());
            seen += 1;
        }
    }
    assert!(seen >= 2);
}

#[test]
fn every_broken_runbook_is_refused_by_the_schema_as_far_as_one_can_say_it() {
    let mut files = Vec::new();
    yaml_files(&house("tests/broken"), &mut files);
    let (mut refused, mut wrong) = (0, Vec::new());
    for file in files {
        let name = file.file_stem().unwrap().to_str().unwrap();
        let Some(document) = json(&fs::read_to_string(&file).unwrap()) else {
            continue;
        };
        let unsaid = UNSAID.iter().find(|(case, _)| *case == name);
        let found = complaints(&document);
        match unsaid {
            None if found.is_empty() => wrong.push(format!("{name}: the schema takes it")),
            Some((_, why)) if !found.is_empty() => {
                wrong.push(format!("{name}: not because {why}: {found:?}"));
            }
            _ => {}
        }
        refused += usize::from(unsaid.is_none());
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(refused >= 15, "{refused}");
}

/// A document in which the keys stand that a table tells, each with a value of the wrong type, so that each must be refused by name.
#[test]
fn each_key_that_the_schema_offers_is_one_that_the_loader_knows() {
    let schema = schema();
    let known = |document: String, key: &str| {
        let told = Runbook::parse(&document, "x").err().unwrap_or_default();
        let unknown = told.iter().find(|one| {
            one.headline.contains(&format!("unknown key `{key}`"))
                || one.headline.contains(&format!("`{key}` is not supported"))
        });
        assert_eq!(unknown, None, "{key}");
    };
    let keys = |of: &Value| -> Vec<String> {
        let properties = of["properties"].as_object().unwrap();
        properties.keys().cloned().collect()
    };
    let top = keys(&schema);
    assert!(top.len() >= 10);
    for key in top {
        known(format!("{key}: {{}}\n"), &key);
    }
    for key in keys(&schema["$defs"]["step"]) {
        known(format!("steps:\n  - {key}: {{}}\n"), &key);
    }
    for key in ["target", "attach", "defaults"] {
        for inner in keys(&schema["properties"][key]) {
            known(format!("{key}: {{{inner}: {{}}}}\n"), &inner);
        }
    }
    for key in keys(&schema["properties"]["params"]["additionalProperties"]) {
        known(format!("params: {{x: {{{key}: {{}}}}}}\n"), &key);
    }
}

/// A runbook with this as its one step, and a param for every name in its templates.
fn around(step: &str) -> String {
    let mut params = String::new();
    for part in step.split("{{").skip(1) {
        let name = part.split("}}").next().unwrap_or_default().trim();
        if !name.starts_with("target") && !params.contains(name) {
            params.push_str(&format!("  {name}: {{type: string, default: x}}\n"));
        }
    }
    let params = if params.is_empty() {
        params
    } else {
        format!("params:\n{params}")
    };
    let step = step.trim_end().replace('\n', "\n    ");
    format!("version: 1\nid: x\ntitle: X\n{params}steps:\n  - id: one\n    {step}\n")
}

#[test]
fn the_example_of_every_kind_is_a_sound_step() {
    for kind in housecall::step::KINDS {
        let word = kind.about.word;
        let source = around(kind.about.example);
        Runbook::parse(&source, word).unwrap_or_else(|all| panic!("{word}: {all:?}"));
        assert_eq!(
            complaints(&json(&source).unwrap()),
            Vec::<String>::new(),
            "{word}"
        );
    }
}

/// What the loader refuses and a schema cannot: a part of the headline, and why.
const UNSAID_RULES: &[(&str, &str)] = &[
    (
        "cannot be read",
        "a schema does not read expressions and templates",
    ),
    (
        "unknown name",
        "a schema does not know which names an expression sees",
    ),
    ("has no `", "a schema does not know which facts a step has"),
    ("given twice", "it is said of two places at once"),
    (
        "is no regular expression",
        "a schema cannot say that a text is a linear-time regular expression",
    ),
    (
        "has no named group",
        "a schema does not read regular expressions",
    ),
    ("is no group", "a schema does not read regular expressions"),
    ("is not of its type", "it is said of two places at once"),
    ("does not match `", "it is said of two places at once"),
    ("not one of its values", "it is said of two places at once"),
    ("out of bounds", "sizes and durations are texts to a schema"),
    (
        "does not begin with `/`",
        "the path may begin with a template",
    ),
    ("has the name of", "it is said of two places at once"),
    ("is the name of", "it is said of two places at once"),
    (
        "is required and has a default",
        "it is said of two places at once",
    ),
];

/// Every way to put one wrong thing into a document: `put` is called with each variant.
fn bend(value: &Value, put: &mut dyn FnMut(Value)) {
    for other in [
        Value::Null,
        true.into(),
        7.into(),
        0.5.into(),
        "x y".into(),
        "".into(),
        Vec::<Value>::new().into(),
        vec![Value::from("a")].into(),
        serde_json::json!({}),
        serde_json::json!({"no-such-key": 1}),
    ] {
        if other != *value {
            put(other);
        }
    }
    match value {
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                bend(item, &mut |bent| {
                    let mut items = items.clone();
                    items[at] = bent;
                    put(items.into());
                });
            }
        }
        Value::Object(entries) => {
            let mut more = entries.clone();
            more.insert("no-such-key".into(), 1.into());
            put(more.into());
            for (key, inner) in entries {
                let mut fewer = entries.clone();
                fewer.shift_remove(key);
                put(fewer.into());
                bend(inner, &mut |bent| {
                    let mut entries = entries.clone();
                    entries.insert(key.clone(), bent);
                    put(entries.into());
                });
            }
        }
        _ => {}
    }
}

/// Bends every part of documents that hold every kind and every key of the tables, and compares.
#[test]
fn the_schema_and_the_loader_agree_on_everything_that_can_be_bent_in_a_runbook() {
    let validator = jsonschema::draft202012::new(&schema()).unwrap();
    let mut sources = vec![EVERY_KEY.to_owned()];
    sources.extend(
        housecall::step::KINDS
            .iter()
            .map(|kind| around(kind.about.example)),
    );
    let (mut bent, mut differences) = (0, std::collections::BTreeSet::new());
    for source in sources {
        let document = json(&source).unwrap();
        Runbook::parse(&source, "x").unwrap_or_else(|all| panic!("{all:?}\n{source}"));
        bend(&document, &mut |document| {
            bent += 1;
            // JSON is YAML.
            let loaded = Runbook::parse(&document.to_string(), "x");
            match (validator.is_valid(&document), loaded) {
                (false, Ok(_)) => {
                    let why: Vec<_> = validator
                        .iter_errors(&document)
                        .map(|error| error.to_string())
                        .collect();
                    differences
                        .insert(format!("the loader takes what the schema refuses: {why:?}"));
                }
                (true, Err(told)) => {
                    let said = |headline: &str| {
                        UNSAID_RULES.iter().any(|(part, _)| headline.contains(part))
                    };
                    for one in told.iter().filter(|one| !said(&one.headline)) {
                        differences.insert(format!(
                            "the schema takes what the loader refuses: {}",
                            one.headline
                        ));
                    }
                }
                _ => {}
            }
        });
    }
    assert!(bent > 500, "{bent}");
    let differences: Vec<_> = differences.into_iter().collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// Holds every key of the tables.
const EVERY_KEY: &str = r"
version: 1
id: every-key
title: Every key
labels: {team: web}
doc: All of them.
params:
  port: {type: int, default: 80, min: 1, max: 99, doc: a port}
  load: {type: float, default: 0.5, min: 0.0, max: 1}
  deep: {type: bool, default: true}
  path: {type: string, default: /, pattern: '^/'}
  mode: {type: enum, values: [fast, 4], default: fast}
  wait: {type: duration, default: 5s, min: 1s, max: 1m}
  list: {type: list, default: [a, 1]}
  must: {type: string, required: true}
target: {container: app}
attach: {image: tools, profile: baseline, needs: {tools: [curl], proc_root: read}, start_timeout: 45s, deadline: 2m}
defaults: {timeout: 5s, severity: warning, output: {max: 64KiB}}
steps:
  - id: first
    run: [echo, '{{port}}']
    when: port > 1
    timeout: 1m30s
    capture: {regex: '^(?<n>\d+)', types: {n: int}, default: {n: 0}}
    expect:
      - {id: is-one, that: n == 1, severity: critical, say: 'n is {{n}}', hint: look, url: 'https://example.org'}
      - exit == 0
    severity: info
    stop: true
    output: {max: 1KiB}
  - id: second
    run: [echo]
    capture:
      - regex: '(?<a>x)'
";

#[test]
fn the_language_reference_is_fresh() {
    let path = house("runbooks/LANGUAGE.md");
    let made = reference();
    if std::env::var_os("HOUSECALL_ACCEPT").is_some() {
        fs::write(&path, &made).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == made,
        "runbooks/LANGUAGE.md is stale: write it anew with HOUSECALL_ACCEPT=1"
    );
    for kind in housecall::step::KINDS {
        assert!(made.contains(&format!("### `{}`", kind.about.word)));
    }
}
