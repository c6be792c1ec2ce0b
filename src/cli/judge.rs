//! `housecall judge` and `housecall replay`: the answers of a recorded run through a runbook again. Nobody is asked: what the runbook
//! asks now and was not asked then comes out as *could not look*.

use housecall::cluster::replay::Recorded;
use housecall::runbook::Runbook;
use serde_json::Value;

use super::args::{JudgeArgs, ReplayArgs};
use super::exit::Failure;
use super::recording;
use super::visit::{all, load};

/// Judges by the runbook as it is now, or by another one. The code is that of a run.
pub(crate) async fn run(args: JudgeArgs) -> Result<u8, Failure> {
    let recorded = recording::read(&args.bundle)?;
    let runbooks = match args.runbook.as_slice() {
        [] => own(&recorded)?,
        named => all(named)?,
    };
    recording::judge(
        recorded,
        &runbooks,
        args.fail_on,
        (args.redact.as_deref(), args.waivers.as_deref()),
        &args.output,
    )
    .await
}

/// Plays it back as it was: with the very runbook, or not at all.
pub(crate) async fn replay(args: ReplayArgs) -> Result<u8, Failure> {
    let recorded = recording::read(&args.bundle)?;
    let runbooks = own(&recorded)?;
    for (at, runbook) in runbooks.iter().enumerate() {
        let then = &recorded.about()["runbooks"][at]["runbook"]["digest"];
        if *then != runbook.digest {
            return Err(Failure::usage(format!(
                "the runbook {} has changed since the run\n  help: `housecall judge {}` judges what was recorded with the runbook as it is now",
                runbook.origin,
                args.bundle.display()
            )));
        }
    }
    recording::judge(recorded, &runbooks, None, (None, None), &args.output).await
}

/// The runbooks that a run was made with, as they are now: where each was then, or the shipped one of that name.
fn own(recorded: &Recorded) -> Result<Vec<Runbook>, Failure> {
    let runbooks = recorded.about()["runbooks"].as_array();
    runbooks.into_iter().flatten().map(one).collect()
}

fn one(about: &Value) -> Result<Runbook, Failure> {
    let words = [&about["origin"], &about["runbook"]["id"]];
    let mut words = words.into_iter().filter_map(|word| word.as_str());
    let missing = |word: &str| {
        Failure::usage(format!(
            "the run was made with the runbook {word}, which is not here\n  help: name it, or its successor, with --runbook"
        ))
    };
    let origin = words.next().unwrap_or_default();
    let found = std::iter::once(origin)
        .chain(words)
        .find(|word| super::visit::source(word).is_ok());
    load(found.ok_or_else(|| missing(origin))?)
}
