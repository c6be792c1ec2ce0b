//! One session with one `sh`, as a state machine without IO.

use std::collections::VecDeque;

use super::feed::feed;
use super::file;
use super::frame::{Piece, Splitter};
use super::hunt::Hunt;
use super::nonce::Nonce;
use super::quote::{Unquotable, name, quote};
use super::raw::{Bounded, Raw};
use super::reply::{Bye, Hello, Reply};
use super::source::sent;
use super::step::{Begun, End, Exit, Purpose, Step, unreaped_remark};
use super::terminal::terminal;
use crate::ask::{Ask, Ended, MAX_CAP, Patient, Question};

/// Reads the prelude, which ends with a line of one dot, then becomes it. The name lets the keeper know its shell again.
///
/// A shell's own `read` takes one byte at a time from a pipe (POSIX demands it), 17,000 system calls for the prelude; `head` takes
/// it at once. It may take more than it was told to (busybox reads ahead), so nothing may follow before [`Reply::Hello`].
const FIRST: &str = ": housecall-shell; if command -v head >/dev/null; then p=$(head -c @LENGTH@); else p=; while IFS= read -r l; do p=\"$p$l\n\"; [ \"$l\" != . ] || break; done; p=${p%?}; fi; case $p in *.) eval \"${p%.}\" ;; esac";

/// What the shell runs while a dialogue is held beside it: nothing that ends by itself. What the terminal starts carries the mark of
/// this step, and ends with it: at its timeout, when it is stopped, and when the shell leaves.
const BESIDE: &str = "run sleep 2147483";

/// Output of the hunt and its bound in time, seconds.
const HUNT: (u64, u64) = (64 * 1024, 10);

/// One session's state: what was asked, and what has arrived of the answer. See the [module](super) for how it is driven.
#[derive(Debug)]
pub struct Conversation {
    secret: String,
    mark: String,
    keeper: bool,
    out: Splitter,
    err: Splitter,
    asked: u64,
    step: Option<Step>,
    stray: u64,
    replies: VecDeque<Reply>,
}

/// What a step is begun with, as text for the shell.
#[derive(Debug, Default)]
struct Order<'a> {
    /// Lines that export its environment.
    vars: &'a str,
    /// Its stdin, bytes.
    stdin: &'a [u8],
    /// Mode and words.
    words: &'a str,
}

impl Conversation {
    /// A session that has not begun. `keeper` says that a keeper wrote its pid to `/dev/termination-log` and is ours to end.
    pub fn new(nonce: Nonce, keeper: bool) -> Self {
        Self {
            keeper,
            ..Self::ahead(nonce.to_string(), &nonce.mark())
        }
    }

    /// A session over streams that are read when all is over. The secret is the shell's own; it has a keeper.
    pub(super) fn ahead(secret: String, mark: &str) -> Self {
        Self {
            mark: mark.to_owned(),
            keeper: true,
            out: Splitter::new(&secret),
            err: Splitter::new(&secret),
            secret,
            asked: 0,
            step: None,
            stray: 0,
            replies: VecDeque::new(),
        }
    }

    /// What to start: `sh` with a short text that reads the rest from stdin. It holds no secret.
    pub fn command(&self) -> Vec<String> {
        let first = FIRST.replace("@LENGTH@", &self.opening().len().to_string());
        vec!["sh".into(), "-c".into(), first]
    }

    /// The first bytes for stdin. The shell answers with [`Reply::Hello`], and nothing else may be sent before.
    pub fn opening(&self) -> Vec<u8> {
        let listen = sent(include_str!("live.sh"));
        let secret = format!("secret={}", self.secret);
        (prelude(&secret, &self.mark, self.keeper) + listen.as_str() + ".\n").into_bytes()
    }

    /// Starts looking for the patient; answered by [`Reply::Patient`].
    pub fn find_patient(&mut self, hunt: &Hunt) -> Result<Vec<u8>, Unquotable> {
        let words = hunt.words()?;
        let (cap, seconds) = HUNT;
        Ok(self.begin(
            Purpose::Hunt(hunt.clone()),
            (seconds, cap, cap),
            &Order {
                words: &format!("own {words}"),
                ..Order::default()
            },
        ))
    }

