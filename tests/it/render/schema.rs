//! The schema of the report says what reports are: every one is valid, every field is in it, and what is none is refused.

use std::path::Path;

use housecall::render::{Format, Look};
use housecall::report::{Part, Phase, merge, schema};
use serde_json::{Value, json};

use super::super::cli::{code, housecall};
use super::sample::{self, HOSTILE, report_saying};
use super::written;

fn complaints(schema: &Value, document: &Value) -> Vec<String> {
    let validator = jsonschema::draft202012::new(schema).unwrap();
    let told =
        |error: jsonschema::ValidationError<'_>| format!("{}: {error}", error.instance_path());
    validator.iter_errors(document).map(told).collect()
}

/// The schema with its objects closed: then a field that it does not tell of is refused.
fn closed(mut schema: Value) -> Value {
    fn close(value: &mut Value) {
        match value {
            Value::Object(map) => {
                if map.contains_key("properties") {
                    map.insert("additionalProperties".into(), false.into());
                }
                map.values_mut().for_each(close);
            }
            Value::Array(items) => items.iter_mut().for_each(close),
            _ => {}
        }
    }
    close(&mut schema);
    schema
}

fn json_of(report: &housecall::report::Report) -> Value {
    serde_json::from_str(&written(Format::Json, report, Look::default())).unwrap()
}

#[test]
fn every_report_is_as_the_schema_says_to_the_field() {
    let mut full = sample::report();
    full.exit = None;
    full.run.finished = None;
    let step = &mut full.targets[0].steps[0];
    step.phase = Phase::OnFail;
    step.artifacts =
        serde_json::from_value(json!([{"name": "a", "path": "/a", "bytes": 1, "sha256": "00"}]))
            .unwrap();
    full.targets[0].target.pid = Some(7);
    full.targets[1].attach = None;
    let attach = full.targets[0].attach.as_mut().unwrap();
    attach.profile_asked = Some("auto".into());
    attach.run_as = Some("1:1".into());
    attach.pod = Some("made".into());
    full.groups =
        serde_json::from_value(json!([{"status": "pass", "reason": null, "targets": ["a"]}]))
            .unwrap();
    let whole = [full.clone(), sample::report()].map(|report| Part {
        origin: "a".into(),
        report,
    });
    let mut all = vec![
        full,
        sample::report(),
        sample::passing(),
        merge(whole.into()).unwrap(),
    ];
    all.extend(HOSTILE.iter().map(|hostile| report_saying(hostile)));
    let schema = closed(schema());
    for report in &all {
        assert_eq!(complaints(&schema, &json_of(report)), Vec::<String>::new());
    }
}

#[test]
fn what_the_program_itself_writes_is_as_the_schema_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.yaml");
    let runbook = "version: 1\nid: r\ntitle: R\nsteps:\n  - {id: a, run: [echo, hi], expect: [{id: no, that: exit == 1}]}\n  - {id: b, run: [nonesuch-tool]}\nfinally:\n  - {id: c, run: [echo, bye]}\n";
    std::fs::write(&path, runbook).unwrap();
    let output = housecall(&["run", path.to_str().unwrap(), "local", "-o", "json"]);
    assert_eq!(code(&output), 1);
    let document = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        complaints(&closed(schema()), &document),
        Vec::<String>::new()
    );
}

#[test]
fn what_is_no_report_is_refused() {
    let whole = json_of(&sample::report());
    let schema = schema();
    assert!(complaints(&schema, &whole).is_empty());
    for (at, wrong) in [
        ("/schema", json!("housecall.report/2")),
        ("/summary/status", json!("green")),
        ("/summary/targets/pass", json!(-1)),
        ("/run/started", json!("yesterday")),
        ("/targets/0/steps/0/status", json!("ok")),
        ("/targets/0/steps/0/duration", json!("1s")),
        (
            "/targets/0/steps/0/attempts/0/stdout/truncated",
            Value::Null,
        ),
        ("/targets/0/target/kind", json!("cat")),
        ("/targets/0/attach/proven", Value::Null),
        ("/exit/code", json!(999)),
        ("/notes", Value::Null),
    ] {
        let mut odd = whole.clone();
        *odd.pointer_mut(at).unwrap() = wrong;
        assert!(!complaints(&schema, &odd).is_empty(), "{at}");
    }
}

#[test]
fn the_schema_is_printed_and_is_the_published_one() {
    let output = housecall(&["schema", "report"]);
    assert_eq!(code(&output), 0);
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(printed, schema());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/report.schema.json");
    if std::env::var_os("HOUSECALL_ACCEPT").is_some() {
        std::fs::write(&path, &output.stdout).unwrap();
    }
    let published = std::fs::read(&path).unwrap_or_default();
    assert!(
        published == output.stdout,
        "examples/report.schema.json is stale: run this once with HOUSECALL_ACCEPT=1"
    );
    let runbook: Value = serde_json::from_slice(&housecall(&["schema"]).stdout).unwrap();
    assert_eq!(runbook, housecall::runbook::schema());
}
