//! The local `sh`: started, in another network namespace where asked for, with its three pipes each in the hands of a task.

use std::io;
use std::process::{ExitStatus, Stdio};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::os::fd::AsFd;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use tokio::sync::mpsc;

use super::terminal::Terminal;
use crate::cluster::shell::{Conversation, Nonce};
use crate::random;

/// Bytes read at once.
const CHUNK: usize = 64 * 1024;

/// A running `sh` and the conversation with it.
pub(super) struct Child {
    /// The process whose network it is in, where that is not our own.
    beside: Option<u32>,
    process: tokio::process::Child,
    /// Written whole and in order by a task of its own, so that a future that is dropped in mid-sentence tears nothing. Dropping
    /// this closes the shell's stdin.
    pub(super) orders: Option<mpsc::UnboundedSender<Vec<u8>>>,
    heard: mpsc::Receiver<Heard>,
    pub(super) conversation: Conversation,
}

/// Bytes of one stream.
enum Heard {
    Out(Vec<u8>),
    Err(Vec<u8>),
}

impl Child {
    /// Starts `sh`. With a process id, in that process's network namespace; where that is not permitted it is an error: answers
    /// about another network are no answers.
    pub(super) fn spawn(pid: Option<u32>) -> io::Result<Self> {
        let conversation = Conversation::new(Nonce::from_bytes(random::bytes()?), false);
        let mut process = match pid {
            None => start(&conversation.command())?,
            Some(pid) => beside(pid, || start(&conversation.command()))?,
        };
        let (orders, mut written) = mpsc::unbounded_channel::<Vec<u8>>();
        if let Some(mut stdin) = process.stdin.take() {
            tokio::spawn(async move {
                while let Some(bytes) = written.recv().await {
                    if stdin.write_all(&bytes).await.is_err() || stdin.flush().await.is_err() {
                        break;
                    }
                }
            });
        }
        let (hear, heard) = mpsc::channel(16);
        if let Some(out) = process.stdout.take() {
            tokio::spawn(listen(out, hear.clone(), Heard::Out));
        }
        if let Some(err) = process.stderr.take() {
            tokio::spawn(listen(err, hear, Heard::Err));
        }
        Ok(Self {
            beside: pid,
            process,
            orders: Some(orders),
            heard,
            conversation,
        })
    }

    /// A terminal in the same place.
    pub(super) fn terminal(&self, argv: &[String]) -> io::Result<Terminal> {
        match self.beside {
            None => Terminal::spawn(argv),
            Some(pid) => beside(pid, || Terminal::spawn(argv)),
        }
    }

    /// Sends bytes to the shell. A shell that is gone is noticed by its silence.
    pub(super) fn say(&self, bytes: Vec<u8>) {
        if let Some(orders) = &self.orders {
            let _ = orders.send(bytes);
        }
    }

    /// Takes in the next bytes; false when both streams have ended.
    pub(super) async fn hear(&mut self) -> bool {
        match self.heard.recv().await {
            None => return false,
            Some(Heard::Out(bytes)) => self.conversation.stdout(&bytes),
            Some(Heard::Err(bytes)) => self.conversation.stderr(&bytes),
        }
        true
    }

    /// Waits for the end of the process.
    pub(super) async fn ended(&mut self) -> io::Result<ExitStatus> {
        self.process.wait().await
    }

    /// Ends it now.
    pub(super) async fn kill(&mut self) -> io::Result<ExitStatus> {
        self.process.start_kill()?;
        self.process.wait().await
    }
}

fn start(argv: &[String]) -> io::Result<tokio::process::Child> {
    let (program, arguments) = argv
        .split_first()
        .ok_or_else(|| io::Error::other("an empty command"))?;
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
}

/// Starts it from a thread that has entered the process's network namespace: a child inherits that of the thread, and the thread
/// ends with this function.
fn beside<T: Send>(pid: u32, start: impl FnOnce() -> io::Result<T> + Send) -> io::Result<T> {
    let runtime = tokio::runtime::Handle::current();
    std::thread::scope(|scope| {
        scope
            .spawn(|| {
                let _context = runtime.enter();
                enter(pid).map_err(|error| {
                    io::Error::other(format!("its network cannot be entered: {error}"))
                })?;
                start()
            })
            .join()
            .unwrap_or_else(|_| Err(io::Error::other("the thread that enters it ended early")))
    })
}

fn enter(pid: u32) -> io::Result<()> {
    let theirs = std::fs::File::open(format!("/proc/{pid}/ns/net"))?;
    let ours = std::fs::File::open("/proc/self/ns/net")?;
    if same(&theirs, &ours)? {
        return Ok(());
    }
    move_into_link_name_space(theirs.as_fd(), Some(LinkNameSpaceType::Network))?;
    Ok(())
}

/// Two handles of one namespace have one inode (namespaces(7)).
fn same(one: &std::fs::File, other: &std::fs::File) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let (one, other) = (one.metadata()?, other.metadata()?);
    Ok((one.dev(), one.ino()) == (other.dev(), other.ino()))
}

async fn listen(
    mut stream: impl AsyncRead + Unpin,
    hear: mpsc::Sender<Heard>,
    heard: fn(Vec<u8>) -> Heard,
) {
    let mut chunk = vec![0; CHUNK];
    while let Ok(length) = stream.read(&mut chunk).await {
        if length == 0 || hear.send(heard(chunk[..length].to_vec())).await.is_err() {
            break;
        }
    }
}
