//! Adding the debug container and entering it, whatever goes wrong on the way.

use super::{attach, opened, patient, refused, script, web};
use crate::fake::Fault;
use housecall::clock::{Clock, FixedClock, SystemClock};
use housecall::cluster::{Cause, Cluster};
use jiff::SignedDuration;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

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
        assert!(closed.attach.unwrap().proven);
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
    assert_eq!(
        first.attached().unwrap().container,
        second.attached().unwrap().container
    );
    assert_eq!(fake.debug_containers("web").len(), 1);
    // The container has one shell, and the one that came last.
    for session in [second, first] {
        let closed = session.close().await;
        assert!(closed.attach.unwrap().proven);
    }
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
    assert!(session.close().await.attach.unwrap().proven);
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
    assert!(session.close().await.attach.unwrap().proven);
}

#[tokio::test]
async fn promise_3_an_exec_that_is_denied_still_ends_the_keeper_and_reads_its_end_back() {
    let fake = patient().await;
    let words = "pods \"web\" is forbidden: User \"ci\" cannot create resource \"pods/exec\" in API group \"\" in the namespace \"shop\"";
    fake.script("EXEC", [Fault::Always(403, words)]);
    let cluster = fake.cluster().await;
    let mut attach = attach("tools:1");
    attach.grace = Duration::from_secs(1);
    let refusal = cluster
        .open(&web(), &attach, None, &CancellationToken::new())
        .await
        .err()
        .unwrap();
    assert_eq!(
        (refusal.cause, refusal.headline.as_str()),
        (Cause::Forbidden, words)
    );
    let attach = refusal.attach.unwrap();
    assert!(attach.proven);
    assert_eq!(attach.terminated.unwrap().exit_code, 76, "no shell came");
}

#[tokio::test]
async fn a_clock_of_ours_that_is_wrong_by_ten_minutes_changes_nothing() {
    for minutes in [-10, 10] {
        let fake = patient().await;
        let now = SystemClock.now();
        let wrong = now.checked_add(SignedDuration::from_mins(minutes)).unwrap();
        let cluster = fake.cluster_by(FixedClock(wrong)).await;
        let opened = cluster
            .open(&web(), &attach("tools:1"), None, &CancellationToken::new())
            .await;
        let mut session = opened.unwrap_or_else(|refusal| panic!("{refusal}"));
        let answer = session.answer(&script("echo there")).await.unwrap();
        assert_eq!(answer.stdout.text(), "there\n");
        // The stamp is the server's moment, with room for a node whose clock is as wrong.
        let command = fake.command("web");
        let stamp = command.split("-lt ").nth(1).unwrap();
        let stamp: i64 = stamp.split_whitespace().next().unwrap().parse().unwrap();
        let ahead = stamp - now.as_second();
        assert!((600 + 20..=15 * 60 + 20 + 60).contains(&ahead), "{ahead}");
        assert!(session.close().await.attach.unwrap().proven);
    }
}
