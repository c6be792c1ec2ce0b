//! The checks of a whole report: each once, numbered, with how it went over all targets.

use std::collections::HashMap;
use std::io::{self, Write};

use super::COLUMNS;
use super::markup::Text;
use crate::report::{Counts, Report, Severity, Status};

/// One check over all targets.
pub(super) struct Check<'a> {
    pub(super) step: &'a str,
    pub(super) id: &'a str,
    pub(super) severity: Severity,
    pub(super) counts: Counts,
}

impl Check<'_> {
    /// Step and check, as people tell it from others.
    pub(super) fn name(&self) -> String {
        format!("{} / {}", self.step, self.id)
    }
}

/// Every check in the order of its first appearance; its number there is what the page knows it by.
pub(super) struct Checks<'a> {
    pub(super) all: Vec<Check<'a>>,
    numbers: HashMap<(&'a str, &'a str), usize>,
}

impl<'a> Checks<'a> {
    /// Of a report.
    pub(super) fn of(report: &'a Report) -> Self {
        let mut checks = Self {
            all: Vec::new(),
            numbers: HashMap::new(),
        };
        for step in report.targets.iter().flat_map(|entry| &entry.steps) {
            for check in &step.checks {
                let number = *checks
                    .numbers
                    .entry((&step.id, &check.id))
                    .or_insert_with(|| {
                        checks.all.push(Check {
                            step: &step.id,
                            id: &check.id,
                            severity: check.severity,
                            counts: Counts::default(),
                        });
                        checks.all.len() - 1
                    });
                checks.all[number].counts.add(check.status.status());
            }
        }
        checks
    }

    /// Its number.
    pub(super) fn number(&self, step: &str, check: &str) -> usize {
        self.numbers.get(&(step, check)).copied().unwrap_or(0)
    }

    /// A table of all, those with trouble first.
    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut order: Vec<_> = self.all.iter().enumerate().collect();
        order.sort_by_key(|(_, check)| {
            let counts = &check.counts;
            std::cmp::Reverse((counts.fail, counts.error, counts.warn))
        });
        writeln!(
            out,
            "<section aria-labelledby=checks-head>\n<h2 id=checks-head>Checks</h2>\n<div class=wide tabindex=0 role=group aria-label=\"Checks over all targets\"><table class=checks>\n<thead><tr><th scope=col>Step / check</th><th scope=col>Severity</th>"
        )?;
        for column in &COLUMNS {
            write!(
                out,
                "<th scope=col><span aria-hidden=true>{}</span> {}</th>",
                column.sign, column.word
            )?;
        }
        writeln!(out, "</tr></thead>\n<tbody>")?;
        for (number, check) in order {
            write!(
                out,
                "<tr><th scope=row data-pick={number}>{} / {}</th><td>{}</td>",
                Text(check.step),
                Text(check.id),
                check.severity.word()
            )?;
            for column in &COLUMNS {
                match count(&check.counts, column.status) {
                    0 => write!(out, "<td class=none>0</td>")?,
                    some => write!(out, "<td class={}>{some}</td>", column.class)?,
                }
            }
            writeln!(out, "</tr>")?;
        }
        writeln!(out, "</tbody></table></div>\n</section>")
    }
}

/// The count of one column.
pub(super) fn count(counts: &Counts, status: Status) -> u64 {
    match status {
        Status::Pass => counts.pass,
        Status::Warn => counts.warn,
        Status::Fail => counts.fail,
        Status::Error => counts.error,
        Status::Skip => counts.skip,
    }
}
