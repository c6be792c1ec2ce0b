//! Annotations of GitHub Actions: workflow commands for stdout, which the runner shows beside the run.
//!
//! ```text
//! ::error title=connections/no-leaked-connections (fail)::12 connections on port 80 are in CLOSE_WAIT%0Aon shop/web-1
//! ::notice title=web-smoke::targets 1: 1 fail
//! ```
//!
//! What is found, and what could not be looked at, is an error; warnings and flaky checks are warnings. What many targets have alike is
//! one annotation, because of each level the runner shows ten for a step. Data and properties are percent-encoded as
//! `actions/toolkit` does (`packages/core/src/command.ts`), so whatever a pod wrote it stays within its own command.

use std::collections::HashMap;
use std::io::{self, Write};

use super::case::{Case, cases, run_case};
use super::prose::{line, lines};
use super::summary::tally;
use crate::report::{Report, Verdict};

/// Annotations of one level that are shown for a step.
const SHOWN: usize = 10;

/// Targets that are named in one annotation.
const NAMED: usize = 5;

/// Writes the commands, one a line.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut found = Found::default();
    for target in &report.targets {
        for case in cases(target) {
            found.add(&target.target.to_string(), case);
        }
    }
    if let Some(case) = run_case(report) {
        found.add(&report.run.id, case);
    }
    // Of the notices the last is the summary.
    for (level, shown) in [("error", SHOWN), ("warning", SHOWN), ("notice", SHOWN - 1)] {
        let all: Vec<_> = found.all.iter().filter(|one| one.level == level).collect();
        // The last place is kept for saying how many there is no room for.
        let room = if all.len() > shown { shown - 1 } else { shown };
        for one in all.iter().take(room) {
            let case = &one.case;
            let title = format!("{} ({})", line(&case.id), case.verdict.word());
            let mut text = lines(case.message.as_deref().unwrap_or(case.verdict.word()));
            text.extend(case.hint.map(|hint| format!("hint: {}", line(hint))));
            text.extend(case.url.map(|url| format!("see: {}", line(url))));
            text.push(one.whom());
            command(out, level, &title, &text.join("\n"))?;
        }
        if all.len() > room {
            let more = format!(
                "{} more; the job's log and report have all",
                all.len() - room
            );
            command(out, level, &line(&report.run.runbook.id), &more)?;
        }
    }
    let summary = &report.summary;
    let text = format!(
        "targets {}\nchecks {}",
        tally(&summary.targets),
        tally(&summary.checks)
    );
    command(out, "notice", &line(&report.run.runbook.id), &text)
}

/// What does not hold, once for all targets that have it alike.
#[derive(Default)]
struct Found<'a> {
    all: Vec<One<'a>>,
    places: HashMap<(String, &'static str, String), usize>,
}

struct One<'a> {
    level: &'static str,
    case: Case<'a>,
    targets: Vec<String>,
}

impl<'a> Found<'a> {
    fn add(&mut self, target: &str, case: Case<'a>) {
        let level = match case.verdict {
            Verdict::Skip if case.is_waived() => "notice",
            Verdict::Pass | Verdict::Skip => return,
            Verdict::Warn | Verdict::Flaky => "warning",
            _ => "error",
        };
        let key = (
            case.id.clone(),
            case.verdict.word(),
            case.headline().to_owned(),
        );
        match self.places.get(&key) {
            Some(place) => self.all[*place].targets.push(target.into()),
            None => {
                self.places.insert(key, self.all.len());
                let targets = vec![target.into()];
                self.all.push(One {
                    level,
                    case,
                    targets,
                });
            }
        }
    }
}

impl One<'_> {
    fn whom(&self) -> String {
        let named: Vec<_> = self
            .targets
            .iter()
            .take(NAMED)
            .map(|name| line(name))
            .collect();
        let more = match self.targets.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("on {}{more}", named.join(", "))
    }
}

fn command(out: &mut dyn Write, level: &str, title: &str, text: &str) -> io::Result<()> {
    writeln!(out, "::{level} title={}::{}", property(title), data(text))
}

fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
