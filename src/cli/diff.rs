//! `housecall diff` and `housecall baseline`: two reports side by side.

use housecall::render::{Format, comparison};
use housecall::report::{CheckChange, Comparison, Status, compare};

use super::args::{BaselineArgs, DiffArgs, Output};
use super::exit::Failure;
use super::{print, saved};

/// Tells what changed. 0 when no verdict did, and the same targets were examined; 1 when not. Facts and outputs that moved are told,
/// and count for nothing: hardly anything that lives says the same twice.
pub(crate) fn run(args: &DiffArgs) -> Result<u8, Failure> {
    let told = compare(&saved::report(&args.before)?, &saved::report(&args.after)?);
    tell(&told, &args.output)?;
    let same = told.gone.is_empty()
        && told.new.is_empty()
        && told
            .changed
            .iter()
            .all(|change| change.before == change.after && change.checks.is_empty());
    Ok(u8::from(!same))
}

/// Tells what got worse than in a report that was kept. 0 when nothing did, 1 when a check fails that did not then, 5 when something
/// can no longer be looked at, or a target is gone.
pub(crate) fn baseline(args: &BaselineArgs) -> Result<u8, Failure> {
    let mut told = compare(&saved::report(&args.kept)?, &saved::report(&args.report)?);
    let counts = |check: &CheckChange| check.worse() && check.severity >= args.fail_on;
    told.changed.retain_mut(|change| {
        change.checks.retain(counts);
        change.facts.clear();
        change.outputs.clear();
        !change.checks.is_empty()
    });
    tell(&told, &args.output)?;
    Ok(code(&told))
}

fn code(told: &Comparison) -> u8 {
    let mut checks = told.changed.iter().flat_map(|change| &change.checks);
    let fails = |check: &CheckChange| {
        let verdict = check.after.map(|verdict| verdict.status());
        matches!(verdict, Some(Status::Fail | Status::Warn))
    };
    if checks.clone().any(fails) {
        1
    } else if checks.next().is_some() || !told.gone.is_empty() {
        5
    } else {
        0
    }
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
