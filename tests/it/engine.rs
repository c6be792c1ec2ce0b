//! The engine on canned answers: what a run comes to, whatever becomes of its targets.

mod canned;
mod outside;
mod program;
mod reach;

use std::sync::Arc;
use std::time::Duration;

use canned::{Canned, Reply, pass, plan, pod, prospects, refusal, run_of};
use housecall::ask::Ended;
use housecall::cluster::Cause;
use housecall::engine::{Engine, Interrupt, Prospect};
use housecall::report::{Event, Happening, Report, Status, Verdict};

async fn examine(cluster: Canned, steps: &[(&str, &str)], pods: &[&str]) -> Report {
    let cluster = Arc::new(cluster);
    Engine::new(canned::clock())
        .run(
            plan(steps),
            prospects(&cluster, pods),
            run_of(Interrupt::default()),
            |_| {},
        )
        .await
}

/// A run of one target in which `stop` is called once an event of its kind is heard.
async fn stopped(
    cluster: Canned,
    steps: &[(&str, &str)],
    when: impl Fn(&Happening) -> bool,
    stop: impl Fn(&Interrupt),
) -> Report {
    let interrupt = Interrupt::default();
    let stopper = interrupt.clone();
    Engine::new(canned::clock())
        .run(
            plan(steps),
            prospects(&Arc::new(cluster), &["web"]),
            run_of(interrupt),
            move |event: &Event| {
                if when(&event.happening) {
                    stop(&stopper);
                }
            },
        )
        .await
}

fn verdicts(report: &Report, target: usize) -> Vec<Verdict> {
    report.targets[target]
        .steps
        .iter()
        .map(|step| step.status)
        .collect()
}

fn exit(report: &Report) -> u8 {
    report.exit.as_ref().map(|exit| exit.code).unwrap()
}

#[tokio::test]
async fn all_asked_and_all_holding_is_pass_and_zero() {
    let report = examine(
        Canned::default().on("a", pass("x")),
        &[("one", "a")],
        &["web"],
    )
    .await;
    assert_eq!(verdicts(&report, 0), [Verdict::Pass]);
    assert_eq!((report.summary.status, exit(&report)), (Status::Pass, 0));
    assert!(
        report.targets[0]
            .attach
            .as_ref()
            .unwrap()
            .terminated
            .is_some()
    );
}

#[tokio::test]
async fn a_command_that_exits_with_another_code_fails_by_its_implicit_check() {
    let report = examine(
        Canned::default().on("a", Reply::exit(3)),
        &[("one", "a")],
        &["web"],
    )
    .await;
    assert_eq!(report.targets[0].steps[0].checks[0].id, "exit");
    assert_eq!((report.summary.status, exit(&report)), (Status::Fail, 1));
}

#[tokio::test]
async fn promise_4_a_missing_tool_is_unavailable_and_never_green() {
    let report = examine(
        Canned::default().on("dig", Reply::exit(127)),
        &[("one", "dig")],
        &["web"],
    )
    .await;
    assert_eq!(verdicts(&report, 0), [Verdict::Unavailable]);
    let reason = report.targets[0].steps[0].reason.clone().unwrap();
    assert!(
        reason.contains("dig") && reason.contains("toolbox:1"),
        "{reason}"
    );
    assert_eq!(exit(&report), 5);
}

#[tokio::test]
async fn a_step_over_its_timeout_keeps_what_it_said_and_the_next_is_asked() {
    let cluster = Canned::default()
        .on("slow", Reply::Ended(Ended::TimedOut, "half"))
        .on("a", pass("x"));
    let report = examine(cluster, &[("one", "slow"), ("two", "a")], &["web"]).await;
    assert_eq!(verdicts(&report, 0), [Verdict::Timeout, Verdict::Pass]);
    assert_eq!(
        report.targets[0].steps[0].attempts[0]
            .stdout
            .text
            .as_deref(),
        Some("half")
    );
    assert_eq!(exit(&report), 5);
}

#[tokio::test]
async fn a_lost_stream_leaves_the_rest_unreachable_and_still_proves_the_end() {
    let cluster = Canned::default().on("a", Reply::Lost("the stream ended"));
    let report = examine(cluster, &[("one", "a"), ("two", "b")], &["web"]).await;
    assert_eq!(
        verdicts(&report, 0),
        [Verdict::Unreachable, Verdict::Unreachable]
    );
    assert!(report.targets[0].attach.as_ref().unwrap().proven);
    assert_eq!((report.summary.status, exit(&report)), (Status::Error, 5));
}

