//! Using housecall as a library: examine this machine with a runbook of one's own, and read the report as a value.
//!
//! ```text
//! cargo run --example embed
//! ```

use std::error::Error;
use std::sync::Arc;

use housecall::clock::SystemClock;
use housecall::cluster::local::Local;
use housecall::cluster::{Cluster, Scope};
use housecall::engine::{Engine, Interrupt, Prospect, Run};
use housecall::plan::{Plan, Wishes};
use housecall::random;
use housecall::report::{Circumstances, Key};
use housecall::runbook::{Paint, Runbook, bind, render};
use housecall::target::Selector;

const RUNBOOK: &str = r#"
version: 1
id: load
title: Is this machine busy?
params:
  most: {type: float, default: 8.0}
steps:
  - id: load
    run: [cat, /proc/loadavg]
    capture: {regex: '^(?<minute>[\d.]+)', types: {minute: float}}
    expect: [{id: not-busy, that: minute < most, severity: warning}]
"#;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (runbook, _) =
        Runbook::parse(RUNBOOK, "embed.rs").map_err(|problems| render(&problems, Paint::Plain))?;
    let params = bind(&runbook.params, &[]).map_err(|problems| format!("{problems:?}"))?;
    let plan = Plan::new(&runbook, params, &Wishes::default())?;

    let clock = Arc::new(SystemClock);
    let local: Arc<dyn Cluster> = Arc::new(Local::new(clock.clone()));
    let found = local.find(&Selector::Local, &Scope::Default).await?;
    let prospects = found
        .targets
        .into_iter()
        .map(|target| Prospect::Found(target, Arc::clone(&local)))
        .collect();
    let run = Run {
        id: "00000000000000e1".into(),
        key: Key::new(random::bytes()?),
        cluster: local.name(),
        parallel: 1,
        notes: found.notes,
        circumstances: Circumstances::default(),
        interrupt: Interrupt::default(),
    };
    let report = Engine::new(clock)
        .run(Arc::new(plan), prospects, run, |_| {})
        .await;
    let load = &report.targets[0].steps[0];
    println!("{}: {:?}", load.status.word(), load.facts.get("minute"));
    Ok(())
}
