//! The report for people: what failed first, why, and what to do next; what holds in a line each; what it all comes to at the end,
//! nearest to the prompt.
//!
//! ```text
//! web-smoke: HTTP, DNS and connections of a web pod
//! run 0123456789abcdef on kind-shop, 2026-01-02T03:04:05Z, 1 target
//!
//! ✗ FAIL shop/web-1, container web, of replicaset/web-7d9f, on node-1
//!   ✗ connections fail 0.012 s
//!       ✗ no-leaked-connections (error): 12 connections on port 80 are in CLOSE_WAIT
//!         hint the application does not close its end
//!       asked  sh -c
//!       | hex=$(printf '%04X' "$port")
//!       exit   0
//!       stdout 36 bytes
//!       | listen=1 established=0 close_wait=12
//!   ✓ http 0.012 s  code=200
//!   container housecall-1b2c3d4e5f, image tools:1, profile general, first answer after 0.312 s
//!   ended     exit 0, Completed, at 03:04:07Z; read back from the API
//!
//! targets 1: 1 fail
//! checks  2: 1 pass, 1 fail
//! exit    1: a check at or above --fail-on does not hold
//! ```

mod page;
mod step;
mod target;

use std::io::{self, Write};

use page::{Page, Tone};

use crate::render::Look;
use crate::render::case::weight;
use crate::render::summary::{meaning, tally};
use crate::render::words::{bytes, counted, seconds};
use crate::report::{Group, Report, Status};

/// Writes the report.
pub(super) fn write(report: &Report, out: &mut dyn Write, look: Look) -> io::Result<()> {
    let mut page = Page::new(look);
    head(&mut page, report);
    let mut order: Vec<_> = report.targets.iter().collect();
    // Fail, error, warn, then the quiet ones; within a status as they were found.
    order.sort_by_key(|entry| std::cmp::Reverse(weight(entry)));
    let alone = report.targets.len() == 1;
    for entry in &order {
        if alone || target::loud(entry) {
            page.blank();
            target::examined(&mut page, entry);
        }
    }
    if !alone && !order.is_empty() {
        page.blank();
        target::table(&mut page, &order);
    }
    page.blank();
    foot(&mut page, report);
    out.write_all(page.text().as_bytes())
}

fn head(page: &mut Page, report: &Report) {
    let run = &report.run;
    page.line(&[
        (Tone::Strong, &run.runbook.id),
        (Tone::Plain, ": "),
        (Tone::Plain, &run.runbook.title),
    ]);
    let targets = counted(report.targets.len() as u64, "target");
    let about = format!(
        "run {} on {}, {}, {targets}",
        run.id,
        run.cluster,
        run.started.strftime("%Y-%m-%dT%H:%M:%SZ")
    );
    page.line(&[(Tone::Faint, &about)]);
}

fn foot(page: &mut Page, report: &Report) {
    for note in &report.notes {
        let text = match &note.target {
            Some(target) => format!("{target}: {}", note.text),
            None => note.text.clone(),
        };
        page.prose(0, (Tone::Unsure, "note   "), Tone::Plain, &text);
    }
    if !report.redactions.is_empty() {
        let rules: Vec<_> = report
            .redactions
            .iter()
            .map(|struck| format!("{} {} times", struck.rule, struck.count))
            .collect();
        page.prose(0, (Tone::Plain, "redacted"), Tone::Plain, &rules.join(", "));
    }
    for group in &report.groups {
        page.prose(0, (Tone::Strong, "alike  "), Tone::Plain, &alike(group));
    }
    let tone = match report.summary.status {
        Status::Pass => Tone::Good,
        Status::Fail => Tone::Bad,
        Status::Warn | Status::Error | Status::Skip => Tone::Unsure,
    };
    let targets = tally(&report.summary.targets);
    page.prose(0, (Tone::Strong, "targets"), tone, &targets);
    let checks = tally(&report.summary.checks);
    page.prose(0, (Tone::Strong, "checks "), Tone::Plain, &checks);
    let exit = match &report.exit {
        None => {
            "none: the run ended before it was settled; what is above is what was seen until then"
                .into()
        }
        Some(exit) => {
            let also: Vec<_> = exit
                .also
                .iter()
                .map(|code| format!("; also {code}: {}", meaning(*code)))
                .collect();
            format!("{}: {}{}", exit.code, meaning(exit.code), also.concat())
        }
    };
    page.prose(0, (Tone::Strong, "exit   "), Tone::Plain, &exit);
}

/// How many targets say the same, and what; who they are where they are few.
fn alike(group: &Group) -> String {
    const NAMED: usize = 3;
    let named: Vec<_> = group
        .targets
        .iter()
        .take(NAMED)
        .map(String::as_str)
        .collect();
    let more = match group.targets.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let status = group.status.word();
    let why = group.reason.as_deref();
    let why = why.map_or_else(String::new, |why| format!(": {why}"));
    format!(
        "{} {status}{why} ({}{more})",
        group.targets.len(),
        named.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_told_by_its_size_and_a_few_of_its_names() {
        let mut group = Group {
            status: Status::Fail,
            reason: Some("http: gave 500".into()),
            targets: ["a", "b", "c", "d", "e"].map(str::to_owned).to_vec(),
        };
        assert_eq!(alike(&group), "5 fail: http: gave 500 (a, b, c and 2 more)");
        group.targets.truncate(1);
        assert_eq!(alike(&group), "1 fail: http: gave 500 (a)");
    }

    #[test]
    fn sizes_are_told_as_people_say_them() {
        assert_eq!(bytes(1), "1 byte");
        assert_eq!(bytes(1023), "1023 bytes");
        assert_eq!(bytes(1536), "1.5 KiB");
        assert_eq!(bytes(8 * 1024 * 1024), "8.0 MiB");
        assert_eq!(bytes(u64::MAX), "16777216.0 TiB");
    }
}
