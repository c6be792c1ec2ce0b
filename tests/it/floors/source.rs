//! A Rust file as the floor check sees it: without comments and string contents, with every path it names.

/// A path such as `crate::report::Verdict`, whether imported or written in place, and the line it stands on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) segments: Vec<String>,
    pub(super) line: usize,
}

/// The product's half of a file: everything before its `#[cfg(test)] mod … {`.
pub(super) struct Source {
    code: String,
    imported: Vec<Named>,
    written: Vec<Named>,
}

impl Source {
    pub(super) fn read(text: &str) -> Self {
        let code = product(&bare(text));
        let (imported, written) = paths(&words(&code));
        Self {
            code,
            imported,
            written,
        }
    }

    /// Lines that hold code: neither blank nor comment.
    pub(super) fn code_lines(&self) -> usize {
        self.code.lines().filter(|l| !l.trim().is_empty()).count()
    }

    pub(super) fn named(&self) -> impl Iterator<Item = &Named> {
        self.imported.iter().chain(&self.written)
    }

    /// Uses of an external crate, told apart from a module of ours with the same name.
    pub(super) fn uses_of(&self, name: &str) -> impl Iterator<Item = &Named> {
        let ours = self.imported.iter().any(|path| {
            path.segments.len() > 1 && path.segments.last().is_some_and(|last| last == name)
        }) || self.code.contains(&format!("mod {name};"));
        self.named()
            .filter(move |path| path.segments[0] == name && !(ours && path.segments.len() > 1))
    }

    /// Lines that call one of these macros.
    pub(super) fn calls_of(&self, names: &[&str]) -> Vec<usize> {
        let words = words(&self.code);
        words
            .windows(2)
            .filter(|pair| names.contains(&pair[0].0.as_str()) && pair[1].0 == "!")
            .map(|pair| pair[0].1)
            .collect()
    }
}

/// Cuts off the tests, which may know more than the product does.
fn product(code: &str) -> String {
    let mut kept = String::new();
    let mut lines = code.lines().peekable();
    while let Some(line) = lines.next() {
        let tests = |l: &&str| l.trim_start().starts_with("mod ") && l.contains('{');
        if line.trim() == "#[cfg(test)]" && lines.peek().is_some_and(tests) {
            break;
        }
        kept.push_str(line);
        kept.push('\n');
    }
    kept
}

/// The text without comments; the insides of strings and characters become dots. Line ends stay where they were.
fn bare(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let held = literal(rest);
        let taken = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if held > 0 {
            held
        } else {
            0
        };
        if taken == 0 {
            out.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let inside = if held > 0 { '.' } else { ' ' };
        let blank = |c: char| if c == '\n' { c } else { inside };
        out.extend(rest[..taken].chars().map(blank));
        rest = &rest[taken..];
    }
    out
}

fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest.starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// How many bytes of a string or character literal `text` starts with; 0 when it starts with none.
fn literal(text: &str) -> usize {
    let raw = text.trim_start_matches(['b', 'c']);
    if text.len() - raw.len() <= 1
        && let Some(after) = raw.strip_prefix('r')
    {
        let hashes = after.len() - after.trim_start_matches('#').len();
        if after[hashes..].starts_with('"') {
            let end = format!("\"{}", "#".repeat(hashes));
            let body = &after[hashes + 1..];
            let length = body.find(&end).map_or(body.len(), |at| at + end.len());
            return text.len() - body.len() + length;
        }
    }
    let quoted = |mark: char| {
        let mut escaped = false;
        for (at, c) in text.char_indices().skip(1) {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                c if c == mark => return at + 1,
                _ => {}
            }
        }
        text.len()
    };
    let mut chars = text.chars();
    match (chars.next(), chars.next(), chars.next()) {
        (Some('"'), ..) => quoted('"'),
        (Some('\''), Some('\\'), _) => quoted('\''),
        (Some('\''), Some(c), Some('\'')) => 2 + c.len_utf8(),
        _ => 0,
    }
}

