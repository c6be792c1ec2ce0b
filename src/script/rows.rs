//! Text into rows, and rows into numbers: what a list of sockets or processes is asked for.
//!
//! | function | gives |
//! |---|---|
//! | `text.table()` | a map for each line but the first, which names the columns |
//! | `text.table(#{columns: ["state", "peer"]})` | a map for each line, the columns named here; the last takes the rest of its line |
//! | `text.pairs("=")` | a map of the lines that are `name = value` |
//! | `text.parse_json()` | what the text says as JSON; an error where it is none |
//! | `rows.count_by("state")` | how many rows have each value of that column |
//! | `rows.group_by("state")` | the rows of each value of that column |
//! | `rows.sum_by("rss")` | the sum of that column |
//!
//! `into: #{rss: "int"}` beside `columns` reads columns as numbers; `header: 2` passes over two lines instead of one or none.

use rhai::{Array, Dynamic, Engine, EvalAltResult, ImmutableString, Map};

use super::value::{described, inward};

type Outcome<T> = Result<T, Box<EvalAltResult>>;

pub(super) fn register(engine: &mut Engine) {
    engine
        .register_fn("table", |text: ImmutableString| table(&text, &Map::new()))
        .register_fn("table", |text: ImmutableString, how: Map| {
            table(&text, &how)
        })
        .register_fn("pairs", pairs)
        .register_fn("parse_json", parse_json)
        .register_fn("count_by", |rows: Array, column: ImmutableString| {
            count_by(&rows, &column)
        })
        .register_fn("group_by", group_by)
        .register_fn("sum_by", sum_by);
}

fn table(text: &str, how: &Map) -> Outcome<Array> {
    if let Some(key) = how
        .keys()
        .find(|key| !matches!(key.as_str(), "columns" | "header" | "into"))
    {
        return Err(
            format!("`table` knows no `{key}`; it takes `columns`, `header` and `into`").into(),
        );
    }
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let columns = match how.get("columns") {
        Some(columns) => texts(columns, "columns")?,
        None => lines.next().map_or_else(Vec::new, |first| {
            first
                .split_whitespace()
                .map(|name| name.to_lowercase())
                .collect()
        }),
    };
    if columns.is_empty() {
        return Ok(Array::new());
    }
    let passed = match how.get("header") {
        None => 0,
        Some(count) => count
            .as_int()
            .ok()
            .and_then(|count| usize::try_from(count).ok())
            .ok_or("`header` is a count of lines")?,
    };
    let into = match how.get("into") {
        None => Map::new(),
        Some(into) => into
            .clone()
            .try_cast::<Map>()
            .ok_or("`into` is a map of columns with their types")?,
    };
    // The line that names the columns is the first of the header.
    let passed = passed.saturating_sub(usize::from(!how.contains_key("columns")));
    lines
        .skip(passed)
        .map(|line| row(line, &columns, &into))
        .collect()
}

fn row(line: &str, columns: &[String], into: &Map) -> Outcome<Dynamic> {
    let mut row = Map::new();
    let mut rest = line.trim();
    for (at, column) in columns.iter().enumerate() {
        let (word, after) = match rest.find(char::is_whitespace) {
            Some(end) if at + 1 < columns.len() => (&rest[..end], rest[end..].trim_start()),
            _ => (rest, ""),
        };
        rest = after;
        let kind = into.get(column.as_str()).map(ToString::to_string);
        row.insert(
            column.as_str().into(),
            typed(column, word, kind.as_deref())?,
        );
    }
    Ok(row.into())
}

fn typed(column: &str, word: &str, kind: Option<&str>) -> Outcome<Dynamic> {
    let read = match kind {
        None | Some("string") => Some(word.into()),
        Some("int") => word.parse::<i64>().ok().map(Dynamic::from),
        Some("float") => word.parse::<f64>().ok().map(Dynamic::from),
        Some(other) => {
            return Err(format!(
                "`{other}` is no type of a column; write `int`, `float` or `string`"
            )
            .into());
        }
    };
    read.ok_or_else(|| format!("the column `{column}` has {word:?}, which is no number").into())
}

fn texts(list: &Dynamic, what: &str) -> Outcome<Vec<String>> {
    let items = list
        .as_array_ref()
        .map_err(|_| format!("`{what}` is a list of names"))?;
    items
        .iter()
        .map(|item| {
            item.as_immutable_string_ref()
                .map(|text| text.to_string())
                .map_err(|_| format!("`{what}` is a list of names").into())
        })
        .collect()
}

