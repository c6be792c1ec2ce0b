//! The runbook language: what a good runbook comes to, from its text to the checks of its steps.

use std::time::Duration;

use housecall::ask::{Answer, Captured, Ended, FileStatus, Question};
use housecall::catalog::Catalog;
use housecall::check::{implicit_exit, judge};
use housecall::report::{CheckReport, Verdict};
use housecall::runbook::{Level, Paint, Runbook, Step, bind, render};
use housecall::script::{Scope, Template};
use housecall::step::Observation;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const HEAD: &str = "version: 1\nid: sample\ntitle: A sample\n";

fn read(text: &str) -> Runbook {
    match Runbook::parse(text, "sample.yaml") {
        Ok((runbook, _)) => runbook,
        Err(errors) => panic!("{}", render(&errors, Paint::Plain)),
    }
}

fn with(rest: &str) -> Runbook {
    read(&format!("{HEAD}{rest}"))
}

fn shipped() -> Runbook {
    let shipped = Catalog::find("smoke/web").expect("it ships");
    read(shipped.source)
}

fn step<'r>(runbook: &'r Runbook, id: &str) -> &'r Step {
    runbook
        .steps
        .iter()
        .find(|step| step.id == id)
        .expect("the step is there")
}

fn given(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()))
        .collect()
}

fn answer(ended: Ended, stdout: &str, stderr: &str) -> Answer {
    Answer {
        ended,
        stdout: Captured::whole(stdout),
        stderr: Captured::whole(stderr),
        started: jiff::Timestamp::UNIX_EPOCH,
        duration: Duration::from_millis(20),
        file: None,
        progress: None,
        remarks: Vec::new(),
    }
}

/// What a step's checks come to for one answer, as the engine puts it together.
fn judged(step: &Step, scope: &Scope<'_>, answer: &Answer) -> (Observation, Vec<CheckReport>) {
    let observation = step.kind.read(std::slice::from_ref(answer), "tools:1");
    let mut facts = observation.facts.clone();
    for capture in &step.capture {
        if let Ok(values) = capture.take(&answer.stdout.text(), answer.stdout.truncated) {
            facts.extend(values);
        }
    }
    let mut checks = judge(&step.expect, &scope.with(&facts));
    let spoken: Vec<_> = step.expect.iter().map(|one| &one.that).collect();
    checks.extend(implicit_exit(&spoken, step.severity, &observation.facts));
    (observation, checks)
}

fn verdicts(checks: &[CheckReport]) -> Vec<(&str, Verdict)> {
    checks
        .iter()
        .map(|check| (check.id.as_str(), check.status))
        .collect()
}

#[test]
fn a_runbook_that_is_not_shipped_is_missed_by_its_near_name() {
    let missing = Catalog::find("smok/web").unwrap_err();
    assert_eq!(
        missing.to_string(),
        "there is no runbook `smok/web`; did you mean `smoke/web`?\n  help: `housecall list` shows those that are shipped; one of your own is named by its file"
    );
    assert_eq!(
        Catalog::find("web").unwrap_err().near.as_deref(),
        Some("smoke/web")
    );
    assert_eq!(
        Catalog::find("nothing-like/any-of-them").unwrap_err().near,
        None
    );
    assert!(Catalog::find("smoke/web.yaml").is_ok());
}

#[test]
fn params_become_words_environment_and_paths() {
    let runbook = shipped();
    let options = [("port", "8080"), ("server", "127.0.0.1:5353")];
    let mut names = bind(&runbook.params, &given(&options)).unwrap();
    names.insert("target_root".into(), "/proc/7/root".into());
    names.insert("target_pid".into(), 7.into());
    let asked = |id: &str| {
        step(&runbook, id).kind.asks(&Scope::of(&names)).unwrap()[0]
            .question
            .clone()
    };
    let Question::Argv(ls) = asked("rootfs") else {
        panic!("not an argv")
    };
    assert_eq!(ls, ["ls", "/proc/7/root"]);
    for (id, pairs) in [
        (
            "dns",
            &[("ask_server", "127.0.0.1"), ("ask_port", "5353")][..],
        ),
        ("http", &[("ask_url", "http://localhost:8080/")]),
        (
            "connections",
            &[
                ("port", "8080"),
                ("server", "127.0.0.1:5353"),
                ("target_pid", "7"),
                ("target_root", "/proc/7/root"),
            ],
        ),
    ] {
        let Question::Script { env, .. } = asked(id) else {
            panic!("not a script")
        };
        for pair in pairs {
            assert!(env.contains(&(pair.0.into(), pair.1.into())), "{pair:?}");
        }
    }
    assert_eq!(
        asked("resolv"),
        Question::File {
            path: "/etc/resolv.conf".into(),
            max: 65_536
        }
    );
}

