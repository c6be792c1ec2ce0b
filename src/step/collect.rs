//! `collect`: brings files of the patient, byte for byte, as artefacts of the report.
//!
//! Paths are asked for first, and the files that a glob turned out to match after them; each file is read as `file` reads it, so that
//! no link leads out of the patient's root. A file is brought whole or not at all.

mod item;

use std::sync::Arc;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::about::{About, Fact, Field, Shape};
use super::{Asking, Observation, Registered, Spec, Unfit, answer};
use crate::ask::{Answer, Ask, Ended, Layout, MAX_CAP, Question};
use crate::report::{Artifact, Verdict};
use crate::script::{Scope, TemplateError};
use item::{Item, Place};

/// Files that one glob may bring.
const MOST: u64 = 64;

/// Bytes that all files of one glob may come to.
const TOTAL: u64 = 64 * 1024 * 1024;

pub(super) const KIND: Registered = Registered {
    about: &ABOUT,
    build,
};

const ITEM: &[Field] = &[
    Field::new("path", Shape::Text, "a file, as the patient sees it")
        .alone()
        .begins(&["/"]),
    Field::new(
        "glob",
        Shape::Text,
        "files by a pattern of `*`, `?` and `[…]`, which match within one folder; at most 64",
    )
    .alone()
    .begins(&["/"]),
    Field::new(
        "name",
        Shape::Text,
        "name of the artefact; of a glob the folder for them, ending in `/`; the path when not given",
    ),
    Field::new(
        "max",
        Shape::Size(MAX_CAP),
        "bytes of one file: a larger one is not brought",
    )
    .or("1MiB"),
    Field::new(
        "redact",
        Shape::Word(&["yaml", "env"]),
        "how the file is laid out: the values of keys such as `password` or `api_key` are masked whole in it, beside all that is masked anywhere",
    ),
    Field::new(
        "optional",
        Shape::Bool,
        "true where it is no failure that nothing can be brought",
    )
    .or("false"),
    Field::new(
        "fact",
        Shape::Text,
        "of a path: the name of a fact that holds its text",
    ),
];

const ABOUT: About = About {
    word: "collect",
    purpose: "files of the patient, byte for byte, as artefacts of the report; written to a folder by `run --artifacts DIR`; the timeout is that of each file",
    ways: &[],
    short: Some("files"),
    fields: &[Field::new("files", Shape::Records(ITEM), "what to bring").required()],
    facts: &[Fact::new(
        "files",
        "list of maps: name, path, bytes, sha256",
        "what was brought; a `fact` that was named holds the text of its file, and is not set where that was not brought",
    )],
    example: "collect: [{path: /etc/resolv.conf, fact: resolv_conf}, {glob: '/app/config/*.yaml', name: config/, optional: true}]",
};

#[derive(Debug)]
struct Collect {
    items: Vec<Item>,
}

fn build(spec: &Spec, _: &[String]) -> Result<Arc<dyn Asking>, Unfit> {
    let items = spec.records("files").iter().map(Item::read);
    Ok(Arc::new(Collect {
        items: items.collect::<Result<_, _>>()?,
    }))
}

/// One file that was asked for.
struct Brought<'a> {
    item: &'a Item,
    /// The path of a glob's match.
    path: Option<String>,
    answer: Option<&'a Answer>,
}

impl Collect {
    /// Every file that was asked for, or is to be, with its answer where there is one: paths first, then the matches of each glob.
    fn files<'a>(&'a self, answers: &'a [Answer]) -> Vec<Brought<'a>> {
        let first = self.items.iter().zip(answers);
        let mut files: Vec<Brought> = first
            .clone()
            .filter(|(item, _)| item.place == Place::Path)
            .map(|(item, answer)| Brought {
                item,
                path: None,
                answer: Some(answer),
            })
            .collect();
        let mut rest = answers.iter().skip(self.items.len());
        for (item, answer) in first.filter(|(item, _)| item.place == Place::Glob) {
            for path in matches(answer) {
                files.push(Brought {
                    item,
                    path: Some(path),
                    answer: rest.next(),
                });
            }
        }
        files
    }

