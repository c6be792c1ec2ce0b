//! Steps that no container answers: reads of the API, and time that passes.

use std::sync::Arc;
use std::time::Duration;

use housecall::cluster::Cause;
use housecall::engine::{Engine, Interrupt};
use housecall::plan::{Plan, Wishes};
use housecall::report::{Event, Happening, Report, Verdict};
use housecall::runbook::Runbook;

use super::canned::{Canned, clock, pass, prospects, refusal, run_of};

fn plan(steps: &str) -> Arc<Plan> {
    let text = format!("version: 1\nid: t\ntitle: T\nsteps:\n{steps}");
    let (runbook, _) = Runbook::parse(&text, "t.yaml").unwrap();
    Arc::new(Plan::new(&runbook, serde_json::Map::new(), &Wishes::default()).unwrap())
}

async fn examine(cluster: Canned, steps: &str) -> Report {
    let prospects = prospects(&Arc::new(cluster), &["web"]);
    let run = run_of(Interrupt::default());
    Engine::new(clock())
        .run(plan(steps), prospects, run, |_| {})
        .await
}

fn verdicts(report: &Report) -> Vec<Verdict> {
    let steps = &report.targets[0].steps;
    steps.iter().map(|step| step.status).collect()
}

#[tokio::test(start_paused = true)]
async fn a_pause_takes_its_time_and_asks_nothing() {
    let report = examine(Canned::default(), "  - {id: rest, pause: 90s}\n").await;
    let rest = &report.targets[0].steps[0];
    assert_eq!(rest.status, Verdict::Pass);
    assert!((90.0..91.0).contains(&rest.duration), "{}", rest.duration);
    assert_eq!(rest.argv, ["pause", "90s"]);
}

#[tokio::test(start_paused = true)]
async fn a_pause_ends_at_its_own_timeout() {
    let report = examine(
        Canned::default(),
        "  - {id: rest, pause: 90s, timeout: 5s}\n",
    )
    .await;
    assert_eq!(verdicts(&report), [Verdict::Timeout]);
    assert!(report.targets[0].steps[0].duration < 6.0);
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_pause_is_not_waited_for() {
    let interrupt = Interrupt::default();
    let stopper = interrupt.clone();
    let since = tokio::time::Instant::now();
    let cluster = Arc::new(Canned::default());
    let report = Engine::new(clock())
        .run(
            plan("  - {id: rest, pause: 5m}\n"),
            prospects(&cluster, &["web"]),
            run_of(interrupt),
            move |event: &Event| {
                if matches!(event.happening, Happening::StepStarted { .. }) {
                    stopper.stop();
                }
            },
        )
        .await;
    assert!(since.elapsed() < Duration::from_secs(1));
    assert_eq!(verdicts(&report), [Verdict::Error]);
    assert_eq!(report.exit.unwrap().code, 130);
}

const EVENTS: &str = "  - {id: events, kube: {events: {}}}\n";

#[tokio::test]
async fn where_no_container_can_be_attached_the_api_is_still_asked() {
    let cluster = Canned {
        outside: true,
        ..Canned::default()
            .on("kube", pass("{\"reason\": \"BackOff\"}\n"))
            .refusing("web", refusal(Cause::Image))
    };
    let steps =
        format!("  - {{id: ps, run: [ps], expect: [{{id: some, that: exit == 0}}]}}\n{EVENTS}");
    let report = examine(cluster, &steps).await;
    assert_eq!(verdicts(&report), [Verdict::Unavailable, Verdict::Pass]);
    let target = &report.targets[0];
    assert_eq!(target.reason.as_deref(), Some("it says no; what to do"));
    assert_eq!(target.steps[0].checks[0].status, Verdict::Unavailable);
    assert_eq!(target.steps[1].facts["rows"][0]["reason"], "BackOff");
    assert_eq!(target.attach, None);
    assert_eq!(report.exit.unwrap().code, 5, "some was asked, some was not");
}

#[tokio::test]
async fn where_the_api_cannot_be_asked_either_the_first_refusal_stands() {
    let cluster = Canned::default().refusing("web", refusal(Cause::Forbidden));
    let report = examine(cluster, &format!("  - {{id: ps, run: [ps]}}\n{EVENTS}")).await;
    assert!(report.targets[0].steps.is_empty());
    assert_eq!(report.exit.unwrap().code, 3);
}
