//! `housecall render`: a saved report in any format, as the run itself would have written it.

use super::args::RenderArgs;
use super::exit::Failure;
use super::outputs::Outputs;
use super::saved;

/// Renders the report. The code tells whether it could be rendered, not what it says.
pub(crate) fn run(args: &RenderArgs) -> Result<u8, Failure> {
    // Read before anything is opened to be written: both may be the same file.
    let report = saved::report(&args.report)?;
    Outputs::open(&args.formats)?.again(&report)?;
    Ok(0)
}
