//! One step: a line with its place in time, and under it what was asked, what came back and what was held against it.

use std::io::{self, Write};

use jiff::Timestamp;
use serde_json::Value;

use super::check::Checks;
use super::markup::{Plain, Text, leads};
use super::output::{self, Share};
use super::verdict;
use crate::render::case::{holds, quiet};
use crate::render::command;
use crate::render::order::COMMON;
use crate::render::words::{bytes, seconds};
use crate::report::{AttemptReport, CheckReport, Phase, StepReport};

/// The stretch of time that the steps of one target are drawn on.
#[derive(Clone, Copy)]
pub(super) struct Stretch {
    /// Where it begins.
    pub(super) start: Timestamp,
    /// How long it is, in seconds; above 0.
    pub(super) length: f64,
}

/// Writes the step. `id` is what the page knows it by.
pub(super) fn write(
    out: &mut dyn Write,
    id: &str,
    step: &StepReport,
    stretch: Option<Stretch>,
    checks: &Checks,
    share: &Share,
) -> io::Result<()> {
    let open = if quiet(step) { "" } else { " open" };
    let class = super::column(step.status.status()).class;
    write!(
        out,
        "<details class=step id={id} data-status={class}{open}><summary>{}<h4>{}</h4><span class=kind>{}</span>",
        verdict(step.status),
        Text(&step.id),
        Text(&step.kind)
    )?;
    write!(out, "<span class=gist>{}</span>", Plain(&gist(step)))?;
    when(out, step, stretch)?;
    write!(out, "</summary><div class=body>")?;
    told(out, step)?;
    if !step.checks.is_empty() {
        write!(out, "<ul class=held>")?;
        for check in &step.checks {
            held(out, check, checks.number(&step.id, &check.id))?;
        }
        write!(out, "</ul>")?;
    }
    asked(out, &step.argv, share)?;
    for (number, attempt) in step.attempts.iter().enumerate() {
        answered(out, attempt, number + 1, step.attempts.len(), share)?;
    }
    facts(out, step)?;
    for kept in &step.artifacts {
        writeln!(
            out,
            "<p class=kept>kept <code>{}</code> from <code>{}</code>, {}, sha256 <code>{}</code></p>",
            Text(&kept.name),
            Text(&kept.path),
            bytes(kept.bytes),
            Text(&kept.sha256)
        )?;
    }
    writeln!(out, "</div></details>")
}

/// What there is to say in the rest of a line.
fn gist(step: &StepReport) -> String {
    const ROOM: usize = 160;
    let text = match &step.reason {
        Some(reason) => reason.lines().next().unwrap_or_default().to_owned(),
        None => {
            let told: Vec<_> = scalars(step)
                .map(|(name, value)| match value.as_str() {
                    Some(text) => format!("{name}={}", text.lines().next().unwrap_or_default()),
                    None => format!("{name}={value}"),
                })
                .take(8)
                .collect();
            told.join(" ")
        }
    };
    if text.chars().count() <= ROOM {
        return text;
    }
    text.chars().take(ROOM).chain(['…']).collect()
}

fn scalars(step: &StepReport) -> impl Iterator<Item = (&String, &Value)> {
    let own = |name: &str| !COMMON.contains(&name) && name != "body";
    step.facts
        .iter()
        .filter(move |(name, _)| own(name))
        .filter(|(_, value)| {
            !value.is_array() && !value.is_object() && !value.is_null() && *value != ""
        })
}

/// A bar on the target's line of time, and how long it took. The bar is drawn by attributes, because the policy allows no style of
/// an element's own.
fn when(out: &mut dyn Write, step: &StepReport, stretch: Option<Stretch>) -> io::Result<()> {
    let (Some(stretch), Some(started)) = (stretch, step.started) else {
        return write!(out, "<span class=time></span>");
    };
    let after = started.duration_since(stretch.start).as_secs_f64().max(0.0);
    let per_mille = 1000.0 / stretch.length;
    let width = (step.duration * per_mille).clamp(6.0, 1000.0);
    let x = (after * per_mille).clamp(0.0, 1000.0 - width);
    write!(
        out,
        "<svg class=bar viewBox=\"0 0 1000 10\" preserveAspectRatio=none aria-hidden=true><rect x={x:.0} width={width:.0} height=10 /></svg>\
         <span class=time>{}<span class=for> after {}</span></span>",
        seconds(step.duration),
        seconds(after)
    )
}

