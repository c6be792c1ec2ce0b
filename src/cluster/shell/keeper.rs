//! The debug container's own command: it waits, and sees to it that the container ends.

use super::source::sent;

/// Why a keeper left by itself.
pub mod leave {
    /// Its deadline passed.
    pub const DEADLINE: i32 = 74;
    /// It was started after its not-after stamp: an image that was pulled hours later, with nobody waiting any more.
    pub const TOO_LATE: i32 = 75;
    /// No shell came within its grace, or none came again after one that lost its client.
    pub const NO_SHELL: i32 = 76;
}

/// What an exit code of the keeper means, one line; `None` for codes it does not use.
pub fn leave_reason(code: i32) -> Option<&'static str> {
    match code {
        0 => Some("told to end"),
        leave::DEADLINE => Some("its deadline passed"),
        leave::TOO_LATE => Some("it was started too late to be of use"),
        leave::NO_SHELL => Some("nobody came within its grace"),
        _ => None,
    }
}

/// What is run in a debug container to end it: its keeper sees it within a second, lets the shell leave, and goes. Nothing is
/// signalled, so that nobody else's process can be.
pub const STOP: &str = "echo stop >>/dev/termination-log";

/// The keeper of one debug container, with its bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keeper {
    /// Unix seconds, by the API server's clock plus a margin; started later, it leaves at once.
    pub not_after: i64,
    /// How long it stays at most.
    pub deadline_seconds: u64,
    /// How long it waits for a shell: the first one, and another one after the last lost its client.
    pub grace_seconds: u64,
}

impl Keeper {
    /// Text for `sh -c`. Kubernetes expands `$(X)` and `$$` in a container's command: the caller doubles every `$`.
    ///
    /// Its pid goes to `/dev/termination-log`, which is writable for every uid and on a read-only root file system; the shell adds
    /// a line with its own. At its end it first tells the shell to leave and waits for it, because what the runtime kills all at
    /// once is left to the patient's first process as zombies. Each `sleep` is waited for, for the same reason.
    pub fn script(&self) -> String {
        self.beside("")
    }

    /// The same, with something of our own that it starts and waits for at its end.
    pub(super) fn beside(&self, other: &str) -> String {
        sent(include_str!("keeper.sh"))
            .replace("@NOT_AFTER@", &self.not_after.to_string())
            .replace("@DEADLINE@", &self.deadline_seconds.to_string())
            .replace("@GRACE@", &self.grace_seconds.to_string())
            .replace("@BESIDE@\n", other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keeper_carries_its_bounds_and_no_placeholder() {
        let script = Keeper {
            not_after: 1_700_000_000,
            deadline_seconds: 90,
            grace_seconds: 30,
        }
        .script();
        for part in ["-lt 1700000000 ", "left=90", "grace=30", "stop)"] {
            assert!(script.contains(part), "{part} in {script}");
        }
        assert!(!script.contains('@') && script.len() < 1600, "{script}");
    }

    #[test]
    fn every_code_it_leaves_with_has_a_reason() {
        for code in [0, leave::DEADLINE, leave::TOO_LATE, leave::NO_SHELL] {
            assert!(leave_reason(code).is_some());
        }
        assert_eq!(leave_reason(137), None);
    }
}