#[test]
fn a_patients_path_is_its_own_however_it_is_written() {
    for path in [
        "/etc/hosts",
        "'{{target_root}}/etc/hosts'",
        "'{{ target_root }}/etc/hosts'",
        "{path: /proc/1/root/etc/hosts, max: 1KiB}",
    ] {
        let runbook = with(&format!("steps:\n  - id: hosts\n    file: {path}\n"));
        let mut names = Map::new();
        names.insert("target_root".into(), "/proc/1/root".into());
        let asks = runbook.steps[0].kind.asks(&Scope::of(&names)).unwrap();
        assert!(
            matches!(&asks[0].question, Question::File { path, .. } if path == "/etc/hosts"),
            "{path}: {asks:?}"
        );
    }
}

#[test]
fn the_long_form_of_a_kind_with_one_key_asks_what_its_short_form_asks() {
    for (short, long) in [
        ("run: [ls, -l]", "run: {argv: [ls, -l]}"),
        ("sh: date", "sh: {sh: date}"),
        ("environment: [PATH]", "environment: {names: [PATH]}"),
        ("pause: 2s", "pause: {time: 2s}"),
        ("collect: [{path: /x}]", "collect: {files: [{path: /x}]}"),
    ] {
        let asks = |form: &str| {
            let runbook = with(&format!("steps:\n  - id: one\n    {form}\n"));
            runbook.steps[0].kind.asks(&Scope::new()).unwrap()
        };
        assert_eq!(asks(short), asks(long), "{long}");
    }
}

#[test]
fn a_param_and_a_step_may_have_the_name_of_a_fact_that_is_not_used_beside_them() {
    let runbook = with(
        "params:
  server: {type: string, default: 10.0.0.10}
  body: {type: string, default: ping}
steps:
  - {id: time, run: [date]}
  - id: name
    dns: {name: example.test, server: '{{server}}'}
    expect: ['rcode == \"NOERROR\"']
  - {id: page, http: {url: 'http://localhost/', body: '{{body}}'}, expect: [code == 200]}
  - {id: after, run: [echo, '{{name.server}}', '{{server}}', '{{body}}']}
",
    );
    let mut names = bind(&runbook.params, &[]).unwrap();
    names.insert("name".into(), json!({"server": "10.9.9.9"}));
    let asked = step(&runbook, "after")
        .kind
        .asks(&Scope::of(&names))
        .unwrap();
    assert_eq!(asked[0].argv(), ["echo", "10.9.9.9", "10.0.0.10", "ping"]);
}

#[test]
fn a_list_is_no_text_and_nothing_is_no_word() {
    let mut names = Map::new();
    names.insert("list".into(), json!(["a", "b"]));
    names.insert("none".into(), Value::Null);
    names.insert("half".into(), json!(0.5));
    names.insert("whole".into(), json!(2.0));
    let words = |text: &str| Template::parse(text).unwrap().words(&Scope::of(&names));
    assert_eq!(words("{{list}}").unwrap(), ["a", "b"]);
    assert!(words("x{{list}}").unwrap_err().message.contains("a list"));
    assert!(words("{{none}}").is_err());
    assert_eq!(words("{{half}}-{{whole}}").unwrap(), ["0.5-2"]);
    assert_eq!(words("{{ \"{{\" }}").unwrap(), ["{{"]);
    assert_eq!(words("a {{ #{b: \"}}\"}.b }} c").unwrap(), ["a }} c"]);
}