/// Identifiers, `::`, and every other sign by itself, each with its line.
fn words(code: &str) -> Vec<(String, usize)> {
    let mut out = Vec::new();
    for (number, line) in code.lines().enumerate() {
        let mut rest = line;
        while let Some(first) = rest.chars().next() {
            let part = |c: char| c.is_alphanumeric() || c == '_';
            let length = if part(first) {
                rest.find(|c| !part(c)).unwrap_or(rest.len())
            } else if rest.starts_with("::") {
                2
            } else {
                first.len_utf8()
            };
            if !first.is_whitespace() {
                out.push((rest[..length].to_owned(), number + 1));
            }
            rest = &rest[length..];
        }
    }
    out
}

/// Paths in `use` trees, flattened, and paths written in place.
fn paths(words: &[(String, usize)]) -> (Vec<Named>, Vec<Named>) {
    let (mut imported, mut written) = (Vec::new(), Vec::new());
    let mut at = 0;
    while at < words.len() {
        let before = at.checked_sub(1).map_or(";", |b| words[b].0.as_str());
        if words[at].0 == "use" && [";", "}", "{", "]", "pub", ")"].contains(&before) {
            at = tree(words, at + 1, &[], &mut imported);
        } else if name(&words[at].0) && words.get(at + 1).is_some_and(|next| next.0 == "::") {
            let line = words[at].1;
            let mut segments = vec![words[at].0.clone()];
            while words.get(at + 1).is_some_and(|next| next.0 == "::")
                && words.get(at + 2).is_some_and(|next| name(&next.0))
            {
                segments.push(words[at + 2].0.clone());
                at += 2;
            }
            written.push(Named { segments, line });
            at += 1;
        } else {
            at += 1;
        }
    }
    (imported, written)
}

fn name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Reads one use tree from `at`; returns where it ends.
fn tree(words: &[(String, usize)], mut at: usize, above: &[String], out: &mut Vec<Named>) -> usize {
    let mut segments = above.to_vec();
    let line = words.get(at).map_or(0, |word| word.1);
    while let Some((word, _)) = words.get(at) {
        match word.as_str() {
            "{" => {
                at += 1;
                while words.get(at).is_some_and(|word| word.0 != "}") {
                    at = tree(words, at, &segments, out);
                    at += usize::from(words.get(at).is_some_and(|word| word.0 == ","));
                }
                return at + 1;
            }
            "," | ";" | "}" => break,
            "as" => {
                out.push(Named { segments, line });
                return at + 2;
            }
            "::" => {}
            _ => segments.push(word.clone()),
        }
        at += 1;
    }
    if !segments.is_empty() {
        out.push(Named { segments, line });
    }
    at
}

#[test]
fn a_file_is_read_without_being_fooled_by_strings_comments_or_lifetimes() {
    let text = r##"
//! crate::engine in a comment /* not open
/* crate::server /* nested */ still crate::server */
use crate::{ask::Ask, report::{self, Verdict as V}};
pub(crate) use kube::Client;
fn a<'a>(x: &'a str) -> char { let _ = r#"crate::cli " "#; let _ = "\" crate::cli"; '"' }
fn b() { crate::plan::go(); println!("{}", 'c'); }
#[cfg(test)]
mod tests { use crate::engine::Engine; }
"##;
    let source = Source::read(text);
    let named: Vec<_> = source
        .named()
        .map(|path| (path.segments.join("::"), path.line))
        .collect();
    let expected = [
        ("crate::ask::Ask", 4),
        ("crate::report::self", 4),
        ("crate::report::Verdict", 4),
        ("kube::Client", 5),
        ("crate::plan::go", 7),
    ]
    .map(|(path, line)| (path.to_owned(), line));
    assert_eq!(named, expected);
    assert_eq!(source.calls_of(&["println"]), [7]);
    assert_eq!(source.code_lines(), 4);
}
