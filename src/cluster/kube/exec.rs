//! The way in: an exec stream with our shell at its other end, and the patient found from there.

use std::time::Duration;

use tokio::time::timeout;

use super::exec_status::ExecStatus;
use super::nonce::nonce;
use super::pump::{End, Limits, Piece, Pump};
use super::reentry::Reentry;
use super::refusal::{Doing, chain, refusal};
use super::server::Server;
use crate::ask::Patient;
use crate::cluster::Refusal;
use crate::cluster::shell::{Conversation, Hunt, Reply};

/// How long one try may take, the hunt for the patient included.
const TRY: Duration = Duration::from_secs(15);

/// An open stream with a shell that answers. When it is dropped, the shell is told that the session is over: its keeper need not wait
/// for another one.
#[derive(Debug)]
pub(super) struct Stream {
    /// The bytes.
    pub(super) pump: Pump,
    /// The conversation over it.
    pub(super) conversation: Conversation,
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.pump.send(self.conversation.farewell());
    }
}

/// An open way to the patient.
#[derive(Debug)]
pub(super) struct Way {
    /// The stream.
    pub(super) stream: Stream,
    /// The patient, as the shell sees it.
    pub(super) patient: Patient,
    /// What the shell finds amiss.
    pub(super) notes: Vec<String>,
    /// How to enter again, where somebody waits for that.
    pub(super) again: Option<Reentry>,
}

/// Why there is no way in.
#[derive(Debug)]
pub(super) enum Shut {
    /// The container is not up yet, in the server's words: try again.
    NotYet(String),
    /// Trying again is of no use.
    Never(Refusal),
}

/// Tries once; what is known of the patient comes with whether a keeper waits for the shell. The API server often accepts the stream first and then tells, as its status, that the container is not there yet.
pub(super) async fn enter(
    server: &Server,
    at: (&str, &str, &str),
    (hunt, kept): (&Hunt, bool),
    limits: Limits,
) -> Result<Way, Shut> {
    match timeout(TRY, try_once(server, at, (hunt, kept), limits)).await {
        Ok(result) => result,
        Err(_) => Err(Shut::NotYet(format!(
            "no answer from the shell within {} s",
            TRY.as_secs()
        ))),
    }
}

async fn try_once(
    server: &Server,
    at: (&str, &str, &str),
    (hunt, kept): (&Hunt, bool),
    limits: Limits,
) -> Result<Way, Shut> {
    let nonce = nonce().map_err(Shut::Never)?;
    let mut conversation = Conversation::new(nonce, kept);
    let doing = server.doing("create", "pods/exec", at.0);
    let mut pump = server
        .exec(at, conversation.command(), limits)
        .await
        .map_err(|error| shut(&error, &doing))?;
    pump.send(conversation.opening());
    let mut notes = Vec::new();
    loop {
        match pump.next().await {
            Piece::Stdout(bytes) => conversation.stdout(&bytes),
            Piece::Stderr(bytes) => conversation.stderr(&bytes),
            Piece::Ended(End::Status(ExecStatus::Exited(code))) => {
                return Err(Shut::NotYet(format!(
                    "the shell ended at once with exit code {code}"
                )));
            }
            Piece::Ended(end) => return Err(Shut::NotYet(end.to_string())),
        }
        while let Some(reply) = conversation.poll() {
            match reply {
                Reply::Hello(hello) => {
                    notes.extend(hello.notes);
                    match conversation.find_patient(hunt) {
                        Ok(look) => pump.send(look),
                        Err(error) => return Err(Shut::NotYet(error.to_string())),
                    }
                }
                Reply::Patient(patient) => {
                    return Ok(Way {
                        stream: Stream { pump, conversation },
                        patient,
                        notes,
                        again: None,
                    });
                }
                _ => {}
            }
        }
    }
}

/// Sorts a refused upgrade. Codes 400, 404 and 500 are what a container that is not up yet looks like.
fn shut(error: &kube::Error, doing: &Doing<'_>) -> Shut {
    match error {
        kube::Error::Api(status) if matches!(status.code, 401 | 403) => {
            Shut::Never(refusal(error, doing))
        }
        kube::Error::Auth(_) => Shut::Never(refusal(error, doing)),
        kube::Error::Api(status) => Shut::NotYet(status.message.clone()),
        error => Shut::NotYet(chain(error)),
    }
}
