//! `file`: a file of the patient.
use super::Observation;
use crate::{
    ask::{Answer, Ask},
    script::{Scope, Template, TemplateError},
};
use serde_json::Map;
/// `file: /etc/resolv.conf`, or `file: {path: …, max: 64KiB}`.
#[derive(Clone, Debug)]
pub struct File {
    /// Path as the patient sees it; a leading `{{target_root}}` or `/proc/PID/root` of the patient is taken off.
    pub path: Template,
    /// Bytes that are read at most.
    pub max: u64,
}
impl File {
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
