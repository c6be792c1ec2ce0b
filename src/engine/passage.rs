//! A program's thread, and the channel that is its door: it sends what it asks, and sleeps until the answer comes. What it only tells or
//! judges is taken where it runs: to wake another thread for that would take longer than all the rest of it.

use std::io;
use std::sync::Arc;

use serde_json::{Map, Value};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::growth::Growth;
use super::interrupt::Interrupt;
use crate::script::program::{Door, Ending, Program, Refusal, Request, STACK, Thrown, Watch};

/// A request, and where its answer goes.
type Passed = (Request, oneshot::Sender<Result<Value, Refusal>>);

/// Answers on the program's own thread what nobody waits for.
pub(super) type Desk = Box<dyn FnMut(Request) -> Result<Value, Refusal> + Send>;

/// The program's side.
struct Passage {
    lane: mpsc::UnboundedSender<Passed>,
    desk: Desk,
    growth: Arc<Growth>,
}

impl Door for Passage {
    fn pass(&mut self, request: Request) -> Result<Value, Refusal> {
        let over = || Refusal::Stopped("the run is over".into());
        if !request.waits() {
            return if self.lane.is_closed() {
                Err(over())
            } else {
                (self.desk)(request)
            };
        }
        let (answer, answered) = oneshot::channel();
        self.lane.send((request, answer)).map_err(|_| over())?;
        let since = Instant::now();
        let answer = answered.blocking_recv().unwrap_or_else(|_| Err(over()));
        self.growth.waited(since.elapsed());
        answer
    }
}

/// A call under way, from the side that answers. Dropped before its end, it ends the program at its next request.
pub(super) struct Call {
    requests: mpsc::UnboundedReceiver<Passed>,
    ended: oneshot::Receiver<Result<Ending, Thrown>>,
}

impl Call {
    /// Begins a function on a thread of its own; `interrupt` ends it even while it only computes, and so does memory without end.
    pub(super) fn begin(
        program: Program,
        function: String,
        params: Map<String, Value>,
        (interrupt, desk): (Interrupt, Desk),
    ) -> io::Result<Self> {
        let (passed, requests) = mpsc::unbounded_channel();
        let (over, ended) = oneshot::channel();
        let growth = Arc::new(Growth::begin());
        let taken = Arc::clone(&growth);
        let watch: Watch = Arc::new(move || {
            let interrupted = interrupt.is_stopped().then(|| "interrupted".to_owned());
            interrupted.or_else(|| taken.too_much())
        });
        std::thread::Builder::new()
            .name("program".into())
            .stack_size(STACK)
            .spawn(move || {
                let door = Box::new(Passage {
                    lane: passed,
                    desk,
                    growth,
                });
                // Whoever waited may be gone already.
                let _ = over.send(program.call(&function, &params, door, watch));
            })?;
        Ok(Self { requests, ended })
    }

    /// The next request that waits; `None` when there are no more.
    pub(super) async fn request(&mut self) -> Option<Passed> {
        self.requests.recv().await
    }

    /// How it ended. A thread that broke off is an error like any other.
    pub(super) async fn end(self) -> Result<Ending, Thrown> {
        let fault = "it broke off, which is a fault of housecall and not of the runbook";
        self.ended
            .await
            .unwrap_or_else(|_| Err(broken(fault.to_owned())))
    }
}

/// An error that has no place in the program.
pub(super) fn broken(message: String) -> Thrown {
    Thrown {
        message,
        line: 0,
        column: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_thread_that_broke_off_is_an_error_and_not_the_end_of_the_lane() {
        let (passed, requests) = mpsc::unbounded_channel();
        let (over, ended) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let _held = (passed, over);
            std::panic::resume_unwind(Box::new("broken"));
        });
        let mut call = Call { requests, ended };
        assert!(call.request().await.is_none());
        let thrown = call.end().await.unwrap_err();
        assert!(thrown.to_string().starts_with("it broke off"), "{thrown}");
        assert!(thread.join().is_err());
    }

    fn passage(lane: mpsc::UnboundedSender<Passed>) -> Passage {
        Passage {
            lane,
            desk: Box::new(|request| Ok(format!("{request:?}").into())),
            growth: Arc::new(Growth::begin()),
        }
    }

    #[test]
    fn what_nobody_waits_for_is_answered_without_the_lane() {
        let (passed, mut requests) = mpsc::unbounded_channel();
        let answer = passage(passed).pass(Request::Log("x".into()));
        assert_eq!(answer, Ok("Log(\"x\")".into()));
        assert!(requests.try_recv().is_err());
    }

    #[test]
    fn a_door_whose_lane_is_gone_ends_the_program() {
        for request in [Request::Log("x".into()), Request::Target("target")] {
            let (passed, requests) = mpsc::unbounded_channel();
            drop(requests);
            let refused = passage(passed).pass(request);
            assert_eq!(refused, Err(Refusal::Stopped("the run is over".into())));
        }
    }
}
