//! A pty of this machine with a program on it.

use std::io;
use std::process::Command;

use expectrl::process::unix::{AsyncPtyStream, UnixProcess, WaitStatus};
use expectrl::process::{IntoAsyncStream, Process, Termios};
use tokio::sync::oneshot;

use crate::cluster::shell::WIDTH;

/// How high it is, lines.
const HEIGHT: u16 = 24;

/// A terminal whose first process is our child.
pub(super) struct Terminal {
    /// What is read from it and written to it.
    pub(super) stream: AsyncPtyStream,
    /// Told once the first process has ended: its exit code, as `sh` counts.
    pub(super) ended: oneshot::Receiver<i32>,
}

impl Terminal {
    /// Starts the command on a new pty, in the calling thread's namespaces.
    pub(super) fn spawn(argv: &[String]) -> io::Result<Self> {
        let (program, arguments) = argv
            .split_first()
            .ok_or_else(|| io::Error::other("an empty command"))?;
        let mut command = Command::new(program);
        command.args(arguments);
        let mut process = UnixProcess::spawn_command(command)?;
        let (tell, ended) = oneshot::channel();
        let opened = open(&mut process);
        // Reaped by a thread of its own: at once, so that nobody counts it as a zombie, and before it is dropped, which would wait for it
        // where it is in the way.
        std::thread::Builder::new()
            .name("terminal".into())
            .spawn(move || {
                let code = match process.wait() {
                    Ok(WaitStatus::Exited(_, code)) => code,
                    Ok(WaitStatus::Signaled(_, signal, _)) => 128 + signal as i32,
                    _ => -1,
                };
                let _ = tell.send(code);
            })?;
        Ok(Self {
            stream: opened?,
            ended,
        })
    }
}

fn open(process: &mut UnixProcess) -> io::Result<AsyncPtyStream> {
    process.set_window_size(WIDTH, HEIGHT)?;
    // As a terminal is: the crate begins without.
    Termios::set_echo(process, true)?;
    process.open_stream()?.into_async_stream()
}
