//! What the language costs, with no cluster: `nice cargo bench --bench language` (about a minute once it is built), or of one figure
//! `nice cargo bench --bench language -- load`.
//!
//! Prints the median of each figure, the bound that it must reach, their ratio, and whether it is reached; and never fails: a figure
//! of a noisy machine is no verdict. Run it on a quiet one, twice, and look at what misses with `perf record`.
//!
//! | figure | what is measured |
//! |---|---|
//! | load | a runbook of 1,000 steps, read and linted |
//! | plan | that runbook settled and previewed for 1,000 recorded targets |
//! | engine | that runbook run over written answers, for each step |
//! | program | the same asked by a program, for each step beyond what the engine takes for it |

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
    println!("figure                 median       best      bound   ratio");
    let source = source();
    told("load", Duration::from_millis(30), || {
        let begun = Instant::now();
        Runbook::parse(&source, "bench.yaml").unwrap();
        begun.elapsed()
    });
    let (runbook, _) = Runbook::parse(&source, "bench.yaml").unwrap();

    let folder = tempfile::tempdir().unwrap();
    let recorder = Recorder::create(folder.path(), &Value::Null, Redactor::default()).unwrap();
    for at in 0..TARGETS {
        recorder.begin(&Target::pod("shop", &format!("web-{at}")));
    }
    told("plan", Duration::from_millis(500), || {
        let begun = Instant::now();
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
        begun.elapsed()
    });

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let given = answers(&runbook);
    let (program, _) = Runbook::parse(PROGRAM, "bench.rhai").unwrap();
    let (listed, asked) = (Arc::new(plan(&runbook)), Arc::new(plan(&program)));
    let run = |plan: &Arc<Plan>| {
        let begun = Instant::now();
        let run = simulate(Arc::clone(plan), &given, Target::pod("shop", "web-0"));
        let report = runtime.block_on(run);
        let target = &report.targets[0];
        assert_eq!((target.status, target.steps.len()), (Status::Pass, STEPS));
        begun.elapsed() / u32::try_from(STEPS).unwrap()
    };
    told("engine, a step", Duration::from_micros(50), || run(&listed));
    told("program, a step", Duration::from_micros(100), || {
        // One right after the other, so that both see the same machine.
        let listed = run(&listed);
        run(&asked).saturating_sub(listed)
    });
}

/// The steps of [`source`] as a program asks them.
const PROGRAM: &str = r#"
const RUNBOOK = #{ version: 1, id: "bench", title: "Bench", params: #{ port: #{ type: "int", "default": 80 } } };

fn main(p) {
    for at in range(0, 1000, 4) {
        let page = run(`http${at}`, ["curl", "-sS", "-w", "%{http_code}", `http://localhost:${p.port}/${at}`], #{
            capture: #{ regex: "^(?<code>\\d+) (?<secs>[\\d.]+)", types: #{ code: "int", secs: "float" } }
        });
        check(`up-${at}`, page.code == 200, #{ severity: "critical", say: `gave ${page.code}` });
        check(`fast-${at}`, page.secs < 2.0, #{ severity: "warning" });
        let hosts = file(`file${at + 1}`, "/etc/hosts");
        check(`has-${at + 1}`, hosts.text.contains("localhost"));
        if page.status == "pass" {
            let name = run(`next${at + 2}`, ["dig", "+short", `db${at + 2}`]);
            check(`dns-${at + 2}`, name.exit == 0 && name.stdout.lines().len() > 0);
        }
        sh(`script${at + 3}`, "echo \"$port\"", #{ timeout: "5s" });
    }
}
"#;

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

/// Says the median of some rounds beside its bound; a round tells what it took.
fn told(what: &str, bound: Duration, mut round: impl FnMut() -> Duration) {
    let only = std::env::args().skip(1).find(|word| !word.starts_with('-'));
    if only.is_some_and(|only| !what.contains(&only)) {
        return;
    }
    round();
    let mut taken: Vec<_> = (0..ROUNDS).map(|_| round()).collect();
    taken.sort();
    let (median, best) = (taken[ROUNDS / 2], taken[0]);
    let ratio = median.as_secs_f64() / bound.as_secs_f64();
    let word = if median <= bound { "reached" } else { "MISSED" };
    println!("{what:<17} {median:>11.1?} {best:>10.1?} {bound:>10.1?} {ratio:>7.2}  {word}");
}
