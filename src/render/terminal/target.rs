//! One target on the page: how it was reached, what was found, and whether anything of ours may still be running; or a line of the
//! table when there are many.

use super::page::{Page, Tone};
use super::{counted, seconds, step};
use crate::render::case::{quiet, weight};
use crate::report::{AttachReport, Status, TargetReport};
use crate::target::TargetKind;

/// Lines of the table for targets that have nothing to tell.
const QUIET: usize = 50;

/// True of a target that is told in full beside others.
pub(super) fn loud(entry: &TargetReport) -> bool {
    weight(entry) > 1
}

/// The target in full.
pub(super) fn examined(page: &mut Page, entry: &TargetReport) {
    let (tone, sign, word) = mark(page, entry.status);
    page.line(&[
        (tone, sign),
        (Tone::Plain, " "),
        (tone, word),
        (Tone::Plain, " "),
        (Tone::Strong, &entry.target.to_string()),
        (Tone::Faint, &place(entry)),
    ]);
    if let Some(reason) = &entry.reason {
        page.prose(2, (Tone::Plain, ""), tone, reason);
    }
    let unproven = entry.attach.as_ref().filter(|attach| !attach.proven);
    if let Some(attach) = unproven {
        warn(page, entry, attach);
    }
    let (quiet, loud): (Vec<_>, Vec<_>) = entry.steps.iter().partition(|step| quiet(step));
    for step in loud {
        step::examined(page, step);
    }
    for step in quiet {
        step::compact(page, step);
    }
    if let Some(attach) = &entry.attach {
        reached(page, attach);
    }
}

/// Every target in a line; of those that pass, the first 50.
pub(super) fn table(page: &mut Page, order: &[&TargetReport]) {
    let names: Vec<_> = order.iter().map(|entry| entry.target.to_string()).collect();
    let width = names
        .iter()
        .map(|name| name.chars().count())
        .max()
        .unwrap_or(0)
        .min(60);
    let loud = order.iter().filter(|entry| loud(entry)).count();
    for (entry, name) in order.iter().zip(&names).take(loud + QUIET) {
        let (tone, sign, word) = mark(page, entry.status);
        let gist = format!("  {}", gist(entry));
        page.line(&[
            (tone, sign),
            (tone, &format!(" {word:<5}")),
            (Tone::Plain, &format!("  {name:<width$}")),
            (Tone::Faint, &gist),
        ]);
    }
    let more = order.len().saturating_sub(loud + QUIET);
    if more > 0 {
        let word = counted(more as u64, "target");
        let text = format!("  and {word} more of these; -o json lists every one");
        page.line(&[(Tone::Faint, &text)]);
    }
}

/// What there is to say in the rest of a line.
fn gist(entry: &TargetReport) -> String {
    const ROOM: usize = 60;
    let unproven = entry.attach.as_ref().is_some_and(|attach| !attach.proven);
    let trouble: Vec<_> = entry
        .steps
        .iter()
        .filter(|step| !quiet(step))
        .map(|step| format!("{} {}", step.id, step.status.word()))
        .collect();
    let text = if unproven {
        "not proven ended".into()
    } else if !trouble.is_empty() {
        trouble.join(", ")
    } else if let Some(reason) = &entry.reason {
        reason.lines().next().unwrap_or_default().to_owned()
    } else {
        let took = entry.steps.iter().map(|step| step.duration).sum();
        format!(
            "{}, {}",
            counted(entry.steps.len() as u64, "step"),
            seconds(took)
        )
    };
    if text.chars().count() <= ROOM {
        return text;
    }
    text.chars().take(ROOM - 3).chain("...".chars()).collect()
}

fn mark(page: &Page, status: Status) -> (Tone, &'static str, &'static str) {
    match status {
        Status::Pass => (Tone::Good, page.sign("✓", "+"), "PASS"),
        Status::Warn => (Tone::Unsure, page.sign("▲", "^"), "WARN"),
        Status::Fail => (Tone::Bad, page.sign("✗", "x"), "FAIL"),
        Status::Error => (Tone::Unsure, "?", "ERROR"),
        Status::Skip => (Tone::Faint, "-", "SKIP"),
    }
}

