//! Why nothing could be asked, told with what to do next.

use super::{attach, named, patient, refused, web};
use crate::fake::{Fake, Fault, NAMESPACE};
use housecall::cluster::{Cause, Cluster, Scope};
use serde_json::json;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn pod_security_is_told_with_the_profile_that_would_pass() {
    let fake = patient().await;
    let words = "pods \"web\" is forbidden: violates PodSecurity \"baseline:latest\": non-default capabilities";
    fake.script("PATCH ephemeralcontainers", [Fault::Refuse(403, words)]);
    let refusal = refused(&fake, "tools:1").await;
    assert_eq!(refusal.cause, Cause::Admission);
    assert!(
        refusal.help.contains("`--profile baseline` passes"),
        "{refusal}"
    );
}

#[tokio::test]
async fn pods_in_which_nothing_can_start_are_refused_before_anything_is_sent() {
    let fake = Fake::start().await;
    for (key, value, cause) in [
        (
            "/metadata/annotations",
            json!({"kubernetes.io/config.mirror": "x"}),
            Cause::Mirror,
        ),
        ("/status/phase", json!("Succeeded"), Cause::Finished),
        (
            "/metadata/deletionTimestamp",
            json!("2026-01-02T03:04:05Z"),
            Cause::Finished,
        ),
        ("/spec/nodeName", json!(""), Cause::Start),
    ] {
        let mut pod = Fake::example("web", "uid-1");
        let (parent, field) = key.rsplit_once('/').unwrap();
        pod.pointer_mut(parent).unwrap()[field] = value;
        fake.put(pod);
        let refusal = refused(&fake, "tools:1").await;
        assert_eq!(refusal.cause, cause, "{refusal}");
        assert!(refusal.attach.is_none());
    }
    assert_eq!(fake.calls("PATCH ephemeralcontainers"), 0);
}

#[tokio::test]
async fn a_pod_that_carries_as_many_debug_containers_as_it_may_is_left_alone() {
    let fake = Fake::start().await;
    let mut pod = Fake::example("web", "uid-1");
    let carried: Vec<_> = (0..10)
        .map(|number| json!({"name": format!("housecall-000000000{number}"), "image": "tools:1"}))
        .collect();
    pod["spec"]["ephemeralContainers"] = carried.into();
    fake.put(pod);
    let refusal = refused(&fake, "tools:1").await;
    assert_eq!(refusal.cause, Cause::Crowded, "{refusal}");
    assert!(refusal.help.contains("housecall containers"), "{refusal}");
    assert_eq!(fake.calls("PATCH ephemeralcontainers"), 0);
}

#[tokio::test]
async fn an_image_that_cannot_be_pulled_is_told_at_the_kubelets_first_word() {
    let fake = patient().await;
    let begun = tokio::time::Instant::now();
    let refusal = refused(&fake, "missing:1").await;
    assert_eq!(refusal.cause, Cause::Image);
    assert!(
        refusal.headline.contains("rpc error: code = NotFound"),
        "{refusal}"
    );
    let attach = refusal.attach.unwrap();
    assert!(attach.waiting.unwrap().contains("pull image"));
    assert!(attach.proven && attach.terminated.is_none());
    assert!(
        begun.elapsed() < Duration::from_secs(3),
        "not at the timeout"
    );
}

#[tokio::test]
async fn a_root_image_in_a_pod_without_root_is_told_with_what_would_do() {
    let fake = patient().await;
    let refusal = refused(&fake, "rootly:1").await;
    assert_eq!(refusal.cause, Cause::Start);
    assert!(refusal.headline.contains("runAsNonRoot"), "{refusal}");
    assert!(refusal.help.contains("root"), "{refusal}");
    assert!(refusal.attach.unwrap().proven);
}

#[tokio::test]
async fn an_image_without_a_shell_is_told_and_its_end_is_read_back() {
    let fake = patient().await;
    let refusal = refused(&fake, "shellless:1").await;
    assert_eq!(refusal.cause, Cause::Start);
    assert!(refusal.help.contains("has no `sh`"), "{refusal}");
    let attach = refusal.attach.unwrap();
    assert!(attach.proven);
    assert_eq!(attach.terminated.unwrap().exit_code, 128);
}

#[tokio::test]
async fn a_container_that_is_never_heard_of_is_given_up_at_the_start_timeout_and_not_called_proven()
{
    let fake = patient().await;
    let cluster = fake.cluster().await;
    let mut attach = attach("slow:1");
    attach.start_timeout = Duration::from_secs(1);
    let refusal = cluster
        .open(&web(), &attach, None, &CancellationToken::new())
        .await
        .err()
        .unwrap();
    assert_eq!(refusal.cause, Cause::StartTimeout);
    assert!(
        refusal.headline.contains("container not found"),
        "the last word: {refusal}"
    );
    assert!(!refusal.attach.unwrap().proven);
}

#[tokio::test]
async fn promise_6_a_pod_replaced_under_its_name_is_refused_before_anything_is_sent() {
    let fake = patient().await;
    let cluster = fake.cluster().await;
    let scope = Scope::Namespace(NAMESPACE.into());
    let found = cluster.find(&named("web"), &scope).await.unwrap();
    fake.pod("web", "uid-2");
    let refusal = cluster
        .open(
            &found.targets[0],
            &attach("tools:1"),
            None,
            &CancellationToken::new(),
        )
        .await
        .err()
        .unwrap();
    assert_eq!(refusal.cause, Cause::Replaced);
    assert!(refusal.attach.is_none());
    assert_eq!(fake.calls("PATCH ephemeralcontainers"), 0);
}

#[tokio::test]
async fn promise_6_a_pod_replaced_between_reading_and_adding_is_refused_by_the_server() {
    let fake = patient().await;
    let words =
        "Pod \"web\" is invalid: metadata.uid: Invalid value: \"uid-1\": field is immutable";
    fake.script("PATCH ephemeralcontainers", [Fault::Refuse(422, words)]);
    let refusal = refused(&fake, "tools:1").await;
    assert_eq!(refusal.cause, Cause::Replaced);
    assert!(refusal.attach.is_none());
}

#[tokio::test]
async fn an_interrupted_opening_changes_nothing_before_the_patch_and_tells_what_it_left_after_it() {
    let fake = patient().await;
    let cluster = fake.cluster().await;
    let stop = CancellationToken::new();
    stop.cancel();
    let before = cluster
        .open(&web(), &attach("tools:1"), None, &stop)
        .await
        .err()
        .unwrap();
    assert_eq!((before.cause, before.attach), (Cause::Interrupted, None));
    assert_eq!(fake.calls("PATCH"), 0);

    let stop = CancellationToken::new();
    let slow = attach("slow:1");
    let target = web();
    let opening = cluster.open(&target, &slow, None, &stop);
    let stopping = async {
        while fake.calls("EXEC") == 0 {
            tokio::task::yield_now().await;
        }
        stop.cancel();
    };
    let after = tokio::join!(opening, stopping).0.err().unwrap();
    assert_eq!(after.cause, Cause::Interrupted);
    assert!(!after.attach.unwrap().proven);
}
