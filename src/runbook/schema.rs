//! JSON Schema of the document, for editors: made of the tables by which the reader reads it.
//!
//! It says all that can be said of one value at its place. What only the reader knows: expressions and templates and the names in
//! them, regular expressions, ids that are given twice, bounds of sizes, and what two keys say of each other.

use serde_json::{Map, Value, json};

use super::keys::{self, Cases, Choice, Key, Rule, Takes};
use super::names::{LONGEST, given_names};
use crate::script::keywords;
use crate::step::{About, Field, KINDS, STDIN, Shape};

/// The dialect.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The schema of a runbook, JSON Schema 2020-12.
///
/// ```
/// assert_eq!(housecall::runbook::schema()["type"], "object");
/// ```
pub fn schema() -> Value {
    let mut schema = map(keys::RUNBOOK);
    let defs: Map<_, _> = KINDS
        .iter()
        .map(|kind| (kind.about.word.to_owned(), kind_of(kind.about)))
        .chain([("step".to_owned(), step()), ("name".to_owned(), name())])
        .collect();
    if let Some(object) = schema.as_object_mut() {
        let mut whole = Map::new();
        whole.insert("$schema".into(), DIALECT.into());
        whole.insert("$id".into(), "urn:housecall:runbook:1".into());
        whole.insert("title".into(), "a runbook of housecall".into());
        whole.append(object);
        whole.insert("$defs".into(), defs.into());
        *object = whole;
    }
    schema
}

fn map(keys: &[Key]) -> Value {
    object(
        keys.iter().map(|key| (key.name, key_of(key))),
        keys.iter().filter(|key| key.required).map(|key| key.name),
    )
}

fn object<'k>(
    properties: impl Iterator<Item = (&'k str, Value)>,
    required: impl Iterator<Item = &'k str>,
) -> Value {
    let properties: Map<_, _> = properties
        .map(|(name, schema)| (name.to_owned(), schema))
        .collect();
    let required: Vec<_> = required.collect();
    let mut schema = json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    if !required.is_empty() {
        schema["required"] = required.into();
    }
    schema
}

fn key_of(key: &Key) -> Value {
    told(value(key.takes), key.about, key.default)
}

/// The same schema with words for the editor.
fn told(mut schema: Value, about: &str, default: Option<&str>) -> Value {
    schema["description"] = about.into();
    if let Some(default) = default {
        // `false` and `443` are meant as they stand, `GET` as text.
        schema["default"] = serde_json::from_str(default).unwrap_or_else(|_| default.into());
    }
    schema
}

