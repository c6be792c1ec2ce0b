//! Prometheus text exposition (0.0.4), for the textfile collector of the node exporter, or to be pushed.
//!
//! ```text
//! # HELP housecall_targets Targets of the run by what each comes to.
//! # TYPE housecall_targets gauge
//! housecall_targets{runbook="web-smoke",cluster="kind-shop",status="fail"} 1
//! ```
//!
//! Series are those of a run, and of each of its checks: how many there are depends on the runbook, not on how many pods there were, and
//! beyond 500 checks the rest is only counted. No pod is a label, or every rollout would leave its series behind.

use std::collections::HashMap;
use std::io::{self, Write};

use super::case::cases;
use super::prose::within;
use crate::report::{Counts, Report, Status};

/// Checks that have series of their own at most.
const MOST: usize = 500;

/// Characters of a label's value at most.
const LABEL: usize = 200;

/// The columns of a summary, in its order.
const COLUMNS: [Status; 5] = [
    Status::Pass,
    Status::Warn,
    Status::Fail,
    Status::Error,
    Status::Skip,
];

/// Writes the metrics.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let run = &report.run;
    let common = [
        label("runbook", &run.runbook.id),
        label("cluster", &run.cluster),
    ]
    .join(",");
    let mut page = Page { out, common };

    let ended = run.finished.unwrap_or(run.started);
    page.family(
        "run_timestamp_seconds",
        "When the run ended, or began where its end was never told.",
    )?;
    page.sample(
        "run_timestamp_seconds",
        "",
        &seconds(ended.as_millisecond()),
    )?;
    page.family("run_duration_seconds", "How long the run took.")?;
    let took = ended.as_millisecond() - run.started.as_millisecond();
    page.sample("run_duration_seconds", "", &seconds(took))?;
    page.family(
        "run_complete",
        "1 where the run was settled, 0 where it was cut short.",
    )?;
    page.sample(
        "run_complete",
        "",
        if report.exit.is_some() { "1" } else { "0" },
    )?;
    if let Some(exit) = &report.exit {
        page.family(
            "run_exit_code",
            "Exit code of the run; 0 where all was looked at and holds.",
        )?;
        page.sample("run_exit_code", "", &exit.code.to_string())?;
    }

    let summary = &report.summary;
    for (name, help, counts) in [
        (
            "targets",
            "Targets of the run by what each comes to.",
            &summary.targets,
        ),
        (
            "checks",
            "Checks of the run by what each comes to.",
            &summary.checks,
        ),
    ] {
        page.family(name, help)?;
        for status in COLUMNS {
            page.sample(
                name,
                &label("status", status.word()),
                &counts.of(status).to_string(),
            )?;
        }
    }
    page.family(
        "containers_unproven",
        "Debug containers that are not proven ended.",
    )?;
    let unproven = report
        .targets
        .iter()
        .filter_map(|target| target.attach.as_ref());
    let unproven = unproven.filter(|attach| !attach.proven).count();
    page.sample("containers_unproven", "", &unproven.to_string())?;

    checks(&mut page, report)
}

/// A check over all targets.
struct Check {
    /// Its labels.
    key: String,
    counts: Counts,
    /// Targets for which it is waived.
    waived: u64,
}

fn checks(page: &mut Page<'_>, report: &Report) -> io::Result<()> {
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut all: Vec<Check> = Vec::new();
    for case in report.targets.iter().flat_map(cases) {
        let key = [
            label("check", &case.id),
            label("severity", case.severity.word()),
        ]
        .join(",");
        let place = *places.entry(key).or_insert_with_key(|key| {
            all.push(Check {
                key: key.clone(),
                counts: Counts::default(),
                waived: 0,
            });
            all.len() - 1
        });
        all[place].counts.add(case.verdict.status());
        all[place].waived += u64::from(case.is_waived());
    }
    page.family(
        "check_targets",
        "Targets by what a check comes to for each.",
    )?;
    for check in all.iter().take(MOST) {
        for status in COLUMNS {
            let labels = format!("{},{}", check.key, label("status", status.word()));
            let count = check.counts.of(status).to_string();
            page.sample("check_targets", &labels, &count)?;
        }
    }
    page.family(
        "check_waived_targets",
        "Targets for which a check does not hold, and is known to: it is skipped.",
    )?;
    for check in all.iter().take(MOST).filter(|check| check.waived > 0) {
        page.sample(
            "check_waived_targets",
            &check.key,
            &check.waived.to_string(),
        )?;
    }
    page.family(
        "checks_untold",
        "Checks beyond the first 500, which have no series of their own.",
    )?;
    page.sample(
        "checks_untold",
        "",
        &all.len().saturating_sub(MOST).to_string(),
    )
}

struct Page<'a> {
    out: &'a mut dyn Write,
    common: String,
}

impl Page<'_> {
    fn family(&mut self, name: &str, help: &str) -> io::Result<()> {
        writeln!(self.out, "# HELP housecall_{name} {help}")?;
        writeln!(self.out, "# TYPE housecall_{name} gauge")
    }

    fn sample(&mut self, name: &str, labels: &str, value: &str) -> io::Result<()> {
        let gap = if labels.is_empty() { "" } else { "," };
        writeln!(
            self.out,
            "housecall_{name}{{{}{gap}{labels}}} {value}",
            self.common
        )
    }
}

/// Of what is inert only these two mean anything between quotes.
fn label(name: &str, value: &str) -> String {
    let value = within(value, LABEL)
        .replace('\\', "\\\\")
        .replace('"', "\\\"");
    format!("{name}=\"{value}\"")
}

/// Milliseconds as seconds.
fn seconds(milliseconds: i64) -> String {
    let milliseconds = milliseconds.max(0);
    format!("{}.{:03}", milliseconds / 1000, milliseconds % 1000)
}
