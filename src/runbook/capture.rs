//! Reading `capture:`.
//!
//! `capture: {regex: '^(?<code>\d+)', types: {code: int}}` takes named groups; `capture: {addrs: {lines: '^[0-9.]+$'}}` gives what is
//! taken a name, and how: `regex`, `lines`, `json`, `table` or `pairs`. A list holds several of either.

use serde_json::{Map, Value};

use super::keys::{GROUPS, NAMED, TABLE, names};
use super::names::unfit_identifier;
use super::pattern::pattern;
use super::reader::{Fields, Reader, near};
use super::settings::choice;
use crate::check::{Capture, CaptureKind, Table, Taking};
use crate::yaml::{Key, Node, Scalar, Span, Yaml};

/// `facts` are those that a capture may read from.
pub(super) fn captures(reader: &mut Reader<'_>, node: &Node, facts: &[&str]) -> Vec<Capture> {
    let items = match &node.value {
        Yaml::Map(_) => std::slice::from_ref(node),
        _ => reader.list(node, "`capture`").unwrap_or_default(),
    };
    let mut captures = Vec::new();
    for item in items {
        let Some(entries) = reader.map(item, "`capture`") else {
            continue;
        };
        let named = entries
            .iter()
            .any(|(_, node)| matches!(&node.value, Yaml::Map(inner) if taking(inner)));
        if named {
            for (key, node) in entries {
                captures.extend(one(reader, key, node, facts));
            }
        } else {
            captures.extend(groups(reader, item, facts));
        }
    }
    captures
}

/// Whether a map says how something is taken.
fn taking(entries: &[(Key, Node)]) -> bool {
    entries
        .iter()
        .any(|(key, _)| NAMED.of.contains(&key.text.as_str()))
}

fn groups(reader: &mut Reader<'_>, node: &Node, facts: &[&str]) -> Option<Capture> {
    let fields = reader.fields(node, "`capture`", &names(GROUPS), &[])?;
    let Some(regex_node) = fields.get("regex") else {
        reader.error(
            fields.span,
            "`capture` has no `regex`",
            r"write `capture: {regex: '^(?<code>\d+)'}`, or `capture: {name: {lines: '…'}}`",
        );
        return None;
    };
    let regex = pattern(reader, regex_node)?;
    let names: Vec<String> = regex.names().map(str::to_owned).collect();
    if names.is_empty() {
        reader.error(
            regex_node.span,
            "the regular expression has no named group, so nothing is captured",
            "write `(?<name>…)` around what to take",
        );
    }
    for name in &names {
        if let Some(why) = unfit_identifier(name) {
            reader.error(
                regex_node.span,
                format!("the group `{name}` {why}"),
                "give it another name",
            );
        }
    }
    let types = types(reader, fields.get("types"), Some(&names));
    let mut defaults = Map::new();
    for (key, node) in fields
        .get("default")
        .and_then(|node| reader.map(node, "`default`"))
        .unwrap_or_default()
    {
        known_group(reader, key.span, &key.text, &names);
        let kind = types
            .iter()
            .find(|(name, _)| *name == key.text)
            .map_or(CaptureKind::String, |(_, kind)| *kind);
        match scalar(node, kind) {
            Some(value) => {
                defaults.insert(key.text.clone(), value);
            }
            None => reader.error(
                node.span,
                format!("the default of `{}` is not of its type", key.text),
                "give the group a type in `types`, and a default of that type",
            ),
        }
    }
    Some(Capture {
        from: from(reader, &fields, facts),
        taking: Taking::Groups(regex),
        types,
        defaults,
    })
}

fn one(reader: &mut Reader<'_>, key: &Key, node: &Node, facts: &[&str]) -> Option<Capture> {
    let name = key.text.clone();
    if let Some(why) = unfit_identifier(&name) {
        reader.error(
            key.span,
            format!("the capture `{name}` {why}"),
            "give it another name",
        );
    }
    let what = format!("the capture `{name}`");
    let fields = reader.fields(node, &what, &names(NAMED.keys), &[])?;
    let ways: Vec<_> = NAMED
        .of
        .iter()
        .filter_map(|way| Some((*way, fields.get(way)?)))
        .collect();
    let &[(way, how)] = ways.as_slice() else {
        reader.error(
            fields.span,
            format!("{what} says {} ways to take it, not one", ways.len()),
            "write one of `regex`, `lines`, `json`, `table`, `pairs`",
        );
        return None;
    };
    let mut types = Vec::new();
    if let Some(node) = fields.get("type") {
        if matches!(way, "regex" | "lines") {
            let word = reader.text(node, "`type`")?;
            let kind = choice(reader, node, word, "type", &CaptureKind::WORDS)?;
            types.push((name.clone(), kind));
        } else {
            reader.error(
                node.span,
                format!("`type` does not go with `{way}`"),
                "take it out; the columns of a table have theirs in `into`",
            );
        }
    }
    let taking = match way {
        "regex" => Taking::One(name.clone(), pattern(reader, how)?),
        "lines" => Taking::Lines(name.clone(), pattern(reader, how)?),
        "json" => Taking::Json(name.clone(), Box::new(json_path(reader, how)?)),
        "table" => Taking::Table(name.clone(), table(reader, how, &mut types)?),
        _ => {
            let separator = reader.text(how, "`pairs`")?;
            if separator.is_empty() {
                reader.error(how.span, "the separator is empty", "write `pairs: '='`");
                return None;
            }
            Taking::Pairs(name.clone(), separator.to_owned())
        }
    };
    let mut defaults = Map::new();
    if let Some(node) = fields.get("default") {
        defaults.insert(name, value(node));
    }
    Some(Capture {
        from: from(reader, &fields, facts),
        taking,
        types,
        defaults,
    })
}

