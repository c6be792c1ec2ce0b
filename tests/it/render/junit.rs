//! JUnit as its readers see it: two parsers that know nothing of each other, and the published schema.

use std::path::{Path, PathBuf};
use std::process::Command;

use housecall::render::{Format, Look};
use housecall::report::{Status, Verdict};
use quick_xml::events::Event;
use serde_json::{Value, json};

use super::reader::told;
use super::sample::{self, HOSTILE, report_saying};
use super::written;

/// As `xml.etree` of Python reads it, which is expat.
const READER: &str = r"
import json, sys, xml.etree.ElementTree as tree
def case(it):
    return [it.get('classname'), it.get('name'), [child.tag for child in it]]
def suite(it):
    counts = [int(it.get(name)) for name in ('tests', 'failures', 'errors', 'skipped')]
    return [it.get('name'), counts, [case(one) for one in it.findall('testcase')]]
print(json.dumps([[suite(one) for one in tree.parse(path).getroot()] for path in sys.argv[1:]]))
";

/// Every document there is: the sample, one that is cut short, and each hostile one.
fn documents(folder: &Path) -> Vec<PathBuf> {
    let mut cut = sample::report();
    cut.exit = None;
    let all = [sample::report(), cut, sample::passing()].into_iter();
    all.chain(HOSTILE.iter().map(|hostile| report_saying(hostile)))
        .enumerate()
        .map(|(at, report)| {
            let path = folder.join(format!("{at}.xml"));
            std::fs::write(&path, written(Format::Junit, &report, Look::default())).unwrap();
            path
        })
        .collect()
}

/// The same that the other reader tells.
fn read(text: &str) -> Value {
    let mut reader = quick_xml::Reader::from_str(text);
    let mut suites: Vec<(Value, Value, Vec<Value>)> = Vec::new();
    let mut case: Option<(Value, Value, Vec<String>)> = None;
    let mut depth = 0;
    let value = |tag: &quick_xml::events::BytesStart<'_>, name: &str| -> String {
        let found = tag.try_get_attribute(name).unwrap().unwrap();
        quick_xml::escape::unescape(&found.value)
            .unwrap()
            .into_owned()
    };
    let flush = |case: &mut Option<(Value, Value, Vec<String>)>,
                 suites: &mut Vec<(Value, Value, Vec<Value>)>| {
        if let Some((class, name, children)) = case.take() {
            suites
                .last_mut()
                .unwrap()
                .2
                .push(json!([class, name, children]));
        }
    };
    loop {
        let event = reader.read_event().unwrap();
        let empty = matches!(event, Event::Empty(_));
        match &event {
            Event::Start(tag) | Event::Empty(tag) => {
                match tag.name().as_ref() {
                    "testsuite" => {
                        let counts: Vec<usize> = ["tests", "failures", "errors", "skipped"]
                            .iter()
                            .map(|name| value(tag, name).parse().unwrap())
                            .collect();
                        suites.push((json!(value(tag, "name")), json!(counts), Vec::new()));
                    }
                    "testcase" => {
                        let (class, name) = (value(tag, "classname"), value(tag, "name"));
                        case = Some((json!(class), json!(name), Vec::new()));
                        if empty {
                            flush(&mut case, &mut suites);
                        }
                    }
                    child if depth == 3 => {
                        if let Some((_, _, children)) = &mut case {
                            children.push(child.to_owned());
                        }
                    }
                    _ => {}
                }
                depth += usize::from(!empty);
            }
            Event::End(tag) => {
                depth -= 1;
                if tag.name().as_ref() == "testcase" {
                    flush(&mut case, &mut suites);
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    suites
        .into_iter()
        .map(|(name, counts, cases)| json!([name, counts, cases]))
        .collect()
}

#[test]
fn two_parsers_read_the_same_suites_and_cases() {
    let folder = tempfile::tempdir().unwrap();
    let paths = documents(folder.path());
    let ours: Value = paths
        .iter()
        .map(|path| read(&std::fs::read_to_string(path).unwrap()))
        .collect();
    if let Some(text) = told(
        "junit",
        Command::new("python3").args(["-c", READER]).args(&paths),
    ) {
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), ours);
    }
    for document in ours.as_array().unwrap() {
        for suite in document.as_array().unwrap() {
            let cases = suite[2].as_array().unwrap();
            let having = |tag: &str| {
                let has = |case: &&Value| case[2].as_array().unwrap().contains(&json!(tag));
                cases.iter().filter(has).count()
            };
            let counted = json!([
                cases.len(),
                having("failure"),
                having("error"),
                having("skipped")
            ]);
            assert_eq!(suite[1], counted);
        }
    }
}

#[test]
fn it_is_valid_by_the_published_schema() {
    let folder = tempfile::tempdir().unwrap();
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/schemas/junit-10.xsd");
    let paths = documents(folder.path());
    if let Some(text) = told(
        "junit",
        Command::new("xmllint")
            .args(["--noout", "--schema", schema])
            .args(&paths),
    ) {
        assert_eq!(text, "");
    }
}

#[test]
fn what_could_not_be_looked_at_is_an_error_and_never_green() {
    let mut report = sample::passing();
    report.targets[0].steps[0].status = Verdict::Flaky;
    let first = report.targets[0].steps[0].attempts[0].clone();
    report.targets[0].steps[0].attempts.push(first);
    let seen = |report: &_| read(&written(Format::Junit, report, Look::default()));
    assert_eq!(
        seen(&report)[0],
        json!([
            "shop/web-0",
            [3, 0, 0, 1],
            [
                ["shop/web-0", "http/http-up", ["flakyFailure"]],
                ["shop/web-0", "http/http-fast", ["flakyFailure"]],
                ["shop/web-0", "reach", ["skipped"]],
            ]
        ])
    );
    report.targets[0].status = Status::Error;
    report.targets[0].steps.clear();
    assert_eq!(seen(&report)[0][1], json!([1, 0, 1, 0]));
    report.targets.clear();
    report.exit = None;
    assert_eq!(
        seen(&report)[0],
        json!(["run", [1, 0, 1, 0], [["run", "run", ["error"]]]])
    );
}
