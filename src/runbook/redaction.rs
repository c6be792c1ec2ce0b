//! Rules of redaction in a file of their own (`--redact FILE`): what a house masks whatever the runbook.

use super::governance;
use super::reader::Reader;
use super::source::{Diagnostic, Level};
use crate::report::Rules;
use crate::yaml;

/// Reads a file that holds `redact:` as a runbook does. `origin` is what messages call it. Where it says nothing of the built-in rules,
/// the runbook does. Gives the rules, or everything that is wrong with the file.
pub fn redaction(source: &str, origin: &str) -> Result<Rules, Vec<Diagnostic>> {
    let mut reader = Reader::new(yaml::without_mark(source), origin);
    let (node, errors) = yaml::read_on(source);
    for error in errors {
        reader.complain(Level::Error, error.span, error.headline, error.fix);
    }
    let mut rules = Rules::default();
    if let Some(node) = node
        && let Some(fields) = reader.fields(&node, "the file", &["redact"], &[])
    {
        match fields.get("redact") {
            Some(node) => rules = governance::redact(&mut reader, Some(node), false),
            None => reader.error(
                fields.span,
                "the file has no `redact`",
                "write `redact: {rules: [{name: session, regex: 'sid=(?<mask>[^;]+)'}]}`",
            ),
        }
    }
    if reader.failed() {
        return Err(reader.finish());
    }
    Ok(rules)
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
}