#[test]
fn the_web_runbook_tells_a_healthy_pod_from_a_leaking_one() {
    let runbook = shipped();
    let names = bind(&runbook.params, &[]).unwrap();
    let connections = step(&runbook, "connections");
    let healthy = answer(
        Ended::Exited(0),
        "listen=1 established=2 close_wait=0\n",
        "",
    );
    let (_, checks) = judged(connections, &Scope::of(&names), &healthy);
    assert!(checks.iter().all(|check| check.status == Verdict::Pass));
    let leaking = answer(
        Ended::Exited(0),
        "listen=1 established=2 close_wait=12\n",
        "",
    );
    let (_, checks) = judged(connections, &Scope::of(&names), &leaking);
    assert_eq!(checks[1].status, Verdict::Fail);
    assert_eq!(
        checks[1].message.as_deref(),
        Some("12 connections on port 80 are in CLOSE_WAIT: the application does not close its end")
    );
}

#[test]
fn what_could_not_be_looked_at_is_told_apart() {
    let runbook = with("steps:\n  - {id: names, run: [dig, db]}\n  - {id: script, sh: dig db}\n");
    let (run, sh) = (&runbook.steps[0], &runbook.steps[1]);
    let blocked = |step: &Step, ended: Ended, stderr: &str| {
        step.kind
            .read(&[answer(ended, "kept", stderr)], "tools:1")
            .blocked
            .unwrap()
    };
    assert_eq!(
        blocked(run, Ended::Exited(127), ""),
        (Verdict::Unavailable, "no `dig` in image tools:1".into())
    );
    assert_eq!(
        blocked(sh, Ended::Exited(127), "sh: 1: dig: not found\n"),
        (
            Verdict::Unavailable,
            "no `dig` in image tools:1: sh: 1: dig: not found".into()
        )
    );
    assert_eq!(
        blocked(run, Ended::Exited(126), "sh: dig: Permission denied").0,
        Verdict::Unavailable
    );
    assert_eq!(blocked(run, Ended::TimedOut, "").0, Verdict::Timeout);
    assert_eq!(
        blocked(run, Ended::Lost("the pod is gone".into()), ""),
        (Verdict::Unreachable, "the pod is gone".into())
    );
    assert_eq!(
        blocked(run, Ended::Cancelled, ""),
        (Verdict::Error, "interrupted".into())
    );
    let kept = run
        .kind
        .read(&[answer(Ended::TimedOut, "kept", "")], "tools:1");
    assert_eq!(kept.facts["stdout"], "kept");
    assert!(!kept.facts.contains_key("exit"));
}

#[test]
fn a_file_that_is_not_there_is_data_and_one_that_cannot_be_looked_at_is_not() {
    let runbook = with("steps:\n  - {id: hosts, file: /etc/hosts}\n");
    let hosts = &runbook.steps[0];
    let status = FileStatus {
        resolved: "/etc/hosts".into(),
        kind: "file".into(),
        mode: "644".into(),
        uid: 0,
        gid: 0,
        size: 2,
        mtime: Some(5),
    };
    let mut there = answer(Ended::Exited(0), "ok", "");
    there.file = Some(status.clone());
    let (observation, checks) = judged(hosts, &Scope::new(), &there);
    assert_eq!(observation.facts["text"], "ok");
    assert_eq!(observation.facts["exists"], true);
    assert_eq!(checks, []);

    let gone = answer(Ended::Exited(1), "", "/etc/hosts: no such file\n");
    let (observation, checks) = judged(hosts, &Scope::new(), &gone);
    assert_eq!(observation.facts["exists"], false);
    assert_eq!(verdicts(&checks), [("exists", Verdict::Fail)]);
    assert_eq!(
        checks[0].message.as_deref(),
        Some("/etc/hosts: no such file")
    );

    let blind = answer(
        Ended::Exited(125),
        "",
        "the patient's root cannot be read\n",
    );
    let (observation, _) = judged(hosts, &Scope::new(), &blind);
    assert_eq!(
        observation.blocked,
        Some((
            Verdict::Unavailable,
            "the patient's root cannot be read".into()
        ))
    );

    for code in [2, 137] {
        let killed = answer(Ended::Exited(code), "", "Killed\n");
        let (observation, _) = judged(hosts, &Scope::new(), &killed);
        assert_eq!(
            observation.blocked,
            Some((Verdict::Error, "Killed".into())),
            "who was ended has not found that there is none"
        );
    }

    let mut cut = there;
    cut.file = Some(FileStatus {
        size: 90_000,
        ..status.clone()
    });
    let (observation, _) = judged(hosts, &Scope::new(), &cut);
    assert!(observation.truncated);

    cut.file = Some(FileStatus {
        size: 4096,
        resolved: "/sys/class/net/eth0/mtu".into(),
        ..status
    });
    let (observation, _) = judged(hosts, &Scope::new(), &cut);
    assert!(!observation.truncated, "the size is that of a page");
    assert_eq!(observation.facts["text"], "ok");
}

