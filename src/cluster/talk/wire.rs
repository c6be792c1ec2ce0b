//! The stream of a terminal as the dialogue hears it: from its program's first byte on, as plain text, written down as it comes.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::future::poll_fn;
use futures_util::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use super::plain::Plain;
use super::transcript::Transcript;
use crate::cluster::shell::{BEGUN, GO};

/// Bytes read at once.
const CHUNK: usize = 16 * 1024;

/// A terminal's stream, and where it is written down.
#[derive(Debug)]
pub(super) struct Wire<S> {
    stream: S,
    transcript: Transcript,
    plain: Plain,
    begun: bool,
    /// Plain text that nobody has read yet.
    waiting: Vec<u8>,
    ended: bool,
}

impl<S> Wire<S> {
    pub(super) fn new(stream: S, transcript: Transcript) -> Self {
        Self {
            stream,
            transcript,
            plain: Plain::default(),
            begun: false,
            waiting: Vec::new(),
            ended: false,
        }
    }

    /// Lets the program begin, and waits until it does: what is written earlier would be echoed before it. False where it never does.
    pub(super) async fn begin(&mut self) -> bool
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        if self.stream.write_all(GO).await.is_err() || self.stream.flush().await.is_err() {
            return false;
        }
        while !self.begun && !self.ended {
            poll_fn(|cx| self.poll_hear(cx)).await;
        }
        self.begun
    }

    fn poll_hear(&mut self, cx: &mut Context<'_>) -> Poll<()>
    where
        S: AsyncRead + Unpin,
    {
        let mut chunk = [0; CHUNK];
        // A pty whose other side is gone tells it as an error (EIO).
        match ready!(Pin::new(&mut self.stream).poll_read(cx, &mut chunk)) {
            Ok(0) | Err(_) => self.ended = true,
            Ok(length) => self.hear(&chunk[..length]),
        }
        Poll::Ready(())
    }

    /// The stream itself.
    pub(super) fn stream(&self) -> &S {
        &self.stream
    }

    fn hear(&mut self, bytes: &[u8]) {
        let mut bytes = bytes;
        if !self.begun {
            let Some(at) = bytes.iter().position(|byte| *byte == BEGUN) else {
                return;
            };
            self.begun = true;
            bytes = &bytes[at + 1..];
        }
        let text = self.plain.text(bytes);
        let kept = self.transcript.take(&text);
        // What is not kept is not looked at either: a dialogue is judged by its transcript.
        self.ended |= kept < text.len();
        self.waiting.extend_from_slice(&text[..kept]);
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        while self.waiting.is_empty() && !self.ended {
            ready!(self.poll_hear(cx));
        }
        let length = self.waiting.len().min(buffer.len());
        buffer[..length].copy_from_slice(&self.waiting[..length]);
        self.waiting.drain(..length);
        Poll::Ready(Ok(length))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(cx)
    }
}
