//! The live transport against a scripted API server: every refusal told apart, every fault survived, every end proven or said not
//! to be.

#![expect(
    clippy::unwrap_used,
    reason = "in a test, what cannot be is a failure of the test"
)]

use std::path::Path;
use std::time::Duration;

use housecall::ask::{Ask, Ended, Need, Question};
use housecall::clock::SystemClock;
use housecall::cluster::kube::{Access, KubeCluster, Limits, Link};
use housecall::cluster::{Attach, Cause, Cluster, Profile, Refusal, Scope, Session};
use housecall::target::{ObjectKind, Selector, Target};
use serde_json::json;

use crate::fake::{Fake, Fault, NAMESPACE};

fn attach(image: &str) -> Attach {
    Attach {
        run: "0123456789abcdef".into(),
        image: image.into(),
        pull_policy: None,
        container: None,
        profile: Profile::General,
        start_timeout: Duration::from_secs(20),
        grace: Duration::from_secs(10),
        deadline: Duration::from_secs(60),
    }
}

fn script(text: &str) -> Ask {
    Ask::new(Question::Script {
        text: text.into(),
        env: Vec::new(),
    })
}

fn web() -> Target {
    Target::pod(NAMESPACE, "web")
}

async fn patient() -> Fake {
    let fake = Fake::start().await;
    fake.pod("web", "uid-1");
    fake
}

async fn opened(fake: &Fake) -> Box<dyn Session> {
    let cluster = fake.cluster().await;
    match cluster.open(&web(), &attach("tools:1")).await {
        Ok(session) => session,
        Err(refusal) => panic!("{refusal}"),
    }
}

async fn refused(fake: &Fake, image: &str) -> Refusal {
    let cluster = fake.cluster().await;
    match cluster.open(&web(), &attach(image)).await {
        Ok(_) => panic!("it was opened"),
        Err(refusal) => refusal,
    }
}

fn named(name: &str) -> Selector {
    Selector::Named {
        kind: ObjectKind::Pod,
        name: name.into(),
    }
}

#[tokio::test]
async fn promise_3_a_pod_is_asked_and_its_debug_container_is_proven_ended() {
    let fake = patient().await;
    let mut session = opened(&fake).await;
    let answer = session
        .answer(&script("echo out; echo err >&2; exit 3"))
        .await
        .unwrap();
    assert_eq!(answer.ended, Ended::Exited(3));
    assert_eq!(
        (answer.stdout.text(), answer.stderr.text()),
        ("out\n".into(), "err\n".into())
    );
    assert_eq!(session.container().as_deref(), Some("app"));
    let closed = session.close().await;
    assert!(closed.attach.proven);
    assert_eq!(closed.attach.terminated.unwrap().exit_code, 0);
    assert_eq!(closed.attach.image_id.as_deref(), Some("sha256:tools"));
    assert!(closed.attach.first_answer_at > closed.attach.requested_at);
    assert_eq!(fake.calls("PATCH ephemeralcontainers"), 1);
}

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
    let refusal = cluster.open(&web(), &attach).await.err().unwrap();
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
        .open(&found.targets[0], &attach("tools:1"))
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
async fn promise_6_a_patch_that_landed_before_its_answer_was_lost_adds_nothing_twice() {
    for code in [500, 504] {
        let fake = patient().await;
        fake.script(
            "PATCH ephemeralcontainers",
            [Fault::Landed(
                code,
                "the server was not able to return a response",
            )],
        );
        let mut session = opened(&fake).await;
        session.answer(&script("true")).await.unwrap();
        let closed = session.close().await;
        assert!(closed.attach.proven);
        assert_eq!(fake.debug_containers("web").len(), 1);
        assert_eq!(
            fake.calls("PATCH ephemeralcontainers"),
            1,
            "it was looked for before it was sent again"
        );
    }
}

#[tokio::test]
async fn promise_6_a_second_opening_of_the_same_run_finds_the_container_of_the_first() {
    let fake = patient().await;
    let first = opened(&fake).await;
    let second = opened(&fake).await;
    assert_eq!(first.attached().container, second.attached().container);
    assert_eq!(fake.debug_containers("web").len(), 1);
    let closed = first.close().await;
    assert!(closed.attach.proven);
    drop(second);
}

