//! Reading `expect:` and `outcomes:`.

use std::collections::BTreeMap;

use super::keys::{EXPECTATION, OUTCOME, names};
use super::names::{Language, is_kebab};
use super::reader::{Fields, Reader};
use super::settings::severity;
use crate::check::{Expectation, Means, Outcome};
use crate::report::Severity;
use crate::script::Template;
use crate::yaml::{Node, Span, Yaml};

/// Ids of checks that were given so far, with the line they stand in, to tell a second one.
pub(super) type Given = BTreeMap<String, Span>;

/// What checks of one step are read with.
pub(super) struct Judging<'j, 'l> {
    pub(super) language: &'j mut Language<'l>,
    pub(super) step: &'j str,
    pub(super) severity: Severity,
    pub(super) given: &'j mut Given,
}

impl Judging<'_, '_> {
    fn derived(&self, at: usize) -> String {
        format!(
            "{}-{}",
            self.step.replace('_', "-").to_ascii_lowercase(),
            at + 1
        )
    }

    /// Notes an id and complains about a second one.
    fn once(&mut self, reader: &mut Reader<'_>, id: &str, span: Span) {
        if self.given.insert(id.to_owned(), span).is_some() {
            reader.error(
                span,
                format!("the check id `{id}` is given twice"),
                "ids of checks are unique in a runbook: give one of them another",
            );
        }
    }

    fn told(
        &mut self,
        reader: &mut Reader<'_>,
        fields: &Fields<'_>,
        key: &str,
    ) -> Option<Template> {
        let node = fields.get(key)?;
        self.text(reader, node, &format!("`{key}`"))
    }

    fn text(&mut self, reader: &mut Reader<'_>, node: &Node, what: &str) -> Option<Template> {
        let template = self.language.template(reader, node, what)?;
        self.language
            .no_secret(reader, node, &template, false, what)?;
        Some(template)
    }
}

pub(super) fn expectations(
    reader: &mut Reader<'_>,
    judging: &mut Judging<'_, '_>,
    node: &Node,
) -> Vec<Expectation> {
    let items = reader.list(node, "`expect`").unwrap_or_default();
    let mut list = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let derived = judging.derived(at);
        if let Some((expectation, span)) = expectation(reader, judging, item, derived) {
            judging.once(reader, &expectation.id, span);
            list.push(expectation);
        }
    }
    list
}

fn expectation(
    reader: &mut Reader<'_>,
    judging: &mut Judging<'_, '_>,
    node: &Node,
    derived: String,
) -> Option<(Expectation, Span)> {
    if matches!(node.value, Yaml::Text(_) | Yaml::Scalar(..)) {
        let that = judging.language.expr(reader, node, "the expectation")?;
        let expectation = Expectation {
            id: derived,
            that,
            severity: judging.severity,
            say: None,
            hint: None,
            url: None,
        };
        return Some((expectation, node.span));
    }
    let fields = reader.fields(node, "the expectation", &names(EXPECTATION), &[])?;
    let (id, span) = check_id(reader, &fields, derived)?;
    let severity = fields
        .get("severity")
        .and_then(|node| severity(reader, node))
        .unwrap_or(judging.severity);
    let say = judging.told(reader, &fields, "say");
    let hint = judging.told(reader, &fields, "hint");
    let url = judging.told(reader, &fields, "url");
    let Some(that) = fields.get("that") else {
        reader.error(
            fields.span,
            "the expectation has no `that`",
            "write what should hold, such as `that: exit == 0`",
        );
        return None;
    };
    let that = judging.language.expr(reader, that, "`that`")?;
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

pub(super) fn outcomes(
    reader: &mut Reader<'_>,
    judging: &mut Judging<'_, '_>,
    node: &Node,
) -> Vec<Outcome> {
    let items = reader.list(node, "`outcomes`").unwrap_or_default();
    let mut list = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let derived = judging.derived(at);
        if let Some((outcome, span)) = outcome(reader, judging, item, derived) {
            if outcome.when.is_none() && at + 1 < items.len() {
                reader.error(
                    item.span,
                    "an outcome without `when` always holds, so those behind it are never reached",
                    "give it a `when`, or put it last",
                );
            }
            judging.once(reader, &outcome.id, span);
            list.push(outcome);
        }
    }
    list
}

fn outcome(
    reader: &mut Reader<'_>,
    judging: &mut Judging<'_, '_>,
    node: &Node,
    derived: String,
) -> Option<(Outcome, Span)> {
    const MEANS: [(Means, &str); 3] = [
        (Means::Fail, "fail"),
        (Means::Warn, "warn"),
        (Means::Pass, "pass"),
    ];
    let fields = reader.fields(node, "the outcome", &names(OUTCOME.keys), &[])?;
    let (id, span) = check_id(reader, &fields, derived)?;
    let meant: Vec<_> = MEANS
        .iter()
        .filter_map(|(means, word)| Some((*means, fields.get(word)?)))
        .collect();
    let &[(means, say)] = meant.as_slice() else {
        reader.error(
            fields.span,
            "an outcome says exactly one of `fail`, `warn` and `pass`",
            "write `fail: what was found`",
        );
        return None;
    };
    let word = MEANS
        .iter()
        .find(|(one, _)| *one == means)
        .map_or("", |(_, word)| word);
    let when = match fields.get("when") {
        Some(node) => Some(judging.language.expr(reader, node, "`when`")?),
        None => None,
    };
    let severity = fields
        .get("severity")
        .and_then(|node| severity(reader, node))
        .unwrap_or(match means {
            Means::Warn => Severity::Warning,
            Means::Fail | Means::Pass => judging.severity,
        });
    let outcome = Outcome {
        id,
        when,
        means,
        say: judging.text(reader, say, &format!("`{word}`"))?,
        severity,
        hint: judging.told(reader, &fields, "hint"),
        url: judging.told(reader, &fields, "url"),
    };
    Some((outcome, span))
}

fn check_id(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    derived: String,
) -> Option<(String, Span)> {
    let Some(node) = fields.get("id") else {
        return Some((derived, fields.span));
    };
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
    Some((id.to_owned(), node.span))
}
