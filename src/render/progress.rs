//! A run as it goes, on the last line of a terminal: which pod, which step, how long; of many pods, how far and how well.
//!
//! ```text
//! ⠹ shop/web-0: http 2/5  1.3s
//! ⠹ 7/20 done: 5 pass, 0 warn, 1 fail, 1 undetermined; shop/web-9: dns 3/5  4.0s
//! ```

use std::collections::BTreeMap;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::inert;
use crate::report::{Event, Happening, Status};

/// The line on stderr. Silent when it was made not to be seen.
pub struct Progress {
    bar: ProgressBar,
    seen: Seen,
}

impl Progress {
    /// Draws on stderr when `visible`; the caller knows whether a person is watching.
    pub fn new(visible: bool) -> Self {
        let to = if visible {
            ProgressDrawTarget::stderr_with_hz(10)
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(None, to);
        if visible {
            if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(100));
        }
        Self {
            bar,
            seen: Seen::default(),
        }
    }

    /// Takes note of an event.
    pub fn on(&mut self, event: &Event) {
        self.seen.take(event);
        if !self.bar.is_hidden() {
            self.bar.set_message(self.seen.text());
        }
    }

    /// Takes the line away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}

/// What the line tells.
#[derive(Default)]
struct Seen {
    names: Vec<String>,
    /// What each target that is under way is at.
    at: BTreeMap<usize, String>,
    /// The target that moved last.
    last: Option<usize>,
    done: Vec<Status>,
}

impl Seen {
    fn take(&mut self, event: &Event) {
        match &event.happening {
            Happening::TargetFound { who, .. } => self.names.push(inert(&who.to_string())),
            Happening::TargetStarted { target } => self.moves(*target, "attaching".into()),
            Happening::Attached { target, .. } => self.moves(*target, "attached".into()),
            Happening::StepStarted {
                target,
                id,
                number,
                of: 0,
            } => self.moves(*target, format!("{} {number}", inert(id))),
            Happening::StepStarted {
                target,
                id,
                number,
                of,
            } => self.moves(*target, format!("{} {number}/{of}", inert(id))),
            Happening::Closed { target, .. } => self.moves(*target, "closed".into()),
            Happening::TargetFinished { target, status, .. } => {
                self.at.remove(target);
                self.done.push(*status);
            }
            Happening::RunStarted { .. }
            | Happening::StepFinished { .. }
            | Happening::StepAmended { .. }
            | Happening::Noted { .. }
            | Happening::RunFinished { .. } => {}
        }
    }

    fn moves(&mut self, target: usize, to: String) {
        self.at.insert(target, to);
        self.last = Some(target);
    }

    fn text(&self) -> String {
        let now = self
            .last
            .filter(|last| self.at.contains_key(last))
            .or_else(|| self.at.keys().next().copied())
            .and_then(|target| Some((self.names.get(target)?, self.at.get(&target)?)))
            .map(|(name, at)| format!("{name}: {at}"));
        if self.names.len() < 2 {
            return now.unwrap_or_default();
        }
        let count = |status| self.done.iter().filter(|done| **done == status).count();
        let tally = format!(
            "{}/{} done: {} pass, {} warn, {} fail, {} undetermined",
            self.done.len(),
            self.names.len(),
            count(Status::Pass),
            count(Status::Warn),
            count(Status::Fail),
            count(Status::Error),
        );
        match now {
            Some(now) => format!("{tally}; {now}"),
            None => tally,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::Target;

    fn told(happenings: impl IntoIterator<Item = Happening>) -> String {
        let mut seen = Seen::default();
        for happening in happenings {
            seen.take(&Event {
                at: jiff::Timestamp::UNIX_EPOCH,
                happening,
            });
        }
        seen.text()
    }

    fn found(target: usize, name: &str) -> Happening {
        let who = Target::pod("shop", name);
        Happening::TargetFound { target, who }
    }

    fn step(target: usize, id: &str) -> Happening {
        Happening::StepStarted {
            target,
            id: id.into(),
            number: 2,
            of: 5,
        }
    }

    #[test]
    fn of_one_pod_the_step_is_told() {
        assert_eq!(
            told([found(0, "web"), Happening::TargetStarted { target: 0 }]),
            "shop/web: attaching"
        );
        assert_eq!(
            told([found(0, "web"), step(0, "http")]),
            "shop/web: http 2/5"
        );
    }

    #[test]
    fn of_many_pods_the_tally_is_told() {
        let done = Happening::TargetFinished {
            target: 0,
            status: Status::Error,
            reason: None,
        };
        assert_eq!(
            told([
                found(0, "a"),
                found(1, "b"),
                step(1, "dns"),
                step(0, "dns"),
                done
            ]),
            "1/2 done: 0 pass, 0 warn, 0 fail, 1 undetermined; shop/b: dns 2/5"
        );
    }

    #[test]
    fn an_id_cannot_move_the_cursor() {
        assert_eq!(
            told([found(0, "a"), step(0, "\x1b[A")]),
            "shop/a: \\x1b[A 2/5"
        );
    }
}
