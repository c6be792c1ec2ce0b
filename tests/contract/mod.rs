//! What holds of every answerer of asks, whichever it is: run on this machine, on a live pod and on a
//! recording alike.

use std::time::Duration;

use housecall::ask::{Answer, Ask, DEFAULT_CAP, Ended, Question};
use housecall::cluster::{Attach, Cluster, Session};
use housecall::target::Target;
use tokio_util::sync::CancellationToken;

/// Holds the contract against one target; panics where it is broken.
pub(crate) async fn holds(cluster: &dyn Cluster, target: &Target, attach: &Attach) {
    let opened = cluster
        .open(target, attach, &CancellationToken::new())
        .await;
    let mut session = opened.unwrap_or_else(|refusal| panic!("{refusal}"));
    assert!(session.patient().root.is_some(), "{:?}", session.patient());
    commands(session.as_mut()).await;
    bounds(session.as_mut()).await;
    files(session.as_mut()).await;
    a_dropped_answer(session.as_mut()).await;
    let closed = session.close().await;
    let attach = closed.attach.unwrap();
    assert!(attach.proven, "{attach:?}");
    assert_eq!(attach.terminated.map(|end| end.exit_code), Some(0));
    assert!(attach.requested_at <= attach.first_answer_at);
    assert_eq!(closed.remarks, [""; 0]);
}

async fn commands(session: &mut dyn Session) {
    let answer = argv(session, &["printf", "%s|", "a b", "$(id)", "'", "-n", ""]).await;
    assert_eq!(answer.stdout.text(), "a b|$(id)|'|-n||");
    assert_eq!(answer.ended, Ended::Exited(0));

    let text = "printf 'o\\000\\377'; printf 'e\\r' >&2; printf %s \"$word\"; exit 7";
    let env = vec![("word".to_owned(), "$HOME `id` \n'".to_owned())];
    let answer = asked(
        session,
        Question::Script {
            text: text.into(),
            env,
        },
        |_| {},
    )
    .await;
    assert_eq!(answer.stdout.bytes, b"o\0\xff$HOME `id` \n'");
    assert_eq!(answer.stderr.bytes, b"e\r");
    assert_eq!(answer.ended, Ended::Exited(7));

    let answer = argv(session, &["no-such-tool-anywhere"]).await;
    assert_eq!(answer.ended, Ended::Exited(127));
    let answer = argv(session, &["echo", "a\0b"]).await;
    assert_eq!(
        answer.ended,
        Ended::Exited(126),
        "what no shell can be asked"
    );
    assert_eq!(
        argv(session, &["cat"]).await.ended,
        Ended::Exited(0),
        "stdin is empty"
    );
}

async fn bounds(session: &mut dyn Session) {
    let answer = asked(
        session,
        script("echo early; sleep 300 | sleep 300"),
        |ask| {
            ask.timeout = Duration::from_secs(1);
        },
    )
    .await;
    assert_eq!(
        (&answer.ended, &answer.stdout.bytes[..]),
        (&Ended::TimedOut, &b"early\n"[..])
    );

    let answer = asked(session, script("printf 12345"), |ask| ask.stdout_cap = 5).await;
    assert_eq!(
        (answer.stdout.text().as_ref(), answer.stdout.truncated),
        ("12345", false)
    );
    let answer = asked(session, script("printf 123456"), |ask| ask.stdout_cap = 5).await;
    assert_eq!(
        (answer.stdout.text().as_ref(), answer.stdout.truncated),
        ("12345", true)
    );
    let answer = asked(session, script("yes"), |_| {}).await;
    assert_eq!(answer.stdout.bytes.len() as u64, DEFAULT_CAP);
    assert!(answer.stdout.truncated);
}

async fn files(session: &mut dyn Session) {
    let answer = file(session, "/etc/hostname", 1000).await;
    let status = answer.file.unwrap();
    assert_eq!(
        (status.kind.as_str(), answer.ended),
        ("file", Ended::Exited(0))
    );
    assert_eq!(answer.stdout.bytes.len() as u64, status.size);

    let answer = file(session, "/etc/../etc/hostname", 1).await;
    assert_eq!(
        (answer.stdout.bytes.len(), answer.stdout.truncated),
        (1, true)
    );
    let answer = file(session, "/no/such/file", 1000).await;
    assert_eq!((answer.file, answer.ended), (None, Ended::Exited(1)));
}

async fn a_dropped_answer(session: &mut dyn Session) {
    let slow = Ask::new(script("echo begun; sleep 300"));
    let dropped = tokio::time::timeout(Duration::from_millis(700), session.answer(&slow)).await;
    let cancelled = match dropped {
        Err(_) => session.cancel().await.unwrap(),
        // A recording knows at once how it ended then.
        Ok(answered) => answered.unwrap_or_else(|lost| panic!("{}", lost.why)),
    };
    assert_eq!(cancelled.ended, Ended::Cancelled);
    assert_eq!(argv(session, &["echo", "on"]).await.stdout.text(), "on\n");
}

fn script(text: &str) -> Question {
    Question::Script {
        text: text.into(),
        env: Vec::new(),
    }
}

async fn argv(session: &mut dyn Session, words: &[&str]) -> Answer {
    let words = words.iter().map(|word| (*word).to_owned()).collect();
    asked(session, Question::Argv(words), |_| {}).await
}

async fn file(session: &mut dyn Session, path: &str, max: u64) -> Answer {
    let question = Question::File {
        path: path.into(),
        max,
    };
    asked(session, question, |_| {}).await
}

async fn asked(
    session: &mut dyn Session,
    question: Question,
    bound: impl FnOnce(&mut Ask),
) -> Answer {
    let mut ask = Ask::new(question);
    bound(&mut ask);
    session
        .answer(&ask)
        .await
        .unwrap_or_else(|lost| panic!("{}", lost.why))
}
