//! Who may, and where: kubeconfigs, credentials, rights, names.

use super::{named, patient, refused};
use crate::fake::{Fault, NAMESPACE};
use housecall::ask::Need;
use housecall::clock::SystemClock;
use housecall::cluster::kube::{Access, KubeCluster, Link};
use housecall::cluster::{Cause, Cluster, Scope};
use serde_json::json;
use std::path::Path;

#[tokio::test]
async fn an_unknown_user_is_told_to_log_in() {
    let fake = patient().await;
    fake.script("GET pod", [Fault::Refuse(401, "Unauthorized")]);
    let refusal = refused(&fake, "tools:1").await;
    assert_eq!(refusal.cause, Cause::Unauthenticated);
    assert!(refusal.headline.contains("Unauthorized"), "{refusal}");
    assert!(refusal.attach.is_none());
}

#[tokio::test]
async fn a_missing_right_is_told_with_verb_resource_and_the_way_to_it() {
    let fake = patient().await;
    let words = "pods \"web\" is forbidden: User \"ci\" cannot patch resource \"pods/ephemeralcontainers\" in API group \"\" in the namespace \"shop\"";
    fake.script("PATCH ephemeralcontainers", [Fault::Refuse(403, words)]);
    let refusal = refused(&fake, "tools:1").await;
    assert_eq!(
        (refusal.cause, refusal.headline.as_str()),
        (Cause::Forbidden, words)
    );
    assert!(
        refusal
            .help
            .contains("patch pods/ephemeralcontainers in namespace shop"),
        "{refusal}"
    );
    assert!(refusal.help.contains("plan --rbac yaml"), "{refusal}");
    assert!(refusal.attach.is_none());
    assert_eq!(fake.calls("EXEC"), 0);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = gone.local_addr().unwrap();
    drop(gone);
    let config = kube::Config::new(format!("http://{address}").parse().unwrap());
    let link = Link::of(config, "gone".into()).await.unwrap();
    let cluster = KubeCluster::over(link, std::sync::Arc::new(SystemClock));
    let refusal = cluster
        .find(&named("web"), &Scope::Default)
        .await
        .unwrap_err();
    assert_eq!(refusal.cause, Cause::ApiUnreachable);
    assert!(refusal.headline.contains(&address.to_string()), "{refusal}");
    assert!(refusal.headline.contains("refused"), "{refusal}");
}

fn kubeconfig(directory: &Path) -> std::path::PathBuf {
    let path = directory.join("config");
    let text = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "staging",
        "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}],
        "users": [{"name": "u", "user": {}}],
        "contexts": [{"name": "staging", "context": {"cluster": "c", "user": "u", "namespace": "shop"}},
                     {"name": "production", "context": {"cluster": "c", "user": "u"}}],
    });
    std::fs::write(&path, text.to_string()).unwrap();
    path
}

#[tokio::test]
async fn a_wrong_context_is_told_with_the_ones_there_are() {
    let directory = tempfile::tempdir().unwrap();
    let mut access = Access {
        kubeconfig: Some(kubeconfig(directory.path())),
        context: Some("prodution".into()),
    };
    let refusal = KubeCluster::connect(&access).await.err().unwrap();
    assert_eq!(refusal.cause, Cause::Configuration);
    assert!(
        refusal.headline.contains("did you mean `production`?"),
        "{refusal}"
    );
    assert!(refusal.help.contains("staging, production"), "{refusal}");
    access.context = None;
    let cluster = KubeCluster::connect(&access).await.unwrap();
    assert_eq!(
        (cluster.name().as_str(), cluster.namespace()),
        ("staging", "shop")
    );
}

#[tokio::test]
async fn a_missing_or_broken_kubeconfig_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let missing = Access {
        kubeconfig: Some(directory.path().join("none")),
        context: None,
    };
    let refusal = KubeCluster::connect(&missing).await.err().unwrap();
    assert_eq!(refusal.cause, Cause::Configuration);
    assert!(
        refusal.headline.contains("there is no kubeconfig"),
        "{refusal}"
    );
    let path = directory.path().join("broken");
    std::fs::write(&path, "contexts: [").unwrap();
    let broken = Access {
        kubeconfig: Some(path),
        context: None,
    };
    let refusal = KubeCluster::connect(&broken).await.err().unwrap();
    assert_eq!(refusal.cause, Cause::Configuration);
    assert!(refusal.headline.contains("cannot be used"), "{refusal}");
}

#[tokio::test]
async fn a_mistyped_pod_is_told_with_its_near_misses() {
    let fake = patient().await;
    let cluster = fake.cluster().await;
    let scope = Scope::Namespace(NAMESPACE.into());
    let refusal = cluster.find(&named("wbe"), &scope).await.unwrap_err();
    assert_eq!(refusal.cause, Cause::NotFound);
    assert!(
        refusal.headline.contains("did you mean `web`?"),
        "{refusal}"
    );
    assert!(refusal.attach.is_none());
}

#[tokio::test]
async fn missing_rights_are_found_by_asking_the_server() {
    let fake = patient().await;
    fake.script("MAY patch pods/ephemeralcontainers", [Fault::Refuse(0, "")]);
    let need = |resource: &str, verb: &str| Need::of(verb, resource, "test");
    let needs = [
        need("pods", "get"),
        need("pods/ephemeralcontainers", "patch"),
        need("pods/exec", "create"),
    ];
    let denied = fake
        .cluster()
        .await
        .denied(&needs, NAMESPACE)
        .await
        .unwrap();
    assert_eq!(denied, [needs[1].clone()]);
}
