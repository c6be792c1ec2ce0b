//! The pump against peers that behave as no peer should: whatever they do, it comes to an end and loses nothing it heard.

#![expect(
    clippy::unwrap_used,
    reason = "in a test, what cannot be is a failure of the test"
)]

use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use housecall::cluster::kube::{End, ExecStatus, Limits, Piece, Pump};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

/// Far above what any of these needs; a pump that hangs is found by it.
const HUNG: Duration = Duration::from_secs(20);

const LIMITS: Limits = Limits {
    silence: Duration::from_millis(400),
    after_status: Duration::from_millis(200),
};

type Peer = WebSocketStream<TcpStream>;

async fn connected(half_close: bool) -> (Pump, Peer) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (ours, theirs) = tokio::join!(TcpStream::connect(address), listener.accept());
    let ours = WebSocketStream::from_raw_socket(ours.unwrap(), Role::Client, None).await;
    let huge = WebSocketConfig::default()
        .max_frame_size(None)
        .max_message_size(None);
    let peer = WebSocketStream::from_raw_socket(theirs.unwrap().0, Role::Server, Some(huge)).await;
    (Pump::start(ours, half_close, LIMITS), peer)
}

fn frame(channel: u8, data: impl AsRef<[u8]>) -> Message {
    let mut bytes = vec![channel];
    bytes.extend_from_slice(data.as_ref());
    Message::Binary(bytes.into())
}

fn success() -> Message {
    frame(3, br#"{"metadata":{},"status":"Success"}"#)
}

/// Everything the pump brings, by stream, and its end.
async fn all(pump: &mut Pump) -> (Vec<u8>, Vec<u8>, End) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    loop {
        match timeout(HUNG, pump.next()).await.expect("the pump hangs") {
            Piece::Stdout(bytes) => out.extend_from_slice(&bytes),
            Piece::Stderr(bytes) => err.extend_from_slice(&bytes),
            Piece::Ended(end) => return (out, err, end),
        }
    }
}

/// Everything the peer is told until the stream ends.
async fn heard(peer: &mut Peer) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    let hear = async {
        while let Some(Ok(message)) = peer.next().await {
            if let Message::Binary(bytes) = message {
                frames.push(bytes.to_vec());
            }
        }
    };
    timeout(HUNG, hear)
        .await
        .expect("the stream was never closed");
    frames
}

const ENDED: End = End::Status(ExecStatus::Exited(0));

#[tokio::test]
async fn a_connection_reset_in_mid_stream_is_an_end_and_what_came_before_is_kept() {
    let (mut pump, mut peer) = connected(true).await;
    peer.send(frame(1, "partial")).await.unwrap();
    assert_eq!(
        timeout(HUNG, pump.next()).await.unwrap(),
        Piece::Stdout("partial".into())
    );
    peer.get_ref().set_zero_linger().unwrap();
    drop(peer);
    let (_, _, end) = all(&mut pump).await;
    assert!(matches!(end, End::Broken(_)), "{end:?}");
}

#[tokio::test]
async fn output_that_nobody_has_read_yet_does_not_keep_the_status_from_coming() {
    let (mut pump, mut peer) = connected(true).await;
    let block = vec![b'x'; 32 * 1024];
    for _ in 0..32 {
        peer.send(frame(1, &block)).await.unwrap();
    }
    peer.send(success()).await.unwrap();
    let (out, _, end) = all(&mut pump).await;
    assert_eq!((out.len(), end), (32 * block.len(), ENDED));
}

#[tokio::test]
async fn one_stream_alone_may_bring_megabytes_while_the_other_is_silent() {
    let (mut pump, mut peer) = connected(true).await;
    let sending = tokio::spawn(async move {
        for _ in 0..256 {
            peer.send(frame(2, vec![b'e'; 32 * 1024])).await.unwrap();
        }
        peer.send(frame(1, "last")).await.unwrap();
        peer.send(success()).await.unwrap();
        peer
    });
    let (out, err, end) = all(&mut pump).await;
    assert_eq!(
        (out.as_slice(), err.len(), end),
        (&b"last"[..], 8 << 20, ENDED)
    );
    drop(sending.await.unwrap());
}

#[tokio::test]
async fn a_reader_that_is_gone_closes_the_stream_even_while_output_floods_in() {
    let (pump, mut peer) = connected(true).await;
    drop(pump);
    let flood = async { while peer.send(frame(1, vec![0; 32 * 1024])).await.is_ok() {} };
    timeout(HUNG, flood)
        .await
        .expect("the stream was never closed");
}

#[tokio::test]
async fn memory_is_bounded_while_nobody_reads_and_nothing_is_lost() {
    let (mut pump, mut peer) = connected(true).await;
    let total = 64usize << 20;
    let block = 1 << 20;
    let (told, mut sent) = tokio::sync::watch::channel(0);
    let sending = tokio::spawn(async move {
        for number in 1..=total / block {
            peer.send(frame(1, vec![7; block])).await.unwrap();
            told.send_replace(number * block);
        }
        peer.send(success()).await.unwrap();
        peer
    });
    // The sender comes to rest by itself: sockets and the queue are full.
    while let Ok(changed) = timeout(Duration::from_millis(700), sent.changed()).await {
        changed.expect("everything was taken in with nobody reading");
    }
    assert!(!sending.is_finished());
    let (out, _, end) = all(&mut pump).await;
    assert_eq!((out.len(), end), (total, ENDED));
    drop(sending.await.unwrap());
}