fn place(entry: &TargetReport) -> String {
    let target = &entry.target;
    [
        target
            .container
            .as_ref()
            .map(|it| format!(", container {it}")),
        target.owner.as_ref().map(|it| format!(", of {it}")),
        target.node.as_ref().map(|it| format!(", on {it}")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn reached(page: &mut Page, attach: &AttachReport) {
    if let Some(container) = &attach.container {
        let mut parts = vec![container.clone()];
        parts.extend(
            attach
                .pod
                .as_ref()
                .map(|it| format!("in pod {it} ({})", attach.mode)),
        );
        parts.extend(attach.image.as_ref().map(|it| format!("image {it}")));
        parts.extend(attach.profile.as_ref().map(|it| {
            let asked = attach.profile_asked.as_ref();
            let asked = asked.map_or_else(String::new, |asked| format!(" ({asked} was asked for)"));
            format!("profile {it}{asked}")
        }));
        if let (Some(asked), Some(answered)) = (attach.requested_at, attach.first_answer_at) {
            let took = answered.duration_since(asked).as_secs_f64();
            parts.push(format!("first answer after {}", seconds(took)));
        }
        page.prose(
            2,
            (Tone::Faint, "container"),
            Tone::Faint,
            &parts.join(", "),
        );
    }
    if let Some(waiting) = &attach.waiting {
        page.prose(2, (Tone::Unsure, "waiting  "), Tone::Plain, waiting);
    }
    match (&attach.terminated, attach.proven) {
        (Some(end), true) => {
            let mut text = format!("exit {}", end.exit_code);
            if let Some(reason) = &end.reason {
                text += &format!(", {reason}");
            }
            if let Some(at) = end.finished_at {
                text += &format!(", at {}", at.strftime("%H:%M:%SZ"));
            }
            text += if attach.container.is_some() {
                "; read back from the API"
            } else {
                "; waited for"
            };
            page.prose(2, (Tone::Faint, "ended    "), Tone::Faint, &text);
        }
        (None, true) if attach.container.is_some() => {
            let text = match attach.pod {
                Some(_) => "nothing of ours is left: the pod was deleted, and read back as gone",
                None => "nothing of ours is running: it never started, or the pod is gone",
            };
            page.prose(2, (Tone::Faint, "ended    "), Tone::Faint, text);
        }
        (None, true) => {
            let text = "nothing of ours is running";
            page.prose(2, (Tone::Faint, "ended    "), Tone::Faint, text);
        }
        // Told at the top.
        (_, false) => {}
    }
}

fn warn(page: &mut Page, entry: &TargetReport, attach: &AttachReport) {
    let sign = page.sign("‼", "!!");
    page.line(&[
        (Tone::Plain, "  "),
        (Tone::Bad, sign),
        (Tone::Bad, " NOT PROVEN ENDED"),
    ]);
    let text = match (entry.target.kind, &attach.container) {
        (TargetKind::Pod | TargetKind::Node, _) if attach.pod.is_some() => format!(
            "pod {}, which was made for this run, may still be there; it ends by itself at its deadline. To see its state:",
            attach.pod.as_deref().unwrap_or_default()
        ),
        (TargetKind::Pod, Some(container)) => format!(
            "debug container {container} may still be running; it ends by itself at its deadline. To see its state:"
        ),
        (TargetKind::Pod | TargetKind::Node, _) => "a debug container may be running in this pod".into(),
        (TargetKind::Local | TargetKind::Process, _) => {
            "a command of this run may still be running on this machine; it ends by itself at its timeout".into()
        }
    };
    page.prose(4, (Tone::Plain, ""), Tone::Plain, &text);
    let in_cluster = matches!(entry.target.kind, TargetKind::Pod | TargetKind::Node);
    if let (true, Some(container)) = (in_cluster, &attach.container) {
        let command = crate::render::command(&inquiry(entry, attach.pod.as_ref(), container));
        page.line(&[(Tone::Plain, "    "), (Tone::Plain, &command)]);
    }
}

fn inquiry(entry: &TargetReport, made: Option<&String>, container: &str) -> Vec<String> {
    let named = |name: &Option<String>| name.clone().unwrap_or_default();
    let list = match made {
        Some(_) => "containerStatuses",
        None => "ephemeralContainerStatuses",
    };
    let path = format!("jsonpath={{.status.{list}[?(@.name==\"{container}\")].state}}");
    let namespace = named(&entry.target.namespace);
    let pod = made.cloned().unwrap_or_else(|| named(&entry.target.pod));
    ["kubectl", "get", "pod", &pod, "-n", &namespace, "-o", &path]
        .map(str::to_owned)
        .into()
}
