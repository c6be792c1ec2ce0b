//! `housecall show`: a runbook for people: goal, params, steps, checks.

use std::fmt::Write as _;
use std::io::Write as _;

use housecall::render::inert;
use housecall::runbook::{Param, Runbook};

use super::args::ShowArgs;
use super::exit::Failure;
use super::visit::{load, source};

/// Prints a runbook to stdout.
pub(crate) fn run(args: &ShowArgs) -> Result<u8, Failure> {
    let text = if args.source {
        source(&args.runbook)?.1
    } else {
        let text = described(&load(&args.runbook)?);
        text.lines().map(|line| inert(line) + "\n").collect()
    };
    std::io::stdout()
        .write_all(text.as_bytes())
        .map_err(|error| Failure::could_not("write to stdout", &error))?;
    Ok(0)
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
        for param in &runbook.params {
            let _ = writeln!(text, "  {}", described_param(param));
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
    text.push_str("\nsteps\n");
    for step in &runbook.steps {
        let _ = writeln!(text, "  {} ({})", step.id, step.kind.word());
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

fn described_param(param: &Param) -> String {
    let mut text = format!("{}: {}", param.name, param.kind.word());
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
