//! `kube`: reads of the Kubernetes API. No debug container is needed for them.

mod pod;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::about::{About, Fact, Field, Shape};
use super::{Asking, Observation, Registered, Spec, Unfit, answer};
use crate::ask::{Answer, ApiRead, Ask, MAX_CAP, Need, Question, RESOURCES, Resource, Whom};
use crate::report::Verdict;
use crate::script::{Scope, Template, TemplateError};
use crate::target::subdomain;

/// Lines of a log when a step says nothing.
const TAIL: u64 = 200;

/// How far back events are told when a step says nothing: the server keeps them for an hour.
const SINCE: Duration = Duration::from_secs(3600);

/// The keys of which a step has exactly one.
const READS: [&str; 4] = ["object", "events", "logs", "endpoints"];

pub(super) const KIND: Registered = Registered {
    about: &ABOUT,
    build,
};

const EVENTS: &[Field] = &[
    Field::new(
        "object",
        Shape::Text,
        "what they are about: `pod`, `owner`, `node`, or KIND/NAME; those of a node are in the namespace `default`",
    )
    .or("pod"),
    Field::new("since", Shape::Duration, "how far back").or("1h"),
];

const LOGS: &[Field] = &[
    Field::new(
        "container",
        Shape::Text,
        "a container of the pod; the examined one when not given",
    ),
    Field::new(
        "previous",
        Shape::Bool,
        "true for the container that ran before the last restart",
    )
    .or("false"),
    Field::new("tail", Shape::Int(1, 100_000), "lines from the end").or("200"),
    Field::new(
        "since",
        Shape::Duration,
        "how far back; all that is kept when not given",
    ),
];

const ENDPOINTS: &[Field] = &[Field::new(
    "service",
    Shape::Text,
    "name of a service in the pod's namespace",
)
.required()];

const ABOUT: About = About {
    word: "kube",
    purpose: "a read of the Kubernetes API, by exactly one of its keys; needs no debug container, and cannot read Secrets",
    ways: &[],
    short: None,
    fields: &[
        Field::new(
            "object",
            Shape::Text,
            "an object: `pod`, `owner`, `node`, or KIND/NAME such as `service/web`",
        )
        .alone(),
        Field::new(
            "events",
            Shape::Record(EVENTS),
            "the events about an object",
        )
        .alone(),
        Field::new("logs", Shape::Record(LOGS), "the end of a container's log").alone(),
        Field::new(
            "endpoints",
            Shape::Record(ENDPOINTS),
            "the endpoints behind a service",
        )
        .alone(),
    ],
    facts: &[
        Fact::new("exists", "bool", "of `object`: whether it is there"),
        Fact::new(
            "object",
            "map",
            "of `object`: the object as the server holds it, without `managedFields`",
        ),
        Fact::new(
            "phase",
            "text",
            "of a pod: `Pending`, `Running`, `Succeeded`, `Failed`, `Unknown`",
        ),
        Fact::new(
            "reason",
            "text",
            "of a pod: what `kubectl get pods` shows as its status, such as `CrashLoopBackOff`, `Init:Error`, `Running`",
        ),
        Fact::new(
            "restarts",
            "int",
            "of a pod: restarts of all its containers",
        ),
        Fact::new("ready", "bool", "of a pod: whether it counts as ready"),
        Fact::new(
            "containers",
            "list of maps: name, init, ready, restarts, state, reason, message, exit_code, last_reason, last_exit_code, last_finished, image, limits, requests",
            "of a pod: its containers, those of its start first; `state` is `waiting`, `running`, `terminated` or `unknown`; what is not known is not set",
        ),
        Fact::new(
            "rows",
            "list of maps: type, reason, message, count, first, last, object; or: ip, ready, node, pod, port",
            "of `events`, oldest first; of `endpoints`, one for each address and port",
        ),
        Fact::new("text", "text", "of `logs`: what was written"),
    ],
    example: "kube: {events: {object: pod, since: 15m}}",
};

