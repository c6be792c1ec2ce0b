//! Reading one answer of a test.

use serde_json::{Map, Number, Value};

use super::OutputFile;
use super::read::Scribe;
use crate::ask::{Canned, Captured, Ended, FileStatus};
use crate::runbook::document::Step;
use crate::runbook::keys::{FILE, REPLY, names};
use crate::runbook::reader::Fields;
use crate::step::Kind;
use crate::yaml::{Node, Scalar, Yaml};

impl Scribe<'_, '_, '_> {
    pub(super) fn others(&mut self, node: &Node) -> Option<Canned> {
        match &node.value {
            Yaml::Text(word) if word == "unavailable" => {
                let mut canned = Canned::silent(Ended::Exited(127));
                canned.answer.stderr = Captured::whole("not given in this test");
                Some(canned)
            }
            Yaml::Map(_) => self.reply(node, None, 0),
            _ => {
                self.reader.error(
                    node.span,
                    "`others` is neither `unavailable` nor an answer",
                    "write `others: unavailable`, or an answer such as `others: {exit: 0}`",
                );
                None
            }
        }
    }

    pub(super) fn reply(
        &mut self,
        node: &Node,
        step: Option<&Step>,
        turn: usize,
    ) -> Option<Canned> {
        let fields = self.reader.fields(node, "the answer", &names(REPLY), &[])?;
        let ended = self.ended(&fields);
        let mut canned = Canned::silent(ended);
        if let Some(text) = fields
            .get("stdout")
            .and_then(|node| self.reader.word(node, "`stdout`"))
        {
            canned.answer.stdout = Captured::whole(text);
        }
        if let Some(text) = fields
            .get("stderr")
            .and_then(|node| self.reader.word(node, "`stderr`"))
        {
            canned.answer.stderr = Captured::whole(text);
        }
        canned.answer.stdout.truncated = fields
            .get("truncated")
            .and_then(|node| self.reader.boolean(node, "`truncated`"))
            .unwrap_or(false);
        canned.answer.duration = fields
            .get("duration")
            .and_then(|node| self.reader.duration(node, "`duration`"))
            .unwrap_or_default();
        canned.answer.file = fields.get("file").and_then(|node| self.file(node));
        canned.facts = match (fields.get("facts"), step) {
            (Some(node), Some(step)) => self.facts(node, &step.kind),
            (Some(node), None) => {
                self.reader.error(
                    node.span,
                    "facts belong to one step, and `others` are many",
                    "give them under the id of their step",
                );
                None
            }
            (None, _) => None,
        };
        if let Some((key, node)) = fields.entry("stdout_file") {
            if fields.entry("stdout").is_some() || step.is_none() {
                self.reader.error(
                    key.span,
                    "`stdout_file` stands beside `stdout`, or outside of a step",
                    "write one of them, under the id of its step",
                );
            }
            let path = self.reader.text(node, "`stdout_file`")?.to_owned();
            if path.starts_with('/') || path.split('/').any(|part| part == "..") {
                self.reader.error(
                    node.span,
                    "the file is outside of the runbook's folder",
                    "keep outputs beside the runbook, and name them from there",
                );
            }
            let step = step.map_or_else(String::new, |step| step.id.clone());
            self.files.push(OutputFile { path, step, turn });
        }
        Some(canned)
    }

    fn ended(&mut self, fields: &Fields<'_>) -> Ended {
        let timed_out = fields
            .get("timed_out")
            .and_then(|node| self.reader.boolean(node, "`timed_out`"))
            .unwrap_or(false);
        match fields.entry("exit") {
            Some((key, _)) if timed_out => {
                self.reader.error(
                    key.span,
                    "what timed out has no exit code",
                    "take `exit` or `timed_out` out",
                );
                Ended::TimedOut
            }
            Some((_, node)) => Ended::Exited(self.int(node, "`exit`", 0, 255).unwrap_or(0)),
            None if timed_out => Ended::TimedOut,
            None => Ended::Exited(0),
        }
    }

    fn int<T: TryFrom<i64>>(
        &mut self,
        node: &Node,
        what: &str,
        least: i64,
        most: i64,
    ) -> Option<T> {
        match &node.value {
            Yaml::Scalar(Scalar::Int(number), _) if (least..=most).contains(number) => {
                T::try_from(*number).ok()
            }
            _ => {
                self.reader.error(
                    node.span,
                    format!("{what} is no whole number from {least} to {most}"),
                    "write digits only",
                );
                None
            }
        }
    }

    fn file(&mut self, node: &Node) -> Option<FileStatus> {
        let fields = self.reader.fields(node, "`file`", &names(FILE), &[])?;
        let mut word = |key: &str, default: &str| {
            fields
                .get(key)
                .and_then(|node| self.reader.word(node, &format!("`{key}`")))
                .unwrap_or(default)
                .to_owned()
        };
        let (kind, mode, resolved) = (
            word("kind", "file"),
            word("mode", "644"),
            word("resolved", ""),
        );
        let mut number = |key: &str| {
            let node = fields.get(key)?;
            self.int::<i64>(node, &format!("`{key}`"), 0, i64::from(u32::MAX))
        };
        Some(FileStatus {
            resolved,
            kind,
            mode,
            uid: number("uid")
                .and_then(|uid| uid.try_into().ok())
                .unwrap_or(0),
            gid: number("gid")
                .and_then(|gid| gid.try_into().ok())
                .unwrap_or(0),
            size: number("size").map_or(0, i64::unsigned_abs),
            mtime: number("mtime"),
        })
    }

    fn facts(&mut self, node: &Node, kind: &Kind) -> Option<Map<String, Value>> {
        let known: Vec<_> = kind.facts().collect();
        let entries = self.reader.map(node, "`facts`")?;
        if known.is_empty() {
            self.reader.error(
                node.span,
                format!("`{}` yields no facts of its own", kind.word()),
                "write what the command says as `stdout`",
            );
            return None;
        }
        let mut facts = Map::new();
        for (key, node) in entries {
            if known.contains(&key.text.as_str()) {
                facts.insert(key.text.clone(), value(node));
            } else {
                self.unknown(key, &format!("fact of `{}`", kind.word()), known.clone());
            }
        }
        Some(facts)
    }
}

fn value(node: &Node) -> Value {
    match &node.value {
        Yaml::Null => Value::Null,
        Yaml::Scalar(Scalar::Bool(value), _) => (*value).into(),
        Yaml::Scalar(Scalar::Int(value), _) => (*value).into(),
        Yaml::Scalar(Scalar::Float(value), _) => {
            Number::from_f64(*value).map_or(Value::Null, Value::Number)
        }
        Yaml::Text(text) => text.clone().into(),
        Yaml::List(items) => items.iter().map(value).collect(),
        Yaml::Map(entries) => entries
            .iter()
            .map(|(key, node)| (key.text.clone(), value(node)))
            .collect::<Map<_, _>>()
            .into(),
    }
}
