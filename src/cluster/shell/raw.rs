//! What a step came to, before an adapter adds the times.

use std::time::Duration;

use jiff::Timestamp;

use super::quote::Unquotable;
use crate::ask::{Answer, Captured, Ended, FileStatus};

/// An answer without its times, which only an adapter can know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raw {
    /// How it ended.
    pub ended: Ended,
    /// Standard output, or a file's content.
    pub stdout: Captured,
    /// Standard error, or why a file could not be read.
    pub stderr: Captured,
    /// What a file question found.
    pub file: Option<FileStatus>,
    /// What is worth telling beside the output.
    pub remarks: Vec<String>,
}

impl Raw {
    /// What no `sh` can be asked is answered like a command that cannot be executed; nothing is sent.
    pub fn unaskable(why: &Unquotable) -> Self {
        Self::refused(&why.to_string())
    }

    /// The answer of one who has no means to look: as that of a command that cannot be executed.
    pub fn refused(why: &str) -> Self {
        Self {
            ended: Ended::Exited(126),
            stdout: Captured::default(),
            stderr: Captured::whole(format!("{why}\n")),
            file: None,
            remarks: Vec::new(),
        }
    }

    /// The answer to an ask that was sent at `started` and took `duration`.
    pub fn answer(self, started: Timestamp, duration: Duration) -> Answer {
        Answer {
            ended: self.ended,
            stdout: self.stdout,
            stderr: self.stderr,
            started,
            duration,
            file: self.file,
            progress: None,
            remarks: self.remarks,
        }
    }
}

/// Keeps the beginning of a stream and forgets the rest, so that memory stays bounded whatever arrives.
#[derive(Debug)]
pub(super) struct Bounded {
    captured: Captured,
    cap: usize,
}

impl Bounded {
    pub(super) fn new(cap: u64) -> Self {
        Self {
            captured: Captured::default(),
            cap: usize::try_from(cap).unwrap_or(usize::MAX),
        }
    }

    /// Takes what fits.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        let room = self.cap - self.captured.bytes.len();
        self.captured
            .bytes
            .extend_from_slice(&bytes[..room.min(bytes.len())]);
        self.captured.truncated |= bytes.len() > room;
    }

    /// What was kept so far, as text.
    pub(super) fn text(&self) -> std::borrow::Cow<'_, str> {
        self.captured.text()
    }

    /// What was kept.
    pub(super) fn into_captured(self) -> Captured {
        self.captured
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_the_cap_is_whole_and_one_byte_more_is_cut() {
        let mut stream = Bounded::new(4);
        stream.take(b"ab");
        stream.take(b"cd");
        stream.take(b"");
        assert_eq!(stream.captured, Captured::whole(*b"abcd"));
        stream.take(b"e");
        assert_eq!(stream.captured.bytes, b"abcd");
        assert!(stream.captured.truncated);
    }
}
