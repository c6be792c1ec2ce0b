//! Opening a session: look at the pod, add the debug container, find the way in.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::Pod;
use tokio_util::sync::CancellationToken;

use super::attached::beside;
use super::candidate::{Candidate, replaced};
use super::close::{SHOWN, read_back};
use super::debug_container::{self, DebugContainer};
use super::entrance::Entrance;
use super::grant::Rung;
use super::nonce::nonce_of;
use super::oneshot::{OneshotSession, Told, ended, log};
use super::owner::missing;
use super::preflight::Crowd;
use super::pump::Limits;
use super::records::Records;
use super::server::Server;
use super::session::LiveSession;
use super::sight::Sight;
use super::standing;
use super::trouble::{LEAVING, with};
use super::watch::Lookout;
use crate::ask::Ask;
use crate::clock::Clock;
use crate::cluster::shell::{Keeper, Oneshot, Script, Unsendable};
use crate::cluster::{Attach, Cause, Refusal, Session, Transport};
use crate::report::AttachReport;
use crate::target::{ObjectKind, Target};

/// Added to the latest moment at which the keeper may start. It is the server's moment and the node's clock: what those may differ by,
/// 10 minutes, and some. Too much does no harm, because a keeper that nobody comes to leaves when its grace is over.
pub(super) const SKEW: Duration = Duration::from_secs(15 * 60);

/// How long the watch of events may hold up an opening.
pub(super) const LISTEN: Duration = Duration::from_secs(2);

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
    /// Who may stop it.
    pub(super) stop: &'a CancellationToken,
    /// What is asked, where it goes with the container.
    pub(super) asks: Option<&'a [Ask]>,
}

