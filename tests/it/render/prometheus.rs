//! Metrics as their reader sees them.

use std::fs::File;
use std::process::Command;

use housecall::render::{Format, Look};

use super::reader::told;
use super::sample::{self, HOSTILE, report_saying};
use super::written;

#[test]
fn the_checker_of_prometheus_has_nothing_to_say() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.prom");
    let all = HOSTILE.iter().map(|hostile| report_saying(hostile));
    for report in all.chain([sample::report(), sample::passing()]) {
        std::fs::write(&path, written(Format::Prometheus, &report, Look::default())).unwrap();
        let mut command = Command::new("promtool");
        command
            .args(["check", "metrics"])
            .stdin(File::open(&path).unwrap());
        match told("prometheus", &mut command) {
            Some(text) => assert_eq!(text, ""),
            None => return,
        }
    }
}

#[test]
fn no_series_has_a_pod_and_their_number_does_not_grow_with_targets() {
    let mut report = sample::report();
    let series = |report: &_| {
        written(Format::Prometheus, report, Look::default())
            .lines()
            .count()
    };
    let few = series(&report);
    for at in 0..200 {
        let mut more = report.targets[1].clone();
        more.target.pod = Some(format!("more-{at}"));
        report.targets.push(more);
    }
    assert_eq!(series(&report), few);
    assert!(!written(Format::Prometheus, &report, Look::default()).contains("web-1"));
    // A program may give a check a name for each thing it sees.
    let check = report.targets[1].steps[1].checks[0].clone();
    for at in 0..2000 {
        let mut more = check.clone();
        more.id = format!("check-{at}");
        report.targets[1].steps[1].checks.push(more);
    }
    let text = written(Format::Prometheus, &report, Look::default());
    assert!(text.lines().count() < 2600);
    assert!(
        text.contains("housecall_checks_untold{runbook=\"web-smoke\",cluster=\"kind-shop\"} 1512"),
        "{text}"
    );
}
