//! The events of a run, one JSON object a line.
//!
//! ```json
//! {"at":"2026-01-02T03:04:05.678Z","event":"step_started","target":0,"id":"http","number":1,"of":5}
//! ```
//!
//! While a run is under way its events are written one by one with [`line`]. Of a report that is already there, the events are
//! told again with the moments the report knows; folding them yields the same report.

use std::io::{self, Write};

use jiff::{SignedDuration, Timestamp};

use super::json;
use crate::report::{Event, Happening, Report, StepReport, TargetReport};

/// One event with its line break. Inert in a terminal, and never more than one line, whatever a pod wrote.
pub fn line(event: &Event) -> String {
    json::line(event).unwrap_or_else(|error| {
        // Every field has a plain JSON form, so this cannot be; if it ever is, the log says so and the run goes on.
        json::line(&format!("an event could not be written: {error}")).unwrap_or_default()
    })
}

/// Writes the events that a report is the fold of.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for event in events(report) {
        out.write_all(line(&event).as_bytes())?;
    }
    Ok(())
}

fn events(report: &Report) -> Vec<Event> {
    let started = report.run.started;
    let finished = report.run.finished.unwrap_or(started);
    let at = |at, happening| Event { at, happening };
    let run = report.run.clone();
    let mut events = vec![at(started, Happening::RunStarted { run })];
    for (target, entry) in report.targets.iter().enumerate() {
        let who = entry.target.clone();
        events.push(at(started, Happening::TargetFound { target, who }));
    }
    for (target, entry) in report.targets.iter().enumerate() {
        told(target, entry, started, finished, &mut events);
    }
    for note in &report.notes {
        let target = note.target.as_ref().and_then(|name| {
            let same = |entry: &TargetReport| entry.target.to_string() == *name;
            report.targets.iter().position(same)
        });
        let text = note.text.clone();
        events.push(at(finished, Happening::Noted { target, text }));
    }
    if let Some(exit) = report.exit.clone() {
        let finish = Happening::RunFinished {
            redactions: report.redactions.clone(),
            exit,
            groups: report.groups.clone(),
        };
        events.push(at(finished, finish));
    }
    events
}

fn told(
    target: usize,
    entry: &TargetReport,
    started: Timestamp,
    finished: Timestamp,
    events: &mut Vec<Event>,
) {
    let mut now = entry
        .attach
        .as_ref()
        .and_then(|attach| attach.requested_at)
        .unwrap_or(started);
    for step in &entry.steps {
        now = ended(step).unwrap_or(now);
        events.push(Event {
            at: now,
            happening: Happening::StepFinished {
                target,
                step: step.clone(),
            },
        });
    }
    let attach = entry.attach.clone();
    let reason = entry.reason.clone();
    let status = entry.status;
    for happening in [
        Happening::Closed { target, attach },
        Happening::TargetFinished {
            target,
            status,
            reason,
        },
    ] {
        events.push(Event {
            at: finished,
            happening,
        });
    }
}

fn ended(step: &StepReport) -> Option<Timestamp> {
    let took = SignedDuration::try_from_secs_f64(step.duration).ok()?;
    step.started?.checked_add(took).ok()
}
