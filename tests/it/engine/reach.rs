//! When a program's target is given a debug container: once something is asked that needs one, and not before.

use std::sync::Arc;

use housecall::cluster::replay::{Recorded, Recorder};
use housecall::cluster::{Cause, Cluster};
use housecall::engine::{Engine, Interrupt, Prospect};
use housecall::plan::{Plan, Wishes};
use housecall::report::{AttachReport, Redactor, Report, Status, Verdict};
use housecall::runbook::Runbook;

use super::canned::{Canned, clock, pass, pod, refusal, run_of};

const BOTH: &str = "
    let seen = kube(\"pod\", #{ object: \"pod\" });
    check(\"there\", seen.exists);
    let listed = run(\"ls\", [\"ls\", target_root()]);
    if listed.status == \"unavailable\" { check(\"looked\", true, #{ evidence: [seen] }); } else { check(\"listed\", listed.exit == 0); }
    kube(\"again\", #{ object: \"pod\" });
";

fn plan(body: &str) -> Arc<Plan> {
    let text = format!(
        "const RUNBOOK = #{{ version: 1, id: \"t\", title: \"T\" }};\nfn main(p) {{ {body} }}\n"
    );
    let (runbook, _) = Runbook::parse(&text, "t.rhai").unwrap();
    Arc::new(Plan::new(&runbook, serde_json::Map::new(), &Wishes::default()).unwrap())
}

async fn examine(cluster: Arc<dyn Cluster>, body: &str) -> Report {
    let prospects = vec![Prospect::Found(pod("web"), cluster)];
    let run = run_of(Interrupt::default());
    Engine::new(clock())
        .run(plan(body), prospects, run, |_| {})
        .await
}

fn cluster() -> Canned {
    Canned {
        outside: true,
        ..Canned::default()
            .on("kube", pass("{\"kind\": \"Pod\"}"))
            .on("ls", pass("bin"))
    }
}

fn told(report: &Report) -> Vec<(&str, Verdict)> {
    let steps = &report.targets[0].steps;
    steps
        .iter()
        .map(|step| (step.id.as_str(), step.status))
        .collect()
}

#[tokio::test]
async fn a_program_that_asks_the_api_alone_attaches_nothing() {
    let only = "kube(\"pod\", #{ object: \"pod\" });";
    // What could be asked, and is not, attaches nothing either.
    for body in [
        only.to_owned(),
        format!("{only} if false {{ run(\"ls\", [\"ls\"]); }}"),
    ] {
        let report = examine(Arc::new(cluster()), &body).await;
        assert_eq!(told(&report), [("pod", Verdict::Pass)]);
        let target = &report.targets[0];
        assert_eq!((target.status, &target.attach), (Status::Pass, &None));
        assert_eq!(target.target.container.as_deref(), Some("app"));
    }
    assert!(
        !plan(only).needs_container(),
        "no right to attach is wanted"
    );
    assert!(plan(BOTH).needs_container());
}

#[tokio::test]
async fn a_program_is_given_a_container_once_and_then_knows_the_patient() {
    let report = examine(Arc::new(cluster()), BOTH).await;
    let all = [
        ("pod", Verdict::Pass),
        ("ls", Verdict::Pass),
        ("again", Verdict::Pass),
    ];
    assert_eq!(told(&report), all);
    let target = &report.targets[0];
    assert_eq!(target.steps[1].argv, ["ls", "/proc/1/root"]);
    let attach = target.attach.as_ref().unwrap();
    assert_eq!(
        (attach.container.as_deref(), attach.proven),
        (Some("housecall-0"), true)
    );
}

#[tokio::test]
async fn where_a_program_can_be_given_no_container_it_asks_the_rest_and_the_target_is_an_error() {
    let waiting = AttachReport {
        waiting: Some("ImagePullBackOff: none".into()),
        ..examine(Arc::new(cluster()), BOTH).await.targets[0]
            .attach
            .clone()
            .unwrap()
    };
    let refusal = housecall::cluster::Refusal {
        attach: Some(Box::new(waiting.clone())),
        ..refusal(Cause::Image)
    };
    let body = BOTH.replace("target_root()", "\"/\"");
    let report = examine(Arc::new(cluster().refusing("web", refusal)), &body).await;
    let all = [
        ("pod", Verdict::Pass),
        ("ls", Verdict::Unavailable),
        ("again", Verdict::Pass),
    ];
    assert_eq!(told(&report), all);
    let target = &report.targets[0];
    assert_eq!(target.status, Status::Error);
    assert_eq!(target.reason.as_deref(), Some("it says no; what to do"));
    assert_eq!(target.attach.as_ref(), Some(&waiting));
    assert_eq!(report.exit.unwrap().code, 5);
}

#[tokio::test]
async fn a_recording_of_a_container_that_came_later_is_played_back_as_it_was() {
    for cluster in [cluster(), cluster().refusing("web", refusal(Cause::Image))] {
        let folder = tempfile::tempdir().unwrap();
        let redactor = Redactor::default();
        let about = serde_json::json!({});
        let recorder = Arc::new(Recorder::create(folder.path(), &about, redactor).unwrap());
        recorder.begin(&pod("web"));
        let first = examine(recorder.listening(Arc::new(cluster)), BOTH).await;
        assert_eq!(recorder.trouble(), None);
        let again = Recorded::read(folder.path()).unwrap();
        assert_eq!(examine(Arc::new(again), BOTH).await, first);
    }
}
