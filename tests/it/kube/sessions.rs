//! Asking, losing, cancelling, closing.

use super::{attach, opened, patient, script, web};
use crate::fake::{Fake, Fault, NAMESPACE};
use housecall::ask::{Ask, Ended, Question};
use housecall::cluster::kube::Limits;
use housecall::cluster::shell::leave;
use housecall::cluster::{Cluster, Scope};
use housecall::target::Selector;
use tokio_util::sync::CancellationToken;

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
    let attach = closed.attach.unwrap();
    assert!(attach.proven);
    assert!(attach.first_answer_at > attach.requested_at);
    assert_eq!(attach.image_id.as_deref(), Some("sha256:tools"));
    assert_eq!(attach.terminated.unwrap().exit_code, 0);
    assert_eq!(fake.calls("PATCH ephemeralcontainers"), 1);
}

#[tokio::test]
async fn promise_4_a_stream_cut_in_mid_step_keeps_what_came_and_the_end_is_read_back() {
    let fake = patient().await;
    fake.script("EXEC", [Fault::CutOn("last words")]);
    let mut session = opened(&fake).await;
    fake.script("EXEC", [Fault::Always(500, "the node is not to be had")]);
    let lost = session
        .answer(&script("yes last words | head -c 100000; sleep 30"))
        .await
        .unwrap_err();
    let partial = lost.partial.unwrap();
    assert!(partial.stdout.bytes.starts_with(b"last words\n"));
    assert!(partial.stdout.truncated);
    assert_eq!(partial.ended, Ended::Lost(lost.why));
    let again = session.answer(&script("true")).await.unwrap_err();
    assert_eq!(again.partial, None);
    let closed = session.close().await;
    let attach = closed.attach.unwrap();
    assert!(attach.proven, "the keeper left when nobody came again");
    assert_eq!(attach.terminated.unwrap().exit_code, leave::NO_SHELL);
}

#[tokio::test]
async fn promise_4_a_stream_cut_in_mid_step_is_taken_up_again_and_the_step_is_not_asked_twice() {
    let fake = patient().await;
    fake.script("EXEC", [Fault::CutOn("last words")]);
    let mut session = opened(&fake).await;
    let asked = tempfile::NamedTempFile::new().unwrap();
    let text = format!(
        "echo asked >>{}; yes last words | head -c 100000; sleep 30",
        asked.path().display()
    );
    let cut = session.answer(&script(&text)).await.unwrap();
    assert!(matches!(cut.ended, Ended::Lost(_)), "{:?}", cut.ended);
    assert!(cut.stdout.bytes.starts_with(b"last words\n") && cut.stdout.truncated);
    assert_eq!(
        cut.remarks,
        ["the connection was lost during this step and taken up again"]
    );
    let next = session.answer(&script("echo next")).await.unwrap();
    assert_eq!((next.ended, next.remarks), (Ended::Exited(0), Vec::new()));
    assert_eq!(next.stdout.bytes, b"next\n");
    assert_eq!(std::fs::read_to_string(asked.path()).unwrap(), "asked\n");
    let attach = session.close().await.attach.unwrap();
    assert_eq!(
        (attach.proven, attach.terminated.unwrap().exit_code),
        (true, 0)
    );
    assert_eq!(fake.calls("PATCH ephemeralcontainers"), 1);
}

#[tokio::test]
async fn promise_3_a_shell_that_is_let_in_before_its_keeper_has_said_who_it_is_waits_for_that() {
    let fake = patient().await;
    let cluster = fake.cluster().await;
    let (attach, stop) = (attach("tardy:1"), CancellationToken::new());
    let mut session = match cluster.open(&web(), &attach, None, &stop).await {
        Ok(session) => session,
        Err(refusal) => panic!("{refusal}"),
    };
    let answer = session.answer(&script("echo in")).await.unwrap();
    assert_eq!(answer.stdout.bytes, b"in\n");
    let closed = session.close().await;
    assert_eq!(closed.remarks, Vec::<String>::new());
    // 0 where its shell ended it; it would have waited for another one, and left with a code of its own.
    assert_eq!(closed.attach.unwrap().terminated.unwrap().exit_code, 0);
}

