//! POSIX `sh` text for asks, and the frames that come back: pure, no IO, no clock.
//!
//! The artefact is a [`Conversation`]: one session with one `sh`, as a state machine. An adapter starts the program of
//! [`Conversation::command`] with three pipes (an exec WebSocket, a local child), writes the bytes it is given to stdin, feeds what
//! arrives on stdout and stderr in any chunking, and polls:
//!
//! ```text
//! write(opening())                                    -> Reply::Hello, and only then
//! write(find_patient(&hunt)?)                         -> Reply::Patient(patient)
//! write(ask(&ask, &patient)?)      -> Reply::FirstByte, Reply::Done(raw)       one step at a time
//! terminal(argv)   for a dialogue, started on a pty   -> Reply::Done(raw), once that step is stopped or struck
//! write(stop())    while a step is under way          -> Reply::Done(raw), ended Cancelled
//! write(farewell()), close stdin                      -> Reply::Bye, then the shell ends (and, before it, its keeper)
//! ```
//!
//! Where all asks are known ahead, [`Oneshot`] is the other artefact: what a container is started with, and the reader of its log.
//!
//! Each `Vec<u8>` must reach stdin whole and in order, also when the future that asked for it is dropped: hand it to a task that
//! writes. Closing stdin at any moment ends the step under way and the shell, without a farewell; its keeper waits its grace for another.
//!
//! Theory of operation. The shell reads orders from stdin with `read`, so that a signal reaches its traps at once; a step runs
//! beside it. Frames on stdout and stderr begin with a secret that no step can see (it is in no environment and no command line);
//! step processes carry another mark in their environment, which is what makes a process ours to kill. Killing goes leaf first,
//! so that parents reap and nothing is left to the patient's first process, which seldom reaps.

mod conversation;
mod feed;
mod file;
mod frame;
mod hunt;
mod keeper;
mod nonce;
mod oneshot;
mod quote;
mod raw;
mod reply;
mod source;
mod step;
mod terminal;

pub use conversation::Conversation;
pub use hunt::Hunt;
pub use keeper::{Keeper, STOP, leave, leave_reason};
pub use nonce::Nonce;
pub use oneshot::{BUDGET, LONGEST, Oneshot, Reading, Script, Told, Unsendable, askable};
pub use quote::{Unquotable, quote};
pub use raw::Raw;
pub use reply::{Bye, Hello, Reply};
pub use terminal::{BEGUN, GO, WIDTH};
