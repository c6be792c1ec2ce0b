//! `housecall merge`: the reports of shards, or of retries, as one.

use housecall::report::{Part, merge};

use super::args::MergeArgs;
use super::exit::Failure;
use super::outputs::Outputs;
use super::saved;

/// Joins the reports. The code is that of the whole: it is a judgement that no single run has made.
pub(crate) fn run(args: &MergeArgs) -> Result<u8, Failure> {
    let mut parts = Vec::new();
    let mut unreadable = Vec::new();
    for path in &args.reports {
        match saved::report(path) {
            Ok(report) => parts.push(Part {
                origin: path.display().to_string(),
                report,
            }),
            Err(failure) => unreadable.push(failure),
        }
    }
    if let Some(failure) = Failure::all(unreadable) {
        return Err(failure);
    }
    let whole = merge(parts).map_err(|unjoinable| Failure::usage(unjoinable.to_string()))?;
    let code = whole.exit.as_ref().map_or(5, |exit| exit.code);
    Outputs::open(&args.formats)?.again(&whole)?;
    Ok(code)
}
