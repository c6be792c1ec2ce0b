//! `dns`: one name looked up, by dig, drill, nslookup or the system's resolver.
//!
//! The name is completed as the system's resolver would, from the search list of `/etc/resolv.conf`. `exit` is 0 when there is a
//! record of the type that was asked for.

mod records;

use std::net::IpAddr;
use std::sync::Arc;

use serde_json::Map;

use self::records::Lookup;
use super::about::{About, Fact, Field, Shape};
use super::way::{self, Reading, Reply};
use super::{Asking, Observation, Registered, Spec, Unfit};
use crate::ask::{Answer, Ask, Question, last_line};
use crate::script::{Scope, TemplateError};

const SCRIPT: &str = concat!(include_str!("way.sh"), include_str!("dns.sh"));

const TYPES: &[&str] = &["A", "AAAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT"];

pub(super) const KIND: Registered = Registered {
    about: &ABOUT,
    build,
};

const FIELDS: &[Field] = &[
    Field::new(
        "name",
        Shape::Text,
        "the name; completed from the search list unless it ends in a dot. With `type: PTR` an address will do",
    )
    .required(),
    Field::new("type", Shape::Word(TYPES), "the type of the records").or("A"),
    Field::new(
        "server",
        Shape::Text,
        "whom to ask instead of the servers of the system: an address, with `:port` where that is not 53; an empty text is none",
    ),
    Field::new("tcp", Shape::Bool, "ask by TCP").or("false"),
];

const ABOUT: About = About {
    word: "dns",
    purpose: "one name looked up; answered well when there is a record of the type",
    ways: &["dig", "drill", "nslookup (bind, busybox)", "getent"],
    short: Some("name"),
    fields: FIELDS,
    facts: &[
        Fact::new(
            "addrs",
            "list of text",
            "the addresses among the records; absent when no answer came",
        ),
        Fact::new(
            "records",
            "list of maps: name, type, data, ttl",
            "the answer; names without their last dot, `ttl` in seconds and only by dig and drill; by busybox's nslookup no more of them than \
             one packet holds, about 30 addresses; absent when no answer came",
        ),
        Fact::new(
            "rcode",
            "text",
            "`NOERROR`, `NXDOMAIN`, `SERVFAIL`, …; empty when no answer came, or by getent no address",
        ),
        Fact::new(
            "server",
            "text",
            "who answered, with `:port` where that is not 53; absent by getent, and when nobody did",
        ),
        Fact::new(
            "time",
            "float",
            "seconds until the answer; by nslookup and getent in hundredths, with all that the search list made of it",
        ),
        way::REASON,
        way::WAY,
    ],
    example: "dns: {name: kubernetes.default.svc, type: A}",
};

#[derive(Debug)]
struct Dns {
    spec: Spec,
}

fn build(spec: &Spec, _: &[String]) -> Result<Arc<dyn Asking>, Unfit> {
    Ok(Arc::new(Dns { spec: spec.clone() }))
}

impl Asking for Dns {
    fn said<'a>(&self, stderr: &'a [u8]) -> &'a [u8] {
        way::said(stderr)
    }

    fn asks(&self, scope: &Scope<'_>) -> Result<Vec<Ask>, TemplateError> {
        let mut name = self.spec.render("name", scope)?.unwrap_or_default();
        let kind = self.spec.word(FIELDS, "type", scope)?;
        let kind = kind.unwrap_or_else(|| "A".into());
        let mut shown = vec!["dns".into(), kind.clone(), name.clone()];
        let mut env = Vec::new();
        if kind == "PTR"
            && let Ok(address) = name.parse()
        {
            env.push(("ask_address".to_owned(), name));
            name = reversed(address);
        }
        way::host("name", &name)?;
        let parts = name.strip_suffix('.').unwrap_or(&name);
        if name != "."
            && parts
                .split('.')
                .any(|part| part.is_empty() || part.len() > 63)
        {
            return Err(TemplateError {
                message: format!(
                    "`name` comes to {name:?}, of which a part is empty or longer than 63 bytes"
                ),
                offset: None,
            });
        }
        env.push(("ask_name".into(), name));
        env.push(("ask_type".into(), kind));
        let server = self.spec.render("server", scope)?;
        if let Some(server) = server.filter(|server| !server.is_empty()) {
            let (host, port) = split(&server);
            way::host("server", host)?;
            if port.is_some_and(|port| port.parse::<u16>().is_err()) {
                return Err(TemplateError {
                    message: format!("`server` comes to {server:?}, which holds no port number"),
                    offset: None,
                });
            }
            env.push(("ask_server".into(), host.into()));
            env.extend(port.map(|port| ("ask_port".into(), port.into())));
            shown.push(format!("@{server}"));
        }
        if self.spec.flag("tcp") {
            env.push(("ask_tcp".into(), "1".into()));
        }
        let mut ask = Ask::new(Question::Script {
            text: SCRIPT.into(),
            env,
        });
        ask.shown = Some(shown);
        Ok(vec![ask])
    }

    fn read(&self, answers: &[Answer], image: &str) -> Observation {
        way::read(answers, image, |reply| {
            // A cut answer may have lost a record.
            if reply.cut {
                return Err("it was cut".into());
            }
            // What `getent` ends with for what it cannot look up at all.
            if reply.way == "getent" && !matches!(reply.exit, 0 | 2) {
                return Err(reply.reason());
            }
            let text = reply.text();
            let tried = tried(&text);
            let (lookup, one) = lookup(reply.way, &tried).ok_or("it tells no name")?;
            Ok(reading(reply, &lookup, one))
        })
    }
}

