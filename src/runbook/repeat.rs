//! Reading `each:` and `retry:`: how often a step is asked.

use super::document::{Each, Retry};
use super::keys::{EACH, RETRY, names};
use super::names::{Language, unfit_identifier};
use super::reader::Reader;
use crate::script::Expr;
use crate::yaml::{Node, Scalar, Yaml};

/// Times that a step is asked at most.
pub(super) const MOST_ATTEMPTS: i64 = 20;

/// Items of `each` that are asked about when nothing is said, and the most that may be.
pub(super) const MOST_ITEMS: (usize, i64) = (10, 100);

/// `each: {item: ip, of: dns.addrs, max: 4}`.
pub(super) fn each(
    reader: &mut Reader<'_>,
    language: &mut Language<'_>,
    node: &Node,
) -> Option<Each> {
    let fields = reader.fields(node, "`each`", &names(EACH), &[])?;
    let (Some(item_node), Some(of)) = (fields.get("item"), fields.get("of")) else {
        reader.error(
            fields.span,
            "`each` needs `item` and `of`",
            "write `each: {item: address, of: dns.addrs}`",
        );
        return None;
    };
    let item = reader.text(item_node, "`item`")?;
    if let Some(why) = unfit_identifier(item) {
        reader.error(
            item_node.span,
            format!("the item `{item}` {why}"),
            "give it another name",
        );
    } else if language.sight.has(item) {
        reader.error(
            item_node.span,
            format!("the item `{item}` has the name of a param or an earlier step"),
            "give it another name",
        );
    }
    let max = match fields.get("max") {
        Some(node) => whole(reader, node, "`max`", 1, MOST_ITEMS.1)?,
        None => MOST_ITEMS.0 as i64,
    };
    if let Some(node) = fields.get("parallel") {
        whole(reader, node, "`parallel`", 1, MOST_ITEMS.1)?;
        reader.warn(
            node.span,
            "one session asks one thing at a time, so `parallel` changes nothing",
            "take it out",
        );
    }
    Some(Each {
        item: item.to_owned(),
        of: match &of.value {
            // A list of its own is an expression as it stands.
            Yaml::List(_) => Expr::compile(&super::capture::value(of).to_string()).ok()?,
            _ => language.expr(reader, of, "`of`")?,
        },
        max: usize::try_from(max).unwrap_or(MOST_ITEMS.0),
    })
}

/// `retry: {attempts: 3, delay: 1s, backoff: 2, give_up: 'exit == 6'}`.
pub(super) fn retry(
    reader: &mut Reader<'_>,
    language: &mut Language<'_>,
    node: &Node,
    readable: bool,
) -> Option<Retry> {
    let fields = reader.fields(node, "`retry`", &names(RETRY), &[])?;
    let attempts = match fields.get("attempts") {
        Some(node) => whole(reader, node, "`attempts`", 2, MOST_ATTEMPTS)?,
        None => {
            reader.error(
                fields.span,
                "`retry` has no `attempts`",
                "write how often it is asked at most, the first time included",
            );
            return None;
        }
    };
    let backoff = match fields.get("backoff").map(|node| (&node.value, node)) {
        None => 1.0,
        Some((Yaml::Scalar(Scalar::Int(factor @ 1..=10), _), _)) => *factor as f64,
        Some((Yaml::Scalar(Scalar::Float(factor), _), _)) if (1.0..=10.0).contains(factor) => {
            *factor
        }
        Some((_, node)) => {
            reader.wrong_type(node, "`backoff`", "a number from 1 to 10");
            return None;
        }
    };
    Some(Retry {
        attempts: u32::try_from(attempts).unwrap_or(1),
        delay: match fields.get("delay") {
            Some(node) => reader.duration(node, "`delay`")?,
            None => std::time::Duration::from_secs(1),
        },
        backoff,
        give_up: match fields.get("give_up") {
            Some(node) if readable => Some(language.expr(reader, node, "`give_up`")?),
            _ => None,
        },
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
