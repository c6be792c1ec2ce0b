//! Holding a dialogue.

use expectrl::{AsyncExpect, Error, Regex, Session};
use futures_util::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout_at};

use super::transcript::Transcript;
use super::wire::Wire;
use crate::ask::{Awaited, Exchange};

/// A dialogue with what is at the other end of a stream.
pub(in crate::cluster) struct Dialogue<'a, S> {
    session: Session<(), Wire<S>>,
    exchanges: &'a [Exchange],
    transcript: Transcript,
}

/// How a dialogue ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cluster) enum Outcome {
    /// Every exchange came to its end, and the program is still there.
    Held,
    /// Nothing more will come: the program ended, or more came than is kept. Exchanges may be open.
    Over,
    /// An exchange took too long.
    TimedOut,
    /// The program was never begun.
    NotBegun,
}

impl<'a, S: AsyncRead + AsyncWrite + Unpin> Dialogue<'a, S> {
    /// Over the stream of a terminal whose first process waits to begin.
    pub(in crate::cluster) fn new(
        stream: S,
        exchanges: &'a [Exchange],
        transcript: Transcript,
    ) -> std::io::Result<Self> {
        let mut session = Session::new((), Wire::new(stream, transcript.clone()))?;
        // Time is told by the runtime; expectrl would start a thread for it.
        session.set_expect_timeout(None);
        Ok(Self {
            session,
            exchanges,
            transcript,
        })
    }

    /// Begins the program and holds the dialogue, until `limit` at most.
    ///
    /// A dialogue that ends with something said waits for the program's end, within the time of that exchange: it may have been told to
    /// end. One that ends with something heard is over.
    pub(in crate::cluster) async fn hold(&mut self, limit: Instant) -> Outcome {
        match timeout_at(limit, self.session.get_stream_mut().begin()).await {
            Ok(true) => {}
            Ok(false) => return Outcome::NotBegun,
            Err(_) => return Outcome::TimedOut,
        }
        for (number, exchange) in self.exchanges.iter().enumerate() {
            let until = exchange
                .timeout
                .map_or(limit, |timeout| limit.min(Instant::now() + timeout));
            match timeout_at(until, self.exchange(number, exchange)).await {
                Ok(Ok(())) => self.transcript.held(),
                Ok(Err(_)) => return Outcome::Over,
                Err(_) => return Outcome::TimedOut,
            }
            if number + 1 == self.exchanges.len() && exchange.send.is_some() {
                return match timeout_at(until, self.session.expect(expectrl::Eof)).await {
                    Ok(_) => Outcome::Over,
                    Err(_) => Outcome::Held,
                };
            }
        }
        Outcome::Held
    }

    /// The stream.
    pub(in crate::cluster) fn stream(&self) -> &S {
        self.session.get_stream().stream()
    }

    async fn exchange(&mut self, number: usize, exchange: &Exchange) -> Result<(), Error> {
        if let Some(awaited) = &exchange.expect {
            let found = match awaited {
                Awaited::Text(text) => self.session.expect(text.as_str()).await?,
                Awaited::Regex(pattern) => self.session.expect(Regex(first(pattern))).await?,
            };
            let consumed = found.as_bytes();
            let groups = awaited
                .sought()
                .map(|sought| sought.groups(consumed))
                .unwrap_or_default();
            self.transcript.found(number, consumed.len(), groups);
        }
        if let Some(text) = &exchange.send {
            self.session.send(text).await?;
        }
        Ok(())
    }
}

/// The pattern as expectrl is to look for it: held to its first place. By itself it takes every place at once, and goes on behind the
/// last one.
fn first(pattern: &str) -> String {
    format!(r"\A(?s-u:.*?)(?:{pattern})")
}
