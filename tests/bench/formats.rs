//! What it costs to render a report of 1,000 targets × 10 steps: `nice cargo bench --bench formats`, or of one format
//! `nice cargo bench --bench formats -- junit`.
//!
//! Prints for each format the median time, the peak memory of a process that holds the report and renders it, and the size of what
//! is written, beside the bounds that they must reach; and never fails: a figure of a noisy machine is no verdict. Each format is a
//! process of its own, or the peak of one would be that of all.

#![expect(
    clippy::unwrap_used,
    reason = "a bench that cannot be set up has failed"
)]

use std::io::Write;
use std::process::Command;
use std::time::Duration;

use housecall::ask::Captured;
use housecall::render::{Format, Look, render};
use housecall::report::{self, Output, Report, Status, Verdict};
use serde_json::json;
use tokio::time::Instant;

const TARGETS: usize = 1000;
const STEPS: usize = 10;
const ROUNDS: usize = 9;
const TIME: Duration = Duration::from_millis(300);
const MEMORY: u64 = 150 * 1000 * 1000;

/// The word by which a process knows that it is to measure one format.
const ONE: &str = "--one";

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let Some(at) = words.iter().position(|word| word == ONE) {
        return one(&words[at + 1]);
    }
    let only = words.iter().find(|word| !word.starts_with('-'));
    println!("format            median       bound   peak MB   bound   written MB");
    for word in Format::WORDS.iter().map(|(_, word)| *word).chain(["read"]) {
        if only.is_none_or(|only| only == word) {
            let measured = Command::new(std::env::current_exe().unwrap())
                .args([ONE, word])
                .status();
            assert!(measured.unwrap().success());
        }
    }
}

/// Measures a format; or `read`, which is how long it takes to read such a report from JSON.
fn one(word: &str) {
    let report = sample();
    let mut saved = Vec::new();
    if word == "read" {
        render(Format::Json, &report, &mut saved, Look::default()).unwrap();
    }
    let mut written = 0;
    let mut taken: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            written = match word.parse::<Format>() {
                Ok(format) => {
                    let mut out = Sink(0);
                    render(format, &report, &mut out, Look::default()).unwrap();
                    out.0
                }
                Err(_) => {
                    assert_eq!(
                        report::read(&saved, "saved").unwrap().targets.len(),
                        TARGETS
                    );
                    saved.len()
                }
            };
            begun.elapsed()
        })
        .collect();
    taken.sort();
    let (median, peak) = (taken[ROUNDS / 2], peak());
    let reached = median <= TIME && peak <= MEMORY;
    println!(
        "{word:<12} {median:>11.1?} {TIME:>11.1?} {:>9.1} {:>7} {:>12.1}  {}",
        megabytes(peak),
        MEMORY / 1_000_000,
        megabytes(written as u64),
        if reached { "reached" } else { "MISSED" }
    );
}

fn megabytes(bytes: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "one digit of fraction is shown")]
    let bytes = bytes as f64;
    bytes / 1e6
}

/// The most memory that this process has ever held, in bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// Counts what is written, and keeps none of it.
struct Sink(usize);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Every tenth target fails at one step; each step has two checks, some facts and a kilobyte of output.
fn sample() -> Report {
    let mut report = report::fold(&[]);
    report.run.id = "0123456789abcdef".into();
    report.run.runbook.id = "bench".into();
    report.run.finished = Some(report.run.started);
    let output: String = (0..20)
        .map(|line| format!("tcp 0 0 10.0.0.{line}:8080 10.1.2.3:40{line:03} ESTABLISHED é\n"))
        .collect();
    let output = Output::of(&Captured::whole(output));
    for at in 0..TARGETS {
        let failing = at % 10 == 0;
        let steps: Vec<_> = (0..STEPS)
            .map(|step| {
                let fails = failing && step == 7;
                let status = if fails { Verdict::Fail } else { Verdict::Pass };
                let message = fails.then(|| format!("GET /{step} gave 500 in 0.{at:03} s"));
                json!({
                    "id": format!("step-{step}"), "kind": "http", "argv": ["curl", "-sS", "-w", "%{http_code}", format!("http://localhost:8080/{step}")],
                    "status": status, "reason": message, "started": "2026-01-02T03:04:05.000Z", "duration": 0.012,
                    "attempts": [{"exit": 0, "signal": null, "duration": 0.012, "stdout": output, "stderr": {"text": "", "bytes": 0, "truncated": false}}],
                    "facts": {"exit": 0, "code": 200, "time_total": 0.012, "way": "curl"},
                    "checks": [
                        {"id": "up", "status": status, "severity": "error", "message": message, "hint": "see the application's log", "url": null},
                        {"id": "fast", "status": "pass", "severity": "warning", "message": null, "hint": null, "url": null},
                    ],
                    "artifacts": [],
                })
            })
            .collect();
        let status = if failing { Status::Fail } else { Status::Pass };
        let target = json!({
            "target": {"kind": "pod", "namespace": "shop", "pod": format!("web-7d9f-{at:04}"), "uid": format!("uid-{at}"), "container": "web",
                "node": format!("node-{}", at % 50), "owner": "replicaset/web-7d9f", "labels": {"app": "web"}},
            "attach": {"mode": "ephemeral", "transport": "live", "container": format!("housecall-{at:04}"), "image": "tools:1", "image_id": null,
                "profile": "general", "requested_at": null, "first_answer_at": null, "waiting": null, "terminated": null, "proven": true},
            "status": status, "reason": null, "steps": steps,
        });
        report.targets.push(serde_json::from_value(target).unwrap());
        report.summary.targets.add(status);
        report.summary.status = Status::Fail;
    }
    report.exit = Some(report::settle(&report, report::Circumstances::default()));
    report
}
