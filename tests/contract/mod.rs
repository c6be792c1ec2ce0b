//! What holds of every answerer of asks, whichever it is: run on this machine, on a live pod and on a
//! recording alike.

use std::time::Duration;

use housecall::ask::{Answer, Ask, Awaited, DEFAULT_CAP, Ended, Exchange, Question};
use housecall::cluster::{Attach, Cluster, Session};
use housecall::target::Target;
use tokio_util::sync::CancellationToken;

/// Holds the contract against one target; panics where it is broken.
pub(crate) async fn holds(cluster: &dyn Cluster, target: &Target, attach: &Attach) {
    let opened = cluster
        .open(target, attach, None, &CancellationToken::new())
        .await;
    let mut session = opened.unwrap_or_else(|refusal| panic!("{refusal}"));
    answers(session.as_mut()).await;
    let closed = session.close().await;
    let attach = closed.attach.unwrap();
    assert!(attach.proven, "{attach:?}");
    assert_eq!(attach.terminated.map(|end| end.exit_code), Some(0));
    assert!(attach.requested_at <= attach.first_answer_at);
    assert_eq!(closed.remarks, [""; 0]);
}

/// Holds the contract of the answers alone.
pub(crate) async fn answers(session: &mut dyn Session) {
    assert!(session.patient().root.is_some(), "{:?}", session.patient());
    commands(session).await;
    bounds(session).await;
    files(session).await;
    dialogues(session).await;
    a_dropped_answer(session).await;
    a_dropped_dialogue(session).await;
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

async fn dialogues(session: &mut dyn Session) {
    // What is typed is echoed, the answer begins a line, and the program is still there at the end.
    let answer = asked(
        session,
        talk(
            &["cat"],
            vec![
                exchange(None, Some("one two\n")),
                exchange(Some(Awaited::Text("two\none".into())), None),
                exchange(Some(Awaited::Regex(r" (?<last>\w+)\n".into())), None),
            ],
        ),
        |_| {},
    )
    .await;
    let progress = answer.progress.unwrap();
    assert_eq!(answer.ended, Ended::Released, "{:?}", answer.stderr.text());
    assert_eq!(answer.stdout.text(), "one two\none two\n");
    assert_eq!((progress.held, progress.since.as_str()), (3, ""));
    assert_eq!(progress.groups["last"], "two");

    // One that was told to end is waited for.
    let ask = "printf 'name? '; read -r name; printf '\\033[1mbye\\033[0m %s %s\\n' \"$name\" \"$TERM\"; exit 7";
    let name = exchange(Some(Awaited::Text("name? ".into())), Some("it's $(id)\n"));
    let answer = asked(session, talk(&["sh", "-c", ask], vec![name]), |_| {}).await;
    assert_eq!(answer.ended, Ended::Exited(7));
    let whole = "name? it's $(id)\nbye it's $(id) dumb\n";
    assert_eq!(answer.stdout.text(), whole);
    assert_eq!(answer.remarks, [""; 0]);

    // What is awaited in vain: to its timeout, to the program's end, and to the cap.
    let never = |timeout| Exchange {
        timeout,
        ..exchange(Some(Awaited::Text("never".into())), None)
    };
    let second = Some(Duration::from_secs(1));
    let mute = "trap '' HUP INT; echo up; sh -c 'sleep 300; true'; true";
    let up = exchange(Some(Awaited::Text("up\n".into())), None);
    let open = vec![up, never(second)];
    let answer = asked(session, talk(&["sh", "-c", mute], open), |_| {}).await;
    assert_eq!(answer.ended, Ended::TimedOut);
    assert_eq!(answer.progress.map(|progress| progress.held), Some(1));
    assert_eq!(answer.remarks, [""; 0], "it is gone with its children");
    let answer = asked(
        session,
        talk(&["sh", "-c", "echo sorry; exit 3"], vec![never(None)]),
        |_| {},
    )
    .await;
    assert_eq!(answer.ended, Ended::Exited(3));
    assert_eq!(answer.progress.unwrap().since, "sorry\n");
    let answer = asked(session, talk(&["yes"], vec![never(None)]), |ask| {
        ask.stdout_cap = 1001;
    })
    .await;
    assert_eq!(answer.ended, Ended::Released);
    assert_eq!(answer.stdout.bytes.len(), 1001);
    assert!(answer.stdout.truncated);
    let answer = asked(session, talk(&["no-such-tool"], vec![never(None)]), |_| {}).await;
    assert_eq!(answer.ended, Ended::Exited(127));
    assert_eq!(argv(session, &["echo", "on"]).await.stdout.text(), "on\n");
}

async fn a_dropped_dialogue(session: &mut dyn Session) {
    let words = ["sh", "-c", "trap '' HUP INT; echo begun; sleep 300; true"];
    let open = vec![exchange(Some(Awaited::Text("never".into())), None)];
    let slow = Ask::new(talk(&words, open));
    let dropped = tokio::time::timeout(Duration::from_secs(2), session.answer(&slow)).await;
    let cancelled = match dropped {
        Err(_) => session.cancel().await.unwrap(),
        // A recording knows at once how it ended then.
        Ok(answered) => answered.unwrap_or_else(|lost| panic!("{}", lost.why)),
    };
    assert_eq!(cancelled.ended, Ended::Cancelled);
    assert_eq!(cancelled.stdout.text(), "begun\n");
    assert_eq!(cancelled.remarks, [""; 0]);
}

fn talk(words: &[&str], dialogue: Vec<Exchange>) -> Question {
    Question::Talk {
        argv: words.iter().map(|word| (*word).to_owned()).collect(),
        dialogue,
    }
}

fn exchange(expect: Option<Awaited>, send: Option<&str>) -> Exchange {
    Exchange {
        expect,
        send: send.map(str::to_owned),
        timeout: None,
    }
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