#[derive(Debug)]
struct Kube {
    spec: Spec,
    read: Form,
}

/// What is read, before templates are rendered.
#[derive(Debug)]
enum Form {
    Object(Named),
    Events(Named),
    Logs,
    Endpoints,
}

/// An object whose kind is known and whose name may still be a template.
#[derive(Debug)]
enum Named {
    Whom(Whom),
    Template(&'static Resource, Template),
}

fn build(spec: &Spec, _: &[String]) -> Result<Arc<dyn Asking>, Unfit> {
    let given: Vec<_> = READS.into_iter().filter(|key| spec.has(key)).collect();
    let amiss = |headline: String| {
        let fix = format!("give it exactly one of {}", READS.join(", "));
        Err(Unfit::new(None, headline, fix))
    };
    let one = match given.as_slice() {
        [one] => *one,
        [] => return amiss("`kube` reads nothing".into()),
        [first, second, ..] => return amiss(format!("`kube` reads both `{first}` and `{second}`")),
    };
    let read = match one {
        "object" => Form::Object(named(spec.text("object"), "object")?),
        "events" => {
            let about = spec
                .record("events")
                .and_then(|events| events.text("object"));
            Form::Events(named(about, "events")?)
        }
        "logs" => Form::Logs,
        _ => Form::Endpoints,
    };
    Ok(Arc::new(Kube {
        spec: spec.clone(),
        read,
    }))
}

/// Reads `pod`, `owner`, `node` or KIND/NAME. The kind must be written out: the rights of a run are known before it.
fn named(text: Option<&Template>, field: &'static str) -> Result<Named, Unfit> {
    let source = text.map_or("pod", Template::source).trim();
    let (word, name) = match (source, source.split_once('/')) {
        ("pod", _) => return Ok(Named::Whom(Whom::Pod)),
        ("owner", _) => return Ok(Named::Whom(Whom::Owner)),
        ("node", _) => return Ok(Named::Whom(Whom::Node)),
        (_, Some(parts)) => parts,
        (word, None) => (word, ""),
    };
    let known = || {
        let words: Vec<_> = RESOURCES.iter().map(Resource::word).collect();
        format!(
            "write `pod`, `owner`, `node`, or KIND/NAME with one of {}",
            words.join(", ")
        )
    };
    if matches!(word, "secret" | "secrets") {
        return Err(Unfit::new(
            field,
            "a Secret cannot be read: its values would stand in the report",
            "look at the object that uses it, such as `kube: {object: pod}`",
        ));
    }
    let Some(resource) = Resource::of(word) else {
        return Err(Unfit::new(
            field,
            format!("`{word}` is no kind of object that can be read"),
            known(),
        ));
    };
    if name.is_empty() {
        return Err(Unfit::new(
            field,
            format!("`{source}` has no name"),
            format!("write `{}/NAME`", resource.word()),
        ));
    }
    let name = text
        .map_or_else(|| Ok(Template::literal(name)), |whole| whole.part(name))
        .map_err(|error| Unfit::new(field, error.message, "write `KIND/{{ name }}`"))?;
    Ok(Named::Template(resource, name))
}

impl Named {
    fn render(&self, scope: &Scope<'_>) -> Result<Whom, TemplateError> {
        match self {
            Self::Whom(whom) => Ok(whom.clone()),
            Self::Template(resource, name) => Ok(Whom::Named {
                kind: resource.word().into(),
                name: object_name(&name.render(scope)?)?,
            }),
        }
    }

    fn unrendered(&self) -> Whom {
        match self {
            Self::Whom(whom) => whom.clone(),
            Self::Template(resource, name) => Whom::Named {
                kind: resource.word().into(),
                name: name.source().into(),
            },
        }
    }

