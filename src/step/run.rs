//! `run`: a program and its arguments. No shell reads them.

use super::{Observation, answer};
use crate::ask::{Answer, Ask, Question};
use crate::script::{Scope, Template, TemplateError};

/// `run: [curl, -sS, 'http://localhost:{{port}}/']`.
#[derive(Clone, Debug)]
pub struct Run {
    /// Program and arguments.
    pub argv: Vec<Template>,
}

impl Run {
    pub(super) fn asks(&self, scope: &Scope) -> Result<Vec<Ask>, TemplateError> {
        let mut argv = Vec::with_capacity(self.argv.len());
        for item in &self.argv {
            argv.extend(item.words(scope)?);
        }
        if argv.first().is_none_or(String::is_empty) {
            return Err(TemplateError {
                message: "there is no program to run: the first item comes to nothing".into(),
                offset: None,
            });
        }
        if let Some(item) = argv.iter().find(|item| item.contains('\0')) {
            return Err(TemplateError {
                message: format!("{item:?} holds a NUL byte, which no argument can"),
                offset: None,
            });
        }
        Ok(vec![Ask::new(Question::Argv(argv))])
    }

    pub(super) fn read(&self, answers: &[Answer], image: &str) -> Observation {
        let tool = self.argv.first().map_or("", Template::source);
        answer::observe(answers, |answer, code| {
            let place = answer::place(image);
            let said =
                answer::last_word(answer).map_or_else(String::new, |said| format!(": {said}"));
            if code == 127 && (said.is_empty() || said.contains(tool)) {
                format!("no `{tool}` in {place}{said}")
            } else if code == 127 {
                format!("`{tool}` ended with 127, a tool is missing in {place}{said}")
            } else {
                format!("`{tool}` cannot be executed in {place}{said}")
            }
        })
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.argv
            .iter()
            .flat_map(Template::names)
            .map(|(name, _)| name)
            .collect()
    }
}
