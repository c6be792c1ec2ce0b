//! Masking what was known before anything was asked: what is asked, params, labels. It is told beside the answers, and has a shape that
//! must stay.

use serde_json::{Map, Value};

use super::redactor::Redactor;
use super::token::{mask_of, unkeyed};
use crate::ask::{Ask, Awaited, Question};
use crate::report::AttachReport;
use crate::target::Target;

impl Redactor {
    /// An ask as it may be written down: of another run's it is the same as far as [`alike`](Self::alike) tells.
    pub fn ask(&self, ask: &Ask) -> Ask {
        let mut ask = ask.clone();
        ask.shown = ask.shown.map(|words| self.words(&words));
        ask.stdin = match String::from_utf8(ask.stdin) {
            Ok(stdin) => self.text(&stdin).into_bytes(),
            Err(raw) => raw.into_bytes(),
        };
        match &mut ask.question {
            Question::Argv(words) => *words = self.words(words),
            Question::Script { text, env } => {
                *text = self.text(text);
                for (name, value) in env {
                    *value = self.pair(name, value);
                }
            }
            Question::File { path: text, .. } | Question::Glob { pattern: text, .. } => {
                *text = self.text(text);
            }
            Question::Talk { argv, dialogue } => {
                *argv = self.words(argv);
                for exchange in dialogue {
                    exchange.send = exchange.send.as_ref().map(|text| self.text(text));
                    match &mut exchange.expect {
                        Some(Awaited::Text(wanted)) => *wanted = self.text(wanted),
                        Some(Awaited::Regex(_)) | None => {}
                    }
                }
            }
            // Names of objects, and time.
            Question::Kube(_) | Question::Pause(_) => {}
        }
        ask
    }

    /// Whether an ask that was written down is this one: tokens of two runs say nothing of each other.
    pub fn alike(&self, written: &Ask, ask: &Ask) -> bool {
        let still = |ask: &Ask| {
            let stdin = String::from_utf8_lossy(&ask.stdin).into_owned();
            let rest = Ask {
                stdin: Vec::new(),
                ..ask.clone()
            };
            let rest = serde_json::to_string(&rest).ok()?;
            Some((unkeyed(&stdin), unkeyed(&rest)))
        };
        written.step == ask.step && still(&self.ask(written)) == still(&self.ask(ask))
    }

    /// The words of a command. What follows an option may be a secret that only the option, or the command, tells of.
    pub fn words(&self, words: &[String]) -> Vec<String> {
        let mut words: Vec<_> = words.iter().map(|word| self.text(word)).collect();
        let Some(command) = words.first().cloned() else {
            return words;
        };
        for at in 1..words.len() {
            if !words[at].starts_with('-') {
                continue;
            }
            // As `/proc/PID/cmdline` has them, where no word can hold what parts them.
            let end = words.len().min(at + 2);
            let line = words[at..end].join("\0");
            let masked = self.text(&format!("{command}\0{line}"));
            let parts: Vec<_> = masked.split('\0').skip(1).map(str::to_owned).collect();
            if parts.len() == end - at {
                words.splice(at..end, parts);
            }
        }
        words
    }

    /// Params, or facts: by their names, and by what they look like.
    pub fn params(&self, params: &Map<String, Value>) -> Map<String, Value> {
        let one = |(name, value): (&String, &Value)| (name.clone(), self.value(name, value));
        params.iter().map(one).collect()
    }

    /// A target, whose labels are anybody's words.
    pub fn target(&self, target: &Target) -> Target {
        let mut target = target.clone();
        for (name, value) in &mut target.labels {
            *value = self.pair(name, value);
        }
        target
    }

    /// How a target was reached: why a container waits is told in words of a registry.
    pub fn attach(&self, attach: AttachReport) -> AttachReport {
        AttachReport {
            waiting: attach.waiting.as_deref().map(|why| self.text(why)),
            ..attach
        }
    }