    /// What was brought, each under a name of its own.
    fn artifacts<'a>(&'a self, answers: &'a [Answer]) -> Vec<(Artifact, Option<&'a str>)> {
        let mut artifacts: Vec<(Artifact, Option<&str>)> = Vec::new();
        for file in self.files(answers) {
            let Some((answer, status)) = file
                .answer
                .filter(|answer| whole(answer))
                .and_then(|answer| Some((answer, answer.file.as_ref()?)))
            else {
                continue;
            };
            let path = file.path.as_deref().unwrap_or(&status.resolved);
            let wanted = file.item.name(path);
            let mut name = wanted.clone();
            let mut number = 1;
            while artifacts.iter().any(|(one, _)| one.name == name) {
                number += 1;
                name = format!("{wanted}.{number}");
            }
            let bytes = &answer.stdout.bytes;
            let artifact = Artifact {
                name,
                path: path.to_owned(),
                bytes: bytes.len() as u64,
                sha256: format!("{:x}", Sha256::digest(bytes)),
                content: Some(bytes.clone().into()),
            };
            artifacts.push((artifact, file.item.fact.as_deref()));
        }
        artifacts
    }

    /// What could not be brought, each with its words and whether that was allowed for.
    fn missing(&self, answers: &[Answer]) -> Vec<(bool, Option<Verdict>, String)> {
        let mut missing = Vec::new();
        for (item, answer) in self.items.iter().zip(answers) {
            if item.place != Place::Glob {
                continue;
            }
            let found = matches(answer).len() as u64;
            if let Some(verdict) = undetermined(answer) {
                missing.push((item.optional, Some(verdict), words(answer)));
            } else if answer.stdout.truncated || found > MOST {
                missing.push((
                    false,
                    Some(Verdict::Error),
                    format!(
                        "{}: more than {MOST} files match; write a narrower pattern",
                        item.source()
                    ),
                ));
            } else if found == 0 {
                missing.push((
                    item.optional,
                    None,
                    format!("{}: no file matches", item.source()),
                ));
            }
        }
        for file in self.files(answers) {
            let Some(answer) = file.answer.filter(|answer| !whole(answer)) else {
                continue;
            };
            let size = answer.file.as_ref().map_or(0, |status| status.size);
            let words = if answer.ended == Ended::Exited(0) {
                let path = answer.file.as_ref().map_or_else(
                    || file.item.source().to_owned(),
                    |status| status.resolved.clone(),
                );
                format!(
                    "{path}: {size} bytes are more than the {} that may be brought; raise `max`",
                    file.item.max
                )
            } else {
                words(answer)
            };
            missing.push((file.item.optional, undetermined(answer), words));
        }
        missing
    }
}

/// The paths that a glob matched.
fn matches(answer: &Answer) -> Vec<String> {
    answer
        .stdout
        .bytes
        .split(|byte| *byte == 0)
        .filter(|path| !path.is_empty())
        .map(|path| String::from_utf8_lossy(path).into_owned())
        .collect()
}

/// True where a regular file came to its end.
fn whole(answer: &Answer) -> bool {
    answer.ended == Ended::Exited(0)
        && !answer.stdout.truncated
        && answer
            .file
            .as_ref()
            .is_some_and(|status| status.kind == "file")
}

/// Why it could not be looked at, where that is so.
fn undetermined(answer: &Answer) -> Option<Verdict> {
    match &answer.ended {
        Ended::Exited(answer::CANNOT_LOOK | 126 | 127) => Some(Verdict::Unavailable),
        Ended::Exited(0 | 1) | Ended::Released => None,
        // Ended before it had found out.
        Ended::Exited(_) => Some(Verdict::Error),
        Ended::TimedOut => Some(Verdict::Timeout),
        Ended::Cancelled => Some(Verdict::Error),
        Ended::Lost(_) => Some(Verdict::Unreachable),
    }
}

fn words(answer: &Answer) -> String {
    match &answer.ended {
        Ended::Lost(why) => why.clone(),
        Ended::Cancelled => "interrupted".into(),
        _ => answer::last_word(answer).unwrap_or_else(|| "it could not be read".into()),
    }
}

impl Asking for Collect {
    fn needs_root(&self) -> bool {
        false
    }

    fn keeps(&self) -> bool {
        true
    }

    fn yields(&self) -> Vec<String> {
        self.items
            .iter()
            .filter_map(|item| item.fact.clone())
            .collect()
    }

    fn asks(&self, scope: &Scope<'_>) -> Result<Vec<Ask>, TemplateError> {
        let mut asks = Vec::new();
        for item in &self.items {
            let path = item.path(scope)?;
            asks.push(match item.place {
                Place::Path => read(path, item.max, item.layout),
                Place::Glob => Ask::new(Question::Glob {
                    pattern: path,
                    most: MOST,
                }),
            });
        }
        Ok(asks)
    }