#[tokio::test]
async fn promise_3_an_end_that_was_not_read_back_is_exit_6_whatever_else_was_found() {
    let cluster = Canned {
        proven: false,
        ..Canned::default().on("a", Reply::exit(1))
    };
    let report = examine(cluster, &[("one", "a")], &["web"]).await;
    let exit = report.exit.unwrap();
    assert_eq!((exit.code, exit.also), (6, vec![1]));
}

#[tokio::test]
async fn one_targets_trouble_stops_no_other() {
    let cluster = Arc::new(
        Canned::default()
            .on("a", pass("x"))
            .refusing("bad", refusal(Cause::Image)),
    );
    let mut all = prospects(&cluster, &["bad", "good"]);
    all.push(Prospect::Refused(pod("gone"), refusal(Cause::NotFound)));
    let report = Engine::new(canned::clock())
        .run(
            plan(&[("one", "a")]),
            all,
            run_of(Interrupt::default()),
            |_| {},
        )
        .await;
    let statuses: Vec<_> = report.targets.iter().map(|target| target.status).collect();
    assert_eq!(statuses, [Status::Error, Status::Pass, Status::Error]);
    assert_eq!(exit(&report), 5);
    assert!(
        report.targets[0]
            .reason
            .as_ref()
            .unwrap()
            .contains("what to do")
    );
}

#[tokio::test]
async fn where_no_target_could_be_asked_the_exit_is_3() {
    let cluster = Canned::default().refusing("bad", refusal(Cause::Forbidden));
    let report = examine(cluster, &[("one", "a")], &["bad"]).await;
    assert_eq!(exit(&report), 3);
}

#[tokio::test]
async fn an_interrupt_ends_the_step_and_the_container_and_reports_what_there_is() {
    let report = stopped(
        Canned::default()
            .on("a", pass("x"))
            .on("hang", Reply::Never),
        &[("one", "a"), ("two", "hang"), ("three", "a")],
        |happening| matches!(happening, Happening::StepStarted { id, .. } if id == "two"),
        Interrupt::stop,
    )
    .await;
    assert_eq!(verdicts(&report, 0), [Verdict::Pass, Verdict::Error]);
    assert_eq!(
        report.targets[0].steps[1].attempts[0]
            .stdout
            .text
            .as_deref(),
        Some("so far")
    );
    assert!(report.targets[0].attach.as_ref().unwrap().proven);
    assert_eq!((report.summary.status, exit(&report)), (Status::Error, 130));
}

#[tokio::test]
async fn an_abandoned_end_is_told_as_not_proven() {
    let cluster = Canned {
        closes: false,
        ..Canned::default().on("a", pass("x"))
    };
    let finished = |happening: &Happening| matches!(happening, Happening::StepFinished { .. });
    let report = stopped(cluster, &[("one", "a")], finished, Interrupt::abandon).await;
    let exit = report.exit.unwrap();
    assert_eq!((exit.code, exit.also[0]), (6, 130));
}

#[tokio::test]
async fn an_abandoned_opening_may_have_left_a_container_and_is_exit_6() {
    let cluster = Canned {
        opens: false,
        ..Canned::default()
    };
    let started = |happening: &Happening| matches!(happening, Happening::TargetStarted { .. });
    let report = stopped(cluster, &[("one", "a")], started, Interrupt::abandon).await;
    assert_eq!(exit(&report), 6);
}

#[tokio::test(start_paused = true)]
async fn no_more_targets_are_open_at_once_than_asked_for() {
    let cluster = Arc::new(Canned {
        pace: Duration::from_secs(1),
        ..Canned::default().on("a", pass("x"))
    });
    let pods: Vec<_> = (0..9).map(|n| format!("web-{n}")).collect();
    let pods: Vec<_> = pods.iter().map(String::as_str).collect();
    let run = housecall::engine::Run {
        parallel: 3,
        ..run_of(Interrupt::default())
    };
    let report = Engine::new(canned::clock())
        .run(
            plan(&[("one", "a")]),
            prospects(&cluster, &pods),
            run,
            |_| {},
        )
        .await;
    assert_eq!(report.summary.targets.pass, 9);
    assert_eq!(cluster.most_open(), 3);
}

#[tokio::test]
async fn the_report_is_the_fold_of_the_events_and_of_nothing_else() {
    let cluster = Arc::new(
        Canned::default()
            .on("a", Reply::exit(3))
            .refusing("bad", refusal(Cause::Image)),
    );
    let mut events = Vec::new();
    let report = Engine::new(canned::clock())
        .run(
            plan(&[("one", "a"), ("two", "b")]),
            prospects(&cluster, &["web", "bad"]),
            run_of(Interrupt::default()),
            |event| events.push(housecall::render::line(event)),
        )
        .await;
    let read: Vec<Event> = events
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(housecall::report::fold(&read), report);
}
