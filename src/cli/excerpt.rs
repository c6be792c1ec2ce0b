//! The files of `--redact` and `--waivers`.

use std::path::Path;

use housecall::report::Rules;
use housecall::runbook::{Diagnostic, Waiver, redaction, waivers};

use super::exit::Failure;
use super::visit::{drawn, text};

/// The rules of a file of `--redact`; none where no file is named.
pub(crate) fn rules(file: Option<&Path>) -> Result<Rules, Failure> {
    let told = (
        "rules of redaction",
        "with `redact:` in it, as a runbook has it",
    );
    excerpt(file, told, redaction)
}

/// The waivers of a file of `--waivers`; none where no file is named.
pub(crate) fn waived(file: Option<&Path>) -> Result<Vec<Waiver>, Failure> {
    excerpt(file, ("waivers", "that `housecall waive` wrote"), waivers)
}

/// What a file holds, or all that is wrong with it.
fn excerpt<T: Default>(
    file: Option<&Path>,
    (what, which): (&str, &str),
    read: impl FnOnce(&str, &str) -> Result<T, Vec<Diagnostic>>,
) -> Result<T, Failure> {
    let Some(file) = file else {
        return Ok(T::default());
    };
    let origin = file.display().to_string();
    let source = text(file).map_err(|error| {
        Failure::usage(format!(
            "failed to read the {what} in {origin}: {error}\n  help: name a file {which}"
        ))
    })?;
    read(&source, &origin).map_err(|problems| Failure::drawn(drawn(&problems)))
}
