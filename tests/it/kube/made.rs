//! A pod that is made for a run, and what only a scripted server shows of it: lost answers, refusals, deletions.

use super::{attach, patient, script, web};
use crate::fake::{Fake, Fault, NAMESPACE, NO_ROOM};
use housecall::ask::Ended;
use housecall::cluster::{Attach, Cause, Closed, Cluster, Copying, Mode, Refusal, Session};
use housecall::target::Target;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// A copy of `web` that is called `twin`.
fn twin(image: &str) -> (Target, Attach) {
    let copying = Copying {
        name: Some("twin".into()),
        ..Copying::default()
    };
    let attach = Attach {
        mode: Mode::Copy,
        copying,
        ..attach(image)
    };
    (web(), attach)
}

/// A pod on the node.
fn on_node(image: &str) -> (Target, Attach) {
    let attach = Attach {
        mode: Mode::Node,
        ..attach(image)
    };
    (Target::node(NAMESPACE, "node-a"), attach)
}

async fn tried(
    fake: &Fake,
    (target, attach): (Target, Attach),
) -> Result<Box<dyn Session>, Refusal> {
    let cluster = fake.cluster().await;
    cluster
        .open(&target, &attach, None, &CancellationToken::new())
        .await
}

async fn made(fake: &Fake, wanted: (Target, Attach)) -> Box<dyn Session> {
    let opened = tried(fake, wanted).await;
    opened.unwrap_or_else(|refusal| panic!("{refusal}"))
}

async fn unmade(fake: &Fake, wanted: (Target, Attach)) -> Refusal {
    match tried(fake, wanted).await {
        Ok(_) => panic!("it was opened"),
        Err(refusal) => refusal,
    }
}

/// That it answers, and is gone once it is closed.
async fn holds(fake: &Fake, mut session: Box<dyn Session>) {
    let answer = session.answer(&script("echo there")).await.unwrap();
    assert_eq!(
        (answer.ended, answer.stdout.text().as_ref()),
        (Ended::Exited(0), "there\n")
    );
    let closed = session.close().await;
    assert!(told(&closed, "was deleted and read back as gone"));
    assert!(closed.attach.unwrap().proven);
    assert_eq!(fake.pods(), ["web"]);
}

fn told(closed: &Closed, words: &str) -> bool {
    closed.remarks.iter().any(|remark| remark.contains(words))
}

#[tokio::test]
async fn promise_6_a_pod_whose_making_was_answered_as_failed_is_found_and_not_made_again() {
    for code in [500, 504] {
        for wanted in [twin("tools:1"), on_node("tools:1")] {
            let fake = patient().await;
            let words = "the server was not able to return a response";
            fake.script("POST pod", [Fault::Landed(code, words)]);
            let session = made(&fake, wanted).await;
            assert_eq!((fake.pods().len(), fake.calls("POST pod")), (2, 1));
            holds(&fake, session).await;
        }
    }
}

#[tokio::test]
async fn promise_6_a_resend_that_finds_the_pod_of_the_first_one_takes_it() {
    let fake = patient().await;
    let words = "the server was not able to return a response";
    fake.script("POST pod", [Fault::Landed(504, words)]);
    // The one that is copied is read; whether the copy was made cannot be.
    fake.script("GET pod", [Fault::None, Fault::Refuse(403, "not now")]);
    let session = made(&fake, twin("tools:1")).await;
    assert_eq!((fake.pods().len(), fake.calls("POST pod")), (2, 2));
    holds(&fake, session).await;
}

#[tokio::test]
async fn a_pod_that_may_not_be_made_is_told_in_the_servers_words_and_nothing_is_deleted() {
    let words = "pods is forbidden: User \"ci\" cannot create resource \"pods\" in API group \"\" in the namespace \"shop\"";
    for wanted in [twin("tools:1"), on_node("tools:1")] {
        let fake = patient().await;
        fake.script("POST pod", [Fault::Refuse(403, words)]);
        let refusal = unmade(&fake, wanted).await;
        assert_eq!(
            (refusal.cause, refusal.headline.as_str()),
            (Cause::Forbidden, words)
        );
        let missing = format!("missing: create pods in namespace {NAMESPACE}");
        assert!(refusal.help.contains(&missing), "{refusal}");
        assert!(refusal.help.contains("plan --rbac yaml"), "{refusal}");
        assert_eq!(refusal.attach, None);
        assert_eq!(fake.pods(), ["web"]);
        assert_eq!((fake.calls("DELETE pod"), fake.calls("EXEC")), (0, 0));
    }
}

