//! What makes a document of each format sound: its own grammar, read strictly, and nothing in it that someone else would obey.
//!
//! A new format is one line in [`SOUND`].

use std::sync::LazyLock;

use housecall::render::Format;
use housecall::report::{Event, Report, fold};
use quick_xml::events::Event as Xml;
use serde_json::Value;

use super::{assert_inert, commands, without_colours};

/// Panics where a document is not sound.
type Judge = fn(&Report, &[u8]);

/// Every format with its judge.
pub(super) const SOUND: &[(Format, Judge)] = &[
    (Format::Terminal, terminal),
    (Format::Json, json),
    (Format::Jsonl, jsonl),
    (Format::Junit, junit),
    (Format::Markdown, markdown),
    (Format::Html, html),
    (Format::Tap, tap),
    (Format::Sarif, sarif),
    (Format::Prometheus, prometheus),
    (Format::Github, github),
    (Format::Bundle, bundle),
];

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn terminal(_: &Report, bytes: &[u8]) {
    assert_inert(&without_colours(text(bytes)));
}

/// One page with one style and one script, its own; which elements it has is looked at in the browser, too.
fn html(_: &Report, bytes: &[u8]) {
    let text = text(bytes);
    assert_inert(text);
    assert!(text.starts_with("<!doctype html>") && text.ends_with("</html>\n"));
    for own in ["<style", "<script", "<title", "</main>", "</body>"] {
        assert_eq!(text.matches(own).count(), 1, "{own}");
    }
}

fn json(report: &Report, bytes: &[u8]) {
    let text = text(bytes);
    assert_inert(text);
    assert_eq!(serde_json::from_str::<Report>(text).unwrap(), *report);
}

fn jsonl(report: &Report, bytes: &[u8]) {
    let text = text(bytes);
    assert_inert(text);
    let events: Vec<Event> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(fold(&events), *report);
}

/// Well-formed, of characters that XML 1.0 allows, and of no elements but those of JUnit.
fn junit(_: &Report, bytes: &[u8]) {
    let text = text(bytes);
    assert_inert(text);
    let allowed = |c: char| matches!(c, '\t' | '\n' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    let mut reader = quick_xml::Reader::from_str(text);
    reader.config_mut().check_comments = true;
    let mut open = Vec::new();
    loop {
        match reader.read_event().unwrap() {
            Xml::Start(tag) => {
                let name = tag.name().as_ref().to_owned();
                attributes(&tag);
                assert!(JUNIT.contains(&name.as_str()), "{name}");
                open.push(name);
            }
            Xml::Empty(tag) => attributes(&tag),
            Xml::End(tag) => assert_eq!(open.pop().unwrap(), tag.name().as_ref()),
            Xml::Text(_) | Xml::GeneralRef(_) | Xml::Decl(_) => {}
            Xml::Eof => break,
            other => panic!("{other:?}"),
        }
    }
    assert!(open.is_empty() && text.chars().all(allowed));
}

fn attributes(tag: &quick_xml::events::BytesStart<'_>) {
    for attribute in tag.attributes() {
        assert!(!attribute.unwrap().value.contains('<'));
    }
}

const JUNIT: [&str; 11] = [
    "testsuites",
    "testsuite",
    "properties",
    "property",
    "testcase",
    "failure",
    "error",
    "skipped",
    "flakyFailure",
    "system-out",
    "system-err",
];

/// Fences are closed and hold what they hold; outside of them no tag, link or code span but ours.
fn markdown(_: &Report, bytes: &[u8]) {
    let text = text(bytes);
    assert_inert(text);
    assert!(text.len() <= 1024 * 1024);
    let ours = regex::Regex::new(
        r"</?(details|summary|strong|code)>|<https?://[A-Za-z0-9\-._~:/?#@!$&'*+,;=%]+>|`[A-Za-z0-9_. -]*`",
    )
    .unwrap();
    let mut fence: Option<String> = None;
    let mut outside = String::new();
    for line in text.lines() {
        let run: String = line.chars().take_while(|c| *c == '`').collect();
        match &fence {
            Some(open) if line == open => fence = None,
            Some(open) => {
                let longest = line.split(|c| c != '`').map(str::len).max().unwrap_or(0);
                assert!(longest < open.len(), "{line}");
            }
            None if run.len() >= 3 => fence = Some(run),
            None => {
                outside.push_str(line);
                let rest = ours.replace_all(line, "");
                for mark in ["<", "`", "](", "://", "javascript:", "@"] {
                    assert!(!rest.contains(mark), "{mark} in {line}");
                }
            }
        }
    }
    assert_eq!(fence, None);
    for tag in ["details", "summary", "strong", "code"] {
        let opened = outside.matches(&format!("<{tag}>")).count();
        assert_eq!(opened, outside.matches(&format!("</{tag}>")).count());
    }
}

/// By the grammar of TAP 14: version, plan, as many points, each numbered, with a diagnostic that is YAML.
fn tap(_: &Report, bytes: &[u8]) {
    let text = text(bytes);
    assert_inert(text);
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("TAP version 14"));
    let plan = lines.next().unwrap().strip_prefix("1..").unwrap();
    let plan: usize = plan.split(' ').next().unwrap().parse().unwrap();
    let point =
        regex::Regex::new(r"^(ok|not ok) (\d+) - ([^#\\]|\\[#\\])*( # SKIP ([^#\\]|\\[#\\])*)?$")
            .unwrap();
    let mut seen = 0;
    while let Some(line) = lines.next() {
        if line == "  ---" {
            let block: Vec<_> = lines.by_ref().take_while(|line| *line != "  ...").collect();
            assert!(block.iter().all(|line| line.starts_with("  ")));
            housecall::yaml::read(&block.join("\n")).unwrap();
        } else if !line.starts_with("# ") {
            let parts = point.captures(line).unwrap_or_else(|| panic!("{line}"));
            seen += 1;
            assert_eq!(parts[2].parse::<usize>().unwrap(), seen);
        }
    }
    assert_eq!(seen, plan);
}

