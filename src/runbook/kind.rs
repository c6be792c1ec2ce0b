//! Reading what a step asks: one reader for each kind.

use super::names::Language;
use super::reader::Reader;
use crate::ask::MAX_CAP;
use crate::script::Template;
use crate::step::{DEFAULT_MAX, File, Kind, Run, Sh};
use crate::yaml::{Node, Yaml};

/// Kinds that are built.
pub(super) const KINDS: [&str; 3] = ["run", "sh", "file"];

/// Kinds that are documented and not built yet.
pub(super) const LATER: [&str; 13] = [
    "http",
    "dns",
    "tcp",
    "tls",
    "processes",
    "sockets",
    "mounts",
    "limits",
    "environment",
    "collect",
    "kube",
    "talk",
    "pause",
];

pub(super) fn kind(
    reader: &mut Reader<'_>,
    language: &mut Language<'_>,
    word: &str,
    node: &Node,
    params: &[String],
) -> Option<Kind> {
    match word {
        "run" => run(reader, language, node).map(Kind::Run),
        "sh" => sh(reader, language, node, params).map(Kind::Sh),
        _ => file(reader, language, node).map(Kind::File),
    }
}

fn run(reader: &mut Reader<'_>, language: &mut Language<'_>, node: &Node) -> Option<Run> {
    if let Yaml::Text(text) = &node.value {
        let program = text.split_whitespace().next().unwrap_or("program");
        reader.error(
            node.span,
            "`run` is text, not a list of words",
            format!("write `run: [{program}, …]`, one item for each word; for a shell script write `sh:`"),
        );
        return None;
    }
    let items = reader.list(node, "`run`")?;
    let argv: Vec<_> = items
        .iter()
        .filter_map(|item| language.template(reader, item, "a word of `run`"))
        .collect();
    (argv.len() == items.len()).then_some(Run { argv })
}

fn sh(
    reader: &mut Reader<'_>,
    language: &mut Language<'_>,
    node: &Node,
    params: &[String],
) -> Option<Sh> {
    let script = reader.text(node, "`sh`")?;
    if script.trim().is_empty() {
        reader.error(node.span, "the script is empty", "write one");
        return None;
    }
    if let Some(offset) = script.find("{{") {
        let inside = script[offset + 2..]
            .split("}}")
            .next()
            .unwrap_or_default()
            .trim();
        let name: String = inside
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
            .collect();
        let name = if name.is_empty() { "name".into() } else { name };
        let span = reader.inside(node, script, offset, inside.len() + 4);
        reader.error(
            span,
            "`{{ }}` cannot stand in `sh`: a value written into a script would be read as script",
            format!("params are in the script's environment: write \"${name}\""),
        );
        return None;
    }
    for name in params {
        if mentions(script, name) {
            language.used.insert(name.clone());
        }
    }
    Some(Sh {
        script: script.into(),
        params: params.to_vec(),
    })
}

fn mentions(script: &str, name: &str) -> bool {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    script.match_indices(name).any(|(at, _)| {
        !script[..at].ends_with(part) && !script[at + name.len()..].starts_with(part)
    })
}

fn file(reader: &mut Reader<'_>, language: &mut Language<'_>, node: &Node) -> Option<File> {
    let (path, max) = match &node.value {
        Yaml::Map(_) => {
            let fields = reader.fields(node, "`file`", &["path", "max"], &[])?;
            let Some(path) = fields.get("path") else {
                reader.error(
                    fields.span,
                    "`file` has no `path`",
                    "write `file: {path: /etc/hosts}`",
                );
                return None;
            };
            let max = fields
                .get("max")
                .and_then(|node| reader.size(node, "`max`", MAX_CAP));
            (path, max)
        }
        _ => (node, None),
    };
    let template = language.template(reader, path, "the path of `file`")?;
    // The path is the patient's own; the root that leads to it is the answering side's affair.
    let source = template.source();
    let own = ["{{target_root}}", "{{ target_root }}"]
        .iter()
        .find_map(|root| source.strip_prefix(root));
    let template = match own {
        Some(own) => Template::parse(own).ok()?,
        None => template,
    };
    let begins = template.source();
    if !begins.starts_with('/') && !begins.starts_with("{{") {
        reader.error(
            path.span,
            format!("the path `{begins}` does not begin with `/`"),
            "write the path as the patient sees it, from its root",
        );
        return None;
    }
    Some(File {
        path: template,
        max: max.unwrap_or(DEFAULT_MAX),
    })
}
