//! Reading what bounds a run as a whole: `effects:`, `redact:`, `batch:` and `waivers:`.

use super::document::{Batch, Effects, StopWhen, Waiver};
use super::keys::{BATCH, GROUP, REDACT, RULE, STOP_WHEN, WAIVER, names};
use super::names::is_kebab;
use super::reader::Reader;
use super::settings::choice;
use crate::report::{Own, Rule, Rules};
use crate::yaml::{Node, Scalar, Yaml};

/// Targets that may be open at once.
pub(super) const MOST_PARALLEL: i64 = 1000;

/// Targets that may be waited for before a batch is stopped.
pub(super) const MOST_AFTER: i64 = 100_000;

pub(super) fn effects(reader: &mut Reader<'_>, node: &Node) -> Effects {
    reader
        .text(node, "`effects`")
        .and_then(|word| choice(reader, node, word, "effect", &Effects::WORDS))
        .unwrap_or_default()
}

/// The rules under `redact`. Where it says nothing of the built-in ones, `builtin` does.
pub(super) fn redact(reader: &mut Reader<'_>, node: Option<&Node>, builtin: bool) -> Rules {
    let mut rules = Rules {
        builtin,
        own: Vec::new(),
    };
    let Some(fields) = node.and_then(|node| reader.fields(node, "`redact`", &names(REDACT), &[]))
    else {
        return rules;
    };
    if let Some(told) = fields
        .get("builtin")
        .and_then(|node| reader.boolean(node, "`builtin`"))
    {
        rules.builtin = told;
    }
    for item in fields
        .get("rules")
        .and_then(|node| reader.list(node, "`rules`"))
        .unwrap_or_default()
    {
        rules.own.extend(rule(reader, item));
    }
    rules
}

fn rule(reader: &mut Reader<'_>, node: &Node) -> Option<Rule> {
    let fields = reader.fields(node, "a rule", &names(RULE), &[])?;
    let (Some(name), Some(regex_node)) = (fields.get("name"), fields.get("regex")) else {
        reader.error(
            fields.span,
            "a rule needs `name` and `regex`",
            "write `{name: session, regex: 'sid=(?<mask>[^;]+)'}`",
        );
        return None;
    };
    // The same grammar as everywhere else, so that a mistake is told in the same words.
    let regex = super::pattern::pattern(reader, regex_node)?;
    let only = fields
        .get("only")
        .and_then(|node| reader.list(node, "`only`"))
        .unwrap_or_default()
        .iter()
        .filter_map(|item| reader.text(item, "a step").map(str::to_owned))
        .collect();
    Some(Rule {
        name: reader.text(name, "`name`")?.to_owned(),
        regex: regex::bytes::Regex::new(regex.as_str()).ok()?,
        only,
    })
}

pub(super) fn batch(reader: &mut Reader<'_>, node: &Node) -> Batch {
    let Some(fields) = reader.fields(node, "`batch`", &names(BATCH), &[]) else {
        return Batch::default();
    };
    let mut most = |key: &str| {
        let node = fields.get(key)?;
        let most = whole(reader, node, &format!("`{key}`"), 1, MOST_PARALLEL)?;
        usize::try_from(most).ok()
    };
    Batch {
        parallel: most("parallel"),
        per_node: most("per_node"),
        stop_when: fields
            .get("stop_when")
            .and_then(|node| stop_when(reader, node)),
        group: fields.get("group").and_then(|node| group(reader, node)),
    }
}

fn group(reader: &mut Reader<'_>, node: &Node) -> Option<Vec<Own>> {
    let fields = reader.fields(node, "`group`", &names(GROUP), &[])?;
    let Some(node) = fields.get("normalise") else {
        return Some(Own::WORDS.map(|(own, _)| own).to_vec());
    };
    let mut own = Vec::new();
    for item in reader.list(node, "`normalise`")? {
        let word = reader.text(item, "what is normalised")?;
        own.push(choice(
            reader,
            item,
            word,
            "thing to normalise",
            &Own::WORDS,
        )?);
    }
    Some(own)
}

fn stop_when(reader: &mut Reader<'_>, node: &Node) -> Option<StopWhen> {
    let fields = reader.fields(node, "`stop_when`", &names(STOP_WHEN), &[])?;
    let Some(percent_node) = fields.get("failed_percent") else {
        reader.error(
            fields.span,
            "`stop_when` has no `failed_percent`",
            "write `stop_when: {failed_percent: 30, after: 10}`",
        );
        return None;
    };
    let failed_percent = match &percent_node.value {
        Yaml::Scalar(Scalar::Int(number @ 1..=100), _) => *number as f64,
        Yaml::Scalar(Scalar::Float(number), _) if *number > 0.0 && *number <= 100.0 => *number,
        _ => {
            reader.wrong_type(percent_node, "`failed_percent`", "a number from 1 to 100");
            return None;
        }
    };
    let after = match fields.get("after") {
        Some(node) => whole(reader, node, "`after`", 1, MOST_AFTER)?,
        None => 1,
    };
    Some(StopWhen {
        failed_percent,
        after: usize::try_from(after).unwrap_or(1),
    })
}

/// `checks` are the ids that the runbook has.
pub(super) fn waivers(reader: &mut Reader<'_>, node: &Node, checks: &[&str]) -> Vec<Waiver> {
    let items = reader.list(node, "`waivers`").unwrap_or_default();
    items
        .iter()
        .filter_map(|item| waiver(reader, item, checks))
        .collect()
}

fn waiver(reader: &mut Reader<'_>, node: &Node, checks: &[&str]) -> Option<Waiver> {
    let fields = reader.fields(node, "a waiver", &names(WAIVER), &[])?;
    let (Some(check_node), Some(reason)) = (fields.get("check"), fields.get("reason")) else {
        reader.error(
            fields.span,
            "a waiver needs `check` and `reason`",
            "write which check is known to fail, and why that is accepted",
        );
        return None;
    };
    let check = reader.text(check_node, "`check`")?;
    if !is_kebab(check) || !checks.is_empty() && !checks.contains(&check) {
        let near = super::reader::near(check, checks.iter().copied())
            .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        reader.error(
            check_node.span,
            format!("there is no check `{check}`{near}"),
            format!("its checks are {}", checks.join(", ")),
        );
    }
    let until = match fields.get("until") {
        None => None,
        Some(node) => match reader.word(node, "`until`")?.parse() {
            Ok(day) => Some(day),
            Err(_) => {
                reader.error(node.span, "`until` is no day", "write it like `2026-12-31`");
                return None;
            }
        },
    };
    Some(Waiver {
        check: check.to_owned(),
        reason: reader.text(reason, "`reason`")?.to_owned(),
        owner: match fields.get("owner") {
            Some(node) => Some(reader.text(node, "`owner`")?.to_owned()),
            None => None,
        },
        until,
    })
}

fn whole(reader: &mut Reader<'_>, node: &Node, what: &str, least: i64, most: i64) -> Option<i64> {
    match &node.value {
        Yaml::Scalar(Scalar::Int(number), _) if (least..=most).contains(number) => Some(*number),
        _ => {
            reader.wrong_type(
                node,
                what,
                &format!("a whole number from {least} to {most}"),
            );
            None
        }
    }
}
