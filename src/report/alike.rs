//! Putting targets together that say the same: a fleet is then a few groups, and what stands alone is seen.
//!
//! Two targets are alike where they come to the same status, and every step of one came to the same status, exit code and output as
//! that of the other, once what is a target's own (its name, its node, addresses, UIDs, moments) is taken out of the output.

use std::sync::LazyLock;

use regex::Regex;
use serde::{Deserialize, Serialize};

use super::outcome::{Status, StepReport};
use super::redact::unkeyed;
use super::run::TargetReport;

/// What is a target's own, and says nothing of how it fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Own {
    /// The name of its pod.
    Pod,
    /// The name of its node.
    Node,
    /// Addresses of IP, whosever.
    Ip,
    /// UIDs, whosever.
    Uid,
    /// Moments: dates with a time, and times of day.
    Time,
}

impl Own {
    /// Each with its word in runbooks.
    pub const WORDS: [(Self, &'static str); 5] = [
        (Self::Pod, "pod"),
        (Self::Node, "node"),
        (Self::Ip, "ip"),
        (Self::Uid, "uid"),
        (Self::Time, "time"),
    ];
}

/// Targets that say the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// What each of them comes to.
    pub status: Status,
    /// Why, of the first; `null` where all is well.
    pub reason: Option<String>,
    /// Who they are, as reports name them, in the order in which they were found.
    pub targets: Vec<String>,
}

/// The groups of a run, the largest first, and of equal ones the one that was found first.
pub fn groups(targets: &[TargetReport], own: &[Own]) -> Vec<Group> {
    let mut groups: Vec<(String, Group)> = Vec::new();
    for target in targets {
        let said = said(target, own);
        let name = target.target.to_string();
        match groups.iter_mut().find(|(known, _)| *known == said) {
            Some((_, group)) => group.targets.push(name),
            None => {
                let group = Group {
                    status: target.status,
                    reason: reason(target),
                    targets: vec![name],
                };
                groups.push((said, group));
            }
        }
    }
    let mut groups: Vec<_> = groups.into_iter().map(|(_, group)| group).collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.targets.len()));
    groups
}

/// Why a target does not pass: its own reason, or that of the first step that does not.
fn reason(target: &TargetReport) -> Option<String> {
    let bad = |step: &&StepReport| step.status.status() == target.status;
    let step = || {
        let step = target.steps.iter().find(bad)?;
        Some(format!("{}: {}", step.id, step.reason.as_deref()?))
    };
    match target.status {
        Status::Pass => None,
        _ => target.reason.clone().or_else(step),
    }
}

/// All that a target says, without what is its own.
fn said(target: &TargetReport, own: &[Own]) -> String {
    let mut said = format!("{}\n", target.status.word());
    said.extend(target.reason.as_deref());
    for step in &target.steps {
        let exits: Vec<_> = step.attempts.iter().map(|attempt| attempt.exit).collect();
        said.push_str(&format!("\n{} {} {exits:?}\n", step.id, step.status.word()));
        for attempt in &step.attempts {
            for output in [&attempt.stdout, &attempt.stderr] {
                said.extend(output.text.as_deref().or(output.base64.as_deref()));
                said.push('\n');
            }
        }
        for artifact in &step.artifacts {
            said.push_str(&format!("{} {}\n", artifact.name, artifact.sha256));
        }
    }
    own.iter()
        .fold(said, |said, own| without(said, target, *own))
}

/// A text without what is this target's own, or its run's: what is left is alike over targets and over runs where they say the same.
pub fn common(text: &str, target: &TargetReport) -> String {
    Own::WORDS
        .iter()
        .fold(unkeyed(text), |text, (own, _)| without(text, target, *own))
}