fn table(
    reader: &mut Reader<'_>,
    node: &Node,
    types: &mut Vec<(String, CaptureKind)>,
) -> Option<Table> {
    let fields = reader.fields(node, "`table`", &names(TABLE.keys), &[])?;
    let header = match fields.get("header").map(|node| (&node.value, node)) {
        None => None,
        Some((Yaml::Scalar(Scalar::Int(line @ 1..=1000), _), _)) => usize::try_from(*line).ok(),
        Some((_, node)) => {
            reader.wrong_type(node, "`header`", "the number of a line, from 1");
            return None;
        }
    };
    let columns: Vec<String> = match fields.get("columns") {
        None => Vec::new(),
        Some(node) => reader
            .list(node, "`columns`")?
            .iter()
            .filter_map(|item| reader.text(item, "a column").map(str::to_owned))
            .collect(),
    };
    if header.is_none() && columns.is_empty() {
        reader.error(
            fields.span,
            "nothing names the table's columns",
            "write `header: 1` where a line names them, or `columns: [pid, name]`",
        );
        return None;
    }
    *types = self::types(reader, fields.get("into"), None);
    Some(Table { header, columns })
}

fn json_path(reader: &mut Reader<'_>, node: &Node) -> Option<serde_json_path::JsonPath> {
    let text = reader.text(node, "`json`")?;
    match serde_json_path::JsonPath::parse(text) {
        Ok(path) => Some(path),
        Err(error) => {
            reader.error(
                node.span,
                format!("this is no JSON path: {}", error.message()),
                "write one of RFC 9535, such as `$.status.phase` or `$.items[*].name`",
            );
            None
        }
    }
}

fn types(
    reader: &mut Reader<'_>,
    node: Option<&Node>,
    names: Option<&[String]>,
) -> Vec<(String, CaptureKind)> {
    let mut types = Vec::new();
    for (key, node) in node
        .and_then(|node| reader.map(node, "the types"))
        .unwrap_or_default()
    {
        if let Some(names) = names {
            known_group(reader, key.span, &key.text, names);
        }
        if let Some(word) = reader.text(node, "a type")
            && let Some(kind) = choice(reader, node, word, "type", &CaptureKind::WORDS)
        {
            types.push((key.text.clone(), kind));
        }
    }
    types
}

fn from(reader: &mut Reader<'_>, fields: &Fields<'_>, facts: &[&str]) -> Option<String> {
    let node = fields.get("from")?;
    let name = reader.text(node, "`from`")?;
    if !facts.contains(&name) {
        let near = near(name, facts.iter().copied())
            .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        reader.error(
            node.span,
            format!("the step yields no `{name}`{near}"),
            format!("it yields {}", facts.join(", ")),
        );
    }
    Some(name.to_owned())
}

fn known_group(reader: &mut Reader<'_>, span: Span, name: &str, names: &[String]) {
    if !names.iter().any(|known| known == name) {
        reader.error(
            span,
            format!("`{name}` is no group of the regular expression"),
            match names {
                [] => "write `(?<name>…)` around what to take".into(),
                names => format!("its groups are {}", names.join(", ")),
            },
        );
    }
}

/// A value of this type.
fn scalar(node: &Node, kind: CaptureKind) -> Option<Value> {
    match (&node.value, kind) {
        (Yaml::Null, _) => Some(Value::Null),
        (Yaml::Text(text), CaptureKind::String) => Some(text.clone().into()),
        (Yaml::Scalar(Scalar::Int(value), _), CaptureKind::Int) => Some((*value).into()),
        (Yaml::Scalar(Scalar::Int(value), _), CaptureKind::Float) => Some((*value as f64).into()),
        (Yaml::Scalar(Scalar::Float(value), _), CaptureKind::Float) => Some((*value).into()),
        (Yaml::Scalar(Scalar::Bool(value), _), CaptureKind::Bool) => Some((*value).into()),
        _ => None,
    }
}

/// A value as it is written.
pub(super) fn value(node: &Node) -> Value {
    match &node.value {
        Yaml::Null => Value::Null,
        Yaml::Text(text) => text.clone().into(),
        Yaml::Scalar(Scalar::Int(value), _) => (*value).into(),
        Yaml::Scalar(Scalar::Float(value), _) => (*value).into(),
        Yaml::Scalar(Scalar::Bool(value), _) => (*value).into(),
        Yaml::List(items) => Value::Array(items.iter().map(value).collect()),
        Yaml::Map(entries) => Value::Object(
            entries
                .iter()
                .map(|(key, node)| (key.text.clone(), value(node)))
                .collect(),
        ),
    }
}
