//! What was asked and what came back: folded, bounded, and ready to be copied.

use std::borrow::Cow;
use std::io::{self, Write};

use base64::{Engine, engine::general_purpose::STANDARD};

use super::markup::{Bytes, Text};
use crate::render::words::bytes;
use crate::report::{Output, Report};

/// Bytes of outputs on one page: a browser holds that, and people read less. The JSON report has all.
const PAGE: u64 = 16 << 20;

/// Bytes of one stream, where the page has room.
const MOST: u64 = 64 << 10;

/// Bytes of one stream, whatever there is beside it.
const LEAST: u64 = 1 << 10;

/// Lines of an output that needs no fold of its own.
const SHORT: usize = 12;

/// How much of each stream is shown, so that the page stays within its bound.
pub(super) struct Share(u64);

impl Share {
    /// The largest of 64 KiB, 32 KiB, … 1 KiB for each stream with which all of them together are within 16 MiB.
    pub(super) fn of(report: &Report) -> Self {
        let mut share = MOST;
        let streams = || {
            let steps = report.targets.iter().flat_map(|entry| &entry.steps);
            let attempts = steps.flat_map(|step| &step.attempts);
            attempts.flat_map(|attempt| [attempt.stdout.bytes, attempt.stderr.bytes])
        };
        while share > LEAST && streams().map(|size| size.min(share)).sum::<u64>() > PAGE {
            share /= 2;
        }
        Self(share)
    }

    /// The beginning and the end of what is too long, and how much is left out between them.
    fn cut<'a>(&self, all: &'a [u8]) -> (&'a [u8], usize, &'a [u8]) {
        let most = usize::try_from(self.0).unwrap_or(usize::MAX);
        if all.len() <= most {
            return (all, 0, &[]);
        }
        let half = most / 2;
        let continues = |at: usize| all.get(at).is_some_and(|byte| byte & 0xc0 == 0x80);
        // Not within a character, which has at most three bytes after its first.
        let whole = |at: usize| (at..at + 4).find(|at| !continues(*at)).unwrap_or(at);
        let (head, tail) = (whole(half), whole(all.len() - half));
        (&all[..head], tail - head, &all[tail..])
    }
}

/// One stream of an attempt. Nothing, of a stream that is empty.
pub(super) fn write(
    out: &mut dyn Write,
    name: &str,
    output: &Output,
    share: &Share,
) -> io::Result<()> {
    if output.bytes == 0 && !output.truncated {
        return Ok(());
    }
    let all = content(output);
    let mut about = bytes(output.bytes);
    if output.truncated {
        about += ", cut: more came, or may have";
    }
    if all.last().is_some_and(|last| *last != b'\n') && !output.truncated {
        about += ", no line break at the end";
    }
    let short = all.split(|byte| *byte == b'\n').take(SHORT + 2).count() <= SHORT + 1
        && all.len() < SHORT * 160;
    folded(out, name, &about, !short, |out| {
        let (head, between, tail) = share.cut(&all);
        write!(out, "{}", Bytes(head))?;
        if between > 0 {
            let left = bytes(between as u64);
            write!(
                out,
                "\n<em>{left} in between are not on this page; the JSON report has them</em>\n"
            )?;
        }
        write!(out, "{}", Bytes(tail))
    })
}

/// Text of a program, folded where it is long.
pub(super) fn script(out: &mut dyn Write, text: &str, share: &Share) -> io::Result<()> {
    let lines = text.lines().count();
    let about = format!("{lines} lines");
    folded(out, "script", &about, lines > SHORT, |out| {
        let (head, between, tail) = share.cut(text.as_bytes());
        write!(out, "{}", Bytes(head))?;
        if between > 0 {
            write!(out, "\n<em>{} left out</em>\n", bytes(between as u64))?;
        }
        write!(out, "{}", Bytes(tail))
    })
}

/// One line that can be copied.
pub(super) fn line(out: &mut dyn Write, name: &str, text: &str) -> io::Result<()> {
    block(out, name, |out| write!(out, "{}", Text(text)))
}

/// A block under its name: folded where it is long, and open to sight in its step where it is short. A fold for each short one
/// would double what a browser has to build.
fn folded(
    out: &mut dyn Write,
    name: &str,
    about: &str,
    long: bool,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let (before, between, after) = if long {
        (
            "<details class=output><summary>",
            "</summary>",
            "</details>",
        )
    } else {
        ("<p class=label>", "</p>", "")
    };
    write!(out, "{before}{name} <span>{about}</span>{between}")?;
    block(out, name, content)?;
    write!(out, "{after}")
}

fn block(
    out: &mut dyn Write,
    name: &str,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    // A line break at the start of a `pre` is not part of it.
    writeln!(
        out,
        "<div class=block><button type=button class=copy aria-label=\"Copy {name}\"></button><pre tabindex=0 role=group aria-label=\"{name}\">"
    )?;
    content(out)?;
    write!(out, "</pre></div>")
}

fn content(output: &Output) -> Cow<'_, [u8]> {
    match (&output.text, &output.base64) {
        (Some(text), _) => Cow::Borrowed(text.as_bytes()),
        (None, Some(coded)) => Cow::Owned(STANDARD.decode(coded).unwrap_or_default()),
        (None, None) => Cow::Borrowed(&[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_output_beginning_and_end_are_kept_whole_in_their_characters() {
        let all = "ü".repeat(1000);
        let share = Share(1023);
        let (head, between, tail) = share.cut(all.as_bytes());
        assert_eq!(head.len() + between + tail.len(), all.len());
        assert!(std::str::from_utf8(head).is_ok() && std::str::from_utf8(tail).is_ok());
        assert!(head.len() + tail.len() < 1030);
        assert_eq!(Share(4).cut(b"abcd"), (&b"abcd"[..], 0, &b""[..]));
        let bytes = [0x80; 100];
        let (head, between, tail) = Share(10).cut(&bytes);
        assert_eq!((head.len(), between, tail.len()), (5, 90, 5));
    }
}
