//! The header, `const RUNBOOK = #{…}`: read as data from the tree of the program, never evaluated, each value with its place.

use rhai::Expr;

use super::fault::{Fault, Weight};
use super::place::Places;

/// A value and the bytes it stands in.
#[derive(Clone, Debug, PartialEq)]
pub struct Datum {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// What it is.
    pub value: Data,
}

/// What a [`Datum`] is.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// `()`.
    Nothing,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Datum>),
    /// A map in the order of the source, each key once.
    Map(Vec<(Label, Datum)>),
}

/// A key of a map and the bytes it stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// Its text.
    pub text: String,
}

impl Datum {
    /// The value under a key; `None` for anything but a map.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match &self.value {
            Data::Map(entries) => entries
                .iter()
                .find(|(label, _)| label.text == key)
                .map(|(_, datum)| datum),
            _ => None,
        }
    }
}

/// Reads a literal. What is no data is told, each with its place, and left out.
pub(super) fn datum(places: &Places<'_>, expr: &Expr, faults: &mut Vec<Fault>) -> Option<Datum> {
    let start = places.byte(expr.start_position());
    let value = match expr {
        Expr::Unit(_) => Data::Nothing,
        Expr::BoolConstant(value, _) => Data::Bool(*value),
        Expr::IntegerConstant(value, _) => Data::Int(*value),
        Expr::FloatConstant(value, _) => Data::Float(**value),
        Expr::CharConstant(value, _) => Data::Text(value.to_string()),
        Expr::StringConstant(value, _) => Data::Text(value.to_string()),
        Expr::Array(items, _) => Data::List(
            items
                .iter()
                .filter_map(|item| datum(places, item, faults))
                .collect(),
        ),
        Expr::Map(entries, _) => Data::Map(
            entries
                .0
                .iter()
                .filter_map(|(key, value)| {
                    let start = places.byte(key.pos);
                    let label = Label {
                        start,
                        end: places.literal(start),
                        text: key.name.to_string(),
                    };
                    Some((label, datum(places, value, faults)?))
                })
                .collect(),
        ),
        _ => {
            faults.push(Fault {
                weight: Weight::Error,
                start,
                end: places.word(start),
                headline: "this is no plain value: what stands outside of functions is read, never run".into(),
                fix: "write a text, a number, `true`, `false`, a list or a map; what is to be worked out belongs into `fn main(p)`".into(),
            });
            return None;
        }
    };
    let end = places.literal(start);
    Some(Datum { start, end, value })
}
