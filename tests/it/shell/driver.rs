//! A real `sh` on the other end of a conversation.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use housecall::ask::{Ask, Patient, Question};
use housecall::cluster::shell::{Conversation, Nonce, Raw, Reply};
use tempfile::TempDir;

/// The three shells that must do, by the program that is linked to `sh`.
pub(super) const SHELLS: [&str; 3] = ["busybox", "dash", "bash"];

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

enum Heard {
    Out(Vec<u8>),
    Err(Vec<u8>),
    Closed,
}

/// A session with one shell.
pub(super) struct Shell {
    pub(super) conversation: Conversation,
    pub(super) child: Child,
    pub(super) patient: Patient,
    stdin: Option<ChildStdin>,
    heard: Receiver<Heard>,
    chunk: usize,
    _path: TempDir,
}

impl Shell {
    /// Starts the shell under the name `sh`, first on its PATH, so that steps get the same one.
    pub(super) fn start(program: &str) -> Self {
        Self::start_with(program, |_| {})
    }

    /// The same, after `adjust` has changed how it is started.
    pub(super) fn start_with(program: &str, adjust: impl FnOnce(&mut Command)) -> Self {
        static COUNT: AtomicU8 = AtomicU8::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = tempfile::tempdir().unwrap();
        let sh = path.path().join("sh");
        std::os::unix::fs::symlink(find(program), &sh).unwrap();
        let mut seed = [count; 16];
        seed[..4].copy_from_slice(&std::process::id().to_ne_bytes());
        let conversation = Conversation::new(Nonce::from_bytes(seed), false);
        let mut command = Command::new(&sh);
        command
            .args(&conversation.command()[1..])
            .env("PATH", format!("{}:/usr/bin:/bin", path.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        adjust(&mut command);
        let mut child = command.spawn().unwrap();
        let (tell, heard) = channel();
        let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        for (mut pipe, wrap) in [
            (
                Box::new(out) as Box<dyn Read + Send>,
                Heard::Out as fn(Vec<u8>) -> Heard,
            ),
            (Box::new(err), Heard::Err),
        ] {
            let tell = tell.clone();
            thread::spawn(move || {
                let mut buffer = vec![0; 65536];
                loop {
                    let length = pipe.read(&mut buffer).unwrap_or(0);
                    if length == 0 || tell.send(wrap(buffer[..length].to_vec())).is_err() {
                        let _ = tell.send(Heard::Closed);
                        return;
                    }
                }
            });
        }
        let mut shell = Self {
            stdin: child.stdin.take(),
            conversation,
            child,
            patient: Patient {
                pid: None,
                root: Some("/".into()),
                reason: None,
            },
            heard,
            chunk: usize::MAX,
            _path: path,
        };
        let opening = shell.conversation.opening();
        shell.write(&opening);
        let hello = shell.reply();
        assert!(matches!(hello, Reply::Hello(_)), "{hello:?}");
        shell
    }

    /// Feeds what arrives in pieces of this size.
    pub(super) fn in_chunks_of(&mut self, chunk: usize) {
        self.chunk = chunk;
    }

    /// Puts a root in front of file questions.
    pub(super) fn within(&mut self, root: &Path) {
        self.patient.root = Some(root.to_str().unwrap().into());
    }

    pub(super) fn write(&mut self, bytes: &[u8]) {
        self.stdin.as_mut().unwrap().write_all(bytes).unwrap();
    }

    /// The next reply, but for the first byte of a step.
    pub(super) fn reply(&mut self) -> Reply {
        let until = Instant::now() + PATIENCE;
        loop {
            while let Some(reply) = self.conversation.poll() {
                if reply != Reply::FirstByte {
                    return reply;
                }
            }
            match self
                .heard
                .recv_timeout(until.saturating_duration_since(Instant::now()))
            {
                Ok(Heard::Out(bytes)) => bytes
                    .chunks(self.chunk)
                    .for_each(|bytes| self.conversation.stdout(bytes)),
                Ok(Heard::Err(bytes)) => bytes
                    .chunks(self.chunk)
                    .for_each(|bytes| self.conversation.stderr(bytes)),
                Ok(Heard::Closed) => {}
                Err(RecvTimeoutError::Timeout) => panic!("no reply; {:?}", self.conversation),
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("the shell ended; {:?}", self.conversation)
                }
            }
        }
    }

    /// Waits until the step under way has written something.
    pub(super) fn until_written(&mut self) {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            match self.heard.recv_timeout(PATIENCE) {
                Ok(Heard::Out(bytes)) => {
                    let marker = bytes.windows(5).any(|window| window == b"ready");
                    self.conversation.stdout(&bytes);
                    if marker {
                        return;
                    }
                }
                Ok(Heard::Err(bytes)) => self.conversation.stderr(&bytes),
                other => panic!("nothing written: {}", other.is_ok()),
            }
        }
        panic!("nothing written");
    }

