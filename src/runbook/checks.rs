//! Reading `capture:` and `expect:`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::keys;
use super::names::{Language, is_kebab, unfit_identifier};
use super::param::pattern;
use super::reader::Reader;
use super::settings::{choice, severity};
use crate::check::{Capture, CaptureKind, Expectation};
use crate::report::Severity;
use crate::yaml::{Node, Scalar, Span, Yaml};

pub(super) fn captures(reader: &mut Reader<'_>, node: &Node) -> Vec<Capture> {
    let items = match &node.value {
        Yaml::Map(_) => std::slice::from_ref(node),
        _ => reader.list(node, "`capture`").unwrap_or_default(),
    };
    items
        .iter()
        .filter_map(|item| capture(reader, item))
        .collect()
}

fn capture(reader: &mut Reader<'_>, node: &Node) -> Option<Capture> {
    const LATER: [&str; 6] = ["json", "json_path", "table", "lines", "pairs", "from"];
    let fields = reader.fields(node, "`capture`", &keys::names(keys::CAPTURE), &LATER)?;
    let Some(regex_node) = fields.get("regex") else {
        reader.error(
            fields.span,
            "`capture` has no `regex`",
            r"write `capture: {regex: '^(?<code>\d+)'}`",
        );
        return None;
    };
    let regex = pattern(reader, regex_node)?;
    let names: Vec<String> = regex.capture_names().flatten().map(str::to_owned).collect();
    if names.is_empty() {
        reader.error(
            regex_node.span,
            "the regular expression has no named group, so nothing is captured",
            "write `(?<name>…)` around what to take",
        );
    }
    for name in &names {
        if let Some(why) = unfit_identifier(name) {
            reader.error(
                regex_node.span,
                format!("the group `{name}` {why}"),
                "give it another name",
            );
        }
    }
    let mut types = Vec::new();
    for (key, node) in fields
        .get("types")
        .and_then(|node| reader.map(node, "`types`"))
        .unwrap_or_default()
    {
        known_group(reader, key.span, &key.text, &names);
        if let Some(word) = reader.text(node, "a type")
            && let Some(kind) = choice(reader, node, word, "type", &CaptureKind::WORDS)
        {
            types.push((key.text.clone(), kind));
        }
    }
    let mut defaults = Map::new();
    for (key, node) in fields
        .get("default")
        .and_then(|node| reader.map(node, "`default`"))
        .unwrap_or_default()
    {
        known_group(reader, key.span, &key.text, &names);
        let kind = types
            .iter()
            .find(|(name, _)| *name == key.text)
            .map_or(CaptureKind::String, |(_, kind)| *kind);
        let value = match (&node.value, kind) {
            (Yaml::Null, _) => Some(Value::Null),
            (Yaml::Text(text), CaptureKind::String) => Some(text.clone().into()),
            (Yaml::Scalar(Scalar::Int(value), _), CaptureKind::Int) => Some((*value).into()),
            (Yaml::Scalar(Scalar::Int(value), _), CaptureKind::Float) => {
                Some((*value as f64).into())
            }
            (Yaml::Scalar(Scalar::Float(value), _), CaptureKind::Float) => Some((*value).into()),
            (Yaml::Scalar(Scalar::Bool(value), _), CaptureKind::Bool) => Some((*value).into()),
            _ => None,
        };
        match value {
            Some(value) => {
                defaults.insert(key.text.clone(), value);
            }
            None => reader.error(
                node.span,
                format!("the default of `{}` is not of its type", key.text),
                "give the group a type in `types`, and a default of that type",
            ),
        }
    }
    Some(Capture {
        regex,
        types,
        defaults,
    })
}

fn known_group(reader: &mut Reader<'_>, span: Span, name: &str, names: &[String]) {
    if !names.iter().any(|known| known == name) {
        reader.error(
            span,
            format!("`{name}` is no group of the regular expression"),
            match names {
                [] => "write `(?<name>…)` around what to take".into(),
                names => format!("its groups are {}", names.join(", ")),
            },
        );
    }
}

/// Ids of checks that were given so far, with the line they stand in, to tell a second one.
pub(super) type Given = BTreeMap<String, Span>;

pub(super) fn expectations(
    reader: &mut Reader<'_>,
    language: &mut Language<'_>,
    node: &Node,
    step: &str,
    severity: Severity,
    given: &mut Given,
) -> Vec<Expectation> {
    let items = reader.list(node, "`expect`").unwrap_or_default();
    let mut list = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let derived = format!("{}-{}", step.replace('_', "-").to_ascii_lowercase(), at + 1);
        if let Some((expectation, span)) = expectation(reader, language, item, derived, severity) {
            if given.insert(expectation.id.clone(), span).is_some() {
                reader.error(
                    span,
                    format!("the check id `{}` is given twice", expectation.id),
                    "ids of checks are unique in a runbook: give one of them another",
                );
            }
            list.push(expectation);
        }
    }
    list
}

fn expectation(
    reader: &mut Reader<'_>,
    language: &mut Language<'_>,
    node: &Node,
    derived: String,
    inherited: Severity,
) -> Option<(Expectation, Span)> {
    if matches!(node.value, Yaml::Text(_) | Yaml::Scalar(..)) {
        let that = language.expr(reader, node, "the expectation")?;
        let expectation = Expectation {
            id: derived,
            that,
            severity: inherited,
            say: None,
            hint: None,
            url: None,
        };
        return Some((expectation, node.span));
    }
    let fields = reader.fields(node, "the expectation", &keys::names(keys::EXPECT), &[])?;
    let (id, span) = match fields.get("id") {
        None => (derived, node.span),
        Some(node) => {
            let id = reader.text(node, "`id`")?;
            if matches!(id, "exit" | "exists") {
                reader.error(
                    node.span,
                    format!("the check id `{id}` is kept for what holds without being said"),
                    "give it another id",
                );
            } else if !is_kebab(id) {
                reader.error(
                    node.span,
                    format!("the check id `{id}` is not lower case words with `-` between"),
                    "write it like `http-up`",
                );
            }
            (id.to_owned(), node.span)
        }
    };
    let severity = fields
        .get("severity")
        .and_then(|node| severity(reader, node))
        .unwrap_or(inherited);
    let mut told = |reader: &mut Reader<'_>, key: &str| {
        let node = fields.get(key)?;
        language.template(reader, node, &format!("`{key}`"))
    };
    let (say, hint, url) = (
        told(reader, "say"),
        told(reader, "hint"),
        told(reader, "url"),
    );
    let Some(that) = fields.get("that") else {
        reader.error(
            fields.span,
            "the expectation has no `that`",
            "write what should hold, such as `that: exit == 0`",
        );
        return None;
    };
    let that = language.expr(reader, that, "`that`")?;
    let expectation = Expectation {
        id,
        that,
        severity,
        say,
        hint,
        url,
    };
    Some((expectation, span))
}
