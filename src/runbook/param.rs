//! Reading `params:`: name, type, bounds, default.

use serde_json::Value;

use super::bind::fit;
use super::document::{Origin, Param, ParamKind};
use super::keys::{FROM, KUBE_SECRET, PARAM, names};
use super::names::unfit_identifier;
use super::pattern::pattern;
use super::reader::{Fields, Reader, near};
use crate::yaml::{Node, Scalar, Span, Yaml};

/// Names of the params that are secrets.
pub(super) fn secrets(params: &[Placed]) -> Vec<String> {
    params
        .iter()
        .filter(|(param, _)| param.kind.is_secret())
        .map(|(param, _)| param.name.clone())
        .collect()
}

/// A param and where its name stands.
pub(super) type Placed = (Param, Span);

pub(super) fn params(reader: &mut Reader<'_>, node: &Node) -> Vec<Placed> {
    let mut params = Vec::new();
    for (key, spec) in reader.map(node, "`params`").unwrap_or_default() {
        let name = key.text.as_str();
        if let Some(why) = unfit_identifier(name) {
            reader.error(
                key.span,
                format!("the param `{name}` {why}"),
                "give it another name",
            );
        } else if changes_the_shell(name) {
            reader.error(
                key.span,
                format!("the param `{name}` would change how scripts run: params stand in their environment"),
                "give it another name",
            );
        }
        if let Some(param) = param(reader, name, spec) {
            params.push((param, key.span));
        }
    }
    params
}

/// Names that a shell or the loader reads from the environment.
fn changes_the_shell(name: &str) -> bool {
    const READ: [&str; 20] = [
        "PATH",
        "HOME",
        "IFS",
        "ENV",
        "BASH_ENV",
        "CDPATH",
        "OLDPWD",
        "PWD",
        "PS1",
        "PS2",
        "PS4",
        "SHELLOPTS",
        "PPID",
        "OPTIND",
        "OPTARG",
        "LINENO",
        "RANDOM",
        "SECONDS",
        "UID",
        "EUID",
    ];
    READ.contains(&name)
        || name.starts_with("LD_")
        || name.starts_with("BASH_")
        || name.starts_with("HOUSECALL_")
}

fn param(reader: &mut Reader<'_>, name: &str, node: &Node) -> Option<Param> {
    let what = format!("param `{name}`");
    let fields = reader.fields(node, &what, &PARAM.names(), &[])?;
    let Some(kind_node) = fields.get("type") else {
        reader.error(
            fields.span,
            format!("{what} has no `type`"),
            format!("write one of {}", PARAM.words().join(", ")),
        );
        return None;
    };
    let word = reader.text(kind_node, "`type`")?;
    let kind = kind(reader, word, kind_node, &fields)?;
    let doc = fields
        .get("doc")
        .and_then(|node| reader.text(node, "`doc`"))
        .map(str::to_owned);
    let required = fields
        .get("required")
        .and_then(|node| reader.boolean(node, "`required`"))
        .unwrap_or(false);
    let default = fields
        .get("default")
        .and_then(|node| default(reader, name, &kind, node));
    if kind.is_secret()
        && let Some((key, _)) = fields.entry("default")
    {
        reader.error(
            key.span,
            format!("{what} is a secret and has a default, which anyone can read here"),
            "take it out; `from: [{env: NAME}]` says where the secret is",
        );
    }
    let from = fields
        .get("from")
        .map(|node| origins(reader, node))
        .unwrap_or_default();
    let from_alert = fields
        .get("from_alert")
        .and_then(|node| alert_label(reader, node));
    if required && let Some((key, _)) = fields.entry("default") {
        reader.error(
            key.span,
            format!("{what} is required and has a default"),
            "take one of the two out",
        );
    }
    Some(Param {
        name: name.into(),
        kind,
        default,
        required,
        doc,
        from,
        from_alert,
    })
}

/// `from: [{env: TOKEN}, {file: /etc/token}, {kube_secret: {name: web, key: token}}]`.
fn origins(reader: &mut Reader<'_>, node: &Node) -> Vec<Origin> {
    let mut origins = Vec::new();
    for item in reader.list(node, "`from`").unwrap_or_default() {
        let Some(fields) = reader.fields(item, "`from`", &names(FROM.keys), &[]) else {
            continue;
        };
        let mut entries = fields.keys();
        let (Some((key, node)), None) = (entries.next(), entries.next()) else {
            reader.error(
                fields.span,
                "an item of `from` names one place",
                "write `{env: NAME}`, `{file: PATH}` or `{kube_secret: {name: NAME, key: KEY}}`",
            );
            continue;
        };
        match key.text.as_str() {
            "env" => origins.extend(
                reader
                    .text(node, "`env`")
                    .map(|name| Origin::Env(name.into())),
            ),
            "file" => {
                origins.extend(
                    reader
                        .text(node, "`file`")
                        .map(|path| Origin::File(path.into())),
                );
            }
            "kube_secret" => origins.extend(kube_secret(reader, node)),
            _ => {}
        }
    }
    origins
}

