//! What expressions and templates see, lent from where it is kept: a step sees all that came before it, and copies nothing of that.

use serde_json::{Map, Value};

/// Names and their values, in layers: what is laid on top hides what has the same name below. Durations are float seconds.
#[derive(Clone, Debug, Default)]
pub struct Scope<'a> {
    layers: Vec<&'a Map<String, Value>>,
}

impl<'a> Scope<'a> {
    /// Nothing to see.
    pub fn new() -> Self {
        Self::default()
    }

    /// These names.
    pub fn of(names: &'a Map<String, Value>) -> Self {
        Self {
            layers: vec![names],
        }
    }

    /// The same with these names laid on top.
    #[must_use]
    pub fn with(&self, names: &'a Map<String, Value>) -> Self {
        let mut layers = Vec::with_capacity(self.layers.len() + 1);
        layers.extend_from_slice(&self.layers);
        layers.push(names);
        Self { layers }
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&'a Value> {
        self.layers.iter().rev().find_map(|names| names.get(name))
    }

    /// Whether a name is known, with a value or without.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_laid_on_top_hides_what_is_below_and_leaves_the_rest() {
        let below = Map::from_iter([("a".to_owned(), 1.into()), ("b".to_owned(), 2.into())]);
        let above = Map::from_iter([("b".to_owned(), Value::Null), ("c".to_owned(), 4.into())]);
        let scope = Scope::of(&below).with(&above);
        assert_eq!(scope.get("a"), Some(&1.into()));
        assert_eq!(scope.get("b"), Some(&Value::Null));
        assert_eq!(scope.get("c"), Some(&4.into()));
        assert!(scope.has("b") && !scope.has("d"));
    }
}
