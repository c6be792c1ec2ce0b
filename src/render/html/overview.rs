//! The head and the foot of the page: what was run, what it comes to, and what else the reader should know.

use std::io::{self, Write};

use super::check::{Checks, count};
use super::markup::Text;
use super::{COLUMNS, badge};
use crate::render::summary::meaning;
use crate::render::words::{counted, seconds};
use crate::report::{Counts, Group, Report};

/// Names of targets that a group shows.
const NAMED: usize = 8;

/// Writes it, up to the filters; `main` stays open.
pub(super) fn write(out: &mut dyn Write, report: &Report, checks: &Checks) -> io::Result<()> {
    let run = &report.run;
    writeln!(
        out,
        "<header>\n<p class=runbook>{}</p>\n<h1>{} {}</h1>",
        Text(&run.runbook.id),
        badge(report.summary.status),
        Text(&run.runbook.title)
    )?;
    write!(
        out,
        "<p class=run>on <b>{}</b> at <time datetime={1}>{1}</time>",
        Text(&run.cluster),
        run.started.strftime("%Y-%m-%dT%H:%M:%SZ")
    )?;
    if let Some(finished) = run.finished {
        let took = finished.duration_since(run.started).as_secs_f64();
        write!(out, ", took {}", seconds(took))?;
    }
    writeln!(
        out,
        ", run <code>{}</code></p>\n</header>\n<main>",
        Text(&run.id)
    )?;
    writeln!(
        out,
        "<section class=overview aria-labelledby=overview-head>\n<h2 id=overview-head>Overview</h2>\n<div class=tiles>"
    )?;
    tile(out, "target", &report.summary.targets)?;
    tile(out, "check", &report.summary.checks)?;
    exit(out, report)?;
    writeln!(out, "</div>")?;
    asides(out, report)?;
    writeln!(out, "</section>")?;
    if report.targets.len() > 1 && !checks.all.is_empty() {
        checks.write(out)?;
    }
    Ok(())
}

/// A total, a bar of its parts, and each part in words.
fn tile(out: &mut dyn Write, noun: &str, counts: &Counts) -> io::Result<()> {
    let total = counts.total();
    let all = counted(total, noun);
    writeln!(out, "<div class=tile>\n<p class=total>{all}</p>")?;
    if total > 0 {
        write!(
            out,
            "<svg class=parts viewBox=\"0 0 1000 10\" preserveAspectRatio=none aria-hidden=true>"
        )?;
        let mut x = 0;
        for column in &COLUMNS {
            let part = count(counts, column.status)
                .saturating_mul(1000)
                .checked_div(total);
            if let Some(part @ 1..) = part {
                write!(
                    out,
                    "<rect class={} x={x} width={part} height=10 />",
                    column.class
                )?;
                x += part;
            }
        }
        writeln!(out, "</svg>")?;
    }
    writeln!(out, "<ul>")?;
    for column in &COLUMNS {
        let part = count(counts, column.status);
        if part > 0 {
            writeln!(
                out,
                "<li class={}><span aria-hidden=true>{}</span> {part} {}</li>",
                column.class, column.sign, column.word
            )?;
        }
    }
    writeln!(out, "</ul>\n</div>")
}

fn exit(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    writeln!(out, "<div class=tile>")?;
    match &report.exit {
        None => writeln!(
            out,
            "<p class=total>no exit code</p><p>the run ended before it was settled; what is here was seen until then</p>"
        )?,
        Some(exit) => {
            writeln!(
                out,
                "<p class=total>exit {}</p><p>{}</p>",
                exit.code,
                meaning(exit.code)
            )?;
            for code in &exit.also {
                writeln!(out, "<p class=also>also {code}: {}</p>", meaning(*code))?;
            }
        }
    }
    writeln!(out, "</div>")
}

/// Groups, notes, redactions, params.
fn asides(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    if !report.groups.is_empty() {
        writeln!(out, "<h3>Alike</h3>\n<ul class=notes>")?;
        for group in &report.groups {
            alike(out, group)?;
        }
        writeln!(out, "</ul>")?;
    }
    if !report.notes.is_empty() {
        writeln!(out, "<h3>Notes</h3>\n<ul class=notes>")?;
        for note in &report.notes {
            write!(out, "<li>")?;
            if let Some(target) = &note.target {
                write!(out, "<b>{}</b>: ", Text(target))?;
            }
            writeln!(out, "{}</li>", Text(&note.text))?;
        }
        writeln!(out, "</ul>")?;
    }
    if !report.run.params.is_empty() {
        let count = report.run.params.len() as u64;
        writeln!(
            out,
            "<details class=output><summary>params <span>{count}</span></summary><dl>"
        )?;
        for (name, value) in &report.run.params {
            let value = match value.as_str() {
                Some(text) => text.to_owned(),
                None => value.to_string(),
            };
            writeln!(out, "<dt>{}</dt><dd>{}</dd>", Text(name), Text(&value))?;
        }
        writeln!(out, "</dl></details>")?;
    }
    Ok(())
}

fn alike(out: &mut dyn Write, group: &Group) -> io::Result<()> {
    write!(
        out,
        "<li>{} {}",
        badge(group.status),
        counted(group.targets.len() as u64, "target")
    )?;
    if let Some(reason) = &group.reason {
        write!(out, ": {}", Text(reason))?;
    }
    let named: Vec<_> = group.targets.iter().take(NAMED).cloned().collect();
    let more = group.targets.len() - named.len();
    write!(out, " <span class=gist>{}", Text(&named.join(", ")))?;
    if more > 0 {
        write!(out, " and {more} more")?;
    }
    writeln!(out, "</span></li>")
}

/// What the page itself is.
pub(super) fn foot(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    write!(
        out,
        "<footer>\n<p>housecall {}, runbook digest <code>{}</code>",
        Text(&report.run.version),
        Text(&report.run.runbook.digest)
    )?;
    if !report.redactions.is_empty() {
        let struck: Vec<_> = report
            .redactions
            .iter()
            .map(|struck| format!("{} {} times", struck.rule, struck.count))
            .collect();
        write!(out, "; redacted: {}", Text(&struck.join(", ")))?;
    }
    writeln!(
        out,
        "</p>\n<p>What cannot be seen is written out <i>\\x1b</i> like this. All times are UTC.</p>\n</footer>"
    )
}
