//! What a log tells of the asks, as answers.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Oneshot;
use super::log::Log;
use crate::ask::{Captured, Ended, Patient, Question};
use crate::cluster::shell::frame::find;
use crate::cluster::shell::{Conversation, Raw, Reply};

/// The answers of one session, in the order of its asks.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Where the patient is.
    pub patient: Patient,
    /// One for each ask.
    pub answers: Vec<Told>,
    /// What the reader should know.
    pub remarks: Vec<String>,
}

/// An answer, and when it was.
#[derive(Clone, Debug)]
pub struct Told {
    /// What came back.
    pub raw: Raw,
    /// How long before the shell's last word its step began.
    pub ago: Duration,
    /// How long the step took; zero where that was lost.
    pub duration: Duration,
}

/// What a container leaves in its termination message about a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Exit(i32),
    Struck,
}

/// Why a step was struck before its time.
const TOLD_TO_END: &str = "the debug container was told to end before the step was over";

impl Oneshot {
    /// Reads a log, and the termination message beside it, which still tells exit codes where the log is lost.
    pub fn read(&self, log: &[u8], message: &str) -> Reading {
        let log = Log::read(log, &self.tag);
        let marks = marks(message);
        let secret = log.out.bytes.split(|byte| *byte == b'\n').next();
        let secret = secret.map(|line| String::from_utf8_lossy(line).into_owned());
        // Without a secret nothing can be told from anything, and a text of spaces would be found everywhere.
        let secret = secret.filter(|secret| secret.len() >= 32 && !secret.contains(' '));
        let mut streams = Streams {
            out: &log.out.bytes,
            err: &log.err.bytes,
            secret: secret.clone().unwrap_or_default(),
        };
        let mut reader = Conversation::ahead(secret.clone().unwrap_or_default(), &self.mark);
        let mut reading = Reading {
            patient: Patient {
                pid: None,
                root: None,
                reason: Some(format!("it was looked for, and {}", lost(&log))),
            },
            answers: Vec::new(),
            remarks: Vec::new(),
        };
        if secret.is_some() && reader.find_patient(&self.hunt).is_ok() {
            for reply in streams.step(&mut reader, 1).0 {
                if let Reply::Patient(patient) = reply {
                    reading.patient = patient;
                }
            }
        }
        if let Some(known) = &self.known {
            reading.patient.clone_from(known);
        }
        let last = streams.last();
        for (number, ask) in (2_u64..).zip(&self.asks) {
            let mut replies = Vec::new();
            let mut times = None;
            if secret.is_some() && reader.ask(ask, &reading.patient).is_ok() {
                (replies, times) = streams.step(&mut reader, number);
            }
            let mut done = None;
            for reply in replies {
                match reply {
                    Reply::Done(raw) => done = Some(raw),
                    Reply::Stray(bytes) => reading.remarks.push(format!(
                        "{bytes} bytes in the stream belonged to no step and were dropped"
                    )),
                    Reply::Bye(bye) => reading.remarks.extend(bye.remarks),
                    Reply::FirstByte | Reply::Hello(_) | Reply::Patient(_) => {}
                }
            }
            let mut raw = done.unwrap_or_else(|| {
                let partial = reader.partial();
                interrupted(partial, marks.get(&number).copied(), &log)
            });
            if let (Question::File { path, .. } | Question::Glob { pattern: path, .. }, None) =
                (&ask.question, &reading.patient.root)
            {
                let why = reading.patient.reason.as_deref();
                let why = why.unwrap_or("the patient's root cannot be read");
                raw = Raw::refused(&format!("{path}: {why}"));
            }
            let (begun, ended) = times.unwrap_or((last, last));
            let duration = seconds(ended - begun);
            if raw.ended == Ended::TimedOut && duration < ask.timeout {
                // Struck before its time: the shell was told to leave.
                raw.ended = Ended::Lost(TOLD_TO_END.into());
                raw.stdout.truncated = true;
                raw.stderr.truncated = true;
            }
            reading.answers.push(Told {
                raw,
                ago: seconds(last - begun),
                duration,
            });
        }
        for reply in streams.farewell(&mut reader) {
            if let Reply::Bye(bye) = reply {
                reading.remarks.extend(bye.remarks);
            }
        }
        if !(log.out.whole && log.err.whole) {
            reading.remarks.push(lost(&log).to_owned());
        }
        reading
    }
}

