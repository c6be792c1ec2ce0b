//! The values inside an expression, for the message of a check that does not hold.

use serde_json::Value;

use super::{Expr, Scope};

/// A sub-expression and the value it had.
#[derive(Clone, Debug, PartialEq)]
pub struct Traced {
    /// Its source text.
    pub source: String,
    /// Its value, or the error in words.
    pub value: Result<Value, String>,
}

/// Sub-expressions that are traced at most; a message of more is not read.
const MAX_TRACED: usize = 12;

/// Every name and call with what hangs on it: `name.len()` gives `name.len()` and `name`, `http.code` gives only itself, because
/// the list or map that it is taken from says nothing in one line.
pub(super) fn trace(expr: &Expr, scope: &Scope<'_>) -> Vec<Traced> {
    let source = expr.source();
    let mut starts: Vec<usize> = expr
        .every_name()
        .iter()
        .map(|(_, offset)| *offset)
        .chain(expr.calls().iter().copied())
        .collect();
    starts.sort_unstable();
    starts.dedup();
    let mut traced: Vec<Traced> = Vec::new();
    for start in starts {
        for end in links(source, start).into_iter().rev() {
            let text = &source[start..end];
            if traced.len() == MAX_TRACED || traced.iter().any(|seen| seen.source == text) {
                continue;
            }
            // A part that does not stand alone, such as one that uses a closure's own argument, is left out.
            let Ok(part) = Expr::compile(text) else {
                continue;
            };
            if part.names().iter().any(|(name, _)| !scope.has(name)) && end != start {
                continue;
            }
            let value = part.value(scope).map_err(|error| error.message);
            let longer = traced.iter().any(|seen| seen.source.starts_with(text));
            if longer && matches!(value, Ok(Value::Object(_) | Value::Array(_))) {
                continue;
            }
            traced.push(Traced {
                source: text.to_owned(),
                value,
            });
        }
    }
    traced
}

/// Ends of the growing chain that begins at `start`: after the name, and after each call or index on it. Plain properties are only
/// cut where a call follows.
fn links(source: &str, start: usize) -> Vec<usize> {
    let bytes = source.as_bytes();
    let mut at = start + word(&source[start..]);
    let mut ends = Vec::new();
    if bytes.get(at) == Some(&b'(') {
        match closed(source, at) {
            Some(end) => at = end,
            None => return ends,
        }
    }
    ends.push(at);
    loop {
        match bytes.get(at) {
            Some(b'[') => match closed(source, at) {
                Some(end) => at = end,
                None => break,
            },
            Some(b'.') => {
                let name = word(&source[at + 1..]);
                if name == 0 {
                    break;
                }
                let after = at + 1 + name;
                if bytes.get(after) == Some(&b'(') {
                    match closed(source, after) {
                        Some(end) => at = end,
                        None => break,
                    }
                } else {
                    at = after;
                }
            }
            _ => break,
        }
        ends.push(at);
    }
    ends
}

fn word(text: &str) -> usize {
    text.find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(text.len())
}

/// One past the bracket that closes the one at `open`; quoted text is passed over.
fn closed(source: &str, open: usize) -> Option<usize> {
    let bytes = source.as_bytes();
    let mut depth = 0_usize;
    let mut quote = None;
    let mut at = open;
    while let Some(&byte) = bytes.get(at) {
        match (quote, byte) {
            (Some(_), b'\\') => at += 1,
            (Some(mark), byte) if byte == mark => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'' | b'`') => quote = Some(byte),
            (None, b'(' | b'[' | b'{') => depth += 1,
            (None, b')' | b']' | b'}') => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}
