use serde_json::Map;

use super::*;
use crate::step::Kind;
use crate::step::answer::said;

fn text(source: &str) -> Given {
    Given::Text(Template::parse(source).unwrap())
}

fn talk(lines: Vec<Vec<(&'static str, Given)>>) -> Result<Kind, Unfit> {
    let records = lines.into_iter().map(|keys| {
        let mut spec = Spec::default();
        for (key, value) in keys {
            spec.give(key, value);
        }
        spec
    });
    let mut spec = Spec::default();
    let argv = ["login", "{{user}}"].map(|word| Template::parse(word).unwrap());
    spec.give("run", Given::Texts(argv.to_vec()));
    spec.give("dialogue", Given::Records(records.collect()));
    Kind::build(&KIND, spec, &[])
}

fn login() -> Kind {
    let welcome = Pattern::new(r"welcome, (?<who>\w+)( of (?<house>\w+))?\n").unwrap();
    talk(vec![
        vec![("expect", text("word: ")), ("send", text("{{word}}"))],
        vec![("expect", Given::Regex(welcome))],
    ])
    .unwrap()
}

fn answer(ended: Ended, transcript: &str) -> Vec<Answer> {
    let kind = login();
    let mut names = Map::new();
    names.insert("user".into(), "app".into());
    names.insert("word".into(), "open".into());
    let Question::Talk { dialogue, .. } = kind.asks(&Scope::of(&names)).unwrap().remove(0).question
    else {
        panic!("no dialogue");
    };
    let mut answers = said(ended, transcript.as_bytes(), "");
    answers[0].progress = Some(Progress::of(&dialogue, transcript.as_bytes()));
    answers
}

#[test]
fn promise_2_what_is_shown_of_a_dialogue_names_its_secret_and_does_not_tell_it() {
    let mut names = Map::new();
    names.insert("user".into(), "a b".into());
    names.insert("word".into(), "hunter2".into());
    let ask = login().asks(&Scope::of(&names)).unwrap().remove(0);
    assert_eq!(
        ask.argv(),
        [
            "talk",
            "login",
            "a b",
            "expect",
            "word: ",
            "send",
            "{{word}}",
            "expect",
            r"/welcome, (?<who>\w+)( of (?<house>\w+))?\n/"
        ]
    );
    let Question::Talk { dialogue, .. } = ask.question else {
        panic!("no dialogue");
    };
    assert_eq!(dialogue[0].send.as_deref(), Some("hunter2\n"));
}

#[test]
fn a_line_longer_than_a_terminal_takes_is_not_sent() {
    let mut names = Map::new();
    names.insert("user".into(), "app".into());
    names.insert("word".into(), "x".repeat(MAX_LINE + 1).into());
    let error = login().asks(&Scope::of(&names)).unwrap_err().to_string();
    assert!(error.starts_with("exchange 1: `send` has a line of 4001 bytes"));
    names.insert(
        "word".into(),
        format!("{0}\n{0}", "x".repeat(MAX_LINE)).into(),
    );
    assert!(login().asks(&Scope::of(&names)).is_ok());
}

#[test]
fn named_groups_are_facts_and_one_that_took_no_part_is_nothing() {
    let answers = answer(Ended::Released, "word: \nwelcome, Ada\n");
    let read = login().read(&answers, "tools:1");
    assert_eq!(read.blocked, None);
    assert_eq!(read.facts["who"], "Ada");
    assert_eq!(read.facts["house"], Value::Null);
    assert_eq!(read.facts["transcript"], "word: \nwelcome, Ada\n");
    assert_eq!(read.facts.get("exit"), None, "it did not end by itself");
}

#[test]
fn promise_4_an_exchange_that_is_left_open_is_never_a_pass_and_told_by_its_number() {
    for (ended, verdict, happened) in [
        (
            Ended::Exited(0),
            Verdict::Error,
            "the program ended with exit 0",
        ),
        (Ended::TimedOut, Verdict::Timeout, "the time was over"),
        (
            Ended::Released,
            Verdict::Error,
            "the transcript came to its cap; raise `output.max`, or let the program say less",
        ),
    ] {
        let read = login().read(&answer(ended, "word: \nno, \x07you\n"), "tools:1");
        let (found, why) = read.blocked.unwrap();
        assert_eq!(found, verdict);
        assert!(why.starts_with(&format!("exchange 2 of 2: {happened} while /welcome")));
        assert!(why.ends_with("; last said: no, \u{7}you"), "{why}");
    }
    let mute = login().read(&answer(Ended::TimedOut, ""), "tools:1");
    let (_, why) = mute.blocked.unwrap();
    assert!(why.ends_with("while \"word: \" was awaited; nothing was said since"));
}

#[test]
fn a_program_that_is_not_there_is_unavailable_and_one_that_ends_so_later_is_not() {
    let said = "sh: 6: exec: login: not found\n";
    let absent = login().read(&answer(Ended::Exited(127), said), "tools:1");
    assert_eq!(
        absent.blocked,
        Some((
            Verdict::Unavailable,
            "no `login` in image tools:1: sh: 6: exec: login: not found".into()
        ))
    );
    let later = answer(Ended::Exited(127), "word: \nsu: not found\n");
    let (verdict, why) = login().read(&later, "tools:1").blocked.unwrap();
    assert_eq!(verdict, Verdict::Error);
    assert!(why.starts_with("exchange 2 of 2: the program ended with exit 127"));
}
