//! `tcp`: whether a port takes a connection. Nothing is sent. `exit` is 0 when it does.

use std::sync::Arc;

use serde_json::Map;

use super::about::{About, Fact, Field, Shape};
use super::way::{self, Reading, Reply};
use super::{Asking, Observation, Registered, Spec, Unfit};
use crate::ask::{Answer, Ask, Question};
use crate::script::{Scope, TemplateError};

const SCRIPT: &str = concat!(include_str!("way.sh"), include_str!("tcp.sh"));

pub(super) const KIND: Registered = Registered {
    about: &ABOUT,
    build,
};

const FIELDS: &[Field] = &[
    Field::new("host", Shape::Text, "a name or an address").required(),
    Field::new("port", Shape::Int(1, 65535), "the port").required(),
];

const ABOUT: About = About {
    word: "tcp",
    purpose: "whether a port takes a connection, to which nothing is sent; answered well when it does",
    ways: &["nc", "nc (busybox)", "bash", "curl"],
    short: None,
    fields: FIELDS,
    facts: &[
        Fact::new("open", "bool", "whether the connection came about"),
        Fact::new(
            "time",
            "float",
            "seconds until that was known, in hundredths; of an open port, curl tells them exactly",
        ),
        way::REASON,
        way::WAY,
    ],
    example: "tcp: {host: db.shop.svc, port: 5432}",
};

#[derive(Debug)]
struct Tcp {
    spec: Spec,
}

fn build(spec: &Spec, _: &[String]) -> Result<Arc<dyn Asking>, Unfit> {
    Ok(Arc::new(Tcp { spec: spec.clone() }))
}

impl Asking for Tcp {
    fn said<'a>(&self, stderr: &'a [u8]) -> &'a [u8] {
        way::said(stderr)
    }

    fn asks(&self, scope: &Scope<'_>) -> Result<Vec<Ask>, TemplateError> {
        let host = self.spec.render("host", scope)?.unwrap_or_default();
        way::host("host", &host)?;
        let port = self.spec.int(FIELDS, "port", scope)?.unwrap_or_default();
        let mut ask = Ask::new(Question::Script {
            text: SCRIPT.into(),
            env: vec![
                ("ask_host".into(), host.clone()),
                ("ask_port".into(), port.to_string()),
            ],
        });
        ask.shown = Some(vec!["tcp".into(), host, port.to_string()]);
        Ok(vec![ask])
    }

    fn read(&self, answers: &[Answer], image: &str) -> Observation {
        way::read(answers, image, reading)
    }
}