    fn more(&self, answers: &[Answer]) -> Vec<Ask> {
        let mut asks = Vec::new();
        for (item, answer) in self.items.iter().zip(answers) {
            if item.place != Place::Glob {
                continue;
            }
            let paths = matches(answer);
            let share = TOTAL / (paths.len() as u64).max(1);
            // One too many is told, and none of them brought.
            if paths.len() as u64 <= MOST && !answer.stdout.truncated {
                asks.extend(
                    paths
                        .into_iter()
                        .map(|path| read(path, item.max.min(share), item.layout)),
                );
            }
        }
        asks
    }

    fn artifacts(&self, answers: &[Answer]) -> Vec<Artifact> {
        let artifacts = self.artifacts(answers);
        artifacts
            .into_iter()
            .map(|(artifact, _)| artifact)
            .collect()
    }

    fn read(&self, answers: &[Answer], _: &str) -> Observation {
        let artifacts = self.artifacts(answers);
        let missing = self.missing(answers);
        let blocked = missing.iter().find_map(|(optional, verdict, words)| {
            verdict
                .filter(|_| !optional)
                .map(|verdict| (verdict, words.clone()))
        });
        let failed = missing.iter().any(|(optional, _, _)| !optional);
        let said: Vec<&str> = missing.iter().map(|(_, _, words)| words.as_str()).collect();
        let duration: f64 = answers
            .iter()
            .map(|answer| answer.duration.as_secs_f64())
            .sum();
        let mut facts = Map::new();
        facts.insert("exit".into(), i32::from(failed).into());
        facts.insert("stdout".into(), "".into());
        facts.insert("stderr".into(), said.join("\n").into());
        facts.insert("duration".into(), ((duration * 1e6).round() / 1e6).into());
        for name in self.yields() {
            facts.insert(name, Value::Null);
        }
        for (artifact, fact) in &artifacts {
            if let (Some(fact), Some(content)) = (fact, &artifact.content) {
                facts.insert((*fact).to_owned(), String::from_utf8_lossy(content).into());
            }
        }
        let files: Vec<Value> = artifacts
            .iter()
            .map(|(one, _)| json!({"name": one.name, "path": one.path, "bytes": one.bytes, "sha256": one.sha256}))
            .collect();
        facts.insert("files".into(), files.into());
        Observation {
            facts,
            blocked,
            truncated: false,
        }
    }
}

