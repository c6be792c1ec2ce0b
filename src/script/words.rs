//! The words of the language: its keywords, which are no names, and the functions that runbooks get beside the standard ones.
//! What each function gives is told in `functions.rs`, and those that make rows of text are in `rows.rs`.

use std::sync::Mutex;

use rhai::{Array, Dynamic, Engine, EvalAltResult, ImmutableString};

use super::bounded::fits;
use super::functions::FUNCTIONS;
use super::value::outward;

type Outcome<T> = Result<T, Box<EvalAltResult>>;

/// Words that cannot name a param, a step, a capture: keywords and reserved words of Rhai 1.27, and the names that
/// expressions see already.
const KEYWORDS: &[&str] = &[
    "Fn",
    "as",
    "async",
    "await",
    "break",
    "call",
    "case",
    "catch",
    "const",
    "continue",
    "curry",
    "debug",
    "default",
    "do",
    "else",
    "eval",
    "exit",
    "export",
    "false",
    "fn",
    "for",
    "global",
    "go",
    "goto",
    "if",
    "import",
    "in",
    "is",
    "is_def_fn",
    "is_def_var",
    "is_shared",
    "let",
    "loop",
    "match",
    "module",
    "new",
    "nil",
    "null",
    "package",
    "print",
    "private",
    "protected",
    "public",
    "return",
    "shared",
    "sleep",
    "spawn",
    "static",
    "super",
    "switch",
    "sync",
    "this",
    "thread",
    "throw",
    "true",
    "try",
    "type_of",
    "unless",
    "until",
    "use",
    "var",
    "void",
    "while",
    "with",
    "yield",
];

/// Every word that cannot name a param, a step or a capture.
pub fn keywords() -> &'static [&'static str] {
    KEYWORDS
}

/// True for a word that the language keeps to itself.
pub fn is_keyword(word: &str) -> bool {
    KEYWORDS.binary_search(&word).is_ok()
}

/// The function that was probably meant by a name that is none.
pub(super) fn meant(name: &str) -> Option<&'static str> {
    nearest(name, FUNCTIONS.iter().map(|function| function.name))
}

/// The known name that is nearest, if it is near enough to have been meant.
pub(super) fn nearest<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    known
        .map(|known| (strsim::damerau_levenshtein(name, known), known))
        .filter(|(distance, known)| *distance <= 2 && *distance < known.len().min(name.len()))
        .min()
        .map(|(_, known)| known)
}

pub(super) fn register(engine: &mut Engine) {
    engine
        .register_fn("is_set", |value: Dynamic| !value.is_unit())
        .register_fn("trim", |text: ImmutableString| text.trim().to_owned())
        .register_fn("matches", matches)
        .register_fn("to_int", to_int)
        .register_fn("to_float", to_float)
        .register_fn("join", join);
}

fn join(items: Array, between: ImmutableString) -> Outcome<String> {
    let items: Vec<_> = items
        .iter()
        .map(|item| match outward(item) {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        })
        .collect();
    let between_all = between.len().saturating_mul(items.len().saturating_sub(1));
    let own: usize = items.iter().map(String::len).sum();
    fits(own.saturating_add(between_all))?;
    Ok(items.join(between.as_str()))
}

fn to_int(text: ImmutableString) -> Outcome<i64> {
    text.trim()
        .parse()
        .map_err(|_| format!("{:?} is no whole number", text.trim()).into())
}

fn to_float(text: ImmutableString) -> Outcome<f64> {
    match text.trim().parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ => Err(format!("{:?} is no number", text.trim()).into()),
    }
}

fn matches(text: ImmutableString, pattern: ImmutableString) -> Outcome<bool> {
    // The same few patterns come again for every row; a closure over 10,000 rows must not compile each time.
    static LAST: Mutex<Vec<(String, regex::Regex)>> = Mutex::new(Vec::new());
    let mut last = LAST
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some((_, regex)) = last.iter().find(|(source, _)| *source == pattern.as_str()) {
        return Ok(regex.is_match(&text));
    }
    let regex = regex::RegexBuilder::new(&pattern)
        .size_limit(1 << 20)
        .build()
        .map_err(|_| format!("{pattern:?} is no regular expression that is supported"))?;
    let found = regex.is_match(&text);
    if last.len() >= 8 {
        last.remove(0);
    }
    last.push((pattern.to_string(), regex));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_sorted_so_that_they_can_be_searched() {
        assert!(KEYWORDS.is_sorted());
        assert!(is_keyword("until") && !is_keyword("port"));
    }
}
