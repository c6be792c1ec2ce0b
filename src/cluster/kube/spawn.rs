//! Opening a session in a pod that is made for it: a copy of the target, or a pod on the node that is the target.
//!
//! ```text
//! GET target ──> may we delete what we make? ──> POST pod ──> it runs ──> exec `sh` ──> session ──> DELETE pod ──> gone
//!                                                                   └──> it ended ──> its log ───┘
//! ```
//!
//! Whatever goes wrong once the pod is made, it is deleted and read back as gone before the refusal is told.

mod ahead;
mod making;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use super::candidate::Candidate;
use super::debug_container::{DebugContainer, User};
use super::dry_run::{Climb, Granted};
use super::ending::Ending;
use super::entrance::Entrance;
use super::exec::Way;
use super::grant::{Owner, Rung};
use super::made::Made;
use super::manifest;
use super::model::{Model, Names};
use super::oneshot::{Heard, OneshotSession, has_run};
use super::open::{LISTEN, Opening, SKEW, keeper, later};
use super::records::Records;
use super::refusal::refusal;
use super::session::LiveSession;
use super::sight::Sight;
use super::stage::{Stage, over, stage, told, unplaced};
use super::trouble::{Trouble, with};
use crate::ask::Patient;
use crate::cluster::shell::Keeper;
use crate::cluster::{Attach, Cause, Mode, Profile, Refusal, Session, Transport};
use crate::report::AttachReport;
use crate::target::TargetKind;

/// Added to how long a pod that is made may live at all.
const MARGIN: Duration = Duration::from_secs(60);

/// An opening whose pod is made for it. What is watched is that pod.
pub(super) struct Spawning<'a> {
    pub(super) opening: Opening<'a>,
    pub(super) names: Names,
}

/// How far an opening came.
enum Open {
    /// A stream.
    Way(Box<Way>),
    /// All that was to be told.
    Log(Heard),
}

