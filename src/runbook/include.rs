//! `include`: the steps of another runbook, with params of their own.
//!
//! A fragment is a runbook like any other. Its steps see its own params, which get their values where it is included, and what was
//! asked in it before; the steps behind it see its steps by their ids. Ids stay unique over all of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::document::{Fragment, Step};
use super::keys;
use super::names::Sight;
use super::param;
use super::reader::{Fields, Reader, near};
use super::settings::{self, Defaults};
use super::steps::{Around, steps};
use crate::script::Template;
use crate::yaml::{self, Node, Yaml};

/// Fragments within fragments.
const DEEPEST: usize = 8;

/// Where the sources of included runbooks come from.
pub trait Library {
    /// The source of `path` as it is written in the runbook `origin`, and what messages call it; an error says why there is none.
    fn source(&self, origin: &str, path: &str) -> Result<(String, String), String>;
}

/// No fragments: for a runbook whose surroundings are not known.
#[derive(Clone, Copy, Debug)]
pub struct Alone;

impl Library for Alone {
    fn source(&self, _: &str, path: &str) -> Result<(String, String), String> {
        Err(format!(
            "`{path}` cannot be included: this runbook stands alone"
        ))
    }
}

pub(super) fn include(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    around: &mut Around<'_>,
) -> Vec<Step> {
    let Some(node) = fields.get("include") else {
        return Vec::new();
    };
    if let Some((key, _)) = fields
        .keys()
        .find(|(key, _)| !matches!(key.text.as_str(), "include" | "params"))
    {
        reader.error(
            key.span,
            format!("`{}` does not go with `include`", key.text),
            "an included runbook says everything about its steps itself; `params` are its values",
        );
    }
    let Some(path) = reader.text(node, "`include`") else {
        return Vec::new();
    };
    let here = around.origins.last().cloned().unwrap_or_default();
    let (origin, source) = match around.library.source(&here, path) {
        Ok(found) => found,
        Err(why) => {
            reader.error(
                node.span,
                why,
                "write the path of a runbook beside or below this one, or `lib/NAME.yaml` of those that are shipped",
            );
            return Vec::new();
        }
    };
    if around.origins.contains(&origin) {
        reader.error(
            node.span,
            format!(
                "`{path}` includes itself: {} → {origin}",
                around.origins.join(" → ")
            ),
            "take one of them out",
        );
        return Vec::new();
    }
    if around.origins.len() > DEEPEST {
        reader.error(
            node.span,
            format!("more than {DEEPEST} runbooks include one another"),
            "include fewer",
        );
        return Vec::new();
    }
    let params = fields.get("params");
    read(reader, (node, params), around, &origin, &source)
}

fn read(
    reader: &mut Reader<'_>,
    (node, given): (&Node, Option<&Node>),
    around: &mut Around<'_>,
    origin: &str,
    source: &str,
) -> Vec<Step> {
    let mut inner = Reader::new(yaml::without_mark(source), origin);
    let (root, errors) = yaml::read_on(source);
    for error in errors {
        inner.complain(super::Level::Error, error.span, error.headline, error.fix);
    }
    let Some(root) = root else {
        around.foreign.extend(inner.finish());
        return Vec::new();
    };
    let Some(fields) = inner.fields(&root, "the runbook", &keys::names(keys::RUNBOOK), &[]) else {
        around.foreign.extend(inner.finish());
        return Vec::new();
    };
    let params = fields
        .get("params")
        .map(|node| param::params(&mut inner, node))
        .unwrap_or_default();
    let defaults = fields
        .get("defaults")
        .map(|node| settings::defaults(&mut inner, node))
        .unwrap_or_default();
    let given = self::given(reader, around, node, given, &params);
    let fragment = Arc::new(Fragment {
        origin: origin.to_owned(),
        params: params.iter().map(|(param, _)| param.clone()).collect(),
        given,
        outer: around.fragment.clone(),
    });
    let mut origins = around.origins.clone();
    origins.push(origin.to_owned());
    let mut sight = Sight::of_target();
    for (param, _) in &params {
        sight.add(&param.name);
    }
    let mut within = Around {
        names: params.iter().map(|(param, _)| param.name.clone()).collect(),
        secrets: param::secrets(&params),
        params: &params,
        defaults: Defaults { ..defaults },
        sight,
        used: BTreeSet::new(),
        checks: std::mem::take(&mut around.checks),
        fragment: Some(fragment),
        library: around.library,
        origins,
        foreign: Vec::new(),
    };
    let read = match fields.get("steps") {
        Some(node) => steps(&mut inner, node, "steps", &mut within),
        None => {
            inner.error(
                fields.span,
                "the runbook has no `steps`",
                "write at least one step",
            );
            Vec::new()
        }
    };
    let Around {
        checks,
        foreign,
        sight,
        ..
    } = within;
    around.checks = checks;
    around.foreign.extend(foreign);
    for step in &read {
        if around.sight.has(&step.id) {
            reader.error(
                node.span,
                format!(
                    "`{origin}` has a step `{}`, and so has this runbook",
                    step.id
                ),
                "ids of steps are unique in a run: give one of them another",
            );
        }
        around.sight.take(&sight, &step.id);
    }
    around.foreign.extend(inner.finish());
    read
}

/// The values that a fragment's params are given, as templates that see what the including runbook sees.
fn given(
    reader: &mut Reader<'_>,
    around: &mut Around<'_>,
    node: &Node,
    given: Option<&Node>,
    params: &[param::Placed],
) -> Vec<(String, Template)> {
    let mut values = Vec::new();
    for (key, node) in given
        .and_then(|node| reader.map(node, "`params`"))
        .unwrap_or_default()
    {
        let Some((param, _)) = params.iter().find(|(param, _)| param.name == key.text) else {
            let near = near(
                &key.text,
                params.iter().map(|(param, _)| param.name.as_str()),
            )
            .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            reader.error(
                key.span,
                format!("the included runbook has no param `{}`{near}", key.text),
                "take it out",
            );
            continue;
        };
        if matches!(node.value, Yaml::List(_) | Yaml::Map(_)) {
            reader.wrong_type(
                node,
                &format!("the param `{}`", key.text),
                "text or a number",
            );
            continue;
        }
        let mut language = around.language(&[]);
        let what = format!("the param `{}`", key.text);
        if let Some(template) = language.template(reader, node, &what)
            && language
                .no_secret(reader, node, &template, param.kind.is_secret(), &what)
                .is_some()
        {
            values.push((key.text.clone(), template));
        }
    }
    for (param, _) in params {
        if param.required && !values.iter().any(|(name, _)| *name == param.name) {
            reader.error(
                node.span,
                format!("the included runbook needs the param `{}`", param.name),
                format!("write `params: {{{}: …}}` beside `include`", param.name),
            );
        }
    }
    values
}
