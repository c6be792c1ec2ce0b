//! `sh`: a POSIX shell script; parameters reach it as environment only.
use super::Observation;
use crate::{
    ask::{Answer, Ask},
    script::{Scope, TemplateError},
};
use serde_json::Map;
/// `sh: 'awk … "$port"'`.
#[derive(Clone, Debug)]
pub struct Sh {
    /// The script, never templated.
    pub script: String,
    /// Names of the params that stand in its environment, under exactly these names.
    pub params: Vec<String>,
}
impl Sh {
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
