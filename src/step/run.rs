//! `run`: a program and its arguments. No shell reads them.

use std::sync::Arc;

use super::about::{About, Field, Shape};
use super::{Asking, Observation, Registered, Spec, Unfit, answer};
use crate::ask::{Answer, Ask, Question};
use crate::script::{Scope, Template, TemplateError};

pub(super) const KIND: Registered = Registered {
    about: &ABOUT,
    build,
};

const ABOUT: About = About {
    word: "run",
    purpose: "a program and its arguments, run as they stand: no shell reads them",
    ways: &[],
    short: Some("argv"),
    fields: &[Field::new(
        "argv",
        Shape::Texts,
        "the program, then one item for each argument; a lone `{{ list }}` stands for all its items",
    )
    .required()],
    facts: &[],
    example: "run: [curl, -sS, 'http://localhost:{{port}}/']",
};

#[derive(Debug)]
struct Run {
    argv: Vec<Template>,
}

fn build(spec: &Spec, _: &[String]) -> Result<Arc<dyn Asking>, Unfit> {
    Ok(Arc::new(Run {
        argv: spec.texts("argv").to_vec(),
    }))
}

impl Asking for Run {
    fn asks(&self, scope: &Scope<'_>) -> Result<Vec<Ask>, TemplateError> {
        Ok(vec![Ask::new(Question::Argv(answer::argv(
            &self.argv, scope,
        )?))])
    }

    fn read(&self, answers: &[Answer], image: &str) -> Observation {
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
}
