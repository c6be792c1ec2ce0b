//! `sh`: a POSIX shell script; parameters reach it as environment only.
//!
//! Each param stands in the environment under exactly its name: text as it is, numbers and booleans as written, a duration in
//! seconds, a list with one item on each line; a param without a value is not set. `target_pid` and `target_root` stand there too, where known.

use std::sync::Arc;

use serde_json::Value;

use super::about::{About, Field, Shape};
use super::{Asking, Observation, Registered, Spec, Unfit, answer};
use crate::ask::{Answer, Ask, Question};
use crate::script::{Scope, TemplateError};

/// Names that are in the environment of every script beside the params.
pub const GIVEN: [&str; 2] = ["target_pid", "target_root"];

pub(super) const KIND: Registered = Registered {
    about: &ABOUT,
    build,
};

const ABOUT: About = About {
    word: "sh",
    purpose: "a POSIX shell script, with the params in its environment under exactly their names",
    ways: &[],
    short: Some("sh"),
    fields: &[Field::new(
        "sh",
        Shape::Script,
        "the script; `{{ }}` cannot stand in it, and a secret is not in its environment",
    )
    .required()],
    facts: &[],
    example: "sh: |\n  awk -v most=\"$limit\" '$3 > most' /proc/net/sockstat",
};

#[derive(Debug)]
struct Sh {
    script: String,
    params: Vec<String>,
}

fn build(spec: &Spec, params: &[String]) -> Result<Arc<dyn Asking>, Unfit> {
    let script = spec.script("sh").unwrap_or_default();
    if script.trim().is_empty() {
        return Err(Unfit::new("sh", "the script is empty", "write one"));
    }
    Ok(Arc::new(Sh {
        script: script.to_owned(),
        params: params.to_vec(),
    }))
}

impl Asking for Sh {
    fn asks(&self, scope: &Scope<'_>) -> Result<Vec<Ask>, TemplateError> {
        let mut env = Vec::new();
        for name in self.params.iter().map(String::as_str).chain(GIVEN) {
            let Some(text) = scope.get(name).and_then(text) else {
                continue;
            };
            if text.contains('\0') {
                return Err(TemplateError {
                    message: format!("`{name}` holds a NUL byte, which no environment can"),
                    offset: None,
                });
            }
            env.push((name.to_owned(), text));
        }
        Ok(vec![Ask::new(Question::Script {
            text: self.script.clone(),
            env,
        })])
    }

    fn read(&self, answers: &[Answer], image: &str) -> Observation {
        answer::observe(answers, |answer, code| {
            let place = answer::place(image);
            let said = answer::last_word(answer);
            match (said.as_deref().and_then(missing_tool), said.as_deref()) {
                (Some(tool), Some(said)) if code == 127 => {
                    format!("no `{tool}` in {place}: {said}")
                }
                (_, Some(said)) => format!("the script ended with exit {code} in {place}: {said}"),
                (_, None) => format!(
                    "the script ended with exit {code} in {place}, which means a program that is missing or cannot be executed"
                ),
            }
        })
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null | Value::Object(_) => None,
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => Some(items.iter().filter_map(text).collect::<Vec<_>>().join("\n")),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
    }
}

/// The tool in a shell's complaint: `sh: dig: not found` (busybox), `sh: 1: dig: not found` (dash),
/// `sh: line 1: dig: command not found` (bash).
fn missing_tool(line: &str) -> Option<&str> {
    let before = line
        .strip_suffix(": not found")
        .or_else(|| line.strip_suffix(": command not found"))
        .or_else(|| line.strip_suffix(": No such file or directory"))?;
    let tool = before.rsplit(": ").next()?.trim();
    (!tool.is_empty()).then_some(tool)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_missing_tool_is_read_from_every_shells_complaint() {
        for line in [
            "sh: dig: not found",
            "sh: 1: dig: not found",
            "sh: line 1: dig: command not found",
            "/bin/sh: dig: not found",
        ] {
            assert_eq!(missing_tool(line), Some("dig"), "{line}");
        }
        assert_eq!(missing_tool("curl: (7) Failed to connect"), None);
    }
}