    fn is_pod(&self) -> bool {
        match self {
            Self::Whom(whom) => *whom == Whom::Pod,
            Self::Template(resource, _) => resource.plural == "pods",
        }
    }
}

/// A name goes into a path: nothing that is no name may.
fn object_name(name: &str) -> Result<String, TemplateError> {
    match subdomain(name) {
        Ok(()) => Ok(name.into()),
        Err(why) => Err(TemplateError {
            message: format!("{name:?} cannot be the name of an object: {why}"),
            offset: None,
        }),
    }
}

impl Kube {
    fn logs(&self, scope: &Scope<'_>) -> Result<ApiRead, TemplateError> {
        let nothing = Spec::default();
        let logs = self.spec.record("logs").unwrap_or(&nothing);
        let container = logs.render("container", scope)?;
        Ok(ApiRead::Logs {
            container: container.as_deref().map(object_name).transpose()?,
            previous: logs.flag("previous"),
            tail: logs
                .int(LOGS, "tail", scope)?
                .and_then(|lines| u64::try_from(lines).ok())
                .unwrap_or(TAIL),
            since: logs.duration("since"),
        })
    }

    fn since(&self) -> Duration {
        self.spec
            .record("events")
            .and_then(|events| events.duration("since"))
            .unwrap_or(SINCE)
    }
}

impl Asking for Kube {
    fn needs(&self) -> Vec<Need> {
        let read = match &self.read {
            Form::Object(named) => ApiRead::Object(named.unrendered()),
            Form::Events(named) => ApiRead::Events {
                of: named.unrendered(),
                since: self.since(),
            },
            Form::Logs => ApiRead::Logs {
                container: None,
                previous: false,
                tail: TAIL,
                since: None,
            },
            Form::Endpoints => ApiRead::Endpoints {
                service: String::new(),
            },
        };
        read.needs()
    }

    fn asks(&self, scope: &Scope<'_>) -> Result<Vec<Ask>, TemplateError> {
        let read = match &self.read {
            Form::Object(named) => ApiRead::Object(named.render(scope)?),
            Form::Events(named) => ApiRead::Events {
                of: named.render(scope)?,
                since: self.since(),
            },
            Form::Logs => self.logs(scope)?,
            Form::Endpoints => {
                let service = self.spec.record("endpoints");
                let service = service
                    .map(|endpoints| endpoints.render("service", scope))
                    .transpose()?
                    .flatten()
                    .unwrap_or_default();
                ApiRead::Endpoints {
                    service: object_name(&service)?,
                }
            }
        };
        let mut ask = Ask::new(Question::Kube(read));
        if !matches!(self.read, Form::Logs) {
            // Half an object is none.
            ask.stdout_cap = MAX_CAP;
        }
        Ok(vec![ask])
    }

