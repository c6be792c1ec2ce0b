//! One target: who it is, how it was reached and left, and its steps on one line of time.

use std::io::{self, Write};

use super::badge;
use super::check::Checks;
use super::markup::{Plain, Text};
use super::output::Share;
use super::step::{self, Stretch};
use crate::render::case::quiet;
use crate::render::order::unproven;
use crate::render::words::{counted, seconds};
use crate::report::{AttachReport, TargetReport};

/// Writes the target. `index` is its place in the report, and what the page knows it by.
pub(super) fn write(
    out: &mut dyn Write,
    index: usize,
    entry: &TargetReport,
    open: bool,
    checks: &Checks,
    share: &Share,
) -> io::Result<()> {
    let open = if open { " open" } else { "" };
    let name = entry.target.to_string();
    let class = super::column(entry.status).class;
    writeln!(
        out,
        "<details class=target id=t{index} data-target={index} data-status={class}{open}><summary>{}<h3>{}</h3><span class=gist>{}</span><span class=time>{}</span></summary>",
        badge(entry.status),
        Text(&name),
        Plain(&gist(entry)),
        counted(entry.steps.len() as u64, "step"),
    )?;
    writeln!(out, "<div class=about>")?;
    if unproven(entry) {
        writeln!(
            out,
            "<p class=alarm><b><span aria-hidden=true>‼</span> Not proven ended.</b> Something of this run may still be running there; it ends by itself at its deadline. <code>housecall containers</code> shows it.</p>"
        )?;
    }
    if let Some(reason) = &entry.reason {
        writeln!(out, "<p class=reason>{}</p>", Text(reason))?;
    }
    writeln!(out, "<dl class=place>")?;
    place(out, entry)?;
    writeln!(out, "</dl>\n</div>\n<div class=steps>")?;
    let stretch = stretch(entry);
    for (number, step) in entry.steps.iter().enumerate() {
        let id = format!("t{index}-s{number}");
        step::write(out, &id, step, stretch, checks, share)?;
    }
    writeln!(out, "</div></details>")
}

/// What there is to say in the rest of a line.
fn gist(entry: &TargetReport) -> String {
    const NAMED: usize = 4;
    if unproven(entry) {
        return "not proven ended".into();
    }
    let loud: Vec<_> = entry.steps.iter().filter(|step| !quiet(step)).collect();
    if loud.is_empty() {
        let reason = entry.reason.as_deref().and_then(|text| text.lines().next());
        return reason.unwrap_or_default().chars().take(160).collect();
    }
    let mut told: Vec<_> = loud
        .iter()
        .take(NAMED)
        .map(|step| format!("{} {}", step.id, step.status.word()))
        .collect();
    if loud.len() > NAMED {
        told.push(format!("{} more", loud.len() - NAMED));
    }
    told.join(", ").chars().take(240).collect()
}

/// From the first request to the end of the last step.
fn stretch(entry: &TargetReport) -> Option<Stretch> {
    let asked = entry.steps.iter().filter_map(|step| step.started);
    let requested = entry.attach.as_ref().and_then(|attach| attach.requested_at);
    let start = asked.chain(requested).min()?;
    let length = entry
        .steps
        .iter()
        .filter_map(|step| {
            let after = step.started?.duration_since(start).as_secs_f64();
            Some(after + step.duration)
        })
        .fold(0.0, f64::max);
    (length > 0.0).then_some(Stretch { start, length })
}

fn place(out: &mut dyn Write, entry: &TargetReport) -> io::Result<()> {
    let target = &entry.target;
    let labels: Vec<_> = target
        .labels
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    let labels = (!labels.is_empty()).then(|| labels.join(", "));
    for (word, value) in [
        ("container", &target.container),
        ("owner", &target.owner),
        ("node", &target.node),
        ("labels", &labels),
    ] {
        row(out, word, value.as_deref())?;
    }
    if let Some(attach) = &entry.attach {
        reached(out, attach)?;
    }
    Ok(())
}

fn row(out: &mut dyn Write, word: &str, value: Option<&str>) -> io::Result<()> {
    value.map_or(Ok(()), |value| {
        writeln!(out, "<div><dt>{word}</dt><dd>{}</dd></div>", Text(value))
    })
}

fn reached(out: &mut dyn Write, attach: &AttachReport) -> io::Result<()> {
    if attach.container.is_some() {
        let way = format!("{}, {}", attach.mode, attach.transport);
        row(out, "mode", Some(&way))?;
    }
    for (word, value) in [
        ("debug container", &attach.container),
        ("in pod", &attach.pod),
        ("image", &attach.image),
        ("profile", &attach.profile),
        ("asked for profile", &attach.profile_asked),
        ("user", &attach.run_as),
        ("waiting", &attach.waiting),
    ] {
        row(out, word, value.as_deref())?;
    }
    if let (Some(asked), Some(answered)) = (attach.requested_at, attach.first_answer_at) {
        let took = answered.duration_since(asked).as_secs_f64();
        row(
            out,
            "first answer",
            Some(&format!("after {}", seconds(took))),
        )?;
    }
    let ended = match (&attach.terminated, attach.proven) {
        (Some(end), true) => {
            let reason = end.reason.as_ref().map(|it| format!(", {it}"));
            let at = end.finished_at;
            let at = at.map(|at| format!(", at {}", at.strftime("%H:%M:%SZ")));
            let how = match attach.container {
                Some(_) => "; read back from the API",
                None => "; waited for",
            };
            [
                format!("exit {}", end.exit_code),
                reason.unwrap_or_default(),
                at.unwrap_or_default(),
                how.into(),
            ]
            .concat()
        }
        (None, true) => "nothing of ours is running there".into(),
        (_, false) => "not proven".into(),
    };
    row(out, "ended", Some(&ended))
}
