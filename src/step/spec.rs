//! What an author gave a kind: the values of its keys, read and checked against the kind's table, before the kind makes sense of them.

use std::time::Duration;

use super::about::{About, Field, Shape};
use crate::pattern::Pattern;
use crate::script::{Scope, Template, TemplateError};

/// The values given, in the order of the document.
#[derive(Clone, Debug, Default)]
pub struct Spec {
    given: Vec<(&'static str, Given)>,
}

/// One value.
#[derive(Clone, Debug)]
pub enum Given {
    /// Of [`Shape::Text`], [`Shape::Int`] and [`Shape::Word`].
    Text(Template),
    /// Of [`Shape::Bool`].
    Bool(bool),
    /// Of [`Shape::Duration`].
    Duration(Duration),
    /// Of [`Shape::Size`], bytes.
    Size(u64),
    /// Of [`Shape::Regex`], and of a [`Shape::Pattern`] that is one.
    Regex(Pattern),
    /// Of [`Shape::Script`].
    Script(String),
    /// Of [`Shape::Texts`].
    Texts(Vec<Template>),
    /// Of [`Shape::Pairs`].
    Pairs(Vec<(String, Template)>),
    /// Of [`Shape::Record`].
    Record(Spec),
    /// Of [`Shape::Records`].
    Records(Vec<Spec>),
}

/// Why the values cannot stand together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit {
    /// The key it is about; `None` for the step as a whole.
    pub field: Option<&'static str>,
    /// What is wrong.
    pub headline: String,
    /// What to write.
    pub fix: String,
}

impl Unfit {
    /// About one key, or about the whole.
    pub fn new(
        field: impl Into<Option<&'static str>>,
        headline: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self {
            field: field.into(),
            headline: headline.into(),
            fix: fix.into(),
        }
    }
}

impl Spec {
    /// Every key that was given with its value, in the order of the kind's table.
    pub fn entries(&self) -> impl Iterator<Item = (&'static str, &Given)> {
        self.given.iter().map(|(key, given)| (*key, given))
    }

    /// Adds a value; the caller has held it against the table.
    pub fn give(&mut self, name: &'static str, value: Given) {
        self.given.push((name, value));
    }

    /// Whether anything was given under a key.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The value under a key.
    pub fn get(&self, name: &str) -> Option<&Given> {
        self.given
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    /// A text, a number or a word, not rendered yet.
    pub fn text(&self, name: &str) -> Option<&Template> {
        match self.get(name)? {
            Given::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A text, rendered.
    pub fn render(&self, name: &str, scope: &Scope<'_>) -> Result<Option<String>, TemplateError> {
        self.text(name).map(|text| text.render(scope)).transpose()
    }

    /// A whole number, rendered and held against its bounds in `fields`.
    pub fn int(
        &self,
        fields: &[Field],
        name: &str,
        scope: &Scope<'_>,
    ) -> Result<Option<i64>, TemplateError> {
        let Some(text) = self.render(name, scope)? else {
            return Ok(None);
        };
        let (least, most) = match fields.iter().find(|field| field.name == name) {
            Some(Field {
                shape: Shape::Int(least, most),
                ..
            }) => (*least, *most),
            _ => (i64::MIN, i64::MAX),
        };
        match text.trim().parse() {
            Ok(number) if (least..=most).contains(&number) => Ok(Some(number)),
            _ => Err(TemplateError {
                message: format!(
                    "`{name}` comes to {text:?}, which is no whole number from {least} to {most}"
                ),
                offset: None,
            }),
        }
    }

    /// A word, rendered and held against its list in `fields`.
    pub fn word(
        &self,
        fields: &[Field],
        name: &str,
        scope: &Scope<'_>,
    ) -> Result<Option<String>, TemplateError> {
        let Some(text) = self.render(name, scope)? else {
            return Ok(None);
        };
        match fields.iter().find(|field| field.name == name) {
            Some(Field {
                shape: Shape::Word(words),
                ..
            }) if !words.contains(&text.as_str()) => Err(TemplateError {
                message: format!(
                    "`{name}` comes to {text:?}, which is none of {}",
                    words.join(", ")
                ),
                offset: None,
            }),
            _ => Ok(Some(text)),
        }
    }

    /// A boolean; false where it was not given.
    pub fn flag(&self, name: &str) -> bool {
        matches!(self.get(name), Some(Given::Bool(true)))
    }

    /// A duration.
    pub fn duration(&self, name: &str) -> Option<Duration> {
        match self.get(name)? {
            Given::Duration(duration) => Some(*duration),
            _ => None,
        }
    }

    /// A size in bytes.
    pub fn size(&self, name: &str) -> Option<u64> {
        match self.get(name)? {
            Given::Size(size) => Some(*size),
            _ => None,
        }
    }

    /// A script.
    pub fn script(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            Given::Script(script) => Some(script),
            _ => None,
        }
    }

    /// A list of texts; empty where none was given.
    pub fn texts(&self, name: &str) -> &[Template] {
        match self.get(name) {
            Some(Given::Texts(texts)) => texts,
            _ => &[],
        }
    }

    /// Names with texts; empty where none were given.
    pub fn pairs(&self, name: &str) -> &[(String, Template)] {
        match self.get(name) {
            Some(Given::Pairs(pairs)) => pairs,
            _ => &[],
        }
    }

    /// A map of keys.
    pub fn record(&self, name: &str) -> Option<&Spec> {
        match self.get(name)? {
            Given::Record(record) => Some(record),
            _ => None,
        }
    }

    /// A list of maps; empty where none was given.
    pub fn records(&self, name: &str) -> &[Spec] {
        match self.get(name) {
            Some(Given::Records(records)) => records,
            _ => &[],
        }
    }

    /// Every template in it, however deep.
    pub fn templates(&self) -> Vec<&Template> {
        self.given
            .iter()
            .flat_map(|(_, value)| match value {
                Given::Text(text) => vec![text],
                Given::Texts(texts) => texts.iter().collect(),
                Given::Pairs(pairs) => pairs.iter().map(|(_, text)| text).collect(),
                Given::Record(record) => record.templates(),
                Given::Records(records) => records.iter().flat_map(Spec::templates).collect(),
                Given::Bool(_)
                | Given::Duration(_)
                | Given::Size(_)
                | Given::Regex(_)
                | Given::Script(_) => Vec::new(),
            })
            .collect()
    }
}

impl About {
    /// True where the short form of this key is all there is: a map, too, is then the key's value and no map of keys.
    pub fn only_short(&self, short: &Field) -> bool {
        matches!(
            short.shape,
            Shape::Pairs | Shape::Record(_) | Shape::Pattern
        )
    }

    /// False for a kind that is answered without a debug container: by the API alone, or by time.
    pub fn needs_container(&self) -> bool {
        !super::OUTSIDE.contains(&self.word)
    }

    /// The key with this name.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}
