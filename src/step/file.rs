//! `file`: a file of the patient, resolved inside the patient's root.

use std::sync::Arc;

use serde_json::Value;

use super::about::{About, Fact, Field, Shape};
use super::{Asking, Observation, Registered, Spec, Unfit, answer};
use crate::ask::{Answer, Ask, MAX_CAP, Question};
use crate::report::Verdict;
use crate::script::{Scope, Template, TemplateError};

/// Bytes that are read when a step says nothing: 64 KiB.
pub const DEFAULT_MAX: u64 = 64 * 1024;

pub(super) const KIND: Registered = Registered {
    about: &ABOUT,
    build,
};

const ABOUT: About = About {
    word: "file",
    purpose: "a file of the patient, resolved link by link inside the patient's own root",
    ways: &[],
    short: Some("path"),
    fields: &[
        Field::new(
            "path",
            Shape::Text,
            "path as the patient sees it, from its root",
        )
        .required()
        .begins(&["/"]),
        Field::new("max", Shape::Size(MAX_CAP), "bytes that are read at most").or("64KiB"),
    ],
    facts: &[
        Fact::new("exists", "bool", "whether there is anything at the path"),
        Fact::new("text", "text", "its content, where that is UTF-8"),
        Fact::new("bytes", "int", "size of the whole file"),
        Fact::new("mode", "text", "permission bits in octal, such as `644`"),
        Fact::new("uid", "int", "owner"),
        Fact::new("gid", "int", "group"),
        Fact::new(
            "mtime",
            "int",
            "last change, seconds since 1970-01-01 UTC; absent where the image cannot tell",
        ),
        Fact::new("kind", "text", "`file`, `directory`, `link` or `other`"),
        Fact::new("resolved", "text", "the path after every link was followed"),
    ],
    example: "file: /etc/resolv.conf",
};

#[derive(Debug)]
struct File {
    /// A leading `{{target_root}}` is taken off: the root that leads to it is the answering side's affair.
    path: Template,
    max: u64,
}

fn build(spec: &Spec, _: &[String]) -> Result<Arc<dyn Asking>, Unfit> {
    let source = spec.text("path").map_or("", Template::source);
    let path = ["{{target_root}}", "{{ target_root }}"]
        .iter()
        .find_map(|root| source.strip_prefix(root))
        .unwrap_or(source);
    if !path.starts_with('/') && !path.starts_with("{{") {
        return Err(Unfit::new(
            "path",
            format!("the path `{path}` does not begin with `/`"),
            "write the path as the patient sees it, from its root",
        ));
    }
    let path = spec
        .text("path")
        .map_or_else(|| Template::parse(path), |whole| whole.part(path))
        .map_err(|error| Unfit::new("path", error.message, "write `{{ }}`"))?;
    Ok(Arc::new(File {
        path,
        max: spec.size("max").unwrap_or(DEFAULT_MAX),
    }))
}

impl Asking for File {
    fn needs_root(&self) -> bool {
        self.path
            .names()
            .iter()
            .any(|(name, _)| name == "target_root")
    }

    fn asks(&self, scope: &Scope<'_>) -> Result<Vec<Ask>, TemplateError> {
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

    fn read(&self, answers: &[Answer], image: &str) -> Observation {
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
            (None, Some(1)) => {
                facts.insert("exists".into(), false.into());
            }
            // Whatever else ended it has not found out that there is none.
            (None, _) => observation.blocked = Some((Verdict::Error, why(answer))),
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
                // What the kernel makes up in sysfs has the size of a page, whatever is in it.
                let sized = read && !status.resolved.starts_with("/sys/");
                let short = sized && status.size > answer.stdout.bytes.len() as u64;
                if answer.stdout.truncated || short {
                    observation.truncated = true;
                    facts.insert("truncated".into(), vec!["stdout", "text"].into());
                }
            }
        }
        observation
    }
}

fn why(answer: &Answer) -> String {
    answer::last_word(answer).unwrap_or_else(|| "the file could not be looked at".into())
}
