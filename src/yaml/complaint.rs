//! Why a text is not YAML that is accepted here, where, and what to do.

use serde_saphyr::{Error, Location};

use super::Span;

/// Why a text is not YAML that is accepted here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{headline}")]
pub struct YamlError {
    /// Where.
    pub span: Span,
    /// What is wrong, lower case.
    pub headline: String,
    /// What to do.
    pub fix: Option<String>,
}

pub(super) fn complaint(source: &str, error: &Error) -> YamlError {
    let span = error.location().map_or_else(Span::default, |location| {
        let known = span_of(source, location);
        if known == Span::default() {
            place_of(source, location)
        } else {
            known
        }
    });
    let said = error.to_string();
    let said = said.split(" at line ").next().unwrap_or_default();
    let line = source[..span.start].rfind('\n').map_or(0, |at| at + 1);
    let line = source[line..].lines().next().unwrap_or_default();
    let (headline, fix) = match error {
        Error::MultipleDocuments { .. } => (
            "a second document begins here",
            "keep one document in a file: take the `---` away",
        ),
        Error::MergeKeyNotAllowed { .. } => (
            "merge keys (`<<`) are not read",
            "write the keys out where they belong",
        ),
        Error::UnknownAnchor { .. } => (
            "this alias names no anchor",
            "put quotes around a value that begins with `*`",
        ),
        Error::NonFiniteFloat { .. } => {
            ("this is no number", "write it in quotes if text is meant")
        }
        _ if line.contains("{{") && !said.contains("tabs") => (
            "`{{` begins a map in YAML",
            "put quotes around a value with `{{ }}` in it, such as '{{port}}'",
        ),
        _ => return other_complaint(span, said),
    };
    YamlError {
        span,
        headline: headline.into(),
        fix: Some(fix.into()),
    }
}

fn other_complaint(span: Span, said: &str) -> YamlError {
    let known = [
        (
            "tabs disallowed",
            "a tab stands where YAML takes only spaces",
            "indent with spaces",
        ),
        (
            "mapping values are not allowed",
            "a `key: value` cannot begin here",
            "put quotes around a value that holds `: `, and line keys up with their neighbours",
        ),
        (
            "alias",
            "aliases make this text too large",
            "write the values out",
        ),
        (
            "expected string scalar",
            "a list or a map cannot be a key",
            "put quotes around it if text is meant",
        ),
        (
            "unexpected character",
            "a value without quotes cannot begin with this character",
            "put quotes around the value",
        ),
        ("unclosed quote", "this quote is never closed", "close it"),
        (
            "unclosed bracket",
            "a `[` or `{` is never closed",
            "close it",
        ),
        (
            "BOM",
            "a byte order mark stands inside the text",
            "take it out",
        ),
        (
            "depth",
            "lists and maps stand too deep in each other",
            "flatten them",
        ),
        (
            "budget",
            "this text is too large or too deep to be read",
            "make it smaller",
        ),
        (
            "recursive references",
            "this alias stands inside its own anchor",
            "write the value out",
        ),
    ];
    let (headline, fix) = known
        .iter()
        .find(|(part, ..)| said.contains(part))
        .map_or_else(
            || (format!("this is not YAML: {said}"), None),
            |(_, headline, fix)| ((*headline).to_owned(), Some((*fix).to_owned())),
        );
    YamlError {
        span,
        headline,
        fix,
    }
}

/// The one character at a line and column; errors of syntax carry no more.
fn place_of(source: &str, location: Location) -> Span {
    let (line, column) = (location.line(), location.column());
    let start: usize = source
        .split_inclusive('\n')
        .take(usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX))
        .map(str::len)
        .sum();
    let within = source[start..]
        .char_indices()
        .nth(usize::try_from(column.saturating_sub(1)).unwrap_or(usize::MAX));
    match within {
        Some((at, c)) if c != '\n' => Span {
            start: start + at,
            end: start + at + c.len_utf8(),
        },
        Some((at, _)) => Span {
            start: start + at,
            end: start + at,
        },
        None => Span {
            start: source.len(),
            end: source.len(),
        },
    }
}

pub(super) fn span_of(source: &str, location: Location) -> Span {
    let at = location.span();
    let start = at
        .byte_offset()
        .and_then(|start| usize::try_from(start).ok())
        .unwrap_or_default()
        .min(source.len());
    let length = at
        .byte_len()
        .and_then(|length| usize::try_from(length).ok())
        .unwrap_or_default();
    let end = start.saturating_add(length).min(source.len());
    let trimmed = source
        .get(start..end)
        .map_or(0, |text| text.trim_end().len());
    Span {
        start,
        end: start + trimmed,
    }
}
