//! Reading what a step asks, by the table of its kind.

use super::names::Language;
use super::pattern::pattern;
use super::reader::{Fields, Reader};
use crate::step::{Field, Given, KINDS, Kind, Registered, Shape, Spec};
use crate::yaml::{Node, Scalar, Yaml};

/// The words of all kinds.
pub(super) fn words() -> Vec<&'static str> {
    KINDS.iter().map(|kind| kind.about.word).collect()
}

/// Reads the value of a kind's key. `params` are the params that a script sees.
pub(super) fn kind(
    reader: &mut Reader<'_>,
    language: &mut Language<'_>,
    word: &str,
    node: &Node,
    params: &[String],
) -> Option<Kind> {
    let kind = Kind::registered(word)?;
    let mut scribe = Scribe {
        reader,
        language,
        params,
        word,
    };
    let (spec, fields) = scribe.spec(kind, node)?;
    match Kind::build(kind, spec, params) {
        Ok(kind) => Some(kind),
        Err(unfit) => {
            let span = unfit
                .field
                .and_then(|field| match fields {
                    Some(fields) => fields.get(field),
                    None => Some(node),
                })
                .map_or(node.span, |node| node.span);
            reader.error(span, unfit.headline, unfit.fix);
            None
        }
    }
}

struct Scribe<'r, 's, 'l> {
    reader: &'r mut Reader<'s>,
    language: &'r mut Language<'l>,
    params: &'r [String],
    word: &'r str,
}

