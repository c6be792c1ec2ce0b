//! What was found in many runbooks, for programs: as JSON, and as SARIF 2.1.0 for code scanning.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::source::{Diagnostic, Level};
use crate::sarif::{log, uri};

/// One runbook that was looked at.
#[derive(Clone, Debug, Serialize)]
pub struct Findings {
    /// File name as given, or the name of a shipped runbook.
    pub file: String,
    /// Why it could not be read at all.
    pub unread: Option<String>,
    /// All that is wrong or odd with it, in the order of the source.
    pub diagnostics: Vec<Diagnostic>,
}

impl Findings {
    /// True for one that cannot be run.
    pub fn failed(&self) -> bool {
        self.unread.is_some() || self.count(Level::Error) > 0
    }

    /// How many complaints of this level it has.
    pub fn count(&self, level: Level) -> usize {
        self.diagnostics
            .iter()
            .filter(|one| one.level == level)
            .count()
    }
}

/// A log of SARIF 2.1.0 (OASIS). Columns count code points; a file that cannot be read is a result without a region.
pub fn sarif(all: &[Findings], version: &str) -> Value {
    let mut results = Vec::new();
    for findings in all {
        if let Some(why) = &findings.unread {
            let place = json!({"artifactLocation": {"uri": uri(&findings.file)}});
            results.push(result("unread-runbook", "error", why, place));
        }
        for one in &findings.diagnostics {
            let (rule, level) = match one.level {
                Level::Error => ("broken-runbook", "error"),
                Level::Warning => ("odd-runbook", "warning"),
            };
            let text = match &one.fix {
                Some(fix) => format!("{}; help: {fix}", one.headline),
                None => one.headline.clone(),
            };
            // A complaint may be about a runbook that this one includes.
            let mut place = json!({"artifactLocation": {"uri": uri(&one.origin)}});
            place["region"] = json!({
                "startLine": one.line,
                "startColumn": one.column,
                "endColumn": one.column + one.length,
            });
            results.push(result(rule, level, &text, place));
        }
    }
    let rule = |id: &str, text: &str| json!({"id": id, "shortDescription": {"text": text}});
    let rules = vec![
        rule("broken-runbook", "The runbook cannot be run."),
        rule(
            "odd-runbook",
            "The runbook can be run, but something in it is probably not meant.",
        ),
        rule("unread-runbook", "The runbook cannot be read."),
    ];
    let said = Map::from_iter([("results".to_owned(), results.into())]);
    log(version, rules, said)
}

fn result(rule: &str, level: &str, text: &str, place: Value) -> Value {
    json!({
        "ruleId": rule,
        "level": level,
        "message": {"text": text},
        "locations": [{"physicalLocation": place}],
    })
}
