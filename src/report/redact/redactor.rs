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
        let streams = [
            (&mut answer.stdout, ask.stdout_cap),
            (&mut answer.stderr, ask.stderr_cap),
        ];
        for (stream, cap) in streams {
            let kept = stream.bytes.len();
            self.bytes(step, &mut stream.bytes);
            if stream.truncated {
                let count = &mut |name: &str| self.secret(name);
                self.secrets.torn(&mut stream.bytes, count);
            }
            // A token may be longer than what it stands for: an output of nothing but short secrets keeps to its cap all the same.
            let most = usize::try_from(cap).unwrap_or(usize::MAX).max(kept);
            if stream.bytes.len() > most {
                stream.bytes.truncate(most);
                stream.truncated = true;
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

#[cfg(test)]
mod tests {
    use regex::bytes::Regex;

    use super::*;
    use crate::ask::{Canned, Captured, Question};
    use crate::report::Rule;

    fn answered(redactor: &Redactor, ask: &Ask, text: &str) -> Answer {
        let mut answer = Canned::silent(Ended::Exited(0)).answer;
        answer.stdout = Captured::whole(text);
        redactor.answer(ask, &mut answer);
        answer
    }

    #[test]
    fn each_rule_is_counted_by_its_name_and_one_for_a_step_leaves_the_others_alone() {
        let rule = Rule {
            name: "sid".into(),
            regex: Regex::new("sid=(?<mask>[a-z]+)").unwrap(),
            only: vec!["one".into()],
        };
        let rules = Rules {
            builtin: true,
            own: vec![rule],
        };
        let secrets = [("pin".to_owned(), "4711".to_owned())];
        let redactor = Redactor::new(&secrets, rules, Key::known());
        let mut ask = Ask::new(Question::Argv(Vec::new()));
        ask.step = "one".into();
        let text = "sid=abc 4711 4711 password=x1 password=x1 token=\"4711\"";
        let masked = answered(&redactor, &ask, text).stdout.bytes;
        let ledger = redactor.ledger();
        let counts: Vec<_> = ledger
            .iter()
            .map(|one| (one.rule.as_str(), one.count))
            .collect();
        assert_eq!(counts, [("password", 2), ("secret pin", 3), ("sid", 1)]);
        let masked = String::from_utf8(masked).unwrap();
        assert_eq!(masked.matches("***pin***").count(), 3, "{masked}");

        ask.step = "other".into();
        assert_eq!(
            answered(&redactor, &ask, "sid=abc").stdout.bytes,
            b"sid=abc"
        );
        // What was masked is not counted again.
        answered(&redactor, &ask, &masked);
        assert_eq!(redactor.ledger()[0].count, 2);
    }

    #[test]
    fn promise_7_an_output_of_nothing_but_short_secrets_keeps_to_its_cap() {
        let redactor = Redactor::new(&[], Rules::builtin(), Key::known());
        let mut ask = Ask::new(Question::Argv(Vec::new()));
        ask.stdout_cap = 4000;
        let answer = answered(&redactor, &ask, &"a:b@://".repeat(500));
        assert_eq!(
            (answer.stdout.bytes.len(), answer.stdout.truncated),
            (4000, true)
        );
    }

    #[test]
    fn json_stays_json_however_often_it_was_escaped() {
        let redactor = Redactor::new(&[], Rules::builtin(), Key::known());
        let json = r#"{"password":4711,"token": "a\"b","nested":"{\"secret\":4711,\"k\":[\"-----BEGIN PRIVATE KEY-----\\nx\\n-----END PRIVATE KEY-----\"]}","n":1,"a_secret":["x","y"]}"#;
        let masked = redactor.text(json);
        let read: serde_json::Value = serde_json::from_str(&masked).unwrap();
        let nested = read["nested"].as_str().unwrap();
        let nested: serde_json::Value = serde_json::from_str(nested).unwrap();
        assert_eq!(nested["secret"], read["password"]);
        assert!(
            !masked.contains("4711") && !masked.contains("\\nx"),
            "{masked}"
        );
    }
}
