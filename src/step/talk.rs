//! `talk`: a dialogue with a program that wants a terminal: a prompt is waited for, a line is written, and so on.
//!
//! How far it came is told with the answer; what its groups matched is masked there before it is read here.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::about::{About, Fact, Field, Shape};
use super::{Asking, Given, Observation, Registered, Spec, Unfit, answer};
use crate::ask::{Answer, Ask, Awaited, Ended, Exchange, MAX_LINE, Progress, Question, last_line};
use crate::pattern::Pattern;
use crate::report::Verdict;
use crate::script::{Scope, Template, TemplateError};

pub(super) const KIND: Registered = Registered {
    about: &ABOUT,
    build,
};

const EXCHANGE: &[Field] = &[
    Field::new(
        "expect",
        Shape::Pattern,
        "what is waited for, behind what was waited for before; named groups of a `regex` are facts",
    ),
    Field::new(
        "send",
        Shape::Text,
        "what is then written, and Enter after it",
    )
    .secret(),
    Field::new("enter", Shape::Bool, "false where no Enter follows").or("true"),
    Field::new(
        "timeout",
        Shape::Duration,
        "how long this exchange may take; within the timeout of the step",
    ),
];

const ABOUT: About = About {
    word: "talk",
    purpose: "a dialogue with a program on a terminal (`TERM=dumb`): what it says is waited for, and answered. The program is ended with the dialogue; one that ends with `send` waits for the program's own end, within the time of that exchange. What is written is echoed, as on any terminal",
    ways: &[],
    short: None,
    fields: &[
        Field::new(
            "run",
            Shape::Texts,
            "the program, then one item for each argument; a lone `{{ list }}` stands for all its items",
        )
        .required(),
        Field::new(
            "dialogue",
            Shape::Records(EXCHANGE),
            "exchanges, each with `expect`, `send`, or both, in that order",
        )
        .required(),
    ],
    facts: &[Fact::new(
        "transcript",
        "text",
        "all that the program and the echo wrote, as `stdout`; control sequences are left out, lines end with `\\n`; at most 1 MiB",
    )],
    example: "talk: {run: [psql, -U, app], dialogue: [{expect: 'Password: ', send: '{{password}}'}, {expect: {regex: 'psql \\((?<server>\\S+)\\)'}}]}",
};

#[derive(Debug)]
struct Talk {
    argv: Vec<Template>,
    lines: Vec<Line>,
}

/// One exchange, before templates are rendered.
#[derive(Debug)]
struct Line {
    expect: Option<Wanted>,
    send: Option<Template>,
    enter: bool,
    timeout: Option<Duration>,
}

#[derive(Debug)]
enum Wanted {
    Text(Template),
    Regex(Pattern),
}

fn build(spec: &Spec, _: &[String]) -> Result<Arc<dyn Asking>, Unfit> {
    let lines = spec.records("dialogue").iter().enumerate();
    Ok(Arc::new(Talk {
        argv: spec.texts("run").to_vec(),
        lines: lines
            .map(|(at, spec)| Line::read(at + 1, spec))
            .collect::<Result<_, _>>()?,
    }))
}

impl Line {
    fn read(number: usize, spec: &Spec) -> Result<Self, Unfit> {
        let unfit = |what: &str, fix: &str| {
            let headline = format!("exchange {number} of the dialogue {what}");
            Err(Unfit::new("dialogue", headline, fix))
        };
        let expect = match spec.get("expect") {
            Some(Given::Text(text)) if text.source().is_empty() => {
                return unfit(
                    "expects nothing: its text is empty",
                    "write what the program says, or take `expect` out",
                );
            }
            Some(Given::Text(text)) => Some(Wanted::Text(text.clone())),
            Some(Given::Regex(regex)) => Some(Wanted::Regex(regex.clone())),
            _ => None,
        };
        let send = spec.text("send").cloned();
        if expect.is_none() && send.is_none() {
            return unfit(
                "neither expects nor sends anything",
                "give it `expect`, `send`, or both",
            );
        }
        if spec.has("enter") && send.is_none() {
            return unfit(
                "says what follows `send`, and sends nothing",
                "give it `send`, or take `enter` out",
            );
        }
        if let Some(Wanted::Regex(regex)) = &expect
            && regex.is_match("")
        {
            return unfit(
                "matches before anything was said: its `regex` matches the empty text",
                "write at least one character that must be there",
            );
        }
        Ok(Self {
            expect,
            send,
            enter: !matches!(spec.get("enter"), Some(Given::Bool(false))),
            timeout: spec.duration("timeout"),
        })
    }

