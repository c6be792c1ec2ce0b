//! The adapter itself: a cluster reached through its API server.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use async_trait::async_trait;
use k8s_openapi::api::core::v1::{Node, Secret};
use tokio_util::sync::CancellationToken;

use super::attached::{attached, stop};
use super::bare::BareSession;
use super::candidate::{container, replaced};
use super::client::{Access, Link};
use super::find::find;
use super::model::Names;
use super::open::Opening;
use super::owner::missing;
use super::preflight::{Checkup, foreseen};
use super::pump::Limits;
use super::records::Records;
use super::refusal::refusal;
use super::rights::{Ways, denied};
use super::server::Server;
use super::spawn::Spawning;
use super::watch::Lookout;
use crate::ask::{Ask, Need};
use crate::clock::{Clock, SystemClock};
use crate::cluster::{
    Attach, Attached, Cluster, Finding, Found, Mode, Refusal, Scope, Session, Transport,
};
use crate::target::{ObjectKind, Selector, Target, TargetKind};

/// A namespace, and the one pod of it that is watched where there is only one.
type Watched = (String, Option<String>);

/// A Kubernetes cluster.
pub struct KubeCluster {
    server: Server,
    clock: Arc<dyn Clock>,
    limits: Limits,
    lookouts: Mutex<BTreeMap<Watched, Weak<Lookout>>>,
    found: Mutex<BTreeMap<String, BTreeSet<String>>>,
    /// Held so that it is still there when the target is opened.
    begun: Mutex<Option<Arc<Lookout>>>,
    ways: Ways,
}

impl KubeCluster {
    /// The cluster that a kubeconfig, or the service account of this pod, leads to. Sends nothing yet.
    pub async fn connect(access: &Access) -> Result<Self, Refusal> {
        Ok(Self::over(access.link().await?, Arc::new(SystemClock)))
    }

    /// A cluster over a link that stands already.
    pub fn over(link: Link, clock: Arc<dyn Clock>) -> Self {
        Self {
            server: Server::new(link),
            clock,
            limits: Limits::default(),
            lookouts: Mutex::default(),
            found: Mutex::default(),
            begun: Mutex::default(),
            ways: Ways::default(),
        }
    }

    /// The same with other bounds for its streams.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// The namespace of the context.
    pub fn namespace(&self) -> &str {
        &self.server.link().namespace
    }

    /// The value of one key of a secret, for a param that says it comes from there; `None` where there is no such secret or key.
    /// It is read once, before a run, and goes nowhere but to a step's stdin.
    pub async fn secret(
        &self,
        namespace: &str,
        name: &str,
        key: &str,
    ) -> Result<Option<String>, Refusal> {
        let path = format!("/api/v1/namespaces/{namespace}/secrets/{name}");
        match self.server.get::<Secret>(&path).await {
            Ok(read) => Ok(read
                .value
                .data
                .and_then(|mut data| data.remove(key))
                .and_then(|value| String::from_utf8(value.0).ok())),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(None),
            Err(error) => Err(refusal(
                &error,
                &self.server.doing("get", "secrets", namespace),
            )),
        }
    }

    /// Our debug containers of a scope, whichever run added them; of one pod only where that is named.
    pub async fn attached(
        &self,
        scope: &Scope,
        labels: &str,
        pod: Option<&str>,
    ) -> Result<Vec<Attached>, Refusal> {
        let namespace = match scope {
            Scope::Default => self.namespace(),
            Scope::Namespace(name) => name,
            Scope::All => "",
        };
        attached(&self.server, namespace, labels, pod).await
    }

    /// Ends one of them by an order to its own keeper, and tells how it then stands, as read back. Nothing is signalled.
    pub async fn stop(&self, attached: &Attached) -> Result<Attached, Refusal> {
        stop(&self.server, attached).await
    }

    /// The same with the image for the target's node, where it is composed for one; what cannot be told is taken for `amd64`.
    async fn fitted<'a>(&self, target: &Target, attach: &'a Attach) -> Cow<'a, Attach> {
        let (Some(toolbox), Some(node)) = (&attach.toolbox, &target.node) else {
            return Cow::Borrowed(attach);
        };
        let path = format!("/api/v1/nodes/{node}");
        let node = self.server.get::<Node>(&path).await;
        let architecture = node.ok().and_then(|node| {
            let told = node.value.status?.node_info?;
            Some(told.architecture)
        });
        Cow::Owned(Attach {
            image: toolbox.image(architecture.as_deref().unwrap_or("amd64")),
            ..attach.clone()
        })
    }

    /// Looks at everything that can be known before the first change, and changes nothing.
    pub async fn checkup(&self, checkup: &Checkup) -> Vec<Finding> {
        checkup.made(&self.server).await
    }

    fn lookout(&self, target: &Target) -> Arc<Lookout> {
        let namespace = target.namespace.clone().unwrap_or_else(|| "default".into());
        let several = held(&self.found)
            .get(&namespace)
            .is_some_and(|names| names.len() > 1);
        let only = if several { None } else { target.pod.clone() };
        let mut lookouts = held(&self.lookouts);
        lookouts.retain(|_, lookout| lookout.strong_count() > 0);
        let key = (namespace, only);
        if let Some(standing) = lookouts.get(&key).and_then(Weak::upgrade) {
            return standing;
        }
        let lookout = Arc::new(Lookout::start(
            &self.server.link().client,
            &key.0,
            key.1.as_deref(),
        ));
        lookouts.insert(key, Arc::downgrade(&lookout));
        lookout
    }
}

