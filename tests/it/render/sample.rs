//! Reports made by hand: a target for each thing that a reader must be told, and one that says what a hostile pod would.

use housecall::ask::Captured;
use housecall::report::{
    AttachReport, AttemptReport, CheckReport, Counts, Exit, Note, Output, Phase, Redaction, Report,
    RunReport, RunbookRef, SCHEMA, Severity, Status, StepReport, Summary, TargetReport, Terminated,
    Verdict,
};
use housecall::target::Target;
use jiff::Timestamp;
use serde_json::{Map, json};

/// What hostile pods print: the cursor, the title, the clipboard, lines that pretend, commands of CI systems, markup, reordering.
pub(crate) const HOSTILE: &[&[u8]] = &[
    b"\x1b]52;c;cHduZWQ=\x07\x1b]0;owned\x07\x1b[1A\x1b[2K\x1b[32mPASS all is well\x1b[0m",
    b"failing\rpassing\x08\x08\x7f\x0b\x0c",
    "\u{9b}2J\u{9d}0;owned\u{9c}\u{85}".as_bytes(),
    "safe\u{202e}evas\u{202c}\u{2066}x\u{2069}\u{200b}\u{feff}\u{2028}y\u{2029}z\u{61c}".as_bytes(),
    b"::error::x\n   ::set-env name=PATH::/evil\n\t::add-mask::a\n\xc2\xa0::stop-commands::t",
    b"##vso[task.setvariable variable=a]b\ntext ##[error]c\n###[group]d\n##teamcity[buildProblem description='e']",
    b"section_start:1:x[collapsed=true]\r\x1b[0K",
    b"</pre><script>alert(1)</script><svg onload=x>]]><!ENTITY a>",
    b"````\n<!channel> @here [Approve](javascript:x) <https://evil.example|Approve> ![x](http://evil.example/x.png)",
    b"a\" onload='x' b=\"</code></summary></details>\n~~~~\n| a | b |\n|---|---|\n1. x\n# y\n***\nnot ok 1 - z\nBail out!",
    b"\",status=\"pass\"} 1\n# TYPE x counter\nx 1\n  ...\n  ---\n%0A::error::x%25",
    b"\"}],\"exit\":{\"code\":0},\"x\":[{\"a\":\"\\u0000\\",
    b"\x00\x00nul\x00",
    b"\xff\xfe\xc3\x28\xf0\x9f\xed\xa0\x80",
    b"\n\n\n",
    b"",
];

fn at(moment: &str) -> Timestamp {
    format!("2026-01-02T03:04:{moment}Z").parse().unwrap()
}

fn pod(name: &str) -> Target {
    let mut target = Target::pod("shop", name);
    target.uid = Some(format!("uid-of-{name}"));
    target.container = Some("web".into());
    target.node = Some("node-1".into());
    target.owner = Some("replicaset/web-7d9f".into());
    target.labels.insert("app".into(), "web".into());
    target
}

fn attach(name: &str) -> AttachReport {
    AttachReport {
        mode: "ephemeral".into(),
        transport: "live".into(),
        container: Some(format!("housecall-{name}")),
        image: Some("tools:1".into()),
        image_id: Some("sha256:5d2f".into()),
        profile: Some("general".into()),
        requested_at: Some(at("05.100")),
        first_answer_at: Some(at("05.412")),
        terminated: Some(Terminated {
            exit_code: 0,
            reason: Some("Completed".into()),
            started_at: Some(at("05")),
            finished_at: Some(at("07")),
        }),
        proven: true,
        ..AttachReport::default()
    }
}

fn attempt(exit: Option<i32>, stdout: &[u8], stderr: &[u8]) -> AttemptReport {
    AttemptReport {
        exit,
        signal: None,
        duration: 0.012,
        stdout: Output::of(&Captured::whole(stdout)),
        stderr: Output::of(&Captured::whole(stderr)),
    }
}

fn step(id: &str, status: Verdict, argv: &[&str], attempts: Vec<AttemptReport>) -> StepReport {
    StepReport {
        id: id.into(),
        kind: "run".into(),
        phase: Phase::Steps,
        argv: argv.iter().map(|&word| word.into()).collect(),
        status,
        reason: None,
        started: Some(at("05.4")),
        duration: 0.012,
        attempts,
        facts: Map::new(),
        checks: Vec::new(),
        artifacts: Vec::new(),
    }
}

fn check(id: &str, status: Verdict, severity: Severity) -> CheckReport {
    CheckReport {
        id: id.into(),
        status,
        severity,
        message: None,
        hint: None,
        url: None,
    }
}

