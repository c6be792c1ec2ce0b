//! The step under way: what has arrived of it, and the answer it comes to.

use super::file;
use super::hunt::Hunt;
use super::raw::{Bounded, Raw};
use crate::ask::Ended;

#[derive(Debug)]
pub(super) struct Step {
    pub(super) id: u64,
    pub(super) purpose: Purpose,
    pub(super) out: Bounded,
    pub(super) err: Bounded,
    pub(super) begun: Begun,
    pub(super) told: bool,
    pub(super) cancelled: bool,
    pub(super) exit: Option<Exit>,
    pub(super) end: Option<End>,
    pub(super) silent: bool,
}

#[derive(Debug)]
pub(super) enum Purpose {
    Command,
    File { max: u64 },
    Hunt(Hunt),
}

#[derive(Debug, Default)]
pub(super) struct Begun {
    pub(super) out: bool,
    pub(super) err: bool,
}

/// What came first: the end of the step's first process, or the watchdog.
#[derive(Clone, Copy, Debug)]
pub(super) enum Exit {
    ByItself(i32),
    Struck,
}

/// What the watcher says at a step's end.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct End {
    /// How often the watchdog struck.
    pub(super) strikes: u64,
    /// Processes that still run.
    pub(super) left: u64,
    /// Zombies that are not ours to reap.
    pub(super) unreaped: u64,
}

impl Step {
    /// The answer; `None` for what is no answer to an ask.
    pub(super) fn into_raw(self) -> Option<Raw> {
        let end = self.end.unwrap_or_default();
        let mut remarks = Vec::new();
        let mut cut = false;
        let ended = match self.exit {
            _ if self.cancelled => Ended::Cancelled,
            Some(Exit::ByItself(code)) => {
                if end.strikes > 0 {
                    remarks.push("left a process running that held its output open until the timeout, when it was stopped".into());
                }
                Ended::Exited(code)
            }
            Some(Exit::Struck) => Ended::TimedOut,
            None => Ended::Lost("its exit code was lost".into()),
        };
        if end.strikes > 1 {
            cut = true;
            remarks
                .push("a process of it could not be stopped and still held its output open".into());
        }
        match end.left {
            0 => {}
            1 => remarks.push("left a process running; it is stopped when the session ends".into()),
            left => remarks.push(format!(
                "left {left} processes running; they are stopped when the session ends"
            )),
        }
        remarks.extend(unreaped_remark(end.unreaped));
        let mut stdout = self.out.into_captured();
        let mut stderr = self.err.into_captured();
        stdout.truncated |= cut;
        stderr.truncated |= cut;
        let mut status = None;
        match self.purpose {
            Purpose::Hunt(_) => return None,
            Purpose::File { max } => (status, stdout) = file::read(stdout, max),
            Purpose::Command => {}
        }
        Some(Raw {
            ended,
            stdout,
            stderr,
            file: status,
            remarks,
        })
    }
}

pub(super) fn unreaped_remark(count: u64) -> Vec<String> {
    match count {
        0 => Vec::new(),
        1 => vec!["1 ended process stays a zombie of a process that does not reap".into()],
        count => vec![format!(
            "{count} ended processes stay zombies of a process that does not reap"
        )],
    }
}
