//! `http`: one request, by curl, else by what wget there is.
//!
//! It is asked straight, past any proxy in the environment. `exit` is 0 when a whole answer came, whatever its code: expect `code`.

mod curl;
mod wget;

use std::sync::Arc;

use serde_json::{Map, Value};

use super::about::{About, Fact, Field, Shape};
use super::way::{self, Reading};
use super::{Asking, Observation, Registered, Spec, Unfit};
use crate::ask::{Answer, Ask, MAX_STDIN, Question};
use crate::script::{Scope, Template, TemplateError};

const SCRIPT: &str = concat!(include_str!("way.sh"), include_str!("http.sh"));

const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

pub(super) const KIND: Registered = Registered {
    about: &ABOUT,
    build,
};

const BEGINS: &[&str] = &["http://", "https://"];

const FIELDS: &[Field] = &[
    Field::new(
        "url",
        Shape::Text,
        "what is asked for; begins with `http://` or `https://`",
    )
    .begins(BEGINS)
    .required(),
    Field::new("method", Shape::Word(METHODS), "the request's method").or("GET"),
    Field::new(
        "headers",
        Shape::Pairs,
        "headers of the request; only curl sends them, since every wget would show them in its argv",
    )
    .secret(),
    Field::new(
        "body",
        Shape::Text,
        "what is sent, as it stands; give its `content-type` among the headers. Only curl sends it",
    )
    .secret(),
    Field::new(
        "follow",
        Shape::Bool,
        "follow redirects, at most 10; else the redirect is the answer",
    )
    .or("false"),
    Field::new(
        "insecure",
        Shape::Bool,
        "take a certificate that cannot be verified",
    )
    .or("false"),
];

const ABOUT: About = About {
    word: "http",
    purpose: "one HTTP request, past any proxy; answered well when a whole answer came, whatever its code",
    ways: &["curl", "wget (GNU)", "wget (busybox)"],
    short: Some("url"),
    fields: FIELDS,
    facts: &[
        Fact::new("code", "int", "code of the answer; 0 when none came"),
        Fact::new(
            "body",
            "text",
            "its body; absent where none came, and where the way does not show it (wget: of a redirect; busybox: from 400 on)",
        ),
        Fact::new(
            "headers",
            "map",
            "its headers, names in lower case, those given more than once joined by `, `; absent when no answer came",
        ),
        Fact::new(
            "time_total",
            "float",
            "seconds until the last byte; by wget in hundredths",
        ),
        Fact::new(
            "time_connect",
            "float",
            "seconds until the connection stood; curl only",
        ),
        Fact::new(
            "time_tls",
            "float",
            "seconds until TLS was agreed on; curl and https only",
        ),
        Fact::new(
            "remote_ip",
            "text",
            "the address that was asked; absent when there was none",
        ),
        way::REASON,
        way::WAY,
    ],
    example: "http: {url: 'http://localhost:{{port}}/healthz', headers: {Accept: application/json}}",
};

#[derive(Debug)]
struct Http {
    spec: Spec,
}

fn build(spec: &Spec, _: &[String]) -> Result<Arc<dyn Asking>, Unfit> {
    let written = spec.text("url").map_or("", Template::source);
    let (begin, whole) = match written.split_once("{{") {
        Some((begin, _)) => (begin, false),
        None => (written, true),
    };
    // What stands before a template may be the beginning of either.
    let begin = begin.to_ascii_lowercase();
    let may_be = !whole && BEGINS.iter().any(|known| known.starts_with(&begin));
    if !is_http(&begin) && !may_be {
        return Err(Unfit::new(
            "url",
            format!("the URL `{written}` begins with neither `http://` nor `https://`"),
            format!("write `http://{}`", written.trim_start_matches('/')),
        ));
    }
    for (name, _) in spec.pairs("headers") {
        let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        if name.is_empty() || !name.chars().all(token) {
            return Err(Unfit::new(
                "headers",
                format!("{name:?} cannot be the name of a header"),
                "write letters, digits and `-`",
            ));
        }
    }
    Ok(Arc::new(Http { spec: spec.clone() }))
}

fn is_http(url: &str) -> bool {
    let url = url.to_ascii_lowercase();
    BEGINS.iter().any(|begin| url.starts_with(begin))
}

