//! Waivers in a file of their own (`--waivers FILE`): what a house knows to fail, over all its runbooks.

use super::document::Waiver;
use super::governance;
use super::reader::Reader;
use super::source::{Diagnostic, Level};
use crate::yaml;

/// Reads a file that holds `waivers:` as a runbook does, of checks of any runbook. `origin` is what messages call it. Gives the waivers,
/// or everything that is wrong with the file.
pub fn waivers(source: &str, origin: &str) -> Result<Vec<Waiver>, Vec<Diagnostic>> {
    let mut reader = Reader::new(yaml::without_mark(source), origin);
    let (node, errors) = yaml::read_on(source);
    for error in errors {
        reader.complain(Level::Error, error.span, error.headline, error.fix);
    }
    let mut waivers = Vec::new();
    if let Some(node) = node
        && let Some(fields) = reader.fields(&node, "the file", &["waivers"], &[])
    {
        match fields.get("waivers") {
            Some(node) => waivers = governance::waivers(&mut reader, node, &[]),
            None => reader.error(
                fields.span,
                "the file has no `waivers`",
                "write one with `housecall waive CHECK`",
            ),
        }
    }
    if reader.failed() {
        return Err(reader.finish());
    }
    Ok(waivers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_waivers_is_read_as_a_runbook_reads_them_for_checks_of_any_runbook() {
        let text =
            "waivers:\n- {check: not-slow, reason: moved soon, owner: web, until: 2026-12-31}\n";
        let read = waivers(text, "w.yaml").unwrap();
        assert_eq!(read[0].owner.as_deref(), Some("web"));
        for (text, headline) in [
            ("", "the file is nothing"),
            ("waiver: []", "waiver"),
            (
                "waivers: [{check: a}]",
                "a waiver needs `check` and `reason`",
            ),
            (
                "waivers: [{check: A B, reason: x}]",
                "there is no check `A B`",
            ),
            (
                "waivers: [{check: a, reason: x, until: soon}]",
                "`until` is no day",
            ),
        ] {
            let found = waivers(text, "w.yaml").unwrap_err();
            assert!(
                found.iter().any(|one| one.headline.contains(headline)),
                "{text}: {found:?}"
            );
        }
    }
}
