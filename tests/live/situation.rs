//! The committed table of situations, and what holds it and the tests together.

use serde_json::Value;

use crate::table::held;
use crate::visit::Seen;

const TABLE: &str = include_str!("../situations.md");

struct Row {
    situation: String,
    test: String,
    verdict: String,
    target: String,
    exit: i32,
    end: String,
}

fn rows() -> Vec<Row> {
    let lines = TABLE.lines().filter(|line| line.starts_with('|'));
    lines.skip(2).map(row).collect()
}

fn row(line: &str) -> Row {
    let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
    let [situation, test, verdict, target, exit, end] = cells[..] else {
        panic!("not six cells: {line}");
    };
    Row {
        situation: situation.into(),
        test: test.trim_matches('`').into(),
        verdict: verdict.into(),
        target: target.into(),
        exit: exit
            .parse()
            .unwrap_or_else(|_| panic!("no exit code: {line}")),
        end: end.into(),
    }
}

/// What the report says of the end of the debug container, in the table's words.
fn end(attach: &Value) -> &'static str {
    let proven = attach["proven"] == true;
    match (&attach["terminated"], &attach["waiting"]) {
        _ if attach.is_null() || attach["container"].is_null() => "none",
        (Value::Object(_), _) if proven => "state",
        (Value::Null, Value::String(_)) => "waiting",
        (Value::Null, _) if proven => "gone",
        (Value::Null, _) => "unproven",
        _ => panic!("a state that proves nothing: {attach:#}"),
    }
}

/// Holds a target of a run against the row of its situation.
pub(crate) fn as_held(situation: &str, seen: &Seen, target: &Value) {
    let row = rows()
        .into_iter()
        .find(|row| row.situation == situation)
        .unwrap_or_else(|| panic!("no row `{situation}` in tests/situations.md"));
    let thread = std::thread::current();
    let test = thread.name().unwrap_or_default();
    assert_eq!(test, row.test, "the row names another test");
    let steps = target["steps"].as_array().map_or(&[][..], Vec::as_slice);
    if row.verdict == "–" {
        assert!(steps.is_empty(), "{situation}: {target:#}");
    } else {
        assert!(
            steps.iter().any(|step| step["status"] == row.verdict),
            "{situation}: {target:#}"
        );
    }
    if row.target != "–" {
        assert_eq!(target["status"], row.target, "{situation}: {target:#}");
    }
    assert_eq!(seen.code, Some(row.exit), "{situation}: {}", seen.told());
    let end = end(&target["attach"]);
    // Of a pod that goes, the last state may or may not be seen: either way the end is proven.
    let held = end == row.end || row.end == "gone" && end == "state";
    assert!(held, "{situation}: {end}: {:#}", target["attach"]);
}

#[test]
fn every_row_of_the_situation_table_is_held_by_the_test_it_names() {
    let rows = rows();
    assert!(rows.len() > 10, "{}", rows.len());
    for row in rows {
        held(&row.test, "as_held", &row.situation);
    }
}