#[tokio::test]
async fn a_busy_server_is_asked_again() {
    let fake = patient().await;
    fake.script(
        "GET pod",
        [
            Fault::Refuse(429, "too many requests"),
            Fault::Refuse(503, "not ready"),
        ],
    );
    fake.script(
        "PATCH ephemeralcontainers",
        [Fault::Refuse(429, "too many requests")],
    );
    let session = opened(&fake).await;
    assert!(session.close().await.attach.proven);
    assert_eq!(fake.debug_containers("web").len(), 1);
}

#[tokio::test]
async fn a_server_that_keeps_failing_is_given_up_with_its_words() {
    let fake = patient().await;
    fake.script(
        "PATCH ephemeralcontainers",
        [Fault::Always(500, "etcdserver: request timed out")],
    );
    let refusal = refused(&fake, "tools:1").await;
    assert_eq!(refusal.cause, Cause::Api);
    assert!(refusal.headline.contains("etcdserver"), "{refusal}");
    assert!(
        refusal.attach.is_none(),
        "the pod was read, and holds nothing of ours"
    );
}

#[tokio::test]
async fn an_answer_that_does_not_hold_our_container_is_no_success() {
    let fake = patient().await;
    fake.script("PATCH ephemeralcontainers", [Fault::Ignored]);
    let refusal = refused(&fake, "tools:1").await;
    assert_eq!(refusal.cause, Cause::Api);
    assert!(refusal.headline.contains("did not add it"), "{refusal}");
    assert_eq!(fake.calls("EXEC"), 0);
}

#[tokio::test]
async fn an_exec_that_comes_too_early_is_tried_again() {
    let fake = patient().await;
    fake.script(
        "EXEC",
        [
            Fault::Later("container not found (\"x\")"),
            Fault::Refuse(500, "unable to upgrade connection: container not found"),
            Fault::Refuse(400, "container x is not running"),
        ],
    );
    let mut session = opened(&fake).await;
    let answer = session.answer(&script("echo there")).await.unwrap();
    assert_eq!(answer.stdout.text(), "there\n");
    assert_eq!(fake.calls("EXEC"), 4);
    assert!(session.close().await.attach.proven);
}

#[tokio::test]
async fn promise_3_an_exec_that_is_denied_still_ends_the_keeper_and_reads_its_end_back() {
    let fake = patient().await;
    let words = "pods \"web\" is forbidden: User \"ci\" cannot create resource \"pods/exec\" in API group \"\" in the namespace \"shop\"";
    fake.script("EXEC", [Fault::Always(403, words)]);
    let cluster = fake.cluster().await;
    let mut attach = attach("tools:1");
    attach.grace = Duration::from_secs(1);
    let refusal = cluster.open(&web(), &attach).await.err().unwrap();
    assert_eq!(
        (refusal.cause, refusal.headline.as_str()),
        (Cause::Forbidden, words)
    );
    let attach = refusal.attach.unwrap();
    assert!(attach.proven);
    assert_eq!(attach.terminated.unwrap().exit_code, 76, "no shell came");
}

#[tokio::test]
async fn promise_4_a_stream_cut_in_mid_step_keeps_what_came_and_the_end_is_read_back() {
    let fake = patient().await;
    fake.script("EXEC", [Fault::CutOn("last words")]);
    let mut session = opened(&fake).await;
    let lost = session
        .answer(&script("yes last words | head -c 100000; sleep 30"))
        .await
        .unwrap_err();
    let partial = lost.partial.unwrap();
    assert!(partial.stdout.bytes.starts_with(b"last words\n"));
    assert!(partial.stdout.truncated);
    assert!(matches!(partial.ended, Ended::Lost(_)));
    let again = session.answer(&script("true")).await.unwrap_err();
    assert_eq!(again.partial, None);
    let closed = session.close().await;
    assert!(closed.attach.proven, "the end of stdin ended the keeper");
    assert_eq!(closed.attach.terminated.unwrap().exit_code, 0);
}

#[tokio::test]
async fn a_pod_deleted_in_mid_run_is_told_and_counts_as_proven() {
    let fake = patient().await;
    fake.script("EXEC", [Fault::CutOn("going")]);
    let mut session = opened(&fake).await;
    let ask = script("yes going | head -c 100000; sleep 30");
    let (lost, ()) = tokio::join!(session.answer(&ask), async { fake.delete("web") });
    let lost = lost.unwrap_err();
    assert_eq!(lost.why, "pod shop/web was deleted");
    let closed = session.close().await;
    assert!(closed.attach.proven && closed.attach.terminated.is_none());
    assert!(
        closed
            .remarks
            .iter()
            .any(|remark| remark.contains("was deleted")),
        "{:?}",
        closed.remarks
    );
}

