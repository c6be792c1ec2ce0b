//! An exec stream of the fake: a local process at the other end of a WebSocket.

use std::process::Stdio;
use std::sync::Arc;

use axum::extract::ws::{Message, WebSocket};
use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use tokio::sync::mpsc;

use super::kubelet::{entered, expanded};
use super::world::{Fault, World};

/// Serves one exec until either side ends.
pub(crate) async fn serve(
    world: Arc<World>,
    mut socket: WebSocket,
    container: String,
    command: Vec<String>,
    fault: Fault,
) {
    if let Fault::Later(words) = fault {
        let status = json!({"status": "Failure", "reason": "InternalError", "message": words});
        let _ = socket.send(frame(3, status.to_string().as_bytes())).await;
        let _ = socket.send(Message::Close(None)).await;
        return;
    }
    let Some(running) = world.running(&container) else {
        let words = format!("container not found (\"{container}\")");
        let status = json!({"status": "Failure", "reason": "InternalError", "message": words});
        let _ = socket.send(frame(3, status.to_string().as_bytes())).await;
        let _ = socket.send(Message::Close(None)).await;
        return;
    };
    let log = running.log.to_string_lossy().into_owned();
    let mut child = Command::new(&command[0])
        .args(&command[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    if running.tardy {
        std::fs::write(entered(&running.log), "").unwrap();
    }
    let mut stdin = child.stdin.take();
    let (said, mut output) = mpsc::channel(16);
    tokio::spawn(read(1, child.stdout.take().unwrap(), said.clone()));
    tokio::spawn(read(2, child.stderr.take().unwrap(), said));
    let (mut out, mut input) = socket.split();
    let mut every = world.cut.subscribe();
    let cut = match fault {
        Fault::CutOn(words) | Fault::LostOn(words) => Some(words.as_bytes()),
        _ => None,
    };
    loop {
        tokio::select! {
            piece = output.recv() => match piece {
                Some((channel, bytes)) => {
                    let last = cut.is_some_and(|cut| channel == 1 && holds(&bytes, cut));
                    if out.send(frame(channel, &bytes)).await.is_err() || last {
                        break;
                    }
                }
                None => {
                    let code = child.wait().await.unwrap().code().unwrap_or(137);
                    let _ = out.send(frame(3, status(code).to_string().as_bytes())).await;
                    let _ = out.send(Message::Close(None)).await;
                    return;
                }
            },
            _ = every.changed() => break,
            message = input.next() => match message {
                Some(Ok(Message::Binary(bytes))) => match (&bytes[..], &mut stdin) {
                    ([255, 0], _) => stdin = None,
                    ([0, text @ ..], Some(pipe)) => {
                        let text = expanded_bytes(text, &log);
                        if pipe.write_all(&text).await.is_err() {
                            stdin = None;
                        }
                    }
                    _ => {}
                },
                Some(Ok(_)) => {}
                Some(Err(_)) | None => break,
            },
        }
    }
    drop((out, input, output));
    // The client is gone: the end of stdin, and then the shell is left to leave by itself, as a runtime does it.
    if !matches!(fault, Fault::LostOn(_)) {
        drop(stdin.take());
    }
    let _ = child.wait().await;
}

fn expanded_bytes(text: &[u8], log: &str) -> Vec<u8> {
    match std::str::from_utf8(text) {
        Ok(text) if text.contains("/dev/termination-log") => {
            expanded(&text.replace('$', "$$"), log).into_bytes()
        }
        _ => text.to_vec(),
    }
}

fn holds(bytes: &[u8], words: &[u8]) -> bool {
    bytes.windows(words.len()).any(|window| window == words)
}

fn status(code: i32) -> serde_json::Value {
    match code {
        0 => json!({"status": "Success"}),
        code => json!({"status": "Failure", "reason": "NonZeroExitCode",
            "details": {"causes": [{"reason": "ExitCode", "message": code.to_string()}]}}),
    }
}

fn frame(channel: u8, data: &[u8]) -> Message {
    let mut bytes = vec![channel];
    bytes.extend_from_slice(data);
    Message::Binary(bytes.into())
}

async fn read(channel: u8, mut pipe: impl AsyncRead + Unpin, said: mpsc::Sender<(u8, Vec<u8>)>) {
    let mut buffer = vec![0; 32 * 1024];
    while let Ok(length @ 1..) = pipe.read(&mut buffer).await {
        if said
            .send((channel, buffer[..length].to_vec()))
            .await
            .is_err()
        {
            return;
        }
    }
}