fn value(takes: Takes) -> Value {
    match takes {
        Takes::Shape(shape) => shape_of(shape),
        Takes::Version => json!({"const": 1}),
        Takes::Plain => json!({"type": "string"}),
        Takes::Id => json!({
            "type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$", "maxLength": LONGEST,
        }),
        Takes::Name => json!({"$ref": "#/$defs/name"}),
        Takes::Scalar => json!({"type": ["string", "number", "boolean"]}),
        Takes::Value => json!({"type": ["string", "number", "boolean", "null"]}),
        Takes::Whole => json!({"type": "integer"}),
        Takes::Count(least, i64::MAX) => json!({"type": "integer", "minimum": least}),
        Takes::Count(least, most) => {
            json!({"type": "integer", "minimum": least, "maximum": most})
        }
        Takes::Number => json!({"type": "number"}),
        Takes::Range(least, most) => json!({"type": "number", "minimum": least, "maximum": most}),
        Takes::Percent => json!({"type": "number", "exclusiveMinimum": 0, "maximum": 100}),
        Takes::Filled => json!({"type": "string", "minLength": 1}),
        Takes::Day => json!({"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}),
        Takes::AlertLabel => json!({"type": "string", "pattern": r"^(labels|annotations)\.."}),
        Takes::Anything => json!({}),
        Takes::Word(words) => json!({"enum": words()}),
        Takes::Expr => json!({"type": ["string", "number", "boolean"], "pattern": "\\S"}),
        Takes::Map(keys) => map(keys),
        Takes::Choice(choice) => choice_of(choice),
        Takes::Cases(cases) => cases_of(cases),
        Takes::Named(takes) => json!({
            "type": "object", "propertyNames": {"$ref": "#/$defs/name"}, "additionalProperties": value(*takes),
        }),
        Takes::NamedSome(takes) => at_least_one(value(Takes::Named(takes))),
        Takes::PairsSome(takes) => at_least_one(value(Takes::Pairs(takes))),
        Takes::Pairs(takes) => json!({"type": "object", "additionalProperties": value(*takes)}),
        Takes::List(takes) => json!({"type": "array", "items": value(*takes), "minItems": 1}),
        Takes::Any(takes) => json!({"type": "array", "items": value(*takes)}),
        Takes::Either(all) => any_of(all.iter().copied().map(value).collect()),
        Takes::Step => json!({"$ref": "#/$defs/step"}),
    }
}

fn any_of(all: Vec<Value>) -> Value {
    json!({"anyOf": all})
}

/// The same map, and not empty.
fn at_least_one(mut schema: Value) -> Value {
    schema["minProperties"] = 1.into();
    schema
}

fn choice_of(choice: &Choice) -> Value {
    let mut schema = map(choice.keys);
    let each: Vec<_> = choice
        .of
        .iter()
        .map(|name| json!({"required": [name]}))
        .collect();
    let word = match choice.rule {
        Rule::One => "oneOf",
        Rule::Some => "anyOf",
    };
    schema[word] = each.into();
    schema
}

/// Every key stands in `properties`, so that editors offer it; each word then says what its keys take, and refuses the others.
fn cases_of(cases: &Cases) -> Value {
    let mut schema = object(
        cases
            .names()
            .into_iter()
            .map(|name| (name, json!(true)))
            .chain(cases.common.iter().map(|key| (key.name, key_of(key)))),
        cases
            .common
            .iter()
            .filter(|key| key.required)
            .map(|key| key.name),
    );
    let common = keys::names(cases.common);
    let each: Vec<_> = cases
        .own
        .iter()
        .map(|(word, own)| {
            let mut properties: Map<String, Value> = cases
                .names()
                .into_iter()
                .filter(|name| !common.contains(name))
                .map(|name| (name.to_owned(), json!(false)))
                .collect();
            properties.extend(own.iter().map(|key| (key.name.to_owned(), key_of(key))));
            let required: Vec<_> = own
                .iter()
                .filter(|key| key.required)
                .map(|key| key.name)
                .collect();
            json!({
                "if": {"properties": {cases.tag: {"const": word}}, "required": [cases.tag]},
                "then": {"properties": properties, "required": required},
            })
        })
        .collect();
    schema["allOf"] = each.into();
    schema
}

/// Its own keys with those of one kind, or those of an include and no others.
fn step() -> Value {
    let kinds = KINDS.iter().map(|kind| kind.about);
    let mut schema = object(
        keys::STEP
            .iter()
            .chain(keys::INCLUDE)
            .map(|key| (key.name, key_of(key)))
            .chain(kinds.clone().map(|about| {
                let kind = json!({"$ref": format!("#/$defs/{}", about.word)});
                (about.word, told(kind, about.purpose, None))
            })),
        std::iter::empty(),
    );
    let required = |keys: &[Key]| -> Vec<_> {
        let required = keys.iter().filter(|key| key.required);
        required.map(|key| key.name).collect()
    };
    let one_kind: Vec<_> = kinds
        .map(|about| json!({"required": [about.word]}))
        .collect();
    let others: Map<_, _> = keys::names(keys::INCLUDE)
        .into_iter()
        .map(|name| (name.to_owned(), json!(false)))
        .collect();
    schema["if"] = json!({"required": required(keys::INCLUDE)});
    schema["then"] = json!({"propertyNames": {"enum": keys::names(keys::INCLUDE)}});
    schema["else"] = json!({
        "required": required(keys::STEP),
        "oneOf": one_kind,
        "not": {"required": keys::APART},
        "properties": others,
        "dependentSchemas": {"stdin": any_of(STDIN.map(|word| json!({"required": [word]})).to_vec())},
    });
    schema
}

fn name() -> Value {
    let taken: Vec<_> = given_names().chain(keywords().iter().copied()).collect();
    json!({
        "type": "string",
        "pattern": "^[A-Za-z_][A-Za-z0-9_]*$",
        "maxLength": LONGEST,
        "not": {"enum": taken},
    })
}

/// What the word of a kind takes: its short form, its keys, or both.
fn kind_of(about: &About) -> Value {
    let whole = fields(about.fields);
    let schema = match about.short.and_then(|short| about.field(short)) {
        None if about
            .fields
            .iter()
            .any(|field| field.required || field.alone) =>
        {
            whole
        }
        None => any_of(vec![json!({"type": "null"}), whole]),
        Some(short) if about.only_short(short) => field(short),
        Some(short) => any_of(vec![
            json!({"allOf": [{"not": {"type": "object"}}, field(short)]}),
            whole,
        ]),
    };
    let mut schema = told(schema, about.purpose, None);
    schema["examples"] = json!([about.example]);
    schema
}

fn fields(fields: &[Field]) -> Value {
    let mut schema = object(
        fields
            .iter()
            .map(|one| (one.name, told(field(one), one.about, one.default))),
        fields
            .iter()
            .filter(|field| field.required)
            .map(|field| field.name),
    );
    let alone = fields.iter().filter(|field| field.alone);
    let alone: Vec<_> = alone
        .map(|field| json!({"required": [field.name]}))
        .collect();
    if !alone.is_empty() {
        schema["oneOf"] = alone.into();
    }
    schema
}

/// What one key takes.
fn field(field: &Field) -> Value {
    match field.begins {
        [] => shape_of(field.shape),
        begins => {
            // What stands before a template may be any part of it.
            let any = begins.iter().map(|begin| {
                let letters: Vec<_> = begin.chars().map(either_case).collect();
                let cuts = (0..letters.len()).map(|end| letters[..end].concat() + r"\{\{");
                let cuts: Vec<_> = cuts.chain([letters.concat()]).collect();
                cuts.join("|")
            });
            let any: Vec<_> = any.collect();
            json!({"type": "string", "pattern": format!("^({})", any.join("|"))})
        }
    }
}

fn either_case(letter: char) -> String {
    if letter.is_ascii_alphabetic() {
        format!("[{letter}{}]", letter.to_ascii_uppercase())
    } else {
        letter.to_string()
    }
}

fn shape_of(shape: Shape) -> Value {
    /// What digits and dots come to a number.
    const NUMBER: &str = r"([0-9]+\.?[0-9]*|\.[0-9]+)";
    let template = json!({"type": "string", "pattern": r"\{\{"});
    match shape {
        Shape::Text => value(Takes::Scalar),
        Shape::Int(least, most) => any_of(vec![
            json!({"type": "integer", "minimum": least, "maximum": most}),
            template,
        ]),
        Shape::Word(words) => {
            let as_read = words.iter().map(|word| {
                // YAML reads a word of digits as a number.
                serde_json::from_str(word).unwrap_or_else(|_| Value::from(*word))
            });
            let mut all: Vec<Value> = words.iter().map(|word| Value::from(*word)).collect();
            all.extend(as_read.filter(|word| !word.is_string()));
            any_of(vec![json!({"enum": all}), template])
        }
        Shape::Bool => json!({"type": "boolean"}),
        Shape::Duration => json!({
            "type": "string",
            "pattern": format!(r"^\s*({NUMBER}(ms|s|m|h|d))+\s*$"),
            "allOf": [{"pattern": "[1-9]"}],
        }),
        Shape::Size(_) => json!({
            "type": "string",
            "pattern": format!(r"^\s*{NUMBER}\s*(B|KiB|MiB)\s*$"),
            "allOf": [{"pattern": "[1-9]"}],
        }),
        Shape::Regex => value(Takes::Plain),
        Shape::Pattern => any_of(vec![
            value(Takes::Scalar),
            object(
                [("regex", value(Takes::Plain))].into_iter(),
                ["regex"].into_iter(),
            ),
        ]),
        Shape::Script => json!({"type": "string", "pattern": r"\S", "not": {"pattern": r"\{\{"}}),
        Shape::Texts => json!({"type": "array", "items": value(Takes::Scalar), "minItems": 1}),
        Shape::Pairs => json!({"type": "object", "additionalProperties": value(Takes::Scalar)}),
        Shape::Record(keys) => fields(keys),
        Shape::Records(keys) => json!({"type": "array", "items": fields(keys), "minItems": 1}),
    }
}