fn reading(reply: &Reply<'_>, lookup: &Lookup, tried: &Tried<'_>) -> Reading {
    let wanted = tried.kind;
    let mut facts = Map::new();
    let rcode = lookup.rcode.clone().unwrap_or_default();
    if !rcode.is_empty() || reply.way == "getent" {
        facts.insert("addrs".into(), lookup.addresses().into());
        let records: Vec<_> = lookup.records.iter().map(records::Record::value).collect();
        facts.insert("records".into(), records.into());
        if let Some(time) = lookup.time.or(reply.took) {
            facts.insert("time".into(), time.into());
        }
        if let Some(server) = &lookup.server {
            facts.insert("server".into(), server.clone().into());
        }
    }
    let reason = if !rcode.is_empty() && rcode != "NOERROR" {
        rcode.clone()
    } else if lookup.holds(wanted) {
        String::new()
    } else if rcode == "NOERROR" {
        format!("no {wanted} record")
    } else if reply.way == "getent" {
        "the name does not resolve".into()
    } else if lookup.malformed {
        "no answer: what came cannot be read".into()
    } else {
        let said = tried.said.join("\n");
        let why = way::plain(&said)
            .map(str::to_owned)
            .or_else(|| reply.known())
            .or_else(|| last_line(&said))
            .unwrap_or_else(|| reply.reason());
        format!("no answer: {why}")
    };
    facts.insert("rcode".into(), rcode.into());
    Reading { facts, reason }
}

/// One name that the search list made: the name, the type, and what the tool said.
struct Tried<'a> {
    name: &'a str,
    kind: &'a str,
    said: Vec<&'a str>,
}

fn tried(text: &str) -> Vec<Tried<'_>> {
    let mut tried: Vec<Tried<'_>> = Vec::new();
    for line in text.lines() {
        if let Some((name, kind)) = line
            .strip_prefix("ask ")
            .and_then(|rest| rest.split_once(' '))
        {
            tried.push(Tried {
                name,
                kind,
                said: Vec::new(),
            });
        } else if let Some(last) = tried.last_mut() {
            last.said.push(line);
        }
    }
    tried
}

/// Of all names that were tried, the one whose answer a program gets from the resolver (`__res_context_search` in glibc's
/// resolv/res_query.c): the last, where that was known or nobody answered. Else the one as it was written, where that was tried
/// first; and where it came last, rather one that is there without such a record, or that a server failed on, than one that is not.
fn lookup<'t, 'a>(way: &str, tried: &'t [Tried<'a>]) -> Option<(Lookup, &'t Tried<'a>)> {
    let read = |one: &Tried<'_>| match way {
        "getent" => records::getent(one.name, &one.said),
        "nslookup" | "busybox nslookup" => records::nslookup(&one.said),
        _ => records::dig(&one.said),
    };
    let mut all: Vec<_> = tried.iter().map(|one| (read(one), one)).collect();
    let (last, one) = all.last()?;
    let written = all.iter().enumerate();
    let (written, _) = written.min_by_key(|(_, (_, one))| one.name.len())?;
    let found = |fits: fn(&str) -> bool| {
        all.iter()
            .position(|(lookup, _)| lookup.rcode.as_deref().is_some_and(fits))
    };
    let counts = if last.holds(one.kind) || last.rcode.is_none() {
        all.len() - 1
    } else if written == 0 {
        written
    } else {
        found(|rcode| rcode == "NOERROR")
            .or_else(|| found(|rcode| rcode != "NXDOMAIN"))
            .unwrap_or(written)
    };
    Some(all.swap_remove(counts))
}

/// The name under which an address is looked up.
fn reversed(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa.")
        }
        IpAddr::V6(address) => {
            let nibbles: String = address
                .octets()
                .iter()
                .rev()
                .map(|byte| format!("{:x}.{:x}.", byte & 15, byte >> 4))
                .collect();
            format!("{nibbles}ip6.arpa.")
        }
    }
}

/// `10.0.0.1:5353`, `[fd00::1]:5353`, or either without a port.
fn split(server: &str) -> (&str, Option<&str>) {
    match (
        server
            .strip_prefix('[')
            .and_then(|rest| rest.split_once(']')),
        server.split_once(':'),
    ) {
        (Some((host, rest)), _) => (host, rest.strip_prefix(':')),
        (None, Some((host, port))) if !port.contains(':') => (host, Some(port)),
        _ => (server, None),
    }
}

#[cfg(test)]
mod tests;
