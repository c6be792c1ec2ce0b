//! SARIF 2.1.0, for code scanning: a rule for each check, a result for each thing that was found.
//!
//! What was found at many pods of one workload is one result, with its count and the pods as logical locations. Its fingerprint is made
//! of the check, the workload and the message without what is a pod's own (name, node, addresses, moments, numbers): a rollout gives
//! every pod a new name, and must not make old findings new. The physical location is the runbook: it is what asks for the check.
//!
//! What could not be looked at is no finding about the patient: it is a notification of the tool, and the invocation did not succeed.

use std::collections::HashMap;
use std::io::{self, Write};

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::case::{Case, cases, run_case};
use super::json;
use super::prose::{line, within};
use crate::report::{Report, Severity, TargetReport, Verdict, common, workload};
use crate::sarif::{log, uri};

/// Pods that are named in one result.
const NAMED: usize = 100;

/// Notifications that are written at most.
const NOTED: usize = 1000;

/// Writes the log.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut log = Log::default();
    for target in &report.targets {
        for case in cases(target) {
            log.rule(&case);
            match case.verdict {
                Verdict::Skip if case.is_waived() => log.result(report, target, &case),
                Verdict::Pass | Verdict::Skip => {}
                Verdict::Fail | Verdict::Warn | Verdict::Flaky => log.result(report, target, &case),
                _ => log.note(Some(&target.target.to_string()), &case),
            }
        }
    }
    if let Some(case) = run_case(report) {
        log.rule(&case);
        log.note(None, &case);
    }
    out.write_all(json::pretty(&log.whole(report))?.as_bytes())
}

#[derive(Default)]
struct Log {
    rules: Vec<Value>,
    rule_places: HashMap<String, usize>,
    results: Vec<Value>,
    result_places: HashMap<String, usize>,
    notes: Vec<Value>,
    untold: usize,
}

impl Log {
    fn rule(&mut self, case: &Case<'_>) {
        let id = line(&case.id);
        if self.rule_places.contains_key(&id) {
            return;
        }
        self.rule_places.insert(id.clone(), self.rules.len());
        let mut rule = Map::new();
        rule.insert("id".into(), json!(id));
        rule.insert(
            "shortDescription".into(),
            json!({"text": format!("{id} holds")}),
        );
        if let Some(hint) = case.hint {
            rule.insert("help".into(), json!({"text": line(hint)}));
        }
        if let Some(url) = case.url.filter(|url| is_web(url)) {
            rule.insert("helpUri".into(), json!(url));
        }
        rule.insert(
            "defaultConfiguration".into(),
            json!({"level": level(case.severity)}),
        );
        self.rules.push(rule.into());
    }

    fn result(&mut self, report: &Report, target: &TargetReport, case: &Case<'_>) {
        let workload = workload(target);
        let message = case.message.as_deref().unwrap_or(case.verdict.word());
        let print = fingerprint(&case.id, &workload, &common(message, target));
        let place = json!({
            "name": line(&target.target.to_string()),
            "fullyQualifiedName": line(&workload),
            "kind": "resource",
        });
        if let Some(at) = self.result_places.get(&print) {
            let result = &mut self.results[*at];
            let count = result["occurrenceCount"].as_u64().unwrap_or(1);
            result["occurrenceCount"] = json!(count + 1);
            if let Some(places) = result["locations"][0]["logicalLocations"].as_array_mut()
                && places.len() < NAMED
            {
                places.push(place);
            }
            return;
        }
        self.result_places.insert(print.clone(), self.results.len());
        let mut result = json!({
            "ruleId": line(&case.id),
            "ruleIndex": self.rule_places.get(&line(&case.id)),
            "level": level(case.severity),
            "message": {"text": line(message)},
            "occurrenceCount": 1,
            "locations": [{
                "physicalLocation": {
                    "artifactLocation": {"uri": origin(report)},
                    "region": {"startLine": 1},
                },
                "logicalLocations": [place],
            }],
            "partialFingerprints": {"housecallFinding/v1": print},
            "properties": {"verdict": case.verdict.word(), "severity": case.severity.word()},
        });
        if case.is_waived() {
            result["suppressions"] = json!([{
                "kind": "external",
                "status": "accepted",
                "justification": line(message),
            }]);
        }
        self.results.push(result);
    }

