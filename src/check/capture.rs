//! Taking named values out of an output.

use serde_json::{Map, Value};

use crate::pattern::Pattern;

/// What is taken out of one text of a step.
#[derive(Clone, Debug)]
pub struct Capture {
    /// The fact that is read; stdout where none is named.
    pub from: Option<String>,
    /// How it is read.
    pub taking: Taking,
    /// How each name, or each column of a table, is read; text where it is not named here.
    pub types: Vec<(String, Kind)>,
    /// Values for when there is nothing to take.
    pub defaults: Map<String, Value>,
}

/// How a text is read.
#[derive(Clone, Debug)]
pub enum Taking {
    /// `{regex: '^(?<code>\d{3})'}`: every named group, of the first match. Linear in time.
    Groups(Pattern),
    /// `{code: {regex: '^\d{3}'}}`: the first group, else the whole first match.
    One(String, Pattern),
    /// `{addrs: {lines: '^[0-9.]+$'}}`: every line that matches; with a group, that of each.
    Lines(String, Pattern),
    /// `{phase: {json: '$.status.phase'}}`: what a JSON path (RFC 9535) leads to: one value as it is, several as a list.
    Json(String, Box<serde_json_path::JsonPath>),
    /// `{rows: {table: {header: 1}}}`: a list of maps, one for each line.
    Table(String, Table),
    /// `{settings: {pairs: '='}}`: a map of every line that holds the separator.
    Pairs(String, String),
}

/// A text of columns with white space between them; the last column takes the rest of its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Line that names the columns, from 1; what is before it is passed over.
    pub header: Option<usize>,
    /// Names of the columns where no line names them, or to rename those of the header in order.
    pub columns: Vec<String>,
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
        match &self.taking {
            Taking::Groups(regex) => regex.names().collect(),
            Taking::One(name, _)
            | Taking::Lines(name, _)
            | Taking::Json(name, _)
            | Taking::Table(name, _)
            | Taking::Pairs(name, _) => vec![name],
        }
    }

    /// The values in `text`. A cut output is an error, never a match: what is not there may have been cut.
    pub fn take(&self, text: &str, truncated: bool) -> Result<Map<String, Value>, CaptureError> {
        if truncated {
            return Err(CaptureError(format!(
                "output was cut at {} bytes, so nothing is captured from it; raise `output.max`",
                text.len()
            )));
        }
        let one = |name: &str, value: Option<Value>, why: String| match value
            .or_else(|| self.defaults.get(name).cloned())
        {
            Some(value) => Ok(Map::from_iter([(name.to_owned(), value)])),
            None => Err(CaptureError(why)),
        };
        match &self.taking {
            Taking::Groups(regex) => self.groups(regex, text),
            Taking::One(name, regex) => {
                let found = regex
                    .captures(text)
                    .and_then(|found| found.get(1).or_else(|| found.get(0)))
                    .map(|part| self.kind(name).read(name, part.as_str()))
                    .transpose()?;
                one(name, found, nothing(regex, text))
            }
            Taking::Lines(name, regex) => {
                let lines = text
                    .lines()
                    .filter_map(|line| regex.captures(line))
                    .filter_map(|found| found.get(1).or_else(|| found.get(0)))
                    .map(|part| self.kind(name).read(name, part.as_str()))
                    .collect::<Result<Vec<_>, _>>()?;
                let lines = (!lines.is_empty()).then_some(Value::Array(lines));
                one(
                    name,
                    lines,
                    format!("no line of {} matches `{regex}`", shown(text)),
                )
            }
            Taking::Json(name, path) => {
                let value: Value = serde_json::from_str(text).map_err(|error| {
                    CaptureError(format!("{} is no JSON: {error}", shown(text)))
                })?;
                let mut found = path.query(&value).all();
                let found = match found.len() {
                    0 => None,
                    1 => found.pop().cloned(),
                    _ => Some(Value::Array(found.into_iter().cloned().collect())),
                };
                one(
                    name,
                    found,
                    format!("`{path}` leads to nothing in the JSON"),
                )
            }
            Taking::Table(name, table) => {
                let rows = self.rows(table, text)?;
                let rows = (!rows.is_empty()).then_some(Value::Array(rows));
                one(name, rows, format!("there is no row in {}", shown(text)))
            }
            Taking::Pairs(name, separator) => {
                let mut pairs = Map::new();
                for (key, value) in text.lines().filter_map(|line| line.split_once(separator)) {
                    pairs.insert(key.trim().into(), value.trim().into());
                }
                let pairs = (!pairs.is_empty()).then_some(Value::Object(pairs));
                one(
                    name,
                    pairs,
                    format!("no line of {} holds {separator:?}", shown(text)),
                )
            }
        }
    }

    fn groups(&self, regex: &Pattern, text: &str) -> Result<Map<String, Value>, CaptureError> {
        let found = regex.captures(text);
        let mut values = Map::new();
        for name in self.names() {
            let part = found.as_ref().and_then(|found| found.name(name));
            let value = match (part, self.defaults.get(name)) {
                (Some(part), _) => self.kind(name).read(name, part.as_str())?,
                (None, Some(default)) => default.clone(),
                (None, None) if found.is_some() => {
                    return Err(CaptureError(format!(
                        "capture `{name}` took no part in the match of `{regex}`"
                    )));
                }
                (None, None) => return Err(CaptureError(nothing(regex, text))),
            };
            values.insert(name.to_owned(), value);
        }
        Ok(values)
    }

    fn rows(&self, table: &Table, text: &str) -> Result<Vec<Value>, CaptureError> {
        let mut lines = text.lines();
        let mut columns: Vec<String> = Vec::new();
        if let Some(header) = table.header {
            let line = lines.nth(header - 1).unwrap_or_default();
            columns = line.split_whitespace().map(column).collect();
        }
        for (at, name) in table.columns.iter().enumerate() {
            match columns.get_mut(at) {
                Some(column) => column.clone_from(name),
                None => columns.push(name.clone()),
            }
        }
        lines
            .filter(|line| !line.trim().is_empty())
            .map(|line| self.row(&columns, line))
            .collect()
    }

    fn row(&self, columns: &[String], line: &str) -> Result<Value, CaptureError> {
        let mut row = Map::new();
        let mut rest = line.trim();
        for (at, name) in columns.iter().enumerate() {
            let cell = if at + 1 == columns.len() {
                std::mem::take(&mut rest)
            } else {
                let (cell, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
                rest = after.trim_start();
                cell
            };
            row.insert(name.clone(), self.kind(name).read(name, cell)?);
        }
        Ok(Value::Object(row))
    }

    fn kind(&self, name: &str) -> Kind {
        self.types
            .iter()
            .find(|(of, _)| of == name)
            .map_or(Kind::String, |(_, kind)| *kind)
    }
}