static SARIF: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/schemas/sarif-2.1.0-rtm.5.json"
    );
    let mut schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    // As published it is no regular expression; we name no language.
    for definition in ["run", "toolComponent"] {
        let language = &mut schema["definitions"][definition]["properties"]["language"];
        language.as_object_mut().unwrap().remove("pattern").unwrap();
    }
    jsonschema::draft4::new(&schema).unwrap()
});

/// Valid by the published schema, and every index leads to the rule it means.
fn sarif(_: &Report, bytes: &[u8]) {
    let text = text(bytes);
    assert_inert(text);
    let log: Value = serde_json::from_str(text).unwrap();
    let wrong: Vec<_> = SARIF
        .iter_errors(&log)
        .map(|error| error.to_string())
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    let run = &log["runs"][0];
    for result in run["results"].as_array().unwrap() {
        let at = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(run["tool"]["driver"]["rules"][at]["id"], result["ruleId"]);
    }
}

/// By the grammar of the text exposition: each family once, HELP and TYPE before its samples, no series twice.
fn prometheus(_: &Report, bytes: &[u8]) {
    let text = text(bytes);
    assert_inert(text);
    let sample = regex::Regex::new(
        r#"^([a-z_]+)\{([a-z_]+="([^"\\]|\\[\\"n])*")(,[a-z_]+="([^"\\]|\\[\\"n])*")*\} -?[0-9]+(\.[0-9]+)?$"#,
    )
    .unwrap();
    let mut families = Vec::new();
    let mut series = std::collections::BTreeSet::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let name = help.split(' ').next().unwrap();
            assert!(!families.contains(&name), "{name}");
            assert_eq!(lines.next().unwrap(), format!("# TYPE {name} gauge"));
            families.push(name);
            continue;
        }
        let parts = sample.captures(line).unwrap_or_else(|| panic!("{line}"));
        assert_eq!(parts.get(1).unwrap().as_str(), *families.last().unwrap());
        let (name, _) = line.rsplit_once(' ').unwrap();
        assert!(series.insert(name), "{name} is told twice");
        assert!(line.len() < 2048);
    }
    assert!(text.ends_with('\n') && series.len() < 4000);
}

/// By the parser of the runner (`ActionCommand.TryParseV2`): every line is one of our commands, and holds no second one.
fn github(_: &Report, bytes: &[u8]) {
    let text = text(bytes);
    let command =
        regex::Regex::new(r"^::(error|warning|notice) title=([^:,\r\n]*)::(.*)$").unwrap();
    let mut shown = [0; 3];
    for line in text.lines() {
        let parts = command.captures(line).unwrap_or_else(|| panic!("{line}"));
        shown[["error", "warning", "notice"]
            .iter()
            .position(|word| *word == &parts[1])
            .unwrap()] += 1;
        assert!(!line.contains('\u{1b}') && !line.contains('\r'), "{line:?}");
        for text in [&parts[2], &parts[3]] {
            let text = text
                .replace("%3A", ":")
                .replace("%2C", ",")
                .replace("%0A", "\n")
                .replace("%25", "%");
            assert!(!text.lines().any(commands), "{text}");
        }
    }
    assert!(shown.iter().all(|count| *count <= 10), "{shown:?}");
    assert!(text.ends_with('\n'));
}

/// An archive whose names are ours, with the report in it.
fn bundle(report: &Report, bytes: &[u8]) {
    let ours = regex::Regex::new("(?i)^[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)*$").unwrap();
    let entries = housecall::archive::read(bytes, |_| true).unwrap();
    for name in entries.keys() {
        assert!(ours.is_match(name), "{name:?}");
    }
    json(report, &entries["report.json"]);
}
