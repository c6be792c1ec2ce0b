//! The report for people: trouble first, with what to do next; what is well in one line each.
//!
//! ```text
//! FAIL  shop/web-0  connections: 12 connections on port 80 are in CLOSE_WAIT
//!
//!   fail  connections  sh, 0.02s
//!         no-leaked-connections [error] 12 connections on port 80 are in CLOSE_WAIT
//!         hint: the application does not close its end
//!   pass  http         curl -sS http://localhost:80/, 0.01s
//!
//!   container housecall-1b2c3d4e5f of tools:1, profile general, first answer after 0.31s; ended: exit 0, Completed
//!
//! 1 target: 1 fail · 7 checks: 6 pass, 1 fail · exit 1: a check at or above the fail-on severity does not hold
//! ```

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::excerpt::{clipped, excerpt};
use super::{Look, inert};
use crate::report::{
    AttachReport, CheckReport, Counts, Report, Status, StepReport, TargetReport, Verdict,
};

/// Columns when the terminal's are not known.
const WIDTH: usize = 100;

/// Where the details of a step begin.
const INDENT: &str = "        ";

pub(super) fn render(report: &Report, to: &mut dyn Write, look: Look) -> io::Result<()> {
    let mut page = Page { to, look };
    let mut targets: Vec<_> = report.targets.iter().collect();
    targets.sort_by_key(|target| std::cmp::Reverse(target.status));
    let brief = targets.len() > 1;
    for target in targets {
        page.target(target, brief)?;
    }
    for note in &report.notes {
        let about = note
            .target
            .as_ref()
            .map_or_else(String::new, |target| format!("{}: ", inert(target)));
        page.line(&format!("note: {about}{}", inert(&note.text)))?;
    }
    page.totals(report)
}

struct Page<'a> {
    to: &'a mut dyn Write,
    look: Look,
}

impl Page<'_> {
    fn target(&mut self, target: &TargetReport, brief: bool) -> io::Result<()> {
        let name = inert(&target.target.to_string());
        let mark = self.paint(
            style_of(target.status),
            &format!("{:<5}", target.status.word().to_uppercase()),
        );
        let summary = self.clip(&summary(target), 8 + name.chars().count());
        self.line(&format!("{mark} {name}  {summary}"))?;
        let well = matches!(target.status, Status::Pass | Status::Skip)
            && target.attach.as_ref().is_none_or(|attach| attach.proven);
        if brief && well {
            return Ok(());
        }
        self.line("")?;
        if let Some(reason) = &target.reason {
            self.line(&format!("  {}", inert(reason)))?;
        }
        let (trouble, rest): (Vec<_>, Vec<_>) = target
            .steps
            .iter()
            .partition(|step| !matches!(step.status, Verdict::Pass | Verdict::Skip));
        for step in trouble {
            self.trouble(step)?;
        }
        for step in rest {
            self.heading(step)?;
        }
        if let Some(attach) = &target.attach {
            self.container(attach)?;
        }
        self.line("")
    }

    fn heading(&mut self, step: &StepReport) -> io::Result<()> {
        let mark = self.paint(
            style_of(step.status.status()),
            &format!("{:<11}", step.status.word()),
        );
        let asked = asked(step);
        let what = self.clip(&asked, 40);
        self.line(&format!(
            "  {mark} {:<12} {what}{}",
            inert(&step.id),
            seconds(step)
        ))
    }

    fn trouble(&mut self, step: &StepReport) -> io::Result<()> {
        self.heading(step)?;
        if let Some(reason) = &step.reason
            && !step
                .checks
                .iter()
                .any(|check| check.message.as_ref() == Some(reason))
        {
            self.line(&format!("{INDENT}{}", inert(reason)))?;
        }
        let mut told: Vec<&str> = Vec::new();
        for check in &step.checks {
            if check.status == Verdict::Pass {
                continue;
            }
            // The checks of a step that could not look all say the same; once is enough.
            let message = check.message.as_deref().unwrap_or_default();
            if step.status.undetermined() && told.contains(&message) {
                continue;
            }
            told.push(message);
            self.check(check)?;
        }
        if let Some(attempt) = step.attempts.last() {
            let exit = attempt
                .exit
                .map_or_else(|| "no exit code".into(), |code| format!("exit {code}"));
            self.line(&format!("{INDENT}{exit}"))?;
            self.output("stdout", &attempt.stdout)?;
            self.output("stderr", &attempt.stderr)?;
        }
        Ok(())
    }

    fn check(&mut self, check: &CheckReport) -> io::Result<()> {
        let message = check.message.as_deref().unwrap_or_default();
        self.line(&format!(
            "{INDENT}{} [{}] {}",
            inert(&check.id),
            check.severity.word(),
            inert(message)
        ))?;
        for (word, text) in [("hint", &check.hint), ("see", &check.url)] {
            if let Some(text) = text {
                self.line(&format!("{INDENT}{word}: {}", inert(text)))?;
            }
        }
        Ok(())
    }

    fn output(&mut self, name: &str, output: &crate::report::Output) -> io::Result<()> {
        let gutter = if self.look.ascii { '|' } else { '│' };
        let width = self.width().saturating_sub(INDENT.len() + 2).max(20);
        for (index, line) in excerpt(output, width).iter().enumerate() {
            if index == 0 {
                self.line(&format!("{INDENT}{name}"))?;
            }
            self.line(&format!("{INDENT}{gutter} {line}"))?;
        }
        Ok(())
    }

    fn container(&mut self, attach: &AttachReport) -> io::Result<()> {
        let mut parts = vec![match (&attach.container, &attach.image) {
            (Some(name), Some(image)) => format!(
                "container {} of {}, profile {}",
                inert(name),
                inert(image),
                attach.profile.as_deref().unwrap_or("none")
            ),
            _ => format!("{} shell", attach.mode),
        }];
        if let (Some(asked), Some(answered)) = (attach.requested_at, attach.first_answer_at) {
            let elapsed = answered.duration_since(asked).as_secs_f64();
            parts.push(format!("first answer after {elapsed:.2}s"));
        }
        if let Some(waiting) = &attach.waiting {
            parts.push(format!("never ran: {}", inert(waiting)));
        }
        let end = match (&attach.terminated, attach.proven) {
            (Some(end), true) => format!(
                "ended: exit {}{}",
                end.exit_code,
                end.reason
                    .as_ref()
                    .map_or_else(String::new, |reason| format!(", {}", inert(reason)))
            ),
            (None, true) => "nothing of it runs".into(),
            (_, false) => self.paint(bold(AnsiColor::Red), "NOT PROVEN ENDED"),
        };
        self.line(&format!("\n  {}; {end}", parts.join(", ")))
    }

    fn totals(&mut self, report: &Report) -> io::Result<()> {
        let dot = if self.look.ascii { "-" } else { "·" };
        let mut text = format!(
            "{} {dot} {}",
            counted(&report.summary.targets, "target"),
            counted(&report.summary.checks, "check")
        );
        if let Some(exit) = &report.exit {
            text += &format!(" {dot} exit {}: {}", exit.code, meaning(exit.code));
            if !exit.also.is_empty() {
                let also: Vec<_> = exit.also.iter().map(ToString::to_string).collect();
                text += &format!(" (also {})", also.join(", "));
            }
        }
        self.line(&text)
    }

    fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.to, "{text}")
    }

    fn width(&self) -> usize {
        self.look.width.unwrap_or(WIDTH)
    }

    fn clip(&self, text: &str, taken: usize) -> String {
        clipped(text, self.width().saturating_sub(taken).max(20))
    }

    fn paint(&self, style: Style, text: &str) -> String {
        if self.look.colour {
            format!("{style}{text}{style:#}")
        } else {
            text.into()
        }
    }
}

