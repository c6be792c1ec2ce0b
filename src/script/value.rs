//! Values on their way in and out of the language.

use rhai::{Array, Dynamic, Map};
use serde_json::{Number, Value};

/// Into the language.
pub(super) fn inward(value: &Value) -> Dynamic {
    match value {
        Value::Null => Dynamic::UNIT,
        Value::Bool(value) => (*value).into(),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => whole.into(),
            None => number.as_f64().unwrap_or(f64::MAX).into(),
        },
        Value::String(text) => text.clone().into(),
        Value::Array(items) => Dynamic::from_array(items.iter().map(inward).collect::<Array>()),
        Value::Object(entries) => Dynamic::from_map(
            entries
                .iter()
                .map(|(key, value)| (key.as_str().into(), inward(value)))
                .collect::<Map>(),
        ),
    }
}

/// Into the language, and of a map only these properties.
pub(super) fn part_inward(value: &Value, properties: &[String]) -> Dynamic {
    let Value::Object(entries) = value else {
        return inward(value);
    };
    let known = properties.iter().filter_map(|name| {
        let value = entries.get(name)?;
        Some((name.as_str().into(), inward(value)))
    });
    Dynamic::from_map(known.collect::<Map>())
}

/// Out of the language; what has no counterpart, such as a function, goes by the name of its type.
pub(super) fn outward(value: &Dynamic) -> Value {
    if value.is_unit() {
        return Value::Null;
    }
    if let Ok(value) = value.as_bool() {
        return value.into();
    }
    if let Ok(value) = value.as_int() {
        return value.into();
    }
    if let Ok(value) = value.as_float() {
        return Number::from_f64(value).map_or_else(|| value.to_string().into(), Value::Number);
    }
    if let Ok(value) = value.as_char() {
        return value.to_string().into();
    }
    if let Ok(value) = value.as_immutable_string_ref() {
        return value.to_string().into();
    }
    if let Ok(items) = value.as_array_ref() {
        return Value::Array(items.iter().map(outward).collect());
    }
    if let Ok(entries) = value.as_map_ref() {
        return Value::Object(
            entries
                .iter()
                .map(|(key, value)| (key.to_string(), outward(value)))
                .collect(),
        );
    }
    value.type_name().into()
}

/// What a value is, for messages: `the text "abc"`, `nothing`.
pub(super) fn described(value: &Dynamic) -> String {
    match outward(value) {
        Value::Null => "nothing".into(),
        Value::Bool(value) => value.to_string(),
        Value::Number(value) => format!("the number {value}"),
        Value::String(text) => {
            let mut short: String = text.chars().take(40).collect();
            if short.len() < text.len() {
                short.push('…');
            }
            format!("the text {short:?}")
        }
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "a map".into(),
    }
}
