//! Text with `{{ expression }}` in it: parsed once, rendered once, its result never read as a template again.

use serde_json::Value;

use super::sandbox::MAX_TEXT;
use super::{Expr, ExprError, Member, Scope};

/// A parsed template.
#[derive(Clone, Debug)]
pub struct Template {
    source: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug)]
enum Part {
    Text(String),
    /// The expression, and where its text begins in the template.
    Expr(Expr, usize),
}

/// Why a template cannot be parsed or rendered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TemplateError {
    /// What is wrong, lower case.
    pub message: String,
    /// Where in the template's text, in bytes.
    pub offset: Option<usize>,
}

impl From<ExprError> for TemplateError {
    fn from(e: ExprError) -> Self {
        Self {
            message: e.message,
            offset: e.offset,
        }
    }
}

impl Template {
    /// Parses; unclosed braces and syntax errors are found here. A `{{` that is meant as text is written `{{ "{{" }}`.
    pub fn parse(source: &str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut at = 0;
        while let Some(open) = source[at..].find("{{").map(|found| at + found) {
            if open > at {
                parts.push(Part::Text(source[at..open].into()));
            }
            let inside = open + 2;
            let Some(length) = closing(&source[inside..]) else {
                return Err(TemplateError {
                    message: "`{{` is never closed".into(),
                    offset: Some(open),
                });
            };
            let text = &source[inside..inside + length];
            let expression = text.trim();
            let begins = inside + (text.len() - text.trim_start().len());
            let expr = Expr::compile(expression).map_err(|error| TemplateError {
                message: error.message,
                offset: Some(begins + error.offset.unwrap_or(0)),
            })?;
            parts.push(Part::Expr(expr, begins));
            at = inside + length + 2;
        }
        if at < source.len() {
            parts.push(Part::Text(source[at..].into()));
        }
        Ok(Self {
            source: source.into(),
            parts,
        })
    }

    /// Text that stands as it is, whatever is in it.
    pub fn literal(text: &str) -> Self {
        Self {
            source: text.into(),
            parts: vec![Part::Text(text.into())],
        }
    }

    /// The same, except that each mark in it stands for the name it goes with.
    pub fn marked(text: &str, marks: &[(String, String)]) -> Self {
        let (mut source, mut parts, mut rest) = (String::new(), Vec::new(), text);
        let next = |rest: &str| {
            marks
                .iter()
                .filter_map(|(name, mark)| Some((rest.find(mark.as_str())?, name, mark.len())))
                .min_by_key(|(at, ..)| *at)
        };
        while let Some((at, name, length)) = next(rest) {
            let Ok(expr) = Expr::compile(name) else { break };
            if at > 0 {
                parts.push(Part::Text(rest[..at].into()));
            }
            source.push_str(&rest[..at]);
            parts.push(Part::Expr(expr, source.len() + 2));
            source.push_str(&format!("{{{{{name}}}}}"));
            rest = &rest[at + length..];
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.into()));
            source.push_str(rest);
        }
        Self { source, parts }
    }

    /// A part of its text as a template of its own. Where nothing of the whole is worked out, nothing of the part is: text that came
    /// from a program is never read as a template, whatever is in it.
    pub fn part(&self, text: &str) -> Result<Self, TemplateError> {
        if self.parts.iter().all(|part| matches!(part, Part::Text(_))) {
            return Ok(Self::literal(text));
        }
        Self::parse(text)
    }

    /// Its text as written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The free names it uses, each with its byte offset in the template.
    pub fn names(&self) -> Vec<(String, usize)> {
        self.parts
            .iter()
            .flat_map(|part| match part {
                Part::Text(_) => Vec::new(),
                Part::Expr(expr, begins) => expr
                    .names()
                    .into_iter()
                    .map(|(name, offset)| (name, begins + offset))
                    .collect(),
            })
            .collect()
    }

    /// The properties that it takes straight from free names, each with its byte offset in the template.
    pub fn members(&self) -> Vec<Member> {
        self.parts
            .iter()
            .flat_map(|part| match part {
                Part::Text(_) => Vec::new(),
                Part::Expr(expr, begins) => expr
                    .members()
                    .iter()
                    .map(|member| Member {
                        offset: begins + member.offset,
                        ..member.clone()
                    })
                    .collect(),
            })
            .collect()
    }

    /// The text it comes to. Strings stand as they are, whole floats without `.0`, lists and maps are an error.
    pub fn render(&self, scope: &Scope<'_>) -> Result<String, TemplateError> {
        let mut text = String::with_capacity(self.source.len());
        for part in &self.parts {
            match part {
                Part::Text(plain) => text.push_str(plain),
                Part::Expr(expr, begins) => {
                    text.push_str(&word(expr, &found(expr, *begins, scope)?, *begins)?)
                }
            }
            if text.len() > MAX_TEXT {
                return Err(TemplateError {
                    message: format!("the text grows beyond {} MiB", MAX_TEXT / 1024 / 1024),
                    offset: None,
                });
            }
        }
        Ok(text)
    }

    /// The words it comes to as one item of an argv: one, except for a template that is one lone `{{ list }}`, which gives a word
    /// for each item (none for an empty list).
    pub fn words(&self, scope: &Scope<'_>) -> Result<Vec<String>, TemplateError> {
        if let [Part::Expr(expr, begins)] = self.parts.as_slice()
            && let Value::Array(items) = found(expr, *begins, scope)?
        {
            return items.iter().map(|item| word(expr, item, *begins)).collect();
        }
        Ok(vec![self.render(scope)?])
    }
}

fn found(expr: &Expr, begins: usize, scope: &Scope<'_>) -> Result<Value, TemplateError> {
    expr.value(scope).map_err(|error| TemplateError {
        message: format!(
            "`{{{{ {} }}}}` has no value: {}",
            expr.source(),
            error.message
        ),
        offset: Some(begins + error.offset.unwrap_or(0)),
    })
}

fn word(expr: &Expr, value: &Value, begins: usize) -> Result<String, TemplateError> {
    let refuse = |what: &str| {
        Err(TemplateError {
            message: format!("`{{{{ {} }}}}` is {what}, which is no text", expr.source()),
            offset: Some(begins),
        })
    };
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(value) => Ok(value.to_string()),
        Value::Number(number) => Ok(match (number.as_i64(), number.as_f64()) {
            (None, Some(float)) => format!("{float}"),
            _ => number.to_string(),
        }),
        Value::Null => refuse("nothing"),
        Value::Array(_) => refuse("a list"),
        Value::Object(_) => refuse("a map"),
    }
}

/// Length of the expression before its `}}`; braces and quotes inside the expression are passed over.
fn closing(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut depth, mut quote, mut at) = (0_usize, None, 0);
    while at < bytes.len() {
        match (quote, bytes[at]) {
            (Some(_), b'\\') => at += 1,
            (Some(mark), byte) if byte == mark => quote = None,
            (Some(_), _) => {}
            (None, mark @ (b'"' | b'\'' | b'`')) => quote = Some(mark),
            (None, b'{') => depth += 1,
            (None, b'}') if depth > 0 => depth -= 1,
            (None, b'}') if bytes.get(at + 1) == Some(&b'}') => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}
