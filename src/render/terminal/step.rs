//! One step on the page: what was asked, what came back, what was held against it, and what to do about it; or a line when it holds.

use super::page::{Page, Tone};
use super::{bytes, seconds};
use crate::render::case::{holds, waived};
use crate::render::command;
use crate::render::excerpt::{Around, Excerpt};
use crate::report::{AttemptReport, CheckReport, Output, StepReport, Verdict};

/// Facts that the page tells in other ways, or that are whole outputs.
const COMMON: [&str; 5] = ["exit", "stdout", "stderr", "duration", "text"];

/// A step that holds, or that was left out on purpose.
pub(super) fn compact(page: &mut Page, step: &StepReport) {
    let (tone, sign) = mark(page, step.status);
    let mut rest = match step.status {
        Verdict::Skip => " skipped".to_owned(),
        _ => format!(" {}", seconds(step.duration)),
    };
    for text in [step.reason.clone(), facts(step)].into_iter().flatten() {
        rest += "  ";
        rest += &text;
    }
    if step.attempts.last().is_some_and(truncated) {
        rest += "  (output cut at its cap)";
    }
    page.line(&[
        (Tone::Plain, "  "),
        (tone, sign),
        (Tone::Plain, " "),
        (Tone::Strong, &step.id),
        (Tone::Faint, &rest),
    ]);
    known(page, step);
}

/// Whoever answers for a check that is known to fail is named with it.
fn known(page: &mut Page, step: &StepReport) {
    for (id, message) in waived(step) {
        page.prose(6, (Tone::Faint, id), Tone::Faint, message);
    }
}

/// A step that there is something to say of.
pub(super) fn examined(page: &mut Page, step: &StepReport) {
    let (tone, sign) = mark(page, step.status);
    page.line(&[
        (Tone::Plain, "  "),
        (tone, sign),
        (Tone::Plain, " "),
        (Tone::Strong, &step.id),
        (tone, &format!(" {}", step.status.word())),
        (Tone::Faint, &format!(" {}", seconds(step.duration))),
    ]);
    let broken: Vec<_> = step
        .checks
        .iter()
        .filter(|check| !holds(check.status))
        .collect();
    let said = |check: &&CheckReport| check.message == step.reason;
    // The checks of a step that could not look all say why it could not; once is enough.
    let mute = step.status.undetermined() && broken.iter().all(said);
    if let Some(reason) = &step.reason
        && (mute || !broken.iter().any(said))
    {
        page.prose(6, (Tone::Plain, ""), tone, reason);
    }
    if mute {
        let ids: Vec<_> = broken.iter().map(|check| check.id.as_str()).collect();
        page.prose(6, (Tone::Faint, "unjudged"), Tone::Plain, &ids.join(", "));
    } else {
        for check in broken {
            held(page, check);
        }
    }
    known(page, step);
    asked(page, &step.argv);
    if let Some(last) = step.attempts.last() {
        answered(page, step, last);
    }
}

fn held(page: &mut Page, check: &CheckReport) {
    let (tone, sign) = mark(page, check.status);
    let label = format!("{sign} {} ({})", check.id, check.severity.word());
    match &check.message {
        Some(message) => page.prose(6, (tone, &format!("{label}:")), Tone::Plain, message),
        None => page.prose(6, (tone, sign), tone, &label[sign.len()..]),
    }
    for (word, text) in [("hint", &check.hint), ("see ", &check.url)] {
        if let Some(text) = text {
            page.prose(8, (Tone::Strong, word), Tone::Plain, text);
        }
    }
}

/// A script is told by its first lines; anything else by one line, not wrapped, so that it can be pasted.
fn asked(page: &mut Page, argv: &[String]) {
    const LINES: usize = 4;
    let (before, script) = match argv {
        [] => return,
        [before @ .., last] if last.trim().contains('\n') => (before, last.as_str()),
        all => (all, ""),
    };
    page.line(&[
        (Tone::Faint, "      asked  "),
        (Tone::Plain, &command(before)),
    ]);
    let lines: Vec<_> = script.trim_end().lines().collect();
    for line in lines.iter().take(LINES) {
        page.quoted(6, line);
    }
    if lines.len() > LINES {
        let more = format!("      {} more lines", lines.len() - LINES);
        page.line(&[(Tone::Faint, &more)]);
    }
}

