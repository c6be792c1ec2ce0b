//! `housecall rerun`: the run of a saved report again, on all its targets or on those that failed. The words of `run` are made of the
//! report, and what else is given goes to it as it is; `merge` joins both reports.

use std::collections::BTreeSet;

use clap::Parser;
use serde_json::Value;

use housecall::report::{MASK, Report, RunbookRef, Status, TargetReport, mask_of};
use housecall::target::{Target, TargetKind};

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
            verb: Verb::Run(mut args),
        }) => {
            if args.visit.namespace.is_none() {
                args.visit.namespaces = namespaces(&targets);
            }
            run::run(*args).await
        }
        Ok(_) => Err(Failure::usage("only `run` is run again")),
        Err(error) => {
            let text = error.to_string();
            Err(Failure::usage(
                text.strip_prefix("error: ").unwrap_or(&text),
            ))
        }
    }
}

/// Where each target is, in the order in which the words of the run name them.
fn namespaces(targets: &[&TargetReport]) -> Vec<Option<String>> {
    let named = targets
        .iter()
        .filter(|target| word(&target.target).is_some());
    named
        .map(|target| target.target.namespace.clone())
        .collect()
}

/// How `run` is told of a target. Of an object whose pods were never found it is its own name.
fn word(who: &Target) -> Option<String> {
    let pod = || {
        let pod = who.pod.as_ref()?;
        let owner = who.owner.as_ref().filter(|_| who.uid.is_none());
        let named = owner.filter(|owner| {
            let name = owner.split_once('/').map(|(_, name)| name);
            name == Some(pod)
        });
        Some(named.cloned().unwrap_or_else(|| format!("pod/{pod}")))
    };
    match who.kind {
        TargetKind::Pod => pod(),
        TargetKind::Node => who.node.as_ref().map(|node| format!("node/{node}")),
        TargetKind::Process => who.pid.map(|pid| format!("pid:{pid}")),
        TargetKind::Local => Some("local".into()),
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
    let about = &report.run;
    let runbooks = match about.runbooks.as_slice() {
        [] => std::slice::from_ref(&about.runbook),
        several => several,
    };
    let mut words = vec!["housecall".to_owned(), "run".to_owned()];
    let called = |one: &RunbookRef| one.file.clone().unwrap_or_else(|| one.id.clone());
    words.extend(runbooks.iter().map(called));
    words.extend(targets.iter().filter_map(|target| word(&target.target)));
    let containers: BTreeSet<_> = targets
        .iter()
        .filter_map(|target| target.target.container.as_ref())
        .collect();
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
        let own = name.rsplit('/').next().unwrap_or(name);
        if stated || value.is_null() || text == mask_of(own) {
            continue;
        }
        if text.contains(MASK) {
            return Err(Failure::usage(format!(
                "the param `{name}` is masked in the report of run {}\n  help: give it again: -p {name}=VALUE",
                about.id
            )));
        }
        words.extend(["-p".into(), format!("{name}={text}")]);
    }
    words.extend(options.iter().cloned());
    Ok(words)
}
