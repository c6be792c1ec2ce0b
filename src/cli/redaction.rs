//! The file of `--redact`.

use std::path::Path;

use housecall::report::Rules;
use housecall::runbook::redaction;

use super::exit::Failure;
use super::visit::{drawn, text};

/// The rules of a file, or all that is wrong with it; none where no file is named.
pub(crate) fn rules(file: Option<&Path>) -> Result<Rules, Failure> {
    let Some(file) = file else {
        return Ok(Rules::default());
    };
    let source = text(file).map_err(|error| {
        Failure::usage(format!(
            "failed to read the rules of redaction in {}: {error}\n  help: name a file with `redact:` in it, as a runbook has it",
            file.display()
        ))
    })?;
    redaction(&source, &file.display().to_string())
        .map_err(|problems| Failure::drawn(drawn(&problems)))
}
