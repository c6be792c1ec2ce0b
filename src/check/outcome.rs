//! Outcomes × scope → checks: of several conditions the first that holds says what a step came to.

use super::judge::{answered, cut, told};
use crate::report::{CheckReport, Severity, Verdict};
use crate::script::{Expr, Scope, Template};

/// One thing a step may come to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Id of the check, kebab-case, unique in the runbook.
    pub id: String,
    /// When it is this one; `None` for the last, which is it when no other is.
    pub when: Option<Expr>,
    /// What it means.
    pub means: Means,
    /// Words for the report.
    pub say: Template,
    /// How bad it is; of [`Means::Pass`] nothing.
    pub severity: Severity,
    /// What to do about it.
    pub hint: Option<Template>,
    /// Where to read on.
    pub url: Option<Template>,
}

/// What an outcome means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// Trouble.
    Fail,
    /// Something below error.
    Warn,
    /// All is well.
    Pass,
}

/// Tries one after the other. Those before the first that holds are `pass`: they were looked at, and are not so. Those behind it
/// are not looked at and not reported. Where none holds, or one cannot be evaluated, that is an error and never a pass.
pub fn decide(step: &str, outcomes: &[Outcome], scope: &Scope<'_>) -> Vec<CheckReport> {
    let mut checks = Vec::new();
    for outcome in outcomes {
        let holds = match &outcome.when {
            None => Ok(true),
            Some(when) => match cut(when, scope) {
                Some(why) => Err(why),
                None => when.holds(scope).map_err(|error| error.message),
            },
        };
        match holds {
            Ok(true) => {
                checks.push(outcome.report(scope));
                return checks;
            }
            Ok(false) => {
                if outcome.means != Means::Pass {
                    checks.push(answered(&outcome.id, Verdict::Pass, outcome.severity, None));
                }
            }
            Err(why) => {
                let source = outcome.when.as_ref().map_or("", |when| when.source());
                checks.push(answered(
                    &outcome.id,
                    Verdict::Error,
                    outcome.severity,
                    Some(format!("`when: {source}` cannot be judged: {why}")),
                ));
                return checks;
            }
        }
    }
    if !outcomes.is_empty() {
        checks.push(answered(
            &format!("{}-outcome", step.replace('_', "-").to_ascii_lowercase()),
            Verdict::Error,
            Severity::Error,
            Some("none of its outcomes holds".into()),
        ));
    }
    checks
}

impl Outcome {
    fn report(&self, scope: &Scope<'_>) -> CheckReport {
        let status = match self.means {
            Means::Fail => Verdict::Fail,
            Means::Warn => Verdict::Warn,
            Means::Pass => Verdict::Pass,
        };
        let message = match self.say.render(scope) {
            Ok(text) => text,
            Err(error) => format!("{} (cannot be told: {error})", self.say.source()),
        };
        CheckReport {
            hint: told(&self.hint, status, scope),
            url: told(&self.url, status, scope),
            ..answered(&self.id, status, self.severity, Some(message))
        }
    }
}