impl Opening<'_> {
    /// Opens, or says why not. After the container was added, what is refused still waits for its end to be read back.
    pub(super) async fn open(self) -> Result<Box<dyn Session>, Refusal> {
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
        let not_after = later(server_time, self.attach.start_timeout + SKEW);
        let mut record = self.record(&name, requested_at);
        let keeper = keeper(self.attach, not_after);

        let mut sight = self.sight(&candidate.uid, &name);
        if self.stop.is_cancelled() {
            return Err(Refusal {
                cause: Cause::Interrupted,
                headline: "interrupted before the debug container was added".into(),
                help: "nothing was changed; run again".into(),
                attach: None,
            });
        }
        let asked = self
            .asks
            .map(|asks| Oneshot::new(asks.to_vec(), candidate.hunt(), &nonce_of(&name)));
        let script = match asked.as_ref().map(|asked| asked.script(&keeper)) {
            None => Script::alone(&keeper),
            Some(Ok(script)) => script,
            Some(Err(error)) => return Err(unsendable(&error)),
        };
        let records = Records::new(self.server.clone(), &read.value, &candidate.container);
        if self.attach.resume {
            let Some(asked) = asked.filter(|_| standing::carries(&read.value, &name, &script))
            else {
                return Err(self.unresumed(&name));
            };
            let told = Told {
                asked,
                candidate: Some(candidate),
                remarks: Vec::new(),
            };
            return self.told(sight, record, (told, records), not_after).await;
        }
        let most = self.attach.max_containers;
        Crowd::of(&read.value).admits(pod, &name, most)?;
        let mut granted = self
            .granted(&read.value, &candidate, &name, &script)
            .await?;
        granted.remarks.extend(beside(&read.value, self.attach));
        granted.tell(self.attach.profile, &mut record);
        let added = match self.add(&candidate, &name, granted.rung, &script).await {
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
        if let Some(asked) = asked {
            let told = Told {
                asked,
                candidate: Some(candidate),
                remarks: granted.remarks,
            };
            return self.told(sight, record, (told, records), not_after).await;
        }
        let entrance = Entrance {
            server: self.server,
            at: (namespace, pod, &name),
            candidate: &candidate,
            within: self.attach.start_timeout,
            grace: self.attach.grace,
            stop: self.stop,
            limits: self.limits,
        };
        match entrance.pass(&mut sight).await {
            Ok(mut way) => {
                way.notes.extend(granted.remarks);
                Ok(Box::new(LiveSession::new(
                    way, sight, record, records, self.clock,
                )))
            }
            Err(trouble) => Err(trouble.settled(self.attach, sight, record, not_after).await),
        }
    }

    /// Waits for the end of a container that tells all in its log, and reads that.
    async fn told(
        self,
        mut sight: Sight,
        mut record: AttachReport,
        (mut told, records): (Told, Records),
        not_after: Timestamp,
    ) -> Result<Box<dyn Session>, Refusal> {
        if let Err(trouble) = ended(self.server, &mut sight, self.attach, self.stop).await {
            return Err(trouble.settled(self.attach, sight, record, not_after).await);
        }
        told.remarks
            .extend(read_back(&mut sight, &mut record, SHOWN).await);
        match log(self.server, &sight, &told.asked).await {
            Ok(log) => {
                let heard = told.read(&log, &sight, &mut record, self.clock.as_ref());
                let session = OneshotSession::new(heard, record, records, self.clock);
                Ok(Box::new(session))
            }
            Err(refusal) => Err(with(refusal, record)),
        }
    }

    fn unresumed(&self, name: &str) -> Refusal {
        let (namespace, pod) = self.place();
        Refusal {
            cause: Cause::NotFound,
            headline: format!(
                "pod {namespace}/{pod} carries no container {name} of run {} with these asks",
                self.attach.run
            ),
            help: "`housecall containers` lists the runs; the runbook, its params and the container that is examined must be those of then".into(),
            attach: None,
        }
    }

    pub(super) fn place(&self) -> (&str, &str) {
        (
            self.target.namespace.as_deref().unwrap_or("default"),
            self.target.pod.as_deref().unwrap_or_default(),
        )
    }

    pub(super) fn sight(&self, uid: &str, name: &str) -> Sight {
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
            transport: match self.asks {
                None => Transport::Live.word().into(),
                Some(_) => Transport::Oneshot.word().into(),
            },
            container: Some(name.to_owned()),
            image: Some(self.attach.image.clone()),
            profile: Some(self.attach.profile.word().into()),
            requested_at: Some(requested_at),
            proven: false,
            ..AttachReport::default()
        }
    }

    /// Adds the container and checks that the pod holds it.
    async fn add(
        &self,
        candidate: &Candidate,
        name: &str,
        rung: Rung,
        script: &Script,
    ) -> Result<Pod, Refused> {
        let patch = DebugContainer::beside(candidate, self.attach, (name, script), rung).patch();
        let (namespace, pod) = self.place();
        let added = match self.server.add(namespace, pod, name, &patch).await {
            Ok(added) => added,
            Err(unsure) => {
                let doing = self
                    .server
                    .doing("patch", "pods/ephemeralcontainers", namespace);
                let refusal = unsure.refusal(&doing, rung.profile, name);
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
}

enum Refused {
    /// Nothing was added.
    Clean(Refusal),
    /// Something may have been.
    Unsure(Refusal),
}

/// Asks that no container can carry.
pub(super) fn unsendable(error: &Unsendable) -> Refusal {
    Refusal {
        cause: Cause::Configuration,
        headline: format!("the asks cannot go with the debug container: {error}"),
        help: "nothing was changed; ask over the live transport (`--transport live`)".into(),
        attach: None,
    }
}

/// The keeper of a container that is attached so.
pub(super) fn keeper(attach: &Attach, not_after: Timestamp) -> Keeper {
    Keeper {
        not_after: not_after.as_second(),
        deadline_seconds: attach.deadline.as_secs().max(1),
        grace_seconds: attach.grace.as_secs().max(1),
    }
}

/// A moment after another one.
pub(super) fn later(moment: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by)
        .ok()
        .and_then(|by| moment.checked_add(by).ok())
        .unwrap_or(Timestamp::MAX)
}