fn http() -> StepReport {
    let argv = ["curl", "-sS", "-w", "%{http_code}", "http://localhost:80/"];
    let mut step = step(
        "http",
        Verdict::Pass,
        &argv,
        vec![attempt(Some(0), b"200", b"")],
    );
    step.facts.insert("exit".into(), json!(0));
    step.facts.insert("stdout".into(), json!("200"));
    step.facts.insert("code".into(), json!(200));
    step.checks = vec![
        check("http-up", Verdict::Pass, Severity::Critical),
        check("http-fast", Verdict::Pass, Severity::Warning),
    ];
    step
}

fn skipped() -> StepReport {
    let mut step = step("reach", Verdict::Skip, &[], Vec::new());
    step.reason = Some("`when: dns.status == \"pass\"` does not hold".into());
    step.started = None;
    step.duration = 0.0;
    step
}

fn leaking() -> StepReport {
    let script = "hex=$(printf '%04X' \"$port\")\ncount() { :; }\nfor table in /proc/net/tcp; do\n  count \"$table\"\ndone\necho done\n";
    let mut step = step(
        "connections",
        Verdict::Fail,
        &["sh", "-c", script],
        vec![attempt(
            Some(0),
            b"listen=1\testablished=0\tclose_wait=12\n",
            b"",
        )],
    );
    step.kind = "sh".into();
    step.reason = Some("12 connections on port 80 are in CLOSE_WAIT".into());
    let mut broken = check("no-leaked-connections", Verdict::Fail, Severity::Error);
    broken.message.clone_from(&step.reason);
    broken.hint = Some("the application does not close its end: compare with the number of its open files, and with the release that was rolled out last".into());
    broken.url = Some("https://runbooks.example/leak".into());
    step.checks = vec![check("listening", Verdict::Pass, Severity::Error), broken];
    step
}

fn talkative() -> StepReport {
    let mut out: Vec<u8> = (0..40)
        .flat_map(|n| format!("row {n}\n").into_bytes())
        .collect();
    out.extend(b"\x1b[1A\x1b[2K\x1b[32mPASS\x1b[0m\r\n::error file=a::forged\n##vso[task.complete]\n\xff\xfe");
    out.extend("x".repeat(120).into_bytes());
    let mut last = attempt(Some(137), &out, b"it's over\n");
    last.signal = Some(9);
    last.stdout.truncated = true;
    let first = attempt(Some(1), b"", b"");
    let mut step = step(
        "hostile",
        Verdict::Warn,
        &["printf", "%s", "it's\n::error::argv", "$HOME"],
        vec![first, last],
    );
    let mut broken = check("exit", Verdict::Warn, Severity::Warning);
    broken.message = Some("exit is 137\n::error::in the message".into());
    step.checks = vec![broken];
    step
}

fn blocked(verdict: Verdict, reason: &str, last: AttemptReport) -> StepReport {
    let mut step = step("dns", verdict, &["dig", "+short", "db"], vec![last]);
    step.reason = Some(reason.into());
    for id in ["dns-answers", "dns-resolves"] {
        let mut check = check(id, Verdict::Error, Severity::Error);
        check.message.clone_from(&step.reason);
        step.checks.push(check);
    }
    step
}

fn entry(target: Target, status: Status, steps: Vec<StepReport>) -> TargetReport {
    let name = target.pod.clone().unwrap_or_default();
    TargetReport {
        target,
        attach: Some(attach(&name)),
        status,
        reason: None,
        steps,
    }
}

fn of(targets: Vec<TargetReport>, code: u8, also: &[u8]) -> Report {
    let mut summary = Summary {
        status: Status::Skip,
        targets: Counts::default(),
        checks: Counts::default(),
    };
    for entry in &targets {
        summary.targets.add(entry.status);
        summary.status = summary.status.max(entry.status);
        for check in entry.steps.iter().flat_map(|step| &step.checks) {
            summary.checks.add(check.status.status());
        }
    }
    Report {
        schema: SCHEMA.into(),
        run: RunReport {
            id: "0123456789abcdef".into(),
            started: at("05"),
            finished: Some(at("09.5")),
            version: "0.1.0".into(),
            runbook: RunbookRef {
                id: "web-smoke".into(),
                title: "HTTP, DNS and connections of a web pod".into(),
                digest: "sha256:00".into(),
                file: Some("runbooks/web smoke.yaml".into()),
            },
            runbooks: Vec::new(),
            params: Map::from_iter([("port".to_owned(), json!(80))]),
            cluster: "kind-shop".into(),
            group: None,
        },
        summary,
        exit: Some(Exit {
            code,
            also: also.into(),
        }),
        targets,
        redactions: Vec::new(),
        notes: Vec::new(),
        groups: Vec::new(),
    }
}

