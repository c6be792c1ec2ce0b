//! JUnit XML as Maven Surefire writes it, for the test tab of a CI system: a suite for each target, a case for each check.
//!
//! | verdict | element |
//! |---|---|
//! | pass, warn | none; what a warning says is a property of the suite, `warn:step/check` |
//! | flaky | `flakyFailure` for each attempt that did not hold |
//! | fail | `failure`: looked, and found |
//! | error, timeout, unavailable, unreachable | `error`, with that as its type: could not look |
//! | skip | `skipped` |
//!
//! Only cases that do not hold carry `system-out` and `system-err`, and of those the end: a test tab is no archive. Text is
//! [inert](super::inert()), and so has no character that XML 1.0 forbids; the writer escapes the rest.

use std::io::{self, Write};

use jiff::Timestamp;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use super::case::{Case, cases, run_case};
use super::command;
use super::excerpt::Excerpt;
use super::prose::{line, lines};
use crate::report::{AttemptReport, Output, Report, TargetReport, Verdict};

/// Of an output, lines and bytes that are kept.
const KEPT: (usize, usize) = (200, 8 * 1024);

/// Writes the document.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut xml = Writer::new_with_indent(out, b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let mut suites: Vec<_> = report
        .targets
        .iter()
        .map(|target| suite(report, target))
        .collect();
    if let Some(case) = run_case(report) {
        suites.push(Suite {
            name: "run".into(),
            cases: vec![case],
            properties: Vec::new(),
            started: report.run.started,
        });
    }
    let mut root = BytesStart::new("testsuites");
    root.push_attribute(("name", line(&report.run.runbook.id).as_str()));
    let total = suites
        .iter()
        .map(Tally::of)
        .fold(Tally::default(), Tally::and);
    total.tell(&mut root, &["tests", "failures", "errors"]);
    xml.write_event(Event::Start(root))?;
    for suite in &suites {
        told(&mut xml, suite)?;
    }
    xml.write_event(Event::End(BytesEnd::new("testsuites")))?;
    writeln!(xml.into_inner())
}

type Xml<'a> = Writer<&'a mut dyn Write>;

struct Suite<'a> {
    name: String,
    cases: Vec<Case<'a>>,
    properties: Vec<(String, String)>,
    started: Timestamp,
}

fn suite<'a>(report: &'a Report, target: &'a TargetReport) -> Suite<'a> {
    let run = &report.run;
    let cases = cases(target);
    let mut properties: Vec<(String, String)> = [
        ("runbook", Some(&run.runbook.id)),
        ("runbook.digest", Some(&run.runbook.digest)),
        ("run", Some(&run.id)),
        ("cluster", Some(&run.cluster)),
        ("container", target.target.container.as_ref()),
        ("node", target.target.node.as_ref()),
        ("owner", target.target.owner.as_ref()),
        (
            "image",
            target
                .attach
                .as_ref()
                .and_then(|it| it.image_id.as_ref().or(it.image.as_ref())),
        ),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name.to_owned(), line(value?))))
    .collect();
    properties.extend(
        cases
            .iter()
            .filter(|case| case.verdict == Verdict::Warn)
            .map(|case| (format!("warn:{}", line(&case.id)), line(case.headline()))),
    );
    let asked = target
        .attach
        .as_ref()
        .and_then(|attach| attach.requested_at);
    Suite {
        name: line(&target.target.to_string()),
        cases,
        properties,
        started: asked.unwrap_or(run.started),
    }
}

#[derive(Clone, Copy, Default)]
struct Tally {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
    /// Seconds.
    time: f64,
}

impl Tally {
    fn of(suite: &Suite<'_>) -> Self {
        let count =
            |is: fn(Verdict) -> bool| suite.cases.iter().filter(|case| is(case.verdict)).count();
        Self {
            tests: suite.cases.len(),
            failures: count(|verdict| verdict == Verdict::Fail),
            errors: count(Verdict::undetermined),
            skipped: count(|verdict| verdict == Verdict::Skip),
            time: times(&suite.cases).into_iter().sum(),
        }
    }

    fn and(self, other: Self) -> Self {
        Self {
            tests: self.tests + other.tests,
            failures: self.failures + other.failures,
            errors: self.errors + other.errors,
            skipped: self.skipped + other.skipped,
            time: self.time + other.time,
        }
    }

    fn tell(self, element: &mut BytesStart<'_>, counts: &[&str]) {
        for (name, count) in [
            ("tests", self.tests),
            ("failures", self.failures),
            ("errors", self.errors),
            ("skipped", self.skipped),
        ] {
            if counts.contains(&name) {
                element.push_attribute((name, count.to_string().as_str()));
            }
        }
        element.push_attribute(("time", seconds(self.time).as_str()));
    }
}

