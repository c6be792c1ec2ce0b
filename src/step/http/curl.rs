//! Asking with curl, and reading what it says.

use serde_json::Value;

use super::super::way::Reply;
use super::{Response, head};
use crate::script::TemplateError;

/// Before the figures, on a line of its own.
const MARK: &[u8] = b"\ncurl ";

/// A header as a line of curl's configuration. What it holds may be secret, so no complaint shows it.
pub(super) fn header(name: &str, value: &str) -> Result<String, TemplateError> {
    if value.chars().any(|c| c.is_control() && c != '\t') {
        return Err(TemplateError {
            message: format!(
                "the header `{name}` holds a line end or another control character, which no header can"
            ),
            offset: None,
        });
    }
    Ok(match value.trim() {
        // With a colon and nothing after it, curl would send no such header.
        "" => format!("header = \"{name};\"\n"),
        value => format!("header = {}\n", quoted(&format!("{name}: {value}"))),
    })
}

/// A body as a line of curl's configuration.
pub(super) fn body(text: &str) -> Result<String, TemplateError> {
    if text.contains('\0') {
        return Err(TemplateError {
            message: "`body` holds a NUL byte, which cannot be sent".into(),
            offset: None,
        });
    }
    Ok(format!("data-raw = {}\n", quoted(text)))
}

fn quoted(text: &str) -> String {
    let mut line = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => line.push_str("\\\""),
            '\\' => line.push_str("\\\\"),
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            '\t' => line.push_str("\\t"),
            '\x0b' => line.push_str("\\v"),
            c => line.push(c),
        }
    }
    line.push('"');
    line
}

/// Reads head and body from stdout, and the figures from the line that was asked for.
pub(super) fn read(reply: &Reply<'_>) -> Result<Response, String> {
    // Before 7.63 curl knows no `%{stderr}` and writes the line to the end of stdout.
    let (line, out) = match reply.said.rsplit_once("\ncurl ") {
        Some((_, line)) => (line.to_owned(), reply.out),
        // What looks like it in a body that was cut is the body's.
        None if reply.cut => return Err("it tells no figures".into()),
        None => {
            let at = reply
                .out
                .windows(MARK.len())
                .rposition(|window| window == MARK)
                .ok_or("it tells no figures")?;
            let (out, line) = reply.out.split_at(at);
            let line = line.get(MARK.len()..).unwrap_or_default();
            (String::from_utf8_lossy(line).into_owned(), out)
        }
    };
    let mut figures = line.trim_end().split(' ').map(str::trim);
    let mut next = || figures.next().unwrap_or_default();
    let code = next().parse().map_err(|_| "it tells no code")?;
    let size: usize = next().parse().map_err(|_| "it tells no size of the head")?;
    let (total, connect, tls, ip) = (next(), next(), next(), next());

    let (heads, body) = out
        .split_at_checked(size)
        .ok_or("the head is longer than what came")?;
    let heads = String::from_utf8_lossy(heads);
    let last: Vec<_> = heads
        .lines()
        .collect::<Vec<_>>()
        .rsplit(|line| line.is_empty())
        .find(|lines| !lines.is_empty())
        .unwrap_or_default()
        .to_vec();
    let (_, headers) = head(last.into_iter());

    // Cut by our own cap: curl could not write on (23), which says nothing of the answer.
    let stopped = reply.cut && code > 0 && matches!(reply.exit, 0 | 23);
    let mut told = Vec::new();
    for (name, figure) in [
        ("time_total", total),
        ("time_connect", connect),
        ("time_tls", tls),
    ] {
        let seconds: f64 = figure.parse().unwrap_or(0.0);
        if seconds > 0.0 && (name != "time_total" || !stopped) {
            told.push((name, Value::from(seconds)));
        }
    }
    if !ip.is_empty() {
        told.push(("remote_ip", ip.into()));
    }
    Ok(Response {
        code,
        headers,
        body: Some(String::from_utf8_lossy(body).into_owned()),
        told,
        reason: if reply.exit == 0 || stopped {
            String::new()
        } else {
            reason(reply)
        },
    })
}

/// What curl said before the line of its figures, which is its last; all of it where there is no such line.
pub(super) fn own_words(stderr: &[u8]) -> &[u8] {
    let Some(at) = memchr::memmem::rfind(stderr, MARK) else {
        return stderr;
    };
    let line = String::from_utf8_lossy(&stderr[at + MARK.len()..]);
    let line = line.trim_end();
    let figures = line.split(' ').take(5);
    let is_figures = line.split(' ').count() >= 5 && !line.contains('\n');
    if is_figures && figures.into_iter().all(|word| word.parse::<f64>().is_ok()) {
        &stderr[..at]
    } else {
        stderr
    }
}

fn reason(reply: &Reply<'_>) -> String {
    let line = reply
        .said
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix("curl: (")?.split_once(") "))
        .map(|(_, said)| said.trim().to_owned());
    let said = line.unwrap_or_else(|| format!("curl ended with exit {}", reply.exit));
    super::super::way::plain(&said).map_or(said, str::to_owned)
}
