//! `pause`: lets time pass before the next question.

use std::sync::Arc;
use std::time::Duration;

use super::about::{About, Field, Shape};
use super::{Asking, Observation, Registered, Spec, Unfit, answer};
use crate::ask::{Answer, Ask, Question};
use crate::script::{Scope, TemplateError};

/// The longest pause: a debug container that does nothing for longer is better attached twice.
const LONGEST: Duration = Duration::from_secs(300);

pub(super) const KIND: Registered = Registered {
    about: &ABOUT,
    build,
};

const ABOUT: About = About {
    word: "pause",
    purpose: "nothing: lets time pass before the next question; an interrupted run does not wait for its end",
    ways: &[],
    short: Some("time"),
    fields: &[Field::new("time", Shape::Duration, "how long, at most 5m").required()],
    facts: &[],
    example: "pause: 2s",
};

#[derive(Debug)]
struct Pause(Duration);

fn build(spec: &Spec, _: &[String]) -> Result<Arc<dyn Asking>, Unfit> {
    let time = spec.duration("time").unwrap_or_default();
    if time > LONGEST {
        return Err(Unfit::new(
            "time",
            format!("a pause of {}s is too long", time.as_secs()),
            "write at most `5m`; what takes longer is better looked at in two runs",
        ));
    }
    Ok(Arc::new(Pause(time)))
}

impl Asking for Pause {
    fn lasts(&self) -> Duration {
        self.0
    }

    fn asks(&self, _: &Scope<'_>) -> Result<Vec<Ask>, TemplateError> {
        Ok(vec![Ask::new(Question::Pause(self.0))])
    }

    fn read(&self, answers: &[Answer], _: &str) -> Observation {
        answer::observe(answers, |_, code| format!("the pause ended with {code}"))
    }
}
