//! What a report looks like in each format, and that nothing a pod writes is obeyed in any of them.

mod hostile;
mod junit;
mod prometheus;
mod reader;
mod sample;
mod schema;
mod sound;

use std::path::Path;

use housecall::render::{Format, Look, line, render};
use housecall::report::{Event, Report, fold};
use proptest::prelude::*;
use sample::report_saying;
pub(crate) use sample::{passing, report};

pub(crate) fn written(format: Format, report: &Report, look: Look) -> String {
    String::from_utf8(bytes(format, report, look)).unwrap()
}

pub(crate) fn bytes(format: Format, report: &Report, look: Look) -> Vec<u8> {
    let mut bytes = Vec::new();
    render(format, report, &mut bytes, look).unwrap();
    bytes
}

/// Compares with the snapshot of that name; `HOUSECALL_ACCEPT=1` writes it instead.
fn as_accepted(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/it/snapshots")
        .join(name);
    if std::env::var_os("HOUSECALL_ACCEPT").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let accepted = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        accepted == text,
        "{name} has changed; if that is meant, run the test once with HOUSECALL_ACCEPT=1 and read the difference\n{text}"
    );
}

/// Nothing moves the cursor, hides or reorders text, and no line is a command of a CI system.
fn assert_inert(text: &str) {
    for line in text.lines() {
        let seen =
            |c: char| !c.is_control() && !"\u{200b}\u{202e}\u{2066}\u{2028}\u{feff}".contains(c);
        assert!(line.chars().all(seen), "{line:?}");
        assert!(!commands(line), "{line:?}");
    }
    assert_eq!(text.matches('\r').count(), 0);
}

/// By the rules of the GitHub runner, Azure Pipelines and TeamCity.
fn commands(line: &str) -> bool {
    let led = line.trim_start().strip_prefix("::").is_some_and(|rest| {
        rest.starts_with(|c: char| c.is_ascii_alphabetic()) && rest.contains("::")
    });
    led || ["##[", "##vso[", "##teamcity["]
        .iter()
        .any(|mark| line.contains(mark))
}

/// The text without the colours that the report itself sets: nothing else may be a sequence.
fn without_colours(text: &str) -> String {
    let sgr = regex::Regex::new("\x1b\\[[0-9;]*m").unwrap();
    sgr.replace_all(text, "").into_owned()
}

#[test]
fn the_terminal_report_tells_trouble_first_and_what_to_do_next() {
    as_accepted(
        "terminal.txt",
        &written(Format::Terminal, &report(), Look::default()),
    );
}

#[test]
fn a_narrow_ascii_terminal_loses_nothing() {
    let look = Look {
        width: Some(60),
        unicode: false,
        ..Look::default()
    };
    let text = written(Format::Terminal, &report(), look);
    as_accepted("terminal-narrow.txt", &text);
    let own = written(Format::Terminal, &sample::passing(), look);
    assert!(own.is_ascii(), "{own}");
}

#[test]
fn one_target_that_passes_is_told_step_by_step() {
    as_accepted(
        "terminal-pass.txt",
        &written(Format::Terminal, &sample::passing(), Look::default()),
    );
}

#[test]
fn the_json_report_is_the_report() {
    let text = written(Format::Json, &report(), Look::default());
    as_accepted("report.json", &text);
    assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report());
}

/// Each as a reader of it would see it: read before it is accepted.
#[test]
fn every_format_for_programs_tells_all_verdicts() {
    for (name, format) in [
        ("junit.xml", Format::Junit),
        ("summary.md", Format::Markdown),
        ("report.tap", Format::Tap),
        ("report.sarif", Format::Sarif),
        ("report.prom", Format::Prometheus),
        ("github.txt", Format::Github),
    ] {
        as_accepted(name, &written(format, &report(), Look::default()));
    }
}

#[test]
fn the_events_of_a_report_fold_into_the_same_report() {
    let lines = written(Format::Jsonl, &report(), Look::default());
    let events: Vec<Event> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(fold(&events), report());
    let again: String = events.iter().map(line).collect();
    assert_eq!(again, lines);
}

/// The page without its style and its script, which have files of their own.
fn body(page: &str) -> &str {
    let body = page.split_once("<body>\n").unwrap().1;
    body.split_once("<script>").unwrap().0
}

