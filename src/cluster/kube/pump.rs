//! The pump: carries one exec stream between a WebSocket and two queues, and always comes to an [`End`].
//!
//! Kubernetes frames exec streams as binary messages whose first byte is the channel: 0 stdin, 1 stdout, 2 stderr, 3 the final
//! status as JSON, 4 the size of a terminal as JSON; v5 adds 255, which closes the channel named by the second byte (KEP-4006). The pump is one task. It reads and
//! writes at the same time, so a peer that does not read cannot keep us from hearing it; it never drops or reorders what it heard;
//! it stops reading while its own reader is slow, so memory stays bounded; and a peer that says nothing, not even to a ping, for
//! [`Limits::silence`] is given up.

use std::collections::VecDeque;
use std::fmt::Display;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::{Sink, SinkExt, Stream, StreamExt, future::poll_fn};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_tungstenite::tungstenite::Message;

use super::exec_status::ExecStatus;

/// How many bytes of output may wait for their reader; one frame more may be in hand.
const WAITING: u32 = 4 << 20;

/// How long the closing handshake may take.
const FAREWELL: Duration = Duration::from_millis(200);

/// Bounds of a pump.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// A peer that sends nothing and takes nothing for so long is gone. It is pinged four times within it.
    pub silence: Duration,
    /// How long output may still follow the final status.
    pub after_status: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            silence: Duration::from_secs(20),
            after_status: Duration::from_millis(300),
        }
    }
}

/// One thing that came out of the stream, in the order it came.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// Bytes of stdout.
    Stdout(Bytes),
    /// Bytes of stderr.
    Stderr(Bytes),
    /// Nothing more will come.
    Ended(End),
}

/// How a stream ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The peer told the final status.
    Status(ExecStatus),
    /// The peer closed the stream without a status: what it ran may not be finished.
    Closed,
    /// The connection broke, with the transport's own words.
    Broken(String),
    /// The peer is silent.
    Silent,
}

impl Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Status(status) => write!(f, "{status}"),
            Self::Closed => f.write_str("the stream was closed without a status"),
            Self::Broken(why) => write!(f, "the connection broke: {why}"),
            Self::Silent => f.write_str("the other side of the connection is silent"),
        }
    }
}

enum Input {
    Text(Bytes),
    Size { width: u16, height: u16 },
    Eof,
}

/// Our end of a pump. Dropping it closes the stream, which is the end of stdin for the process at the other end.
#[derive(Debug)]
pub struct Pump {
    input: mpsc::UnboundedSender<Input>,
    output: mpsc::UnboundedReceiver<Waiting>,
}

/// A piece with the room it takes up until it is read.
#[derive(Debug)]
struct Waiting {
    piece: Piece,
    _room: Option<OwnedSemaphorePermit>,
}

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Stdin may carry secrets: only its size is ever shown.
        match self {
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Size { width, height } => write!(f, "Size({width} x {height})"),
            Self::Eof => f.write_str("Eof"),
        }
    }
}

impl Pump {
    /// Starts pumping. `half_close` says whether the peer understands v5's close of one channel; without it the end of stdin
    /// closes the whole stream.
    pub fn start<S, E>(stream: S, half_close: bool, limits: Limits) -> Self
    where
        S: Stream<Item = Result<Message, E>> + Sink<Message, Error = E> + Send + Unpin + 'static,
        E: Display + Send + 'static,
    {
        let (input, orders) = mpsc::unbounded_channel();
        let (sink, output) = mpsc::unbounded_channel();
        tokio::spawn(run(stream, half_close, limits, orders, sink));
        Self { input, output }
    }

    /// Queues bytes for stdin. What is queued after the end is dropped; [`next`](Self::next) tells of the end.
    pub fn send(&self, text: impl Into<Bytes>) {
        // The task is gone only when the stream has ended, which the output says.
        let _ = self.input.send(Input::Text(text.into()));
    }

    /// Queues the size of the terminal, in characters, where there is one.
    pub fn resize(&self, width: u16, height: u16) {
        let _ = self.input.send(Input::Size { width, height });
    }

    /// Ends stdin after what is queued.
    pub fn finish(&self) {
        let _ = self.input.send(Input::Eof);
    }

    /// The next piece; the last one is always [`Piece::Ended`], and after it come only more of the same. Cancel-safe.
    pub async fn next(&mut self) -> Piece {
        match self.output.recv().await {
            Some(waiting) => waiting.piece,
            None => Piece::Ended(End::Closed),
        }
    }

    /// The same, for a reader that polls.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Piece> {
        self.output.poll_recv(cx).map(|waiting| match waiting {
            Some(waiting) => waiting.piece,
            None => Piece::Ended(End::Closed),
        })
    }
}

async fn run<S, E>(
    stream: S,
    half_close: bool,
    limits: Limits,
    orders: mpsc::UnboundedReceiver<Input>,
    sink: mpsc::UnboundedSender<Waiting>,
) where
    S: Stream<Item = Result<Message, E>> + Sink<Message, Error = E> + Send + Unpin,
    E: Display + Send,
{
    let (writer, reader) = stream.split();
    let mut outbox = Outbox {
        writer,
        unsent: VecDeque::new(),
        unflushed: false,
        progress: Instant::now(),
    };
    let end = carry(reader, &mut outbox, half_close, limits, orders, &sink).await;
    // A reader that is gone needs no last word; the stream is closed all the same.
    if let Some(end) = end {
        let _ = sink.send(Waiting {
            piece: Piece::Ended(end),
            _room: None,
        });
    }
    let _ = timeout(FAREWELL, outbox.writer.close()).await;
}

