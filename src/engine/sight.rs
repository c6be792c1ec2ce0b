//! What a step sees: params, the target, and the steps before it; of a secret only that it is there.

use std::sync::Arc;

use serde_json::Value;

use crate::ask::Patient;
use crate::plan::Plan;
use crate::report::MASK;
use crate::runbook::{Fragment, bind};
use crate::script::Scope;
use crate::target::Target;

/// Names and values, and the secrets behind the masked ones.
#[derive(Clone)]
pub(super) struct Sight {
    scope: Scope,
    secrets: Vec<(String, String)>,
    /// The params of the runbook itself, which a fragment does not see.
    params: Vec<String>,
}

impl Sight {
    pub(super) fn new(plan: &Plan, target: &Target, patient: &Patient) -> Self {
        Self {
            scope: plan.scope(target, patient),
            secrets: plan.secrets.clone(),
            params: plan.params.keys().cloned().collect(),
        }
    }

    /// What expressions see.
    pub(super) fn scope(&self) -> &Scope {
        &self.scope
    }

    /// What the keys see that a secret may stand in.
    pub(super) fn whole(&self) -> Scope {
        let mut scope = self.scope.clone();
        for (name, value) in &self.secrets {
            scope.insert(name.clone(), value.clone().into());
        }
        scope
    }

    /// Whether a text holds one of the secrets, as it stands or as Rust writes it between quotes.
    pub(super) fn tells_secret(&self, text: &str) -> bool {
        self.secrets.iter().any(|(_, secret)| {
            let quoted = format!("{secret:?}");
            !secret.is_empty()
                && (text.contains(secret) || text.contains(&quoted[1..quoted.len() - 1]))
        })
    }

    /// Where the patient is, now that it is known.
    pub(super) fn meet(&mut self, patient: &Patient) {
        self.set("target_pid", patient.pid.into());
        self.set("target_root", patient.root.clone().into());
    }

    pub(super) fn set(&mut self, name: &str, value: Value) {
        self.scope.insert(name.to_owned(), value);
    }

    /// A step that was asked.
    pub(super) fn remember(&mut self, id: &str, seen: Value) {
        self.set(id, seen);
    }

    /// What a step of this fragment sees; an error says which param cannot be settled.
    pub(super) fn of(&self, fragment: Option<&Arc<Fragment>>) -> Result<Self, String> {
        let Some(fragment) = fragment else {
            return Ok(self.clone());
        };
        let outer = self.of(fragment.outer.as_ref())?;
        let whole = outer.whole();
        let mut given = Vec::new();
        for (name, template) in &fragment.given {
            let text = template
                .render(&whole)
                .map_err(|error| format!("the param `{name}` of `{}`: {error}", fragment.origin))?;
            given.push((name.clone(), text));
        }
        let bound = bind(&fragment.params, &given).map_err(|unfit| {
            let all: Vec<_> = unfit.into_iter().map(|one| one.headline).collect();
            format!(
                "`{}` cannot be included: {}",
                fragment.origin,
                all.join("; ")
            )
        })?;
        let mut inner = Self {
            scope: self.scope.clone(),
            secrets: Vec::new(),
            params: bound.keys().cloned().collect(),
        };
        for name in &self.params {
            inner.scope.remove(name);
        }
        for (name, value) in bound {
            let secret = fragment
                .params
                .iter()
                .any(|param| param.name == name && param.kind.is_secret());
            match value {
                Value::String(text) if secret => {
                    inner.secrets.push((name.clone(), text));
                    inner.scope.insert(name, MASK.into());
                }
                value => {
                    inner.scope.insert(name, value);
                }
            }
        }
        Ok(inner)
    }
}
