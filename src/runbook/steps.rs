//! Reading `steps:`, `on_fail:` and `finally:`.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::capture::captures;
use super::checks::{Given, Judging, expectations, outcomes};
use super::document::{Fragment, Step};
use super::include;
use super::keys;
use super::kind;
use super::names::{Language, Sight, unfit_identifier};
use super::param::Placed;
use super::reader::{Fields, Reader};
use super::repeat::{each, retry};
use super::settings::{self, Defaults};
use super::{Diagnostic, Library};
use crate::step::COMMON_FACTS;
use crate::yaml::{Node, Span};

/// What is known while steps are read one after the other.
pub(super) struct Around<'p> {
    pub(super) params: &'p [Placed],
    pub(super) names: Vec<String>,
    pub(super) secrets: Vec<String>,
    pub(super) defaults: Defaults,
    pub(super) sight: Sight,
    pub(super) used: BTreeSet<String>,
    pub(super) checks: Given,
    /// The fragment that is being read, where it is one.
    pub(super) fragment: Option<Arc<Fragment>>,
    /// Where fragments are found.
    pub(super) library: &'p dyn Library,
    /// What is being read, the runbook first: none of these is included again.
    pub(super) origins: Vec<String>,
    /// Complaints about fragments.
    pub(super) foreign: Vec<Diagnostic>,
}

/// Reads a list of steps under a key of the document.
pub(super) fn steps(
    reader: &mut Reader<'_>,
    node: &Node,
    key: &str,
    around: &mut Around<'_>,
) -> Vec<Step> {
    let own = [keys::names(keys::STEP), keys::names(keys::INCLUDE)];
    let known: Vec<_> = own.into_iter().flatten().chain(kind::words()).collect();
    let mut steps: Vec<Step> = Vec::new();
    for item in reader.list(node, &format!("`{key}`")).unwrap_or_default() {
        let Some(fields) = reader.fields(item, "a step", &known, &[]) else {
            continue;
        };
        if fields.entry("include").is_some() {
            steps.extend(include::include(reader, &fields, around));
            continue;
        }
        if let Some((key, _)) = fields.entry("params") {
            reader.error(
                key.span,
                "`params` goes with `include`",
                "take it out, or write what it is for",
            );
        }
        let id = id(reader, &fields, around);
        if let Some(step) = step(reader, &fields, &id, around) {
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
) -> Option<Step> {
    let mut language = around.language(&[]);
    let when = fields
        .get("when")
        .and_then(|node| language.expr(reader, node, "`when`"));
    let each = fields
        .get("each")
        .and_then(|node| each(reader, &mut language, node));
    let item: Vec<String> = each.iter().map(|each| each.item.clone()).collect();
    let plain: Vec<String> = around.plain_params();
    let mut language = around.language(&item);
    let kind = one_kind(reader, fields, &mut language, &plain);
    let stdin = fields
        .get("stdin")
        .and_then(|node| language.template(reader, node, "`stdin`"));
    if let (Some((key, _)), Some(kind)) = (fields.entry("stdin"), &kind) {
        unread(reader, key.span, kind);
    }
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
    let available: Vec<&str> = COMMON_FACTS
        .into_iter()
        .chain(kind.iter().flat_map(crate::step::Kind::facts))
        .collect();
    let capture = fields
        .get("capture")
        .map(|node| captures(reader, node, &available))
        .unwrap_or_default();

    let mut facts: Vec<String> = kind
        .iter()
        .flat_map(crate::step::Kind::facts)
        .map(str::to_owned)
        .collect();
    for name in kind.iter().flat_map(crate::step::Kind::yields) {
        let said = kind.as_ref().and_then(|kind| fields.get(kind.word()));
        let span = said.map_or(fields.span, |node| first_line(node.span));
        if let Some(why) = unfit_identifier(&name) {
            reader.error(
                span,
                format!("the fact `{name}` {why}"),
                "give it another name",
            );
        } else if facts.contains(&name) {
            reader.error(
                span,
                format!("the step yields `{name}` twice"),
                "give the fact another name",
            );
        }
        hidden(reader, span, &name, around);
        if !facts.contains(&name) {
            facts.push(name);
        }
    }
    for name in capture.iter().flat_map(|capture| capture.names()) {
        let span = fields
            .entry("capture")
            .map_or(fields.span, |(key, _)| key.span);
        hidden(reader, span, name, around);
        if facts.iter().any(|fact| fact == name) {
            reader.error(
                span,
                format!("the step yields `{name}` twice"),
                "give the capture another name",
            );
        } else {
            facts.push(name.to_owned());
        }
    }

    let own: Vec<_> = COMMON_FACTS
        .iter()
        .map(|fact| (*fact).to_owned())
        .chain(facts.iter().cloned())
        .chain(item.iter().cloned())
        .collect();
    // Without its kind or a capture that cannot be read, a step's facts are not known, and each name would be a complaint of its own.
    let readable = kind.is_some() && (capture.is_empty() == fields.get("capture").is_none());
    let retry = fields
        .get("retry")
        .and_then(|node| retry(reader, &mut around.language(&own), node, readable));
    let (mut language, checks) = around.judging(&own);
    let mut judging = Judging {
        language: &mut language,
        step: id,
        severity,
        given: checks,
    };
    let mut expect = Vec::new();
    let mut possible = Vec::new();
    match (fields.get("expect"), fields.get("outcomes")) {
        (Some(_), Some(outcomes)) => reader.error(
            outcomes.span,
            "the step has both `expect` and `outcomes`",
            "take one out: all of `expect` are judged, of `outcomes` the first that holds",
        ),
        (Some(node), None) if readable => expect = expectations(reader, &mut judging, node),
        (None, Some(node)) if readable => possible = outcomes(reader, &mut judging, node),
        (Some(node), None) => {
            reader.list(node, "`expect`");
        }
        (None, Some(node)) => {
            reader.list(node, "`outcomes`");
        }
        (None, None) => {}
    }
    if !id.is_empty() {
        if each.is_some() {
            around.sight.add_items(id);
        } else {
            around.sight.add_step(id, &facts);
        }
    }
    Some(Step {
        id: id.to_owned(),
        kind: kind?,
        when,
        each,
        retry,
        stdin,
        timeout,
        output_max,
        capture,
        expect,
        outcomes: possible,
        severity,
        stop,
        fragment: around.fragment.clone(),
    })
}

impl Around<'_> {
    /// Reads expressions and templates that see `own` beside what was asked before.
    pub(super) fn language<'s>(&'s mut self, own: &'s [String]) -> Language<'s> {
        self.judging(own).0
    }

    fn judging<'s>(&'s mut self, own: &'s [String]) -> (Language<'s>, &'s mut Given) {
        let language = Language {
            sight: &self.sight,
            own,
            used: &mut self.used,
            secrets: &self.secrets,
        };
        (language, &mut self.checks)
    }

    /// Params that a script sees.
    fn plain_params(&self) -> Vec<String> {
        self.names
            .iter()
            .filter(|name| !self.secrets.contains(name))
            .cloned()
            .collect()
    }
}