    /// Starts a step; answered by [`Reply::Done`]. A step that was under way is forgotten.
    pub fn ask(&mut self, ask: &Ask, patient: &Patient) -> Result<Vec<u8>, Unquotable> {
        let seconds = whole_seconds(ask.timeout);
        let (out, err) = (ask.stdout_cap.min(MAX_CAP), ask.stderr_cap.min(MAX_CAP));
        let mut vars = String::new();
        let (purpose, out, words) = match &ask.question {
            Question::Argv(argv) => {
                let program = argv.first().ok_or(Unquotable::NoProgram)?;
                if program.starts_with('-') {
                    return Err(Unquotable::Option(program.clone()));
                }
                let words: Vec<_> = argv
                    .iter()
                    .map(|word| quote(word))
                    .collect::<Result<_, _>>()?;
                (Purpose::Command, out, format!("run {}", words.join(" ")))
            }
            Question::Script { text, env } => {
                for (variable, value) in env {
                    vars += &format!("export {}={}\n", name(variable)?, quote(value)?);
                }
                // A script that is told to end waits for its children first: it is their parent, and nobody else will reap them.
                let told = "trap \"trap '' TERM; wait; exit 143\" TERM";
                let text = quote(&format!("{told}; {text}"))?;
                (Purpose::Command, out, format!("run sh -c {text}"))
            }
            Question::File { path, max } => {
                let max = (*max).min(out);
                let words = match &patient.root {
                    Some(root) => format!("look {} {} {}", quote(root)?, quote(path)?, max + 1),
                    None => rootless(path, patient)?,
                };
                (
                    Purpose::File { max },
                    max + file::HEADER,
                    format!("own {words}"),
                )
            }
            Question::Glob { pattern, most } => {
                let words = match &patient.root {
                    Some(root) => format!("list {} {} {most}", quote(root)?, quote(pattern)?),
                    None => rootless(pattern, patient)?,
                };
                (Purpose::Command, out, format!("own {words}"))
            }
            Question::Talk { argv, .. } => {
                let program = argv.first().ok_or(Unquotable::NoProgram)?;
                if program.starts_with('-') {
                    return Err(Unquotable::Option(program.clone()));
                }
                (Purpose::Command, 0, BESIDE.into())
            }
            Question::Kube(_) | Question::Pause(_) => {
                return Err(Unquotable::Foreign(ask.question.argv().join(" ")));
            }
        };
        Ok(self.begin(
            purpose,
            (seconds, out, err),
            &Order {
                vars: &vars,
                stdin: &ask.stdin,
                words: &words,
            },
        ))
    }

    /// What to start on a terminal of its own while the step of a [`Question::Talk`] is under way, once that has told its
    /// [`Reply::FirstByte`]: it waits for [`GO`](super::GO), tells [`BEGUN`](super::BEGUN), and then is the program.
    pub fn terminal(&self, argv: &[String]) -> Vec<String> {
        terminal(&self.mark, self.asked, argv)
    }

    fn begin(
        &mut self,
        purpose: Purpose,
        (seconds, out, err): (u64, u64, u64),
        order: &Order<'_>,
    ) -> Vec<u8> {
        self.asked += 1;
        let id = self.asked;
        self.step = Some(Step {
            id,
            purpose,
            out: Bounded::new(out),
            err: Bounded::new(err),
            begun: Begun::default(),
            told: false,
            cancelled: false,
            exit: None,
            end: None,
            silent: false,
        });
        let (out, err) = (out + 1, err + 1);
        let Order { vars, stdin, words } = order;
        let (fed, feed) = match stdin {
            [] => ("-", String::new()),
            bytes => ("fed", feed(bytes)),
        };
        self.order(&format!(
            "vars() {{ :\n{vars}}}\nfeed() {{ :\n{feed}}}\nbegin {id} {seconds} {out} {err} {fed} {words}"
        ))
    }

    /// An order ends with the secret on a line of its own, which no data holds.
    fn order(&self, text: &str) -> Vec<u8> {
        format!("{text}\n{}\n", self.secret).into_bytes()
    }

    /// Stops the step under way, leaf first; it is answered as cancelled. Empty when nothing is under way.
    pub fn stop(&mut self) -> Vec<u8> {
        match &mut self.step {
            None => Vec::new(),
            Some(step) => {
                step.cancelled = true;
                self.order("halt")
            }
        }
    }

    /// Ends the shell, after what steps have left running, and then its keeper; this is answered. Closing stdin ends the shell as well,
    /// and the keeper once its grace for another shell is over.
    pub fn farewell(&self) -> Vec<u8> {
        self.order("exit 0")
    }

    /// Takes bytes of the shell's stdout.
    pub fn stdout(&mut self, bytes: &[u8]) {
        for piece in self.out.feed(bytes) {
            match piece {
                Piece::Data(data) => match &mut self.step {
                    Some(step) if step.begun.out && step.end.is_none() => {
                        step.out.take(&data);
                        self.first_byte();
                    }
                    _ => self.stray(data.len()),
                },
                Piece::Frame(words) => self.frame(&words),
            }
        }
    }

