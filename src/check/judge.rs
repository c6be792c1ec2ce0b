//! Expectation × scope → check.

use serde_json::Value;

use crate::report::{CheckReport, Severity, Verdict};
use crate::script::{Expr, Scope, Template};

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
/// evaluated is `error`, with the reason, and so is one that reads a text of this step that was cut.
pub fn judge(expectations: &[Expectation], scope: &Scope<'_>) -> Vec<CheckReport> {
    expectations
        .iter()
        .map(|expectation| expectation.judge(scope))
        .collect()
}

impl Expectation {
    fn judge(&self, scope: &Scope<'_>) -> CheckReport {
        let outcome = match cut(&self.that, scope) {
            Some(cut) => Err(cut),
            None => self.that.holds(scope).map_err(|error| error.message),
        };
        let (status, message) = match outcome {
            Ok(true) => (Verdict::Pass, None),
            Ok(false) if self.severity < Severity::Error => (Verdict::Warn, Some(self.say(scope))),
            Ok(false) => (Verdict::Fail, Some(self.say(scope))),
            Err(why) => (
                Verdict::Error,
                Some(format!("`{}` cannot be judged: {why}", self.that.source())),
            ),
        };
        CheckReport {
            hint: told(&self.hint, status, scope),
            url: told(&self.url, status, scope),
            ..answered(&self.id, status, self.severity, message)
        }
    }

    fn say(&self, scope: &Scope<'_>) -> String {
        match &self.say {
            None => self.explained(scope),
            Some(say) => say.render(scope).unwrap_or_else(|error| {
                format!(
                    "{} (its `say` cannot be told: {error})",
                    self.explained(scope)
                )
            }),
        }
    }

    fn explained(&self, scope: &Scope<'_>) -> String {
        let values: Vec<_> = self
            .that
            .trace(scope)
            .into_iter()
            .map(|part| match part.value {
                Ok(value) => format!("{} = {}", part.source, bounded(&value)),
                Err(why) => format!("{}: {why}", part.source),
            })
            .collect();
        if values.is_empty() {
            self.that.source().into()
        } else {
            format!("{} with {}", self.that.source(), values.join(", "))
        }
    }
}

/// Why an expression cannot be judged: it reads a text of this step that was cut.
pub(super) fn cut(expr: &Expr, scope: &Scope<'_>) -> Option<String> {
    let cut = scope.get("truncated")?.as_array()?;
    let (name, _) = expr
        .names()
        .into_iter()
        .find(|(name, _)| cut.iter().any(|one| one.as_str() == Some(name)))?;
    let kept = scope.get(&name).and_then(Value::as_str).map_or(0, str::len);
    Some(format!(
        "`{name}` was cut at {kept} bytes; raise `output.max`, or `max` of a file"
    ))
}

/// A check as it is reported, with neither hint nor url.
pub(super) fn answered(
    id: &str,
    status: Verdict,
    severity: Severity,
    message: Option<String>,
) -> CheckReport {
    CheckReport {
        id: id.to_owned(),
        status,
        severity,
        message,
        hint: None,
        url: None,
    }
}

/// What to do or where to read on: told of what does not hold.
pub(super) fn told(
    template: &Option<Template>,
    status: Verdict,
    scope: &Scope<'_>,
) -> Option<String> {
    template
        .as_ref()
        .filter(|_| status != Verdict::Pass)
        .and_then(|template| template.render(scope).ok())
}

fn bounded(value: &Value) -> String {
    let text = value.to_string();
    let mut short: String = text.chars().take(120).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
