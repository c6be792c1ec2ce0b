//! The redactor: the secrets and the rules of a run, over all that comes back in it.

use super::builtin;
use super::keyed;
use super::ledger::Ledger;
use super::rule::Rules;
use super::secret::Secrets;
use super::token::{Key, MASK, Tokens};
use crate::ask::{Answer, Ask, Ended};
use crate::report::Redaction;

/// Masks, and counts what it masked.
#[derive(Debug, Default)]
pub struct Redactor {
    secrets: Secrets,
    rules: Rules,
    tokens: Tokens,
    ledger: Ledger,
}

impl Redactor {
    /// For these secrets, name and value, and these rules; tokens are keyed with `key`. An empty value masks nothing.
    pub fn new(secrets: &[(String, String)], rules: Rules, key: Key) -> Self {
        let names = secrets.iter().map(|(name, _)| name.as_str());
        Self {
            tokens: Tokens::new(key, names),
            secrets: Secrets::new(secrets),
            rules,
            ledger: Ledger::default(),
        }
    }

    /// Masks the answer to an ask in place.
    pub fn answer(&self, ask: &Ask, answer: &mut Answer) {
        let step = Some(ask.step.as_str());
        if let Some((masked, struck)) = ask
            .layout
            .and_then(|layout| keyed::masked(layout, &answer.stdout.bytes, &self.tokens))
        {
            answer.stdout.bytes = masked;
            self.ledger.count("keys", struck);
        }
        for stream in [&mut answer.stdout, &mut answer.stderr] {
            self.bytes(step, &mut stream.bytes);
            if stream.truncated {
                let count = &mut |name: &str| self.secret(name);
                self.secrets.torn(&mut stream.bytes, count);
            }
        }
        if let Some(progress) = &mut answer.progress {
            for text in progress.groups.values_mut().chain([&mut progress.since]) {
                *text = self.masked(step, std::mem::take(text));
            }
        }
        for remark in &mut answer.remarks {
            *remark = self.masked(step, std::mem::take(remark));
        }
        if let Ended::Lost(why) = &mut answer.ended {
            *why = self.masked(step, std::mem::take(why));
        }
    }

    /// Masks a text that is no answer: an error, a note, a word of an argv.
    pub fn text(&self, text: &str) -> String {
        self.masked(None, text.to_owned())
    }

    /// What was masked until now, by rule.
    pub fn ledger(&self) -> Vec<Redaction> {
        self.ledger.told()
    }

    fn masked(&self, step: Option<&str>, text: String) -> String {
        let mut bytes = text.into_bytes();
        self.bytes(step, &mut bytes);
        String::from_utf8(bytes).unwrap_or_else(|_| MASK.into())
    }

    fn secret(&self, name: &str) {
        self.ledger.count(&format!("secret {name}"), 1);
    }

    /// Masks a text of this step, or of none: rules for single steps leave that alone.
    fn bytes(&self, step: Option<&str>, bytes: &mut Vec<u8>) {
        let Self {
            secrets,
            rules,
            tokens,
            ..
        } = self;
        if let Some(masked) = secrets.masked(bytes, tokens, &mut |name| self.secret(name)) {
            *bytes = masked;
        }
        if rules.builtin
            && let Some(masked) = builtin::masked(bytes, tokens, &mut |rule| {
                self.ledger.count(rule, 1);
            })
        {
            *bytes = masked;
        }
        for rule in &rules.own {
            if rule.is_for(step.unwrap_or_default())
                && let Some((masked, struck)) = rule.masked(bytes, tokens)
            {
                *bytes = masked;
                self.ledger.count(&rule.name, struck);
            }
        }
    }
}
