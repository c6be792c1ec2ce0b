//! A program's thread, and the channel that is its door: it sends a request, and sleeps until the answer comes.

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

/// The program's side.
struct Passage {
    lane: mpsc::UnboundedSender<Passed>,
    /// What the program has read since it last waited. Nothing comes of it that it could wait for, so the lane is not woken for it:
    /// it goes before whatever is asked next, and at the end.
    looked: Vec<Request>,
    growth: Arc<Growth>,
}

impl Passage {
    fn new(lane: mpsc::UnboundedSender<Passed>, growth: Arc<Growth>) -> Self {
        Self {
            lane,
            looked: Vec::new(),
            growth,
        }
    }

    /// Sends a request behind all that is kept back; gives where its answer comes, unless nobody is there any more.
    fn send(&mut self, request: Request) -> Option<oneshot::Receiver<Result<Value, Refusal>>> {
        let mut last = None;
        for request in self.looked.drain(..).chain([request]) {
            let (answer, answered) = oneshot::channel();
            self.lane.send((request, answer)).ok()?;
            last = Some(answered);
        }
        last
    }
}

impl Drop for Passage {
    fn drop(&mut self) {
        if let Some(last) = self.looked.pop() {
            self.send(last);
        }
    }
}

impl Door for Passage {
    fn pass(&mut self, request: Request) -> Result<Value, Refusal> {
        if matches!(request, Request::Looked { .. }) {
            // A loop reads the same again and again.
            if !self.looked.contains(&request) {
                self.looked.push(request);
            }
            return Ok(Value::Null);
        }
        let over = || Refusal::Stopped("the run is over".into());
        let answered = self.send(request).ok_or_else(over)?;
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
        interrupt: Interrupt,
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
                let door = Box::new(Passage::new(passed, growth));
                // Whoever waited may be gone already.
                let _ = over.send(program.call(&function, &params, door, watch));
            })?;
        Ok(Self { requests, ended })
    }

    /// The next request; `None` when there are no more.
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

    #[test]
    fn what_was_read_last_is_told_at_the_end() {
        let (passed, mut requests) = mpsc::unbounded_channel();
        let looked = |fact: &str| Request::Looked {
            step: "one".into(),
            fact: fact.into(),
        };
        let mut passage = Passage::new(passed, Arc::new(Growth::begin()));
        assert_eq!(passage.pass(looked("stdout")), Ok(Value::Null));
        assert_eq!(passage.pass(looked("exit")), Ok(Value::Null));
        assert_eq!(passage.pass(looked("stdout")), Ok(Value::Null));
        drop(passage);
        let mut heard = Vec::new();
        while let Ok((request, _)) = requests.try_recv() {
            heard.push(request);
        }
        assert_eq!(heard, [looked("stdout"), looked("exit")]);
    }

    #[test]
    fn a_door_whose_lane_is_gone_ends_the_program() {
        let (passed, requests) = mpsc::unbounded_channel();
        drop(requests);
        let growth = Arc::new(Growth::begin());
        let refused = Passage::new(passed, growth).pass(Request::Log("x".into()));
        assert_eq!(refused, Err(Refusal::Stopped("the run is over".into())));
    }
}
