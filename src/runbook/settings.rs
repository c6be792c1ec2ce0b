//! Reading `target:`, `attach:`, `defaults:` and `labels:`.

use std::time::Duration;

use super::document::{AttachSpec, TargetSpec};
use super::keys;
use super::reader::{Reader, near};
use crate::ask::MAX_CAP;
use crate::cluster::Profile;
use crate::report::Severity;
use crate::yaml::Node;

/// What steps and checks fall back on.
#[derive(Clone, Copy, Default)]
pub(super) struct Defaults {
    pub(super) timeout: Option<Duration>,
    pub(super) severity: Severity,
    pub(super) output_max: Option<u64>,
}

pub(super) fn target(reader: &mut Reader<'_>, node: &Node) -> TargetSpec {
    const LATER: [&str; 6] = ["kind", "name", "selector", "namespace", "pick", "require"];
    let container = reader
        .fields(node, "`target`", &keys::names(keys::TARGET), &LATER)
        .and_then(|fields| fields.get("container"))
        .and_then(|node| reader.text(node, "`container`"))
        .map(str::to_owned);
    TargetSpec { container }
}

pub(super) fn attach(reader: &mut Reader<'_>, node: &Node) -> AttachSpec {
    let Some(fields) = reader.fields(node, "`attach`", &keys::names(keys::ATTACH), &[]) else {
        return AttachSpec::default();
    };
    AttachSpec {
        image: fields
            .get("image")
            .and_then(|node| reader.text(node, "`image`"))
            .map(str::to_owned),
        profile: fields.get("profile").and_then(|node| profile(reader, node)),
        tools: fields
            .get("needs")
            .map(|node| needs(reader, node))
            .unwrap_or_default(),
        start_timeout: fields
            .get("start_timeout")
            .and_then(|node| reader.duration(node, "`start_timeout`")),
        deadline: fields
            .get("deadline")
            .and_then(|node| reader.duration(node, "`deadline`")),
    }
}

fn profile(reader: &mut Reader<'_>, node: &Node) -> Option<Profile> {
    let word = reader.text(node, "`profile`")?;
    if word == "auto" {
        reader.error(
            node.span,
            "`profile: auto` is not supported in this version",
            "name a profile, or leave it to the command line",
        );
        return None;
    }
    choice(reader, node, word, "profile", &Profile::WORDS)
}

fn needs(reader: &mut Reader<'_>, node: &Node) -> Vec<String> {
    let Some(fields) = reader.fields(node, "`needs`", &keys::names(keys::NEEDS), &[]) else {
        return Vec::new();
    };
    if let Some(node) = fields.get("proc_root")
        && let Some(word) = reader.text(node, "`proc_root`")
        && word != "read"
    {
        reader.error(
            node.span,
            format!("`{word}` is no way to need it"),
            "write `proc_root: read`",
        );
    }
    fields
        .get("tools")
        .and_then(|node| reader.list(node, "`tools`"))
        .unwrap_or_default()
        .iter()
        .filter_map(|item| reader.text(item, "a tool").map(str::to_owned))
        .collect()
}

pub(super) fn defaults(reader: &mut Reader<'_>, node: &Node) -> Defaults {
    let Some(fields) = reader.fields(node, "`defaults`", &keys::names(keys::DEFAULTS), &[]) else {
        return Defaults::default();
    };
    Defaults {
        timeout: fields
            .get("timeout")
            .and_then(|node| reader.duration(node, "`timeout`")),
        severity: fields
            .get("severity")
            .and_then(|node| severity(reader, node))
            .unwrap_or_default(),
        output_max: fields.get("output").and_then(|node| output(reader, node)),
    }
}

pub(super) fn severity(reader: &mut Reader<'_>, node: &Node) -> Option<Severity> {
    let word = reader.text(node, "`severity`")?;
    let words = Severity::ALL.map(|severity| (severity, severity.word()));
    choice(reader, node, word, "severity", &words)
}

pub(super) fn output(reader: &mut Reader<'_>, node: &Node) -> Option<u64> {
    let fields = reader.fields(node, "`output`", &keys::names(keys::OUTPUT), &["keep"])?;
    let node = fields.get("max")?;
    reader.size(node, "`max`", MAX_CAP)
}

pub(super) fn labels(reader: &mut Reader<'_>, node: &Node) -> Vec<(String, String)> {
    reader
        .map(node, "`labels`")
        .unwrap_or_default()
        .iter()
        .filter_map(|(key, node)| {
            let value = reader.text(node, &format!("the label `{}`", key.text))?;
            Some((key.text.clone(), value.to_owned()))
        })
        .collect()
}

/// One of a few words.
pub(super) fn choice<T: Copy>(
    reader: &mut Reader<'_>,
    node: &Node,
    word: &str,
    what: &str,
    words: &[(T, &'static str)],
) -> Option<T> {
    if let Some((value, _)) = words.iter().find(|(_, known)| *known == word) {
        return Some(*value);
    }
    let near = near(word, words.iter().map(|(_, known)| *known))
        .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    let known: Vec<_> = words.iter().map(|(_, known)| *known).collect();
    reader.error(
        node.span,
        format!("`{word}` is no {what}{near}"),
        format!("write one of {}", known.join(", ")),
    );
    None
}
