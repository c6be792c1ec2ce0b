//! Opening a session: look at the pod, add the debug container, find the way in.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::Pod;
use tokio::time::{Instant, sleep, sleep_until};

use super::candidate::{Candidate, replaced};
use super::close::{SHOWN, read_back};
use super::debug_container::{self, DebugContainer};
use super::exec::{Shut, Way, enter};
use super::failure::Failure;
use super::find::missing;
use super::pump::Limits;
use super::server::Server;
use super::session::LiveSession;
use super::sight::Sight;
use super::standing;
use super::watch::Lookout;
use crate::ask::Patient;
use crate::clock::Clock;
use crate::cluster::shell::{Hunt, Keeper};
use crate::cluster::{Attach, Cause, Refusal};
use crate::report::AttachReport;
use crate::target::{ObjectKind, Target};

/// Added to the latest moment at which the keeper may start: what clocks of one cluster may differ by.
const MARGIN: Duration = Duration::from_secs(60);

/// Pauses before the tries to enter; the last one repeats. A container on a quiet node is up after a quarter of a second, while
/// its status says so only after a whole one, so the status is not waited for. An event that tells of its start cuts a pause short;
/// where there is none, these alone must do.
const PAUSES: [Duration; 6] = [
    Duration::from_millis(200),
    Duration::from_millis(100),
    Duration::from_millis(300),
    Duration::from_millis(600),
    Duration::from_millis(500),
    Duration::from_millis(1000),
];

/// Pauses once its start was told: then only the way to it is still to come up.
const STARTED: Duration = Duration::from_millis(100);

/// How long the watch of events may hold up an opening.
const LISTEN: Duration = Duration::from_secs(2);

/// Added to the keeper's grace when nobody ever came: it leaves by itself then.
const LEAVING: Duration = Duration::from_secs(10);

/// One opening, with all it needs to know.
pub(super) struct Opening<'a> {
    /// The API server.
    pub(super) server: &'a Server,
    /// The watches of the pod's namespace.
    pub(super) lookout: Arc<Lookout>,
    /// The clock for stamps in the report.
    pub(super) clock: Arc<dyn Clock>,
    /// The pod.
    pub(super) target: &'a Target,
    /// How to attach.
    pub(super) attach: &'a Attach,
    /// Bounds of the stream.
    pub(super) limits: Limits,
}