/// A heading as a name: `%CPU` is `cpu`, `Recv-Q` is `recv_q`.
fn column(heading: &str) -> String {
    let name: String = heading
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '_'
            }
        })
        .collect();
    name.trim_matches('_').to_owned()
}

fn nothing(regex: &Pattern, text: &str) -> String {
    format!("`{regex}` matches nothing in {}", shown(text))
}

fn shown(text: &str) -> String {
    if text.is_empty() {
        "the empty output".into()
    } else {
        quoted(text)
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
            from: None,
            taking: Taking::Groups(Pattern::new(r"^(?<code>\d{3})(?: (?<secs>[\d.]+))?").unwrap()),
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
        wide.taking = Taking::Groups(Pattern::new("(?<code>.*)").unwrap());
        let error = wide.take("20O", false).unwrap_err();
        assert_eq!(
            error.0,
            "capture `code` is \"20O\", which is no whole number"
        );
    }

    fn named(taking: Taking, types: &[(&str, Kind)]) -> Capture {
        Capture {
            from: None,
            taking,
            types: types
                .iter()
                .map(|(name, kind)| ((*name).to_owned(), *kind))
                .collect(),
            defaults: Map::new(),
        }
    }

    fn regex(text: &str) -> Pattern {
        Pattern::new(text).unwrap()
    }

    #[test]
    fn lines_are_those_that_match_and_none_is_an_error_unless_a_default_says_otherwise() {
        let mut lines = named(Taking::Lines("addrs".into(), regex("^[0-9.]+$")), &[]);
        let found = lines.take("db.\n10.0.0.1\n10.0.0.2\n", false).unwrap();
        assert_eq!(found["addrs"], serde_json::json!(["10.0.0.1", "10.0.0.2"]));
        let error = lines.take(";; no servers\n", false).unwrap_err();
        assert!(error.0.starts_with("no line of"), "{error}");
        lines
            .defaults
            .insert("addrs".into(), Value::Array(Vec::new()));
        assert_eq!(
            lines.take("", false).unwrap()["addrs"],
            serde_json::json!([])
        );
    }

    #[test]
    fn a_table_names_its_columns_by_its_header_and_its_last_takes_the_rest() {
        let table = Table {
            header: Some(1),
            columns: Vec::new(),
        };
        let rows = named(Taking::Table("rows".into(), table), &[("rss", Kind::Int)]);
        let found = rows
            .take("PID %CPU RSS COMMAND\n  1  0.0 512 sleep 5 m\n", false)
            .unwrap();
        assert_eq!(
            found["rows"],
            serde_json::json!([{"pid": "1", "cpu": "0.0", "rss": 512, "command": "sleep 5 m"}])
        );
        assert!(rows.take("PID %CPU RSS COMMAND\n1 0 x y\n", false).is_err());
    }

    #[test]
    fn a_json_path_leads_to_a_value_or_to_a_list() {
        let path = |text: &str| {
            named(
                Taking::Json(
                    "v".into(),
                    Box::new(serde_json_path::JsonPath::parse(text).unwrap()),
                ),
                &[],
            )
        };
        let text = r#"{"status":{"phase":"Running"},"ports":[80,443]}"#;
        assert_eq!(
            path("$.status.phase").take(text, false).unwrap()["v"],
            "Running"
        );
        assert_eq!(
            path("$.ports[*]").take(text, false).unwrap()["v"],
            serde_json::json!([80, 443])
        );
        assert!(path("$.absent").take(text, false).is_err());
        assert!(path("$.x").take("<html>", false).is_err());
    }

    #[test]
    fn pairs_are_split_at_their_first_separator() {
        let pairs = named(Taking::Pairs("env".into(), "=".into()), &[]);
        assert_eq!(
            pairs.take("A=1\nnoise\nB = x=y\n", false).unwrap()["env"],
            serde_json::json!({"A": "1", "B": "x=y"})
        );
    }
}
