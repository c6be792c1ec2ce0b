//! What the language complains about, in the words that messages use.

use rhai::{EvalAltResult, ParseError, ParseErrorType, Position};

use super::words;

/// The byte that a position of the language stands for; it counts characters.
pub(super) fn offset_of(source: &str, position: Position) -> Option<usize> {
    let (line, column) = (position.line()?, position.position()?);
    let start = match line {
        1 => 0,
        _ => source.match_indices('\n').nth(line - 2)?.0 + 1,
    };
    let within = source[start..].char_indices().nth(column.saturating_sub(1));
    Some(within.map_or(source.len(), |(at, _)| start + at))
}

/// What the language says of an error of syntax, in our words.
pub(super) fn of_syntax(error: &ParseError) -> String {
    match error.err_type() {
        ParseErrorType::UnexpectedEOF => "it ends before it is complete".into(),
        other => lowered(&other.to_string()),
    }
}

/// What went wrong in a run, in our words, and where: the innermost call's place, not that of the call that led there.
pub(super) fn of_run(error: &EvalAltResult) -> (String, Position) {
    let (mut inner, mut place) = (error, error.position());
    while let EvalAltResult::ErrorInFunctionCall(_, _, cause, _)
    | EvalAltResult::ErrorInModule(_, cause, _) = inner
    {
        inner = cause;
        if !inner.position().is_none() {
            place = inner.position();
        }
    }
    let message = match inner {
        EvalAltResult::ErrorVariableNotFound(name, _) => format!("`{name}` has no value here"),
        EvalAltResult::ErrorPropertyNotFound(name, _) => format!("there is no `{name}` in it"),
        EvalAltResult::ErrorRuntime(said, _) => said.to_string(),
        EvalAltResult::ErrorFunctionNotFound(call, _) => no_function(call),
        EvalAltResult::ErrorMismatchDataType(wanted, found, _) => format!(
            "{} stands where {} is needed",
            type_word(found),
            type_word(wanted)
        ),
        EvalAltResult::ErrorTooManyOperations(_) => {
            "it takes too long: its share of the evaluator's steps is used up".into()
        }
        EvalAltResult::ErrorDataTooLarge(what, _) => match what.to_lowercase() {
            what if what.contains("string") => "a text grows beyond 16 MiB".into(),
            what if what.contains("array") => "a list grows beyond 100000 items".into(),
            _ => "a map grows beyond 1000000 keys".into(),
        },
        EvalAltResult::ErrorStackOverflow(_) => "it calls itself too deep".into(),
        other => {
            let mut other = other.to_string();
            if let Some(end) = other.rfind(" (line ") {
                other.truncate(end);
            }
            lowered(other.trim())
        }
    };
    (message, place)
}

/// `name (type, type)` in the words that messages use.
fn no_function(call: &str) -> String {
    let (name, types) = call.split_once(' ').unwrap_or((call, ""));
    let types: Vec<_> = types
        .trim_matches(['(', ')'])
        .split(", ")
        .filter(|one| !one.is_empty())
        .map(type_word)
        .collect();
    let mut said = format!("there is no function `{name}`");
    if !types.is_empty() {
        said.push_str(&format!(" for {}", types.join(", ")));
    }
    // A name that exists is called with the wrong types; another name would not help.
    if let Some(meant) = words::meant(name).filter(|meant| *meant != name) {
        said.push_str(&format!("; did you mean `{meant}`?"));
    }
    said
}

fn type_word(name: &str) -> &str {
    match name {
        "i64" => "a whole number",
        "f64" => "a number",
        "bool" => "true or false",
        "()" => "nothing",
        "array" => "a list",
        "map" => "a map",
        "string" | "&str" => "text",
        other if other.contains("String") => "text",
        other => other,
    }
}

/// With a lower case first letter, unless the first word is all capitals.
fn lowered(text: &str) -> String {
    let mut letters = text.chars();
    match (letters.next(), letters.next()) {
        (Some(first), Some(second)) if !second.is_uppercase() => {
            let rest: String = std::iter::once(second).chain(letters).collect();
            format!("{}{rest}", first.to_lowercase())
        }
        _ => text.to_owned(),
    }
}
