//! The reference of the language, Markdown: made of the tables by which documents are read.

use std::fmt::Write;

use super::keys::{self, Cases, Choice, Key, Rule, Takes};
use super::names::{STEP_MEMBERS, TARGET_MEMBERS};
use crate::script::FUNCTIONS;
use crate::step::{About, COMMON, Fact, Field, KINDS, Shape};

/// Everything that may stand in a runbook.
pub fn reference() -> String {
    let mut text = String::from(
        "# The language of runbooks\n\n\
         Made by `housecall docs --kinds`, of the tables by which runbooks are read; `housecall schema` gives the same to an editor.\n",
    );
    let mut told = Vec::new();
    section(&mut text, &mut told, 2, "A runbook", keys::RUNBOOK);
    section(&mut text, &mut told, 2, "A step", keys::STEP);
    section(
        &mut text,
        &mut told,
        3,
        "A step that includes another runbook",
        keys::INCLUDE,
    );
    text.push_str(
        "\n## Kinds\n\nBeside the keys above, a step has exactly one that says what is asked: the word of a kind. Every kind yields \
         these facts, and its own:\n",
    );
    facts(&mut text, COMMON);
    for kind in KINDS {
        about(&mut text, kind.about);
    }
    expressions(&mut text);
    text
}

// Writing to a String cannot fail, here and below.

fn section(
    text: &mut String,
    told: &mut Vec<String>,
    depth: usize,
    title: &str,
    keys: &'static [Key],
) {
    let _ = write!(text, "\n{} {title}\n\n{HEAD}", "#".repeat(depth));
    rows(text, keys);
    below(text, told, keys);
}

/// The maps that stand in the values of these keys.
fn below(text: &mut String, told: &mut Vec<String>, keys: &'static [Key]) {
    for key in keys {
        let title = format!("`{}`", key.name);
        // `output` stands in two maps, and is told once.
        if told.contains(&title) {
            continue;
        }
        for (at, inner) in inner(key.takes).into_iter().enumerate() {
            told.push(title.clone());
            // A capture takes groups, or by name.
            let title = match at {
                0 => title.clone(),
                _ => format!("{title}, by name"),
            };
            match inner {
                Inner::Map(keys) => section(text, told, 3, &title, keys),
                Inner::Choice(choice) => {
                    section(text, told, 3, &title, choice.keys);
                    let many = match choice.rule {
                        Rule::One => "Exactly one",
                        Rule::Some => "At least one",
                    };
                    let _ = writeln!(text, "\n{many} of {} is given.", one_of(choice.of));
                }
                Inner::Cases(cases) => each_case(text, told, &title, cases),
            }
        }
    }
}

const HEAD: &str = "| key | takes | unless given | |\n|---|---|---|---|\n";

fn rows(text: &mut String, keys: &[Key]) {
    for key in keys {
        row(
            text,
            key.name,
            &takes(key.takes),
            key.required,
            key.default,
            key.about,
        );
    }
}

fn row(
    text: &mut String,
    name: &str,
    takes: &str,
    required: bool,
    default: Option<&str>,
    about: &str,
) {
    let default = match default {
        _ if required => "must be given".to_owned(),
        Some(default) => format!("`{default}`"),
        None => String::new(),
    };
    let _ = writeln!(
        text,
        "| `{name}` | {} | {default} | {} |",
        cell(takes),
        cell(about)
    );
}

fn each_case(text: &mut String, told: &mut Vec<String>, title: &str, cases: &'static Cases) {
    let _ = write!(text, "\n### {title}\n\nEach of them:\n\n{HEAD}");
    rows(text, cases.common);
    let _ = write!(
        text,
        "\nBeside these, by `{}`:\n\n| | key | takes | |\n|---|---|---|---|\n",
        cases.tag
    );
    for (word, own) in cases.own {
        for key in *own {
            let must = if key.required { " (must be given)" } else { "" };
            let takes = cell(&takes(key.takes));
            let _ = writeln!(
                text,
                "| `{word}` | `{}` | {takes} | {}{must} |",
                key.name,
                cell(key.about)
            );
        }
    }
    below(text, told, cases.common);
}

