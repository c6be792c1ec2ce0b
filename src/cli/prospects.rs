//! From selectors to prospects: whom the run will examine, and who was named but cannot be.

use std::sync::Arc;

use housecall::clock::{Clock, SystemClock};
use housecall::cluster::kube::{Access, KubeCluster};
use housecall::cluster::local::Local;
use housecall::cluster::{Cluster, Found, Refusal, Scope};
use housecall::engine::Prospect;
use housecall::plan::Plan;
use housecall::target::{ObjectKind, Selector, Target};

use super::args::VisitArgs;
use super::visit::Visit;

/// Whom a run is about.
#[derive(Default)]
pub(crate) struct Prospects {
    /// In the order they were named; within a selector by name.
    pub(crate) all: Vec<Prospect>,
    /// What the reader should know.
    pub(crate) notes: Vec<String>,
    /// A selector could not be looked up at all.
    pub(crate) unasked: bool,
    /// A selector matched nothing.
    pub(crate) unmatched: bool,
    /// What the report calls the cluster.
    pub(crate) cluster: String,
}

impl Prospects {
    /// Looks every selector up. Trouble with one never hides another.
    pub(crate) async fn find(visit: &Visit, args: &VisitArgs) -> Self {
        let remote = visit
            .selectors
            .iter()
            .any(|s| !matches!(s, Selector::Local | Selector::Process(_)));
        let clusters = Clusters {
            local: Arc::new(Local::new(Arc::new(SystemClock))),
            kube: if remote {
                Some(connect(args).await)
            } else {
                None
            },
        };
        let mut found = Self {
            cluster: clusters.name(),
            notes: visit.notes.clone(),
            unasked: visit.unasked,
            ..Self::default()
        };
        for (selector, scope) in visit.selectors.iter().zip(&visit.scopes) {
            found.look_up(&visit.plan, selector, scope, &clusters).await;
        }
        found.drop_repeats();
        found
    }

    async fn look_up(
        &mut self,
        plan: &Plan,
        selector: &Selector,
        scope: &Scope,
        clusters: &Clusters,
    ) {
        let looked = match clusters.of(selector) {
            Ok(cluster) => cluster
                .find(selector, scope)
                .await
                .map(|found| (found, cluster)),
            Err(refusal) => Err(refusal),
        };
        match looked {
            Ok((Found { targets, notes }, cluster)) => {
                if targets.is_empty() {
                    self.unmatched = true;
                    self.notes.push(format!(
                        "{selector}: matches no pod; see `kubectl get pods` with the same selector and namespace, or pass --allow-none"
                    ));
                }
                self.notes.extend(notes);
                let targets = if one(selector) {
                    targets
                } else {
                    let picked = plan.pick(targets, SystemClock.now());
                    self.notes.extend(picked.left_out);
                    picked.chosen
                };
                self.all.extend(
                    targets
                        .into_iter()
                        .map(|target| Prospect::Found(target, Arc::clone(&cluster))),
                );
            }
            Err(refusal) => match named(selector, scope, clusters) {
                Some(target) => self.all.push(Prospect::Refused(target, refusal)),
                None => {
                    self.unasked = true;
                    self.notes.push(format!(
                        "{selector}: {}; {}",
                        refusal.headline, refusal.help
                    ));
                }
            },
        }
    }

    /// A pod that two selectors name is examined once.
    fn drop_repeats(&mut self) {
        let mut seen = Vec::new();
        self.all.retain(|prospect| {
            let (Prospect::Found(target, _) | Prospect::Refused(target, _)) = prospect;
            let name = target.to_string();
            let new = !seen.contains(&name);
            seen.push(name);
            new
        });
    }
}

/// Whether a selector stands for one target by its own name: that one is wanted, and not picked at.
fn one(selector: &Selector) -> bool {
    matches!(
        selector,
        Selector::Local
            | Selector::Process(_)
            | Selector::Named {
                kind: ObjectKind::Pod | ObjectKind::Node,
                ..
            }
    )
}

struct Clusters {
    local: Arc<dyn Cluster>,
    /// Only where a selector asks for it: nobody needs a kubeconfig to look at this machine.
    kube: Option<Result<Arc<KubeCluster>, Refusal>>,
}

impl Clusters {
    fn of(&self, selector: &Selector) -> Result<Arc<dyn Cluster>, Refusal> {
        match (selector, &self.kube) {
            (Selector::Local | Selector::Process(_), _) | (_, None) => Ok(Arc::clone(&self.local)),
            (_, Some(Ok(kube))) => Ok(Arc::clone(kube) as Arc<dyn Cluster>),
            (_, Some(Err(refusal))) => Err(refusal.clone()),
        }
    }

    fn name(&self) -> String {
        match &self.kube {
            Some(Ok(kube)) => kube.name(),
            Some(Err(_)) => "unknown".into(),
            None => "local".into(),
        }
    }

    fn namespace(&self) -> String {
        match &self.kube {
            Some(Ok(kube)) => kube.namespace().to_owned(),
            Some(Err(_)) | None => "default".into(),
        }
    }
}

/// The target that stands in a report for an object that was named and could not be found.
fn named(selector: &Selector, scope: &Scope, clusters: &Clusters) -> Option<Target> {
    match selector {
        Selector::Named { kind, name } => {
            let namespace = match scope {
                Scope::Namespace(namespace) => namespace.clone(),
                Scope::Default | Scope::All => clusters.namespace(),
            };
            if *kind == ObjectKind::Node {
                return Some(Target::node(&namespace, name));
            }
            let mut target = Target::pod(&namespace, name);
            if *kind != ObjectKind::Pod {
                target.owner = Some(format!("{}/{name}", kind.word()));
            }
            Some(target)
        }
        Selector::Process(pid) => Some(Target::process(*pid)),
        Selector::Local => Some(Target::local()),
        Selector::Pods { .. } => None,
    }
}

pub(crate) async fn connect(args: &VisitArgs) -> Result<Arc<KubeCluster>, Refusal> {
    let access = Access {
        kubeconfig: args.kubeconfig.clone(),
        context: args.context.clone(),
    };
    KubeCluster::connect(&access).await.map(Arc::new)
}