    fn exchange(&self, number: usize, scope: &Scope<'_>) -> Result<Exchange, TemplateError> {
        let expect = match &self.expect {
            None => None,
            Some(Wanted::Regex(regex)) => Some(Awaited::Regex(regex.as_str().into())),
            Some(Wanted::Text(text)) => match text.render(scope)? {
                text if text.is_empty() => {
                    return refuse(format!("exchange {number}: `expect` comes to nothing"));
                }
                text => Some(Awaited::Text(text)),
            },
        };
        let mut send = self
            .send
            .as_ref()
            .map(|text| text.render(scope))
            .transpose()?;
        if let Some(text) = &mut send {
            if let Some(line) = text.split('\n').find(|line| line.len() > MAX_LINE) {
                return refuse(format!(
                    "exchange {number}: `send` has a line of {} bytes; a terminal takes at most {MAX_LINE}",
                    line.len()
                ));
            }
            if self.enter {
                text.push('\n');
            }
        }
        Ok(Exchange {
            expect,
            send,
            timeout: self.timeout,
        })
    }

    /// Its words for a plan and a report: what is sent as it was written, a secret by its name.
    fn shown(&self, exchange: &Exchange) -> Vec<String> {
        let mut words = Vec::new();
        if let Some(expect) = &exchange.expect {
            words.extend(["expect".into(), expect.shown()]);
        }
        if let Some(send) = &self.send {
            words.extend(["send".into(), send.source().to_owned()]);
        }
        words
    }
}

fn refuse<T>(message: String) -> Result<T, TemplateError> {
    Err(TemplateError {
        message,
        offset: None,
    })
}

impl Asking for Talk {
    fn asks(&self, scope: &Scope<'_>) -> Result<Vec<Ask>, TemplateError> {
        let argv = answer::argv(&self.argv, scope)?;
        let mut dialogue = Vec::with_capacity(self.lines.len());
        for (at, line) in self.lines.iter().enumerate() {
            dialogue.push(line.exchange(at + 1, scope)?);
        }
        let question = Question::Talk { argv, dialogue };
        let mut shown = question.argv();
        if let Question::Talk { dialogue, .. } = &question {
            for (line, exchange) in self.lines.iter().zip(dialogue) {
                shown.extend(line.shown(exchange));
            }
        }
        let mut ask = Ask::new(question);
        ask.shown = Some(shown);
        Ok(vec![ask])
    }

    fn yields(&self) -> Vec<String> {
        let names: BTreeSet<&str> = self
            .lines
            .iter()
            .filter_map(|line| match &line.expect {
                Some(Wanted::Regex(regex)) => Some(regex.names()),
                _ => None,
            })
            .flatten()
            .collect();
        names.into_iter().map(str::to_owned).collect()
    }

    fn read(&self, answers: &[Answer], image: &str) -> Observation {
        let tool = self.argv.first().map_or("", Template::source);
        let mut observation = answer::observe(answers, |answer, code| {
            let place = answer::place(image);
            let said = answer::last_word(answer).or_else(|| last_line(&answer.stdout.text()));
            let said = said.map_or_else(String::new, |said| format!(": {said}"));
            match code {
                127 => format!("no `{tool}` in {place}{said}"),
                _ => format!("`{tool}` cannot be executed in {place}{said}"),
            }
        });
        let Some(answer) = answers.first() else {
            return observation;
        };
        let facts = &mut observation.facts;
        facts.insert("transcript".into(), answer.stdout.text().into());
        if answer.stdout.truncated {
            facts.insert("truncated".into(), vec!["stdout", "transcript"].into());
        }
        let progress = answer.progress.clone().unwrap_or_default();
        for name in self.yields() {
            let found = progress.groups.get(&name);
            facts.insert(name, found.map_or(Value::Null, |text| text.as_str().into()));
        }
        if progress.held < self.lines.len()
            && let Some((verdict, why)) = self.left_open(answer, &progress)
        {
            observation.blocked = Some((verdict, why));
        }
        observation
    }
}

impl Talk {
    /// Why an exchange did not come to its end; `None` where the answer says enough by itself.
    fn left_open(&self, answer: &Answer, progress: &Progress) -> Option<(Verdict, String)> {
        let unheard = |line: &Line| line.expect.is_none();
        let (verdict, happened) = match &answer.ended {
            Ended::Exited(126 | 127) if self.lines.iter().take(progress.held).all(unheard) => {
                return None;
            }
            Ended::Lost(_) | Ended::Cancelled => return None,
            Ended::Exited(code) => (
                Verdict::Error,
                format!("the program ended with exit {code}"),
            ),
            Ended::Released => (
                Verdict::Error,
                "the transcript came to its cap; raise `output.max`, or let the program say less"
                    .into(),
            ),
            Ended::TimedOut => (Verdict::Timeout, "the time was over".into()),
        };
        let number = progress.held + 1;
        let awaited = match self
            .lines
            .get(progress.held)
            .and_then(|line| line.expect.as_ref())
        {
            Some(Wanted::Text(text)) => format!(" while {:?} was awaited", text.source()),
            Some(Wanted::Regex(regex)) => format!(" while /{regex}/ was awaited"),
            None => String::new(),
        };
        let said = match last_line(&progress.since) {
            Some(said) => format!("; last said: {said}"),
            None => "; nothing was said since".into(),
        };
        let of = self.lines.len();
        Some((
            verdict,
            format!("exchange {number} of {of}: {happened}{awaited}{said}"),
        ))
    }
}

#[cfg(test)]
mod tests;