#[test]
fn the_page_tells_all_without_its_script() {
    let page = written(Format::Html, &report(), Look::default());
    as_accepted("page.html", body(&page));
}

#[test]
fn promise_7_no_markup_of_a_pod_reaches_the_page() {
    let tags = |page: &str| -> std::collections::BTreeSet<String> {
        let tag = regex::Regex::new("<[^> ]*").unwrap();
        tag.find_iter(body(page))
            .map(|tag| tag.as_str().into())
            .collect()
    };
    let plain = written(Format::Html, &report_saying(b"a\xff"), Look::default());
    for hostile in sample::HOSTILE {
        let page = written(Format::Html, &report_saying(hostile), Look::default());
        assert!(tags(&page).is_subset(&tags(&plain)), "{:?}", tags(&page));
        assert_eq!(page.matches("<script>").count(), 1);
        assert!(!page.contains("href=\"javascript"));
    }
}

#[test]
fn promise_7_a_page_of_floods_stays_within_its_bound() {
    let mut many = report_saying("x".repeat(100 << 10).as_bytes());
    let one = many.targets[0].clone();
    many.targets = vec![one; 150];
    let page = written(Format::Html, &many, Look::default());
    assert!(page.len() < 24 << 20, "{}", page.len());
    assert!(page.contains("in between are not on this page"));
}

#[test]
fn colours_change_how_it_looks_and_not_what_it_says() {
    let colour = Look {
        colour: true,
        ..Look::default()
    };
    let text = written(Format::Terminal, &report(), colour);
    assert!(text.contains("\x1b["));
    assert_eq!(
        without_colours(&text),
        written(Format::Terminal, &report(), Look::default())
    );
}

#[test]
fn of_a_long_output_the_place_is_shown_that_the_message_tells_of() {
    let mut report = report();
    let step = &mut report.targets[1].steps[1];
    let mut text: String = (0..200).map(|n| format!("GET /{n} 200\n")).collect();
    text.insert_str(text.find("GET /50 ").unwrap(), "GET /pay 503\n");
    step.attempts[0].stdout = housecall::report::Output::of(&housecall::ask::Captured::whole(text));
    step.facts.insert("code".into(), 503.into());
    step.checks[1].message = Some("a request gave 503".into());
    let text = written(Format::Terminal, &report, Look::default());
    let place = "      around line 51\n      | GET /48 200\n      | GET /49 200\n      | GET /pay 503\n      | GET /50 200\n";
    assert!(text.contains(place), "{text}");
    assert!(
        text.contains("      the end\n      | GET /190 200\n"),
        "{text}"
    );
}

#[test]
fn a_thousand_targets_that_pass_are_folded() {
    let mut many = sample::passing();
    let one = many.targets[0].clone();
    many.targets = (0..1000)
        .map(|n| {
            let mut entry = one.clone();
            entry.target.pod = Some(format!("web-{n}"));
            entry
        })
        .collect();
    let text = written(Format::Terminal, &many, Look::default());
    assert!(text.lines().count() < 70, "{text}");
    assert!(text.contains("950 targets more"), "{text}");
}

#[test]
fn promise_7_an_output_of_megabytes_is_shown_by_its_end() {
    let flood = "x".repeat(8 << 20) + "\nthe end";
    let text = written(
        Format::Terminal,
        &report_saying(flood.as_bytes()),
        Look::default(),
    );
    assert!(text.contains("| the end"));
    assert!(text.len() < 100 * 1024, "{}", text.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn promise_7_whatever_a_pod_writes_it_is_inert(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        text in "(::|##|vso|error|\\[|#|\n|\r| |\\PC|\\p{Cc}|\\p{Cf}|\\p{Z}){0,60}",
        width in 40_usize..120,
        colour: bool,
    ) {
        for said in [bytes.as_slice(), text.as_bytes()] {
            let report = report_saying(said);
            let look = Look { width: Some(width), colour, unicode: true };
            assert_inert(&without_colours(&written(Format::Terminal, &report, look)));
            let json = written(Format::Json, &report, look);
            assert_inert(&json);
            prop_assert_eq!(serde_json::from_str::<Report>(&json).unwrap(), report);
        }
    }
}
