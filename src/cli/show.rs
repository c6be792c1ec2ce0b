//! `housecall show`: a runbook for people: goal, params, steps, checks.

use std::fmt::Write as _;

use housecall::render::inert;
use housecall::runbook::{Param, Runbook};
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
    text.push_str("\nsteps\n");
    let width = longest(runbook.steps.iter().map(|step| step.id.as_str()));
    for step in &runbook.steps {
        let _ = writeln!(text, "  {:width$}  {}", step.id, step.kind.word());
        for expectation in &step.expect {
            let _ = writeln!(
                text,
                "    {} [{}] {}",
                expectation.id,
                expectation.severity.word(),
                expectation.that.source()
            );
        }
    }
    text
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
    let steps: Vec<_> = runbook
        .steps
        .iter()
        .map(|step| {
            let checks: Vec<_> = step
                .expect
                .iter()
                .map(|check| {
                    let told = |template: &Option<housecall::script::Template>| {
                        template
                            .as_ref()
                            .map(|template| template.source().to_owned())
                    };
                    json!({
                        "id": check.id,
                        "severity": check.severity.word(),
                        "that": check.that.source(),
                        "say": told(&check.say),
                        "hint": told(&check.hint),
                        "url": told(&check.url),
                    })
                })
                .collect();
            json!({"id": step.id, "kind": step.kind.word(), "checks": checks})
        })
        .collect();
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
        "steps": steps,
    })
}
