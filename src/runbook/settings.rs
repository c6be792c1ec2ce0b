//! Reading `target:`, `attach:`, `defaults:` and `labels:`.

use std::time::Duration;

use super::document::{AttachSpec, Pick, Preference, TargetSpec};
use super::keys::{ATTACH, DEFAULTS, NEEDS, OUTPUT, PICK, TARGET, names};
use super::names::Language;
use super::reader::{Reader, near};
use crate::ask::MAX_CAP;
use crate::cluster::{Mode, Profile};
use crate::report::Severity;
use crate::target::label_selector;
use crate::yaml::{Node, Scalar, Yaml};

/// What steps and checks fall back on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Defaults {
    pub(super) timeout: Option<Duration>,
    pub(super) severity: Severity,
    pub(super) output_max: Option<u64>,
}

/// What `target.kind` may be.
pub(super) const TARGET_KINDS: [&str; 9] = [
    "pod",
    "deployment",
    "statefulset",
    "daemonset",
    "job",
    "service",
    "node",
    "selector",
    "alert",
];

/// Preferences with their words.
pub(super) const PREFERENCES: [(Preference, &str); 5] = [
    (Preference::NotReady, "not_ready"),
    (Preference::Ready, "ready"),
    (Preference::Newest, "newest"),
    (Preference::Oldest, "oldest"),
    (Preference::MostRestarts, "most_restarts"),
];

pub(super) fn target(
    reader: &mut Reader<'_>,
    language: &mut Language<'_>,
    node: &Node,
) -> TargetSpec {
    let Some(fields) = reader.fields(node, "`target`", &names(TARGET), &[]) else {
        return TargetSpec::default();
    };
    let mut text = |key: &str| {
        let node = fields.get(key)?;
        reader.text(node, &format!("`{key}`")).map(str::to_owned)
    };
    let (container, name, selector, kind) = (
        text("container"),
        text("name"),
        text("selector"),
        text("kind"),
    );
    if let Some(kind) = &kind
        && let Some(node) = fields.get("kind")
    {
        let words = TARGET_KINDS.map(|word| (word, word));
        choice(reader, node, kind, "kind of target", &words);
    }
    if let Some(selector) = &selector
        && let Some(node) = fields.get("selector")
        && let Err(why) = label_selector(selector)
    {
        reader.error(
            node.span,
            format!("`selector`: {why}"),
            "write it like `app=web`",
        );
    }
    TargetSpec {
        container,
        kind,
        name,
        selector,
        pick: fields
            .get("pick")
            .map(|node| pick(reader, node))
            .unwrap_or_default(),
        require: fields
            .get("require")
            .and_then(|node| language.expr(reader, node, "`require`")),
    }
}

/// `pick: all`, `pick: 3` or `pick: {count: 3, per: node, prefer: [not_ready, newest]}`.
fn pick(reader: &mut Reader<'_>, node: &Node) -> Pick {
    let count = |reader: &mut Reader<'_>, node: &Node| match &node.value {
        Yaml::Text(word) if word == "all" => None,
        Yaml::Scalar(Scalar::Int(count), _) if *count > 0 => usize::try_from(*count).ok(),
        _ => {
            reader.wrong_type(node, "`pick`", "`all` or a number from 1");
            None
        }
    };
    let Yaml::Map(_) = &node.value else {
        return Pick {
            count: count(reader, node),
            ..Pick::default()
        };
    };
    let Some(fields) = reader.fields(node, "`pick`", &names(PICK), &[]) else {
        return Pick::default();
    };
    let per_node = match fields.get("per") {
        None => false,
        Some(node) => reader
            .text(node, "`per`")
            .and_then(|word| {
                choice(
                    reader,
                    node,
                    word,
                    "way to count",
                    &[(true, "node"), (false, "run")],
                )
            })
            .unwrap_or(false),
    };
    let prefer = fields
        .get("prefer")
        .and_then(|node| reader.list(node, "`prefer`"))
        .unwrap_or_default()
        .iter()
        .filter_map(|item| {
            let word = reader.text(item, "a preference")?;
            choice(reader, item, word, "preference", &PREFERENCES)
        })
        .collect();
    Pick {
        count: fields.get("count").and_then(|node| count(reader, node)),
        per_node,
        prefer,
    }
}

pub(super) fn attach(reader: &mut Reader<'_>, node: &Node) -> AttachSpec {
    let Some(fields) = reader.fields(node, "`attach`", &names(ATTACH), &[]) else {
        return AttachSpec::default();
    };
    let (tools, proc_root) = fields
        .get("needs")
        .map(|node| needs(reader, node))
        .unwrap_or_default();
    AttachSpec {
        image: fields
            .get("image")
            .and_then(|node| reader.text(node, "`image`"))
            .map(str::to_owned),
        modes: fields
            .get("modes")
            .map(|node| modes(reader, node))
            .unwrap_or_default(),
        profile: fields.get("profile").and_then(|node| profile(reader, node)),
        tools,
        proc_root,
        start_timeout: fields
            .get("start_timeout")
            .and_then(|node| reader.duration(node, "`start_timeout`")),
        deadline: fields
            .get("deadline")
            .and_then(|node| reader.duration(node, "`deadline`")),
    }
}

fn modes(reader: &mut Reader<'_>, node: &Node) -> Vec<Mode> {
    let listed = reader.list(node, "`modes`").unwrap_or_default();
    if listed.is_empty() {
        reader.error(
            node.span,
            "`modes` names none, so that it could not be run at all",
            "name one, or leave `modes` out",
        );
    }
    listed
        .iter()
        .filter_map(|item| {
            let word = reader.text(item, "a mode")?;
            choice(reader, item, word, "mode", &Mode::WORDS)
        })
        .collect()
}

fn profile(reader: &mut Reader<'_>, node: &Node) -> Option<Profile> {
    let word = reader.text(node, "`profile`")?;
    choice(reader, node, word, "profile", &Profile::WORDS)
}

/// The tools, and whether the patient's root is read.
fn needs(reader: &mut Reader<'_>, node: &Node) -> (Vec<String>, bool) {
    let Some(fields) = reader.fields(node, "`needs`", &names(NEEDS), &[]) else {
        return Default::default();
    };
    let proc_root = fields.get("proc_root").is_some();
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
    let tools = fields
        .get("tools")
        .and_then(|node| reader.list(node, "`tools`"))
        .unwrap_or_default()
        .iter()
        .filter_map(|item| reader.text(item, "a tool").map(str::to_owned))
        .collect();
    (tools, proc_root)
}

pub(super) fn defaults(reader: &mut Reader<'_>, node: &Node) -> Defaults {
    let Some(fields) = reader.fields(node, "`defaults`", &names(DEFAULTS), &[]) else {
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
    let fields = reader.fields(node, "`output`", &names(OUTPUT), &[])?;
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