fn one_kind(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    language: &mut Language<'_>,
    params: &[String],
) -> Option<crate::step::Kind> {
    let words = kind::words();
    let given: Vec<_> = words.iter().filter_map(|word| fields.entry(word)).collect();
    match given.as_slice() {
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

/// `stdin` goes with the kinds whose command is the author's own: another would lose what it writes there itself.
fn unread(reader: &mut Reader<'_>, span: Span, kind: &crate::step::Kind) {
    if kind.takes_stdin() {
        return;
    }
    let word = kind.word();
    let fix = match kind.about().field("body") {
        Some(_) => "write it as the `body`, or use `run` or `sh`",
        None if kind.about().field("dialogue").is_some() => {
            "write it as `send` in the `dialogue`: what a terminal is told comes after what it says"
        }
        None => "take it out: only the command of a `run` or `sh` reads it",
    };
    reader.error(span, format!("`stdin` does not go with `{word}`"), fix);
}

/// A fact that its author named must not hide a param or an earlier step. The facts of a kind may: they are no choice of the author,
/// and where both are in sight their use is an error.
fn hidden(reader: &mut Reader<'_>, span: Span, fact: &str, around: &Around<'_>) {
    if let Some((_, param)) = around.params.iter().find(|(param, _)| param.name == *fact) {
        reader.error(
            *param,
            format!("the param `{fact}` has the name of a capture, or of a fact that a step names"),
            "give one of them another name",
        );
    } else if around.sight.has(fact) {
        reader.error(
            span,
            format!("`{fact}` is the name of an earlier step"),
            "give one of them another name",
        );
    }
}

/// The first byte of a span: a whole step underlined says nothing.
fn first_line(span: Span) -> Span {
    Span {
        start: span.start,
        end: span.start + 1,
    }
}