fn reading(reply: &Reply<'_>) -> Result<Reading, String> {
    // curl stays connected until its own time is up, and then tells when it was.
    let (said, seconds) = match reply.said.rsplit_once("\ncurl ") {
        Some((said, seconds)) if reply.way == "curl" => (said, seconds),
        _ => (reply.said, ""),
    };
    let reply = &Reply { said, ..*reply };
    let connected = seconds.trim().parse().ok();
    let connected: Option<f64> = connected.filter(|seconds| *seconds > 0.0);
    let open = match reply.way {
        "curl" => connected.is_some(),
        _ => reply.exit == 0,
    };
    let reason = if open {
        String::new()
    } else {
        // A tool that cannot do what it is told also ends with 1: that is no closed port.
        reply.known().ok_or_else(|| reply.reason())?
    };
    let mut facts = Map::new();
    facts.insert("open".into(), open.into());
    if let Some(time) = connected.or(reply.took) {
        facts.insert("time".into(), time.into());
    }
    Ok(Reading { facts, reason })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::way::answered;
    use super::*;
    use crate::report::Verdict;
    use crate::script::Template;
    use crate::step::Given;

    /// What nc of OpenBSD (1.219) and of busybox (1.35.0), bash 5.2 and curl 7.88.1 said.
    macro_rules! by_each {
        ($case:literal, $exits:expr) => {{
            let exits: [i32; 4] = $exits;
            [
                captured!(concat!("nc-", $case), exits[0]),
                captured!(concat!("busybox-", $case), exits[1]),
                captured!(concat!("bash-", $case), exits[2]),
                captured!(concat!("curl-", $case), exits[3]),
            ]
        }};
    }

    macro_rules! captured {
        ($name:expr, $exit:expr) => {
            read(&answered(
                $exit,
                include_bytes!(concat!("captured/tcp/", $name, ".out")),
                include_bytes!(concat!("captured/tcp/", $name, ".err")),
            ))
        };
    }

    fn spec(host: &str, port: &str) -> Spec {
        let mut spec = Spec::default();
        spec.give("host", Given::Text(Template::parse(host).unwrap()));
        spec.give("port", Given::Text(Template::parse(port).unwrap()));
        spec
    }

    fn observed(answers: &[Answer]) -> Observation {
        build(&spec("localhost", "80"), &[])
            .unwrap()
            .read(answers, "tools:1")
    }

    fn read(answers: &[Answer]) -> Map<String, Value> {
        let observation = observed(answers);
        assert_eq!(observation.blocked, None);
        observation.facts
    }

    #[test]
    fn an_open_port_is_told_alike_by_every_way() {
        let all = by_each!("open", [0, 0, 0, 28]);
        for facts in &all {
            assert_eq!(facts["open"], true);
            assert_eq!((&facts["exit"], &facts["reason"]), (&json!(0), &json!("")));
            assert!(facts["time"].as_f64().unwrap() < 1.0);
        }
        let ways: Vec<_> = all.iter().map(|facts| facts["way"].clone()).collect();
        assert_eq!(ways, ["nc", "busybox nc", "bash", "curl"]);
    }

    #[test]
    fn why_a_port_is_not_open_is_told_alike_by_every_way() {
        for (all, reason) in [
            (by_each!("refused", [1, 1, 1, 7]), "connection refused"),
            (by_each!("silent", [1, 1, 124, 28]), "timed out"),
            (
                by_each!("no-name", [1, 1, 1, 6]),
                "the name does not resolve",
            ),
        ] {
            for facts in all {
                assert_eq!(facts["open"], false, "{reason}");
                assert_eq!(facts["reason"], reason);
                assert_ne!(facts["exit"], 0, "{reason}");
            }
        }
    }

    #[test]
    fn what_musl_ncat_and_netcat_say_of_a_port_is_told_in_the_same_words() {
        for (said, reason) in [
            (
                "nc: db (10.0.0.9:80): Host is unreachable\n",
                "no route to host",
            ),
            (
                "nc: db (10.0.0.9:80): Network unreachable\n",
                "network unreachable",
            ),
            ("nc: db (10.0.0.9:80): Operation timed out\n", "timed out"),
            ("bash: line 1: db: Try again\n", "the name does not resolve"),
            (
                "bash: line 1: db: Name has no usable address\n",
                "the name does not resolve",
            ),
            ("Ncat: TIMEOUT.\n", "timed out"),
            (
                "Ncat: Could not resolve hostname \"db\": Name or service not known. QUITTING.\n",
                "the name does not resolve",
            ),
            (
                "db [10.0.0.9] 80 (http) : Connection refused\n",
                "connection refused",
            ),
        ] {
            let facts = read(&answered(1, b"way nc\n", said.as_bytes()));
            assert_eq!(
                (&facts["open"], &facts["reason"]),
                (&json!(false), &json!(reason)),
                "{said}"
            );
        }
    }

    #[test]
    fn a_tool_that_cannot_do_it_has_not_found_a_closed_port() {
        for said in [
            "nc: invalid option -- 'z'\n",
            "bash: line 1: /dev/tcp/localhost/80: No such file or directory\n",
            "nc: can't execute 'sh': No such file or directory\n",
        ] {
            let observation = observed(&answered(1, b"way nc\n", said.as_bytes()));
            let (verdict, why) = observation.blocked.unwrap();
            assert_eq!(verdict, Verdict::Error);
            assert!(why.contains(said.trim()), "{why}");
            assert!(!observation.facts.contains_key("open"));
        }
        let said = "curl: (1) Protocol \"telnet\" disabled\n\ncurl 0.000000\n";
        let observation = observed(&answered(1, b"way curl\n", said.as_bytes()));
        let (_, why) = observation.blocked.unwrap();
        assert!(why.contains("\"telnet\" disabled"), "{why}");
    }

    #[test]
    fn neither_host_nor_port_becomes_an_option() {
        for (host, port) in [
            ("-e", "80"),
            ("a b", "80"),
            ("$(id)", "80"),
            ("a", "0"),
            ("a", "65536"),
            ("a", "80;id"),
        ] {
            let kind = build(&spec(host, port), &[]).unwrap();
            assert!(kind.asks(&Scope::new()).is_err(), "{host} {port}");
        }
    }
}
