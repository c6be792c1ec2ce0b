//! Playing a recording back.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::line::Line;
use super::{ABOUT, SCHEMA};
use crate::ask::{Answer, Ask, Captured, Ended, Need, Patient};
use crate::cluster::{Attach, Cause, Closed, Cluster, Found, Lost, Refusal, Scope, Session};
use crate::report::{AttachReport, Key, Redactor, Rules};
use crate::target::{ObjectKind, Selector, Target, TargetKind};

/// A recording, read.
pub struct Recorded {
    about: Value,
    tapes: Vec<Tape>,
    /// Where each target's tape is, by what the target is called and its uid.
    at: BTreeMap<(String, Option<String>), usize>,
    /// Masks what is asked now as what was asked then was.
    redactor: Arc<Redactor>,
}

/// Why a recording cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("failed to read the recording {}: {why}\n  help: name the folder that `run --record` wrote", .path.display())]
pub struct Unreadable {
    /// The folder, or the file in it.
    pub path: PathBuf,
    /// What is wrong, with the line where there is one.
    pub why: String,
}

#[derive(Clone)]
struct Tape {
    who: Target,
    lines: Vec<Line>,
}

impl Recorded {
    /// Reads a folder. A last line that was cut off in the middle is left out: the run was killed while it was written.
    pub fn read(folder: &Path) -> Result<Self, Unreadable> {
        let about = text(&folder.join(ABOUT))?;
        let listed = std::fs::read_dir(folder)
            .and_then(Iterator::collect::<io::Result<Vec<_>>>)
            .map_err(|error| unreadable(folder, error))?;
        let tapes = listed
            .into_iter()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|end| end == "jsonl"))
            .map(|path| text(&path).map(|text| (path, text)))
            .collect::<Result<_, _>>()?;
        Self::of((folder.join(ABOUT), about), tapes)
    }

    /// The same from the texts of its files, each with its path: what the run is of, and its targets.
    pub fn of(
        (path, about): (PathBuf, String),
        mut tapes: Vec<(PathBuf, String)>,
    ) -> Result<Self, Unreadable> {
        let about = serde_json::from_str(&about).map_err(|error| unreadable(&path, error))?;
        tapes.sort();
        let tapes = tapes
            .iter()
            .map(|(path, text)| tape(path, text))
            .collect::<Result<Vec<_>, _>>()?;
        let mut at = BTreeMap::new();
        for (place, tape) in tapes.iter().enumerate() {
            at.entry(called(&tape.who)).or_insert(place);
        }
        Ok(Self {
            about,
            tapes,
            at,
            redactor: Arc::new(Redactor::new(&[], Rules::builtin(), Key::known())),
        })
    }

    /// The same for a plan of these rules, which masked what was asked.
    pub fn masked_by(mut self, rules: Rules) -> Self {
        self.redactor = Arc::new(Redactor::new(&[], rules, Key::known()));
        self
    }

    /// What the recorder was told to keep about the run.
    pub fn about(&self) -> &Value {
        &self.about
    }

    /// Whom it is of, in the order of the run.
    pub fn targets(&self) -> impl Iterator<Item = &Target> {
        self.tapes.iter().map(|tape| &tape.who)
    }
}

fn called(target: &Target) -> (String, Option<String>) {
    (target.to_string(), target.uid.clone())
}

fn text(path: &Path) -> Result<String, Unreadable> {
    std::fs::read_to_string(path).map_err(|error| unreadable(path, error))
}

fn unreadable(path: &Path, why: impl std::fmt::Display) -> Unreadable {
    Unreadable {
        path: path.into(),
        why: why.to_string(),
    }
}

