//! `housecall rerun`: the run of a saved report again, on all its targets or on those that failed. The words of `run` are made of the
//! report, and what else is given goes to it as it is; `merge` joins both reports.

use std::collections::BTreeSet;

use clap::Parser;
use serde_json::Value;

use housecall::report::{MASK, Report, RunbookRef, Status, TargetReport};
use housecall::target::TargetKind;

use super::args::{Arguments, RerunArgs, Verb};
use super::exit::Failure;
use super::{run, saved};

/// Runs again. The code is that of the run; 0 where nothing failed that could be run again.
pub(crate) async fn again(args: RerunArgs) -> Result<u8, Failure> {
    let report = saved::report(&args.report)?;
    let meant = |target: &&TargetReport| {
        !args.failed || matches!(target.status, Status::Fail | Status::Error)
    };
    let targets: Vec<_> = report.targets.iter().filter(meant).collect();
    if targets.is_empty() && !report.targets.is_empty() {
        eprintln!("none of the {} targets failed", report.targets.len());
        return Ok(0);
    }
    let words = words(&report, &targets, &args.options)?;
    match Arguments::try_parse_from(words) {
        Ok(Arguments {
            verb: Verb::Run(args),
        }) => run::run(*args).await,
        Ok(_) => Err(Failure::usage("only `run` is run again")),
        Err(error) => {
            let text = error.to_string();
            Err(Failure::usage(
                text.strip_prefix("error: ").unwrap_or(&text),
            ))
        }
    }
}

/// The command line of the run.
fn words(
    report: &Report,
    targets: &[&TargetReport],
    options: &[String],
) -> Result<Vec<String>, Failure> {
    let given = |flag: &str| {
        let is = |word: &String| word.split('=').next() == Some(flag);
        options.iter().any(is)
    };
    // The short flag may stand with its value in one word.
    let placed = given("--namespace") || options.iter().any(|word| word.starts_with("-n"));
    let about = &report.run;
    let runbooks = match about.runbooks.as_slice() {
        [] => std::slice::from_ref(&about.runbook),
        several => several,
    };
    let mut words = vec!["housecall".to_owned(), "run".to_owned()];
    let called = |one: &RunbookRef| one.file.clone().unwrap_or_else(|| one.id.clone());
    words.extend(runbooks.iter().map(called));
    let mut namespaces = BTreeSet::new();
    let mut containers = BTreeSet::new();
    for target in targets {
        let who = &target.target;
        words.extend(match who.kind {
            TargetKind::Pod => who.pod.as_ref().map(|pod| format!("pod/{pod}")),
            TargetKind::Node => who.node.as_ref().map(|node| format!("node/{node}")),
            TargetKind::Process => who.pid.map(|pid| format!("pid:{pid}")),
            TargetKind::Local => Some("local".into()),
        });
        namespaces.extend(who.namespace.as_ref());
        containers.extend(who.container.as_ref());
    }
    if !placed {
        match Vec::from_iter(namespaces)[..] {
            [] => {}
            [one] => words.extend(["-n".into(), one.clone()]),
            _ => {
                return Err(Failure::usage(format!(
                    "the targets of run {} are in several namespaces, and names are of one\n  help: run the runbook again with `-A` and a selector",
                    about.id
                )));
            }
        }
    }
    let ephemeral = |target: &&&TargetReport| {
        let attach = target.attach.as_ref();
        attach.is_none_or(|attach| attach.mode == "ephemeral")
    };
    if let [container] = Vec::from_iter(containers)[..]
        && !given("--target")
        && targets.iter().filter(ephemeral).count() == targets.len()
    {
        words.extend(["--target".into(), container.clone()]);
    }
    for (name, value) in &about.params {
        let text = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let stated = options
            .iter()
            .any(|word| word.starts_with(&format!("{name}=")));
        // A secret comes from where its param says, again.
        if !stated && !text.contains(MASK) && !value.is_null() {
            words.extend(["-p".into(), format!("{name}={text}")]);
        }
    }
    words.extend(options.iter().cloned());
    Ok(words)
}