    fn note(&mut self, target: Option<&str>, case: &Case<'_>) {
        if self.notes.len() >= NOTED {
            self.untold += 1;
            return;
        }
        let about = target.map_or_else(String::new, |target| format!("{target} "));
        let text = format!(
            "{about}{}: {}: {}",
            case.id,
            case.verdict.word(),
            case.headline()
        );
        let id = line(&case.id);
        let rule = self.rule_places.get(&id);
        self.notes.push(json!({
            "level": "error",
            "message": {"text": line(&text)},
            "associatedRule": {"id": id, "index": rule},
        }));
    }

    fn whole(mut self, report: &Report) -> Value {
        if self.untold > 0 {
            let text = format!("{} more could not be looked at", self.untold);
            self.notes
                .push(json!({"level": "error", "message": {"text": text}}));
        }
        let run = &report.run;
        let stamp = |at: jiff::Timestamp| at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
        let mut invocation = json!({
            "executionSuccessful": self.notes.is_empty(),
            "startTimeUtc": stamp(run.started),
            "toolExecutionNotifications": self.notes,
        });
        if let Some(at) = run.finished {
            invocation["endTimeUtc"] = json!(stamp(at));
        }
        if let Some(exit) = &report.exit {
            invocation["exitCode"] = json!(exit.code);
        }
        let id = format!("{}/{}", line(&run.runbook.id), line(&run.id));
        let said = Map::from_iter([
            ("automationDetails".to_owned(), json!({ "id": id })),
            ("invocations".to_owned(), json!([invocation])),
            ("results".to_owned(), self.results.into()),
        ]);
        log(&line(&run.version), self.rules, said)
    }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "note",
        Severity::Warning => "warning",
        Severity::Error | Severity::Critical => "error",
    }
}

fn fingerprint(check: &str, workload: &str, message: &str) -> String {
    let mut still = String::with_capacity(message.len());
    for c in message.chars() {
        match c {
            '0'..='9' if still.ends_with('#') => {}
            '0'..='9' => still.push('#'),
            c => still.push(c),
        }
    }
    let mut digest = Sha256::new();
    for part in [check, workload, &still] {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    let bytes = digest.finalize();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn is_web(url: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=%".contains(c);
    let web = url.starts_with("https://") || url.starts_with("http://");
    web && url.len() < 2000 && url.chars().all(plain)
}

/// The runbook: its file, or its id where it has none.
fn origin(report: &Report) -> String {
    let runbook = &report.run.runbook;
    uri(&within(runbook.file.as_ref().unwrap_or(&runbook.id), 400))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Status;
    use crate::target::Target;

    fn target(owner: Option<&str>, hash: Option<&str>) -> TargetReport {
        let mut target = Target::pod("shop", "web-7d9f-x2x");
        target.owner = owner.map(str::to_owned);
        if let Some(hash) = hash {
            target
                .labels
                .insert("pod-template-hash".into(), hash.into());
        }
        TargetReport {
            target,
            attach: None,
            status: Status::Fail,
            reason: None,
            steps: Vec::new(),
        }
    }

    #[test]
    fn a_workload_has_no_mark_of_a_rollout() {
        for (owner, hash, workload_is) in [
            (
                Some("replicaset/web-7d9f"),
                Some("7d9f"),
                "shop/replicaset/web",
            ),
            (Some("replicaset/web-7d9f"), None, "shop/replicaset/web"),
            (
                Some("statefulset/db-main"),
                None,
                "shop/statefulset/db-main",
            ),
            (None, None, "shop/web-7d9f-x2x"),
        ] {
            assert_eq!(workload(&target(owner, hash)), workload_is);
        }
    }

    #[test]
    fn a_finding_keeps_its_fingerprint_over_pods_moments_and_counts() {
        let one = target(Some("replicaset/web-7d9f"), None);
        let print = |text: &str| fingerprint("a", "w", &common(text, &one));
        let first = print("web-7d9f-x2x has 12 of 10.0.0.1 at 12:00:00");
        assert_eq!(first, print("web-7d9f-x2x has 3 of 10.0.0.27 at 13:01:02"));
        assert_ne!(first, print("web-7d9f-x2x had 12 of 10.0.0.1 at 12:00:00"));
        assert_ne!(fingerprint("a", "bc", ""), fingerprint("ab", "c", ""));
    }
}
