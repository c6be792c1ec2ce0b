use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::{Dialogue, Outcome, Talk, conclude};
use crate::ask::{Answer, Ask, Awaited, Canned, Ended, Exchange, Question};

/// A terminal whose program says one piece after another, rests where a piece is empty, and takes whatever it is told.
struct Said(Vec<&'static [u8]>, Vec<u8>);

impl AsyncRead for Said {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        if self.0.is_empty() {
            return Poll::Pending;
        }
        let piece = self.0.remove(0);
        if piece.is_empty() {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        buffer[..piece.len()].copy_from_slice(piece);
        Poll::Ready(Ok(piece.len()))
    }
}

impl AsyncWrite for Said {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.1.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn exchange(expect: Awaited, send: Option<&str>) -> Exchange {
    Exchange {
        expect: Some(expect),
        send: send.map(str::to_owned),
        timeout: Some(Duration::from_secs(5)),
    }
}

async fn held(pieces: Vec<&'static [u8]>, dialogue: Vec<Exchange>) -> (Outcome, Answer, Vec<u8>) {
    let question = Question::Talk {
        argv: vec!["x".into()],
        dialogue: dialogue.clone(),
    };
    let talk = Talk::new(&Ask::new(question), &dialogue);
    let stream = Said(pieces, Vec::new());
    let mut held = Dialogue::new(stream, &dialogue, talk.transcript()).unwrap();
    let outcome = held.hold(Instant::now() + Duration::from_secs(60)).await;
    let mut answer = Canned::silent(Ended::Cancelled).answer;
    talk.tell(&mut answer);
    conclude(&mut answer, outcome, None);
    let told = held.stream().1.clone();
    (outcome, answer, told)
}

#[tokio::test(start_paused = true)]
async fn the_first_place_counts_and_what_is_behind_it_is_left_for_the_next_exchange() {
    let pieces: Vec<&[u8]> = vec![b"\r\n\x02$ ls\r\n", b"a\r\n$ b\r\n$", b" "];
    let dialogue = vec![
        exchange(Awaited::Regex(r"\$ ".into()), Some("one\n")),
        exchange(Awaited::Text("$ b".into()), None),
        exchange(Awaited::Text("$ ".into()), None),
    ];
    let (outcome, answer, told) = held(pieces, dialogue).await;
    assert_eq!((outcome, answer.ended), (Outcome::Held, Ended::Released));
    assert_eq!(answer.stdout.text(), "$ ls\na\n$ b\n$ ");
    assert_eq!(told, b"\none\n", "to begin with, and what was to be sent");
}

#[tokio::test(start_paused = true)]
async fn promise_2_a_group_found_in_half_a_word_is_told_whole() {
    let pieces: Vec<&[u8]> = vec![b"\x02word=hun", b"", b"ter2\r\nend\r\n"];
    let dialogue = vec![
        exchange(Awaited::Regex(r"word=(?<word>\w+)".into()), None),
        exchange(Awaited::Text("end\n".into()), None),
    ];
    let (_, answer, _) = held(pieces, dialogue).await;
    assert_eq!(answer.progress.unwrap().groups["word"], "hunter2");
}

#[tokio::test(start_paused = true)]
async fn a_word_that_does_not_come_is_a_time_out_with_what_came_since() {
    let pieces: Vec<&[u8]> = vec![b"\x02\x1b[1mhello\x1b[0m\r\n", b"and no more"];
    let dialogue = vec![
        exchange(Awaited::Text("hello\n".into()), None),
        exchange(Awaited::Text("never".into()), None),
    ];
    let (outcome, answer, _) = held(pieces, dialogue).await;
    assert_eq!(
        (outcome, answer.ended),
        (Outcome::TimedOut, Ended::TimedOut)
    );
    let progress = answer.progress.unwrap();
    assert_eq!((progress.held, progress.since.as_str()), (1, "and no more"));
}

#[tokio::test(start_paused = true)]
async fn a_program_that_is_never_begun_is_told_as_that_when_the_time_is_over() {
    let dialogue = vec![exchange(Awaited::Text("x".into()), None)];
    let (outcome, answer, _) = held(vec![b"x x x"], dialogue).await;
    assert_eq!(outcome, Outcome::TimedOut);
    assert_eq!(answer.stdout.text(), "", "what came before is none of it");
}
