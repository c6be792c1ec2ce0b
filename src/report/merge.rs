//! Several reports of one runbook as one: of shards, whose targets are put together, or of retries, where the last answer counts.
//!
//! | in the parts | in the whole |
//! |---|---|
//! | a target that one part has | as it is |
//! | the same target (cluster, UID and container) in several | what the part that began last says of it |
//! | a step of it that did not hold before and passes at last | `flaky`, with all its attempts; the target then is at least `warn` |
//! | a step of it that could not be looked at before and passes at last | `pass`: nothing was found against it |
//! | a container of it that is not proven ended, in a part that does not count any more | a target of its own without steps, so that exit 6 stays |
//! | runs that were cut short or interrupted, selectors that could not be looked up | so in the whole: another part cannot know what they would have found |
//!
//! A pod that was replaced under the same name has another UID, and is another target. Redactions are added up, equal notes told once;
//! summary, exit and groups are made anew. Parts of another runbook, or with other params, asked something else: they cannot be joined.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::alike::groups;
use super::exit::{Circumstances, settle};
use super::fold::summary;
use super::outcome::{Status, StepReport, Verdict};
use super::redact::unkeyed;
use super::run::{Note, Redaction, Report, RunReport, TargetReport};
use crate::target::TargetKind;

/// A report that is to be joined with others.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// What errors call it: a path.
    pub origin: String,
    /// What it says.
    pub report: Report,
}

/// Why reports cannot be one: a headline with the parts' names, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{headline}\n  help: {help}")]
pub struct Unjoinable {
    headline: String,
    help: &'static str,
}

