//! The schema and the loader agree: what one refuses the other refuses, on every runbook that is in the source.
//!
//! Where a rule cannot be said in a schema, its case is in [`UNSAID`] with the reason.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use housecall::runbook::{Level, Library, Runbook, reference, schema};
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
    ("warnings-traps", "it can be run"),
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
        "of the dialogue",
        "what an exchange expects and sends is said of two keys at once, or of what a regular expression matches",
    ),
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
    ("has the name of", "it is said of two places at once"),
    ("is the name of", "it is said of two places at once"),
    ("`selector`: ", "a schema does not read selectors"),
    ("in this test,", "it is said of two places at once"),
    ("there is no", "it is said of two places at once"),
    ("is there twice", "it is said of two places at once"),
    (
        "facts belong to one step",
        "it is said of two places at once",
    ),
    ("stands beside `stdout`", "it is said of two places at once"),
    (
        "what timed out has no exit",
        "it is said of two places at once",
    ),
    (
        "yields no facts of its own",
        "it is said of two places at once",
    ),
    (
        "is no kind of object",
        "of a kind's texts only the kind knows which it takes",
    ),
    (
        "the fact `",
        "of a kind's texts only the kind knows which it takes",
    ),
    ("is that of one file", "it is said of two places at once"),
    (
        "of the dialogue neither expects nor sends",
        "the table of a kind does not say that one of its keys must be there",
    ),
    (
        "of the dialogue expects nothing",
        "of a kind's texts only the kind knows which it takes",
    ),
    (
        "of the dialogue matches before",
        "a schema does not read regular expressions",
    ),
    (
        "of the dialogue says what follows",
        "the table of a kind does not say that one of its keys needs another",
    ),
    ("no JSON path", "a schema does not read JSON paths"),
    ("are never reached", "it is said of two places at once"),
    (
        "the step yields no",
        "a schema does not know which facts a step has",
    ),
    (
        "the included runbook",
        "a schema does not see other runbooks",
    ),
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
        serde_json::json!({}),
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

/// Knows one runbook that can be included.
struct Part;

impl Library for Part {
    fn source(&self, _: &str, path: &str) -> Result<(String, String), String> {
        let part = "version: 1\nid: part\ntitle: Part\nparams: {name: {type: string}}\nsteps:\n  - {id: part, run: [echo, '{{name}}']}\n";
        match path {
            "part.yaml" => Ok((path.into(), part.into())),
            _ => Err(format!("there is no runbook `{path}`")),
        }
    }
}

