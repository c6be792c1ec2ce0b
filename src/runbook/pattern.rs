//! Regular expressions, as authors write them.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use super::reader::Reader;
use crate::pattern::Pattern;
use crate::yaml::Node;

/// How many are kept compiled: a program asks the same again in a loop, and to compile it takes longer than to ask.
const KEPT: usize = 16;

pub(super) fn pattern(reader: &mut Reader<'_>, node: &Node) -> Option<Pattern> {
    let text = reader.text(node, "the regular expression")?;
    match kept(text) {
        Ok(pattern) => Some(pattern),
        Err(error) => {
            let said = error.to_string();
            let said = said.lines().last().unwrap_or_default();
            let said = said.strip_prefix("error: ").unwrap_or(said);
            let fix = if said.contains("look-around") || said.contains("backreference") {
                "matching takes linear time, so there is no look-around and no back-reference"
            } else {
                "put the expression in single quotes, so that YAML leaves its backslashes alone"
            };
            reader.error(
                node.span,
                format!("this is no regular expression: {said}"),
                fix,
            );
            None
        }
    }
}

fn kept(text: &str) -> Result<Pattern, regex::Error> {
    static LAST: Mutex<VecDeque<Pattern>> = Mutex::new(VecDeque::new());
    let last = || LAST.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = last().iter().find(|known| known.as_str() == text) {
        return Ok(known.clone());
    }
    let pattern = Pattern::new(text)?;
    let mut last = last();
    last.truncate(KEPT - 1);
    last.push_front(pattern.clone());
    Ok(pattern)
}