    /// Starts a step and does not wait.
    pub(super) fn begin(&mut self, ask: &Ask) {
        let bytes = self.conversation.ask(ask, &self.patient).unwrap();
        self.write(&bytes);
    }

    pub(super) fn ask(&mut self, ask: &Ask) -> Raw {
        self.begin(ask);
        self.done()
    }

    pub(super) fn done(&mut self) -> Raw {
        match self.reply() {
            Reply::Done(raw) => raw,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn argv(&mut self, argv: &[&str]) -> Raw {
        let argv = argv.iter().map(|word| (*word).to_owned()).collect();
        self.ask(&Ask::new(Question::Argv(argv)))
    }

    pub(super) fn script(&mut self, text: &str) -> Raw {
        self.ask(&script(text, 10))
    }

    pub(super) fn file(&mut self, path: &str) -> Raw {
        self.ask(&Ask::new(Question::File {
            path: path.into(),
            max: 1000,
        }))
    }

    /// Closes stdin and waits for the shell's end.
    pub(super) fn close(&mut self) -> i32 {
        drop(self.stdin.take());
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().unwrap_or(-1);
            }
            thread::yield_now();
        }
        panic!("the shell does not end");
    }

    /// What a step puts in front of its command, to be found again.
    pub(super) fn tag(&self, word: &str) -> String {
        format!("housecall-test-{}-{word}", self.child.id())
    }
}

/// A script with a timeout in seconds.
pub(super) fn script(text: &str, seconds: u64) -> Ask {
    Ask {
        timeout: Duration::from_secs(seconds),
        ..Ask::new(Question::Script {
            text: text.into(),
            env: Vec::new(),
        })
    }
}

/// Processes that descend from `root`, zombies included, as `pid state name`.
pub(super) fn descendants(root: u32) -> Vec<String> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<u32>().ok())
        else {
            continue;
        };
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else {
            continue;
        };
        let (name, rest) = stat.split_once('(').unwrap().1.rsplit_once(") ").unwrap();
        let mut rest = rest.split(' ');
        let state = rest.next().unwrap().to_owned();
        let parent: u32 = rest.next().unwrap().parse().unwrap();
        all.push((pid, parent, format!("{pid} {state} {name}")));
    }
    let mut ours = vec![root];
    let mut found = Vec::new();
    let mut at = 0;
    while at < ours.len() {
        for (pid, parent, words) in &all {
            if *parent == ours[at] {
                ours.push(*pid);
                found.push(words.clone());
            }
        }
        at += 1;
    }
    found
}

/// Processes whose environment or command line holds this.
pub(super) fn holding(text: &str) -> Vec<u32> {
    let has = |path: PathBuf| {
        std::fs::read(path).is_ok_and(|bytes| {
            bytes
                .windows(text.len())
                .any(|window| window == text.as_bytes())
        })
    };
    std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter(|entry| has(entry.path().join("environ")) || has(entry.path().join("cmdline")))
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

pub(super) fn find(program: &str) -> PathBuf {
    ["/bin", "/usr/bin", "/usr/local/bin"]
        .iter()
        .map(|folder| Path::new(folder).join(program))
        .find(|path| path.exists())
        .unwrap_or_else(|| {
            panic!("`{program}` is not installed; this test needs busybox, dash and bash")
        })
}