/// Runs until the stream has ended, or `None` once nobody listens or stdin ended on a peer without half-close.
async fn carry<W, R, E>(
    mut reader: R,
    outbox: &mut Outbox<W>,
    half_close: bool,
    limits: Limits,
    mut orders: mpsc::UnboundedReceiver<Input>,
    sink: &mpsc::UnboundedSender<Waiting>,
) -> Option<End>
where
    R: Stream<Item = Result<Message, E>> + Unpin,
    W: Sink<Message, Error = E> + Unpin,
    E: Display,
{
    let room = Arc::new(Semaphore::new(WAITING as usize));
    let mut heard = Instant::now();
    let mut tick = interval(limits.silence / 4);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tick.reset();
    let mut unread: Option<Piece> = None;
    let mut stdin_open = true;
    let mut status: Option<ExecStatus> = None;
    let mut until: Option<Instant> = None;
    // A status that was told before the stream broke stays true.
    let told = |status: Option<ExecStatus>, end: End| Some(status.map_or(end, End::Status));
    loop {
        tokio::select! {
            biased;
            permit = Arc::clone(&room).acquire_many_owned(size(&unread)), if unread.is_some() => {
                if let Some(piece) = unread.take() {
                    sink.send(Waiting { piece, _room: permit.ok() }).ok()?;
                }
                heard = Instant::now();
            }
            message = reader.next(), if unread.is_none() => {
                heard = Instant::now();
                match message {
                    None | Some(Ok(Message::Close(_))) => return told(status, End::Closed),
                    Some(Err(error)) => return told(status, End::Broken(error.to_string())),
                    Some(Ok(Message::Binary(frame))) if frame.len() > 1 => match frame[0] {
                        1 => unread = Some(Piece::Stdout(frame.slice(1..))),
                        2 => unread = Some(Piece::Stderr(frame.slice(1..))),
                        3 => {
                            status = Some(ExecStatus::read(&frame[1..]));
                            until = Some(Instant::now() + limits.after_status);
                        }
                        _ => {}
                    },
                    // Pongs, and the empty frames some runtimes begin with.
                    Some(Ok(_)) => {}
                }
            }
            () = sleep_until(until), if unread.is_none() => return told(status, End::Closed),
            sent = poll_fn(|cx| outbox.poll(cx)), if outbox.busy() => {
                if let Err(error) = sent {
                    return told(status, End::Broken(error.to_string()));
                }
                if !stdin_open && !half_close {
                    return None;
                }
            }
            _ = tick.tick() => {
                let stuck = outbox.busy() && outbox.progress.elapsed() > limits.silence;
                let mute = unread.is_none() && heard.elapsed() > limits.silence;
                if stuck || mute {
                    return told(status, End::Silent);
                }
                if !outbox.busy() {
                    outbox.push(Message::Ping(Bytes::new()));
                }
            }
            order = orders.recv(), if stdin_open => match order {
                Some(Input::Text(text)) => outbox.push(framed(0, &text)),
                Some(Input::Size { width, height }) => {
                    let size = format!(r#"{{"Width":{width},"Height":{height}}}"#);
                    outbox.push(framed(4, size.as_bytes()));
                }
                Some(Input::Eof) | None => {
                    stdin_open = false;
                    if half_close {
                        outbox.push(Message::Binary(Bytes::from_static(&[255, 0])));
                    } else {
                        outbox.unflushed = true;
                    }
                }
            },
            // Last, so that what was queued before both ends were dropped still goes out.
            () = sink.closed() => return None,
        }
    }
}

async fn sleep_until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// The room that a piece takes up; a frame larger than all of it takes all.
fn size(piece: &Option<Piece>) -> u32 {
    let length = match piece {
        Some(Piece::Stdout(bytes) | Piece::Stderr(bytes)) => bytes.len(),
        _ => 0,
    };
    u32::try_from(length).unwrap_or(WAITING).min(WAITING)
}

fn framed(channel: u8, text: &[u8]) -> Message {
    let mut frame = BytesMut::with_capacity(text.len() + 1);
    frame.put_u8(channel);
    frame.extend_from_slice(text);
    Message::Binary(frame.freeze())
}

/// What is still to be written. Writing can be left off at any moment and taken up again.
struct Outbox<W> {
    writer: W,
    unsent: VecDeque<Message>,
    unflushed: bool,
    /// When something last left.
    progress: Instant,
}

impl<W: Sink<Message> + Unpin> Outbox<W> {
    fn busy(&self) -> bool {
        self.unflushed || !self.unsent.is_empty()
    }

    fn push(&mut self, message: Message) {
        if !self.busy() {
            self.progress = Instant::now();
        }
        self.unsent.push_back(message);
    }

    /// Ready once everything has left.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), W::Error>> {
        while !self.unsent.is_empty() {
            ready!(self.writer.poll_ready_unpin(cx))?;
            if let Some(message) = self.unsent.pop_front() {
                self.writer.start_send_unpin(message)?;
                self.unflushed = true;
                self.progress = Instant::now();
            }
        }
        ready!(self.writer.poll_flush_unpin(cx))?;
        self.unflushed = false;
        Poll::Ready(Ok(()))
    }
}
