//! `sh`: a POSIX shell script; parameters reach it as environment only.
//!
//! Each param stands in the environment under exactly its name: text as it is, numbers and booleans as written, a duration in
//! seconds, a list with one item on each line; a param without a value is not set. `target_pid` and `target_root` stand there too, where known.

use serde_json::Value;

use super::{Observation, answer};
use crate::ask::{Answer, Ask, Question};
use crate::script::{Scope, TemplateError};

/// Names that are in the environment of every script beside the params.
pub const GIVEN: [&str; 2] = ["target_pid", "target_root"];

/// `sh: 'awk … "$port"'`.
#[derive(Clone, Debug)]
pub struct Sh {
    /// The script, never templated.
    pub script: String,
    /// Names of the params that stand in its environment, under exactly these names.
    pub params: Vec<String>,
}

impl Sh {
    pub(super) fn asks(&self, scope: &Scope) -> Result<Vec<Ask>, TemplateError> {
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

    pub(super) fn read(&self, answers: &[Answer], image: &str) -> Observation {
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