#[tokio::test]
async fn promise_3_what_could_not_be_seen_or_deleted_is_not_made() {
    for (verb, wanted) in [
        ("delete", twin("tools:1")),
        ("delete", on_node("tools:1")),
        ("get", on_node("tools:1")),
    ] {
        let fake = patient().await;
        fake.script(&format!("MAY {verb} pods"), [Fault::Refuse(0, "")]);
        let refusal = unmade(&fake, wanted).await;
        assert_eq!(refusal.cause, Cause::Forbidden);
        let words = format!("we cannot {verb} resource \"pods\"");
        assert!(refusal.headline.contains(&words), "{refusal}");
        assert_eq!((refusal.attach, fake.calls("POST pod")), (None, 0));
    }
}

#[tokio::test]
async fn a_server_that_keeps_failing_to_make_it_is_given_up_with_its_words_and_whether_one_is_left()
{
    let words = "etcdserver: request timed out";
    let fake = patient().await;
    fake.script("POST pod", [Fault::Always(500, words)]);
    let refusal = unmade(&fake, twin("tools:1")).await;
    assert_eq!(refusal.cause, Cause::Api);
    assert!(refusal.headline.contains(words), "{refusal}");
    assert_eq!(refusal.attach, None, "it was read as not there");
    assert_eq!(fake.calls("POST pod"), 3);

    let fake = patient().await;
    fake.script("POST pod", [Fault::Always(500, words)]);
    fake.script("GET pod", [Fault::None, Fault::Always(403, "not now")]);
    let refusal = unmade(&fake, twin("tools:1")).await;
    assert!(!refusal.attach.unwrap().proven, "nobody can tell");
}

#[tokio::test]
async fn a_quota_that_is_used_up_is_told_in_the_servers_words() {
    let fake = patient().await;
    let words = "pods \"twin\" is forbidden: exceeded quota: few, requested: pods=1, used: pods=5, limited: pods=5";
    fake.script("POST pod", [Fault::Refuse(403, words)]);
    let refusal = unmade(&fake, twin("tools:1")).await;
    assert!(refusal.headline.contains("exceeded quota"), "{refusal}");
    assert_eq!((refusal.attach, fake.pods().len()), (None, 1));
}

#[tokio::test]
async fn a_copy_that_no_node_takes_is_told_at_the_schedulers_first_word_and_deleted() {
    for blind in [false, true] {
        let fake = patient().await;
        if blind {
            for call in ["LIST pods", "LIST events", "WATCH pods", "WATCH events"] {
                fake.script(call, [Fault::Always(403, "cannot list resource")]);
            }
        }
        let begun = tokio::time::Instant::now();
        let refusal = unmade(&fake, twin("far:1")).await;
        assert_eq!(refusal.cause, Cause::Start);
        assert!(refusal.headline.contains(NO_ROOM), "{refusal}");
        assert!(refusal.help.contains("--same-node"), "{refusal}");
        assert!(refusal.attach.unwrap().proven);
        assert_eq!(fake.pods(), ["web"]);
        assert!(
            begun.elapsed() < Duration::from_secs(6),
            "not at the timeout of 20 s"
        );
    }
}

#[tokio::test]
async fn a_made_pod_whose_image_cannot_be_pulled_is_told_at_the_kubelets_first_word_and_deleted() {
    for wanted in [twin("missing:1"), on_node("missing:1")] {
        let fake = patient().await;
        let refusal = unmade(&fake, wanted).await;
        assert_eq!(refusal.cause, Cause::Image);
        assert!(
            refusal.headline.contains("rpc error: code = NotFound"),
            "{refusal}"
        );
        assert!(refusal.attach.unwrap().proven);
        assert_eq!(fake.pods(), ["web"]);
    }
}

