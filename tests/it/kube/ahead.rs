//! A session whose asks went with its container, and what only a scripted server shows of it: a log that is not all there.

use super::{attach, patient, script, web};
use crate::fake::{Fake, Fault};
use housecall::ask::{Answer, Ended};
use housecall::cluster::{Attach, Closed, Cluster, Transport};
use tokio_util::sync::CancellationToken;

/// Asks once, and closes.
async fn asked(fake: &Fake) -> (Answer, Closed) {
    let ask = script("echo out; echo err >&2; exit 3");
    let attach = Attach {
        transport: Transport::Oneshot,
        ..attach("tools:1")
    };
    let cluster = fake.cluster().await;
    let opened = cluster
        .open(
            &web(),
            &attach,
            Some(std::slice::from_ref(&ask)),
            &CancellationToken::new(),
        )
        .await;
    let mut session = opened.unwrap_or_else(|refusal| panic!("{refusal}"));
    let answer = session.answer(&ask).await.unwrap();
    (answer, session.close().await)
}

#[tokio::test]
async fn a_log_is_read_once_where_its_end_is_there() {
    let fake = patient().await;
    let (answer, closed) = asked(&fake).await;
    assert_eq!(answer.ended, Ended::Exited(3));
    assert_eq!(
        (&*answer.stdout.text(), &*answer.stderr.text()),
        ("out\n", "err\n")
    );
    assert!(closed.attach.unwrap().proven);
    assert_eq!((fake.calls("GET log"), fake.calls("EXEC")), (1, 0));
}

#[tokio::test]
async fn promise_4_a_log_whose_end_is_still_on_its_way_is_read_again() {
    let fake = patient().await;
    fake.script("GET log", [Fault::Ignored, Fault::Ignored]);
    let (answer, closed) = asked(&fake).await;
    assert_eq!(answer.ended, Ended::Exited(3));
    assert!(!answer.stdout.truncated && !answer.stderr.truncated);
    assert_eq!(closed.remarks, Vec::<String>::new());
    assert_eq!(fake.calls("GET log"), 3);
}

#[tokio::test]
async fn promise_4_a_log_whose_end_never_comes_is_told_as_cut() {
    let fake = patient().await;
    fake.script("GET log", [Fault::Ignored, Fault::Ignored, Fault::Ignored]);
    let (_, closed) = asked(&fake).await;
    let told = closed.remarks.join("\n");
    assert!(
        told.contains("a part of the debug container's log is lost"),
        "{told}"
    );
    assert_eq!(fake.calls("GET log"), 3);
}
