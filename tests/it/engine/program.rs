//! What decides which step is asked, how often, and what it counts for.

use std::sync::Arc;

use housecall::ask::Ended;
use housecall::engine::{Engine, Interrupt};
use housecall::report::{Event, Happening, Phase, Report, Status, Verdict};

use super::canned::{
    self, Canned, Reply, SECRET, complaints, pass, planned, prospects, run_of, series,
};
use super::exit;

async fn run(cluster: Canned, body: &str) -> Report {
    Engine::new(canned::clock())
        .run(
            planned(&format!("version: 1\nid: t\ntitle: T\n{body}")),
            prospects(&Arc::new(cluster), &["web"]),
            run_of(Interrupt::default()),
            |_| {},
        )
        .await
}

fn told(report: &Report) -> Vec<(&str, Verdict)> {
    report.targets[0]
        .steps
        .iter()
        .map(|step| (step.id.as_str(), step.status))
        .collect()
}

fn checks(report: &Report) -> Vec<(&str, Verdict)> {
    report.targets[0]
        .steps
        .iter()
        .flat_map(|step| &step.checks)
        .map(|check| (check.id.as_str(), check.status))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_step_that_holds_at_a_later_attempt_is_flaky_and_keeps_every_attempt() {
    let cluster = Canned::default().on("a", series(&[Reply::exit(1), Reply::exit(1), pass("x")]));
    let report = run(
        cluster,
        "steps:\n  - {id: s, run: [a], retry: {attempts: 5, delay: 2s, backoff: 3}}\n",
    )
    .await;
    assert_eq!(told(&report), [("s", Verdict::Flaky)]);
    assert_eq!(report.targets[0].steps[0].attempts.len(), 3);
    assert_eq!((report.summary.status, exit(&report)), (Status::Warn, 0));
}

#[tokio::test]
async fn targets_that_say_the_same_but_for_what_is_their_own_are_put_together() {
    let steps = "steps:\n  - {id: s, run: [a]}\n";
    for (batch, sizes) in [
        ("", &[][..]),
        ("batch: {group: {}}\n", &[3, 1]),
        ("batch: {group: {normalise: [pod]}}\n", &[2, 1, 1]),
    ] {
        let cluster = Arc::new(Canned::default().on(
            "a",
            series(&[
                pass("at 10.0.0.1"),
                pass("at 10.0.0.2"),
                pass("at 10.0.0.1"),
                Reply::exit(1),
            ]),
        ));
        let report = Engine::new(canned::clock())
            .run(
                planned(&format!("version: 1\nid: t\ntitle: T\n{batch}{steps}")),
                prospects(&cluster, &["web-1", "web-2", "web-3", "web-4"]),
                run_of(Interrupt::default()),
                |_| {},
            )
            .await;
        let found: Vec<_> = report.groups.iter().map(|one| one.targets.len()).collect();
        assert_eq!(found, sizes, "{batch}");
        if let Some(odd) = report.groups.iter().find(|one| one.status == Status::Fail) {
            assert_eq!((odd.targets.len(), odd.reason.is_some()), (1, true));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_retry_ends_when_it_is_given_up_and_a_warning_is_not_retried() {
    let cluster = Canned::default()
        .on("a", Reply::exit(6))
        .on("b", Reply::exit(1));
    let report = run(
        cluster,
        "steps:\n  - {id: s, run: [a], retry: {attempts: 5, give_up: 'exit in [3, 6]'}}\n  - {id: w, run: [b], severity: warning, retry: {attempts: 5}}\n",
    )
    .await;
    assert_eq!(told(&report), [("s", Verdict::Fail), ("w", Verdict::Warn)]);
    for step in &report.targets[0].steps {
        assert_eq!(step.attempts.len(), 1, "{}", step.id);
    }
}

#[tokio::test(start_paused = true)]
async fn a_step_whose_connection_was_lost_and_taken_up_again_is_asked_twice_only_where_it_says_retry()
 {
    let lost = || Reply::Ended(Ended::Lost("the connection broke".into()), "half");
    let cluster = Canned::default()
        .on("a", series(&[lost(), pass("whole")]))
        .on("b", series(&[lost(), pass("whole")]));
    let report = run(
        cluster,
        "steps:\n  - {id: once, run: [a]}\n  - {id: again, run: [b], retry: {attempts: 2}}\n",
    )
    .await;
    assert_eq!(
        told(&report),
        [("once", Verdict::Unreachable), ("again", Verdict::Flaky)]
    );
    let attempts = report.targets[0]
        .steps
        .iter()
        .map(|step| step.attempts.len());
    assert_eq!(attempts.collect::<Vec<_>>(), [1, 2]);
    assert_eq!(report.targets[0].status, Status::Error);
}

#[tokio::test]
async fn each_item_is_asked_about_and_later_steps_see_them_all() {
    let cluster = Canned::default()
        .on("a", pass("10.0.0.1\n10.0.0.2\nnoise\n10.0.0.3\n"))
        .on("b", series(&[pass("up"), Reply::exit(1)]))
        .on("c", pass(""));
    let report = run(
        cluster,
        "steps:
  - {id: list, run: [a], capture: {addrs: {lines: '^[0-9.]+$'}}}
  - {id: reach, run: [b, '{{ip}}'], each: {item: ip, of: list.addrs, max: 2}}
  - {id: sum, run: [c], expect: ['reach.status == \"fail\" && reach.items.len() == 2 && reach.items[0].stdout == \"up\"']}
  - {id: none, run: [c], each: {item: x, of: []}}
",
    )
    .await;
    assert_eq!(
        told(&report),
        [
            ("list", Verdict::Pass),
            ("reach[0]", Verdict::Pass),
            ("reach[1]", Verdict::Fail),
            ("sum", Verdict::Pass),
            ("none", Verdict::Skip),
        ]
    );
    assert_eq!(report.targets[0].steps[1].argv, ["b", "10.0.0.1"]);
    assert!(
        report
            .notes
            .iter()
            .any(|note| note.text.contains("first 2 of 3"))
    );
}

#[tokio::test]
async fn of_outcomes_the_first_that_holds_counts_and_none_is_an_error() {
    let outcomes = "outcomes: [{when: exit == 9, fail: 'no server', id: dead, severity: critical}, {when: 'stdout == \"\"', warn: empty, id: empty}, {when: 'stdout == \"ok\"', pass: fine}]";
    for (reply, expected, status) in [
        (Reply::exit(9), vec![("dead", Verdict::Fail)], Verdict::Fail),
        (
            pass(""),
            vec![("dead", Verdict::Pass), ("empty", Verdict::Warn)],
            Verdict::Warn,
        ),
        (
            pass("ok"),
            vec![
                ("dead", Verdict::Pass),
                ("empty", Verdict::Pass),
                ("s-3", Verdict::Pass),
            ],
            Verdict::Pass,
        ),
        (
            pass("?"),
            vec![
                ("dead", Verdict::Pass),
                ("empty", Verdict::Pass),
                ("s-outcome", Verdict::Error),
            ],
            Verdict::Error,
        ),
    ] {
        let report = run(
            Canned::default().on("a", reply),
            &format!("steps:\n  - {{id: s, run: [a], {outcomes}}}\n"),
        )
        .await;
        assert_eq!(checks(&report), expected);
        assert_eq!(told(&report), [("s", status)]);
    }
}

#[tokio::test]
async fn promise_4_an_outcome_whose_condition_cannot_be_evaluated_is_an_error_and_no_later_one_is_tried()
 {
    let report = run(
        Canned::default().on("a", pass("x")),
        "steps:\n  - {id: s, run: [a], outcomes: [{when: stdout > 3, fail: odd}, {pass: fine}]}\n",
    )
    .await;
    assert_eq!(checks(&report), [("s-1", Verdict::Error)]);
    assert_eq!(exit(&report), 5);
}

#[tokio::test]
async fn a_failure_brings_on_fail_and_finally_counts_for_nothing() {
    let body = "steps:\n  - {id: s, run: [a]}\non_fail:\n  - {id: why, run: [b]}\nfinally:\n  - {id: last, run: [c]}\n";
    let cluster = || {
        Canned::default()
            .on("b", pass("because"))
            .on("c", Reply::exit(1))
    };
    let report = run(cluster().on("a", Reply::exit(1)), body).await;
    assert_eq!(
        told(&report),
        [
            ("s", Verdict::Fail),
            ("why", Verdict::Pass),
            ("last", Verdict::Fail)
        ]
    );
    let report = run(cluster().on("a", pass("x")), body).await;
    assert_eq!(
        told(&report),
        [("s", Verdict::Pass), ("last", Verdict::Fail)]
    );
    assert_eq!(report.targets[0].steps[1].phase, Phase::Finally);
    assert_eq!((report.summary.status, exit(&report)), (Status::Pass, 0));
    assert_eq!(report.summary.checks.fail, 0);
}

#[tokio::test]
async fn finally_is_asked_after_an_interruption_too() {
    let cluster = Canned::default().on("a", Reply::Never).on("c", pass("x"));
    let interrupt = Interrupt::default();
    let stopper = interrupt.clone();
    let report = Engine::new(canned::clock())
        .run(
            planned(
                "version: 1\nid: t\ntitle: T\nsteps:\n  - {id: s, run: [a]}\n  - {id: t2, run: [a]}\non_fail:\n  - {id: why, run: [c]}\nfinally:\n  - {id: last, run: [c]}\n",
            ),
            prospects(&Arc::new(cluster), &["web"]),
            run_of(interrupt),
            move |event: &Event| {
                if matches!(event.happening, Happening::StepStarted { .. }) {
                    stopper.stop();
                }
            },
        )
        .await;
    assert_eq!(
        told(&report),
        [("s", Verdict::Error), ("last", Verdict::Pass)]
    );
    assert_eq!(exit(&report), 130);
}

#[tokio::test]
async fn a_waived_check_does_not_fail_its_target_until_its_day() {
    let body = |until: &str| {
        format!(
            "steps:\n  - {{id: s, run: [a], expect: [{{id: known, that: exit == 0}}]}}\nwaivers: [{{check: known, reason: tracked, until: {until}}}]\n"
        )
    };
    let cluster = || Canned::default().on("a", Reply::exit(1));
    // The clock of these tests stands at 2026-01-02.
    let report = run(cluster(), &body("2026-01-02")).await;
    assert_eq!(checks(&report), [("known", Verdict::Skip)]);
    let message = report.targets[0].steps[0].checks[0].message.clone();
    assert!(
        message
            .unwrap()
            .starts_with("waived until 2026-01-02: tracked (")
    );
    assert_eq!(exit(&report), 0);
    let report = run(cluster(), &body("2026-01-01")).await;
    assert_eq!(checks(&report), [("known", Verdict::Fail)]);
}

#[tokio::test]
async fn promise_2_a_secret_reaches_stdin_and_stands_nowhere_in_the_report() {
    let report = run(
        Canned::default().on("cat", Reply::Stdin),
        "params: {token: {type: secret}}\nsteps:\n  - {id: s, run: [cat], stdin: 'Bearer {{token}}', expect: [{id: got, that: 'stdout == \"Bearer ***token***\"'}]}\n  - {id: t2, run: [cat], when: 'token == \"***token***\"'}\n",
    )
    .await;
    assert_eq!(told(&report), [("s", Verdict::Pass), ("t2", Verdict::Pass)]);
    let text = serde_json::to_string(&report).unwrap();
    assert!(!text.contains(SECRET));
    assert_eq!(report.redactions[0].rule, "secret token");
    assert_eq!(report.run.params["token"], "***token***");
}

#[tokio::test]
async fn an_included_step_sees_its_own_params_and_is_seen_by_its_id() {
    let report = run(
        Canned::default().on("echo", pass("x")),
        "params: {n: {type: int, default: 3}}\nsteps:\n  - {include: lib/outer.yaml, params: {base: '{{n}}'}}\n  - {id: after, run: [echo, '{{ask.stdout}}']}\n",
    )
    .await;
    assert_eq!(
        told(&report),
        [("ask", Verdict::Pass), ("after", Verdict::Pass)]
    );
    assert_eq!(report.targets[0].steps[0].argv, ["echo", "31"]);
    assert_eq!(report.targets[0].steps[1].argv, ["echo", "x"]);
}

#[tokio::test]
async fn a_value_that_does_not_fit_an_included_param_is_an_error_of_its_steps() {
    let report = run(
        Canned::default().on("echo", pass("x")),
        "params: {n: {type: string, default: many}}\nsteps:\n  - {include: lib/port.yaml, params: {port: '{{n}}'}}\n",
    )
    .await;
    assert_eq!(told(&report), [("ask", Verdict::Error)]);
    let reason = report.targets[0].steps[0].reason.clone().unwrap();
    assert!(
        reason.contains("`port`") && reason.contains("no whole number"),
        "{reason}"
    );
}

#[test]
fn an_include_that_cannot_be_is_told() {
    let with = |steps: &str| complaints(&format!("version: 1\nid: t\ntitle: T\nsteps:\n{steps}"));
    assert_eq!(
        with("  - {include: lib/loop.yaml}\n"),
        ["`lib/loop.yaml` includes itself: t.yaml → lib/loop.yaml → lib/loop.yaml"]
    );
    assert_eq!(
        with("  - {include: lib/outer.yaml}\n"),
        ["the included runbook needs the param `base`"]
    );
    assert_eq!(
        with("  - {include: lib/port.yaml, params: {prot: 1}}\n"),
        ["the included runbook has no param `prot`; did you mean `port`?"]
    );
    assert_eq!(
        with("  - {id: ask, run: [a]}\n  - {include: lib/port.yaml}\n"),
        ["`lib/port.yaml` has a step `ask`, and so has this runbook"]
    );
}

#[tokio::test]
async fn what_a_step_loses_is_lost_for_on_fail_and_finally() {
    let report = run(
        Canned::default().on("a", Reply::Lost("gone")).on("b", pass("x")),
        "steps:\n  - {id: s, run: [a]}\n  - {id: n, run: [b]}\nfinally:\n  - {id: last, run: [b]}\n",
    )
    .await;
    assert_eq!(
        told(&report),
        [("s", Verdict::Unreachable), ("n", Verdict::Unreachable)]
    );
    let timed_out = Canned::default().on("a", Reply::Ended(Ended::TimedOut, "half"));
    let report = run(timed_out, "steps:\n  - {id: s, run: [a]}\n").await;
    assert_eq!(told(&report), [("s", Verdict::Timeout)]);
}

#[tokio::test]
async fn a_batch_begins_no_more_targets_when_too_many_have_failed() {
    let body = "version: 1\nid: t\ntitle: T\nsteps:\n  - {id: s, run: [a]}\nbatch: {stop_when: {failed_percent: 50, after: 2}}\n";
    let mut run = run_of(Interrupt::default());
    run.parallel = 1;
    let report = Engine::new(canned::clock())
        .run(
            planned(body),
            prospects(
                &Arc::new(Canned::default().on("a", Reply::exit(1))),
                &["a", "b", "c", "d"],
            ),
            run,
            |_| {},
        )
        .await;
    let status: Vec<_> = report.targets.iter().map(|one| one.status).collect();
    assert_eq!(
        status,
        [Status::Fail, Status::Fail, Status::Error, Status::Error]
    );
    assert_eq!(exit(&report), 1);
}