/// One pod, and all holds.
pub(crate) fn passing() -> Report {
    of(
        vec![entry(pod("web-0"), Status::Pass, vec![http(), skipped()])],
        0,
        &[],
    )
}

/// Pods for each thing there is to tell: pass, fail, warn with hostile output, error of several kinds, not proven ended.
pub(crate) fn report() -> Report {
    let pass = entry(pod("web-0"), Status::Pass, vec![http(), skipped()]);
    let fail = entry(pod("web-1"), Status::Fail, vec![http(), leaking()]);
    let warn = entry(pod("web-2"), Status::Warn, vec![talkative()]);
    let mut slow = entry(
        pod("web-3"),
        Status::Error,
        vec![
            blocked(
                Verdict::Unavailable,
                "no `dig` in image tools:1; choose an image that has it with --image",
                attempt(Some(127), b"", b"sh: dig: not found\n"),
            ),
            blocked(
                Verdict::Timeout,
                "it did not end within 8s",
                attempt(None, b"half an ans", b""),
            ),
        ],
    );
    slow.steps[1].id = "dns-again".into();
    let mut stuck = entry(pod("web-4"), Status::Error, Vec::new());
    stuck.reason = Some(
        "image tools:1 cannot be pulled\n  help: choose an image that the node can pull, with --image"
            .into(),
    );
    if let Some(attach) = &mut stuck.attach {
        attach.first_answer_at = None;
        attach.terminated = None;
        attach.waiting = Some("ErrImagePull: not found".into());
    }
    let mut lost = entry(pod("web-5"), Status::Error, vec![http()]);
    lost.reason = Some("the API server is out of reach: connection refused".into());
    if let Some(attach) = &mut lost.attach {
        attach.terminated = None;
        attach.proven = false;
    }
    let mut report = of(vec![pass, fail, warn, slow, stuck, lost], 6, &[1, 5]);
    report.redactions = vec![Redaction {
        rule: "bearer".into(),
        count: 2,
    }];
    report.notes = vec![
        Note {
            target: Some("shop/web-1".into()),
            text: "events could not be watched: the right to list events is missing".into(),
        },
        Note {
            target: None,
            text: "a note on the whole run".into(),
        },
    ];
    report
}

/// A report that says the same hostile thing wherever a pod, a runbook or a server can put text.
pub(crate) fn report_saying(bytes: &[u8]) -> Report {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let said = Some(text.clone());
    let mut step = step(
        "s",
        Verdict::Fail,
        &[],
        vec![attempt(Some(1), bytes, bytes)],
    );
    step.id.clone_from(&text);
    step.argv = vec![text.clone(), text.clone()];
    step.reason.clone_from(&said);
    step.facts.insert(text.clone(), json!(text));
    step.checks = vec![CheckReport {
        id: text.clone(),
        status: Verdict::Fail,
        severity: Severity::Error,
        message: said.clone(),
        hint: said.clone(),
        url: said.clone(),
    }];
    let mut holding = step.clone();
    holding.status = Verdict::Pass;
    holding.checks.clear();
    let mut target = Target::pod(&text, &text);
    target.container.clone_from(&said);
    target.node.clone_from(&said);
    target.owner.clone_from(&said);
    target.labels.insert(text.clone(), text.clone());
    let mut entry = entry(target, Status::Fail, vec![step, holding]);
    entry.reason.clone_from(&said);
    if let Some(attach) = &mut entry.attach {
        attach.container.clone_from(&said);
        attach.image.clone_from(&said);
        attach.waiting.clone_from(&said);
        attach.proven = false;
    }
    let mut quiet = entry.clone();
    quiet.status = Status::Pass;
    if let Some(attach) = &mut quiet.attach {
        attach.proven = true;
        if let Some(end) = &mut attach.terminated {
            end.reason.clone_from(&said);
        }
    }
    quiet.target = Target::pod("quiet", &text);
    let mut report = of(vec![entry, quiet], 6, &[1]);
    report.run.cluster.clone_from(&text);
    report.run.runbook.title.clone_from(&text);
    report.run.runbook.id = text.clone();
    report.run.runbook.file = Some(text.clone());
    report.notes = vec![Note { target: None, text }];
    report
}
