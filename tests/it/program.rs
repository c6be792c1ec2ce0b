//! Runbooks that are programs: the same as the other spelling where both can say it, and harmless whatever they try.
//!
//! `tests/cases/FEATURE/` holds one runbook in both spellings and what its steps are answered; `tests/hostile/NAME.rhai` a program
//! that is up to no good and, beside it, `NAME.err`, what its target comes to. With `HOUSECALL_ACCEPT=1` in the environment the
//! `.err` files are written anew.

mod answers;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use answers::{Answers, clock};
use housecall::ask::Ask;
use housecall::cluster::Cluster;
use housecall::engine::{Engine, Interrupt, Prospect, Run, rehearse};
use housecall::plan::{Plan, Wishes};
use housecall::report::{Circumstances, Happening, Key, Report, Status, StepReport, Verdict};
use housecall::runbook::{Library, Runbook, bind};
use housecall::target::Target;
use serde_json::{Value, json};
use tokio::time::Instant;

const HEADER: &str = "const RUNBOOK = #{ version: 1, id: \"t\", title: \"T\" };\n";

fn folder(name: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(name);
    let entries = fs::read_dir(folder).expect("the folder is part of the source");
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn plan(source: &str, origin: &str) -> Arc<Plan> {
    let (runbook, _) =
        Runbook::load(source, origin, &Shelf).unwrap_or_else(|all| panic!("{origin}: {all:#?}"));
    let secrets: Vec<_> = runbook
        .params
        .iter()
        .filter(|param| param.kind.is_secret())
        .map(|param| (param.name.clone(), "hunter2hunter2".to_owned()))
        .collect();
    let params = bind(&runbook.params, &secrets).unwrap();
    Arc::new(Plan::new(&runbook, params, &Wishes::default()).unwrap())
}

struct Shelf;

impl Library for Shelf {
    fn source(&self, _: &str, path: &str) -> Result<(String, String), String> {
        match path {
            "lib/half.rhai" => Ok((path.into(), "fn of(n) { n / 2 }".into())),
            _ => Err(format!("there is no `{path}`")),
        }
    }
}

async fn heard(
    plan: Arc<Plan>,
    answers: Value,
    interrupt: Interrupt,
    mut hear: impl FnMut(&Happening),
) -> Report {
    let asked = Arc::default();
    overheard(plan, (answers, asked), interrupt, &mut hear).await
}

/// The same, with what was asked.
async fn overheard(
    plan: Arc<Plan>,
    (given, asked): (Value, Arc<Mutex<Vec<Ask>>>),
    interrupt: Interrupt,
    mut hear: impl FnMut(&Happening),
) -> Report {
    let cluster: Arc<dyn Cluster> = Arc::new(Answers { given, asked });
    let run = Run {
        id: "0123456789abcdef".into(),
        key: Key::known(),
        cluster: "answers".into(),
        parallel: 1,
        notes: Vec::new(),
        circumstances: Circumstances::default(),
        interrupt,
    };
    let prospects = vec![Prospect::Found(Target::pod("shop", "web"), cluster)];
    Engine::new(clock())
        .run(plan, prospects, run, |event| hear(&event.happening))
        .await
}

async fn report(source: &str, origin: &str, answers: Value) -> Report {
    heard(plan(source, origin), answers, Interrupt::default(), |_| {}).await
}

/// The report of a program whose functions these are.
async fn ran(functions: &str, answers: Value) -> Report {
    report(&format!("{HEADER}{functions}"), "t.rhai", answers).await
}

fn steps(report: &Report) -> &[StepReport] {
    &report.targets[0].steps
}

/// Of a message, why: an expression is quoted before it, and a program has none to quote.
fn judged(value: Value) -> Value {
    match value {
        Value::String(text) => match text.split_once(" cannot be judged: ") {
            Some((_, why)) => why.into(),
            None => text.into(),
        },
        Value::Array(items) => items.into_iter().map(judged).collect(),
        Value::Object(entries) => entries
            .into_iter()
            .map(|(key, value)| (key, judged(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other,
    }
}

#[tokio::test]
async fn one_runbook_in_both_spellings_comes_to_one_report() {
    let cases = folder("cases");
    assert!(cases.len() >= 14);
    for case in cases {
        let read = |name: &str| fs::read_to_string(case.join(name)).unwrap();
        let answers: Value = serde_json::from_str(&read("answers.json")).unwrap();
        let run = async |origin: &str| {
            let asks = Arc::default();
            let given = (answers.clone(), Arc::clone(&asks));
            let plan = plan(&read(origin), origin);
            let report = overheard(plan, given, Interrupt::default(), |_| {}).await;
            let asks = asks.lock().unwrap().clone();
            (report, asks)
        };
        let (listed, listed_asks) = run("runbook.yaml").await;
        let (asked, asked_asks) = run("runbook.rhai").await;
        let name = case.file_name().unwrap().to_str().unwrap();
        let told = |report: &Report| -> Vec<Value> {
            steps(report)
                .iter()
                .map(|step| match step.kind.as_str() {
                    // It takes as long as it takes.
                    "pause" => json!([step.id, step.argv, step.status]),
                    _ => judged(serde_json::to_value(step).unwrap()),
                })
                .collect()
        };
        for (listed, asked) in told(&listed).iter().zip(told(&asked)) {
            assert_eq!(*listed, asked, "{name}");
        }
        assert_eq!(steps(&listed).len(), steps(&asked).len(), "{name}");
        for (listed, asked) in listed_asks.iter().zip(&asked_asks) {
            assert_eq!(listed, asked, "{name}");
        }
        assert_eq!(listed_asks.len(), asked_asks.len(), "{name}");
        assert_eq!(listed.summary, asked.summary, "{name}");
        assert_eq!(listed.exit, asked.exit, "{name}");
        assert_eq!(listed.targets[0].reason, asked.targets[0].reason, "{name}");
        assert_eq!(listed.redactions, asked.redactions, "{name}");
    }
}

#[tokio::test]
async fn a_hostile_program_is_stopped_in_bounded_time_and_told_by_its_place() {
    let accept = std::env::var_os("HOUSECALL_ACCEPT").is_some();
    let mut different = Vec::new();
    for case in folder("hostile") {
        if case.extension().is_none_or(|end| end != "rhai") {
            continue;
        }
        let source = fs::read_to_string(&case).unwrap();
        let name = case.file_name().unwrap().to_str().unwrap();
        let begun = Instant::now();
        let answers = json!({"true": {"stdout": "x"}});
        let report = tokio::time::timeout(Duration::from_secs(60), report(&source, name, answers))
            .await
            .unwrap_or_else(|_| panic!("{name} does not end"));
        println!("{name}: {:?}", begun.elapsed());
        let target = &report.targets[0];
        assert_eq!(target.status, Status::Error, "{name}");
        assert!(target.attach.as_ref().unwrap().proven, "{name}");
        let told = format!("{}\n", target.reason.clone().unwrap_or_default());
        let expected = case.with_extension("err");
        if accept {
            fs::write(&expected, &told).unwrap();
        } else if fs::read_to_string(&expected).unwrap_or_default() != told {
            different.push(format!("--- {name}\n{told}"));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn a_program_of_a_megabyte_is_refused_unread() {
    let source = format!("{HEADER}fn main(p) {{}}\n// {}", "x".repeat(1 << 20));
    let errors = Runbook::parse(&source, "t.rhai").unwrap_err();
    assert_eq!(errors.len(), 1);
    assert!(errors[0].headline.contains("at most 262144 are read"));
}

#[tokio::test]
async fn promise_1_what_a_program_asks_is_text_and_never_a_template() {
    let report = ran(
        "fn main(p) { run(\"one\", [\"say\", \"{{target_root}} $(id) '\"]); }",
        json!({"say": {}}),
    )
    .await;
    assert_eq!(steps(&report)[0].argv, ["say", "{{target_root}} $(id) '"]);
}

#[tokio::test]
async fn promise_2_a_program_never_holds_a_secret_and_cannot_put_one_where_it_is_seen() {
    let source = |body: &str| {
        format!(
            "const RUNBOOK = #{{ version: 1, id: \"t\", title: \"T\", params: #{{ token: #{{ type: \"secret\" }} }} }};\nfn main(p) {{ {body} }}"
        )
    };
    for (body, reason) in [
        (
            "run(\"one\", [\"say\", p.token]);",
            "the secret `token` cannot stand in a word of",
        ),
        (
            "sh(\"one\", `echo ${p.token}`);",
            "the secret `token` cannot stand in a script",
        ),
        ("throw p.token;", "main: line 2:14: ***token***"),
    ] {
        let report = report(&source(body), "t.rhai", json!({"say": {}})).await;
        let told = report.targets[0].reason.clone().unwrap();
        assert!(told.contains(reason), "{told}");
    }
    let body = "let one = run(\"one\", [\"say\"], #{ stdin: p.token }); log(p.token); fact(\"it\", [p.token]); check(\"c\", p.token == one.stdout, #{ say: p.token + one.stdout });";
    let report = report(
        &source(body),
        "t.rhai",
        json!({"say": {"stdin": true, "stdout": true}}),
    )
    .await;
    let told = serde_json::to_string(&report).unwrap();
    assert!(
        !told.contains("hunter2") && !told.contains("<secret"),
        "{told}"
    );
    assert_eq!(steps(&report)[0].facts["it"], json!(["***token***"]));
    assert_eq!(report.notes[0].text, "***token***");
}

#[tokio::test]
async fn promise_4_what_could_not_be_looked_at_holds_nothing() {
    let functions = "fn main(p) {
        let gone = run(\"gone\", [\"gone\"]);
        check(\"fine\", true);
        run(\"one\", [\"say\"]);
        check(\"also\", true, #{ evidence: gone });
        check(\"own\", true);
    }";
    let report = ran(functions, json!({"say": {}})).await;
    let checks: Vec<_> = steps(&report)
        .iter()
        .flat_map(|step| &step.checks)
        .map(|check| (check.id.as_str(), check.status))
        .collect();
    assert_eq!(
        checks,
        [
            ("fine", Verdict::Unavailable),
            ("also", Verdict::Unavailable),
            ("own", Verdict::Pass)
        ]
    );
}

#[tokio::test]
async fn a_step_that_is_held_against_something_later_is_told_anew() {
    let functions = "fn main(p) {
        let one = run(\"one\", [\"say\"]);
        run(\"two\", [\"say\"]);
        check(\"late\", one.stdout == \"\", #{ evidence: [one], say: \"it speaks\" });
    }";
    let mut told = Vec::new();
    let plan = plan(&format!("{HEADER}{functions}"), "t.rhai");
    let report = heard(
        plan,
        json!({"say": {"stdout": "x"}}),
        Interrupt::default(),
        |happening| {
            if let Happening::StepFinished { step, .. } | Happening::StepAmended { step, .. } =
                happening
            {
                told.push((step.id.clone(), step.status));
            }
        },
    )
    .await;
    let expected = [
        ("one", Verdict::Pass),
        ("one", Verdict::Fail),
        ("two", Verdict::Pass),
    ];
    assert_eq!(told, expected.map(|(id, verdict)| (id.to_owned(), verdict)));
    assert_eq!(steps(&report).len(), 2);
    assert_eq!(report.exit.unwrap().code, 1);
}

#[tokio::test]
async fn the_same_step_asked_in_a_loop_is_several_steps() {
    let functions = "import \"lib/half\" as half;
        fn main(p) { for n in [2, 4] { run(\"one\", [\"say\", half::of(n)]); } run([\"say\", \"on\"]); }";
    let report = report(
        &format!("{}{functions}", HEADER),
        "t.rhai",
        json!({"say": {}}),
    )
    .await;
    let told: Vec<_> = steps(&report)
        .iter()
        .map(|step| (step.id.as_str(), step.argv.join(" ")))
        .collect();
    let expected = [("one", "say 1"), ("one_2", "say 2"), ("run", "say on")];
    assert_eq!(told, expected.map(|(id, argv)| (id, argv.to_owned())));
}

#[tokio::test]
async fn a_program_can_say_that_it_has_nothing_to_ask() {
    let report = ran("fn main(p) { skip(\"no database here\"); }", json!({})).await;
    assert_eq!(report.targets[0].status, Status::Skip);
    assert_eq!(
        report.notes[0].text,
        "the rest was skipped: no database here"
    );
    let report = ran("fn main(p) { log(\"hm\"); }", json!({})).await;
    assert_eq!(report.targets[0].status, Status::Error);
    assert_eq!(
        report.targets[0].reason.as_deref(),
        Some("the program asked nothing")
    );
}

#[tokio::test]
async fn what_goes_wrong_in_finally_changes_no_verdict() {
    let functions = "fn main(p) { run(\"one\", [\"say\"]); }\nfn finally(p) { run(\"last\", [\"gone\"]); throw \"oh\"; }";
    let report = ran(functions, json!({"say": {}})).await;
    assert_eq!(report.targets[0].status, Status::Pass);
    assert!(
        report.notes[0].text.starts_with("finally: line 3:"),
        "{:?}",
        report.notes
    );
}

#[tokio::test]
async fn an_interruption_reaches_a_program_that_only_computes_and_finally_still_runs() {
    let functions = "fn main(p) { run(\"one\", [\"say\"]); loop {} }\nfn finally(p) { run(\"last\", [\"say\"]); }";
    let interrupt = Interrupt::default();
    let stopper = interrupt.clone();
    let plan = plan(&format!("{HEADER}{functions}"), "t.rhai");
    let report = heard(plan, json!({"say": {}}), interrupt, |happening| {
        if matches!(happening, Happening::StepStarted { .. }) {
            stopper.stop();
        }
    })
    .await;
    let ids: Vec<_> = steps(&report).iter().map(|step| step.id.as_str()).collect();
    assert_eq!(ids, ["one", "last"]);
    assert_eq!(report.targets[0].reason.as_deref(), Some("interrupted"));
    assert_eq!(report.exit.unwrap().code, 130);
}

#[tokio::test]
async fn promise_7_what_is_kept_of_a_target_is_bounded_over_all_of_its_steps() {
    let listed: String = (0..7)
        .map(|n| format!("  - {{id: s{n}, run: [say], output: {{max: 8MiB}}, expect: [{{id: c{n}, that: stdout != \"\"}}]}}\n"))
        .collect();
    let listed = format!("version: 1\nid: t\ntitle: T\nsteps:\n{listed}");
    let asked = format!(
        "{HEADER}fn main(p) {{ for n in 0..7 {{ let one = run(`s${{n}}`, [\"say\"], #{{output: #{{max: \"8MiB\"}}}}); check(`c${{n}}`, one.has(\"stdout\")); }} }}"
    );
    let much = json!({"say": {"stdout": "x".repeat(8 * 1024 * 1024)}});
    for (source, origin) in [(listed, "t.yaml"), (asked, "t.rhai")] {
        let report = report(&source, origin, much.clone()).await;
        let told: Vec<_> = steps(&report).iter().map(|step| step.status).collect();
        let mut expected = vec![Verdict::Pass; 4];
        expected.extend([Verdict::Error; 3]);
        assert_eq!(told, expected, "{origin}");
        let last = &steps(&report)[6];
        assert!(last.reason.as_ref().unwrap().contains("come to 32 MiB"));
        assert_eq!(last.checks[0].status, Verdict::Error);
    }
}

/// Printed, not held: what a step of a program costs over one of a list.
#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_steps_in_both_spellings_are_a_hundred_steps() {
    let listed: String = (0..100)
        .map(|n| format!("  - {{id: s{n}, run: [say], expect: [{{id: c{n}, that: exit == 0}}]}}\n"))
        .collect();
    let listed = plan(
        &format!("version: 1\nid: t\ntitle: T\nsteps:\n{listed}"),
        "t.yaml",
    );
    let asked = "fn main(p) { for n in 0..100 { let one = run(`s${n}`, [\"say\"]); check(`c${n}`, one.exit == 0); } }";
    let asked = plan(&format!("{HEADER}{asked}"), "t.rhai");
    for _ in 0..3 {
        for (plan, spelling) in [(&listed, "listed"), (&asked, "asked")] {
            let begun = Instant::now();
            let answers = json!({"say": {}});
            let report = heard(Arc::clone(plan), answers, Interrupt::default(), |_| {}).await;
            println!("{spelling}: {:?} for each step", begun.elapsed() / 100);
            assert_eq!(report.summary.checks.pass, 100);
        }
    }
}

struct Beside(PathBuf);

impl Library for Beside {
    fn source(&self, _: &str, path: &str) -> Result<(String, String), String> {
        let text = fs::read_to_string(self.0.join(path)).map_err(|error| error.to_string())?;
        Ok((path.into(), text))
    }
}

#[tokio::test]
async fn every_program_among_the_examples_passes_its_tests() {
    let programs = folder("../examples").into_iter();
    let programs: Vec<_> = programs
        .filter(|path| path.extension().is_some_and(|end| end == "rhai"))
        .collect();
    assert!(!programs.is_empty());
    for path in programs {
        let source = fs::read_to_string(&path).unwrap();
        let library = Beside(path.parent().unwrap().into());
        let (runbook, warnings) = Runbook::load(&source, "example.rhai", &library).unwrap();
        assert_eq!(warnings, [], "{}", path.display());
        let scripted = runbook.program.clone().unwrap();
        assert!(
            scripted.program().tests().count() >= 2,
            "one that passes, one that fails"
        );
        for test in scripted.program().tests() {
            let ended = rehearse(&runbook, &scripted, test).await;
            assert_eq!(ended, Ok(()), "{}: {test}", path.display());
        }
    }
}

#[tokio::test]
async fn a_test_that_does_not_hold_is_told_with_its_place() {
    let functions = "fn main(p) {
            let one = run(\"one\", [\"say\"], #{ retry: #{ attempts: 2, delay: \"50s\" } });
            fact(\"said\", one.stdout);
            log(\"so it is\");
            check(\"quiet\", one.stdout == \"\");
        }
        fn test_flaky() { let r = simulate(#{ one: [#{ exit: 1 }, #{ stdout: \"\" }] }); assert(r.step(\"one\").status == \"flaky\"); }
        fn test_loud() { let r = simulate(#{ one: #{ stdout: \"x\" } }); assert(r.check(\"quiet\").status == \"fail\" && r[\"facts\"].said == \"x\" && r.notes == [\"so it is\"]); }
        fn test_wrong() { assert(simulate(#{}).status == \"pass\", \"not given is not looked at\"); }
        fn test_asking() { run(\"one\", [\"say\"]); }
        fn test_param() { simulate(#{}, #{ gone: 1 }); }
        fn test_shape() { simulate(#{ one: 5 }); }";
    let (runbook, _) = Runbook::parse(&format!("{HEADER}{functions}"), "t.rhai").unwrap();
    let scripted = runbook.program.clone().unwrap();
    for (test, told) in [
        ("test_flaky", None),
        ("test_loud", None),
        ("test_wrong", Some("line 10:27: not given is not looked at")),
        ("test_asking", Some("line 11:28: a test asks nothing")),
        ("test_param", Some("line 12:27: there is no param `gone`")),
        (
            "test_shape",
            Some("line 13:27: what the step `one` is given is no map"),
        ),
    ] {
        match (rehearse(&runbook, &scripted, test).await, told) {
            (Ok(()), None) => {}
            (Err(thrown), Some(told)) => {
                assert!(thrown.to_string().starts_with(told), "{test}: {thrown}")
            }
            (ended, _) => panic!("{test}: {ended:?}"),
        }
    }
}

#[test]
fn where_a_program_asks_and_judges_is_known_as_far_as_it_is_written_out() {
    let functions = "fn main(p) { let one = run(\"one\", [\"say\"]); check(\"c\", true); file(`f${1}`, \"/x\"); }";
    let (runbook, _) = Runbook::parse(&format!("{HEADER}{functions}"), "t.rhai").unwrap();
    let scripted = runbook.program.unwrap();
    let asks: Vec<_> = scripted
        .program()
        .asks()
        .iter()
        .map(|ask| (ask.kind.as_str(), ask.id.as_deref(), ask.line))
        .collect();
    assert_eq!(asks, [("run", Some("one"), 2), ("file", None, 2)]);
    assert_eq!(scripted.program().checks(), ["c"]);
}