    fn read(&self, answers: &[Answer], _: &str) -> Observation {
        let mut observation = answer::observe(answers, |answer, _| said(answer));
        let Some(answer) = answers.first() else {
            return observation;
        };
        let exit = answer.ended.exit();
        if exit == Some(answer::CANNOT_LOOK) {
            observation.blocked = Some((Verdict::Error, said(answer)));
        }
        if observation.blocked.is_some() {
            return observation;
        }
        if matches!(self.read, Form::Object(_)) && matches!(exit, Some(0 | 1)) {
            observation
                .facts
                .insert("exists".into(), (exit == Some(0)).into());
        }
        if exit != Some(0) {
            return observation;
        }
        let read = match &self.read {
            Form::Logs => {
                observation
                    .facts
                    .insert("text".into(), answer.stdout.text().into());
                if observation.truncated {
                    observation
                        .facts
                        .insert("truncated".into(), vec!["stdout", "text"].into());
                }
                Ok(())
            }
            _ if answer.stdout.truncated => {
                Err("it is larger than 8 MiB, and half of it tells nothing".into())
            }
            Form::Object(named) => {
                object(&answer.stdout.bytes, named.is_pod(), &mut observation.facts)
            }
            Form::Events(_) | Form::Endpoints => rows(&answer.stdout.bytes, &mut observation.facts),
        };
        if let Err(why) = read {
            observation.blocked =
                Some((Verdict::Error, format!("the answer cannot be read: {why}")));
        }
        observation
    }
}

fn object(bytes: &[u8], pod: bool, facts: &mut Map<String, Value>) -> Result<(), String> {
    let object: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if pod {
        pod::read(&object, facts);
    }
    facts.insert("object".into(), object);
    Ok(())
}

fn rows(bytes: &[u8], facts: &mut Map<String, Value>) -> Result<(), String> {
    let rows: Vec<Value> = bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(serde_json::from_slice)
        .collect::<Result<_, _>>()
        .map_err(|error| error.to_string())?;
    facts.insert("rows".into(), rows.into());
    Ok(())
}

/// All that was said of why, on one line.
fn said(answer: &Answer) -> String {
    let text = answer.stderr.text();
    let words: Vec<_> = text.split_whitespace().collect();
    match words.join(" ") {
        said if said.is_empty() => "the API gave no answer".into(),
        said => said,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ask::{Captured, Ended};
    use crate::step::{Given, Kind};

    fn kube(key: &'static str, value: Given) -> Kind {
        let mut spec = Spec::default();
        spec.give(key, value);
        Kind::build(&KIND, spec, &[]).unwrap()
    }

    fn object(text: &str) -> Kind {
        kube("object", Given::Text(Template::parse(text).unwrap()))
    }

    fn answer(code: i32, out: &str, err: &str) -> Answer {
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

    #[test]
    fn a_name_that_is_none_never_comes_into_a_path() {
        let kind = object("service/{{name}}");
        let mut names = Map::new();
        names.insert("name".into(), "../../secrets/token".into());
        assert!(kind.asks(&Scope::of(&names)).is_err());
        names.insert("name".into(), "web".into());
        assert_eq!(
            kind.asks(&Scope::of(&names)).unwrap()[0].argv(),
            ["kube", "object", "service/web"]
        );
        assert_eq!(
            kind.needs()[0].resource,
            "services",
            "known before the name is"
        );
    }

    #[test]
    fn promise_1_a_name_that_came_from_a_program_is_never_read_as_a_template() {
        let mut names = Map::new();
        names.insert("name".into(), "web".into());
        for text in ["service/{{name}}", "service/{{", "service/}}{{ name"] {
            let given = Given::Text(Template::literal(text));
            let asked = kube("object", given).asks(&Scope::of(&names));
            assert!(asked.is_err(), "{text}: {asked:?}");
        }
    }

    #[test]
    fn what_is_not_there_is_a_fact_and_what_may_not_be_read_is_none() {
        let kind = object("service/web");
        let absent = kind.read(&[answer(1, "", "services \"web\" not found")], "");
        assert_eq!(
            (absent.blocked, &absent.facts["exists"]),
            (None, &Value::Bool(false))
        );
        let why = "services \"web\" is forbidden: User \"ci\" cannot get resource \"services\"; missing: get services";
        let denied = kind.read(&[answer(126, "", why)], "");
        assert_eq!(denied.blocked, Some((Verdict::Unavailable, why.into())));
        let failed = kind.read(&[answer(125, "", "the API server failed (500)")], "");
        assert_eq!(
            failed.blocked.map(|(verdict, _)| verdict),
            Some(Verdict::Error)
        );
    }

    #[test]
    fn half_an_answer_is_no_answer() {
        let rows = kube("events", Given::Record(Spec::default()));
        let mut cut = answer(0, "{\"reason\": \"BackOff\"}\n{\"rea", "");
        assert!(rows.read(&[cut.clone()], "").blocked.is_some());
        cut.stdout = Captured {
            truncated: true,
            ..Captured::whole("{\"reason\": \"BackOff\"}\n")
        };
        assert!(rows.read(&[cut], "").blocked.is_some());
        let log = kube("logs", Given::Record(Spec::default()));
        let mut long = answer(0, "one\ntw", "");
        long.stdout.truncated = true;
        let read = log.read(&[long], "");
        assert!(read.truncated && read.blocked.is_none());
        assert_eq!(
            read.facts["truncated"],
            serde_json::json!(["stdout", "text"])
        );
    }
}
