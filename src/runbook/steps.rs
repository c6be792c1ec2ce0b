//! Reading `steps:`.

use std::collections::BTreeSet;

use super::checks::{Given, captures, expectations};
use super::document::Step;
use super::keys;
use super::kind;
use super::names::{Language, Sight, unfit_identifier};
use super::param::Placed;
use super::reader::{Fields, Reader};
use super::settings::{self, Defaults};
use crate::step::COMMON_FACTS;
use crate::yaml::{Node, Span};

/// Keys that are documented and not built yet.
const LATER: [&str; 6] = ["each", "retry", "stdin", "outcomes", "include", "params"];

/// What is known while steps are read one after the other.
pub(super) struct Around<'p> {
    pub(super) params: &'p [Placed],
    pub(super) names: Vec<String>,
    pub(super) secrets: Vec<String>,
    pub(super) defaults: Defaults,
    pub(super) sight: Sight,
    pub(super) used: BTreeSet<String>,
    pub(super) checks: Given,
}

pub(super) fn steps(reader: &mut Reader<'_>, node: &Node, around: &mut Around<'_>) -> Vec<Step> {
    let mut known = keys::names(keys::STEP);
    known.extend(kind::words());
    let mut steps: Vec<Step> = Vec::new();
    for item in reader.list(node, "`steps`").unwrap_or_default() {
        let Some(fields) = reader.fields(item, "a step", &known, &LATER) else {
            continue;
        };
        let id = id(reader, &fields, around);
        let unbuilt = LATER
            .iter()
            .find(|word| fields.entry(word).is_some())
            .copied();
        let step = step(reader, &fields, &id, around, unbuilt);
        if let Some(step) = step {
            steps.push(step);
        }
    }
    steps
}

fn id(reader: &mut Reader<'_>, fields: &Fields<'_>, around: &Around<'_>) -> String {
    let Some(node) = fields.get("id") else {
        reader.error(
            first_line(fields.span),
            "the step has no `id`",
            "write `id: name`; expressions and reports call it by that",
        );
        return String::new();
    };
    let Some(id) = reader.text(node, "`id`") else {
        return String::new();
    };
    if let Some(why) = unfit_identifier(id) {
        reader.error(
            node.span,
            format!("the step id `{id}` {why}"),
            "give it another id",
        );
    } else if around.names.iter().any(|name| name == id) {
        reader.error(
            node.span,
            format!("the step id `{id}` is the name of a param"),
            "give one of them another name",
        );
    } else if around.sight.has(id) {
        reader.error(
            node.span,
            format!("the step id `{id}` is given twice"),
            "ids of steps are unique in a runbook: give one of them another",
        );
    }
    id.to_owned()
}

fn step(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    id: &str,
    around: &mut Around<'_>,
    unbuilt: Option<&str>,
) -> Option<Step> {
    let mut language = Language {
        sight: &around.sight,
        own: &[],
        used: &mut around.used,
        secrets: &around.secrets,
    };
    let when = fields
        .get("when")
        .and_then(|node| language.expr(reader, node, "`when`"));
    let kind = one_kind(reader, fields, &mut language, &around.names, unbuilt);
    let timeout = fields
        .get("timeout")
        .and_then(|node| reader.duration(node, "`timeout`"))
        .or(around.defaults.timeout);
    let output_max = fields
        .get("output")
        .and_then(|node| settings::output(reader, node))
        .or(around.defaults.output_max);
    let stop = fields
        .get("stop")
        .and_then(|node| reader.boolean(node, "`stop`"))
        .unwrap_or(false);
    let severity = fields
        .get("severity")
        .and_then(|node| settings::severity(reader, node))
        .unwrap_or(around.defaults.severity);
    let capture = fields
        .get("capture")
        .map(|node| captures(reader, node))
        .unwrap_or_default();

    let mut facts: Vec<String> = kind
        .iter()
        .flat_map(crate::step::Kind::facts)
        .map(str::to_owned)
        .collect();
    for name in capture.iter().flat_map(|capture| capture.names()) {
        if facts.iter().any(|fact| fact == name) {
            let span = fields
                .entry("capture")
                .map_or(fields.span, |(key, _)| key.span);
            reader.error(
                span,
                format!("the step yields `{name}` twice"),
                "give the capture another name",
            );
        }
        facts.push(name.to_owned());
    }
    hidden(reader, fields, &facts, around);

    let own: Vec<_> = COMMON_FACTS
        .iter()
        .map(|fact| (*fact).to_owned())
        .chain(facts.iter().cloned())
        .collect();
    let mut language = Language {
        sight: &around.sight,
        own: &own,
        used: &mut around.used,
        secrets: &around.secrets,
    };
    // Without its kind or a capture that cannot be read, a step's facts are not known, and each name would be a complaint of its own.
    let readable = kind.is_some() && (capture.is_empty() == fields.get("capture").is_none());
    let expect = match fields.get("expect") {
        Some(node) if readable => expectations(
            reader,
            &mut language,
            node,
            id,
            severity,
            &mut around.checks,
        ),
        Some(node) => {
            reader.list(node, "`expect`");
            Vec::new()
        }
        None => Vec::new(),
    };
    if !id.is_empty() {
        around.sight.add_step(id, &facts);
    }
    Some(Step {
        id: id.to_owned(),
        kind: kind?,
        when,
        timeout,
        output_max,
        capture,
        expect,
        stop,
    })
}

fn one_kind(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    language: &mut Language<'_>,
    params: &[String],
    unbuilt: Option<&str>,
) -> Option<crate::step::Kind> {
    let words = kind::words();
    let given: Vec<_> = words.iter().filter_map(|word| fields.entry(word)).collect();
    match given.as_slice() {
        [] if unbuilt.is_some() => None,
        [] => {
            reader.error(
                first_line(fields.span),
                "the step asks nothing",
                format!("give it one of {}", words.join(", ")),
            );
            None
        }
        [(key, node)] => kind::kind(reader, language, &key.text, node, params),
        [(first, _), (second, _), ..] => {
            reader.error(
                second.span,
                format!("the step asks both `{}` and `{}`", first.text, second.text),
                "make it two steps: each asks one thing",
            );
            None
        }
    }
}

/// A fact of this step hides a param of the same name, in this step only: nobody would see why.
fn hidden(reader: &mut Reader<'_>, fields: &Fields<'_>, facts: &[String], around: &Around<'_>) {
    let capture = fields
        .entry("capture")
        .map_or(fields.span, |(key, _)| key.span);
    for fact in facts {
        if let Some((_, span)) = around.params.iter().find(|(param, _)| param.name == *fact) {
            reader.error(
                *span,
                format!("the param `{fact}` has the name of a fact or capture of a step"),
                "give one of them another name",
            );
        } else if around.sight.has(fact) {
            reader.error(
                capture,
                format!("`{fact}` is the name of an earlier step"),
                "give one of them another name",
            );
        }
    }
}

/// The first byte of a span: a whole step underlined says nothing.
fn first_line(span: Span) -> Span {
    Span {
        start: span.start,
        end: span.start + 1,
    }
}
