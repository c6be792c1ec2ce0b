//! A file that holds one key of a runbook, for all runbooks of a house: `--redact FILE`, `--waivers FILE`.

use super::document::Waiver;
use super::governance;
use super::reader::Reader;
use super::source::{Diagnostic, Level};
use crate::report::Rules;
use crate::yaml::{self, Node};

/// Reads a file that holds `redact:` as a runbook does. `origin` is what messages call it. Where it says nothing of the built-in rules,
/// the runbook does. Gives the rules, or everything that is wrong with the file.
pub fn redaction(source: &str, origin: &str) -> Result<Rules, Vec<Diagnostic>> {
    let fix = "write `redact: {rules: [{name: session, regex: 'sid=(?<mask>[^;]+)'}]}`";
    excerpt(source, origin, ("redact", fix), |reader, node| {
        governance::redact(reader, Some(node), false)
    })
}

/// Reads a file that holds `waivers:` as a runbook does, of checks of any runbook. `origin` is what messages call it. Gives the waivers,
/// or everything that is wrong with the file.
pub fn waivers(source: &str, origin: &str) -> Result<Vec<Waiver>, Vec<Diagnostic>> {
    let fix = "write one with `housecall waive CHECK`";
    excerpt(source, origin, ("waivers", fix), |reader, node| {
        governance::waivers(reader, node, &[])
    })
}

/// Reads the value of the file's only key; without that key, `fix` is what to do.
fn excerpt<T: Default>(
    source: &str,
    origin: &str,
    (key, fix): (&str, &str),
    read: impl FnOnce(&mut Reader<'_>, &Node) -> T,
) -> Result<T, Vec<Diagnostic>> {
    let mut reader = Reader::new(yaml::without_mark(source), origin);
    let (node, errors) = yaml::read_on(source);
    for error in errors {
        reader.complain(Level::Error, error.span, error.headline, error.fix);
    }
    let mut value = T::default();
    if let Some(node) = node
        && let Some(fields) = reader.fields(&node, "the file", &[key], &[])
    {
        match fields.get(key) {
            Some(node) => value = read(&mut reader, node),
            None => reader.error(fields.span, format!("the file has no `{key}`"), fix),
        }
    }
    if reader.failed() {
        return Err(reader.finish());
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_rules_is_read_as_a_runbook_reads_them_and_leaves_the_built_in_ones_to_it() {
        let text =
            "redact:\n  rules:\n    - {name: sid, regex: 'sid=(?<mask>[a-z]+)', only: [a]}\n";
        let rules = redaction(text, "rules.yaml").unwrap();
        assert_eq!((rules.own.len(), rules.builtin), (1, false));
        assert!(
            redaction("redact: {builtin: true}", "r.yaml")
                .unwrap()
                .builtin
        );
        for (text, headline) in [
            ("", "the file is nothing"),
            ("rules: []", "rules"),
            ("redact: {rule: []}", "rule"),
            ("redact: {rules: [{name: a, regex: '('}]}", ""),
            (
                "redact: {rules: [{name: a}]}",
                "a rule needs `name` and `regex`",
            ),
            ("redact: [", ""),
        ] {
            let found = redaction(text, "r.yaml").unwrap_err();
            assert!(
                found.iter().any(|one| one.headline.contains(headline)),
                "{text}: {found:?}"
            );
        }
    }

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
