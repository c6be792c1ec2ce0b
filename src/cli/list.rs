//! `housecall list`: the shipped runbooks, a line each.

use std::io::Write;

use housecall::catalog::Catalog;
use housecall::runbook::Runbook;

use super::exit::Failure;

/// Prints name and title of every shipped runbook.
pub(crate) fn run() -> Result<u8, Failure> {
    let mut out = std::io::stdout().lock();
    for shipped in Catalog::list() {
        let title = Runbook::parse(shipped.source, shipped.name)
            .map_or_else(|_| String::new(), |(runbook, _)| runbook.title);
        writeln!(out, "{:<20} {title}", shipped.name)
            .map_err(|error| Failure::could_not("write to stdout", &error))?;
    }
    Ok(0)
}