#[tokio::test]
async fn an_answer_that_was_dropped_can_be_cancelled_and_the_next_one_is_right() {
    let fake = patient().await;
    let mut session = opened(&fake).await;
    let long = script("echo begun; sleep 30");
    tokio::select! {
        _ = session.answer(&long) => panic!("it cannot be over"),
        () = tokio::time::sleep(Duration::from_millis(300)) => {}
    }
    let cancelled = session.cancel().await.unwrap();
    assert_eq!(cancelled.ended, Ended::Cancelled);
    assert_eq!(
        session.cancel().await,
        None,
        "nothing is under way any more"
    );
    let answer = session.answer(&script("echo next")).await.unwrap();
    assert_eq!(answer.stdout.text(), "next\n");
    assert!(session.close().await.attach.proven);
}

#[tokio::test]
async fn promise_3_a_session_that_is_dropped_still_ends_its_container() {
    let fake = patient().await;
    let cluster = fake.cluster().await;
    let session = cluster.open(&web(), &attach("tools:1")).await.ok().unwrap();
    drop(session);
    fake.until_ended("web").await;
}

#[tokio::test]
async fn without_the_right_to_watch_the_end_is_read_all_the_same() {
    let fake = patient().await;
    for call in ["LIST pods", "LIST events", "WATCH pods", "WATCH events"] {
        fake.script(call, [Fault::Always(403, "cannot list resource")]);
    }
    let mut session = opened(&fake).await;
    session.answer(&script("true")).await.unwrap();
    let closed = session.close().await;
    assert!(closed.attach.proven);
    assert!(
        closed
            .remarks
            .iter()
            .any(|remark| remark.contains("no right to watch events")),
        "{:?}",
        closed.remarks
    );
}

#[tokio::test]
async fn what_no_shell_can_be_asked_is_answered_and_not_sent() {
    let fake = patient().await;
    let mut session = opened(&fake).await;
    let answer = session
        .answer(&Ask::new(Question::Argv(vec![
            "echo".into(),
            "a\0b".into(),
        ])))
        .await
        .unwrap();
    assert_eq!(answer.ended, Ended::Exited(126));
    assert!(!answer.stderr.bytes.is_empty());
    assert!(session.close().await.attach.proven);
}

#[tokio::test]
async fn megabytes_come_whole_and_fast() {
    let fake = patient().await;
    let mut session = opened(&fake).await;
    let mut ask = script("head -c 5000000 /dev/zero | tr '\\0' 'x'");
    ask.stdout_cap = housecall::ask::MAX_CAP;
    let answer = session.answer(&ask).await.unwrap();
    assert_eq!(
        (answer.stdout.bytes.len(), answer.stdout.truncated),
        (5_000_000, false)
    );
    assert!(answer.stdout.bytes.iter().all(|byte| *byte == b'x'));
    assert!(session.close().await.attach.proven);
}

#[tokio::test]
async fn twenty_sessions_share_one_watch_of_each_kind() {
    let fake = Fake::start().await;
    for number in 0..20 {
        fake.pod(&format!("web-{number:02}"), &format!("uid-{number}"));
    }
    let cluster = fake.cluster_with(Limits::default()).await;
    let selector = Selector::Pods {
        labels: "app=web".into(),
        fields: None,
    };
    let found = cluster
        .find(&selector, &Scope::Namespace(NAMESPACE.into()))
        .await
        .unwrap();
    assert_eq!(found.targets.len(), 20);
    let attach = attach("tools:1");
    let runs = found.targets.iter().map(|target| async {
        let mut session = cluster.open(target, &attach).await.ok().unwrap();
        let answer = session.answer(&script("echo here")).await.unwrap();
        (
            answer.stdout.text().into_owned(),
            session.close().await.attach.proven,
        )
    });
    for outcome in futures_util::future::join_all(runs).await {
        assert_eq!(outcome, ("here\n".into(), true));
    }
    assert_eq!(
        (fake.calls("WATCH pods"), fake.calls("WATCH events")),
        (1, 1)
    );
}

#[tokio::test]
async fn missing_rights_are_found_by_asking_the_server() {
    let fake = patient().await;
    fake.script("MAY patch pods/ephemeralcontainers", [Fault::Refuse(0, "")]);
    let need = |resource: &str, verb: &str| Need {
        group: String::new(),
        resource: resource.into(),
        verb: verb.into(),
        optional: false,
        why: "test".into(),
    };
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
