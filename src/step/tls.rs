//! `tls`: one handshake, and the certificate shown in it. `exit` is 0 when the certificate is trusted here, is for the name, and is
//! in its time, and the other side did not refuse the handshake all the same, as one does that wants a certificate of ours. Who is
//! trusted is what the image says, not the patient.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use jiff::civil::{DateTime, date};
use jiff::fmt::strtime;
use serde_json::Map;

use super::about::{About, Fact, Field, Shape};
use super::way::{self, Reading, Reply};
use super::{Asking, Observation, Registered, Spec, Unfit};
use crate::ask::{Answer, Ask, Question};
use crate::script::{Scope, TemplateError};

const SCRIPT: &str = concat!(include_str!("way.sh"), include_str!("tls.sh"));

/// The port when a step says nothing.
const PORT: i64 = 443;

pub(super) const KIND: Registered = Registered {
    about: &ABOUT,
    build,
};

const FIELDS: &[Field] = &[
    Field::new("host", Shape::Text, "a name or an address").required(),
    Field::new("port", Shape::Int(1, 65535), "the port").or("443"),
    Field::new(
        "sni",
        Shape::Text,
        "the name that is asked for, and that the certificate should be for, where that is not `host`",
    ),
];

const ABOUT: About = About {
    word: "tls",
    purpose: "one TLS handshake and its certificate; answered well when that is trusted by the image, for the name, and in its time",
    ways: &["openssl", "curl"],
    short: Some("host"),
    fields: FIELDS,
    facts: &[
        Fact::new(
            "verified",
            "bool",
            "whether the certificate is trusted by what the image trusts, is for the name, and is in its time",
        ),
        Fact::new(
            "not_after",
            "text",
            "until when it holds, RFC 3339; absent, as all below, when no certificate came",
        ),
        Fact::new(
            "days_left",
            "int",
            "whole days until then by the clock there, below 0 when it is over",
        ),
        Fact::new(
            "subject",
            "text",
            "whose it is; each way writes it in its own order",
        ),
        Fact::new(
            "issuer",
            "text",
            "who issued it; each way writes it in its own order",
        ),
        Fact::new(
            "sans",
            "list of text",
            "the names and addresses it is for; absent by curl before 7.88",
        ),
        way::REASON,
        way::WAY,
    ],
    example: "tls: {host: 10.0.0.7, port: 8443, sni: shop.example.com}",
};

#[derive(Debug)]
struct Tls {
    spec: Spec,
}

fn build(spec: &Spec, _: &[String]) -> Result<Arc<dyn Asking>, Unfit> {
    Ok(Arc::new(Tls { spec: spec.clone() }))
}

impl Asking for Tls {
    fn said<'a>(&self, stderr: &'a [u8]) -> &'a [u8] {
        way::said(stderr)
    }

    fn asks(&self, scope: &Scope<'_>) -> Result<Vec<Ask>, TemplateError> {
        let host = self.spec.render("host", scope)?.unwrap_or_default();
        way::host("host", &host)?;
        let port = self.spec.int(FIELDS, "port", scope)?.unwrap_or(PORT);
        let name = match self.spec.render("sni", scope)? {
            Some(sni) => sni,
            None => host.clone(),
        };
        way::host("sni", &name)?;
        // No certificate and no SNI holds the dot by which a name is said to be whole (RFC 6066, 3).
        let name = name.strip_suffix('.').unwrap_or(&name).to_owned();
        let mut env = vec![
            ("ask_host".to_owned(), host.clone()),
            ("ask_port".to_owned(), port.to_string()),
            ("ask_name".to_owned(), name.clone()),
        ];
        let mut shown = vec!["tls".into(), host, port.to_string()];
        // An address cannot be sent as a name, RFC 6066.
        if name.parse::<IpAddr>().is_err() {
            env.push(("ask_sni".into(), "1".into()));
        }
        if self.spec.has("sni") {
            shown.push(name);
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
            if reply.cut {
                return Err("it was cut".into());
            }
            reading(reply)
        })
    }
}

