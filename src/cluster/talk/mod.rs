//! Dialogues with a program on a terminal: what is waited for, what is written, and all that the program writes meanwhile.
//!
//! An adapter opens the terminal (a second exec stream with a tty, a pty of this machine) and hands its stream over; [`Dialogue`] holds
//! the dialogue with it, by `expectrl`, and [`Transcript`] keeps what came. The transcript is the adapter's, not the dialogue's:
//! what was heard is kept when a dialogue is dropped in mid-sentence.
//!
//! The program is not ended from here. It belongs to a step of the shell beside it, which ends whatever carries the step's mark.

mod dialogue;
mod held;
mod plain;
mod transcript;
mod wire;

pub(super) use dialogue::{Dialogue, Outcome};
pub(super) use held::{Ending, Talk, conclude};