    fn value(&self, name: &str, value: &Value) -> Value {
        match value {
            Value::String(text) => self.pair(name, text).into(),
            Value::Array(items) => items.iter().map(|item| self.value(name, item)).collect(),
            Value::Object(map) => self.params(map).into(),
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }

    /// A value of this name: the name may tell that it is secret.
    fn pair(&self, name: &str, value: &str) -> String {
        // A secret by its own name is masked already, and is not struck again.
        if value == mask_of(name) {
            return value.to_owned();
        }
        let value = self.text(value);
        let pair = Value::from_iter([(name, value.as_str())]);
        let masked = serde_json::from_str::<Value>(&self.text(&pair.to_string()));
        match masked.map(|masked| masked[name].as_str().map(str::to_owned)) {
            Ok(Some(masked)) => masked,
            Ok(None) | Err(_) => value,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::report::{Key, Rules};

    fn redactor() -> Redactor {
        let secrets = [("pin".to_owned(), "hunter2-and-more".to_owned())];
        Redactor::new(&secrets, Rules::builtin(), Key::known())
    }

    #[test]
    fn promise_2_a_secret_in_params_and_labels_is_masked_by_name_by_look_and_by_value() {
        let params = json!({
            "dsn": "postgres://me:canary1@db/x",
            "db_password": "canary2",
            "same": "it is hunter2-and-more",
            "list": ["a", "token=canary3"],
            "map": {"apiKey": "canary4", "port": 80},
            "plain": "say \"x\"",
            "count": 5,
        });
        let masked = redactor().params(params.as_object().unwrap());
        let text = Value::from(masked.clone()).to_string();
        assert!(
            !text.contains("canary") && !text.contains("hunter2"),
            "{text}"
        );
        for name in ["plain", "count"] {
            assert_eq!(masked[name], params[name]);
        }
        assert_eq!(masked["map"]["port"], 80);
        assert_eq!(redactor().params(&masked), masked, "masked again");
        let mut target = Target::pod("shop", "web");
        let labels = [("app", "web"), ("api-token", "canary5")];
        target.labels = labels
            .map(|(name, value)| (name.into(), value.into()))
            .into();
        let waiting = AttachReport {
            waiting: Some("ErrImagePull: https://me:canary6@registry.test/x".into()),
            ..AttachReport::default()
        };
        let waiting = redactor().attach(waiting).waiting.unwrap();
        assert!(waiting.starts_with("ErrImagePull") && !waiting.contains("canary"));
        let labels = redactor().target(&target).labels;
        assert_eq!(labels["app"], "web");
        assert!(labels["api-token"].starts_with("***"));
    }

    #[test]
    fn promise_2_a_word_behind_an_option_is_masked_as_on_a_command_line() {
        let words = |line: &str| {
            let words: Vec<_> = line.split(' ').map(str::to_owned).collect();
            redactor().words(&words).join(" ")
        };
        for line in [
            "app --password canary1 -v",
            "curl -s -u me:canary2 http://x/",
            "mysql -pcanary3 shop",
            "app --token=canary4",
        ] {
            let masked = words(line);
            assert!(!masked.contains("canary"), "{masked}");
            assert_eq!(masked.split(' ').count(), line.split(' ').count());
        }
        assert_eq!(words("sh -c TOKEN=$(cat) run"), "sh -c TOKEN=$(cat) run");
        assert_eq!(words("ls -l /x"), "ls -l /x");
    }

    #[test]
    fn an_ask_is_known_again_whatever_keyed_the_tokens_in_it() {
        let other = Redactor::new(&[], Rules::builtin(), Key::new([1; 32]));
        for question in [
            Question::Argv(vec!["echo".into(), "password=canary1".into()]),
            Question::Script {
                text: "PGPASSWORD=canary2 psql".into(),
                env: vec![("A_TOKEN".into(), "canary3".into())],
            },
            Question::File {
                path: "/token=canary4".into(),
                max: 1,
            },
        ] {
            let mut ask = Ask::new(question);
            ask.stdin = b"secret: canary5".to_vec();
            let written = other.ask(&ask);
            let text = serde_json::to_string(&written).unwrap();
            assert!(!text.contains("canary"), "{text}");
            assert!(redactor().alike(&written, &ask));
            let elsewhere = Ask {
                step: "other".into(),
                ..ask.clone()
            };
            assert!(!redactor().alike(&written, &elsewhere));
        }
        let file = |path: &str| {
            Ask::new(Question::File {
                path: path.into(),
                max: 1,
            })
        };
        assert!(!redactor().alike(&file("/a"), &file("/b")));
    }
}