/// Bends every part of documents that hold every kind and every key of the tables, and compares.
#[test]
fn the_schema_and_the_loader_agree_on_everything_that_can_be_bent_in_a_runbook() {
    let validator = jsonschema::draft202012::new(&schema()).unwrap();
    let (mut bent, mut differences) = (0, BTreeSet::new());
    let mut compare = |document: Value| {
        bent += 1;
        // JSON is YAML.
        let loaded = Runbook::load(&document.to_string(), "x", &Part);
        match (validator.is_valid(&document), loaded) {
            (false, Ok(_)) => {
                let why: Vec<_> = validator
                    .iter_errors(&document)
                    .map(|error| error.to_string())
                    .collect();
                differences.insert(format!("the loader takes what the schema refuses: {why:?}"));
            }
            (true, Err(told)) => {
                let said =
                    |headline: &str| UNSAID_RULES.iter().any(|(part, _)| headline.contains(part));
                for one in told {
                    if one.level == Level::Error && !said(&one.headline) {
                        differences.insert(format!(
                            "the schema takes what the loader refuses: {}",
                            one.headline
                        ));
                    }
                }
            }
            _ => {}
        }
    };
    for source in EVERY_KEY {
        Runbook::load(source, "x", &Part).unwrap_or_else(|all| panic!("{all:?}\n{source}"));
        bend(&json(source).unwrap(), &mut compare);
    }
    for kind in housecall::step::KINDS {
        let document = json(&around(kind.about.example)).unwrap();
        bend(&document["steps"][0][kind.about.word], &mut |bent| {
            let mut document = document.clone();
            document["steps"][0][kind.about.word] = bent;
            compare(document);
        });
    }
    assert!(bent > 1500, "{bent}");
    let differences: Vec<_> = differences.into_iter().collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// Runbooks that together hold every key of the tables; small, since each is read once for every way to bend it.
const EVERY_KEY: [&str; 5] = [
    r"
version: 1
id: all-params
title: All params
params:
  port: {type: int, default: 80, min: 1, max: 99, doc: a port, from_alert: labels.port}
  load: {type: float, default: 0.5, min: 0.0, max: 1}
  deep: {type: bool, default: true}
  path: {type: string, default: /, pattern: '^/'}
  mode: {type: enum, values: [fast, 4], default: fast}
  wait: {type: duration, default: 5s, min: 1s, max: 1m}
  list: {type: list, default: [a, 1]}
  must: {type: string, required: true}
  token: {type: secret, from: [{env: TOKEN}, {file: /token}, {kube_secret: {name: web, key: token}}]}
steps: [{id: a, run: [echo]}]
",
    r"
version: 1
id: the-rest
title: The rest
labels: {team: web}
doc: All of it.
target:
  kind: deployment
  name: web
  selector: app=web
  container: app
  pick: {count: 3, per: node, prefer: [not_ready, newest]}
  require: target_pid > 1
attach: {image: tools, modes: [copy, exec], profile: baseline, needs: {tools: [curl], proc_root: read}, start_timeout: 45s, deadline: 2m}
effects: network
defaults: {timeout: 5s, severity: warning, output: {max: 64KiB}}
redact: {builtin: true, rules: [{name: sid, regex: 'sid=(?<mask>[a-z]+)', only: [a]}]}
batch: {parallel: 20, per_node: 2, stop_when: {failed_percent: 30, after: 10}, group: {normalise: [pod]}}
waivers: [{check: is-one, reason: known, owner: web, until: 2030-12-31}]
steps:
  - {id: a, run: [echo], expect: [{id: is-one, that: exit == 1}]}
  - {include: part.yaml, params: {name: x}}
on_fail: [{id: b, run: [echo]}]
finally: [{id: c, run: [echo]}]
",
    r"
version: 1
id: one-step
title: One step
steps:
  - id: first
    run: [echo, a]
    when: target_pid > 1
    retry: {attempts: 3, delay: 1s, backoff: 2, give_up: exit == 6}
    timeout: 1m30s
    stdin: '{{target_pid}}'
    capture: {regex: '^(?<n>\d+)', types: {n: int}, default: {n: 0}, from: stderr}
    expect:
      - {id: is-one, that: n == 1, severity: critical, say: 'n is {{n}}', hint: look, url: 'https://example.org'}
      - exit == 0
    severity: info
    stop: true
    output: {max: 1KiB}
",
    r"
version: 1
id: another-step
title: Another step
steps:
  - id: second
    each: {item: one, of: [a, 2], max: 4, parallel: 2}
    run: [echo, '{{one}}']
    capture:
      - regex: '(?<a>x)'
      - b: {regex: x, type: int, default: 3}
        c: {lines: '^x', from: stdout}
        d: {json: $.a}
        e: {table: {header: 1, columns: [pid, name], into: {pid: int}}}
        f: {pairs: '='}
    outcomes:
      - {id: bad, when: exit == 9, fail: it is bad, severity: critical, hint: look, url: 'https://example.org'}
      - {when: exit == 1, warn: it is so}
      - pass: it is well
",
    r"
version: 1
id: its-tests
title: Its tests
params: {port: {type: int, default: 80}, all: {type: list, default: []}}
steps:
  - {id: a, file: /etc/hosts, expect: [{id: is-there, that: exists}]}
  - {id: b, run: [echo, '{{port}}', '{{all}}']}
tests:
  - name: one
    params: {port: 81, all: [x, 1]}
    target: {namespace: shop, pod: web, container: app, node: n1, labels: {app: web}}
    given:
      a: {stdout: x, stderr: '', exit: 0, truncated: false, file: {kind: file, mode: 644, uid: 0, gid: 0, size: 1, mtime: 5, resolved: /x}}
      b: [{stdout_file: out.txt}, {timed_out: true, duration: 2s}]
    expect: {is-there: pass, b: timeout}
  - name: other
    given: {a: {facts: {exists: true}}}
    others: unavailable
    expect: pass
",
];

/// No key of the tables is missing above: each that the schema offers stands somewhere in it.
#[test]
fn the_runbooks_that_are_bent_hold_every_key() {
    fn keys(schema: &Value, found: &mut BTreeSet<String>) {
        match schema {
            Value::Object(entries) => {
                for (key, inner) in entries {
                    if key == "properties"
                        && let Value::Object(properties) = inner
                    {
                        found.extend(properties.keys().cloned());
                    }
                    keys(inner, found);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| keys(item, found)),
            _ => {}
        }
    }
    let mut schema = schema();
    let kinds: Vec<_> = housecall::step::KINDS
        .iter()
        .map(|kind| kind.about.word)
        .collect();
    for kind in &kinds {
        schema["$defs"][kind] = Value::Null;
    }
    let mut found = BTreeSet::new();
    keys(&schema, &mut found);
    let bent = EVERY_KEY.concat();
    found.retain(|key| !bent.contains(&format!("{key}:")) && !kinds.contains(&key.as_str()));
    assert_eq!(found, BTreeSet::new());
}

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
