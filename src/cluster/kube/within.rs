//! Opening a session in the application's own container: nothing is added, and nothing is written. What we start there ends with our
//! shell, and that with its stdin.

use std::sync::Arc;

use super::candidate::Candidate;
use super::ending::Ending;
use super::exec::{Shut, enter};
use super::open::Opening;
use super::owner::missing;
use super::records::Records;
use super::session::LiveSession;
use super::standing;
use crate::cluster::shell::Hunt;
use crate::cluster::{Cause, Refusal};
use crate::report::AttachReport;
use crate::target::ObjectKind;

/// How often the way in is tried: the container runs already, so that only a broken connection is worth another.
const TRIES: usize = 3;

/// The root of whoever asks: that is the patient's own.
const OWN_ROOT: &str = "/proc/self/root";

impl Opening<'_> {
    /// Enters the container that is examined.
    pub(super) async fn enter_own(self) -> Result<LiveSession, Refusal> {
        let requested_at = self.target.requested_at.unwrap_or_else(|| self.clock.now());
        let (namespace, pod) = self.place();
        let read = match self.server.pod(namespace, pod).await {
            Ok(read) => read.value,
            Err(error) => {
                return Err(missing(self.server, &error, ObjectKind::Pod, pod, namespace).await);
            }
        };
        let candidate = Candidate::of(&read, self.target.uid.as_deref(), self.attach)?;
        let container = candidate.container.as_str();
        if !candidate.running {
            return Err(Refusal {
                cause: Cause::Start,
                headline: format!(
                    "container `{container}` of pod `{pod}` does not run, so nothing can be started in it"
                ),
                help:
                    "`--mode ephemeral` adds a container of its own; `--mode copy` examines a copy"
                        .into(),
                attach: None,
            });
        }
        let image = standing::status(&read, container).map(|status| status.image.clone());
        let record = AttachReport {
            mode: "exec".into(),
            transport: "live".into(),
            image: image.clone(),
            image_id: standing::image_id(&read, container),
            requested_at: Some(requested_at),
            proven: true,
            ..AttachReport::default()
        };
        let hunt = Hunt {
            container_id: candidate.container_id.clone(),
            shared_with_target: candidate.shared,
            // In a process namespace of its own, its first process is the application.
            host: !candidate.shared && !candidate.host,
            ..Hunt::default()
        };
        let at = (namespace, pod, container);
        let mut tries = TRIES;
        let mut way = loop {
            tries -= 1;
            match enter(self.server, at, (&hunt, false), self.limits).await {
                Ok(way) => break way,
                Err(Shut::Never(refusal)) => return Err(refusal),
                Err(Shut::NotYet(why)) if tries == 0 || shell_is_missing(&why) => {
                    return Err(shut(container, image.as_deref(), &why));
                }
                Err(Shut::NotYet(_)) => {}
            }
        };
        way.patient.root = Some(OWN_ROOT.into());
        way.patient.reason = way.patient.reason.filter(|_| way.patient.pid.is_none());
        let sight = self.sight(&candidate.uid, container);
        let records = Records::new(self.server.clone(), &read, container);
        let clock = Arc::clone(&self.clock);
        Ok(LiveSession::new(way, sight, record, records, clock).ending(Ending::Nothing))
    }
}

/// What a runtime says of a program that is not there, and a shell of one that cannot be run.
fn shell_is_missing(why: &str) -> bool {
    [
        "executable file not found",
        "no such file",
        "exit code 126",
        "exit code 127",
    ]
    .iter()
    .any(|word| why.contains(word))
}

fn shut(container: &str, image: Option<&str>, why: &str) -> Refusal {
    let image = image.unwrap_or("of that container");
    let (headline, help) = if shell_is_missing(why) {
        (
            format!(
                "image `{image}` has no `sh` that could be run in container `{container}`: {why}"
            ),
            "without `--mode exec`, a debug container with tools of its own is added",
        )
    } else {
        (
            format!("the shell in container `{container}` does not answer: {why}"),
            "run again; without `--mode exec`, a debug container is added",
        )
    };
    Refusal {
        cause: Cause::Start,
        headline,
        help: help.into(),
        attach: None,
    }
}
