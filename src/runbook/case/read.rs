//! Reading `tests:`. What a step is answered is read in `reply.rs`.

use super::{Case, Expect, Expected, OutputFile, Subject};
use crate::ask::Canned;
use crate::report::Verdict;
use crate::runbook::bind::bind;
use crate::runbook::document::{Param, Step};
use crate::runbook::keys::{CASE, STATUSES, SUBJECT, names};
use crate::runbook::reader::{Fields, Reader, near};
use crate::runbook::settings::choice;
use crate::target::Target;
use crate::yaml::{Key, Node, Span, Yaml};

/// What the tests are about.
#[derive(Clone, Copy)]
pub(super) struct Subjects<'r> {
    params: &'r [Param],
    steps: &'r [&'r Step],
}

pub(in crate::runbook) fn cases(
    reader: &mut Reader<'_>,
    node: &Node,
    params: &[Param],
    steps: &[&Step],
) -> Vec<Case> {
    let subjects = Subjects { params, steps };
    let mut cases: Vec<Case> = Vec::new();
    for item in reader.list(node, "`tests`").unwrap_or_default() {
        let Some(fields) = reader.fields(item, "a test", &names(CASE), &[]) else {
            continue;
        };
        let mut scribe = Scribe {
            reader,
            subjects,
            files: Vec::new(),
        };
        let Some(case) = scribe.case(&fields) else {
            continue;
        };
        if cases.iter().any(|known| known.name == case.name) {
            let span = fields.get("name").map_or(item.span, |node| node.span);
            reader.error(
                span,
                format!("the test `{}` is there twice", case.name),
                "give one of them another name",
            );
        }
        cases.push(case);
    }
    cases
}

pub(super) struct Scribe<'r, 's, 'd> {
    pub(super) reader: &'r mut Reader<'s>,
    subjects: Subjects<'d>,
    pub(super) files: Vec<OutputFile>,
}

