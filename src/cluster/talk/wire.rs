//! The stream of a terminal as the dialogue hears it: from its program's first byte on, as plain text, written down as it comes.
//!
//! What is waited for is looked for here, and expectrl is let have it when it is there. By itself it reads 128 bytes and then searches all
//! that it has, again and again: a program that says a lot would keep a core busy for longer than it may take.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::future::poll_fn;
use futures_util::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use super::plain::Plain;
use super::transcript::Transcript;
use crate::ask::Sought;
use crate::cluster::shell::{BEGUN, GO};

/// Bytes read at once.
const CHUNK: usize = 16 * 1024;

/// Bytes taken in before they are searched.
const ROUND: usize = 64 * 1024;

/// A terminal's stream, and where it is written down.
#[derive(Debug)]
pub(super) struct Wire<S> {
    stream: S,
    transcript: Transcript,
    plain: Plain,
    begun: bool,
    /// Plain text that nobody has read yet.
    waiting: Vec<u8>,
    /// How much of it may be read, and how much of that was.
    free: usize,
    read: usize,
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
            free: 0,
            read: 0,
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

    /// Waits until what is sought is there, and lets it be read, with all that is before it: so many bytes. `None` where the stream ends
    /// without it.
    pub(super) async fn until(&mut self, sought: &Sought) -> Option<usize>
    where
        S: AsyncRead + Unpin,
    {
        loop {
            if let Some(place) = sought.find(&self.waiting) {
                self.free = place.end;
                return Some(place.end);
            }
            if self.ended {
                return None;
            }
            poll_fn(|cx| self.poll_round(cx)).await;
        }
    }

    /// Waits for the end of the stream.
    pub(super) async fn end(&mut self)
    where
        S: AsyncRead + Unpin,
    {
        while !self.ended {
            poll_fn(|cx| self.poll_round(cx)).await;
        }
    }

    /// Takes in all that is there by now, so that it is searched once: a terminal hands out its text in pieces of a few bytes.
    fn poll_round(&mut self, cx: &mut Context<'_>) -> Poll<()>
    where
        S: AsyncRead + Unpin,
    {
        ready!(self.poll_hear(cx));
        let enough = self.waiting.len() + ROUND;
        while !self.ended && self.waiting.len() < enough && self.poll_hear(cx).is_ready() {}
        Poll::Ready(())
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
        _: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        // Nothing is read but what was found, and that is there: no reader ever waits here.
        let (from, free) = (self.read, self.free);
        let length = (free - from).min(buffer.len());
        buffer[..length].copy_from_slice(&self.waiting[from..from + length]);
        self.read += length;
        if self.read == free {
            self.waiting.drain(..free);
            (self.read, self.free) = (0, 0);
        }
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
