//! Reading a whole runbook.

use sha2::{Digest, Sha256};

use super::document::Runbook;
use super::names::{Sight, is_kebab};
use super::reader::{Fields, Reader};
use super::source::{Diagnostic, Level};
use super::steps::{Around, steps};
use super::{keys, lint, param, settings};
use crate::yaml::{self, Node, Scalar, Span, Yaml};

const LATER: [&str; 7] = [
    "effects", "redact", "on_fail", "finally", "batch", "tests", "waivers",
];

impl Runbook {
    /// Reads a runbook from YAML. `origin` is what messages call the source: a file name, or the name of a shipped runbook.
    /// Gives the runbook and its warnings, or everything that is wrong with it, in the order of the source.
    pub fn parse(source: &str, origin: &str) -> Result<(Self, Vec<Diagnostic>), Vec<Diagnostic>> {
        let text = yaml::without_mark(source);
        let mut reader = Reader::new(text, origin);
        let node = match yaml::read(source) {
            Ok(node) => node,
            Err(errors) => {
                for error in errors {
                    reader.complain(Level::Error, error.span, error.headline, error.fix);
                }
                return Err(reader.finish());
            }
        };
        let runbook = document(&mut reader, &node, source, origin);
        match runbook {
            Some(runbook) if !reader.failed() => Ok((runbook, reader.finish())),
            _ => Err(reader.finish()),
        }
    }
}

fn document(reader: &mut Reader<'_>, node: &Node, source: &str, origin: &str) -> Option<Runbook> {
    if node.value == Yaml::Null {
        reader.error(
            Span::default(),
            "the runbook is empty",
            "a runbook has `version: 1`, `id`, `title` and `steps`",
        );
        return None;
    }
    let fields = reader.fields(node, "the runbook", &keys::names(keys::RUNBOOK), &LATER)?;
    version(reader, &fields);
    let id = required(reader, &fields, "id");
    if let Some((id, span)) = &id
        && !is_kebab(id)
    {
        reader.error(
            *span,
            format!("the id `{id}` is not lower case words with `-` between"),
            "write it like `web-smoke`",
        );
    }
    let title = required(reader, &fields, "title");
    let doc = fields
        .get("doc")
        .and_then(|node| reader.text(node, "`doc`"))
        .map(str::to_owned);
    let labels = fields
        .get("labels")
        .map(|node| settings::labels(reader, node))
        .unwrap_or_default();
    let params = fields
        .get("params")
        .map(|node| param::params(reader, node))
        .unwrap_or_default();
    let target = fields
        .get("target")
        .map(|node| settings::target(reader, node))
        .unwrap_or_default();
    let attach = fields
        .get("attach")
        .map(|node| settings::attach(reader, node))
        .unwrap_or_default();
    let defaults = fields
        .get("defaults")
        .map(|node| settings::defaults(reader, node))
        .unwrap_or_default();

    let mut sight = Sight::of_target();
    // Every name that was written, even of a param that cannot be read: each use of it would be a complaint of its own.
    if let Some(Yaml::Map(entries)) = fields.get("params").map(|node| &node.value) {
        for (key, _) in entries {
            sight.add(&key.text);
        }
    }
    let mut around = Around {
        secrets: Vec::new(),
        names: params.iter().map(|(param, _)| param.name.clone()).collect(),
        params: &params,
        defaults,
        sight,
        used: std::collections::BTreeSet::new(),
        checks: std::collections::BTreeMap::new(),
    };
    let steps = match fields.get("steps") {
        Some(node) => steps(reader, node, &mut around),
        None => {
            missing(reader, &fields, "steps");
            Vec::new()
        }
    };
    if !reader.failed() {
        lint::unused(reader, &params, &around.used);
        lint_steps(reader, &fields, &steps);
    }
    Some(Runbook {
        id: id?.0,
        title: title?.0,
        doc,
        labels,
        params: params.into_iter().map(|(param, _)| param).collect(),
        target,
        attach,
        steps,
        digest: format!("sha256:{:x}", Sha256::digest(source.as_bytes())),
        origin: origin.into(),
        source: source.into(),
    })
}

fn lint_steps(reader: &mut Reader<'_>, fields: &Fields<'_>, steps: &[super::Step]) {
    let Some(Yaml::List(items)) = fields.get("steps").map(|node| &node.value) else {
        return;
    };
    for (step, item) in steps.iter().zip(items) {
        if let Yaml::Map(entries) = &item.value
            && let Some((_, node)) = entries.iter().find(|(key, _)| key.text == step.kind.word())
        {
            lint::step(reader, &step.kind, node);
        }
    }
}

fn version(reader: &mut Reader<'_>, fields: &Fields<'_>) {
    match fields.get("version") {
        None => missing(reader, fields, "version"),
        Some(Node {
            value: Yaml::Scalar(Scalar::Int(1), _),
            ..
        }) => {}
        Some(node) => {
            let found = match &node.value {
                Yaml::Text(text) => format!("the text `{text}`"),
                other => other.described(),
            };
            reader.error(
                node.span,
                format!("`version` is {found}; this program reads version 1"),
                "write `version: 1`",
            );
        }
    }
}

fn required(reader: &mut Reader<'_>, fields: &Fields<'_>, key: &str) -> Option<(String, Span)> {
    let Some(node) = fields.get(key) else {
        missing(reader, fields, key);
        return None;
    };
    let text = reader.text(node, &format!("`{key}`"))?;
    Some((text.to_owned(), node.span))
}

fn missing(reader: &mut Reader<'_>, fields: &Fields<'_>, key: &str) {
    let fix = match key {
        "version" => "write `version: 1`",
        "id" => "write an id like `web-smoke`",
        "title" => "write one line that says what it finds out",
        _ => "write at least one step",
    };
    let start = fields.span.start;
    let span = Span {
        start,
        end: start + 1,
    };
    reader.error(span, format!("the runbook has no `{key}`"), fix);
}