#[test]
fn absence_in_a_cut_output_is_never_a_pass() {
    let runbook = with(
        "steps:\n  - id: log\n    run: [dump]\n    capture: {regex: '(?<n>\\d+)'}\n    expect:\n      \
         - {id: quiet, that: '!stdout.contains(\"ERROR\")'}\n      - {id: ended, that: exit == 0}\n      \
         - {id: few, that: n == \"1\"}\n",
    );
    let mut long = answer(Ended::Exited(0), "1 line", "");
    long.stdout.truncated = true;
    let (_, checks) = judged(&runbook.steps[0], &Scope::new(), &long);
    assert_eq!(
        verdicts(&checks),
        [
            ("quiet", Verdict::Error),
            ("ended", Verdict::Pass),
            ("few", Verdict::Error)
        ]
    );
    assert!(
        checks[0]
            .message
            .as_ref()
            .unwrap()
            .contains("cut at 6 bytes")
    );
}

#[test]
fn exit_is_expected_to_be_zero_unless_it_is_spoken_of() {
    let runbook = with(
        "steps:\n  - {id: silent, run: [a]}\n  - {id: spoken, run: [b], expect: ['exit in [0, 3]']}\n",
    );
    let failed = answer(Ended::Exited(137), "", "a\nKilled\n");
    let (_, checks) = judged(&runbook.steps[0], &Scope::new(), &failed);
    assert_eq!(
        checks[0].message.as_deref(),
        Some("exit 137 (ended by signal 9): Killed")
    );
    let (_, checks) = judged(&runbook.steps[1], &Scope::new(), &failed);
    assert_eq!(verdicts(&checks), [("spoken-1", Verdict::Fail)]);
    assert_eq!(
        checks[0].message.as_deref(),
        Some("exit in [0, 3] with exit = 137")
    );
}

#[test]
fn what_is_given_for_params_is_refused_with_every_reason_at_once() {
    let runbook = with(
        "params:\n  port: {type: int, min: 1, max: 10, default: 1}\n  mode: {type: enum, values: [fast, slow], default: fast}\n  \
         wait: {type: duration, default: 1m30s}\n  host: {type: string, required: true, doc: whom to ask}\n  \
         flag: {type: bool, default: true}\n  spare: {type: float}\nsteps:\n  - {id: a, run: [b]}\n",
    );
    let wrong = [
        ("port", "80"),
        ("mode", "slwo"),
        ("wait", "90"),
        ("flag", "yes"),
        ("prot", "1"),
        ("port", "2"),
    ];
    let unfit = bind(&runbook.params, &given(&wrong)).unwrap_err();
    let told: Vec<_> = unfit
        .iter()
        .map(|one| format!("{} ({})", one.headline, one.fix))
        .collect();
    assert_eq!(
        told,
        [
            "there is no param `prot`; did you mean `port`? (write `-p port=…`)",
            "the param `port` is given twice (give it once)",
            "the param `port`: 80 is out of bounds (write from 1 to 10)",
            "the param `mode`: \"slwo\" is not one of its values; did you mean `slow`? (write one of fast, slow)",
            "the param `wait`: `90` has no unit (write `90s` for seconds)",
            "the param `host` is required and not given (add `-p host=VALUE` (whom to ask))",
            "the param `flag`: \"yes\" is neither `true` nor `false` (write `true` or `false`)",
        ]
    );
    let names = bind(&runbook.params, &given(&[("host", "db")])).unwrap();
    assert_eq!(
        Value::Object(names),
        json!({"port": 1, "mode": "fast", "wait": 90.0, "host": "db", "flag": true, "spare": null})
    );
}

