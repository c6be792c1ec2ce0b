//! Params and the texts given for them → typed values, or every reason why not.

use serde_json::{Map, Number, Value};

use super::document::{Param, ParamKind};
use super::quantity::{duration, duration_text};
use super::reader::near;

/// Why what was given does not fit a runbook's params.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{headline}")]
pub struct Unfit {
    /// What is wrong, lower case.
    pub headline: String,
    /// What to do.
    pub fix: String,
}

/// The value of every param: as given, else its default, else nothing. A list is given with commas between its items.
pub fn bind(
    params: &[Param],
    given: &[(String, String)],
) -> Result<Map<String, Value>, Vec<Unfit>> {
    let mut unfit = Vec::new();
    let mut bound = Map::new();
    for (at, (name, _)) in given.iter().enumerate() {
        if !params.iter().any(|param| param.name == *name) {
            unfit.push(unknown(params, name));
        } else if given[..at].iter().any(|(earlier, _)| earlier == name) {
            unfit.push(Unfit {
                headline: format!("the param `{name}` is given twice"),
                fix: "give it once".into(),
            });
        }
    }
    for param in params {
        let value = match given.iter().find(|(name, _)| *name == param.name) {
            Some((_, text)) => fit(&param.kind, text).map_err(|(why, fix)| Unfit {
                headline: format!("the param `{}`: {why}", param.name),
                fix,
            }),
            None if param.required => Err(Unfit {
                headline: format!("the param `{}` is required and not given", param.name),
                fix: match &param.doc {
                    Some(doc) => format!("add `-p {}=VALUE` ({doc})", param.name),
                    None => format!("add `-p {}=VALUE`", param.name),
                },
            }),
            None => Ok(param.default.clone().unwrap_or(Value::Null)),
        };
        match value {
            Ok(value) => {
                bound.insert(param.name.clone(), value);
            }
            Err(why) => unfit.push(why),
        }
    }
    if unfit.is_empty() {
        Ok(bound)
    } else {
        Err(unfit)
    }
}

fn unknown(params: &[Param], name: &str) -> Unfit {
    let known: Vec<_> = params.iter().map(|param| param.name.as_str()).collect();
    let (headline, fix) = match near(name, known.iter().copied()) {
        Some(near) => (
            format!("there is no param `{name}`; did you mean `{near}`?"),
            format!("write `-p {near}=…`"),
        ),
        None if known.is_empty() => (
            format!("there is no param `{name}`"),
            "this runbook takes none".into(),
        ),
        None => (
            format!("there is no param `{name}`"),
            format!("this runbook takes {}", known.join(", ")),
        ),
    };
    Unfit { headline, fix }
}

/// A text as a value of this kind; an error is a reason and a fix.
pub(super) fn fit(kind: &ParamKind, text: &str) -> Result<Value, (String, String)> {
    if text.contains('\0') {
        return Err(("it holds a NUL byte".into(), "take it out".into()));
    }
    match kind {
        ParamKind::Int { min, max } => {
            let value: i64 = text.parse().map_err(|_| {
                (
                    format!("{text:?} is no whole number"),
                    "write digits only".into(),
                )
            })?;
            within(value, *min, *max, |bound| bound.to_string())?;
            Ok(value.into())
        }
        ParamKind::Float { min, max } => {
            let value = text
                .parse()
                .ok()
                .and_then(Number::from_f64)
                .ok_or_else(|| (format!("{text:?} is no number"), "write it like 0.5".into()))?;
            within(value.as_f64().unwrap_or(0.0), *min, *max, |bound| {
                bound.to_string()
            })?;
            Ok(Value::Number(value))
        }
        ParamKind::Bool => text.parse::<bool>().map(Value::from).map_err(|_| {
            (
                format!("{text:?} is neither `true` nor `false`"),
                "write `true` or `false`".into(),
            )
        }),
        ParamKind::String { pattern } => match pattern {
            Some(pattern) if !pattern.is_match(text) => Err((
                format!("{text:?} does not match `{pattern}`"),
                "write a text that does".into(),
            )),
            _ => Ok(text.into()),
        },
        ParamKind::Enum(values) => {
            if values.iter().any(|value| value == text) {
                return Ok(text.into());
            }
            let near = near(text, values.iter().map(String::as_str))
                .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            Err((
                format!("{text:?} is not one of its values{near}"),
                format!("write one of {}", values.join(", ")),
            ))
        }
        ParamKind::Duration { min, max } => {
            let value = duration(text).map_err(|why| {
                let (why, fix) = why.split_once("; ").unwrap_or((&why, "write it like `5s`"));
                (why.to_owned(), fix.to_owned())
            })?;
            within(value, *min, *max, |bound| duration_text(*bound))?;
            Ok(value.as_secs_f64().into())
        }
        ParamKind::Secret => Ok(text.into()),
        ParamKind::List if text.is_empty() => Ok(Value::Array(Vec::new())),
        ParamKind::List => Ok(text.split(',').collect::<Vec<_>>().into()),
    }
}

fn within<T: PartialOrd>(
    value: T,
    min: Option<T>,
    max: Option<T>,
    show: impl Fn(&T) -> String,
) -> Result<(), (String, String)> {
    let range = match (&min, &max) {
        (Some(min), Some(max)) => format!("from {} to {}", show(min), show(max)),
        (Some(min), None) => format!("{} or more", show(min)),
        (None, Some(max)) => format!("{} or less", show(max)),
        (None, None) => return Ok(()),
    };
    if min.as_ref().is_some_and(|min| value < *min) || max.as_ref().is_some_and(|max| value > *max)
    {
        return Err((
            format!("{} is out of bounds", show(&value)),
            format!("write {range}"),
        ));
    }
    Ok(())
}
