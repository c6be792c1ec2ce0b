//! A terminal over a pump, as a stream of bytes.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use futures_util::io::{AsyncRead, AsyncWrite};

use super::pump::{End, Piece, Pump};

/// The stream, and how it ended.
#[derive(Debug)]
pub(super) struct Line {
    pump: Pump,
    unread: Bytes,
    end: Option<End>,
}

impl Line {
    pub(super) fn new(pump: Pump) -> Self {
        Self {
            pump,
            unread: Bytes::new(),
            end: None,
        }
    }

    /// How it ended, once everything is read.
    pub(super) fn end(&self) -> Option<&End> {
        self.end.as_ref()
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        while self.unread.is_empty() {
            if self.end.is_some() {
                return Poll::Ready(Ok(0));
            }
            match ready!(self.pump.poll_next(cx)) {
                Piece::Stdout(bytes) | Piece::Stderr(bytes) => self.unread = bytes,
                Piece::Ended(end) => self.end = Some(end),
            }
        }
        let length = self.unread.len().min(buffer.len());
        self.unread.copy_to_slice(&mut buffer[..length]);
        Poll::Ready(Ok(length))
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.pump.send(bytes.to_vec());
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.pump.finish();
        Poll::Ready(Ok(()))
    }
}
