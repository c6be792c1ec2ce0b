//! Taking named values out of an output.

use serde_json::{Map, Value};

/// `capture: {regex: '^(?<code>\d{3})', types: {code: int}, default: …}`.
#[derive(Clone, Debug)]
pub struct Capture {
    /// Linear-time regular expression with named groups.
    pub regex: regex::Regex,
    /// How each named group is read; text where a group is not named here.
    pub types: Vec<(String, Kind)>,
    /// Values for when nothing matches.
    pub defaults: Map<String, Value>,
}

/// How a captured text is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// As it stands.
    String,
    /// A whole number.
    Int,
    /// A number.
    Float,
    /// `true` or `false`.
    Bool,
}

/// Why a capture came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CaptureError(pub String);

impl Kind {
    /// Every kind with its word in runbooks.
    pub const WORDS: [(Self, &'static str); 4] = [
        (Self::String, "string"),
        (Self::Int, "int"),
        (Self::Float, "float"),
        (Self::Bool, "bool"),
    ];

    fn read(self, name: &str, text: &str) -> Result<Value, CaptureError> {
        let value = match self {
            Self::String => Some(text.into()),
            Self::Int => text.parse::<i64>().ok().map(Value::from),
            Self::Float => text
                .parse::<f64>()
                .ok()
                .and_then(serde_json::Number::from_f64)
                .map(Value::Number),
            Self::Bool => text.parse::<bool>().ok().map(Value::from),
        };
        value.ok_or_else(|| {
            let wanted = match self {
                Self::Int => "whole number",
                Self::Float => "number",
                Self::Bool | Self::String => "`true` or `false`",
            };
            CaptureError(format!(
                "capture `{name}` is {}, which is no {wanted}",
                quoted(text)
            ))
        })
    }
}

impl Capture {
    /// The names it yields.
    pub fn names(&self) -> Vec<&str> {
        self.regex.capture_names().flatten().collect()
    }

    /// The values in `text`. A cut output is an error, never a match: what is not there may have been cut.
    pub fn take(&self, text: &str, truncated: bool) -> Result<Map<String, Value>, CaptureError> {
        if truncated {
            return Err(CaptureError(format!(
                "output was cut at {} bytes, so nothing is captured from it; raise `output.max`",
                text.len()
            )));
        }
        let found = self.regex.captures(text);
        let mut values = Map::new();
        for name in self.names() {
            let part = found.as_ref().and_then(|found| found.name(name));
            let value = match (part, self.defaults.get(name)) {
                (Some(part), _) => self.kind(name).read(name, part.as_str())?,
                (None, Some(default)) => default.clone(),
                (None, None) if found.is_some() => {
                    return Err(CaptureError(format!(
                        "capture `{name}` took no part in the match of `{}`",
                        self.regex
                    )));
                }
                (None, None) => {
                    return Err(CaptureError(format!(
                        "`{}` matches nothing in {}",
                        self.regex,
                        if text.is_empty() {
                            "the empty output".into()
                        } else {
                            quoted(text)
                        }
                    )));
                }
            };
            values.insert(name.to_owned(), value);
        }
        Ok(values)
    }

    fn kind(&self, name: &str) -> Kind {
        self.types
            .iter()
            .find(|(of, _)| of == name)
            .map_or(Kind::String, |(_, kind)| *kind)
    }
}

fn quoted(text: &str) -> String {
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("{short:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capture() -> Capture {
        Capture {
            regex: regex::Regex::new(r"^(?<code>\d{3})(?: (?<secs>[\d.]+))?").unwrap(),
            types: vec![("code".into(), Kind::Int), ("secs".into(), Kind::Float)],
            defaults: Map::new(),
        }
    }

    #[test]
    fn groups_become_typed_values() {
        let values = capture().take("200 0.25\n", false).unwrap();
        assert_eq!(
            Value::from(values),
            serde_json::json!({"code": 200, "secs": 0.25})
        );
    }

    #[test]
    fn what_is_not_there_is_an_error_unless_a_default_says_otherwise() {
        assert!(capture().take("nothing", false).is_err());
        let error = capture().take("200", false).unwrap_err();
        assert!(error.0.contains("`secs` took no part"), "{error}");
        let mut lenient = capture();
        lenient.defaults.insert("secs".into(), 9.into());
        assert_eq!(lenient.take("200", false).unwrap()["secs"], 9);
        assert!(lenient.take("", false).is_err());
    }

    #[test]
    fn a_cut_output_is_never_a_match() {
        let error = capture().take("200 0.2", true).unwrap_err();
        assert!(error.0.contains("cut at 7 bytes"), "{error}");
    }

    #[test]
    fn a_text_of_another_type_is_an_error() {
        let mut wide = capture();
        wide.regex = regex::Regex::new("(?<code>.*)").unwrap();
        let error = wide.take("20O", false).unwrap_err();
        assert_eq!(
            error.0,
            "capture `code` is \"20O\", which is no whole number"
        );
    }
}