impl Opening<'_> {
    /// Opens, or says why not. After the container was added, what is refused still waits for its end to be read back.
    pub(super) async fn open(self) -> Result<LiveSession, Refusal> {
        let requested_at = self.target.requested_at.unwrap_or_else(|| self.clock.now());
        let (namespace, pod) = self.place();
        // The kubelet's first word about a failure may come at once: from which version on it is listened for must be settled
        // before anything is changed.
        let (read, ()) = tokio::join!(
            self.server.pod(namespace, pod),
            self.lookout.listening(LISTEN)
        );
        let read = match read {
            Ok(read) => read,
            Err(error) => {
                return Err(missing(self.server, &error, ObjectKind::Pod, pod, namespace).await);
            }
        };
        let candidate = Candidate::of(&read.value, self.target.uid.as_deref(), self.attach)?;
        let name = debug_container::name(&self.attach.run, &candidate.uid);
        let server_time = read.date.unwrap_or_else(|| self.clock.now());
        let not_after = later(server_time, self.attach.start_timeout + MARGIN);
        let mut record = self.record(&name, requested_at);

        let mut sight = self.sight(&candidate.uid, &name);
        let added = match self.add(&candidate, &name, not_after).await {
            Ok(added) => added,
            Err(Refused::Clean(refusal)) => return Err(refusal),
            Err(Refused::Unsure(refusal)) => {
                read_back(&mut sight, &mut record, self.attach.grace + LEAVING).await;
                return Err(with(refusal, record));
            }
        };
        let uid = added.metadata.uid.as_deref().unwrap_or_default();
        if uid != candidate.uid {
            // Never entered: the keeper in the wrong pod leaves by itself.
            let mut sight = self.sight(uid, &name);
            read_back(&mut sight, &mut record, self.attach.grace + LEAVING).await;
            return Err(with(replaced(pod), record));
        }
        match self.enter(&candidate, &name, &mut sight).await {
            Ok(way) => Ok(LiveSession::new(
                way,
                sight,
                record,
                candidate.container,
                self.clock,
            )),
            Err(trouble) => Err(self.refused(trouble, sight, record, not_after).await),
        }
    }

    fn place(&self) -> (&str, &str) {
        (
            self.target.namespace.as_deref().unwrap_or("default"),
            self.target.pod.as_deref().unwrap_or_default(),
        )
    }

    fn sight(&self, uid: &str, name: &str) -> Sight {
        Sight::new(
            self.server.clone(),
            Arc::clone(&self.lookout),
            self.place(),
            uid,
            name,
        )
    }

    fn record(&self, name: &str, requested_at: Timestamp) -> AttachReport {
        AttachReport {
            mode: "ephemeral".into(),
            transport: "live".into(),
            container: Some(name.to_owned()),
            image: Some(self.attach.image.clone()),
            image_id: None,
            profile: Some(self.attach.profile.word().into()),
            requested_at: Some(requested_at),
            first_answer_at: None,
            waiting: None,
            terminated: None,
            proven: false,
        }
    }

    /// Adds the container and checks that the pod holds it.
    async fn add(
        &self,
        candidate: &Candidate,
        name: &str,
        not_after: Timestamp,
    ) -> Result<Pod, Refused> {
        let keeper = Keeper {
            not_after: not_after.as_second(),
            deadline_seconds: self.attach.deadline.as_secs().max(1),
            grace_seconds: self.attach.grace.as_secs().max(1),
        };
        let patch = DebugContainer {
            name,
            uid: &candidate.uid,
            attach: self.attach,
            keeper: &keeper.script(),
            // Where the pod shares its processes anyway, naming a target adds nothing and makes the start depend on it.
            shared_with: (candidate.running && !candidate.shared)
                .then_some(candidate.container.as_str()),
            user: candidate.user,
        }
        .patch();
        let (namespace, pod) = self.place();
        let added = match self.server.add(namespace, pod, name, &patch).await {
            Ok(added) => added,
            Err(unsure) => {
                let doing = self
                    .server
                    .doing("patch", "pods/ephemeralcontainers", namespace);
                let refusal = unsure.refusal(&doing, self.attach.profile, name);
                if !unsure.maybe_added {
                    return Err(Refused::Clean(refusal));
                }
                return Err(match self.server.pod(namespace, pod).await {
                    Ok(read) if !standing::added(&read.value, name) => Refused::Clean(refusal),
                    _ => Refused::Unsure(refusal),
                });
            }
        };
        if standing::added(&added, name) {
            return Ok(added);
        }
        Err(Refused::Clean(Refusal {
            cause: Cause::Api,
            headline: format!("the server accepted the debug container for pod {namespace}/{pod}, and did not add it"),
            help: "something between here and the API server changes requests, or the server is older than Kubernetes 1.25".into(),
            attach: None,
        }))
    }

    /// Tries to enter until it works, fails for good, or takes too long.
    async fn enter(
        &self,
        candidate: &Candidate,
        name: &str,
        sight: &mut Sight,
    ) -> Result<Way, Trouble> {
        let until = Instant::now() + self.attach.start_timeout;
        let (namespace, pod) = self.place();
        let hunt = Hunt {
            shared_with_target: candidate.running || candidate.shared,
            container_id: candidate.container_id.clone(),
            ..Hunt::default()
        };
        let mut pauses = PAUSES.iter();
        let mut pause = PAUSES[0];
        let mut told = false;
        let mut last = String::from("nothing was heard of it");
        loop {
            pause = pauses.next().copied().unwrap_or(pause);
            let rest = sleep(if told { pause.min(STARTED) } else { pause });
            tokio::select! {
                biased;
                news = news(sight, told) => match news {
                    News::Started => told = true,
                    News::Trouble(trouble) => return Err(trouble),
                },
                () = sleep_until(until) => return Err(Trouble::Late(last)),
                () = rest => {}
            }
            tokio::select! {
                biased;
                News::Trouble(trouble) = news(sight, true) => return Err(trouble),
                () = sleep_until(until) => return Err(Trouble::Late(last)),
                entered = enter(self.server, (namespace, pod, name), &hunt, self.limits) => match entered {
                    Ok(mut way) => {
                        if !candidate.running {
                            way.patient = not_running(&candidate.container, way.patient);
                        }
                        return Ok(way);
                    }
                    Err(Shut::NotYet(why)) => last = why,
                    Err(Shut::Never(refusal)) => return Err(Trouble::Shut(refusal)),
                },
            }
        }
    }

    async fn refused(
        &self,
        trouble: Trouble,
        mut sight: Sight,
        mut record: AttachReport,
        not_after: Timestamp,
    ) -> Refusal {
        let attach = self.attach;
        match trouble {
            Trouble::Failure(failure) if !failure.made => {
                // It never started. Should its cause go away, the keeper leaves at once, or for want of a shell.
                record.waiting = Some(failure.words.clone());
                record.proven = true;
                let refusal = Refusal {
                    cause: failure.cause,
                    headline: failure.headline(attach),
                    help: format!(
                        "{} (should it start after all, it ends by itself: no later than {} s after, and at once after {})",
                        failure.help(attach),
                        attach.grace.as_secs(),
                        not_after.strftime("%H:%M:%SZ"),
                    ),
                    attach: None,
                };
                with(refusal, record)
            }
            Trouble::Failure(failure) => {
                read_back(&mut sight, &mut record, SHOWN).await;
                let refusal = Refusal {
                    cause: failure.cause,
                    headline: failure.headline(attach),
                    help: failure.help(attach),
                    attach: None,
                };
                with(refusal, record)
            }
            Trouble::Gone => {
                record.proven = true;
                let refusal = Refusal {
                    cause: Cause::Replaced,
                    headline: format!(
                        "pod {} was deleted while the debug container started",
                        sight.place()
                    ),
                    help: "run again to examine its successor".into(),
                    attach: None,
                };
                with(refusal, record)
            }
            Trouble::Shut(refusal) => {
                read_back(&mut sight, &mut record, attach.grace + LEAVING).await;
                with(refusal, record)
            }
            Trouble::Late(last) => {
                sight.read().await;
                let state = sight.pod().and_then(|pod| {
                    let state = standing::state(&pod, sight.container())?.clone();
                    Some(state)
                });
                let started = state.as_ref().is_some_and(|state| state.waiting.is_none());
                let within = if started {
                    attach.grace + LEAVING
                } else {
                    Duration::ZERO
                };
                read_back(&mut sight, &mut record, within).await;
                let word = record.waiting.clone().unwrap_or(last);
                let refusal = Refusal {
                    cause: Cause::StartTimeout,
                    headline: format!(
                        "the debug container did not answer within {} s; the last word was: {word}",
                        attach.start_timeout.as_secs()
                    ),
                    help: format!(
                        "a large image or a busy node needs a longer `attach.start_timeout`; `kubectl describe pod {}` tells what the kubelet says",
                        self.place().1
                    ),
                    attach: None,
                };
                with(refusal, record)
            }
        }
    }
}