/// The one line that a target comes to.
fn summary(target: &TargetReport) -> String {
    let worst = target
        .steps
        .iter()
        .filter(|step| !matches!(step.status, Verdict::Pass | Verdict::Skip))
        .max_by_key(|step| step.status.status());
    match (worst, &target.reason) {
        (Some(step), _) => format!(
            "{}: {}",
            inert(&step.id),
            inert(step.reason.as_deref().unwrap_or(step.status.word()))
        ),
        (None, Some(_)) => "not asked".into(),
        (None, None) => format!("{} steps", target.steps.len()),
    }
}

fn asked(step: &StepReport) -> String {
    match step.argv.as_slice() {
        [] => step.reason.as_deref().map_or_else(String::new, inert),
        [_, _, script] if step.kind == "sh" => {
            let lines = script.lines().count();
            format!("sh, {lines} line{}", if lines == 1 { "" } else { "s" })
        }
        argv => inert(&argv.join(" ")),
    }
}

fn seconds(step: &StepReport) -> String {
    if step.attempts.is_empty() {
        String::new()
    } else {
        format!(", {:.2}s", step.duration)
    }
}

fn counted(counts: &Counts, noun: &str) -> String {
    let total = counts.total();
    let parts: Vec<_> = [
        (counts.fail, "fail"),
        (counts.error, "error"),
        (counts.warn, "warn"),
        (counts.pass, "pass"),
        (counts.skip, "skip"),
    ]
    .iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, word)| format!("{count} {word}"))
    .collect();
    let plural = if total == 1 { "" } else { "s" };
    if parts.is_empty() {
        format!("no {noun}s")
    } else {
        format!("{total} {noun}{plural}: {}", parts.join(", "))
    }
}

/// What a code says, in a line.
fn meaning(code: u8) -> &'static str {
    match code {
        0 => "nothing at or above the fail-on severity",
        1 => "a check at or above the fail-on severity does not hold",
        3 => "nothing could be asked",
        4 => "the selector matches nothing",
        5 => "not everything could be looked at",
        6 => "a debug container is not proven ended",
        130 => "interrupted",
        _ => "see the documentation",
    }
}

fn style_of(status: Status) -> Style {
    match status {
        Status::Pass => plain(AnsiColor::Green),
        Status::Warn => plain(AnsiColor::Yellow),
        Status::Error => plain(AnsiColor::Magenta),
        Status::Fail => bold(AnsiColor::Red),
        Status::Skip => Style::new().dimmed(),
    }
}

fn plain(colour: AnsiColor) -> Style {
    Style::new().fg_color(Some(colour.into()))
}

fn bold(colour: AnsiColor) -> Style {
    plain(colour).bold()
}
