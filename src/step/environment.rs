//! `environment`: variables of the patient's first process, and of those only the ones that were asked for.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::about::{About, Fact, Field, Shape};
use super::{Asking, Observation, Registered, Spec, Unfit, answer};
use crate::ask::{Answer, Ask, Question};
use crate::report::Verdict;
use crate::script::{Scope, Template, TemplateError};

pub(super) const KIND: Registered = Registered {
    about: &ABOUT,
    build,
};

const ABOUT: About = About {
    word: "environment",
    purpose: "variables of the patient as they were when its first process started; no other than those named here leave it",
    ways: &["sh", "bash", "ash", "busybox"],
    short: Some("names"),
    fields: &[Field::new(
        "names",
        Shape::Texts,
        "the variables to ask for; a lone `{{ list }}` stands for all its items",
    )
    .required()],
    facts: &[Fact::new(
        "vars",
        "map of text",
        "each name that was asked for with its value, nothing where it is not set: `is_set(vars.HTTP_PROXY)`. One that is not found is \
         not there at all where the program has written over its own environment, as nginx and PostgreSQL do with their title: an \
         expression that uses it is then an error",
    )],
    example: "environment: [HTTP_PROXY, NO_PROXY]",
};

const SCRIPT: &str = concat!(include_str!("environment.sh"), include_str!("nul.sh"));

#[derive(Debug)]
struct Environment {
    names: Vec<Template>,
}

fn build(spec: &Spec, _: &[String]) -> Result<Arc<dyn Asking>, Unfit> {
    let names = spec.texts("names").to_vec();
    if names.is_empty() {
        return Err(Unfit::new(
            "names",
            "no variable is asked for",
            "name at least one: `environment: [PATH]`",
        ));
    }
    Ok(Arc::new(Environment { names }))
}

impl Environment {
    fn names(&self, scope: &Scope<'_>) -> Result<Vec<String>, TemplateError> {
        let mut names = Vec::new();
        for name in &self.names {
            names.extend(name.words(scope)?);
        }
        match names
            .iter()
            .find(|name| name.is_empty() || name.contains(['=', '\n', '\0']))
        {
            Some(name) => Err(TemplateError {
                message: format!("{name:?} cannot be the name of a variable"),
                offset: None,
            }),
            None => Ok(names),
        }
    }
}

impl Asking for Environment {
    fn looks_at(&self) -> &'static [&'static str] {
        &["target_pid"]
    }

    fn asks(&self, scope: &Scope<'_>) -> Result<Vec<Ask>, TemplateError> {
        let names = self.names(scope)?;
        let shown: Vec<_> = [ABOUT.word]
            .into_iter()
            .chain(names.iter().map(String::as_str))
            .collect();
        let mut ask = answer::script(SCRIPT, scope, &shown);
        if let Question::Script { env, .. } = &mut ask.question {
            env.push(("names".into(), format!("\n{}\n", names.join("\n"))));
        }
        Ok(vec![ask])
    }

    fn read(&self, answers: &[Answer], image: &str) -> Observation {
        let (mut observation, output) = answer::scripted(answers, image, ABOUT.facts);
        let Some(output) = output else {
            return observation;
        };
        let mut vars = Map::new();
        let (mut ended, mut over) = (false, false);
        for token in output.split(|byte| *byte == 0) {
            match token.split_first() {
                Some((b'n', name)) => {
                    vars.insert(String::from_utf8_lossy(name).into(), Value::Null);
                }
                Some((b'v', pair)) => {
                    let pair = String::from_utf8_lossy(pair);
                    if let Some((name, value)) = pair.split_once('=') {
                        // Of two alike the first is what the program gets.
                        if let Some(unset) = vars.get_mut(name).filter(|value| value.is_null()) {
                            *unset = value.into();
                        }
                    }
                }
                Some((b'x', [])) => over = true,
                Some((b'e', [])) => ended = true,
                _ => {}
            }
        }
        if !ended {
            observation.blocked = Some((Verdict::Error, answer::UNENDED.into()));
            return observation;
        }
        if over {
            vars.retain(|_, value| !value.is_null());
        }
        observation.facts.insert("vars".into(), vars.into());
        observation
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::step::answer::said;

    fn vars(output: &[u8]) -> Observation {
        let environment = Environment { names: Vec::new() };
        environment.read(
            &said(crate::ask::Ended::Exited(0), output, ""),
            "this machine",
        )
    }

    #[test]
    fn values_are_told_as_they_are_and_a_name_that_is_not_set_is_nothing() {
        let output = b"nPLAIN\0nMULTI\0nBAD\0nEMPTY\0nQUO\0nNONE\0vPLAIN=x\0vMULTI=a\nb=c\n\0vBAD=\xff\xfe\0vEMPTY=\0vQUO='\"$(x)\0vPLAIN=later\0e\0";
        assert_eq!(
            vars(output).facts["vars"],
            serde_json::json!({"PLAIN": "x", "MULTI": "a\nb=c\n", "BAD": "\u{fffd}\u{fffd}", "EMPTY": "", "QUO": "'\"$(x)", "NONE": null})
        );
    }

    #[test]
    fn an_answer_without_its_end_tells_no_variable_as_not_set() {
        let cut = vars(b"nA\0nB\0vA=x\0");
        assert_eq!(cut.blocked.unwrap().0, Verdict::Error);
        assert!(!cut.facts.contains_key("vars"));
    }

    #[test]
    fn a_variable_that_may_have_been_written_over_is_not_told_as_not_set() {
        assert_eq!(
            vars(b"nA\0nB\0vB=x\0x\0e\0").facts["vars"],
            serde_json::json!({"B": "x"})
        );
    }

    #[test]
    fn no_shell_that_can_read_it_is_unavailable() {
        let said = said(
            crate::ask::Ended::Exited(127),
            b"",
            "no shell whose `read` stops at a NUL\n",
        );
        let (verdict, why) = Environment { names: Vec::new() }
            .read(&said, "tools:1")
            .blocked
            .unwrap();
        assert_eq!(verdict, Verdict::Unavailable);
        assert!(
            why.contains("image tools:1") && why.contains("stops at a NUL"),
            "{why}"
        );
    }

    #[test]
    fn a_name_that_none_can_have_is_refused_before_it_is_asked_for() {
        for name in ["", "A=B", "A\nB"] {
            let names = vec![Template::parse(name).unwrap()];
            assert!(
                Environment { names }.asks(&Scope::new()).is_err(),
                "{name:?}"
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn an_answer_that_is_cut_anywhere_tells_no_variable_as_not_set_and_no_other_name_is_told(
            output in proptest::collection::vec(proptest::prop_oneof![
                proptest::sample::select(&b"nve=\0\0AB"[..]),
                proptest::prelude::any::<u8>(),
            ], 0..100),
        ) {
            let asked: Vec<_> = output.split(|byte| *byte == 0).filter_map(|token| token.strip_prefix(b"n")).collect();
            let observation = vars(&output);
            match observation.facts.get("vars").and_then(Value::as_object) {
                Some(vars) => {
                    proptest::prop_assert!(output.split(|byte| *byte == 0).any(|token| token == b"e"));
                    for name in vars.keys() {
                        proptest::prop_assert!(asked.iter().any(|one| String::from_utf8_lossy(one) == *name));
                    }
                }
                None => proptest::prop_assert!(observation.blocked.is_some()),
            }
        }
    }
}
