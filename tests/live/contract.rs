//! The contract of every answerer, held by a live pod.

#[path = "../contract/mod.rs"]
mod suite;

use std::time::Duration;

use housecall::cluster::kube::{Access, KubeCluster};
use housecall::cluster::{Attach, Cluster, Mode, Scope, Transport};
use housecall::target::{ObjectKind, Selector, Target};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::ground::{Ground, SLEEPER};

fn attach(ground: &Ground, mode: Mode) -> Attach {
    Attach {
        run: "0123456789abcdef".into(),
        mode,
        deadline: Duration::from_secs(120),
        ..Attach::new("own", ground.image.clone())
    }
}

/// The cluster, and one pod of the namespace as it is found there.
async fn found(ground: &Ground, kind: ObjectKind, name: &str) -> (KubeCluster, Target) {
    let access = Access {
        kubeconfig: None,
        context: None,
    };
    let cluster = KubeCluster::connect(&access).await.unwrap();
    let selector = Selector::Named {
        kind,
        name: name.into(),
    };
    let scope = Scope::Namespace(ground.namespace.clone());
    let mut found = cluster.find(&selector, &scope).await.unwrap();
    (cluster, found.targets.remove(0))
}

#[test]
fn a_live_pod_holds_the_contract() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let (cluster, target) = found(&ground, ObjectKind::Pod, "web").await;
        suite::holds(&cluster, &target, &attach(&ground, Mode::Ephemeral)).await;
    });
}

#[test]
fn a_pod_whose_asks_are_sent_ahead_holds_what_of_the_contract_can_be() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let (cluster, target) = found(&ground, ObjectKind::Pod, "web").await;
        let attach = Attach {
            transport: Transport::Oneshot,
            ..attach(&ground, Mode::Ephemeral)
        };
        suite::holds_ahead(&cluster, &target, &attach).await;
    });
}

#[test]
fn every_other_mode_holds_the_contract_of_the_answers() {
    let Some(ground) = Ground::find() else { return };
    let image = ground.image.clone();
    ground.admit(ground.of(
        "web",
        json!({"name": "app", "image": image, "command": ["sh", "-c", SLEEPER]}),
    ));
    let node = ground.pod("web")["spec"]["nodeName"].clone();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for (mode, kind, name) in [
        (Mode::Copy, ObjectKind::Pod, "web"),
        (Mode::Node, ObjectKind::Node, node.as_str().unwrap()),
        (Mode::Exec, ObjectKind::Pod, "web"),
    ] {
        runtime.block_on(async {
            let (cluster, target) = found(&ground, kind, name).await;
            let stop = CancellationToken::new();
            let opened = cluster
                .open(&target, &attach(&ground, mode), None, &stop)
                .await;
            let mut session = opened.unwrap_or_else(|refusal| panic!("{mode}: {refusal}"));
            suite::answers(session.as_mut()).await;
            let closed = session.close().await;
            assert!(
                closed.attach.unwrap().proven,
                "{mode}: {:?}",
                closed.remarks
            );
        });
    }
}
