//! `housecall schema`: the JSON Schema of runbooks, for editors, or of reports, for whoever reads them.

use super::args::{SchemaArgs, SchemaOf};
use super::exit::Failure;
use super::print;

/// Prints the schema to stdout.
pub(crate) fn run(args: &SchemaArgs) -> Result<u8, Failure> {
    let schema = match args.of {
        SchemaOf::Runbook => housecall::runbook::schema(),
        SchemaOf::Report => housecall::report::schema(),
    };
    let text = serde_json::to_string_pretty(&schema)
        .map_err(|error| Failure::could_not("write the schema", &error))?;
    print(&(text + "\n"))
}