fn kube_secret(reader: &mut Reader<'_>, node: &Node) -> Option<Origin> {
    let fields = reader.fields(node, "`kube_secret`", &names(KUBE_SECRET), &[])?;
    let (Some(name), Some(key)) = (fields.get("name"), fields.get("key")) else {
        reader.error(
            fields.span,
            "`kube_secret` needs `name` and `key`",
            "write `{kube_secret: {name: NAME, key: KEY}}`",
        );
        return None;
    };
    Some(Origin::KubeSecret {
        name: reader.text(name, "`name`")?.into(),
        key: reader.text(key, "`key`")?.into(),
    })
}

fn alert_label(reader: &mut Reader<'_>, node: &Node) -> Option<String> {
    let text = reader.text(node, "`from_alert`")?;
    let known = ["labels.", "annotations."];
    if !known
        .iter()
        .any(|part| text.len() > part.len() && text.starts_with(part))
    {
        reader.error(
            node.span,
            format!("`{text}` is no label of an alert"),
            "write `labels.NAME` or `annotations.NAME`",
        );
        return None;
    }
    Some(text.to_owned())
}

fn kind(
    reader: &mut Reader<'_>,
    word: &str,
    node: &Node,
    fields: &Fields<'_>,
) -> Option<ParamKind> {
    if PARAM.words().contains(&word) {
        let own = names(PARAM.of(word));
        let common = names(PARAM.common);
        // Of a default it is told what is wrong with it.
        for bound in PARAM.names().into_iter().filter(|name| *name != "default") {
            if let Some((key, _)) = fields.entry(bound)
                && !own.contains(&bound)
                && !common.contains(&bound)
            {
                reader.error(
                    key.span,
                    format!("`{bound}` does not go with `type: {word}`"),
                    "take it out",
                );
            }
        }
    }
    Some(match word {
        "int" => ParamKind::Int {
            min: bound(reader, fields, "min", whole),
            max: bound(reader, fields, "max", whole),
        },
        "float" => ParamKind::Float {
            min: bound(reader, fields, "min", number),
            max: bound(reader, fields, "max", number),
        },
        "duration" => ParamKind::Duration {
            min: bound(reader, fields, "min", |reader, node| {
                reader.duration(node, "`min`")
            }),
            max: bound(reader, fields, "max", |reader, node| {
                reader.duration(node, "`max`")
            }),
        },
        "bool" => ParamKind::Bool,
        "list" => ParamKind::List,
        "string" => ParamKind::String {
            pattern: bound(reader, fields, "pattern", pattern),
        },
        "enum" => {
            let Some(node) = fields.get("values") else {
                reader.error(
                    fields.span,
                    "an enum needs its `values`",
                    "write `values: [one, other]`",
                );
                return None;
            };
            let items = reader.list(node, "`values`")?;
            ParamKind::Enum(
                items
                    .iter()
                    .filter_map(|item| reader.word(item, "a value").map(str::to_owned))
                    .collect(),
            )
        }
        "secret" => ParamKind::Secret,
        other => {
            let near = near(other, PARAM.words())
                .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            reader.error(
                node.span,
                format!("`{other}` is no type{near}"),
                format!("write one of {}", PARAM.words().join(", ")),
            );
            return None;
        }
    })
}

fn bound<T>(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    key: &str,
    read: impl FnOnce(&mut Reader<'_>, &Node) -> Option<T>,
) -> Option<T> {
    fields.get(key).and_then(|node| read(reader, node))
}

fn whole(reader: &mut Reader<'_>, node: &Node) -> Option<i64> {
    match &node.value {
        Yaml::Scalar(Scalar::Int(value), _) => Some(*value),
        _ => {
            reader.wrong_type(node, "the bound", "a whole number");
            None
        }
    }
}

fn number(reader: &mut Reader<'_>, node: &Node) -> Option<f64> {
    match &node.value {
        Yaml::Scalar(Scalar::Float(value), _) => Some(*value),
        // Bounds are small; nothing is lost below 2^53.
        Yaml::Scalar(Scalar::Int(value), _) => Some(*value as f64),
        _ => {
            reader.wrong_type(node, "the bound", "a number");
            None
        }
    }
}

fn default(reader: &mut Reader<'_>, name: &str, kind: &ParamKind, node: &Node) -> Option<Value> {
    let given = match (&node.value, kind) {
        (Yaml::List(items), ParamKind::List) => {
            let words: Vec<_> = items
                .iter()
                .filter_map(|item| reader.word(item, "an item of the default"))
                .collect();
            return Some(words.into());
        }
        (Yaml::Text(_) | Yaml::Scalar(..), ParamKind::List) => {
            reader.wrong_type(node, &format!("the default of `{name}`"), "a list");
            return None;
        }
        (Yaml::Scalar(..), ParamKind::String { .. }) => {
            reader.wrong_type(node, &format!("the default of `{name}`"), "text");
            return None;
        }
        (Yaml::Text(_), ParamKind::Int { .. } | ParamKind::Float { .. } | ParamKind::Bool) => {
            let wanted = match kind {
                ParamKind::Int { .. } => "a whole number",
                ParamKind::Float { .. } => "a number",
                _ => "`true` or `false`",
            };
            reader.wrong_type(node, &format!("the default of `{name}`"), wanted);
            return None;
        }
        _ => reader.word(node, &format!("the default of `{name}`"))?,
    };
    match fit(kind, given) {
        Ok(value) => Some(value),
        Err((why, fix)) => {
            reader.error(node.span, format!("the default of `{name}`: {why}"), fix);
            None
        }
    }
}
