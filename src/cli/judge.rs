//! `housecall judge` and `housecall replay`: the answers of a recorded run through a runbook again. Nobody is asked: what the runbook
//! asks now and was not asked then comes out as *could not look*.

use housecall::cluster::replay::Recorded;
use housecall::runbook::Runbook;

use super::args::{JudgeArgs, ReplayArgs};
use super::exit::Failure;
use super::recording;
use super::visit::load;

/// Judges by the runbook as it is now, or by another one. The code is that of a run.
pub(crate) async fn run(args: JudgeArgs) -> Result<u8, Failure> {
    let recorded = recording::read(&args.bundle)?;
    let runbook = match &args.runbook {
        Some(word) => load(word)?,
        None => own(&recorded)?,
    };
    recording::judge(
        recorded,
        &runbook,
        args.fail_on,
        (args.redact.as_deref(), args.waivers.as_deref()),
        &args.output,
    )
    .await
}

/// Plays it back as it was: with the very runbook, or not at all.
pub(crate) async fn replay(args: ReplayArgs) -> Result<u8, Failure> {
    let recorded = recording::read(&args.bundle)?;
    let runbook = own(&recorded)?;
    let then = &recorded.about()["runbook"]["digest"];
    if *then != runbook.digest {
        return Err(Failure::usage(format!(
            "the runbook {} has changed since the run\n  help: `housecall judge {}` judges what was recorded with the runbook as it is now",
            runbook.origin,
            args.bundle.display()
        )));
    }
    recording::judge(recorded, &runbook, None, (None, None), &args.output).await
}

/// The runbook that a run was made with, as it is now: where it was then, or the shipped one of that name.
fn own(recorded: &Recorded) -> Result<Runbook, Failure> {
    let about = recorded.about();
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
