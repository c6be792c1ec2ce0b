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

/// Programs that read an argument as script.
const SHELLS: [&str; 5] = ["sh", "bash", "dash", "ash", "busybox"];

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
    shell_words(reader, &sources, &span_of);
}

/// The last part of a program's path.
fn program<'a>(argv: &[&'a str]) -> &'a str {
    argv.first()
        .map_or("", |first| first.rsplit('/').next().unwrap_or(first))
}

/// What only a shell understands, given to a program as a word.
fn shell_words(reader: &mut Reader<'_>, argv: &[&str], span_of: &dyn Fn(usize) -> Span) {
    const OPERATORS: [&str; 9] = [
        "|",
        "||",
        "&&",
        ">",
        ">>",
        "<",
        "2>&1",
        "2>/dev/null",
        ">/dev/null",
    ];
    /// Programs to which such a word means something.
    const TAKE: [&str; 4] = ["expr", "test", "[", "env"];
    const LISTERS: [&str; 7] = ["ls", "cat", "head", "tail", "wc", "du", "stat"];
    let program = program(argv);
    if TAKE.contains(&program) || SHELLS.contains(&program) {
        return;
    }
    let variable = |word: &str| {
        word.strip_prefix('$').is_some_and(|name| {
            let name = name
                .strip_prefix('{')
                .map_or(Some(name), |name| name.strip_suffix('}'));
            name.is_some_and(|name| {
                name.starts_with(|c: char| c.is_ascii_uppercase())
                    && name
                        .bytes()
                        .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == b'_')
            })
        })
    };
    let pattern =
        |word: &str| LISTERS.contains(&program) && word.starts_with('/') && word.contains('*');
    for (at, word) in argv.iter().enumerate().skip(1) {
        let what = if OPERATORS.contains(word) {
            "means nothing"
        } else if variable(word) {
            "is not replaced by a value"
        } else if pattern(word) {
            "is not replaced by the files that match"
        } else {
            continue;
        };
        reader.warn(
            span_of(at),
            format!("`run` starts `{program}` without a shell, where `{word}` {what}"),
            "write `sh:` with the same words as a script",
        );
    }
}

/// A link in the patient's root that begins with `/` leads a plain `cat` to our own file.
fn patient_file(reader: &mut Reader<'_>, argv: &[&str], span_of: &dyn Fn(usize) -> Span) {
    const READERS: [&str; 7] = ["cat", "head", "tail", "grep", "awk", "sed", "stat"];
    let program = program(argv);
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
    let program = program(argv);
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