fn read(path: String, max: u64, layout: Option<Layout>) -> Ask {
    let mut ask = Ask::new(Question::File { path, max });
    ask.stdout_cap = max;
    ask.layout = layout;
    ask
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::ask::{Captured, FileStatus};
    use crate::script::Template;
    use crate::step::{Given, Kind};

    fn text(source: &str) -> Given {
        Given::Text(Template::parse(source).unwrap())
    }

    fn collect(items: &[&[(&'static str, Given)]]) -> Result<Kind, Unfit> {
        let records = items.iter().map(|keys| {
            let mut spec = Spec::default();
            for (key, value) in *keys {
                spec.give(key, value.clone());
            }
            spec
        });
        let mut spec = Spec::default();
        spec.give("files", Given::Records(records.collect()));
        Kind::build(&KIND, spec, &[])
    }

    fn answer(code: i32, out: &[u8], err: &str) -> Answer {
        Answer {
            ended: Ended::Exited(code),
            stdout: Captured::whole(out),
            stderr: Captured::whole(err),
            started: jiff::Timestamp::UNIX_EPOCH,
            duration: Duration::ZERO,
            file: None,
            progress: None,
            remarks: Vec::new(),
        }
    }

    fn file(path: &str, out: &[u8]) -> Answer {
        let status = FileStatus {
            resolved: path.into(),
            kind: "file".into(),
            mode: "644".into(),
            uid: 0,
            gid: 0,
            size: out.len() as u64,
            mtime: None,
        };
        Answer {
            file: Some(status),
            ..answer(0, out, "")
        }
    }

    #[test]
    fn who_was_ended_while_it_looked_has_not_found_that_there_is_none() {
        for item in [[("path", text("/a"))], [("glob", text("/*"))]] {
            let kind = collect(&[&item]).unwrap();
            let killed = kind.read(&[answer(137, b"", "Killed\n")], "x");
            assert_eq!(killed.blocked, Some((Verdict::Error, "Killed".into())));
        }
    }

    #[test]
    fn promise_1_a_path_that_came_from_a_program_is_never_read_as_a_template() {
        let path = Given::Text(Template::literal("/srv/{{name}}/{{"));
        let kind = collect(&[&[("path", path)]]).unwrap();
        let mut names = Map::new();
        names.insert("name".into(), "x".into());
        let asked = kind.asks(&Scope::of(&names)).unwrap();
        assert_eq!(asked[0].argv(), ["file", "/srv/{{name}}/{{"]);
    }

    #[test]
    fn files_are_brought_with_their_digests_and_those_of_a_glob_after_the_paths() {
        let kind = collect(&[
            &[("glob", text("/app/*.yaml")), ("name", text("config/"))],
            &[
                ("path", text("{{target_root}}/etc/resolv.conf")),
                ("fact", text("resolv")),
            ],
        ])
        .unwrap();
        let first = kind.asks(&Scope::new()).unwrap();
        assert_eq!(first[0].argv(), ["glob", "/app/*.yaml"]);
        assert_eq!(first[1].argv(), ["file", "/etc/resolv.conf"]);
        let mut answers = vec![
            answer(0, b"/app/a.yaml\0/app/b.yaml\0", ""),
            file("/run/resolv.conf", b"nameserver ::1\n"),
        ];
        let more = kind.more(&answers);
        assert_eq!(more.len(), 2);
        answers.extend([file("/app/..1/a.yaml", b"\xff\0"), file("/app/b.yaml", b"")]);
        let artifacts = kind.artifacts(&answers);
        let names: Vec<_> = artifacts.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["etc/resolv.conf", "config/a.yaml", "config/b.yaml"]);
        assert_eq!(artifacts[1].content.as_deref(), Some(&b"\xff\0"[..]));
        assert_eq!(
            artifacts[2].sha256,
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        let read = kind.read(&answers, "");
        assert_eq!((read.blocked, &read.facts["exit"]), (None, &json!(0)));
        assert_eq!(read.facts["resolv"], "nameserver ::1\n");
    }

    #[test]
    fn what_is_not_there_fails_unless_it_is_optional_and_what_is_cut_is_not_brought() {
        let path = |optional| {
            collect(&[&[
                ("path", text("/x")),
                ("fact", text("x")),
                ("optional", Given::Bool(optional)),
            ]])
            .unwrap()
        };
        let gone = [answer(1, b"", "/x: no such file or directory")];
        let read = path(false).read(&gone, "");
        assert_eq!(
            (&read.facts["exit"], &read.facts["x"]),
            (&json!(1), &Value::Null)
        );
        assert_eq!(path(true).read(&gone, "").facts["exit"], 0);
        let mut large = file("/x", b"half");
        large.stdout.truncated = true;
        let read = path(false).read(&[large.clone()], "");
        assert_eq!(read.facts["exit"], 1);
        assert!(
            read.facts["stderr"]
                .as_str()
                .unwrap()
                .contains("raise `max`"),
            "{:?}",
            read.facts
        );
        assert!(path(false).artifacts(&[large]).is_empty());
        let denied = [answer(126, b"", "/x: permission denied")];
        assert_eq!(
            path(false).read(&denied, "").blocked,
            Some((Verdict::Unavailable, "/x: permission denied".into()))
        );
        assert_eq!(path(true).read(&denied, "").blocked, None);
    }

    #[test]
    fn too_many_matches_bring_none() {
        let kind = collect(&[&[("glob", text("/p/*")), ("optional", Given::Bool(true))]]).unwrap();
        let many: Vec<u8> = (0..=MOST)
            .flat_map(|n| format!("/p/{n}\0").into_bytes())
            .collect();
        let answers = [answer(0, &many, "")];
        assert!(kind.more(&answers).is_empty());
        assert_eq!(
            kind.read(&answers, "").blocked.map(|(verdict, _)| verdict),
            Some(Verdict::Error)
        );
    }

    #[test]
    fn no_name_leads_out_of_the_folder_of_the_artefacts() {
        for name in ["/etc/passwd", "../x", "a/../../x", "", "a//b", "."] {
            let spec: &[(&'static str, Given)] = &[("path", text("/x")), ("name", text(name))];
            assert!(collect(&[spec]).is_err(), "{name:?}");
        }
        let kind = collect(&[&[("glob", text("/p/*"))]]).unwrap();
        let hostile = "/p/a\\b\u{1b}[31m\n";
        let answers = [
            answer(0, format!("{hostile}\0").as_bytes(), ""),
            file(hostile, b"x"),
        ];
        let artifacts = kind.artifacts(&answers);
        assert_eq!(artifacts[0].name, "p/a_b_[31m_");
        assert_eq!(artifacts[0].path, hostile);
    }
}
