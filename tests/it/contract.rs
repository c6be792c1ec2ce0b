//! The contract of every answerer, held by this machine, by one of its processes, and by a recording of it.

#[path = "../contract/mod.rs"]
mod suite;

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use housecall::clock::SystemClock;
use housecall::cluster::local::Local;
use housecall::cluster::replay::{Recorded, Recorder};
use housecall::cluster::{Attach, Cluster, Scope};
use housecall::report::Redactor;
use housecall::target::{Selector, Target};
use serde_json::Value;

fn attach() -> Attach {
    Attach {
        run: "0123456789abcdef".into(),
        deadline: Duration::from_secs(120),
        ..Attach::new("own", String::new())
    }
}

async fn on(selector: Selector) {
    let local = Local::new(Arc::new(SystemClock));
    let found = local.find(&selector, &Scope::Default).await.unwrap();
    suite::holds(&local, &found.targets[0], &attach()).await;
    suite::holds_ahead(&local, &found.targets[0], &attach()).await;
}

#[tokio::test]
async fn this_machine_holds_the_contract() {
    on(Selector::Local).await;
}

#[tokio::test]
async fn what_is_recorded_holds_the_contract_and_so_does_its_recording() {
    let folder = tempfile::tempdir().unwrap();
    let recorder =
        Arc::new(Recorder::create(folder.path(), &Value::Null, Redactor::default()).unwrap());
    let target = Target::local();
    recorder.begin(&target);
    let local = recorder.listening(Arc::new(Local::new(Arc::new(SystemClock))));
    suite::holds(local.as_ref(), &target, &attach()).await;
    assert_eq!(recorder.trouble(), None);
    let recorded = Recorded::read(folder.path()).unwrap();
    suite::holds(&recorded, &target, &attach()).await;
}

#[tokio::test]
async fn a_process_of_this_machine_holds_the_contract() {
    let mut patient = Command::new("cat")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    on(Selector::Process(patient.id())).await;
    drop(patient.stdin.take());
    assert!(patient.wait().unwrap().success(), "it was left in peace");
}
