//! `housecall show`: a runbook for people: goal, params, steps, checks.

use std::fmt::Write as _;

use housecall::check::Means;
use housecall::render::inert;
use housecall::runbook::{Param, Runbook, Step};
use housecall::script::Expr;
use serde_json::{Value, json};

use super::args::{DataFormat, ShowArgs};
use super::exit::Failure;
use super::print;
use super::visit::{load, source};

/// Prints a runbook to stdout.
pub(crate) fn run(args: &ShowArgs) -> Result<u8, Failure> {
    if args.source {
        return print(&source(&args.runbook)?.1);
    }
    let runbook = load(&args.runbook)?;
    if let Some(DataFormat::Json) = args.output {
        return print(&format!("{:#}\n", data(&runbook)));
    }
    let text: String = described(&runbook)
        .lines()
        .map(|line| inert(line) + "\n")
        .collect();
    print(&text)
}

// Writing to a String cannot fail.
fn described(runbook: &Runbook) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "{}: {}", runbook.id, runbook.title);
    if let Some(doc) = &runbook.doc {
        let _ = writeln!(text, "\n{}", doc.trim_end());
    }
    if !runbook.params.is_empty() {
        text.push_str("\nparams\n");
        let width = longest(runbook.params.iter().map(|param| param.name.as_str()));
        for param in &runbook.params {
            let _ = writeln!(text, "  {:width$}  {}", param.name, described_param(param));
        }
    }
    if let Some(scripted) = &runbook.program {
        text.push_str("\nsteps (as the program decides)\n");
        for ask in scripted.program().asks() {
            let id = ask.id.as_deref().unwrap_or("…");
            let _ = writeln!(text, "  {id} ({})", ask.kind);
        }
        text.push_str("\nchecks\n");
        for id in scripted.program().checks() {
            let _ = writeln!(text, "  {id}");
        }
        return text;
    }
    let lists = lists(runbook);
    let width = longest(
        lists
            .iter()
            .flat_map(|(_, steps)| *steps)
            .map(|step| step.id.as_str()),
    );
    for (name, steps) in lists.iter().filter(|(_, steps)| !steps.is_empty()) {
        let _ = writeln!(text, "\n{name}");
        for step in *steps {
            let _ = writeln!(text, "  {:width$}  {}", step.id, step.kind.word());
            for (id, severity, that) in checks(step) {
                let _ = writeln!(text, "    {id} [{severity}] {that}");
            }
        }
    }
    text
}

fn lists(runbook: &Runbook) -> [(&'static str, &[Step]); 3] {
    [
        ("steps", &runbook.steps),
        ("on_fail", &runbook.on_fail),
        ("finally", &runbook.finally),
    ]
}

/// Id, severity and expression of each check and outcome.
fn checks(step: &Step) -> Vec<(&str, &str, &str)> {
    let expect = step.expect.iter().map(|check| {
        (
            check.id.as_str(),
            check.severity.word(),
            check.that.source(),
        )
    });
    let outcomes = step.outcomes.iter().map(|outcome| {
        let severity = match outcome.means {
            Means::Pass => "pass",
            Means::Warn | Means::Fail => outcome.severity.word(),
        };
        let when = outcome.when.as_ref().map_or("else", Expr::source);
        (outcome.id.as_str(), severity, when)
    });
    expect.chain(outcomes).collect()
}

fn longest<'t>(texts: impl Iterator<Item = &'t str>) -> usize {
    texts.map(str::len).max().unwrap_or_default()
}

fn described_param(param: &Param) -> String {
    let mut text = param.kind.word().to_owned();
    if let Some(default) = &param.default {
        let _ = write!(text, ", {default} unless given");
    } else if param.required {
        text.push_str(", required");
    }
    if let Some(doc) = &param.doc {
        let _ = write!(text, "; {doc}");
    }
    text
}

fn data(runbook: &Runbook) -> Value {
    let params: Vec<_> = runbook
        .params
        .iter()
        .map(|param| {
            json!({
                "name": param.name,
                "type": param.kind.word(),
                "default": param.default,
                "required": param.required,
                "doc": param.doc,
            })
        })
        .collect();
    let steps = |steps: &[Step]| -> Vec<Value> {
        steps
            .iter()
            .map(|step| {
                let checks: Vec<_> = checks(step)
                    .into_iter()
                    .map(|(id, severity, when)| json!({"id": id, "severity": severity, "that": when}))
                    .collect();
                json!({"id": step.id, "kind": step.kind.word(), "checks": checks})
            })
            .collect()
    };
    let program = runbook.program.as_ref().map(|scripted| {
        let program = scripted.program();
        let asks: Vec<_> = program
            .asks()
            .iter()
            .map(|ask| json!({"id": ask.id, "kind": ask.kind}))
            .collect();
        json!({"asks": asks, "checks": program.checks()})
    });
    let labels: serde_json::Map<_, _> = runbook
        .labels
        .iter()
        .map(|(key, value)| (key.clone(), value.clone().into()))
        .collect();
    json!({
        "id": runbook.id,
        "title": runbook.title,
        "doc": runbook.doc,
        "labels": labels,
        "digest": runbook.digest,
        "params": params,
        "program": program,
        "effects": runbook.effects.word(),
        "steps": steps(&runbook.steps),
        "on_fail": steps(&runbook.on_fail),
        "finally": steps(&runbook.finally),
    })
}
