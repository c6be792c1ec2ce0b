//! Reading a whole runbook.

use sha2::{Digest, Sha256};

use super::document::Runbook;
use super::include::{Alone, Library};
use super::names::{Language, Sight, is_kebab};
use super::reader::{Fields, Reader};
use super::source::{Diagnostic, Level};
use super::steps::{Around, steps};
use super::{case, governance, keys, lint, param, program, settings};
use crate::yaml::{self, Node, Scalar, Span, Yaml};

impl Runbook {
    /// Reads a runbook from YAML. `origin` is what messages call the source: a file name, or the name of a shipped runbook.
    /// Gives the runbook and its warnings, or everything that is wrong with it, in the order of the source.
    ///
    /// It stands alone: an `include` in it is an error. [`Runbook::load`] is for runbooks with surroundings.
    pub fn parse(source: &str, origin: &str) -> Result<(Self, Vec<Diagnostic>), Vec<Diagnostic>> {
        Self::load(source, origin, &Alone)
    }

    /// The same, with a library that the runbooks it includes are taken from.
    pub fn load(
        source: &str,
        origin: &str,
        library: &dyn Library,
    ) -> Result<(Self, Vec<Diagnostic>), Vec<Diagnostic>> {
        if program::is_program(source, origin) {
            return program::parse(source, origin, library);
        }
        let text = yaml::without_mark(source);
        let mut reader = Reader::new(text, origin);
        let (node, errors) = yaml::read_on(source);
        for error in errors {
            reader.complain(Level::Error, error.span, error.headline, error.fix);
        }
        let Some(node) = node else {
            return Err(reader.finish());
        };
        let mut foreign = Vec::new();
        let runbook = document(
            &mut reader,
            &node,
            (source, origin),
            Form::Steps,
            (library, &mut foreign),
        );
        let broken = reader.failed() || foreign.iter().any(|one| one.level == Level::Error);
        let mut found = reader.finish();
        found.extend(foreign);
        match runbook {
            Some(runbook) if !broken => Ok((runbook, found)),
            _ => Err(found),
        }
    }
}

/// How a runbook says what it asks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As a list.
    Steps,
    /// As a program, of which this is the header.
    Program,
}

pub(super) fn document(
    reader: &mut Reader<'_>,
    node: &Node,
    (source, origin): (&str, &str),
    form: Form,
    (library, foreign): (&dyn Library, &mut Vec<Diagnostic>),
) -> Option<Runbook> {
    if node.value == Yaml::Null {
        reader.error(
            Span::default(),
            "the runbook is empty",
            "a runbook has `version: 1`, `id`, `title` and `steps`",
        );
        return None;
    }
    let fields = reader.fields(node, "the runbook", &keys::names(keys::RUNBOOK), &[])?;
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
    let secrets = param::secrets(&params);
    let mut used = std::collections::BTreeSet::new();
    let pod = ["pod".to_owned()];
    let target = fields.get("target").map(|node| {
        let mut language = Language {
            sight: &sight,
            own: &pod,
            used: &mut used,
            secrets: &secrets,
        };
        settings::target(reader, &mut language, node)
    });
    let effects = fields
        .get("effects")
        .map(|node| governance::effects(reader, node))
        .unwrap_or_default();
    let redact = governance::redact(reader, fields.get("redact"), true);
    let batch = fields
        .get("batch")
        .map(|node| governance::batch(reader, node))
        .unwrap_or_default();
    let mut around = Around {
        names: params.iter().map(|(param, _)| param.name.clone()).collect(),
        secrets: secrets.clone(),
        params: &params,
        defaults,
        sight,
        used,
        checks: std::collections::BTreeMap::new(),
        fragment: None,
        library,
        origins: vec![origin.to_owned()],
        foreign: Vec::new(),
    };
    let mut listed = |reader: &mut Reader<'_>, key: &str| match fields.get(key) {
        Some(node) => steps(reader, node, key, &mut around),
        None => Vec::new(),
    };
    let steps = listed(reader, "steps");
    if fields.get("steps").is_none() && form == Form::Steps {
        missing(reader, &fields, "steps");
    }
    let on_fail = listed(reader, "on_fail");
    let finally = listed(reader, "finally");
    let checks: Vec<&str> = around.checks.keys().map(String::as_str).collect();
    let waivers = fields
        .get("waivers")
        .map(|node| governance::waivers(reader, node, &checks))
        .unwrap_or_default();
    foreign.append(&mut around.foreign);
    if !reader.failed() {
        if form == Form::Program {
            around
                .used
                .extend(program::mentioned(source, node, &params));
        }
        lint::unused(reader, &params, &around.used);
        for key in ["steps", "on_fail", "finally"] {
            let list = match key {
                "steps" => &steps,
                "on_fail" => &on_fail,
                _ => &finally,
            };
            lint_steps(reader, &fields, key, list);
        }
    }
    let params: Vec<_> = params.into_iter().map(|(param, _)| param).collect();
    let tests = match fields.get("tests") {
        // Where a step cannot be read, each use of its id would be a complaint of its own.
        Some(node) if !reader.failed() => {
            let all: Vec<_> = steps.iter().chain(&on_fail).chain(&finally).collect();
            case::cases(reader, node, &params, &all)
        }
        Some(_) | None => Vec::new(),
    };
    Some(Runbook {
        id: id?.0,
        title: title?.0,
        doc,
        labels,
        params,
        target: target.unwrap_or_default(),
        attach,
        effects,
        redact,
        steps,
        program: None,
        on_fail,
        finally,
        batch,
        waivers,
        tests,
        digest: format!("sha256:{:x}", Sha256::digest(source.as_bytes())),
        origin: origin.into(),
        source: source.into(),
    })
}

fn lint_steps(reader: &mut Reader<'_>, fields: &Fields<'_>, key: &str, steps: &[super::Step]) {
    let Some(Yaml::List(items)) = fields.get(key).map(|node| &node.value) else {
        return;
    };
    // Included steps are checked where they are written.
    let own = items
        .iter()
        .filter(|item| !matches!(&item.value, Yaml::Map(entries) if entries.iter().any(|(key, _)| key.text == "include")));
    for (step, item) in steps.iter().filter(|step| step.fragment.is_none()).zip(own) {
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
