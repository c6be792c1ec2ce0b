//! The committed table of failures, and what holds it and the tests together.

use std::path::Path;

use crate::visit::Seen;

const TABLE: &str = include_str!("../failures.md");

struct Row {
    failure: String,
    test: String,
    contains: Vec<String>,
    exit: i32,
}

fn rows() -> Vec<Row> {
    let lines = TABLE.lines().filter(|line| line.starts_with('|'));
    lines.skip(2).map(row).collect()
}

/// `| failure | test | "fragment", "fragment" | exit |`; fragments in backquotes.
fn row(line: &str) -> Row {
    let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
    let [failure, test, contains, exit] = cells[..] else {
        panic!("not four cells: {line}");
    };
    let quoted = contains.split("``").skip(1).step_by(2);
    let row = Row {
        failure: failure.into(),
        test: test.trim_matches('`').into(),
        contains: quoted.map(|one| one.trim().to_owned()).collect(),
        exit: exit
            .parse()
            .unwrap_or_else(|_| panic!("no exit code: {line}")),
    };
    assert!(!row.contains.is_empty(), "no fragment: {line}");
    row
}

/// Holds a run against its row: the exit code, and every fragment in what the reader is told.
pub(crate) fn as_told(failure: &str, seen: &Seen) {
    let row = rows()
        .into_iter()
        .find(|row| row.failure == failure)
        .unwrap_or_else(|| panic!("no row `{failure}` in tests/failures.md"));
    let thread = std::thread::current();
    let test = thread.name().unwrap_or_default();
    assert_eq!(test, row.test, "the row names another test");
    let told = seen.told();
    for fragment in &row.contains {
        assert!(
            told.contains(fragment.as_str()),
            "{failure}: `{fragment}` is missing in: {told}"
        );
    }
    assert_eq!(seen.code, Some(row.exit), "{failure}: {told}");
}

#[test]
fn every_row_of_the_failure_table_is_held_by_the_test_it_names() {
    let rows = rows();
    assert!(rows.len() > 20, "{}", rows.len());
    for row in rows {
        held(&row.test, "as_told", &row.failure);
    }
}

/// Sees to it that a test is there, and holds the row of a table by this call.
pub(crate) fn held(test: &str, call: &str, row: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/live");
    let (module, function) = test.split_once("::").expect("module::function");
    let source = std::fs::read_to_string(folder.join(format!("{module}.rs"))).unwrap();
    let body = source
        .split("#[test]\nfn ")
        .find(|body| body.starts_with(&format!("{function}(")))
        .unwrap_or_else(|| panic!("no test {test}"));
    // However the call is broken into lines.
    let body: String = body.split_whitespace().collect();
    let called: String = format!("{call}(\"{row}\"").split_whitespace().collect();
    assert!(
        body.contains(&called),
        "{test} does not hold the row `{row}`"
    );
}