/// The time of a step is that of its first case, so that times add up.
fn times(cases: &[Case<'_>]) -> Vec<f64> {
    let first = |at: usize| match (
        at.checked_sub(1).and_then(|at| cases[at].step),
        cases[at].step,
    ) {
        (Some(before), Some(step)) => !std::ptr::eq(before, step),
        _ => true,
    };
    (0..cases.len())
        .map(|at| match cases[at].step {
            Some(step) if first(at) => step.duration,
            _ => 0.0,
        })
        .collect()
}

fn seconds(seconds: f64) -> String {
    format!("{:.3}", seconds.max(0.0))
}

fn told(xml: &mut Xml<'_>, suite: &Suite<'_>) -> io::Result<()> {
    let mut start = BytesStart::new("testsuite");
    start.push_attribute(("name", suite.name.as_str()));
    Tally::of(suite).tell(&mut start, &["tests", "failures", "errors", "skipped"]);
    let stamp = suite.started.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    start.push_attribute(("timestamp", stamp.as_str()));
    xml.write_event(Event::Start(start))?;
    if !suite.properties.is_empty() {
        xml.write_event(Event::Start(BytesStart::new("properties")))?;
        for (name, value) in &suite.properties {
            let property = [("name", name.as_str()), ("value", value)];
            xml.create_element("property")
                .with_attributes(property)
                .write_empty()?;
        }
        xml.write_event(Event::End(BytesEnd::new("properties")))?;
    }
    for (case, time) in suite.cases.iter().zip(times(&suite.cases)) {
        let name = line(&case.id);
        let time = seconds(time);
        let attributes = [
            ("name", name.as_str()),
            ("classname", &suite.name),
            ("time", &time),
        ];
        let mut start = BytesStart::new("testcase");
        start.extend_attributes(attributes);
        if case.verdict == Verdict::Pass {
            xml.write_event(Event::Empty(start))?;
            continue;
        }
        xml.write_event(Event::Start(start))?;
        judged(xml, case)?;
        xml.write_event(Event::End(BytesEnd::new("testcase")))?;
    }
    xml.write_event(Event::End(BytesEnd::new("testsuite")))
}

fn judged(xml: &mut Xml<'_>, case: &Case<'_>) -> io::Result<()> {
    let message = line(case.headline());
    let last = case.step.and_then(|step| step.attempts.last());
    match case.verdict {
        Verdict::Pass | Verdict::Warn => {}
        Verdict::Skip => {
            let element = xml.create_element("skipped");
            element
                .with_attribute(("message", message.as_str()))
                .write_empty()?;
            return Ok(());
        }
        Verdict::Flaky => {
            let attempts = case.step.map_or(&[][..], |step| &step.attempts);
            let before = &attempts[..attempts.len().saturating_sub(1)];
            for attempt in before {
                flaky(xml, attempt)?;
            }
            return Ok(());
        }
        Verdict::Fail => {
            let kind = case.severity.word();
            let attributes = [("message", message.as_str()), ("type", kind)];
            let element = xml.create_element("failure").with_attributes(attributes);
            element.write_text_content(BytesText::new(&detail(case)))?;
        }
        Verdict::Error | Verdict::Timeout | Verdict::Unavailable | Verdict::Unreachable => {
            let attributes = [("message", message.as_str()), ("type", case.verdict.word())];
            let element = xml.create_element("error").with_attributes(attributes);
            element.write_text_content(BytesText::new(&detail(case)))?;
        }
    }
    if let Some(last) = last {
        outputs(xml, last)?;
    }
    Ok(())
}

fn flaky(xml: &mut Xml<'_>, attempt: &AttemptReport) -> io::Result<()> {
    let message = match attempt.exit {
        Some(code) => format!("an attempt did not hold, and ended with exit code {code}"),
        None => "an attempt did not end by itself".into(),
    };
    let mut start = BytesStart::new("flakyFailure");
    start.extend_attributes([("message", message.as_str()), ("type", "flaky")]);
    xml.write_event(Event::Start(start))?;
    outputs(xml, attempt)?;
    xml.write_event(Event::End(BytesEnd::new("flakyFailure")))
}

/// The message in full, what to do, and what was asked.
fn detail(case: &Case<'_>) -> String {
    let mut text = lines(case.message.as_deref().unwrap_or_default());
    for (word, said) in [("hint", case.hint), ("see", case.url)] {
        text.extend(said.map(|said| format!("{word}: {}", line(said))));
    }
    if let Some(step) = case.step {
        if !step.argv.is_empty() {
            text.push(format!("asked: {}", line(&command(&step.argv))));
        }
        if let Some(last) = step.attempts.last() {
            let exit = last.exit.map_or("none".into(), |code| code.to_string());
            let attempts = match step.attempts.len() {
                1 => String::new(),
                count => format!(", the last of {count} attempts"),
            };
            text.push(format!("exit: {exit}{attempts}"));
        }
    }
    text.join("\n")
}

fn outputs(xml: &mut Xml<'_>, attempt: &AttemptReport) -> io::Result<()> {
    for (name, output) in [
        ("system-out", &attempt.stdout),
        ("system-err", &attempt.stderr),
    ] {
        if let Some(text) = end(output) {
            xml.create_element(name)
                .write_text_content(BytesText::new(&text))?;
        }
    }
    Ok(())
}

fn end(output: &Output) -> Option<String> {
    let excerpt = Excerpt::within(output, KEPT.0, KEPT.1);
    if excerpt.lines.is_empty() {
        return None;
    }
    let mut text = String::new();
    if excerpt.before > 0 {
        text += &format!("({} bytes before this are left out)\n", excerpt.before);
    }
    text += &excerpt.lines.join("\n");
    if output.truncated {
        text += "\n(cut: more came, or may have)";
    }
    Some(text)
}
