//! Two runs side by side, for people: what got worse first, then what else changed.

use std::io::{self, Write};

use serde_json::Value;

use super::inert;
use crate::report::{CheckChange, Comparison, TargetChange, Verdict};

/// Characters of a value that are shown.
const MOST: usize = 120;

/// Writes a comparison as text. `Err` only when `out` refuses.
pub fn comparison(comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    let Comparison { before, after, .. } = comparison;
    writeln!(out, "run {} then, run {} now", inert(before), inert(after))?;
    if !comparison.same_runbook {
        writeln!(out, "the runbook is not the same")?;
    }
    for name in &comparison.gone {
        writeln!(out, "\n{}: gone", inert(name))?;
    }
    for change in &comparison.changed {
        target(change, out)?;
    }
    let new = |change: &&TargetChange| change.before.is_none();
    let new = comparison.changed.iter().filter(new).count();
    let changed = comparison.changed.len() - new;
    writeln!(
        out,
        "\ntargets {}: {changed} changed, {} not, {new} new; {} gone",
        changed + comparison.unchanged + new,
        comparison.unchanged,
        comparison.gone.len()
    )
}

fn target(change: &TargetChange, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "\n{}", inert(&change.target))?;
    if let Some(name) = &change.was_called {
        write!(out, " (then {})", inert(name))?;
    }
    let after = change.after.word();
    match change.before {
        None => writeln!(out, ": new, {after}")?,
        Some(before) if before == change.after => writeln!(out, ": {after}")?,
        Some(before) => writeln!(out, ": {} -> {after}", before.word())?,
    }
    let (worse, other): (Vec<_>, Vec<_>) = change.checks.iter().partition(|check| check.worse());
    for check in worse.into_iter().chain(other) {
        verdict(check, out)?;
    }
    for fact in &change.facts {
        writeln!(
            out,
            "  ~ {}.{}  {} -> {}",
            inert(&fact.step),
            inert(&fact.fact),
            value(fact.before.as_ref()),
            value(fact.after.as_ref())
        )?;
    }
    for output in &change.outputs {
        writeln!(out, "  ~ {} {}", inert(&output.step), output.stream)?;
        for line in output.diff.lines() {
            writeln!(out, "    {}", inert(line))?;
        }
    }
    Ok(())
}

fn verdict(check: &CheckChange, out: &mut dyn Write) -> io::Result<()> {
    let sign = if check.worse() { '!' } else { '+' };
    let name = match check.step == check.check {
        true => inert(&check.step),
        false => format!("{}/{}", inert(&check.step), inert(&check.check)),
    };
    let word = |verdict: Option<Verdict>| verdict.map_or("not there", Verdict::word);
    write!(
        out,
        "  {sign} {name}  {} -> {}",
        word(check.before),
        word(check.after)
    )?;
    match &check.message {
        Some(message) => writeln!(out, ": {}", inert(message)),
        None => writeln!(out),
    }
}

fn value(value: Option<&Value>) -> String {
    let Some(value) = value else {
        return "not there".into();
    };
    let text = inert(&value.to_string());
    match text.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}
