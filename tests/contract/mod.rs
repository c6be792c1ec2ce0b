//! What holds of every answerer of asks, whichever it is: run on this machine, on a live pod and on a
//! recording alike.

use std::time::Duration;

use housecall::ask::{Answer, Ask, Awaited, DEFAULT_CAP, Ended, Exchange, Question};
use housecall::cluster::{Attach, Cluster, Session};
use housecall::target::Target;
use tokio_util::sync::CancellationToken;

/// An ask, and what holds of its answer.
type Case = (Ask, fn(&Answer));

/// Holds the contract against one target; panics where it is broken.
pub(crate) async fn holds(cluster: &dyn Cluster, target: &Target, attach: &Attach) {
    let mut session = opened(cluster, target, attach, None).await;
    answers(session.as_mut()).await;
    ends(session).await;
}

/// The same where all asks are sent ahead: no dialogue, and nothing that a client breaks off.
pub(crate) async fn holds_ahead(cluster: &dyn Cluster, target: &Target, attach: &Attach) {
    let asks: Vec<_> = cases().into_iter().map(|(ask, _)| ask).collect();
    let mut session = opened(cluster, target, attach, Some(&asks)).await;
    known_ahead(session.as_mut()).await;
    ends(session).await;
}

async fn opened(
    cluster: &dyn Cluster,
    target: &Target,
    attach: &Attach,
    ahead: Option<&[Ask]>,
) -> Box<dyn Session> {
    let stop = CancellationToken::new();
    let opened = cluster.open(target, attach, ahead, &stop).await;
    opened.unwrap_or_else(|refusal| panic!("{refusal}"))
}

async fn ends(session: Box<dyn Session>) {
    let closed = session.close().await;
    let attach = closed.attach.unwrap();
    assert!(attach.proven, "{attach:?}");
    assert_eq!(attach.terminated.map(|end| end.exit_code), Some(0));
    assert!(attach.requested_at <= attach.first_answer_at);
    assert_eq!(closed.remarks, [""; 0]);
}

/// Holds the contract of the answers alone.
pub(crate) async fn answers(session: &mut dyn Session) {
    known_ahead(session).await;
    dialogues(session).await;
    a_dropped_answer(session).await;
    a_dropped_dialogue(session).await;
}

async fn known_ahead(session: &mut dyn Session) {
    assert!(session.patient().root.is_some(), "{:?}", session.patient());
    for (ask, holds) in cases() {
        let answer = session.answer(&ask).await;
        holds(&answer.unwrap_or_else(|lost| panic!("{}", lost.why)));
    }
}

/// Asks that depend on no answer, each a step of its own.
fn cases() -> Vec<Case> {
    let cases = commands().into_iter().chain(bounds()).chain(files());
    let numbered = cases.enumerate().map(|(number, (ask, holds))| {
        let step = format!("case-{number}");
        (Ask { step, ..ask }, holds)
    });
    numbered.collect()
}

fn commands() -> Vec<Case> {
    let text = "printf 'o\\000\\377'; printf 'e\\r' >&2; printf %s \"$word\"; exit 7";
    let with_word = Question::Script {
        text: text.into(),
        env: vec![("word".to_owned(), "$HOME `id` \n'".to_owned())],
    };
    vec![
        (
            argv(&["printf", "%s|", "a b", "$(id)", "'", "-n", ""]),
            |answer| {
                assert_eq!(answer.stdout.text(), "a b|$(id)|'|-n||");
                assert_eq!(answer.ended, Ended::Exited(0));
            },
        ),
        (Ask::new(with_word), |answer| {
            assert_eq!(answer.stdout.bytes, b"o\0\xff$HOME `id` \n'");
            assert_eq!(answer.stderr.bytes, b"e\r");
            assert_eq!(answer.ended, Ended::Exited(7));
        }),
        (argv(&["no-such-tool-anywhere"]), |answer| {
            assert_eq!(answer.ended, Ended::Exited(127));
        }),
        (argv(&["echo", "a\0b"]), |answer| {
            assert_eq!(answer.ended, Ended::Exited(126), "what no shell is asked");
        }),
        (argv(&["cat"]), |answer| {
            assert_eq!(answer.ended, Ended::Exited(0), "stdin is empty");
        }),
    ]
}

fn bounds() -> Vec<Case> {
    let slow = Ask {
        timeout: Duration::from_secs(1),
        ..Ask::new(script("echo early; sleep 300 | sleep 300"))
    };
    let capped = |text| Ask {
        stdout_cap: 5,
        ..Ask::new(script(text))
    };
    vec![
        (slow, |answer| {
            assert_eq!(
                (&answer.ended, &answer.stdout.bytes[..]),
                (&Ended::TimedOut, &b"early\n"[..])
            );
        }),
        (capped("printf 12345"), |answer| {
            assert_eq!(
                (answer.stdout.text().as_ref(), answer.stdout.truncated),
                ("12345", false)
            );
        }),
        (capped("printf 123456"), |answer| {
            assert_eq!(
                (answer.stdout.text().as_ref(), answer.stdout.truncated),
                ("12345", true)
            );
        }),
        (Ask::new(script("yes")), |answer| {
            assert_eq!(answer.stdout.bytes.len() as u64, DEFAULT_CAP);
            assert!(answer.stdout.truncated);
        }),
    ]
}

fn files() -> Vec<Case> {
    let file = |path: &str, max| {
        Ask::new(Question::File {
            path: path.into(),
            max,
        })
    };
    vec![
        (file("/etc/hostname", 1000), |answer| {
            let status = answer.file.as_ref().unwrap();
            assert_eq!(
                (status.kind.as_str(), &answer.ended),
                ("file", &Ended::Exited(0))
            );
            assert_eq!(answer.stdout.bytes.len() as u64, status.size);
        }),
        (file("/etc/../etc/hostname", 1), |answer| {
            assert_eq!(
                (answer.stdout.bytes.len(), answer.stdout.truncated),
                (1, true)
            );
        }),
        (file("/no/such/file", 1000), |answer| {
            assert_eq!(
                (answer.file.is_none(), &answer.ended),
                (true, &Ended::Exited(1))
            );
        }),
    ]
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
    goes_on(session).await;
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
    goes_on(session).await;
}

fn script(text: &str) -> Question {
    Question::Script {
        text: text.into(),
        env: Vec::new(),
    }
}

fn argv(words: &[&str]) -> Ask {
    let words = words.iter().map(|word| (*word).to_owned()).collect();
    Ask::new(Question::Argv(words))
}

/// That it still answers.
async fn goes_on(session: &mut dyn Session) {
    let answer = session.answer(&argv(&["echo", "on"])).await;
    assert_eq!(answer.unwrap().stdout.text(), "on\n");
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
