//! One expression: compiled once, evaluated strictly.

use serde_json::Value;

use super::Scope;

/// A compiled expression, such as `code == 200 && secs < slow`.
#[derive(Clone, Debug)]
pub struct Expr {
    source: String,
}

/// Why an expression cannot be compiled or evaluated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExprError {
    /// What is wrong, lower case.
    pub message: String,
    /// Where in the expression's text, in bytes from its start, as far as is known.
    pub offset: Option<usize>,
}

/// A sub-expression and the value it had.
#[derive(Clone, Debug, PartialEq)]
pub struct Traced {
    /// Its source text.
    pub source: String,
    /// Its value, or the error in words.
    pub value: Result<Value, String>,
}

impl Expr {
    /// Compiles; syntax errors are found here.
    pub fn compile(source: &str) -> Result<Self, ExprError> {
        Ok(Self {
            source: source.into(),
        })
    }
    /// Its text as written.
    pub fn source(&self) -> &str {
        &self.source
    }
    /// The free names it uses, each once, in order of first use, with its byte offset.
    pub fn names(&self) -> Vec<(String, usize)> {
        Vec::new()
    }
    /// Its value.
    pub fn value(&self, _scope: &Scope) -> Result<Value, ExprError> {
        Ok(Value::Null)
    }
    /// Its truth; anything but a boolean is an error.
    pub fn holds(&self, _scope: &Scope) -> Result<bool, ExprError> {
        Ok(true)
    }
    /// The value of every sub-expression that is a name, a property or a call, for the message of a failed check.
    pub fn trace(&self, _scope: &Scope) -> Vec<Traced> {
        Vec::new()
    }
}