/// What is known of a step whose end is not in the log.
fn interrupted(partial: Option<Raw>, mark: Option<Mark>, log: &Log) -> Raw {
    let mut raw = partial.unwrap_or_else(|| Raw {
        ended: Ended::Lost(String::new()),
        stdout: Captured::default(),
        stderr: Captured::default(),
        file: None,
        remarks: Vec::new(),
    });
    raw.stdout.truncated = true;
    raw.stderr.truncated = true;
    raw.ended = match mark {
        Some(Mark::Exit(code)) => Ended::Exited(code),
        Some(Mark::Struck) => Ended::TimedOut,
        None => Ended::Lost(lost(log).into()),
    };
    raw
}

fn lost(log: &Log) -> &'static str {
    match (log.begun, log.out.bytes.is_empty()) {
        (false, true) => {
            "the debug container's log is empty: nothing was written, or it was rotated away"
        }
        (false, false) => "the beginning of the debug container's log is lost: it was rotated away",
        (true, _) if log.out.whole && log.err.whole => {
            "the shell in the debug container ended before it was asked"
        }
        (true, _) => {
            "a part of the debug container's log is lost: it ended before its time, or the node dropped the end of it"
        }
    }
}

/// The termination message: `STEP exit CODE` and `STEP strike`, a line for each; the first word on a step counts.
fn marks(message: &str) -> BTreeMap<u64, Mark> {
    let mut marks = BTreeMap::new();
    for line in message.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let mark = match words[..] {
            [_, "exit", code] => code.parse().ok().map(Mark::Exit),
            [_, "strike"] => Some(Mark::Struck),
            _ => None,
        };
        if let (Some(mark), Ok(step)) = (mark, words[0].parse()) {
            marks.entry(step).or_insert(mark);
        }
    }
    marks
}

fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

/// Both streams, as far as they are not read yet.
struct Streams<'a> {
    out: &'a [u8],
    err: &'a [u8],
    secret: String,
}

impl Streams<'_> {
    /// Lets the conversation read one step, and no more; with it when it began and ended, in the seconds of the shell's clock.
    fn step(&mut self, reader: &mut Conversation, number: u64) -> (Vec<Reply>, Option<(f64, f64)>) {
        let begin = format!("{} {number} begin", self.secret).into_bytes();
        let end = format!("{} {number} end", self.secret).into_bytes();
        let out = through(&mut self.out, &end);
        let err = through(&mut self.err, &end);
        let times = word(out, &begin).zip(word(out, &end));
        reader.stdout(out);
        reader.stderr(err);
        (std::iter::from_fn(|| reader.poll()).collect(), times)
    }

    /// What comes after the last step.
    fn farewell(&mut self, reader: &mut Conversation) -> Vec<Reply> {
        reader.stdout(self.out);
        reader.stderr(self.err);
        std::iter::from_fn(|| reader.poll()).collect()
    }

    /// The last moment that the shell told.
    fn last(&self) -> f64 {
        let mut last = 0.0_f64;
        let mut rest = self.out;
        let needle = format!("{} ", self.secret).into_bytes();
        if self.secret.is_empty() {
            return last;
        }
        while let Some(at) = find(rest, &needle) {
            let frame = line(&rest[at..]);
            if frame.contains(" begin ") || frame.contains(" end ") {
                last = last.max(number(&frame));
            }
            rest = &rest[at + needle.len()..];
        }
        last
    }
}

/// Everything up to the end of the line that `mark` begins, or all there is.
fn through<'a>(stream: &mut &'a [u8], mark: &[u8]) -> &'a [u8] {
    let length = find(stream, mark).and_then(|at| {
        let line = stream[at..].iter().position(|byte| *byte == b'\n')?;
        Some(at + line + 1)
    });
    let (read, rest) = stream.split_at(length.unwrap_or(stream.len()));
    *stream = rest;
    read
}

/// The number at the end of the line that `mark` begins.
fn word(stream: &[u8], mark: &[u8]) -> Option<f64> {
    find(stream, mark).map(|at| number(&line(&stream[at..])))
}

fn line(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    let end = bytes.iter().position(|byte| *byte == b'\n');
    String::from_utf8_lossy(&bytes[..end.unwrap_or(bytes.len())])
}

fn number(line: &str) -> f64 {
    let word = line.rsplit(' ').next();
    let number = word.and_then(|word| word.parse().ok());
    number
        .filter(|number: &f64| number.is_finite())
        .unwrap_or_default()
}
