//! The contract of every answerer, held by a live pod.

#[path = "../contract/mod.rs"]
mod suite;

use std::time::Duration;

use housecall::cluster::kube::{Access, KubeCluster};
use housecall::cluster::{Attach, Cluster, Copying, Custom, Mode, Profile, Scope, Transport};
use housecall::target::{ObjectKind, Selector};

use crate::ground::Ground;

#[test]
fn a_live_pod_holds_the_contract() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let attach = Attach {
        run: "0123456789abcdef".into(),
        runbook: "own".into(),
        image: ground.image.clone(),
        pull_policy: None,
        container: None,
        profile: Profile::General,
        transport: Transport::Live,
        resume: false,
        mode: Mode::default(),
        copying: Copying::default(),
        custom: Custom::default(),
        powers: Vec::new(),
        start_timeout: Duration::from_secs(60),
        grace: Duration::from_secs(30),
        deadline: Duration::from_secs(120),
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let access = Access {
            kubeconfig: None,
            context: None,
        };
        let cluster = KubeCluster::connect(&access).await.unwrap();
        let selector = Selector::Named {
            kind: ObjectKind::Pod,
            name: "web".into(),
        };
        let scope = Scope::Namespace(ground.namespace.clone());
        let found = cluster.find(&selector, &scope).await.unwrap();
        suite::holds(&cluster, &found.targets[0], &attach).await;
    });
}