fn without(said: String, target: &TargetReport, own: Own) -> String {
    let name = |name: &Option<String>, said: String| match name.as_deref() {
        Some(name) if !name.is_empty() => said.replace(name, "…"),
        _ => said,
    };
    let shape = |pattern: &Option<Regex>, said: String| match pattern {
        Some(pattern) => pattern.replace_all(&said, "…").into_owned(),
        None => said,
    };
    match own {
        Own::Pod => name(&target.target.pod, said),
        Own::Node => name(&target.target.node, said),
        Own::Ip => shape(&SHAPES.ip, said),
        Own::Uid => shape(&SHAPES.uid, said),
        Own::Time => shape(&SHAPES.time, said),
    }
}

struct Shapes {
    ip: Option<Regex>,
    uid: Option<Regex>,
    time: Option<Regex>,
}

static SHAPES: LazyLock<Shapes> = LazyLock::new(|| {
    Shapes {
    // Of IPv6 what cannot be a time of day: `::`, or more than three groups.
    ip: Regex::new(
        r"(?i)\b\d{1,3}(?:\.\d{1,3}){3}\b|(?:\b[0-9a-f]{1,4}:){3,7}[0-9a-f]{1,4}\b|(?:\b[0-9a-f]{1,4}(?::[0-9a-f]{1,4})*)?::(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4})*\b)?",
    )
    .ok(),
    uid: Regex::new(r"(?i)\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b").ok(),
    time: Regex::new(
        r"(?:\b\d{4}[-/]\d\d[-/]\d\d[T ]|\b)\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z\b|[+-]\d\d:?\d\d\b)?",
    )
    .ok(),
}
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ask::{Answer, Captured, Ended};
    use crate::report::{AttemptReport, Phase, Verdict};
    use crate::target::Target;

    fn target(pod: &str, out: &str) -> TargetReport {
        let answer = Answer {
            ended: Ended::Exited(0),
            stdout: Captured::whole(out),
            stderr: Captured::default(),
            started: jiff::Timestamp::UNIX_EPOCH,
            duration: std::time::Duration::ZERO,
            file: None,
            remarks: Vec::new(),
            progress: None,
        };
        TargetReport {
            target: Target {
                node: Some("node-7".into()),
                ..Target::pod("shop", pod)
            },
            attach: None,
            status: Status::Pass,
            reason: None,
            steps: vec![StepReport {
                id: "s".into(),
                kind: "run".into(),
                phase: Phase::Steps,
                argv: Vec::new(),
                status: Verdict::Pass,
                reason: None,
                started: None,
                duration: 0.0,
                attempts: vec![AttemptReport::of(&answer)],
                facts: serde_json::Map::new(),
                checks: Vec::new(),
                artifacts: Vec::new(),
            }],
        }
    }

    #[test]
    fn what_is_a_targets_own_is_taken_out_and_what_is_not_stays() {
        for (own, one, other, alike) in [
            (Own::Pod, "I am web-1", "I am web-2", true),
            (Own::Node, "on node-7", "on node-7", true),
            (
                Own::Ip,
                "at 10.0.0.1:80 and fe80::1",
                "at 10.0.0.22:80 and ::",
                true,
            ),
            (Own::Ip, "at 12:34:56", "at 12:34:57", false),
            (
                Own::Time,
                "2026-01-02T03:04:05.1Z up",
                "2026-01-03T13:04:05Z up",
                true,
            ),
            (Own::Time, "03:04:05 up", "03:04:05 down", false),
            (
                Own::Uid,
                "0b5bd2a4-1c3e-4c0f-9a49-3a0f2f3c5d11",
                "1b5bd2a4-1c3e-4c0f-9a49-3a0f2f3c5d11",
                true,
            ),
        ] {
            let targets = [target("web-1", one), target("web-2", other)];
            let found = groups(&targets, &[own]);
            assert_eq!(found.len() == 1, alike, "{own:?} {one} {other}");
        }
        let targets = [target("web-1", "I am web-1"), target("web-2", "I am web-2")];
        assert_eq!(groups(&targets, &[]).len(), 2);
    }
}
