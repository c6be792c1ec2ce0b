//! A terminal over a pump, as a stream of bytes.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use futures_util::io::{AsyncRead, AsyncWrite};

use super::pump::{End, Piece, Pump};

/// The stream, and how it ended. It is closed with the last of its clones: one is kept until the terminal's processes are gone, whatever
/// becomes of the dialogue.
#[derive(Clone, Debug)]
pub(super) struct Line(Arc<Mutex<Open>>);

#[derive(Debug)]
struct Open {
    pump: Pump,
    unread: Bytes,
    end: Option<End>,
}

impl Line {
    pub(super) fn new(pump: Pump) -> Self {
        Self(Arc::new(Mutex::new(Open {
            pump,
            unread: Bytes::new(),
            end: None,
        })))
    }

    /// How it ended, once everything is read.
    pub(super) fn end(&self) -> Option<End> {
        self.open().end.clone()
    }

    /// Nobody holds it across a wait, so it is free.
    fn open(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AsyncRead for Line {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let mut open = self.open();
        while open.unread.is_empty() {
            if open.end.is_some() {
                return Poll::Ready(Ok(0));
            }
            match ready!(open.pump.poll_next(cx)) {
                Piece::Stdout(bytes) | Piece::Stderr(bytes) => open.unread = bytes,
                Piece::Ended(end) => open.end = Some(end),
            }
        }
        let length = open.unread.len().min(buffer.len());
        open.unread.copy_to_slice(&mut buffer[..length]);
        Poll::Ready(Ok(length))
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.open().pump.send(bytes.to_vec());
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.open().pump.finish();
        Poll::Ready(Ok(()))
    }
}
