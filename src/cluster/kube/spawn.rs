//! Opening a session in a pod that is made for it: a copy of the target, or a pod on the node that is the target.
//!
//! ```text
//! GET target ──> may we delete what we make? ──> POST pod ──> it runs ──> exec `sh` ──> session ──> DELETE pod ──> gone
//! ```
//!
//! Whatever goes wrong once the pod is made, it is deleted and read back as gone before the refusal is told.

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
use super::open::{LISTEN, Opening, SKEW, keeper, later};
use super::records::Records;
use super::refusal::{Doing, refusal};
use super::rights::denied;
use super::session::LiveSession;
use super::sight::Sight;
use super::stage::{Stage, interrupted, ours, over, stage, told};
use super::trouble::{Trouble, with};
use crate::ask::{Need, Patient};
use crate::cluster::shell::Script;
use crate::cluster::{Attach, Cause, Mode, Profile, Refusal};
use crate::report::AttachReport;
use crate::target::TargetKind;

/// Added to how long a pod that is made may live at all.
const MARGIN: Duration = Duration::from_secs(60);

/// An opening whose pod is made for it. What is watched is that pod.
pub(super) struct Spawning<'a> {
    pub(super) opening: Opening<'a>,
    pub(super) names: Names,
}

impl Spawning<'_> {
    /// Makes the pod and enters it, or says why not.
    pub(super) async fn open(self) -> Result<LiveSession, Refusal> {
        let requested_at = self
            .opening
            .target
            .requested_at
            .unwrap_or_else(|| self.opening.clock.now());
        let (read, ()) = tokio::join!(self.model(), self.opening.lookout.listening(LISTEN));
        let model = read?;
        let server_time = model.date.unwrap_or_else(|| self.opening.clock.now());
        let not_after = later(server_time, self.opening.attach.start_timeout + SKEW);
        let script = Script::alone(&keeper(self.opening.attach, not_after));
        let granted = self.granted(&model, &script).await?;
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
            self.may_delete().await?;
        }
        let mut record = AttachReport {
            mode: self.mode().word().into(),
            transport: "live".into(),
            container: Some(self.names.container.clone()),
            pod: Some(self.names.pod.clone()),
            image: Some(self.opening.attach.image.clone()),
            requested_at: Some(requested_at),
            proven: false,
            ..AttachReport::default()
        };
        granted.tell(self.opening.attach.profile, &mut record);
        let pod = match self
            .make(&self.manifest(&model, granted.rung, &script))
            .await
        {
            Ok(pod) => pod,
            Err((refusal, false)) => return Err(refusal),
            Err((refusal, true)) => return Err(with(refusal, record)),
        };
        let made = Made::of(self.opening.server, &pod, stays);
        let mut sight = Sight::new(
            self.opening.server.clone(),
            Arc::clone(&self.opening.lookout),
            (&made.namespace, &made.name),
            &made.uid,
            &self.names.container,
        );
        match self.enter(&model, granted, &mut sight).await {
            Ok((mut way, remarks)) => {
                let server = self.opening.server.clone();
                let records = match (&model.pod, &model.patient) {
                    (Some(pod), Some(patient)) => Records::new(server, pod, patient),
                    _ => {
                        let node = self.opening.target.node.as_deref();
                        Records::of_node(server, self.namespace(), node)
                    }
                };
                way.notes.extend(remarks);
                let inner =
                    LiveSession::new(way, sight, record, records, Arc::clone(&self.opening.clock));
                Ok(inner.ending(Ending::Pod(Box::new(made))))
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
    fn manifest(&self, model: &Model, rung: Rung, script: &Script) -> Value {
        let on_node = self.mode() == Mode::Node;
        let container = DebugContainer {
            name: &self.names.container,
            uid: "",
            attach: self.opening.attach,
            script,
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
        if on_node {
            let node = self.opening.target.node.as_deref().unwrap_or_default();
            let at = (node, self.namespace());
            manifest::on_node(at, rung.profile, name, container, lifetime)
        } else {
            manifest::copy(&model.object, &attach.copying, name, container, lifetime)
        }
    }

    /// Settles the profile of the debug container.
    async fn granted(&self, model: &Model, script: &Script) -> Result<Granted, Refusal> {
        let named = self.opening.attach.profile;
        if named != Profile::Auto {
            return Ok(Granted::named(named, model.user));
        }
        let mut climb = match (&model.pod, &model.patient) {
            (Some(pod), Some(patient)) => {
                Climb::new(Owner::of(pod, patient), &self.opening.attach.powers)
            }
            _ => Climb::on_node(&self.opening.attach.powers),
        };
        loop {
            let rung = climb.next()?;
            let manifest = self.manifest(model, rung, script);
            let tried = self
                .opening
                .server
                .make(self.namespace(), &manifest, true)
                .await;
            let outcome = tried
                .map(|_| ())
                .map_err(|error| self.unmade(&error, rung.profile));
            if let Some(granted) = climb.tried(rung, outcome)? {
                return Ok(granted);
            }
        }
    }

    fn unmade(&self, error: &kube::Error, profile: Profile) -> Refusal {
        let doing = self
            .opening
            .server
            .doing("create", "pods", self.namespace());
        let adding = Some((profile, self.names.container.as_str()));
        refusal(error, &Doing { adding, ..doing })
    }

    /// What we make we must be able to delete: that is asked first.
    async fn may_delete(&self) -> Result<(), Refusal> {
        let namespace = self.namespace();
        let need = Need::of("delete", "pods", "deletes what was made");
        let denied = denied(self.opening.server, &[need], namespace).await;
        // A server that does not tell is no reason to go no further: the pod has a deadline of its own.
        if denied.map_or(true, |denied| denied.is_empty()) {
            return Ok(());
        }
        Err(Refusal {
            cause: Cause::Forbidden,
            headline: format!(
                "we cannot delete resource \"pods\" in namespace {namespace}, so that a pod that is made would be left there"
            ),
            help: format!(
                "missing: delete pods in namespace {namespace}; `housecall plan --rbac yaml …` prints the Role that grants what this run needs"
            ),
            attach: None,
        })
    }

    /// Makes the pod. An error comes with whether it may have been made all the same.
    async fn make(&self, manifest: &Value) -> Result<Pod, (Refusal, bool)> {
        let (namespace, name) = (self.namespace(), self.names.pod.as_str());
        let mut unsure = false;
        for last in [false, false, true] {
            let error = match self.opening.server.make(namespace, manifest, false).await {
                Ok(pod) => return Ok(pod),
                Err(error) => error,
            };
            let code = match &error {
                kube::Error::Api(status) => Some(status.code),
                _ => None,
            };
            let refused = code.is_some_and(|code| code < 500 && code != 409);
            unsure |= !refused;
            // A repeat of ours finds what an earlier one has made.
            if !refused && let Ok(found) = self.opening.server.pod(namespace, name).await {
                if ours(
                    &found.value,
                    &self.names.container,
                    &self.opening.attach.run,
                ) {
                    return Ok(found.value);
                }
                unsure = false;
            }
            if last || refused || code == Some(409) {
                let profile = self.opening.attach.profile;
                return Err((self.unmade(&error, profile), unsure));
            }
        }
        // The loop ends with its last round.
        Err((interrupted("nothing was heard of it"), unsure))
    }

    /// Waits until it runs, and enters.
    async fn enter(
        &self,
        model: &Model,
        granted: Granted,
        sight: &mut Sight,
    ) -> Result<(Way, Vec<String>), Refusal> {
        let mut remarks = granted.remarks;
        if self.opening.attach.copying.replace && self.mode() == Mode::Copy {
            remarks.push(self.replace(model).await?);
        }
        let place = format!("{}/{}", self.namespace(), self.names.pod);
        let told = |trouble| told(trouble, &place, self.opening.attach);
        let pod = self
            .up(model.patient.as_deref(), sight)
            .await
            .map_err(&told)?;
        let (namespaces, root) = manifest::sees_host(granted.rung.profile);
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
                running: false,
                shared: false,
                host: namespaces,
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
            way.patient = Patient {
                pid: namespaces.then_some(1),
                root: root.then(|| manifest::HOST.to_owned()),
                reason: (!root).then(|| {
                    format!(
                        "the profile `{}` shows nothing of the node's files; `general` and `sysadmin` do",
                        granted.rung.profile
                    )
                }),
            };
        }
        Ok((way, remarks))
    }

    /// Deletes the pod that was copied, without grace, as `kubectl debug --replace` does.
    async fn replace(&self, model: &Model) -> Result<String, Refusal> {
        let name = self.opening.target.pod.as_deref().unwrap_or_default();
        let namespace = self.namespace();
        let options = json!({
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "gracePeriodSeconds": 0,
            "preconditions": {"uid": model.object["metadata"]["uid"]},
        });
        match self.opening.server.delete(namespace, name, &options).await {
            Ok(()) => Ok(format!(
                "pod {namespace}/{name} was deleted once its copy was made, as `--replace` says"
            )),
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
            if let Some(failure) = sight.failure() {
                return Err(Trouble::Failure(failure));
            }
            if let Some(pod) = sight.pod() {
                match stage(&pod, &self.names.container, patient) {
                    Stage::Up => return Ok(pod),
                    Stage::Over(why) => return Err(Trouble::Shut(over(&why))),
                    Stage::Coming(word) => last = word.unwrap_or(last),
                }
            }
            tokio::select! {
                biased;
                () = &mut interrupted => return Err(Trouble::Interrupted(last)),
                () = sleep_until(until) => return Err(Trouble::Late(last)),
                () = sight.next() => {}
            }
        }
    }
}
