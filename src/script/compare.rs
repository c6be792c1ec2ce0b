//! Comparing and adding: numbers are alike, texts are alike, everything else is an error.
//!
//! Left to itself the language calls unlike values unequal and orders them as false, so a lost value would pass `!=` in silence.

use std::cmp::Ordering;

use rhai::{Dynamic, Engine, EvalAltResult};

use super::value::described;

type Outcome<T> = Result<T, Box<EvalAltResult>>;

pub(super) fn register(engine: &mut Engine) {
    engine
        .register_fn("==", |a: Dynamic, b: Dynamic| same(&a, &b, "=="))
        .register_fn("!=", |a: Dynamic, b: Dynamic| {
            same(&a, &b, "!=").map(|same| !same)
        })
        .register_fn("<", |a: Dynamic, b: Dynamic| {
            ordered(&a, &b, "<", Ordering::is_lt)
        })
        .register_fn("<=", |a: Dynamic, b: Dynamic| {
            ordered(&a, &b, "<=", Ordering::is_le)
        })
        .register_fn(">", |a: Dynamic, b: Dynamic| {
            ordered(&a, &b, ">", Ordering::is_gt)
        })
        .register_fn(">=", |a: Dynamic, b: Dynamic| {
            ordered(&a, &b, ">=", Ordering::is_ge)
        })
        // Text and nothing would otherwise come to the text alone.
        .register_fn("+", |a: (), b: Dynamic| refuse_sum(&a.into(), &b))
        .register_fn("+", |a: rhai::ImmutableString, b: ()| {
            refuse_sum(&a.into(), &b.into())
        });
}

fn unlike<T>(a: &Dynamic, b: &Dynamic, operator: &str) -> Outcome<T> {
    Err(format!(
        "{} and {} cannot be compared with `{operator}`",
        described(a),
        described(b)
    )
    .into())
}

fn refuse_sum(a: &Dynamic, b: &Dynamic) -> Outcome<()> {
    Err(format!("{} and {} cannot be added", described(a), described(b)).into())
}

fn same(a: &Dynamic, b: &Dynamic, operator: &str) -> Outcome<bool> {
    if let Some(order) = order(a, b) {
        return Ok(order == Some(Ordering::Equal));
    }
    if a.is_unit() && b.is_unit() {
        return Ok(true);
    }
    if let (Ok(a), Ok(b)) = (a.as_array_ref(), b.as_array_ref()) {
        if a.len() != b.len() {
            return Ok(false);
        }
        for (a, b) in a.iter().zip(b.iter()) {
            if !same(a, b, operator)? {
                return Ok(false);
            }
        }
        return Ok(true);
    }
    if let (Ok(a), Ok(b)) = (a.as_map_ref(), b.as_map_ref()) {
        if a.len() != b.len() {
            return Ok(false);
        }
        for (key, a) in a.iter() {
            match b.get(key) {
                Some(b) if same(a, b, operator)? => {}
                _ => return Ok(false),
            }
        }
        return Ok(true);
    }
    unlike(a, b, operator)
}

fn ordered(a: &Dynamic, b: &Dynamic, operator: &str, holds: fn(Ordering) -> bool) -> Outcome<bool> {
    match order(a, b) {
        Some(order) if !a.is_bool() => Ok(order.is_some_and(holds)),
        _ => unlike(a, b, operator),
    }
}

/// `None` for unlike values, `Some(None)` for numbers that have no order.
fn order(a: &Dynamic, b: &Dynamic) -> Option<Option<Ordering>> {
    if let (Ok(a), Ok(b)) = (a.as_int(), b.as_int()) {
        return Some(Some(a.cmp(&b)));
    }
    if let (Some(a), Some(b)) = (number(a), number(b)) {
        return Some(a.partial_cmp(&b));
    }
    if let (Ok(a), Ok(b)) = (a.as_bool(), b.as_bool()) {
        return Some(Some(a.cmp(&b)));
    }
    match (text(a), text(b)) {
        (Some(a), Some(b)) => Some(Some(a.cmp(&b))),
        _ => None,
    }
}

fn number(value: &Dynamic) -> Option<f64> {
    match value.as_int() {
        // Exact up to 2^53, which is more than any exit code, count or byte size here.
        Ok(whole) => Some(whole as f64),
        Err(_) => value.as_float().ok(),
    }
}

fn text(value: &Dynamic) -> Option<String> {
    match value.as_char() {
        Ok(letter) => Some(letter.to_string()),
        Err(_) => value.as_immutable_string_ref().ok().map(|s| s.to_string()),
    }
}
