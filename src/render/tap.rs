//! TAP version 14, for whatever reads the Test Anything Protocol: a test point for each case, a YAML diagnostic where one does not hold.
//!
//! ```text
//! TAP version 14
//! 1..2
//! ok 1 - shop/web-0 http/http-up
//! not ok 2 - shop/web-1 connections/no-leaked-connections
//!   ---
//!   verdict: "fail"
//!   message: "12 connections on port 80 are in CLOSE_WAIT"
//!   ...
//! ```
//!
//! What could not be looked at is `not ok`, with its verdict; a warning is `ok`, with a diagnostic. Every value of a diagnostic is a
//! quoted string, so nothing of a pod is YAML of its own.

use std::io::{self, Write};

use super::case::{Case, cases, run_case};
use super::command;
use super::excerpt::Excerpt;
use super::prose::{line, lines};
use crate::report::{Output, Report, Verdict};

/// Writes the document.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut points: Vec<(String, Case<'_>)> = Vec::new();
    for target in &report.targets {
        let name = target.target.to_string();
        points.extend(cases(target).into_iter().map(|case| (name.clone(), case)));
    }
    points.extend(run_case(report).map(|case| (report.run.id.clone(), case)));
    writeln!(out, "TAP version 14")?;
    match points.len() {
        0 => writeln!(out, "1..0 # SKIP nothing was asked")?,
        count => writeln!(out, "1..{count}")?,
    }
    let runbook = &report.run.runbook;
    writeln!(
        out,
        "# {}",
        line(&format!("{}: {}", runbook.id, runbook.title))
    )?;
    for (at, (target, case)) in points.iter().enumerate() {
        point(out, at + 1, target, case)?;
    }
    Ok(())
}

fn point(out: &mut dyn Write, number: usize, target: &str, case: &Case<'_>) -> io::Result<()> {
    let ok = match case.verdict {
        Verdict::Pass | Verdict::Skip | Verdict::Warn | Verdict::Flaky => "ok",
        _ => "not ok",
    };
    let name = escaped(&format!("{target} {}", case.id));
    write!(out, "{ok} {number} - {name}")?;
    match case.verdict {
        Verdict::Pass => writeln!(out),
        Verdict::Skip => writeln!(out, " # SKIP {}", escaped(case.headline())),
        _ => {
            writeln!(out)?;
            diagnostic(out, case)
        }
    }
}

fn diagnostic(out: &mut dyn Write, case: &Case<'_>) -> io::Result<()> {
    writeln!(out, "  ---")?;
    pair(out, "verdict", case.verdict.word())?;
    pair(out, "severity", case.severity.word())?;
    let message = lines(case.message.as_deref().unwrap_or_default()).join("\n");
    for (key, text) in [
        ("message", Some(message.as_str())),
        ("hint", case.hint),
        ("url", case.url),
    ] {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            pair(out, key, text)?;
        }
    }
    if let Some(step) = case.step {
        if !step.argv.is_empty() {
            pair(out, "asked", &command(&step.argv))?;
        }
        if let Some(last) = step.attempts.last() {
            let exit = last.exit.map_or("none".into(), |code| code.to_string());
            pair(out, "exit", &exit)?;
            for (key, output) in [("stdout", &last.stdout), ("stderr", &last.stderr)] {
                listed(out, key, output)?;
            }
        }
    }
    writeln!(out, "  ...")
}

fn pair(out: &mut dyn Write, key: &str, text: &str) -> io::Result<()> {
    writeln!(out, "  {key}: {}", quoted(&line(text))?)
}

fn listed(out: &mut dyn Write, key: &str, output: &Output) -> io::Result<()> {
    let excerpt = Excerpt::of(output);
    if excerpt.lines.is_empty() {
        return Ok(());
    }
    writeln!(out, "  {key}:")?;
    if excerpt.before > 0 {
        let text = format!("({} bytes before this are left out)", excerpt.before);
        writeln!(out, "    - {}", quoted(&text)?)?;
    }
    for line in &excerpt.lines {
        writeln!(out, "    - {}", quoted(line)?)?;
    }
    Ok(())
}

/// A string of JSON is one of YAML.
fn quoted(text: &str) -> serde_json::Result<String> {
    serde_json::to_string(text)
}

/// A hash begins a directive, and a backslash escapes it; of what is inert no other character means anything here.
fn escaped(text: &str) -> String {
    line(text).replace('\\', "\\\\").replace('#', "\\#")
}