enum Refused {
    /// Nothing was added.
    Clean(Refusal),
    /// Something may have been.
    Unsure(Refusal),
}

enum Trouble {
    Failure(Failure),
    Gone,
    Shut(Refusal),
    Late(String),
}

enum News {
    Started,
    Trouble(Trouble),
}

/// Waits for bad news, or for that of the start where it is not `told` yet.
async fn news(sight: &mut Sight, told: bool) -> News {
    loop {
        if sight.gone() {
            return News::Trouble(Trouble::Gone);
        }
        if let Some(failure) = sight.failure() {
            return News::Trouble(Trouble::Failure(failure));
        }
        if !told && sight.started() {
            return News::Started;
        }
        sight.next().await;
    }
}

fn with(refusal: Refusal, record: AttachReport) -> Refusal {
    Refusal {
        attach: Some(Box::new(record)),
        ..refusal
    }
}

fn later(moment: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by)
        .ok()
        .and_then(|by| moment.checked_add(by).ok())
        .unwrap_or(Timestamp::MAX)
}

fn not_running(container: &str, patient: Patient) -> Patient {
    if patient.pid.is_some() {
        return patient;
    }
    Patient {
        reason: Some(format!(
            "container `{container}` was not running when the debug container was attached, so its processes and files are not to be seen"
        )),
        ..patient
    }
}