impl Scribe<'_, '_, '_> {
    fn spec<'n>(
        &mut self,
        kind: &'static Registered,
        node: &'n Node,
    ) -> Option<(Spec, Option<Fields<'n>>)> {
        let about = kind.about;
        let short = about.short.and_then(|name| about.field(name));
        let alone = match (&node.value, short) {
            (Yaml::Map(_), Some(field)) => about.only_short(field),
            (Yaml::Map(_), None) => false,
            (Yaml::Null, None) if !about.fields.iter().any(|field| field.required) => {
                // `processes:` with nothing to say about it.
                return Some((Spec::default(), None));
            }
            _ => true,
        };
        let what = format!("`{}`", about.word);
        match short {
            Some(field) if alone => {
                let given = self.given(field, node, &what)?;
                let mut spec = Spec::default();
                spec.give(field.name, given);
                Some((spec, None))
            }
            _ => {
                let (spec, fields) = self.record(about.fields, node, &what)?;
                Some((spec, Some(fields)))
            }
        }
    }

    fn record<'n>(
        &mut self,
        table: &'static [Field],
        node: &'n Node,
        what: &str,
    ) -> Option<(Spec, Fields<'n>)> {
        let known: Vec<_> = table.iter().map(|field| field.name).collect();
        let fields = self.reader.fields(node, what, &known, &[])?;
        let mut spec = Spec::default();
        let mut whole = true;
        for field in table {
            match fields.get(field.name) {
                Some(node) => match self.given(field, node, &format!("`{}`", field.name)) {
                    Some(given) => spec.give(field.name, given),
                    None => whole = false,
                },
                None if field.required => {
                    self.reader.error(
                        fields.span,
                        format!("{what} has no `{}`", field.name),
                        format!("`{}`: {}", field.name, field.about),
                    );
                    whole = false;
                }
                None => {}
            }
        }
        whole.then_some((spec, fields))
    }

    fn given(&mut self, field: &'static Field, node: &Node, what: &str) -> Option<Given> {
        match field.shape {
            Shape::Text => self.text(field, node, what),
            Shape::Int(least, most) => self.int(field, node, what, least, most),
            Shape::Word(words) => self.one_of(field, node, what, words),
            Shape::Bool => self.reader.boolean(node, what).map(Given::Bool),
            Shape::Duration => self.reader.duration(node, what).map(Given::Duration),
            Shape::Size(most) => self.reader.size(node, what, most).map(Given::Size),
            Shape::Regex => pattern(self.reader, node).map(Given::Regex),
            Shape::Pattern => match &node.value {
                Yaml::Map(_) => {
                    let fields = self.reader.fields(node, what, &["regex"], &[])?;
                    let Some(node) = fields.get("regex") else {
                        self.reader.error(
                            fields.span,
                            format!("{what} has no `regex`"),
                            "write text to find, or `{regex: '…'}`",
                        );
                        return None;
                    };
                    pattern(self.reader, node).map(Given::Regex)
                }
                _ => self.text(field, node, what),
            },
            Shape::Script => self.script(node, what),
            Shape::Texts => self.texts(field, node, what),
            Shape::Pairs => self.pairs(field, node, what),
            Shape::Record(table) => self
                .record(table, node, what)
                .map(|(spec, _)| Given::Record(spec)),
            Shape::Records(table) => {
                let items = self.reader.list(node, what)?;
                let records: Vec<_> = items
                    .iter()
                    .filter_map(|item| self.record(table, item, &format!("an item of {what}")))
                    .map(|(spec, _)| spec)
                    .collect();
                (records.len() == items.len()).then_some(Given::Records(records))
            }
        }
    }

    fn text(&mut self, field: &Field, node: &Node, what: &str) -> Option<Given> {
        self.template(field, node, what).map(Given::Text)
    }

    fn template(
        &mut self,
        field: &Field,
        node: &Node,
        what: &str,
    ) -> Option<crate::script::Template> {
        let template = self.language.template(self.reader, node, what)?;
        self.language
            .no_secret(self.reader, node, &template, field.secret, what)?;
        Some(template)
    }

    fn int(
        &mut self,
        field: &Field,
        node: &Node,
        what: &str,
        least: i64,
        most: i64,
    ) -> Option<Given> {
        let written = match &node.value {
            Yaml::Scalar(Scalar::Int(number), _) => (least..=most).contains(number),
            Yaml::Text(text) => text.contains("{{") && !self.reader.is_literal(),
            _ => false,
        };
        if !written {
            self.reader.error(
                node.span,
                format!(
                    "{what} is {}, not a whole number from {least} to {most}",
                    node.value.described()
                ),
                format!("write a number from {least} to {most}"),
            );
            return None;
        }
        self.text(field, node, what)
    }

    fn one_of(
        &mut self,
        field: &Field,
        node: &Node,
        what: &str,
        words: &'static [&'static str],
    ) -> Option<Given> {
        let word = self.reader.word(node, what)?;
        let template = word.contains("{{") && !self.reader.is_literal();
        if !template && !words.contains(&word) {
            let near = super::reader::near(word, words.iter().copied());
            self.reader.error(
                node.span,
                match near {
                    Some(near) => format!("{what} is `{word}`; did you mean `{near}`?"),
                    None => format!("{what} is `{word}`, which it cannot be"),
                },
                format!("write one of {}", words.join(", ")),
            );
            return None;
        }
        self.text(field, node, what)
    }

    fn texts(&mut self, field: &Field, node: &Node, what: &str) -> Option<Given> {
        if let Yaml::Text(text) = &node.value {
            let first = text.split_whitespace().next().unwrap_or("word");
            let scripted = if self.word == "run" {
                "; for a shell script write `sh:`"
            } else {
                ""
            };
            self.reader.error(
                node.span,
                format!("{what} is text, not a list of words"),
                format!(
                    "write `{}: [{first}, …]`, one item for each word{scripted}",
                    what.trim_matches('`')
                ),
            );
            return None;
        }
        let items = self.reader.list(node, what)?;
        let texts: Vec<_> = items
            .iter()
            .filter_map(|item| self.template(field, item, &format!("a word of {what}")))
            .collect();
        (texts.len() == items.len()).then_some(Given::Texts(texts))
    }

    fn pairs(&mut self, field: &Field, node: &Node, what: &str) -> Option<Given> {
        let entries = self.reader.map(node, what)?;
        let pairs: Vec<_> = entries
            .iter()
            .filter_map(|(key, node)| {
                self.template(field, node, &format!("`{}` of {what}", key.text))
                    .map(|text| (key.text.clone(), text))
            })
            .collect();
        (pairs.len() == entries.len()).then_some(Given::Pairs(pairs))
    }

    fn script(&mut self, node: &Node, what: &str) -> Option<Given> {
        let script = self.reader.text(node, what)?;
        if let Some(marks) = self.reader.marks() {
            let Some((name, _)) = marks.iter().find(|(_, mark)| script.contains(mark)) else {
                return Some(Given::Script(script.to_owned()));
            };
            self.reader.error(
                node.span,
                format!("the secret `{name}` cannot stand in a script: it would be seen in the process list"),
                "a secret may stand in `stdin`, in the `headers` and `body` of `http`, and in what `talk` sends",
            );
            return None;
        }
        if let Some(offset) = script.find("{{") {
            let inside = script[offset + 2..]
                .split("}}")
                .next()
                .unwrap_or_default()
                .trim();
            let name: String = inside
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                .collect();
            let name = if name.is_empty() { "name".into() } else { name };
            let span = self.reader.inside(node, script, offset, inside.len() + 4);
            self.reader.error(
                span,
                "`{{ }}` cannot stand in `sh`: a value written into a script would be read as script",
                format!("params are in the script's environment: write \"${name}\""),
            );
            return None;
        }
        if let Some(name) = self
            .language
            .secrets
            .iter()
            .find(|name| is_read(script, name))
        {
            let offset = script.find(&format!("${name}"));
            let offset = offset.or_else(|| script.find(&format!("${{{name}")));
            let span = self
                .reader
                .inside(node, script, offset.unwrap_or(0), name.len() + 1);
            self.reader.error(
                span,
                format!("the secret `{name}` is not in the environment of `sh`: it would be seen in the process list"),
                format!("give it as `stdin: '{{{{{name}}}}}'`, and take it from there with `read -r {name}`"),
            );
            return None;
        }
        for name in self.params {
            if mentions(script, name) {
                self.language.used.insert(name.clone());
            }
        }
        Some(Given::Script(script.to_owned()))
    }
}

/// Whether a script takes the value of a variable that it never sets itself.
fn is_read(script: &str, name: &str) -> bool {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let taken = |sign: &str| {
        let all = script.match_indices(sign);
        all.map(|(at, sign)| &script[at + sign.len()..])
            .any(|rest| !rest.starts_with(part))
    };
    let set = script.match_indices(name).any(|(at, _)| {
        let (before, after) = (&script[..at], &script[at + name.len()..]);
        let line = before
            .rsplit(['\n', ';', '|', '&'])
            .next()
            .unwrap_or_default();
        let whole = !before.ends_with(part) && !after.starts_with(part);
        let word = |word| line.split_whitespace().any(|one| one == word);
        whole
            && !before.ends_with(['$', '{'])
            && (after.starts_with('=') || word("read") || word("for") || word("getopts"))
    });
    !set && (taken(&format!("${name}")) || taken(&format!("${{{name}")))
}

pub(super) fn mentions(script: &str, name: &str) -> bool {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    script.match_indices(name).any(|(at, _)| {
        !script[..at].ends_with(part) && !script[at + name.len()..].starts_with(part)
    })
}
