//! Warnings about a runbook that can be run: what is probably not meant.

use super::param::Placed;
use super::reader::Reader;
use crate::script::Template;
use crate::step::Kind;
use crate::yaml::{Node, Span, Yaml};

/// Params that nothing uses.
pub(super) fn unused(
    reader: &mut Reader<'_>,
    params: &[Placed],
    used: &std::collections::BTreeSet<String>,
) {
    for (param, span) in params {
        if !used.contains(&param.name) {
            reader.warn(
                *span,
                format!("nothing uses the param `{}`", param.name),
                "use it, or take it out",
            );
        }
    }
}

/// What a step's argv gives away.
pub(super) fn step(reader: &mut Reader<'_>, kind: &Kind, node: &Node) {
    if kind.word() != "run" {
        return;
    }
    let span_of = |at: usize| match &node.value {
        Yaml::List(items) => items.get(at).map_or(node.span, |item| item.span),
        _ => node.span,
    };
    let sources: Vec<_> = kind
        .spec()
        .texts("argv")
        .iter()
        .map(Template::source)
        .collect();
    patient_file(reader, &sources, &span_of);
    shell_text(reader, &sources, &span_of);
}

/// A link in the patient's root that begins with `/` leads a plain `cat` to our own file.
fn patient_file(reader: &mut Reader<'_>, argv: &[&str], span_of: &dyn Fn(usize) -> Span) {
    const READERS: [&str; 7] = ["cat", "head", "tail", "grep", "awk", "sed", "stat"];
    let program = argv
        .first()
        .map_or("", |first| first.rsplit('/').next().unwrap_or(first));
    if !READERS.contains(&program) {
        return;
    }
    for (at, item) in argv.iter().enumerate().skip(1) {
        let root = ["{{target_root}}", "{{ target_root }}", "/proc/1/root"]
            .iter()
            .find_map(|root| item.strip_prefix(root));
        if let Some(path) = root.filter(|path| path.len() > 1) {
            reader.warn(
                span_of(at),
                format!(
                    "`{program}` may follow a link out of the patient's root and read our own file"
                ),
                format!("write `file: {path}`, which resolves every link inside that root"),
            );
        }
    }
}

/// True for a template that holds more than constants.
fn holds_a_value(text: &str) -> bool {
    Template::parse(text).is_ok_and(|template| !template.names().is_empty())
}

/// `sh -c` with a value in its text reads that value as script.
fn shell_text(reader: &mut Reader<'_>, argv: &[&str], span_of: &dyn Fn(usize) -> Span) {
    const SHELLS: [&str; 5] = ["sh", "bash", "dash", "ash", "busybox"];
    let program = argv
        .first()
        .map_or("", |first| first.rsplit('/').next().unwrap_or(first));
    let Some(dash) = argv.iter().position(|item| *item == "-c") else {
        return;
    };
    if SHELLS.contains(&program)
        && let Some(text) = argv.get(dash + 1)
        && holds_a_value(text)
    {
        reader.warn(
            span_of(dash + 1),
            "a value written into a shell's text is read as script",
            "write `sh:`, where params are in the environment",
        );
    }
}