impl Asking for Http {
    fn said<'a>(&self, stderr: &'a [u8]) -> &'a [u8] {
        curl::own_words(way::said(stderr))
    }

    fn asks(&self, scope: &Scope<'_>) -> Result<Vec<Ask>, TemplateError> {
        let url = self.spec.render("url", scope)?.unwrap_or_default();
        way::word("url", &url)?;
        if !is_http(&url) {
            return Err(TemplateError {
                message: format!(
                    "`url` comes to {url:?}, which begins with neither `http://` nor `https://`"
                ),
                offset: None,
            });
        }
        let method = self.spec.word(FIELDS, "method", scope)?;
        let method = method.unwrap_or_else(|| "GET".into());
        let mut env = vec![
            ("ask_url".to_owned(), url.clone()),
            ("ask_method".to_owned(), method.clone()),
        ];
        for flag in ["follow", "insecure"] {
            if self.spec.flag(flag) {
                env.push((format!("ask_{flag}"), "1".into()));
            }
        }
        let mut given = String::new();
        for (name, value) in self.spec.pairs("headers") {
            given += &curl::header(name, &value.render(scope)?)?;
        }
        if let Some(body) = self.spec.render("body", scope)? {
            given += &curl::body(&body)?;
        }
        if given.is_empty() {
            env.push(("ask_plain".into(), "1".into()));
        } else if given.len() > MAX_STDIN {
            return Err(TemplateError {
                message: format!(
                    "`headers` and `body` come to {} bytes; at most {MAX_STDIN} can be sent",
                    given.len()
                ),
                offset: None,
            });
        }
        let mut ask = Ask::new(Question::Script {
            text: SCRIPT.into(),
            env,
        });
        ask.stdin = given.into_bytes();
        ask.shown = Some(vec!["http".into(), method, url]);
        Ok(vec![ask])
    }

    fn read(&self, answers: &[Answer], image: &str) -> Observation {
        let mut observation = way::read(answers, image, |reply| {
            let response = match reply.way {
                "curl" => curl::read(reply)?,
                "wget" => wget::read(reply, self.spec.flag("follow")),
                _ => wget::read_busybox(reply, self.spec.flag("follow")),
            };
            Ok(response.reading())
        });
        // What curl was told to write of its figures is no word of the patient.
        if let Some(Value::String(said)) = observation.facts.get_mut("stderr") {
            said.truncate(curl::own_words(said.as_bytes()).len());
        }
        if observation.truncated && observation.facts.contains_key("body") {
            observation
                .facts
                .insert("truncated".into(), vec!["stdout", "body"].into());
        }
        observation
    }
}

/// What came, by whatever way.
#[derive(Debug, Default)]
struct Response {
    code: i64,
    headers: Map<String, Value>,
    body: Option<String>,
    /// Each fact of time and place that the way tells.
    told: Vec<(&'static str, Value)>,
    /// Why no whole answer came.
    reason: String,
}

impl Response {
    fn reading(self) -> Reading {
        let mut facts = Map::new();
        facts.insert("code".into(), self.code.into());
        if self.code > 0 {
            facts.insert("headers".into(), self.headers.into());
            facts.extend(self.body.map(|body| ("body".into(), body.into())));
        }
        facts.extend(
            self.told
                .into_iter()
                .map(|(name, value)| (name.into(), value)),
        );
        Reading {
            facts,
            reason: self.reason,
        }
    }
}

/// The head of an answer, one line each, from its status line on.
fn head<'a>(mut lines: impl Iterator<Item = &'a str>) -> (i64, Map<String, Value>) {
    let code = lines
        .next()
        .and_then(|line| line.split_whitespace().nth(1)?.parse().ok())
        .unwrap_or(0);
    let mut headers: Map<String, Value> = Map::new();
    let mut last = String::new();
    for line in lines {
        // A value that goes on (RFC 9112, 5.2), whatever stands in it.
        if line.starts_with([' ', '\t']) {
            if let Some(Value::String(value)) = headers.get_mut(&last) {
                value.push(' ');
                value.push_str(line.trim());
            }
            continue;
        }
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
        let joined = match headers.get(&name).and_then(Value::as_str) {
            Some(before) => format!("{before}, {value}"),
            None => value.to_owned(),
        };
        last.clone_from(&name);
        headers.insert(name, joined.into());
    }
    (code, headers)
}

#[cfg(test)]
mod tests;