enum Inner {
    Map(&'static [Key]),
    Choice(&'static Choice),
    Cases(&'static Cases),
}

/// The maps that stand in a value, at whatever depth; those of a list once.
fn inner(takes: Takes) -> Vec<Inner> {
    match takes {
        Takes::Map(keys) => vec![Inner::Map(keys)],
        Takes::Choice(choice) => vec![Inner::Choice(choice)],
        Takes::Cases(cases) => vec![Inner::Cases(cases)],
        Takes::List(of)
        | Takes::Any(of)
        | Takes::Named(of)
        | Takes::NamedSome(of)
        | Takes::Pairs(of)
        | Takes::PairsSome(of) => inner(*of),
        Takes::Either(all) => {
            let plain = |takes: &&Takes| !matches!(takes, Takes::List(_));
            all.iter().filter(plain).copied().flat_map(inner).collect()
        }
        _ => Vec::new(),
    }
}

fn takes(takes: Takes) -> String {
    match takes {
        Takes::Shape(shape) => shape_in_words(shape),
        Takes::Version => "`1`".into(),
        Takes::Plain | Takes::Filled => "text".into(),
        Takes::Id => "words such as `web-smoke`".into(),
        Takes::Name => "an identifier".into(),
        Takes::Scalar => "text, a number or a boolean".into(),
        Takes::Value => "a value".into(),
        Takes::Whole => "a whole number".into(),
        Takes::Count(least, i64::MAX) => format!("a whole number from {least}"),
        Takes::Count(least, most) => format!("a whole number from {least} to {most}"),
        Takes::Number => "a number".into(),
        Takes::Range(least, most) => format!("a number from {least} to {most}"),
        Takes::Percent => "a number above 0, up to 100".into(),
        Takes::Day => "a day, such as `2026-12-31`".into(),
        Takes::AlertLabel => "`labels.NAME` or `annotations.NAME`".into(),
        Takes::Anything => "any value".into(),
        Takes::Word(words) => one_of(&words()),
        Takes::Expr => "an expression".into(),
        Takes::Map(_) | Takes::Cases(_) | Takes::Choice(_) => "a map, see below".into(),
        Takes::Step => "a step".into(),
        Takes::Named(of) | Takes::NamedSome(of) | Takes::Pairs(of) | Takes::PairsSome(of) => {
            format!("a map of names, each with {}", self::takes(*of))
        }
        Takes::List(of) | Takes::Any(of) => format!("a list, each item {}", self::takes(*of)),
        Takes::Either(all) => {
            let all: Vec<_> = all.iter().copied().map(self::takes).collect();
            all.join("; or ")
        }
    }
}

fn shape_in_words(shape: Shape) -> String {
    match shape {
        Shape::Text => "text with `{{ }}`".into(),
        Shape::Int(least, i64::MAX) => format!("a whole number from {least}"),
        Shape::Int(least, most) => format!("a whole number from {least} to {most}"),
        Shape::Word(words) => one_of(words),
        Shape::Bool => "`true` or `false`".into(),
        Shape::Duration => "a duration, such as `1m30s`".into(),
        Shape::Size(most) => format!(
            "a size, such as `64KiB`, at most {}MiB",
            most / (1024 * 1024)
        ),
        Shape::Regex => "a regular expression".into(),
        Shape::Pattern => "text to find, or `{regex: …}`".into(),
        Shape::Script => "a script, without `{{ }}`".into(),
        Shape::Texts => "a list of texts with `{{ }}`".into(),
        Shape::Pairs => "a map of texts with `{{ }}`".into(),
        Shape::Record(_) => "a map".into(),
        Shape::Records(_) => "a list of maps".into(),
    }
}

fn one_of(words: &[&str]) -> String {
    let words: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    words.join(", ")
}

fn about(text: &mut String, about: &About) {
    let _ = write!(
        text,
        "\n### `{}`\n\n{}.\n",
        about.word,
        capital(about.purpose)
    );
    if !about.ways.is_empty() {
        let _ = writeln!(
            text,
            "\nIts ways, in the order in which they are tried: {}.",
            about.ways.join("; ")
        );
    }
    let _ = write!(text, "\n```yaml\n{}\n```\n", about.example.trim_end());
    let short = about.short.and_then(|short| about.field(short));
    match short {
        Some(short) if about.only_short(short) => {
            let _ = writeln!(
                text,
                "\nIt takes {}: {}.",
                shape_in_words(short.shape),
                short.about
            );
        }
        _ => {
            if !about.fields.is_empty() {
                let _ = write!(text, "\n{HEAD}");
                fields(text, "", about.fields);
            }
            if let Some(short) = short {
                let _ = writeln!(
                    text,
                    "\nIts short form is the value of `{}` alone.",
                    short.name
                );
            }
        }
    }
    if !about.facts.is_empty() {
        facts(text, about.facts);
    }
}

/// Rows of a kind's keys, and of the keys inside them under `outer.inner`.
fn fields(text: &mut String, outer: &str, all: &[Field]) {
    for field in all {
        let name = format!("{outer}{}", field.name);
        let mut takes = shape_in_words(field.shape);
        if field.secret {
            takes.push_str("; a secret may stand in it");
        }
        row(
            text,
            &name,
            &takes,
            field.required,
            field.default,
            field.about,
        );
        match field.shape {
            Shape::Record(inner) => fields(text, &format!("{name}."), inner),
            Shape::Records(inner) => fields(text, &format!("{name}[]."), inner),
            _ => {}
        }
    }
}

fn facts(text: &mut String, facts: &[Fact]) {
    text.push_str("\n| fact | type | |\n|---|---|---|\n");
    for fact in facts {
        let _ = writeln!(
            text,
            "| `{}` | {} | {} |",
            fact.name,
            cell(fact.shape),
            cell(fact.about)
        );
    }
}

fn expressions(text: &mut String) {
    let _ = write!(
        text,
        "\n## Expressions\n\n\
         `when`, `expect` and everything between `{{{{` and `}}}}` is an expression of [Rhai](https://rhai.rs): `code == 200 && secs < 0.5`, \
         `!text.contains(\"x\")`, `rows.filter(|row| row.state == \"Z\").len()`. A name that is not known, a property that is not there \
         and a comparison of unlike types are errors, and never true or false. Durations are seconds.\n\n\
         What an expression sees:\n\n\
         - the params, by name\n\
         - `target`, with {}; `target_pid`; `target_root`\n\
         - every earlier step by its id, with its facts and captures, and {}\n\
         - in `expect` and what is told there: the facts and captures of the step itself; one of its kind that has the name of a \
           param or an earlier step hides it there, and to use such a name there is an error\n",
        one_of(&TARGET_MEMBERS),
        one_of(&STEP_MEMBERS),
    );
    text.push_str("\n### Functions\n\n| function | gives | for example |\n|---|---|---|\n");
    for function in FUNCTIONS {
        let _ = writeln!(
            text,
            "| `{}` | {} | {} is `{}` |",
            function.name,
            cell(function.about),
            code(&cell(function.example)),
            function.gives
        );
    }
}

/// A code span of a text that may hold back-ticks itself.
fn code(text: &str) -> String {
    if text.contains('`') {
        format!("`` {text} ``")
    } else {
        format!("`{text}`")
    }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}