fn held<T>(lock: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // Nothing panics while it holds one of these; and if it did, the data is whole.
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Cluster for KubeCluster {
    fn name(&self) -> String {
        self.server.link().name.clone()
    }

    async fn find(&self, selector: &Selector, scope: &Scope) -> Result<Found, Refusal> {
        // The watches begin beside the search, for what is named by itself.
        let begun = match (selector, scope) {
            (
                Selector::Named {
                    kind: ObjectKind::Pod,
                    name,
                },
                Scope::Default,
            ) => Some(Target::pod(self.namespace(), name)),
            (
                Selector::Named {
                    kind: ObjectKind::Pod,
                    name,
                },
                Scope::Namespace(namespace),
            ) => Some(Target::pod(namespace, name)),
            _ => None,
        };
        let begun = begun.map(|target| self.lookout(&target));
        let found = find(&self.server, selector, scope, self.clock.now()).await?;
        *held(&self.begun) = begun;
        let mut known = held(&self.found);
        for target in &found.targets {
            let name = target.pod.as_ref().or(target.node.as_ref());
            if let (Some(namespace), Some(pod)) = (&target.namespace, name) {
                known
                    .entry(namespace.clone())
                    .or_default()
                    .insert(pod.clone());
            }
        }
        Ok(found)
    }

    async fn denied(&self, needs: &[Need], namespace: &str) -> Result<Vec<Need>, Refusal> {
        denied(&self.server, needs, namespace).await
    }

    async fn foreseen(&self, target: &Target, attach: &Attach) -> Option<Refusal> {
        if target.kind != TargetKind::Node && !attach.mode.makes_a_pod() {
            return foreseen(&self.server, target, attach).await;
        }
        let names = Names::of(target, attach);
        let namespace = target.namespace.as_deref().unwrap_or("default");
        let opening = Opening {
            server: &self.server,
            lookout: self.lookout(&Target::pod(namespace, &names.pod)),
            clock: Arc::clone(&self.clock),
            target,
            attach,
            limits: self.limits,
            stop: &CancellationToken::new(),
            asks: None,
        };
        Spawning { opening, names }.foreseen().await
    }

    async fn open(
        &self,
        target: &Target,
        attach: &Attach,
        asks: Option<&[Ask]>,
        stop: &CancellationToken,
    ) -> Result<Box<dyn Session>, Refusal> {
        let namespace = target.namespace.as_deref().unwrap_or("default");
        let own = target.kind == TargetKind::Pod && attach.mode == Mode::Exec;
        let transport = match attach.transport {
            // What is not known beforehand, and what is asked in a container that is not ours, needs a stream.
            Transport::Auto if asks.is_none() || own => Transport::Live,
            transport => transport,
        };
        let oneshot = self
            .ways
            .is_oneshot(&self.server, transport, namespace)
            .await?;
        let attach = &*self.fitted(target, attach).await;
        let makes_a_pod = target.kind == TargetKind::Node || attach.mode.makes_a_pod();
        let names = makes_a_pod.then(|| Names::of(target, attach));
        let watched = match &names {
            Some(names) => &Target::pod(namespace, &names.pod),
            None => target,
        };
        let opening = Opening {
            server: &self.server,
            lookout: self.lookout(watched),
            clock: Arc::clone(&self.clock),
            target,
            attach,
            limits: self.limits,
            stop,
            asks: asks.filter(|_| oneshot),
        };
        match names {
            Some(names) => Spawning { opening, names }.open().await,
            None if attach.mode == Mode::Exec => Ok(Box::new(opening.enter_own().await?)),
            None => opening.open().await,
        }
    }

    async fn consult(
        &self,
        target: &Target,
        attach: &Attach,
        _: &CancellationToken,
    ) -> Result<Box<dyn Session>, Refusal> {
        let namespace = target.namespace.as_deref().unwrap_or("default");
        if target.kind == TargetKind::Node {
            let records = Records::of_node(self.server.clone(), namespace, target.node.as_deref());
            return Ok(Box::new(BareSession::new(records, Arc::clone(&self.clock))));
        }
        let name = target.pod.as_deref().unwrap_or_default();
        let pod = match self.server.pod(namespace, name).await {
            Ok(read) => read.value,
            Err(error) => {
                let kind = ObjectKind::Pod;
                return Err(missing(&self.server, &error, kind, name, namespace).await);
            }
        };
        if target.uid.is_some() && target.uid != pod.metadata.uid {
            return Err(replaced(name));
        }
        let container = container(&pod, attach.container.as_deref())?;
        let records = Records::new(self.server.clone(), &pod, container);
        Ok(Box::new(BareSession::new(records, Arc::clone(&self.clock))))
    }
}
