//! `file`: a file of the patient, resolved inside the patient's root.

use serde_json::Value;

use super::{Observation, answer};
use crate::ask::{Answer, Ask, Question};
use crate::report::Verdict;
use crate::script::{Scope, Template, TemplateError};

/// Bytes that are read when a step says nothing: 64 KiB.
pub const DEFAULT_MAX: u64 = 64 * 1024;

/// `file: /etc/resolv.conf`, or `file: {path: …, max: 64KiB}`.
#[derive(Clone, Debug)]
pub struct File {
    /// Path as the patient sees it; a leading `{{target_root}}` or `/proc/PID/root` of the patient is taken off.
    pub path: Template,
    /// Bytes that are read at most.
    pub max: u64,
}

impl File {
    pub(super) fn asks(&self, scope: &Scope) -> Result<Vec<Ask>, TemplateError> {
        let rendered = self.path.render(scope)?;
        let root = scope.get("target_root").and_then(Value::as_str);
        let path = root
            .and_then(|root| rendered.strip_prefix(root.trim_end_matches('/')))
            .filter(|rest| rest.starts_with('/'))
            .unwrap_or(&rendered);
        let refuse = |why: &str| {
            Err(TemplateError {
                message: format!("the path {path:?} {why}"),
                offset: None,
            })
        };
        if !path.starts_with('/') {
            return refuse("does not begin with `/`");
        }
        if path.contains('\0') {
            return refuse("holds a NUL byte");
        }
        let mut ask = Ask::new(Question::File {
            path: path.into(),
            max: self.max,
        });
        ask.stdout_cap = self.max;
        Ok(vec![ask])
    }

    pub(super) fn read(&self, answers: &[Answer], image: &str) -> Observation {
        let mut observation = answer::observe(answers, |answer, code| {
            let said = why(answer);
            if code == 127 {
                format!(
                    "a tool to read files with is missing in {}: {said}",
                    answer::place(image)
                )
            } else {
                said
            }
        });
        let Some(answer) = answers.first() else {
            return observation;
        };
        if observation.blocked.is_some() {
            return observation;
        }
        let facts = &mut observation.facts;
        match (&answer.file, answer.ended.exit()) {
            (_, Some(answer::CANNOT_LOOK)) => {
                observation.blocked = Some((Verdict::Unavailable, why(answer)));
            }
            // Read, but not told what it is: it cannot be said to be the patient's.
            (None, Some(0)) => {
                observation.blocked = Some((
                    Verdict::Error,
                    "the answer does not say what the file is".into(),
                ));
            }
            (None, _) => {
                facts.insert("exists".into(), false.into());
            }
            (Some(status), exit) => {
                facts.insert("exists".into(), true.into());
                let read = status.kind == "file" && exit == Some(0);
                if read && let Ok(text) = std::str::from_utf8(&answer.stdout.bytes) {
                    facts.insert("text".into(), text.into());
                }
                facts.insert("bytes".into(), status.size.into());
                facts.insert("mode".into(), status.mode.clone().into());
                facts.insert("uid".into(), status.uid.into());
                facts.insert("gid".into(), status.gid.into());
                facts.insert("mtime".into(), status.mtime.into());
                facts.insert("kind".into(), status.kind.clone().into());
                facts.insert("resolved".into(), status.resolved.clone().into());
                if answer.stdout.truncated || read && status.size > answer.stdout.bytes.len() as u64
                {
                    observation.truncated = true;
                    facts.insert("truncated".into(), vec!["stdout", "text"].into());
                }
            }
        }
        observation
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.path
            .names()
            .into_iter()
            .map(|(name, _)| name)
            .collect()
    }
}

fn why(answer: &Answer) -> String {
    answer::last_word(answer).unwrap_or_else(|| "the file could not be looked at".into())
}