/// Joins reports. In which order they are given says nothing: that of their beginnings counts.
pub fn merge(mut parts: Vec<Part>) -> Result<Report, Unjoinable> {
    parts.sort_by_key(|part| part.report.run.started);
    joinable(&parts)?;
    if parts.len() == 1 {
        return Ok(parts.remove(0).report);
    }
    let circumstances = circumstances(&parts);
    let run = run(&parts);
    let mut joined = Joined::default();
    let mut redactions: BTreeMap<String, u64> = BTreeMap::new();
    let mut notes: Vec<Note> = Vec::new();
    let mut schema = String::new();
    for (number, part) in parts.into_iter().enumerate() {
        let RunReport { id, cluster, .. } = part.report.run;
        for target in part.report.targets {
            joined.take((number, &id), &cluster, target);
        }
        for struck in part.report.redactions {
            *redactions.entry(struck.rule).or_default() += struck.count;
        }
        for note in part.report.notes {
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
        schema = part.report.schema;
    }
    if joined.again > 0 {
        let whom = match joined.again {
            1 => "1 target was".into(),
            more => format!("{more} targets were"),
        };
        let text = format!("{whom} asked again: what was said last counts");
        let note = Note { target: None, text };
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
    let targets = joined.targets;
    let own = run.group.as_deref();
    let groups = own.map_or_else(Vec::new, |own| groups(&targets, own));
    let redactions = redactions
        .into_iter()
        .map(|(rule, count)| Redaction { rule, count });
    let mut report = Report {
        schema,
        run,
        summary: summary(&targets),
        exit: None,
        targets,
        redactions: redactions.collect(),
        notes,
        groups,
    };
    report.exit = Some(settle(&report, circumstances));
    Ok(report)
}

fn joinable(parts: &[Part]) -> Result<(), Unjoinable> {
    let refuse = |headline: String, help| Err(Unjoinable { headline, help });
    let Some((first, rest)) = parts.split_first() else {
        return refuse("there are no reports to join".into(), "name at least one");
    };
    let named = |part: &Part| {
        let runbook = &part.report.run.runbook;
        format!(
            "{} is of `{}` ({})",
            part.origin, runbook.id, runbook.digest
        )
    };
    for (at, part) in rest.iter().enumerate() {
        let (one, other) = (&first.report.run, &part.report.run);
        if one.runbook.id != other.runbook.id || one.runbook.digest != other.runbook.digest {
            return refuse(
                format!(
                    "the reports are of different runbooks: {}, {}",
                    named(first),
                    named(part)
                ),
                "join reports of one runbook, to the byte; render the others apart",
            );
        }
        let params = |run: &RunReport| unkeyed(&Value::from(run.params.clone()).to_string());
        if params(one) != params(other) {
            return refuse(
                format!(
                    "{} and {} were asked with different params",
                    first.origin, part.origin
                ),
                "join reports of runs with the same params",
            );
        }
        if let Some(same) = parts[..=at]
            .iter()
            .find(|before| before.report == part.report)
        {
            return refuse(
                format!("{} and {} are the same report", same.origin, part.origin),
                "name each report once",
            );
        }
    }
    Ok(())
}

/// What parts say by their exit code that their targets do not.
fn circumstances(parts: &[Part]) -> Circumstances {
    let mut all = Circumstances {
        allow_none: parts
            .iter()
            .all(|part| part.report.targets.is_empty() && codes(&part.report).first() == Some(&0)),
        ..Circumstances::default()
    };
    let mut counted = false;
    for part in parts {
        let report = &part.report;
        let Some(exit) = &report.exit else {
            all.unasked = true;
            continue;
        };
        let own = settle(report, Circumstances::default());
        let more = |code: u8| {
            codes(report).contains(&code) && own.code != code && !own.also.contains(&code)
        };
        all.interrupted |= more(130);
        all.unasked |= more(3) || more(5);
        all.unmatched |= more(4);
        all.exit_zero |= exit.code == 0 && exit.also.contains(&1);
        counted |= exit.code == 1;
    }
    all.exit_zero &= !counted;
    all
}

fn codes(report: &Report) -> Vec<u8> {
    let exit = report.exit.iter();
    exit.flat_map(|exit| [exit.code].into_iter().chain(exit.also.iter().copied()))
        .collect()
}

/// The whole as one run: its id is made of those of its parts, so that the same parts always make the same report.
fn run(parts: &[Part]) -> RunReport {
    let runs: Vec<_> = parts.iter().map(|part| &part.report.run).collect();
    let mut digest = Sha256::new();
    for run in &runs {
        digest.update(&run.id);
        digest.update([0]);
    }
    let id: String = digest
        .finalize()
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let mut clusters: Vec<&str> = Vec::new();
    for run in &runs {
        if !clusters.contains(&run.cluster.as_str()) {
            clusters.push(&run.cluster);
        }
    }
    let last = runs[runs.len() - 1];
    let ends: Option<Vec<_>> = runs.iter().map(|run| run.finished).collect();
    RunReport {
        id,
        started: runs[0].started,
        finished: ends.and_then(|ends| ends.into_iter().max()),
        cluster: clusters.join(", "),
        ..last.clone()
    }
}

/// Who a target is, but for its container, which may not have been settled.
type Who = (String, TargetKind, [Option<String>; 4], Option<u32>);

#[derive(Default)]
struct Joined {
    targets: Vec<TargetReport>,
    /// Whose answers these are, beside the target: number of the part, and id of its run.
    runs: Vec<(usize, String)>,
    places: HashMap<Who, Vec<usize>>,
    again: usize,
}

impl Joined {
    fn take(&mut self, (part, run): (usize, &str), cluster: &str, target: TargetReport) {
        let who = &target.target;
        let names = [&who.namespace, &who.pod, &who.uid, &who.node].map(Clone::clone);
        let container = who.container.clone();
        let same = |other: &TargetReport| match (&other.target.container, &container) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        };
        let places = self
            .places
            .entry((cluster.to_owned(), who.kind, names, who.pid))
            .or_default();
        // Within one part a target stands once: what has its name is another.
        let before = places
            .iter()
            .copied()
            .find(|at| self.runs[*at].0 != part && same(&self.targets[*at]));
        let Some(at) = before else {
            places.push(self.targets.len());
            self.targets.push(target);
            self.runs.push((part, run.to_owned()));
            return;
        };
        self.again += 1;
        let earlier = std::mem::replace(&mut self.targets[at], target);
        let (number, earlier_run) = std::mem::replace(&mut self.runs[at], (part, run.to_owned()));
        retried(&earlier, &earlier_run, &mut self.targets[at]);
        if earlier.attach.as_ref().is_some_and(|attach| !attach.proven) {
            let reason = format!(
                "it was asked again; the debug container of run {earlier_run} is not proven ended"
            );
            self.targets.push(TargetReport {
                status: Status::Error,
                reason: Some(reason),
                steps: Vec::new(),
                ..earlier
            });
            // Nothing takes the place of this.
            self.runs.push((number, earlier_run));
        }
    }
}

/// Marks in a later answer what did not hold in the earlier one.
fn retried(earlier: &TargetReport, run: &str, later: &mut TargetReport) {
    for step in &mut later.steps {
        let same = |other: &&StepReport| other.id == step.id && other.phase == step.phase;
        let Some(before) = earlier.steps.iter().find(same) else {
            continue;
        };
        let held_not = matches!(
            before.status,
            Verdict::Fail | Verdict::Warn | Verdict::Flaky
        );
        if !held_not || !matches!(step.status, Verdict::Pass | Verdict::Flaky) {
            continue;
        }
        let why = before.reason.as_deref().unwrap_or(before.status.word());
        step.reason = Some(format!("it holds now, and did not in run {run}: {why}"));
        step.status = Verdict::Flaky;
        step.duration += before.duration;
        let attempts = std::mem::take(&mut step.attempts);
        step.attempts = before.attempts.iter().cloned().chain(attempts).collect();
        if later.status == Status::Pass && step.phase.is_steps() {
            later.status = Status::Warn;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{AttachReport, Exit, Own, fold};
    use crate::target::Target;

    fn step(status: Verdict) -> StepReport {
        serde_json::from_value(serde_json::json!({
            "id": "s", "kind": "run", "argv": ["true"], "status": status, "reason": null, "started": null, "duration": 1.0,
            "attempts": [{"exit": 0, "signal": null, "duration": 1.0, "stdout": {"text": status, "bytes": 4, "truncated": false},
                "stderr": {"bytes": 0, "truncated": false}}],
            "facts": {}, "checks": [], "artifacts": [],
        }))
        .unwrap()
    }

    fn target(pod: &str, verdict: Verdict) -> TargetReport {
        let mut target = Target::pod("shop", pod);
        target.uid = Some(format!("uid-{pod}"));
        TargetReport {
            target,
            attach: Some(AttachReport {
                proven: true,
                ..AttachReport::default()
            }),
            status: verdict.status(),
            reason: None,
            steps: vec![step(verdict)],
        }
    }

    fn part(run: &str, second: i64, targets: Vec<TargetReport>) -> Part {
        let mut report = fold(&[]);
        report.run.id = run.into();
        report.run.started = jiff::Timestamp::from_second(second).unwrap();
        report.run.finished = Some(jiff::Timestamp::from_second(second + 5).unwrap());
        report.summary = summary(&targets);
        report.targets = targets;
        report.redactions = vec![Redaction {
            rule: "jwt".into(),
            count: 2,
        }];
        report.exit = Some(settle(&report, Circumstances::default()));
        let origin = format!("{run}.json");
        Part { origin, report }
    }

    fn merged(parts: &[Part]) -> Report {
        let whole = merge(parts.to_vec()).unwrap();
        let mut turned = parts.to_vec();
        turned.reverse();
        assert_eq!(merge(turned).unwrap(), whole, "their order says nothing");
        whole
    }

    #[test]
    fn shards_are_put_together_and_judged_anew() {
        let whole = merged(&[
            part("a", 10, vec![target("web-0", Verdict::Pass)]),
            part("b", 20, vec![target("web-1", Verdict::Fail)]),
            part("c", 30, vec![]),
        ]);
        let names: Vec<_> = whole
            .targets
            .iter()
            .map(|it| it.target.to_string())
            .collect();
        assert_eq!(names, ["shop/web-0", "shop/web-1"]);
        assert_eq!(
            (whole.summary.targets.pass, whole.summary.targets.fail),
            (1, 1)
        );
        assert_eq!(
            whole.exit,
            Some(Exit {
                code: 1,
                also: vec![]
            })
        );
        assert_eq!(whole.redactions[0].count, 6);
        assert_eq!(whole.run.started.as_second(), 10);
        assert_eq!(whole.run.finished.unwrap().as_second(), 35);
        assert_eq!(whole.run.id.len(), 16);
    }

    #[test]
    fn targets_are_grouped_as_the_runbook_groups_them() {
        let told = |run: &str, at, pod: &str| {
            let mut part = part(run, at, vec![target(pod, Verdict::Pass)]);
            let step = &mut part.report.targets[0].steps[0];
            step.attempts[0].stdout.text = Some(format!("I am {pod} at 10.0.0.{at}"));
            part
        };
        for (group, groups) in [
            (None, 0),
            (Some(vec![]), 2),
            (Some(vec![Own::Pod]), 2),
            (Some(vec![Own::Pod, Own::Ip]), 1),
        ] {
            let mut parts = [told("a", 10, "web-0"), told("b", 20, "web-1")];
            for part in &mut parts {
                part.report.run.group = group.clone();
            }
            assert_eq!(merged(&parts).groups.len(), groups, "{group:?}");
        }
    }

    #[test]
    fn what_was_said_last_counts_and_what_did_not_hold_before_is_flaky() {
        for (before, after, step, status, code) in [
            (
                Verdict::Fail,
                Verdict::Pass,
                Verdict::Flaky,
                Status::Warn,
                0,
            ),
            (
                Verdict::Timeout,
                Verdict::Pass,
                Verdict::Pass,
                Status::Pass,
                0,
            ),
            (Verdict::Pass, Verdict::Fail, Verdict::Fail, Status::Fail, 1),
            (Verdict::Fail, Verdict::Fail, Verdict::Fail, Status::Fail, 1),
            (
                Verdict::Fail,
                Verdict::Timeout,
                Verdict::Timeout,
                Status::Error,
                5,
            ),
        ] {
            let whole = merged(&[
                part("a", 10, vec![target("web-0", before)]),
                part("b", 20, vec![target("web-0", after)]),
            ]);
            assert_eq!(whole.targets.len(), 1);
            let seen = &whole.targets[0];
            assert_eq!(
                (seen.steps[0].status, seen.status),
                (step, status),
                "{before:?} {after:?}"
            );
            assert_eq!(whole.exit.unwrap().code, code);
            let attempts = if step == Verdict::Flaky { 2 } else { 1 };
            assert_eq!(seen.steps[0].attempts.len(), attempts);
        }
    }

    #[test]
    fn a_pod_of_another_uid_or_container_is_another_target() {
        let mut uid = target("web-0", Verdict::Pass);
        uid.target.uid = Some("other".into());
        let mut one = target("web-0", Verdict::Fail);
        one.target.container = Some("web".into());
        let mut container = one.clone();
        container.target.container = Some("proxy".into());
        for other in [uid, container] {
            let parts = [part("a", 10, vec![one.clone()]), part("b", 20, vec![other])];
            assert_eq!(merged(&parts).targets.len(), 2);
        }
        let mut unsettled = one.clone();
        unsettled.target.container = None;
        let parts = [part("a", 10, vec![unsettled]), part("b", 20, vec![one])];
        assert_eq!(merged(&parts).targets.len(), 1);
    }

    #[test]
    fn promise_3_a_container_that_may_still_run_is_not_forgotten_by_a_retry() {
        let mut lost = target("web-0", Verdict::Fail);
        if let Some(attach) = &mut lost.attach {
            attach.proven = false;
        }
        let parts = [
            part("a", 10, vec![lost]),
            part("b", 20, vec![target("web-0", Verdict::Pass)]),
            part("c", 30, vec![target("web-0", Verdict::Pass)]),
        ];
        let whole = merged(&parts);
        assert_eq!(whole.exit.unwrap().code, 6);
        assert_eq!(whole.targets.len(), 2);
    }

    #[test]
    fn promise_4_what_a_part_could_not_know_no_other_part_makes_up_for() {
        let pass = |run: &str, at| part(run, at, vec![target(run, Verdict::Pass)]);
        let coded = |code: Option<u8>, also: &[u8]| {
            let mut odd = pass("odd", 5);
            let also = also.to_vec();
            odd.report.exit = code.map(|code| Exit { code, also });
            merged(&[odd, pass("b", 10)]).exit.unwrap().code
        };
        assert_eq!(coded(None, &[]), 5);
        assert_eq!(coded(Some(130), &[]), 130);
        assert_eq!(coded(Some(5), &[]), 5);
        assert_eq!(coded(Some(4), &[]), 4);
        assert_eq!(coded(Some(0), &[]), 0);
        let none = merged(&[part("a", 1, vec![]), part("b", 2, vec![])]);
        assert_eq!(none.exit.unwrap().code, 4);
    }

    #[test]
    fn what_asked_something_else_is_refused_by_name() {
        let one = part("a", 10, vec![]);
        let mut runbook = part("b", 20, vec![]);
        runbook.report.run.runbook.digest = "sha256:ff".into();
        let mut params = part("b", 20, vec![]);
        params.report.run.params.insert("port".into(), 81.into());
        let twice = Part {
            origin: "b.json".into(),
            ..one.clone()
        };
        for (other, told) in [
            (runbook, "different runbooks"),
            (params, "different params"),
            (twice, "are the same report"),
        ] {
            let text = merge(vec![one.clone(), other]).unwrap_err().to_string();
            for part in [told, "a.json", "b.json", "\n  help: "] {
                assert!(text.contains(part), "{text}");
            }
        }
        assert_eq!(merge(vec![one.clone()]).unwrap(), one.report);
        assert!(merge(Vec::new()).is_err());
    }
}