fn told(out: &mut dyn Write, step: &StepReport) -> io::Result<()> {
    let said = |check: &CheckReport| check.message == step.reason && !holds(check.status);
    if let Some(reason) = &step.reason
        && !step.checks.iter().any(said)
    {
        writeln!(out, "<p class=reason>{}</p>", Text(reason))?;
    }
    match step.phase {
        Phase::Steps => Ok(()),
        Phase::OnFail => writeln!(out, "<p class=phase>asked because a check has failed</p>"),
        Phase::Finally => writeln!(
            out,
            "<p class=phase>asked at the end, whatever came before; it counts for nothing</p>"
        ),
    }
}

fn held(out: &mut dyn Write, check: &CheckReport, number: usize) -> io::Result<()> {
    write!(
        out,
        "<li data-check={number}>{} <b>{}</b>",
        verdict(check.status),
        Text(&check.id)
    )?;
    if !holds(check.status) {
        let severity = check.severity.word();
        write!(out, " <span class=severity>severity {severity}</span>")?;
    }
    if let Some(message) = &check.message {
        write!(out, "<p class=message>{}</p>", Text(message))?;
    }
    if let Some(hint) = &check.hint {
        write!(out, "<p class=hint><b>hint</b> {}</p>", Text(hint))?;
    }
    if let Some(url) = &check.url {
        write!(out, "<p class=hint><b>see</b> ")?;
        if leads(url) {
            write!(
                out,
                "<a href=\"{}\" rel=\"noopener noreferrer\" target=_blank>{}</a></p>",
                Plain(url),
                Text(url)
            )?;
        } else {
            write!(out, "{}</p>", Text(url))?;
        }
    }
    write!(out, "</li>")
}

fn asked(out: &mut dyn Write, argv: &[String], share: &Share) -> io::Result<()> {
    let (before, script) = match argv {
        [] => return Ok(()),
        [before @ .., last] if last.trim().contains('\n') => (before, Some(last)),
        all => (all, None),
    };
    if !before.is_empty() {
        output::line(out, "asked", &command(before))?;
    }
    script.map_or(Ok(()), |script| {
        output::script(out, script.trim_end(), share)
    })
}

fn answered(
    out: &mut dyn Write,
    attempt: &AttemptReport,
    number: usize,
    of: usize,
    share: &Share,
) -> io::Result<()> {
    write!(out, "<p class=exit>")?;
    if of > 1 {
        write!(out, "attempt {number} of {of}: ")?;
    }
    match (attempt.exit, attempt.signal) {
        (Some(code), Some(signal)) => write!(out, "exit {code}, as if by signal {signal}")?,
        (Some(code), None) => write!(out, "exit {code}")?,
        (None, _) => write!(out, "it did not end by itself")?,
    }
    write!(out, ", {}</p>", seconds(attempt.duration))?;
    output::write(out, "stdout", &attempt.stdout, share)?;
    output::write(out, "stderr", &attempt.stderr, share)
}

/// What was learnt, in a folded table.
fn facts(out: &mut dyn Write, step: &StepReport) -> io::Result<()> {
    let own = |name: &str| !COMMON.contains(&name);
    let count = step.facts.keys().filter(|name| own(name)).count();
    if count == 0 {
        return Ok(());
    }
    write!(
        out,
        "<details class=output><summary>facts <span>{count}</span></summary><dl>"
    )?;
    for (name, value) in step.facts.iter().filter(|(name, _)| own(name)) {
        let text = match value.as_str() {
            Some(text) => text.to_owned(),
            None => value.to_string(),
        };
        write!(out, "<dt>{}</dt><dd>{}</dd>", Text(name), Text(&text))?;
    }
    write!(out, "</dl></details>")
}
