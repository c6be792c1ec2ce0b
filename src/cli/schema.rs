//! `housecall schema`: the JSON Schema of runbooks, for editors.

use super::exit::Failure;
use super::print;

/// Prints the schema to stdout.
pub(crate) fn run() -> Result<u8, Failure> {
    let schema = housecall::runbook::schema();
    let text = serde_json::to_string_pretty(&schema)
        .map_err(|error| Failure::could_not("write the schema", &error))?;
    print(&(text + "\n"))
}