impl Scribe<'_, '_, '_> {
    fn case(&mut self, fields: &Fields<'_>) -> Option<Case> {
        let name = match fields.get("name") {
            Some(node) => self.reader.text(node, "`name`")?.to_owned(),
            None => {
                self.missing(fields, "name", "write what the test shows");
                return None;
            }
        };
        let params = self.params(fields);
        let target = fields
            .get("target")
            .map_or_else(patient, |node| self.target(node));
        let given = fields
            .get("given")
            .map(|node| self.given(node))
            .unwrap_or_default();
        let others = fields.get("others").and_then(|node| self.others(node));
        let Some(expected) = fields.get("expect") else {
            self.missing(
                fields,
                "expect",
                "write `expect: {check-or-step: fail}`, or `expect: pass` for the whole",
            );
            return None;
        };
        Some(Case {
            name,
            params,
            target,
            given,
            others,
            files: std::mem::take(&mut self.files),
            expect: self.expect(expected)?,
        })
    }

    fn missing(&mut self, fields: &Fields<'_>, key: &str, fix: &str) {
        let start = fields.span.start;
        let span = Span {
            start,
            end: start + 1,
        };
        self.reader
            .error(span, format!("the test has no `{key}`"), fix);
    }

    fn params(&mut self, fields: &Fields<'_>) -> Vec<(String, String)> {
        let node = fields.get("params");
        let entries = node
            .and_then(|node| self.reader.map(node, "`params`"))
            .unwrap_or_default();
        let given: Vec<_> = entries
            .iter()
            .filter_map(|(key, node)| Some((key.text.clone(), self.param(key, node)?)))
            .collect();
        if let Err(unfit) = bind(self.subjects.params, &given) {
            let span = node.map_or_else(
                || Span {
                    start: fields.span.start,
                    end: fields.span.start + 1,
                },
                |node| node.span,
            );
            for one in unfit {
                self.reader
                    .error(span, format!("in this test, {}", one.headline), one.fix);
            }
        }
        given
    }

    fn param(&mut self, key: &Key, node: &Node) -> Option<String> {
        let what = format!("the param `{}`", key.text);
        match &node.value {
            Yaml::List(items) => {
                let words: Option<Vec<_>> = items
                    .iter()
                    .map(|item| self.reader.word(item, &what))
                    .collect();
                Some(words?.join(","))
            }
            _ => self.reader.word(node, &what).map(str::to_owned),
        }
    }

    fn target(&mut self, node: &Node) -> Target {
        let mut target = patient();
        let Some(fields) = self.reader.fields(node, "`target`", &names(SUBJECT), &[]) else {
            return target;
        };
        for (key, place) in [
            ("namespace", &mut target.namespace),
            ("pod", &mut target.pod),
            ("container", &mut target.container),
            ("node", &mut target.node),
        ] {
            if let Some(text) = fields
                .get(key)
                .and_then(|node| self.reader.text(node, &format!("`{key}`")))
            {
                *place = Some(text.to_owned());
            }
        }
        for (key, node) in fields
            .get("labels")
            .and_then(|node| self.reader.map(node, "`labels`"))
            .unwrap_or_default()
        {
            if let Some(text) = self.reader.text(node, "a label") {
                target.labels.insert(key.text.clone(), text.to_owned());
            }
        }
        target
    }

    fn given(&mut self, node: &Node) -> Vec<(String, Vec<Canned>)> {
        let mut given = Vec::new();
        for (key, node) in self.reader.map(node, "`given`").unwrap_or_default() {
            let Some(step) = self.subjects.steps.iter().find(|step| step.id == key.text) else {
                let ids = self.subjects.steps.iter().map(|step| step.id.as_str());
                self.unknown(key, "step", ids.collect());
                continue;
            };
            let items = match &node.value {
                Yaml::List(_) => self.reader.list(node, "the answers").unwrap_or_default(),
                _ => std::slice::from_ref(node),
            };
            let replies: Vec<_> = items
                .iter()
                .enumerate()
                .filter_map(|(turn, item)| self.reply(item, Some(step), turn))
                .collect();
            given.push((key.text.clone(), replies));
        }
        given
    }

    fn expect(&mut self, node: &Node) -> Option<Expect> {
        if let Yaml::Text(word) = &node.value {
            return choice(self.reader, node, word, "status of a target", &STATUSES)
                .map(Expect::Whole);
        }
        let entries = self.reader.map(node, "`expect`")?;
        if entries.is_empty() {
            self.reader.error(
                node.span,
                "the test expects nothing",
                "write `check-or-step: verdict`, or `expect: pass` for the whole",
            );
        }
        let list = entries
            .iter()
            .filter_map(|(key, node)| self.expected(key, node))
            .collect();
        Some(Expect::Each(list))
    }

    fn expected(&mut self, key: &Key, node: &Node) -> Option<Expected> {
        let steps = self.subjects.steps;
        let checks: Vec<_> = steps.iter().flat_map(|step| step.check_ids()).collect();
        let of = if checks.contains(&key.text.as_str()) {
            Subject::Check(key.text.clone())
        } else if steps.iter().any(|step| step.id == key.text) {
            Subject::Step(key.text.clone())
        } else {
            let ids = steps.iter().map(|step| step.id.as_str());
            self.unknown(
                key,
                "check or step",
                checks.into_iter().chain(ids).collect(),
            );
            return None;
        };
        let word = self.reader.text(node, "the verdict")?;
        let verdicts = Verdict::ALL.map(|verdict| (verdict, verdict.word()));
        let verdict = choice(self.reader, node, word, "verdict", &verdicts)?;
        Some(Expected { of, verdict })
    }

    pub(super) fn unknown(&mut self, key: &Key, what: &str, known: Vec<&str>) {
        let (headline, fix) = match near(&key.text, known.iter().copied()) {
            Some(near) => (
                format!("there is no {what} `{}`; did you mean `{near}`?", key.text),
                format!("write `{near}`"),
            ),
            None => (
                format!("there is no {what} `{}`", key.text),
                format!("there are {}", known.join(", ")),
            ),
        };
        self.reader.error(key.span, headline, fix);
    }
}

fn patient() -> Target {
    let mut target = Target::pod("default", "patient");
    target.container = Some("app".into());
    target
}