fn tape(path: &Path, text: &str) -> Result<Tape, Unreadable> {
    let mut lines = Vec::new();
    for (at, line) in text.split_inclusive('\n').enumerate() {
        match serde_json::from_str(line) {
            Ok(line) => lines.push(line),
            Err(_) if !line.ends_with('\n') => {}
            Err(error) => return Err(unreadable(path, format!("line {}: {error}", at + 1))),
        }
    }
    match lines.first() {
        Some(Line::Target { schema, who }) if schema == SCHEMA => Ok(Tape {
            who: who.clone(),
            lines: lines.split_off(1),
        }),
        Some(Line::Target { schema, .. }) => Err(unreadable(
            path,
            format!("it is `{schema}`, not `{SCHEMA}`"),
        )),
        _ => Err(unreadable(
            path,
            "its first line does not say whom it is of",
        )),
    }
}

fn refusal(cause: Cause, headline: String) -> Refusal {
    Refusal {
        cause,
        headline,
        help: "see the targets in the files of the recording".into(),
        attach: None,
    }
}

#[async_trait]
impl Cluster for Recorded {
    fn name(&self) -> String {
        "recording".into()
    }

    async fn find(&self, selector: &Selector, scope: &Scope) -> Result<Found, Refusal> {
        let meant = |target: &&Target| match selector {
            Selector::Local => target.kind == TargetKind::Local,
            Selector::Process(pid) => target.pid == Some(*pid),
            Selector::Named {
                kind: ObjectKind::Node,
                name,
            } => target.kind == TargetKind::Node && target.node.as_ref() == Some(name),
            Selector::Named { name, .. } => {
                target.pod.as_ref() == Some(name)
                    && match scope {
                        Scope::Namespace(namespace) => target.namespace.as_ref() == Some(namespace),
                        Scope::Default | Scope::All => true,
                    }
            }
            Selector::Pods { .. } => target.kind == TargetKind::Pod,
        };
        let targets: Vec<_> = self.targets().filter(meant).cloned().collect();
        if targets.is_empty() && !matches!(selector, Selector::Pods { .. }) {
            return Err(refusal(
                Cause::NotFound,
                format!("{selector} is not in the recording"),
            ));
        }
        Ok(Found {
            targets,
            notes: Vec::new(),
        })
    }

    async fn denied(&self, _: &[Need], _: &str) -> Result<Vec<Need>, Refusal> {
        Ok(Vec::new())
    }

    async fn open(
        &self,
        target: &Target,
        _: &Attach,
        _: Option<&[Ask]>,
        _: &CancellationToken,
    ) -> Result<Box<dyn Session>, Refusal> {
        let tape = self.tape(target)?;
        let attaching = |line: &Line| match line {
            Line::Opened { attach, .. } => attach.is_some(),
            _ => matches!(line, Line::Refused { .. }),
        };
        // One that attached nothing is asked all the same: what it did not hear is told as not recorded.
        if !tape.lines.iter().any(attaching) {
            return tape.opened(&self.redactor, |line| matches!(line, Line::Opened { .. }));
        }
        tape.opened(&self.redactor, attaching)
    }

    /// The way that the recorded run took first. It may have been a debug container's at once.
    async fn consult(
        &self,
        target: &Target,
        _: &Attach,
        _: &CancellationToken,
    ) -> Result<Box<dyn Session>, Refusal> {
        let tape = self.tape(target)?;
        let opened = tape.opened(&self.redactor, |line| matches!(line, Line::Opened { .. }));
        opened.or_else(|_| tape.opened(&self.redactor, |line| matches!(line, Line::Refused { .. })))
    }
}

impl Recorded {
    fn tape(&self, target: &Target) -> Result<&Tape, Refusal> {
        let at = self.at.get(&called(target));
        at.and_then(|at| self.tapes.get(*at))
            .ok_or_else(|| refusal(Cause::NotFound, format!("{target} is not in the recording")))
    }
}