fn answered(page: &mut Page, step: &StepReport, last: &AttemptReport) {
    let mut exit = match (last.exit, last.signal) {
        (Some(code), Some(signal)) => format!("{code}, as if by signal {signal}"),
        (Some(code), None) => code.to_string(),
        (None, _) => "none: it did not end by itself".into(),
    };
    if step.attempts.len() > 1 {
        exit += &format!("; the last of {} attempts", step.attempts.len());
    }
    page.prose(6, (Tone::Faint, "exit  "), Tone::Plain, &exit);
    let told = told(step);
    output(page, "stdout", &last.stdout, &told);
    output(page, "stderr", &last.stderr, &told);
}

/// The values that the messages of this step tell of: where they stand in an output is what a reader looks for.
fn told(step: &StepReport) -> Vec<String> {
    const SHORTEST: usize = 2;
    let broken = step.checks.iter().filter(|check| !holds(check.status));
    let messages: Vec<_> = broken
        .filter_map(|check| check.message.as_deref())
        .collect();
    step.facts
        .iter()
        .filter(|(name, _)| !COMMON.contains(&name.as_str()))
        .filter_map(|(_, value)| match value.as_str() {
            Some(text) => Some(text.to_owned()),
            None => value.is_number().then(|| value.to_string()),
        })
        .filter(|value| value.len() >= SHORTEST && !value.contains('\n'))
        .filter(|value| messages.iter().any(|message| message.contains(value)))
        .collect()
}

fn output(page: &mut Page, name: &str, output: &Output, told: &[String]) {
    if output.bytes == 0 && !output.truncated {
        return;
    }
    let excerpt = Excerpt::of(output);
    let mut about = bytes(output.bytes);
    if excerpt.before > 0 {
        about += &format!(", the first {} not shown", bytes(excerpt.before as u64));
    }
    if output.truncated {
        about += ", cut: more came, or may have";
    }
    if excerpt.open && !output.truncated {
        about += ", no line break at the end";
    }
    page.line(&[
        (Tone::Plain, "      "),
        (Tone::Faint, name),
        (Tone::Faint, &format!(" {about}")),
    ]);
    if let Some(around) = Around::of(output, excerpt.before, told) {
        let about = format!("      around line {}", around.number);
        page.line(&[(Tone::Faint, &about)]);
        for line in &around.lines {
            page.quoted(6, line);
        }
        page.line(&[(Tone::Faint, "      the end")]);
    }
    for line in &excerpt.lines {
        page.quoted(6, line);
    }
}

fn facts(step: &StepReport) -> Option<String> {
    const ROOM: usize = 60;
    let told: Vec<_> = step
        .facts
        .iter()
        .filter(|(name, _)| !COMMON.contains(&name.as_str()))
        .filter(|(_, value)| !value.is_array() && !value.is_object() && !value.is_null())
        .map(|(name, value)| match value.as_str() {
            Some(text) => format!("{name}={text}"),
            None => format!("{name}={value}"),
        })
        .collect();
    let text = told.join(" ");
    (!text.is_empty()).then(|| {
        if text.chars().count() <= ROOM {
            text
        } else {
            text.chars().take(ROOM - 3).chain("...".chars()).collect()
        }
    })
}

fn truncated(attempt: &AttemptReport) -> bool {
    attempt.stdout.truncated || attempt.stderr.truncated
}

fn mark(page: &Page, verdict: Verdict) -> (Tone, &'static str) {
    match verdict {
        Verdict::Pass => (Tone::Good, page.sign("✓", "+")),
        Verdict::Warn | Verdict::Flaky => (Tone::Unsure, page.sign("▲", "^")),
        Verdict::Fail => (Tone::Bad, page.sign("✗", "x")),
        Verdict::Skip => (Tone::Faint, "-"),
        Verdict::Error | Verdict::Timeout | Verdict::Unavailable | Verdict::Unreachable => {
            (Tone::Unsure, "?")
        }
    }
}