impl Spawning<'_> {
    /// Makes the pod and enters it, or waits until it has told all; or says why not.
    pub(super) async fn open(self) -> Result<Box<dyn Session>, Refusal> {
        let requested_at = self
            .opening
            .target
            .requested_at
            .unwrap_or_else(|| self.opening.clock.now());
        let (read, ()) = tokio::join!(self.model(), self.opening.lookout.listening(LISTEN));
        let model = read?;
        let server_time = model.date.unwrap_or_else(|| self.opening.clock.now());
        let not_after = later(server_time, self.opening.attach.start_timeout + SKEW);
        let keeper = keeper(self.opening.attach, not_after);
        let (standing, granted) = if self.opening.attach.resume {
            let (pod, granted) = self.found_again(&model, &keeper).await?;
            (Some(pod), granted)
        } else {
            (None, self.granted(&model, &keeper).await?)
        };
        if self.opening.stop.is_cancelled() {
            return Err(Refusal {
                cause: Cause::Interrupted,
                headline: "interrupted before a pod was made".into(),
                help: "nothing was changed; run again".into(),
                attach: None,
            });
        }
        let stays = self.mode() == Mode::Copy && self.opening.attach.copying.stays;
        if !stays {
            self.may_end().await?;
        }
        let mut record = AttachReport {
            mode: self.mode().word().into(),
            transport: match self.opening.asks {
                None => Transport::Live.word().into(),
                Some(_) => Transport::Oneshot.word().into(),
            },
            container: Some(self.names.container.clone()),
            pod: Some(self.names.pod.clone()),
            image: Some(self.opening.attach.image.clone()),
            requested_at: Some(requested_at),
            proven: false,
            ..AttachReport::default()
        };
        granted.tell(self.opening.attach.profile, &mut record);
        let pod = match standing {
            Some(pod) => pod,
            None => match self
                .make(&self.manifest(&model, granted.rung, &keeper)?)
                .await
            {
                Ok(pod) => pod,
                Err((refusal, false)) => return Err(refusal),
                Err((refusal, true)) => return Err(with(refusal, record)),
            },
        };
        let made = Made::of(self.opening.server, &pod, stays);
        let mut sight = Sight::new(
            self.opening.server.clone(),
            Arc::clone(&self.opening.lookout),
            (&made.namespace, &made.name),
            &made.uid,
            &self.names.container,
        );
        let opened = match self.opening.asks {
            None => {
                let way = self.enter(&model, granted, &mut sight).await;
                way.map(|way| Open::Way(Box::new(way)))
            }
            Some(_) => {
                let heard = self.hear((&model, granted), &made, &mut sight, &mut record);
                heard.await.map(Open::Log)
            }
        };
        let clock = Arc::clone(&self.opening.clock);
        match opened {
            Ok(Open::Way(way)) => {
                let session = LiveSession::new(*way, sight, record, self.records(&model), clock);
                Ok(Box::new(session.ending(Ending::Pod(Box::new(made)))))
            }
            Ok(Open::Log(heard)) => {
                let session = OneshotSession::new(heard, record, self.records(&model), clock);
                Ok(Box::new(session.in_made(made, sight)))
            }
            Err(refusal) => {
                // What stays is of use only to who got in.
                let made = Made {
                    stays: false,
                    ..made
                };
                let remarks = made.end(&mut sight, &mut record).await;
                let help = if record.proven {
                    refusal.help
                } else {
                    format!("{}; {}", refusal.help, remarks.join("; "))
                };
                Err(with(Refusal { help, ..refusal }, record))
            }
        }
    }

    /// What the API knows of the target.
    fn records(&self, model: &Model) -> Records {
        let server = self.opening.server.clone();
        match (&model.pod, &model.patient) {
            (Some(pod), Some(patient)) => Records::new(server, pod, patient),
            _ => Records::of_node(
                server,
                self.namespace(),
                self.opening.target.node.as_deref(),
            ),
        }
    }

    fn mode(&self) -> Mode {
        match self.opening.target.kind {
            TargetKind::Node => Mode::Node,
            _ => Mode::Copy,
        }
    }

    pub(super) fn namespace(&self) -> &str {
        self.opening
            .target
            .namespace
            .as_deref()
            .unwrap_or("default")
    }

    /// What is sent for a pod on this rung.
    fn manifest(&self, model: &Model, rung: Rung, keeper: &Keeper) -> Result<Value, Refusal> {
        let on_node = self.mode() == Mode::Node;
        let container = DebugContainer {
            name: &self.names.container,
            uid: "",
            attach: self.opening.attach,
            script: &self.script(model, rung, keeper)?,
            shared_with: None,
            profile: match rung.profile {
                // The node's own namespaces are its power; kubectl adds no capability to them.
                Profile::General if on_node => Profile::Baseline,
                profile => profile,
            },
            user: rung.user,
            mounts: &model.mounts,
        }
        .container();
        let attach = self.opening.attach;
        let lifetime = attach.start_timeout + MARGIN + attach.deadline;
        let lifetime = lifetime.as_secs().max(1);
        let name = &self.names.pod;
        let pod = if on_node {
            let node = self.opening.target.node.as_deref().unwrap_or_default();
            let at = (node, self.namespace());
            manifest::on_node(at, rung.profile, name, container, lifetime)
        } else {
            manifest::copy(&model.object, &attach.copying, name, container, lifetime)
        };
        Ok(match self.opening.asks {
            None => pod,
            Some(_) => manifest::once(pod),
        })
    }

    /// Settles the profile of the debug container.
    pub(super) async fn granted(&self, model: &Model, keeper: &Keeper) -> Result<Granted, Refusal> {
        let named = self.opening.attach.profile;
        if named != Profile::Auto {
            return Ok(Granted::named(named, model.user));
        }
        let mut climb = self.climb(model);
        loop {
            let rung = climb.next()?;
            let outcome = self.would_make(model, rung, keeper).await;
            if let Some(granted) = climb.tried(rung, outcome)? {
                return Ok(granted);
            }
        }
    }

    /// Asks whether the pod would be made, with a debug container on this rung.
    pub(super) async fn would_make(
        &self,
        model: &Model,
        rung: Rung,
        keeper: &Keeper,
    ) -> Result<(), Refusal> {
        let manifest = self.manifest(model, rung, keeper)?;
        let server = self.opening.server;
        match server.make(self.namespace(), &manifest, true).await {
            Ok(_) => Ok(()),
            Err(error) => Err(self.unmade(&error, rung.profile)),
        }
    }

    /// The profiles that `auto` may come to.
    fn climb(&self, model: &Model) -> Climb<'_> {
        let powers = &self.opening.attach.powers;
        match (&model.pod, &model.patient) {
            (Some(pod), Some(patient)) => Climb::new(Owner::of(pod, patient), powers),
            _ => Climb::on_node(powers),
        }
    }

    /// Waits until it runs, and enters.
    async fn enter(
        &self,
        model: &Model,
        granted: Granted,
        sight: &mut Sight,
    ) -> Result<Way, Refusal> {
        let mut remarks = granted.remarks;
        remarks.extend(self.replaced(model).await?);
        let place = format!("{}/{}", self.namespace(), self.names.pod);
        let told = |trouble| told(trouble, &place, self.opening.attach);
        let pod = self
            .up(model.patient.as_deref(), sight)
            .await
            .map_err(&told)?;
        let profile = granted.rung.profile;
        let candidate = match &model.patient {
            Some(patient) => Candidate::of(
                &pod,
                None,
                &Attach {
                    container: Some(patient.clone()),
                    ..self.opening.attach.clone()
                },
            )?,
            None => Candidate {
                uid: String::new(),
                container: self.names.container.clone(),
                container_id: None,
                id_comes_later: false,
                running: false,
                shared: false,
                host: manifest::sees_host(profile).0,
                user: User::default(),
                mounts: Vec::new(),
            },
        };
        let entrance = Entrance {
            server: self.opening.server,
            at: (self.namespace(), &self.names.pod, &self.names.container),
            candidate: &candidate,
            within: self.opening.attach.start_timeout,
            grace: self.opening.attach.grace,
            stop: self.opening.stop,
            limits: self.opening.limits,
        };
        let mut way = entrance.pass(sight).await.map_err(&told)?;
        if model.patient.is_none() {
            way.patient = on_node(profile);
        }
        way.notes.extend(remarks);
        Ok(way)
    }

    /// Where that is wanted, deletes the pod that was copied, without grace, as `kubectl debug --replace` does.
    async fn replaced(&self, model: &Model) -> Result<Option<String>, Refusal> {
        if !self.opening.attach.copying.replace || self.mode() == Mode::Node {
            return Ok(None);
        }
        let name = self.opening.target.pod.as_deref().unwrap_or_default();
        let namespace = self.namespace();
        let options = json!({
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "gracePeriodSeconds": 0,
            "preconditions": {"uid": model.object["metadata"]["uid"]},
        });
        match self.opening.server.delete(namespace, name, &options).await {
            Ok(()) => Ok(Some(format!(
                "pod {namespace}/{name} was deleted once its copy was made, as `--replace` says"
            ))),
            Err(error) => Err(refusal(
                &error,
                &self.opening.server.doing("delete", "pods", namespace),
            )),
        }
    }

    /// Waits until our container runs, and the patient's does or says why not.
    async fn up(&self, patient: Option<&str>, sight: &mut Sight) -> Result<Arc<Pod>, Trouble> {
        let until = Instant::now() + self.opening.attach.start_timeout;
        let mut interrupted = pin!(self.opening.stop.cancelled());
        let mut last = String::from("nothing was heard of it");
        loop {
            if sight.gone() {
                return Err(Trouble::Gone);
            }
            if self.opening.asks.is_some()
                && has_run(sight)
                && let Some(pod) = sight.pod()
            {
                return Ok(pod);
            }
            if let Some(failure) = sight.failure() {
                return Err(Trouble::Failure(failure));
            }
            if let Some(pod) = sight.pod() {
                match stage(&pod, &self.names.container, patient) {
                    Stage::Up => return Ok(pod),
                    Stage::Over(why) => return Err(Trouble::Shut(over(&why))),
                    Stage::Unplaced(why) => return Err(Trouble::Shut(unplaced(&why))),
                    Stage::Coming(word) => last = word.unwrap_or(last),
                }
            }
            tokio::select! {
                biased;
                () = &mut interrupted => return match sight.pod() {
                    Some(pod) if self.may_have_told(sight).await => Ok(pod),
                    _ => Err(Trouble::Interrupted(last)),
                },
                () = sleep_until(until) => return Err(Trouble::Late(last)),
                () = sight.next() => {}
            }
        }
    }
}

/// The patient where that is a node.
fn on_node(profile: Profile) -> Patient {
    let (namespaces, root) = manifest::sees_host(profile);
    Patient {
        pid: namespaces.then_some(1),
        root: root.then(|| manifest::HOST.to_owned()),
        reason: (!root).then(|| {
            format!(
                "the profile `{profile}` shows nothing of the node's files; `general` and `sysadmin` do"
            )
        }),
    }
}