/// What a way tells of the certificate, in its own words.
struct Told<'a> {
    subject: &'a str,
    issuer: &'a str,
    not_after: &'a str,
    sans: Option<&'a str>,
}

fn reading(reply: &Reply<'_>) -> Result<Reading, String> {
    let text = reply.text();
    let (told, trouble) = match reply.way {
        "openssl" => openssl(reply, &text)?,
        _ => curl(reply, &text)?,
    };
    let mut facts = Map::new();
    facts.insert("verified".into(), trouble.is_empty().into());
    let mut reason = trouble;
    if let Some(told) = told {
        if reason.is_empty()
            && let Some(why) = refused(reply.said)
        {
            reason = format!("no TLS: {why}");
        }
        let end = moment(told.not_after).ok_or("it tells no date of the certificate's end")?;
        let now: i64 = text
            .lines()
            .find_map(|line| line.strip_prefix("now "))
            .and_then(|seconds| seconds.parse().ok())
            .ok_or("it tells no time")?;
        facts.insert("not_after".into(), format!("{end}Z").into());
        let left = (seconds(end) - now).div_euclid(86_400);
        facts.insert("days_left".into(), left.into());
        facts.insert("subject".into(), told.subject.into());
        facts.insert("issuer".into(), told.issuer.into());
        if let Some(sans) = told.sans {
            facts.insert("sans".into(), names(sans).into());
        }
    }
    Ok(Reading { facts, reason })
}

/// The certificate, and what is wrong with it or with the handshake.
type Shown<'a> = (Option<Told<'a>>, String);

fn openssl<'a>(reply: &Reply<'_>, text: &'a str) -> Result<Shown<'a>, String> {
    let line = |key: &str| text.lines().find_map(|line| line.strip_prefix(key));
    let Some(subject) = line("subject=") else {
        return Ok((None, handshake(reply, reply.said)?));
    };
    let sans = text
        .lines()
        .skip_while(|line| !line.trim().starts_with("X509v3 Subject Alternative Name:"))
        .nth(1);
    let told = Told {
        subject: subject.trim(),
        issuer: line("issuer=").unwrap_or_default().trim(),
        not_after: line("notAfter=").unwrap_or_default(),
        sans: Some(sans.unwrap_or_default()),
    };
    let codes: Vec<_> = reply
        .said
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("Verify return code: "))
        .collect();
    if codes.is_empty() {
        return Err("it does not say whether it trusts the certificate".into());
    }
    let trouble = codes
        .iter()
        .find(|code| !code.starts_with("0 "))
        .map(|code| {
            let why = code.split_once('(').map_or("", |(_, why)| why);
            match why.trim_end().trim_end_matches(')') {
                "" => format!("verify return code {}", code.trim()),
                why => named(why),
            }
        });
    Ok((Some(told), trouble.unwrap_or_default()))
}

fn curl<'a>(reply: &Reply<'_>, text: &'a str) -> Result<Shown<'a>, String> {
    let line = |key: &str| text.lines().find_map(|line| line.strip_prefix(key));
    let trusted = text
        .lines()
        .any(|line| line == "*  SSL certificate verify ok.");
    let refused = matches!(reply.exit, 51 | 60);
    let trouble = text.lines().find_map(|line| {
        line.strip_prefix("curl: (51) ")
            .or(line.strip_prefix("curl: (60) "))
    });
    // curl writes the names in a certificate as they are, and a line of their own in them could stand for one of these.
    let ends: BTreeSet<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("*  expire date: "))
        .collect();
    if ends.len() > 1 {
        return Err("it tells more than one end of the certificate".into());
    }
    let told = line("*  subject: ").map(|subject| Told {
        subject,
        issuer: line("*  issuer: ").unwrap_or_default(),
        not_after: ends.first().copied().unwrap_or_default(),
        // Where the certificates are told, that of the server comes first.
        sans: text
            .split_once("\n-----BEGIN CERTIFICATE-----")
            .map(|(first, _)| {
                let mut lines = first.lines();
                lines
                    .find_map(|line| line.strip_prefix("X509v3 Subject Alternative Name:"))
                    .unwrap_or_default()
            }),
    });
    match (told, trouble) {
        (told, Some("")) if refused => Ok((told, "the certificate is not trusted".into())),
        (told, Some(trouble)) if refused => Ok((told, named(trouble))),
        (Some(told), _) if trusted => Ok((Some(told), String::new())),
        (Some(_), _) => Err("it does not say whether it trusts the certificate".into()),
        (None, _) => Ok((None, handshake(reply, text)?)),
    }
}

