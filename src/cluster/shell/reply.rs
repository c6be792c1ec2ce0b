//! What a conversation tells its adapter.

use super::raw::Raw;
use crate::ask::Patient;

/// Something that happened in a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The shell is there and listens.
    Hello(Hello),
    /// The first word of the step under way has arrived.
    FirstByte,
    /// The hunt is over.
    Patient(Patient),
    /// A step is over.
    Done(Raw),
    /// So many bytes belonged to no step and were dropped: something else writes to the shell's output.
    Stray(u64),
    /// The shell ends now.
    Bye(Bye),
}

/// The shell's first word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// Its process id, in its own process namespace.
    pub shell_pid: Option<u32>,
    /// Its user id.
    pub uid: Option<u32>,
    /// The keeper's process id, where there is a keeper.
    pub keeper_pid: Option<u32>,
    /// What is not as it should be.
    pub notes: Vec<String>,
}

impl Hello {
    pub(super) fn notes(word: &str) -> Vec<String> {
        match word {
            "keeperless" => vec![
                "the keeper's process id could not be read from /dev/termination-log; it ends by its own deadline".into(),
            ],
            _ => Vec::new(),
        }
    }
}

/// The shell's last word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bye {
    /// Zombies that could not be reaped.
    pub remarks: Vec<String>,
}
