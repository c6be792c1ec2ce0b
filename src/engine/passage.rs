//! A program's thread, and the door it asks through: each request is answered on that thread, by whoever answers. One that waits, waits
//! there, for the cluster alone: to hand it to another thread and back would take longer than all the rest of it.

use std::io;
use std::sync::{Arc, Weak};

use serde_json::{Map, Value};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::growth::Growth;
use super::interrupt::Interrupt;
use crate::script::program::{Door, Ending, Program, Refusal, Request, STACK, Thrown, Watch};

/// Answers a request on the program's own thread.
pub(super) type Desk = Box<dyn FnMut(Request) -> Result<Value, Refusal> + Send>;

/// The program's side.
struct Passage {
    desk: Desk,
    growth: Arc<Growth>,
    /// Gone when nobody waits any more for what the program comes to.
    awaited: Weak<()>,
}

impl Door for Passage {
    fn pass(&mut self, request: Request) -> Result<Value, Refusal> {
        if self.awaited.strong_count() == 0 {
            return Err(Refusal::Stopped("the run is over".into()));
        }
        if !request.waits() {
            return (self.desk)(request);
        }
        let since = Instant::now();
        let answer = (self.desk)(request);
        self.growth.waited(since.elapsed());
        answer
    }
}

/// A call under way. Dropped before its end, it ends the program at its next request.
pub(super) struct Call {
    ended: oneshot::Receiver<Result<Ending, Thrown>>,
    _awaited: Arc<()>,
}

impl Call {
    /// Begins a function on a thread of its own; `interrupt` ends it even while it only computes, and so does memory without end.
    pub(super) fn begin(
        program: Program,
        function: String,
        params: Map<String, Value>,
        (interrupt, desk): (Interrupt, Desk),
    ) -> io::Result<Self> {
        let (over, ended) = oneshot::channel();
        let waiting = Arc::new(());
        let awaited = Arc::downgrade(&waiting);
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
                    desk,
                    growth,
                    awaited,
                });
                // Whoever waited may be gone already.
                let _ = over.send(program.call(&function, &params, door, watch));
            })?;
        Ok(Self {
            ended,
            _awaited: waiting,
        })
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
        let (over, ended) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let _held = over;
            std::panic::resume_unwind(Box::new("broken"));
        });
        let call = Call {
            ended,
            _awaited: Arc::new(()),
        };
        let thrown = call.end().await.unwrap_err();
        assert!(thrown.to_string().starts_with("it broke off"), "{thrown}");
        assert!(thread.join().is_err());
    }

    #[test]
    fn a_door_behind_which_nobody_waits_ends_the_program() {
        let waiting = Arc::new(());
        let mut passage = Passage {
            desk: Box::new(|request| Ok(format!("{request:?}").into())),
            growth: Arc::new(Growth::begin()),
            awaited: Arc::downgrade(&waiting),
        };
        let answer = passage.pass(Request::Log("x".into()));
        assert_eq!(answer, Ok("Log(\"x\")".into()));
        drop(waiting);
        for request in [Request::Log("x".into()), Request::Target("target")] {
            let refused = passage.pass(request);
            assert_eq!(refused, Err(Refusal::Stopped("the run is over".into())));
        }
    }
}