#[tokio::test]
async fn promise_4_what_a_step_had_told_is_kept_when_the_way_back_in_is_not_waited_for() {
    let fake = patient().await;
    fake.script("EXEC", [Fault::CutOn("last words")]);
    let mut session = opened(&fake).await;
    fake.script("EXEC", [Fault::Always(500, "the node is not to be had")]);
    let entered = fake.calls("EXEC");
    let ask = script("yes last words | head -c 100000; sleep 30");
    let sought = async {
        while fake.calls("EXEC") == entered {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        answered = session.answer(&ask) => panic!("{answered:?}"),
        () = sought => {}
    }
    let kept = session.cancel().await.unwrap();
    assert!(kept.stdout.bytes.starts_with(b"last words\n") && kept.stdout.truncated);
    assert!(matches!(kept.ended, Ended::Lost(_)), "{:?}", kept.ended);
    assert_eq!(session.cancel().await, None, "it is told once");
    let attach = session.close().await.attach.unwrap();
    assert!(attach.proven, "the keeper left when nobody came again");
}

#[tokio::test]
async fn a_stream_cut_between_steps_costs_no_step() {
    let fake = patient().await;
    let mut session = opened(&fake).await;
    session.answer(&script("true")).await.unwrap();
    for _ in 0..2 {
        fake.cut().await;
        let next = session.answer(&script("echo next")).await.unwrap();
        assert_eq!(next.ended, Ended::Exited(0));
        assert_eq!(next.stdout.bytes, b"next\n");
        assert_eq!(
            next.remarks,
            ["the connection was lost before this step and taken up again"]
        );
    }
    let attach = session.close().await.attach.unwrap();
    assert_eq!(
        (attach.proven, attach.terminated.unwrap().exit_code),
        (true, 0)
    );
}

#[tokio::test]
async fn promise_5_a_shell_that_has_not_heard_of_the_loss_ends_its_step_before_the_next_one_begins()
{
    let fake = patient().await;
    fake.script("EXEC", [Fault::LostOn("going")]);
    let mut session = opened(&fake).await;
    let cut = session
        .answer(&script("echo $$; yes going | head -c 100000; sleep 30"))
        .await
        .unwrap();
    assert!(matches!(cut.ended, Ended::Lost(_)), "{:?}", cut.ended);
    let pid = cut.stdout.text().lines().next().unwrap().to_owned();
    assert!(!std::path::Path::new("/proc").join(&pid).exists(), "{pid}");
    let next = session.answer(&script("echo next")).await.unwrap();
    assert_eq!(next.stdout.bytes, b"next\n");
    let attach = session.close().await.attach.unwrap();
    assert_eq!(
        (attach.proven, attach.terminated.unwrap().exit_code),
        (true, 0)
    );
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
    let attach = closed.attach.unwrap();
    assert!(attach.proven && attach.terminated.is_none());
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
        biased;
        _ = session.answer(&long) => panic!("it cannot be over"),
        // The answer has been polled by now, so the step is asked.
        () = std::future::ready(()) => {}
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
    assert!(session.close().await.attach.unwrap().proven);
}

#[tokio::test]
async fn promise_3_a_session_that_is_dropped_still_ends_its_container() {
    let fake = patient().await;
    let cluster = fake.cluster().await;
    let session = cluster
        .open(&web(), &attach("tools:1"), None, &CancellationToken::new())
        .await
        .ok()
        .unwrap();
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
    assert!(closed.attach.unwrap().proven);
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
    assert!(session.close().await.attach.unwrap().proven);
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
    assert!(session.close().await.attach.unwrap().proven);
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
        let mut session = cluster
            .open(target, &attach, None, &CancellationToken::new())
            .await
            .ok()
            .unwrap();
        let answer = session.answer(&script("echo here")).await.unwrap();
        (
            answer.stdout.text().into_owned(),
            session.close().await.attach.unwrap().proven,
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
async fn a_session_takes_three_requests_of_its_own_beside_the_watches_of_its_namespace() {
    let fake = patient().await;
    let mut session = opened(&fake).await;
    for _ in 0..5 {
        session.answer(&script("true")).await.unwrap();
    }
    assert!(session.close().await.attach.unwrap().proven);
    let mut made = fake.made();
    made.sort();
    let shared = ["LIST events", "LIST pods", "WATCH events", "WATCH pods"];
    // What rights there are is asked once for each namespace, and an exec that came too early once more.
    made.retain(|call| !call.starts_with("MAY ") && !shared.contains(&call.as_str()));
    made.dedup();
    assert_eq!(made, ["EXEC", "GET pod", "PATCH ephemeralcontainers"]);
}