/// Why no certificate came. What is neither a known trouble of the network nor one of TLS means that it could not be looked.
fn handshake(reply: &Reply<'_>, said: &str) -> Result<String, String> {
    if let Some(why) = complaints(said).next() {
        return Ok(format!("no TLS: {why}"));
    }
    way::plain(said)
        .map(str::to_owned)
        .or_else(|| reply.known())
        // What curl says of TLS where it is not made with OpenSSL.
        .or_else(|| {
            let mut lines = said.lines();
            let why = lines.find_map(|line| line.strip_prefix("curl: (35) "))?;
            Some(format!("no TLS: {why}"))
        })
        .or_else(|| {
            said.contains("CONNECTED(")
                .then(|| "no TLS: no certificate was shown".into())
        })
        .ok_or_else(|| reply.reason())
}

/// What OpenSSL complains of.
fn complaints(said: &str) -> impl Iterator<Item = &str> {
    said.lines()
        .filter_map(|line| line.split_once("SSL routines:"))
        .filter_map(|(_, rest)| rest.split(':').nth(1))
        .map(str::trim)
        .filter(|why| !why.is_empty())
}

/// Why the other side refused the handshake after it had shown its certificate. With TLS 1.3 it says that it wants one of ours only
/// when the handshake is over for us, and we may be gone by then: that is never told.
fn refused(said: &str) -> Option<&str> {
    complaints(said).find(|why| why.contains("alert") && !why.contains("certificate required"))
}

/// The same trouble in the same words, whichever tool and version tells it.
fn named(trouble: &str) -> String {
    const WORDS: [(&str, &[&str]); 5] = [
        (
            "the certificate is for another name",
            &[
                "hostname mismatch",
                "IP address mismatch",
                "certificate subject name",
            ],
        ),
        ("the certificate has expired", &["certificate has expired"]),
        (
            "the certificate is not valid yet",
            &["certificate is not yet valid"],
        ),
        (
            "the certificate's issuer is not known to the image",
            &[
                "local issuer certificate",
                "verify the first certificate",
                // Not its own, but that of an authority.
                "in certificate chain",
            ],
        ),
        (
            "the certificate is self-signed",
            &["self-signed", "self signed"],
        ),
    ];
    WORDS
        .iter()
        .find(|(_, signs)| signs.iter().any(|sign| trouble.contains(sign)))
        .map_or_else(|| trouble.to_owned(), |(word, _)| (*word).to_owned())
}

/// `Feb 22 20:14:47 2027 GMT`, with a blank before a single digit. One that is to hold for ever ends with the year 9999 (RFC 5280,
/// 4.1.2.5), which is more than a timestamp takes.
fn moment(text: &str) -> Option<DateTime> {
    let words: Vec<_> = text.split_whitespace().collect();
    let time = strtime::parse("%b %d %H:%M:%S %Y GMT", words.join(" ")).ok()?;
    time.to_datetime().ok()
}

/// Seconds since 1970.
fn seconds(moment: DateTime) -> i64 {
    moment
        .duration_since(date(1970, 1, 1).at(0, 0, 0, 0))
        .as_secs()
}

/// `DNS:localhost, IP Address:127.0.0.1`.
fn names(sans: &str) -> Vec<String> {
    sans.split(", ")
        .filter_map(|one| one.trim().split_once(':'))
        .map(|(_, name)| name.trim())
        .map(|name| match name.parse::<IpAddr>() {
            Ok(address) => address.to_string(),
            Err(_) => name.to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests;
