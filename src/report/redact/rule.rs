//! Rules that somebody wrote: of a runbook, or of a file.

use regex::bytes::Regex;

use super::token::Tokens;

/// One rule: what it matches is masked, or its group `mask` where it has one.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Name in the report's ledger.
    pub name: String,
    /// What it matches; linear in time.
    pub regex: Regex,
    /// The steps it is for; empty for all.
    pub only: Vec<String>,
}

/// Every rule that holds in a run; none by default.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Whether what looks like a secret anywhere is masked.
    pub builtin: bool,
    /// What else is.
    pub own: Vec<Rule>,
}

impl Rules {
    /// The built-in ones.
    pub fn builtin() -> Self {
        Self {
            builtin: true,
            own: Vec::new(),
        }
    }

    /// Adds those of another document, which can only mask more.
    pub fn extend(&mut self, other: Self) {
        self.builtin |= other.builtin;
        self.own.extend(other.own);
    }
}

impl Rule {
    pub(super) fn is_for(&self, step: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == step)
    }

    /// The text with what matches masked, and how often it did; `None` where nothing does.
    pub(super) fn masked(&self, text: &[u8], tokens: &Tokens) -> Option<(Vec<u8>, u64)> {
        let (mut masked, mut struck, mut done) = (Vec::new(), 0, 0);
        let mut known = None;
        for found in self.regex.captures_iter(text) {
            let Some(part) = found.name("mask").or_else(|| found.get(0)) else {
                continue;
            };
            let (mut from, mut to) = (part.start(), part.end());
            // A token is not taken apart: what matches a piece of it is told already, and what goes beyond it takes all of it.
            let spans = known.get_or_insert_with(|| tokens.spans(text));
            let first = spans.partition_point(|span| span.end <= from);
            let crossed = spans[first..].iter().take_while(|span| span.start < to);
            let crossed: Vec<_> = crossed.cloned().collect();
            if let [span] = crossed.as_slice()
                && span.start <= from
                && to <= span.end
            {
                continue;
            }
            for span in crossed {
                (from, to) = (from.min(span.start), to.max(span.end));
            }
            let from = from.max(done);
            if from >= to || tokens.is(&text[from..to]) {
                continue;
            }
            masked.extend_from_slice(&text[done..from]);
            masked.extend_from_slice(tokens.of(&text[from..to]).as_bytes());
            (done, struck) = (to, struck + 1);
        }
        if struck == 0 {
            return None;
        }
        masked.extend_from_slice(&text[done..]);
        Some((masked, struck))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_masks_its_group_or_all_that_matches_and_never_a_piece_of_a_token() {
        let tokens = Tokens::default();
        for (regex, before, times) in [
            ("sid=(?<mask>[a-z]+)", "sid=abc; sid=abc", 2),
            ("[0-9]+", "a 1234 b 1234", 2),
            ("[a-z0-9*]+", "one", 1),
        ] {
            let rule = Rule {
                name: "r".into(),
                regex: Regex::new(regex).unwrap(),
                only: Vec::new(),
            };
            let (once, struck) = rule.masked(before.as_bytes(), &tokens).unwrap();
            assert_eq!(struck, times, "{regex}");
            assert_eq!(tokens.spans(&once).len(), times as usize);
            assert!(rule.masked(&once, &tokens).is_none(), "{regex}");
        }
    }
}
