//! The contract of every answerer, held by this machine and by one of its processes.

#[path = "../contract/mod.rs"]
mod suite;

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use housecall::clock::SystemClock;
use housecall::cluster::local::Local;
use housecall::cluster::{Attach, Cluster, Profile, Scope};
use housecall::target::Selector;

async fn on(selector: Selector) {
    let local = Local::new(Arc::new(SystemClock));
    let found = local.find(&selector, &Scope::Default).await.unwrap();
    let attach = Attach {
        run: "0123456789abcdef".into(),
        image: String::new(),
        pull_policy: None,
        container: None,
        profile: Profile::General,
        start_timeout: Duration::from_secs(60),
        grace: Duration::from_secs(30),
        deadline: Duration::from_secs(120),
    };
    suite::holds(&local, &found.targets[0], &attach).await;
}

#[tokio::test]
async fn this_machine_holds_the_contract() {
    on(Selector::Local).await;
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