impl Tape {
    /// The session that began, or the refusal that was told, with the first line of this sort.
    fn opened(
        &self,
        redactor: &Arc<Redactor>,
        sort: impl Fn(&Line) -> bool,
    ) -> Result<Box<dyn Session>, Refusal> {
        let found = self.lines.iter().position(sort);
        match found.map(|at| (at, &self.lines[at])) {
            Some((_, Line::Refused { refusal })) => Err(refusal.clone()),
            Some((
                at,
                Line::Opened {
                    container,
                    patient,
                    attach,
                },
            )) => {
                // An end before the beginning is that of an earlier session.
                let earlier = |(line, kept): (usize, &Line)| {
                    (line > at || !matches!(kept, Line::Closed { .. })).then(|| kept.clone())
                };
                Ok(Box::new(Playback {
                    container: container.clone(),
                    patient: patient.clone(),
                    attach: attach.clone(),
                    lines: self.lines.iter().enumerate().filter_map(earlier).collect(),
                    redactor: Arc::clone(redactor),
                }))
            }
            _ => Err(refusal(
                Cause::Interrupted,
                "the recording ends before the way to it was open".into(),
            )),
        }
    }
}

struct Playback {
    container: Option<String>,
    patient: Patient,
    attach: Option<AttachReport>,
    /// What is left; an answer is given once, and mostly in the order of the run.
    lines: VecDeque<Line>,
    redactor: Arc<Redactor>,
}

impl Playback {
    fn of(line: &Line) -> Option<&Ask> {
        match line {
            Line::Answered { ask, .. } | Line::Lost { ask, .. } => Some(ask),
            Line::Cancelled { ask, .. } => ask.as_ref(),
            Line::Target { .. }
            | Line::Refused { .. }
            | Line::Opened { .. }
            | Line::Closed { .. } => None,
        }
    }

    fn not_recorded(&self, ask: &Ask) -> Answer {
        let asked = self
            .lines
            .iter()
            .filter_map(Self::of)
            .any(|known| known.step == ask.step && known.question != ask.question);
        let why = if asked {
            "could not look: not recorded; this step asked something else then"
        } else {
            "could not look: not recorded"
        };
        Answer {
            ended: Ended::Lost(why.into()),
            stdout: Captured::default(),
            stderr: Captured::default(),
            started: Timestamp::UNIX_EPOCH,
            duration: Duration::ZERO,
            file: None,
            progress: None,
            remarks: Vec::new(),
        }
    }
}

#[async_trait]
impl Session for Playback {
    fn attached(&self) -> Option<AttachReport> {
        self.attach.clone()
    }

    fn container(&self) -> Option<String> {
        self.container.clone()
    }

    fn patient(&self) -> &Patient {
        &self.patient
    }

    async fn answer(&mut self, ask: &Ask) -> Result<Answer, Lost> {
        let place = |same: &dyn Fn(&Ask) -> bool| {
            self.lines
                .iter()
                .position(|line| Self::of(line).is_some_and(same))
        };
        let masked = || place(&|known| self.redactor.alike(known, ask));
        let Some(at) = place(&|known| known == ask).or_else(masked) else {
            return Ok(self.not_recorded(ask));
        };
        match self.lines.remove(at) {
            Some(Line::Answered { answer, .. }) => Ok(answer),
            Some(Line::Cancelled {
                answer: Some(answer),
                ..
            }) => Ok(answer),
            Some(Line::Lost { why, partial, .. }) => Err(Lost { why, partial }),
            _ => Ok(self.not_recorded(ask)),
        }
    }

    async fn cancel(&mut self) -> Option<Answer> {
        None
    }

    async fn close(self: Box<Self>) -> Closed {
        let Self { lines, attach, .. } = *self;
        let closed = lines.into_iter().rev().find_map(|line| match line {
            Line::Closed { attach, remarks } => Some(Closed { attach, remarks }),
            _ => None,
        });
        closed.unwrap_or_else(|| Closed {
            attach: attach.map(|attach| AttachReport {
                proven: false,
                ..attach
            }),
            remarks: vec!["the recording ends before its container did".into()],
        })
    }
}
