//! Texts as scalars of YAML, and as templates that come to exactly them.

/// The text as a scalar, in the plainest style that reads back as this text.
pub(super) fn quoted(text: &str) -> String {
    if is_plain(text) {
        return text.to_owned();
    }
    let printable = |c: char| c == ' ' || !(c.is_control() || c.is_whitespace() || c == '\u{feff}');
    if text.chars().all(printable) {
        return format!("'{}'", text.replace('\'', "''"));
    }
    let mut scalar = String::from('"');
    for c in text.chars() {
        match c {
            '"' => scalar.push_str("\\\""),
            '\\' => scalar.push_str("\\\\"),
            c if printable(c) => scalar.push(c),
            c => scalar.push_str(&format!("\\U{:08X}", u32::from(c))),
        }
    }
    scalar.push('"');
    scalar
}

/// True for a text that needs no quotes in a flow list, and that YAML reads as text.
fn is_plain(text: &str) -> bool {
    let body = text
        .strip_prefix("--")
        .or(text.strip_prefix('-'))
        .unwrap_or(text);
    let starts = body.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    let word = matches!(
        text.to_ascii_lowercase().as_str(),
        "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n"
    );
    starts
        && !word
        && body
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "/_.-=+".contains(c))
}

/// The text as a template that comes to exactly this text.
pub(super) fn literal(text: &str) -> String {
    text.replace("{{", "{{ \"{{\" }}")
}

/// The same, as a scalar.
pub(super) fn template(text: &str) -> String {
    quoted(&literal(text))
}

/// At most `most` characters of the text, without line breaks and control characters.
pub(super) fn one_line(text: &str, most: usize) -> String {
    let mut line: String = text
        .chars()
        .map(|c| {
            if c.is_control() || c.is_whitespace() {
                ' '
            } else {
                c
            }
        })
        .take(most)
        .collect();
    if text.chars().nth(most).is_some() {
        line.push('…');
    }
    line
}
