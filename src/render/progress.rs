//! Live progress for a terminal: one target's pod, step and elapsed time, or the count of many.

use std::collections::BTreeMap;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::inert;
use crate::report::{Event, Happening, Status};

/// A line on stderr that follows a run; silent when hidden.
pub struct Progress {
    bar: ProgressBar,
    names: Vec<String>,
    under_way: BTreeMap<usize, String>,
    done: BTreeMap<Status, usize>,
}

impl Progress {
    /// A line that is drawn, or one that is not.
    pub fn new(visible: bool) -> Self {
        let target = if visible {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(None, target);
        // The template is a constant that parses; the default style is as good where it would not.
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {wide_msg}") {
            bar.set_style(style);
        }
        if visible {
            bar.enable_steady_tick(Duration::from_millis(120));
        }
        Self {
            bar,
            names: Vec::new(),
            under_way: BTreeMap::new(),
            done: BTreeMap::new(),
        }
    }

    /// Follows one event.
    pub fn on(&mut self, event: &Event) {
        match &event.happening {
            Happening::TargetFound { who, .. } => self.names.push(inert(&who.to_string())),
            Happening::TargetStarted { target } => {
                self.under_way.insert(*target, "attaching".into());
            }
            Happening::StepStarted {
                target,
                id,
                number,
                of,
            } => {
                self.under_way
                    .insert(*target, format!("step {number}/{of} {}", inert(id)));
            }
            Happening::Closed { target, .. } => {
                self.under_way.insert(*target, "closed".into());
            }
            Happening::TargetFinished { target, status, .. } => {
                self.under_way.remove(target);
                *self.done.entry(*status).or_default() += 1;
            }
            _ => return,
        }
        self.bar.set_message(self.message());
    }

    /// Takes the line away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn message(&self) -> String {
        let first = self
            .under_way
            .iter()
            .next()
            .map_or_else(String::new, |(target, what)| {
                let name = self.names.get(*target).map_or("?", String::as_str);
                format!("{name}: {what}")
            });
        if self.names.len() <= 1 {
            return first;
        }
        let done: usize = self.done.values().sum();
        let counts: Vec<_> = self
            .done
            .iter()
            .rev()
            .map(|(status, count)| format!("{count} {}", status.word()))
            .collect();
        format!("{done}/{} {} {first}", self.names.len(), counts.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::Target;

    #[test]
    fn many_targets_are_counted_and_one_is_named() {
        let mut progress = Progress::new(false);
        let mut on = |happening| {
            progress.on(&Event {
                at: jiff::Timestamp::UNIX_EPOCH,
                happening,
            });
        };
        for (target, name) in ["a", "b"].into_iter().enumerate() {
            on(Happening::TargetFound {
                target,
                who: Target::pod("shop", name),
            });
            on(Happening::TargetStarted { target });
        }
        on(Happening::TargetFinished {
            target: 0,
            status: Status::Pass,
            reason: None,
        });
        assert_eq!(progress.message(), "1/2 1 pass shop/b: attaching");
    }
}
