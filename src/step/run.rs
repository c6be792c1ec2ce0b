//! `run`: a program and its arguments.
use super::Observation;
use crate::{
    ask::{Answer, Ask},
    script::{Scope, Template, TemplateError},
};
use serde_json::Map;
/// `run: [curl, -sS, 'http://localhost:{{port}}/']`.
#[derive(Clone, Debug)]
pub struct Run {
    /// Program and arguments.
    pub argv: Vec<Template>,
}
impl Run {
    pub(super) fn asks(&self, _scope: &Scope) -> Result<Vec<Ask>, TemplateError> {
        Ok(Vec::new())
    }
    pub(super) fn read(&self, _answers: &[Answer], _image: &str) -> Observation {
        Observation {
            facts: Map::new(),
            blocked: None,
            truncated: false,
        }
    }
}
