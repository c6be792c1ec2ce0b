//! `housecall diff` and `housecall baseline`: two reports side by side.

use housecall::render::{Format, comparison};
use housecall::report::{
    CheckChange, Comparison, Report, Status, TargetChange, Verdict, compare, graver,
};

use super::args::{BaselineArgs, DiffArgs, Output};
use super::exit::Failure;
use super::{print, saved};

/// Tells what changed. 0 when no verdict did, and the same targets were examined; 1 when not. Facts and outputs that moved are told,
/// and count for nothing: hardly anything that lives says the same twice.
pub(crate) fn run(args: &DiffArgs) -> Result<u8, Failure> {
    let told = compare(&saved::report(&args.before)?, &saved::report(&args.after)?);
    tell(&told, &args.output)?;
    let still =
        |change: &TargetChange| change.before == Some(change.after) && change.checks.is_empty();
    let same = told.gone.is_empty() && told.changed.iter().all(still);
    Ok(u8::from(!same))
}

/// Tells what got worse than in a report that was kept. The code is that of the later run, but for checks that failed already: 1 when
/// one fails that did not then, 5 when a target is gone or the run was cut short. So what could not be looked at is never 0.
pub(crate) fn baseline(args: &BaselineArgs) -> Result<u8, Failure> {
    let (kept, report) = (saved::report(&args.kept)?, saved::report(&args.report)?);
    let mut told = compare(&kept, &report);
    let all = told.changed.len();
    let counts = |check: &CheckChange| check.worse() && check.severity >= args.fail_on;
    told.changed.retain_mut(|change| {
        change.checks.retain(counts);
        change.facts.clear();
        change.outputs.clear();
        let lost = change.after == Status::Error && change.before != Some(Status::Error);
        lost || !change.checks.is_empty()
    });
    told.unchanged += all - told.changed.len();
    tell(&told, &args.output)?;
    Ok(code(&report, &told))
}

fn code(report: &Report, told: &Comparison) -> u8 {
    let mut checks = told.changed.iter().flat_map(|change| &change.checks);
    let anew = checks.any(|check| {
        let verdict = check.after.map(Verdict::status);
        matches!(verdict, Some(Status::Fail | Status::Warn))
    });
    let run = match &report.exit {
        Some(exit) => [&[exit.code], &exit.also[..]].concat(),
        None => vec![5],
    };
    let gone = (!told.gone.is_empty()).then_some(5);
    run.into_iter()
        .filter(|code| *code != 1)
        .chain(anew.then_some(1))
        .chain(gone)
        .fold(0, graver)
}

fn tell(told: &Comparison, wanted: &[Output]) -> Result<u8, Failure> {
    let json = match wanted {
        [] => false,
        [
            Output {
                format: format @ (Format::Terminal | Format::Json),
                file: None,
            },
        ] => *format == Format::Json,
        _ => {
            return Err(Failure::usage(
                "a comparison is told on stdout, as `terminal` or as `json`\n  help: write `-o json`, and let the shell name the file",
            ));
        }
    };
    let mut text = Vec::new();
    let written = if json {
        serde_json::to_writer_pretty(&mut text, told)
            .map_err(std::io::Error::from)
            .map(|()| text.push(b'\n'))
    } else {
        comparison(told, &mut text)
    };
    written.map_err(|error| Failure::could_not("write the comparison", &error))?;
    print(&String::from_utf8_lossy(&text))
}