fn pairs(text: ImmutableString, between: ImmutableString) -> Outcome<Map> {
    if between.is_empty() {
        return Err("`pairs` needs the text that stands between a name and its value".into());
    }
    Ok(text
        .lines()
        .filter_map(|line| line.split_once(between.as_str()))
        .map(|(name, value)| (name.trim().into(), value.trim().to_owned().into()))
        .collect())
}

fn parse_json(text: ImmutableString) -> Outcome<Dynamic> {
    serde_json::from_str(&text)
        .map(|value| inward(&value))
        .map_err(|error| format!("this is not JSON: {error}").into())
}

/// The value of a column as the name of a group.
fn named(row: &Dynamic, column: &str) -> Outcome<String> {
    let row = row
        .as_map_ref()
        .map_err(|_| format!("{} is no row: rows are maps", described(row)))?;
    let value = row
        .get(column)
        .ok_or_else(|| format!("a row has no `{column}`"))?;
    Ok(value.to_string())
}

fn count_by(rows: &Array, column: &str) -> Outcome<Map> {
    let mut counts = Map::new();
    for row in rows {
        let count = counts
            .entry(named(row, column)?.into())
            .or_insert(Dynamic::ZERO);
        *count = (count.as_int().unwrap_or(0) + 1).into();
    }
    Ok(counts)
}

fn group_by(rows: Array, column: ImmutableString) -> Outcome<Map> {
    let mut groups: std::collections::BTreeMap<String, Array> = std::collections::BTreeMap::new();
    for row in rows {
        groups.entry(named(&row, &column)?).or_default().push(row);
    }
    Ok(groups
        .into_iter()
        .map(|(name, rows)| (name.into(), rows.into()))
        .collect())
}

fn sum_by(rows: Array, column: ImmutableString) -> Outcome<Dynamic> {
    let (mut whole, mut float, mut exact) = (0_i64, 0.0, true);
    for row in &rows {
        let row = row
            .as_map_ref()
            .map_err(|_| format!("{} is no row: rows are maps", described(row)))?;
        let value = row
            .get(column.as_str())
            .ok_or_else(|| format!("a row has no `{column}`"))?;
        if let Ok(number) = value.as_int() {
            whole = whole.saturating_add(number);
            float += number as f64;
        } else if let Ok(number) = value.as_float() {
            exact = false;
            float += number;
        } else {
            return Err(format!(
                "{} in the column `{column}` is no number; read it with `into`",
                described(value)
            )
            .into());
        }
    }
    Ok(if exact { whole.into() } else { float.into() })
}

#[cfg(test)]
mod tests {
    use crate::script::{Expr, Scope};
    use serde_json::{Value, json};

    fn value(source: &str) -> Result<Value, String> {
        let Value::Object(names) = json!({
            "ss": "ESTAB 0 0 10.0.0.1:80 10.0.0.2:5432\nCLOSE-WAIT 1 0 10.0.0.1:81 10.0.0.3:5432\nESTAB 0 0 a b\n",
            "ps": "PID RSS ARGS\n1 10 sh -c x\n7 2048 sleep 5\n",
        }) else {
            unreachable!()
        };
        let expr = Expr::compile(source).map_err(|error| error.message)?;
        expr.value(&Scope::of(&names))
            .map_err(|error| error.message)
    }

    #[test]
    fn lines_become_rows_and_the_last_column_takes_the_rest() {
        assert_eq!(
            value("ps.table(#{into: #{rss: \"int\"}})").unwrap(),
            json!([{"pid": "1", "rss": 10, "args": "sh -c x"}, {"pid": "7", "rss": 2048, "args": "sleep 5"}])
        );
        let by = "ss.table(#{columns: [\"state\", \"rq\", \"sq\", \"local\", \"peer\"]}).count_by(\"state\")";
        assert_eq!(value(by).unwrap(), json!({"CLOSE-WAIT": 1, "ESTAB": 2}));
        let sum = "ps.table(#{into: #{rss: \"int\"}}).sum_by(\"rss\")";
        assert_eq!(value(sum).unwrap(), json!(2058));
    }

    #[test]
    fn what_is_not_there_or_no_number_is_an_error() {
        for (source, part) in [
            ("ps.table().sum_by(\"rss\")", "no number"),
            ("ps.table().count_by(\"rs\")", "no `rs`"),
            ("ps.table(#{into: #{args: \"int\"}})", "no number"),
            ("ps.table(#{colums: []})", "knows no `colums`"),
            ("ps.parse_json()", "not JSON"),
        ] {
            let error = value(source).unwrap_err();
            assert!(error.contains(part), "{source}: {error}");
        }
    }
}