    /// Takes bytes of the shell's stderr.
    pub fn stderr(&mut self, bytes: &[u8]) {
        for piece in self.err.feed(bytes) {
            match piece {
                Piece::Data(data) => match &mut self.step {
                    Some(step) if step.begun.err && !step.silent => {
                        step.err.take(&data);
                        self.first_byte();
                    }
                    _ => self.stray(data.len()),
                },
                Piece::Frame(words) => {
                    let mut words = words.split(' ');
                    let id = words.next().and_then(|id| id.parse().ok());
                    if let Some(step) = self.step.as_mut().filter(|step| Some(step.id) == id) {
                        match words.next() {
                            Some("begin") => step.begun.err = true,
                            Some("end") => step.silent = true,
                            _ => {}
                        }
                    }
                    self.finish();
                }
            }
        }
    }

    /// The next thing that has happened.
    pub fn poll(&mut self) -> Option<Reply> {
        self.replies.pop_front()
    }

    /// What has arrived of the step under way, and forgets the step: for one that is cut off. Both streams count as truncated.
    /// The caller says how it ended; here that is [`Ended::Lost`] without a reason, or [`Ended::Cancelled`] after a stop.
    pub fn partial(&mut self) -> Option<Raw> {
        let step = self.step.take()?;
        let cancelled = step.cancelled;
        let mut raw = step.into_raw()?;
        raw.stdout.truncated = true;
        raw.stderr.truncated = true;
        raw.ended = if cancelled {
            Ended::Cancelled
        } else {
            Ended::Lost(String::new())
        };
        Some(raw)
    }

    fn stray(&mut self, bytes: usize) {
        self.stray += bytes as u64;
    }

    fn first_byte(&mut self) {
        if let Some(step) = self.step.as_mut().filter(|step| !step.told) {
            step.told = true;
            self.replies.push_back(Reply::FirstByte);
        }
    }

    fn frame(&mut self, text: &str) {
        if self.stray > 0 {
            self.replies
                .push_back(Reply::Stray(std::mem::take(&mut self.stray)));
        }
        let words: Vec<&str> = text.split(' ').collect();
        match words[..] {
            ["hello", pid, uid, keeper, notes] => self.replies.push_back(Reply::Hello(Hello {
                shell_pid: pid.parse().ok(),
                uid: uid.parse().ok(),
                keeper_pid: keeper.parse().ok(),
                notes: Hello::notes(notes),
            })),
            ["bye", unreaped] => self.replies.push_back(Reply::Bye(Bye {
                remarks: unreaped_remark(unreaped.parse().unwrap_or(0)),
            })),
            [id, ref rest @ ..] => self.step_frame(id, rest),
            [] => {}
        }
    }

    fn step_frame(&mut self, id: &str, words: &[&str]) {
        let number = |at: usize| {
            words
                .get(at)
                .and_then(|word| word.parse().ok())
                .unwrap_or(0)
        };
        let Some(step) = self.step.as_mut().filter(|step| Ok(step.id) == id.parse()) else {
            return;
        };
        match words.first() {
            Some(&"begin") => {
                step.begun.out = true;
                self.first_byte();
            }
            Some(&"strike") => {
                step.exit.get_or_insert(Exit::Struck);
            }
            Some(&"exit") => {
                let code = i32::try_from(number(1)).unwrap_or(-1);
                step.exit.get_or_insert(Exit::ByItself(code));
            }
            Some(&"end") => {
                step.end = Some(End {
                    strikes: number(1),
                    left: number(2),
                    unreaped: number(3),
                });
                self.finish();
            }
            _ => {}
        }
    }

    /// A step is done when both streams have told its end.
    fn finish(&mut self) {
        if let Some(step) = self.step.take_if(|step| step.end.is_some() && step.silent) {
            let reply = match &step.purpose {
                Purpose::Hunt(hunt) => Some(Reply::Patient(hunt.read(&step.out.text()))),
                _ => step.into_raw().map(Reply::Done),
            };
            self.replies.extend(reply);
        }
    }
}

/// What every session's shell begins with. `secret` is the text that brings it its secret, where it does not make that itself.
pub(super) fn prelude(secret: &str, mark: &str, keeper: bool) -> String {
    let own = "read -r secret </proc/sys/kernel/random/uuid; echo \"$secret\" >&3";
    sent(include_str!("prelude.sh"))
        .replace("@SECRET@", if secret.is_empty() { own } else { secret })
        .replace("@MARK@", mark)
        .replace("@KEPT@", if keeper { "1" } else { "0" })
}

fn whole_seconds(timeout: std::time::Duration) -> u64 {
    let seconds = timeout.as_secs() + u64::from(timeout.subsec_nanos() > 0);
    seconds.max(1)
}

/// The words for a path that cannot be looked at, because the patient's root cannot be.
fn rootless(path: &str, patient: &Patient) -> Result<String, Unquotable> {
    let reason = patient.reason.as_deref();
    let why = reason.unwrap_or("the patient's root cannot be read");
    Ok(format!("refuse {}", quote(&format!("{path}: {why}"))?))
}