#[tokio::test]
async fn the_end_of_stdin_is_told_by_a_close_of_its_channel() {
    let (mut pump, mut peer) = connected(true).await;
    pump.send("one");
    pump.send("two");
    pump.finish();
    let mut frames = Vec::new();
    while frames.len() < 3 {
        if let Some(Ok(Message::Binary(bytes))) = timeout(HUNG, peer.next()).await.unwrap() {
            frames.push(bytes.to_vec());
        }
    }
    assert_eq!(frames, [&b"\0one"[..], b"\0two", &[255, 0]]);
    peer.send(frame(1, "still heard")).await.unwrap();
    peer.send(success()).await.unwrap();
    let (out, _, end) = all(&mut pump).await;
    assert_eq!((out.as_slice(), end), (&b"still heard"[..], ENDED));
}

#[tokio::test]
async fn without_half_close_the_end_of_stdin_closes_the_stream_after_what_was_queued() {
    let (pump, mut peer) = connected(false).await;
    pump.send("exit\n");
    pump.finish();
    assert_eq!(heard(&mut peer).await, [b"\0exit\n".to_vec()]);
    drop(pump);
}

#[tokio::test]
async fn a_dropped_pump_ends_stdin() {
    let (pump, mut peer) = connected(true).await;
    pump.send("read\n");
    drop(pump);
    // Closed without a hang; what was queued may or may not have left.
    heard(&mut peer).await;
}

#[tokio::test]
async fn a_frame_beyond_the_limit_is_an_end_and_no_hang() {
    let (mut pump, mut peer) = connected(true).await;
    peer.send(frame(1, "before")).await.unwrap();
    let sending = tokio::spawn(async move {
        let _ = peer.send(frame(1, vec![0; 17 << 20])).await;
        peer
    });
    let (out, _, end) = all(&mut pump).await;
    assert_eq!(out, b"before");
    assert!(matches!(end, End::Broken(_)), "{end:?}");
    drop(sending.await.unwrap());
}

#[tokio::test]
async fn output_after_the_status_is_kept() {
    let (mut pump, mut peer) = connected(true).await;
    peer.send(success()).await.unwrap();
    peer.send(frame(1, "late")).await.unwrap();
    let (out, _, end) = all(&mut pump).await;
    assert_eq!((out.as_slice(), end), (&b"late"[..], ENDED));
    drop(peer);
}

#[tokio::test]
async fn a_close_without_a_status_is_told_from_an_end_with_one() {
    let (mut pump, mut peer) = connected(true).await;
    peer.send(frame(1, "half")).await.unwrap();
    peer.close(None).await.unwrap();
    let (out, _, end) = all(&mut pump).await;
    assert_eq!((out.as_slice(), end), (&b"half"[..], End::Closed));
}

#[tokio::test]
async fn a_status_that_is_a_refusal_carries_the_servers_words() {
    let (mut pump, mut peer) = connected(true).await;
    let refused =
        br#"{"status":"Failure","reason":"InternalError","message":"container not found (\"x\")"}"#;
    peer.send(frame(3, refused)).await.unwrap();
    peer.close(None).await.unwrap();
    let (_, _, end) = all(&mut pump).await;
    assert_eq!(
        end,
        End::Status(ExecStatus::Refused("container not found (\"x\")".into()))
    );
}

#[tokio::test]
async fn a_peer_that_answers_no_ping_is_given_up() {
    let (mut pump, peer) = connected(true).await;
    let (_, _, end) = all(&mut pump).await;
    assert_eq!(end, End::Silent);
    drop(peer);
}

#[tokio::test]
async fn a_peer_that_answers_pings_may_be_quiet_for_long() {
    let (mut pump, mut peer) = connected(true).await;
    // Reading is what answers pings.
    let mut pings = 0;
    while pings < 12 {
        if let Some(Ok(Message::Ping(_))) = timeout(HUNG, peer.next()).await.unwrap() {
            pings += 1;
        }
    }
    peer.send(success()).await.unwrap();
    assert_eq!(all(&mut pump).await.2, ENDED);
}

#[tokio::test]
async fn a_peer_that_never_reads_is_given_up_even_while_it_talks() {
    let (mut pump, peer) = connected(true).await;
    for _ in 0..50 {
        pump.send(Bytes::from(vec![b'x'; 1 << 20]));
    }
    let (mut voice, _ears) = peer.split();
    let talking = tokio::spawn(async move {
        let mut beat = tokio::time::interval(Duration::from_millis(50));
        loop {
            beat.tick().await;
            if voice.send(frame(1, "tick")).await.is_err() {
                return;
            }
        }
    });
    let (out, _, end) = all(&mut pump).await;
    assert_eq!(end, End::Silent);
    assert!(out.starts_with(b"tick"), "it was heard all the while");
    timeout(HUNG, talking).await.unwrap().unwrap();
}

#[tokio::test]
async fn empty_frames_and_unknown_channels_are_no_output() {
    let (mut pump, mut peer) = connected(true).await;
    for message in [
        frame(1, ""),
        frame(2, ""),
        frame(9, "x"),
        Message::Binary(Bytes::new()),
        Message::Text("hello".into()),
    ] {
        peer.send(message).await.unwrap();
    }
    peer.send(frame(1, "x")).await.unwrap();
    peer.send(success()).await.unwrap();
    assert_eq!(all(&mut pump).await, (b"x".to_vec(), Vec::new(), ENDED));
}