#[test]
fn a_mark_and_carriage_returns_change_nothing() {
    let plain = Catalog::find("smoke/web").unwrap().source;
    let (marked, _) =
        Runbook::parse(&format!("\u{feff}{}", plain.replace('\n', "\r\n")), "x").unwrap();
    assert_eq!(marked.steps.len(), shipped().steps.len());
    assert_ne!(marked.digest, shipped().digest);
}

#[test]
fn thousands_of_steps_are_read_and_the_one_wrong_among_them_is_found() {
    let mut text = HEAD.to_owned() + "steps:\n";
    for at in 0..2_000 {
        text.push_str(&format!(
            "  - {{id: s{at}, run: [echo, '{at}'], expect: ['exit == 0']}}\n"
        ));
    }
    assert_eq!(read(&text).steps.len(), 2_000);
    let errors = Runbook::parse(&text.replace("id: s1999", "id: s1998"), "x").unwrap_err();
    assert_eq!(errors.len(), 2);
    assert!(
        errors
            .iter()
            .all(|one| one.line == 2_004 && one.level == Level::Error)
    );
}

proptest! {
    #[test]
    fn promise_1_no_value_is_ever_read_as_a_template(text in ".*", before in "[a-z ]{0,5}") {
        let mut names = Map::new();
        names.insert("value".into(), text.clone().into());
        let rendered = Template::parse(&format!("{before}{{{{ value }}}}")).unwrap().render(&Scope::of(&names)).unwrap();
        prop_assert_eq!(rendered, format!("{before}{text}"));
        let braces = format!("{{{{ {text} }}}}");
        names.insert("value".into(), braces.clone().into());
        prop_assert_eq!(Template::parse("{{value}}").unwrap().render(&Scope::of(&names)).unwrap(), braces);
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "(?s).{0,200}") {
        for source in [text.clone(), format!("{HEAD}{text}"), format!("{HEAD}steps:\n  - {text}")] {
            if let Err(errors) = Runbook::parse(&source, "x") {
                prop_assert!(!errors.is_empty());
                prop_assert!(!render(&errors, Paint::Plain).is_empty());
            }
        }
    }

    #[test]
    fn no_expression_or_template_makes_the_reader_panic(text in "(?s)[a-zé{}()|.\"'`\\\\\\[\\]=<> \\n0-9:,#$-]{0,40}") {
        let quoted = text.replace('\'', "''");
        let source = format!(
            "{HEAD}params: {{a: {{type: int}}}}\nsteps:\n  - id: s\n    when: '{quoted}'\n    run: [x, '{{{{{quoted}}}}}']\n    \
             expect:\n      - '{quoted}'\n      - {{id: e, that: exit == 0, say: '{quoted}'}}\n    capture: {{regex: '{quoted}'}}\n"
        );
        match Runbook::parse(&source, "x") {
            Ok((runbook, _)) => {
                let mut names = Map::new();
                names.insert("a".into(), 1.into());
                let _asks = runbook.steps[0].kind.asks(&Scope::of(&names));
                let (_, checks) = judged(&runbook.steps[0], &Scope::of(&names), &answer(Ended::Exited(1), "é1", ""));
                prop_assert!(checks.len() >= 2);
            }
            Err(errors) => prop_assert!(!render(&errors, Paint::Plain).is_empty()),
        }
    }
}
