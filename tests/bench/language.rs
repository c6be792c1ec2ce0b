//! What the language costs, with no cluster: `nice cargo bench --bench language` (about a minute once it is built).
//!
//! Prints the median of each figure beside what it must reach, and never fails: a figure of a noisy machine is no verdict. Run it
//! on a quiet one, twice, and look at what misses with `perf record`.
//!
//! | figure | what is measured |
//! |---|---|
//! | load | a runbook of 1,000 steps, read and linted |
//! | plan | that runbook settled and previewed for 1,000 recorded targets |
//! | engine | that runbook run over written answers, for each step |

#![expect(
    clippy::unwrap_used,
    reason = "a bench that cannot be set up has failed"
)]

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use housecall::ask::{Canned, Captured, Ended};
use housecall::cluster::replay::{Recorded, Recorder, Written};
use housecall::engine::simulate;
use housecall::plan::{Plan, Wishes};
use housecall::report::{Redactor, Status};
use housecall::runbook::{Runbook, bind};
use housecall::target::{Selector, Target};
use serde_json::Value;
use tokio::time::Instant;

const STEPS: usize = 1000;
const TARGETS: usize = 1000;
const ROUNDS: usize = 15;

fn main() {
    let source = source();
    told("load", 1, Duration::from_millis(30), || {
        Runbook::parse(&source, "bench.yaml").unwrap();
    });
    let (runbook, _) = Runbook::parse(&source, "bench.yaml").unwrap();

    let folder = tempfile::tempdir().unwrap();
    let recorder = Recorder::create(folder.path(), &Value::Null, Redactor::default()).unwrap();
    for at in 0..TARGETS {
        recorder.begin(&Target::pod("shop", &format!("web-{at}")));
    }
    told("plan", 1, Duration::from_millis(500), || {
        let recorded = Recorded::read(folder.path()).unwrap();
        let plan = plan(&runbook);
        let selectors = [Selector::Pods {
            labels: "app=web".into(),
            fields: None,
        }];
        let needs = plan.needs(&selectors);
        let targets: Vec<_> = recorded.targets().collect();
        let previewed = plan.preview(targets[0]);
        assert_eq!((targets.len(), previewed.len()), (TARGETS, STEPS));
        assert!(!needs.is_empty());
    });

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let plan = Arc::new(plan(&runbook));
    let given = answers(&runbook);
    told("engine, a step", STEPS, Duration::from_micros(50), || {
        let run = simulate(Arc::clone(&plan), &given, Target::pod("shop", "web-0"));
        let report = runtime.block_on(run);
        assert_eq!(report.summary.status, Status::Pass);
    });
}

/// Steps as they are written: a capture, two checks with words, a condition on an earlier step, a file, a script.
fn source() -> String {
    let mut text =
        "version: 1\nid: bench\ntitle: Bench\nparams:\n  port: {type: int, default: 80}\nsteps:\n"
            .to_owned();
    for at in 0..STEPS {
        let _ = match at % 4 {
            0 => write!(
                text,
                "  - id: http{at}\n    run: [curl, -sS, -w, '%{{http_code}}', 'http://localhost:{{{{port}}}}/{at}']\n    capture: {{regex: '^(?<code{at}>\\d+) (?<secs{at}>[\\d.]+)', types: {{code{at}: int, secs{at}: float}}}}\n    expect:\n      - {{id: up-{at}, that: code{at} == 200, severity: critical, say: 'gave {{{{code{at}}}}}'}}\n      - {{id: fast-{at}, that: secs{at} < 2.0, severity: warning}}\n"
            ),
            1 => write!(
                text,
                "  - id: file{at}\n    file: /etc/hosts\n    expect: [{{id: has-{at}, that: 'text.contains(\"localhost\")'}}]\n"
            ),
            2 => write!(
                text,
                "  - id: next{at}\n    when: http{}.status == \"pass\"\n    run: [dig, +short, 'db{at}']\n    expect: [{{id: dns-{at}, that: exit == 0 && stdout.lines().len() > 0}}]\n",
                at - 2
            ),
            _ => writeln!(
                text,
                "  - {{id: script{at}, sh: 'echo \"$port\"', timeout: 5s}}"
            ),
        };
    }
    text
}

fn plan(runbook: &Runbook) -> Plan {
    let params = bind(&runbook.params, &[]).unwrap();
    Plan::new(runbook, params, &Wishes::default()).unwrap()
}

fn answers(runbook: &Runbook) -> Written {
    let given = runbook.steps.iter().map(|step| {
        let text = if step.id.starts_with("http") {
            "200 0.013"
        } else {
            "127.0.0.1 localhost\n"
        };
        let mut canned = Canned::silent(Ended::Exited(0));
        canned.answer.stdout = Captured::whole(text);
        (step.id.clone(), vec![canned])
    });
    Written::new(given, None)
}

/// The median of some rounds, for each of `parts`.
fn told(what: &str, parts: usize, goal: Duration, mut round: impl FnMut()) {
    round();
    let mut taken: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            round();
            begun.elapsed()
        })
        .collect();
    taken.sort();
    let each = |taken: Duration| taken / u32::try_from(parts).unwrap();
    let (median, best) = (each(taken[ROUNDS / 2]), each(taken[0]));
    let word = if median <= goal { "reaches" } else { "MISSES" };
    println!("{what:<16} median {median:>10.1?}, best {best:>10.1?}: {word} {goal:?}");
}