#[tokio::test]
async fn a_made_pod_that_somebody_deletes_in_mid_run_is_told_and_counts_as_proven() {
    for wanted in [twin("tools:1"), on_node("tools:1")] {
        let fake = patient().await;
        fake.script("EXEC", [Fault::CutOn("going")]);
        let mut session = made(&fake, wanted).await;
        let pod = session.attached().unwrap().pod.unwrap();
        let ask = script("yes going | head -c 100000; sleep 30");
        let (lost, ()) = tokio::join!(session.answer(&ask), async { fake.delete(&pod) });
        let lost = lost.unwrap_err();
        assert_eq!(lost.why, format!("pod {NAMESPACE}/{pod} was deleted"));
        let partial = lost.partial.unwrap();
        assert!(partial.stdout.bytes.starts_with(b"going\n"));
        let closed = session.close().await;
        assert!(closed.attach.unwrap().proven);
        assert_eq!(fake.pods(), ["web"]);
    }
}

#[tokio::test]
async fn promise_3_a_pod_that_may_not_be_deleted_is_told_as_left_and_not_proven_gone() {
    let words = "pods \"twin\" is forbidden: User \"ci\" cannot delete resource \"pods\" in API group \"\" in the namespace \"shop\"";
    let fake = patient().await;
    fake.script("DELETE pod", [Fault::Always(403, words)]);
    let session = made(&fake, twin("tools:1")).await;
    let closed = session.close().await;
    let left = format!("pod {NAMESPACE}/twin, which was made for this run, could not be deleted");
    assert!(told(&closed, &left), "{:?}", closed.remarks);
    assert!(told(&closed, words), "{:?}", closed.remarks);
    assert!(
        told(&closed, "missing: delete pods in namespace shop"),
        "{:?}",
        closed.remarks
    );
    assert!(
        told(&closed, "ends by itself at its deadline"),
        "{:?}",
        closed.remarks
    );
    assert!(!closed.attach.unwrap().proven);
    assert_eq!(fake.pods(), ["twin", "web"]);
}

#[tokio::test]
async fn promise_3_a_pod_that_did_not_come_up_and_may_not_be_deleted_is_told_as_left() {
    let fake = patient().await;
    let words = "pods \"twin\" is forbidden: User \"ci\" cannot delete resource \"pods\"";
    fake.script("DELETE pod", [Fault::Always(403, words)]);
    let refusal = unmade(&fake, twin("missing:1")).await;
    assert_eq!(refusal.cause, Cause::Image);
    assert!(refusal.help.contains("could not be deleted"), "{refusal}");
    assert!(
        refusal.help.contains("was not read back as gone"),
        "{refusal}"
    );
    assert!(!refusal.attach.unwrap().proven);
    assert_eq!(fake.pods(), ["twin", "web"]);
}

#[tokio::test]
async fn promise_3_a_pod_that_stays_terminating_is_waited_for_and_then_not_called_gone() {
    let fake = patient().await;
    fake.script("DELETE pod", [Fault::Ignored]);
    let session = made(&fake, twin("tools:1")).await;
    let close = session.close();
    let patience = async {
        while fake.calls("DELETE pod") == 0 {
            tokio::task::yield_now().await;
        }
        // From here on nothing but time is waited for.
        tokio::time::pause();
    };
    let (closed, ()) = tokio::join!(close, patience);
    assert!(
        told(&closed, "twin was not read back as gone"),
        "{:?}",
        closed.remarks
    );
    assert!(
        told(&closed, "kubectl delete pod twin -n shop"),
        "{:?}",
        closed.remarks
    );
    assert!(!closed.attach.unwrap().proven);
    assert_eq!((fake.calls("DELETE pod"), fake.pods().len()), (1, 2));
}

#[tokio::test]
async fn a_busy_server_is_asked_again_to_delete() {
    let fake = patient().await;
    let busy = Fault::Refuse(429, "too many requests");
    fake.script("DELETE pod", [busy.clone(), busy]);
    let session = made(&fake, twin("tools:1")).await;
    holds(&fake, session).await;
    assert_eq!(fake.calls("DELETE pod"), 3);
}
