//! Reading what wget says: the heads of all answers are on stderr, indented by two blanks, the body of the last is on stdout.

use serde_json::Value;

use super::super::way::Reply;
use super::{Response, head};

/// GNU wget. It ends with 8 for an answer that it calls an error.
pub(super) fn read(reply: &Reply<'_>, follow: bool) -> Response {
    let mut response = answered(reply, follow, |response| {
        reply.exit == 0 || reply.exit == 8 && response.code > 0
    });
    // Of a redirect that it does not follow it shows no body.
    if reply.said.contains("redirections exceeded") {
        response.body = None;
        if follow {
            response.reason = "too many redirects".into();
        }
    }
    response
}

/// busybox wget. It always follows redirects; where that is not wanted, the first answer is the one that counts.
pub(super) fn read_busybox(reply: &Reply<'_>, follow: bool) -> Response {
    let mut response = answered(reply, follow, |response| {
        response.code > 0 && (reply.exit == 0 || reply.said.contains("server returned error"))
    });
    if response.code >= 400 || !follow && (300..400).contains(&response.code) {
        response.body = None;
        response.reason.clear();
    }
    response
}

fn answered(reply: &Reply<'_>, follow: bool, well: impl Fn(&Response) -> bool) -> Response {
    let lines: Vec<_> = reply.said.lines().collect();
    let starts: Vec<_> = lines
        .iter()
        .enumerate()
        .filter(|(_, line)| line.starts_with("  HTTP/") && !is_interim(line))
        .map(|(at, _)| at)
        .collect();
    let wanted = if follow {
        starts.last()
    } else {
        starts.first()
    };
    let rest = wanted.and_then(|at| lines.get(*at..)).unwrap_or_default();
    let block = rest
        .iter()
        .enumerate()
        .take_while(|(at, line)| {
            line.starts_with("  ") && (*at == 0 || !line.starts_with("  HTTP/"))
        })
        .map(|(_, line)| line.get(2..).unwrap_or_default().trim_end());
    let (code, headers) = head(block);
    let stopped = reply.cut && code > 0;
    let mut response = Response {
        code,
        headers,
        body: Some(reply.text().into_owned()),
        told: Vec::new(),
        reason: String::new(),
    };
    if let Some(took) = reply.took.filter(|_| code > 0 && !stopped) {
        response.told.push(("time_total", Value::from(took)));
    }
    response
        .told
        .extend(address(&lines).map(|ip| ("remote_ip", Value::from(ip))));
    if !stopped && !well(&response) {
        response.reason = reply.reason();
    }
    response
}

/// Whether a status line is one of those that the answer is yet to follow (RFC 9110, 15.2).
fn is_interim(line: &str) -> bool {
    let code = line.split_whitespace().nth(1).unwrap_or_default();
    code.len() == 3 && code.starts_with('1') && code != "101"
}

/// The address in `Connecting to host (host)|address|:port`, of GNU wget.
fn address<'a>(lines: &[&'a str]) -> Option<&'a str> {
    let line = lines
        .iter()
        .rev()
        .find_map(|line| line.strip_prefix("Connecting to "))?;
    let place = line.split("...").next()?;
    let address = match place.split_once('|') {
        Some((_, rest)) => rest.split('|').next()?,
        None => place
            .rsplit_once(':')?
            .0
            .trim_start_matches('[')
            .trim_end_matches(']'),
    };
    address
        .parse::<std::net::IpAddr>()
        .is_ok()
        .then_some(address)
}
