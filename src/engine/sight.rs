//! What a step sees: params, the target, and the steps before it; of a secret only that it is there.
//!
//! Each of these is kept once, however many steps there are, and lent to each step.

use serde_json::{Map, Value};

use crate::ask::Patient;
use crate::plan::{Plan, known};
use crate::report::mask_of;
use crate::runbook::{Fragment, bind};
use crate::script::Scope;
use crate::target::Target;

/// What is known of one target while it is asked.
pub(super) struct Sight {
    /// Those of the runbook itself, which a fragment does not see.
    params: Params,
    /// `target`, and where its patient is.
    target: Map<String, Value>,
    /// The steps that were asked, by id.
    steps: Map<String, Value>,
}

/// Params by name, and the secrets behind the masked ones.
pub(super) struct Params {
    masked: Map<String, Value>,
    secrets: Map<String, Value>,
}

/// What a step has for itself.
#[derive(Default)]
pub(super) struct Own {
    /// The params of its fragment, where it stands in one.
    params: Option<Params>,
    /// What it is asked about, where it is asked once for each item of a list.
    item: Map<String, Value>,
}

/// What one step sees.
pub(super) struct View<'a> {
    scope: Scope<'a>,
    secrets: &'a Map<String, Value>,
}

impl Sight {
    pub(super) fn new(plan: &Plan, target: &Target, patient: &Patient) -> Self {
        let secrets = plan.secrets.iter();
        Self {
            params: Params {
                masked: plan.params.clone(),
                secrets: secrets
                    .map(|(name, text)| (name.clone(), text.clone().into()))
                    .collect(),
            },
            target: known(target, patient),
            steps: Map::new(),
        }
    }

    /// One of `target`, `target_pid`, `target_root`.
    pub(super) fn target(&self, name: &str) -> Option<&Value> {
        self.target.get(name)
    }

    /// Whether a text holds one of the secrets that a step can see, as it stands or as Rust writes it between quotes.
    pub(super) fn tells_secret(&self, own: &Own, text: &str) -> bool {
        let mine = own.params.iter().flat_map(|params| params.secrets.values());
        let secrets = self.params.secrets.values().chain(mine);
        secrets.filter_map(Value::as_str).any(|secret| {
            let quoted = format!("{secret:?}");
            !secret.is_empty()
                && (text.contains(secret) || text.contains(&quoted[1..quoted.len() - 1]))
        })
    }

    /// Where the patient is, now that it is known.
    pub(super) fn meet(&mut self, patient: &Patient) {
        self.target.insert("target_pid".into(), patient.pid.into());
        let root = patient.root.clone();
        self.target.insert("target_root".into(), root.into());
    }

    /// Where the patient will be, in words that stand for its process id until that is known.
    pub(super) fn expect(&mut self, pid: &str) {
        self.target.insert("target_pid".into(), pid.into());
        let root = format!("/proc/{pid}/root");
        self.target.insert("target_root".into(), root.into());
    }

    /// A step that was asked.
    pub(super) fn remember(&mut self, id: &str, seen: Value) {
        self.steps.insert(id.to_owned(), seen);
    }

    /// What a step sees.
    pub(super) fn of<'a>(&'a self, own: &'a Own) -> View<'a> {
        let view = self.within(own.params.as_ref());
        if own.item.is_empty() {
            return view;
        }
        View {
            scope: view.scope.with(&own.item),
            ..view
        }
    }

    /// What a step of this fragment has for itself; an error says which param cannot be settled.
    pub(super) fn own(&self, fragment: Option<&Fragment>) -> Result<Own, String> {
        Ok(Own {
            params: fragment.map(|fragment| self.bound(fragment)).transpose()?,
            item: Map::new(),
        })
    }

    /// What is seen with these params of a fragment, or with those of the runbook itself.
    fn within<'a>(&'a self, fragment: Option<&'a Params>) -> View<'a> {
        let earlier = |scope: Scope<'a>| scope.with(&self.target).with(&self.steps);
        match fragment {
            None => View {
                scope: earlier(Scope::of(&self.params.masked)),
                secrets: &self.params.secrets,
            },
            Some(params) => View {
                scope: earlier(Scope::new()).with(&params.masked),
                secrets: &params.secrets,
            },
        }
    }

    fn bound(&self, fragment: &Fragment) -> Result<Params, String> {
        let outer = fragment.outer.as_ref();
        let outer = outer.map(|outer| self.bound(outer)).transpose()?;
        let view = self.within(outer.as_ref());
        let whole = view.whole();
        let mut given = Vec::new();
        for (name, template) in &fragment.given {
            let text = template
                .render(&whole)
                .map_err(|error| format!("the param `{name}` of `{}`: {error}", fragment.origin))?;
            given.push((name.clone(), text));
        }
        let mut masked = bind(&fragment.params, &given).map_err(|unfit| {
            let all: Vec<_> = unfit.into_iter().map(|one| one.headline).collect();
            format!(
                "`{}` cannot be included: {}",
                fragment.origin,
                all.join("; ")
            )
        })?;
        let mut secrets = Map::new();
        for param in fragment
            .params
            .iter()
            .filter(|param| param.kind.is_secret())
        {
            if let Some(value) = masked
                .get_mut(&param.name)
                .filter(|value| value.is_string())
            {
                secrets.insert(
                    param.name.clone(),
                    std::mem::replace(value, mask_of(&param.name).into()),
                );
            }
        }
        Ok(Params { masked, secrets })
    }
}

impl Own {
    /// What it is asked about now.
    pub(super) fn about(&mut self, name: &str, item: Value) {
        self.item.insert(name.to_owned(), item);
    }
}

impl<'a> View<'a> {
    /// What expressions see.
    pub(super) fn scope(&self) -> &Scope<'a> {
        &self.scope
    }

    /// What the keys see that a secret may stand in.
    pub(super) fn whole(&self) -> Scope<'a> {
        self.scope.with(self.secrets)
    }
}
