//! What the portable kinds have in common: their scripts (`way.sh` before each) tell first which way they take, and last how long it
//! took; here that is read, and what the kind makes of the rest is put into one form.
//!
//! The fact `exit` is 0 when the question was answered well, as the kind defines it, else the tool's own code, or 1 where the tool
//! ends with 0 all the same: tools differ in what they call a success. `reason` says in a few words what was not well.

use serde_json::{Map, Value};

use super::about::Fact;
use super::{Observation, answer};
use crate::ask::{Answer, last_line};
use crate::report::Verdict;
use crate::script::TemplateError;

/// The fact that every portable kind yields: the way taken.
pub(super) const WAY: Fact = Fact::new("way", "text", "the tool that was taken to find out");

/// The fact that every portable kind yields: what is wrong.
pub(super) const REASON: Fact = Fact::new(
    "reason",
    "text",
    "why `exit` is not 0, such as `connection refused`; empty when it is",
);

/// What a script brought back.
pub(super) struct Reply<'a> {
    /// The way it took.
    pub(super) way: &'a str,
    /// What the tool wrote to stdout.
    pub(super) out: &'a [u8],
    /// What the tool wrote to stderr.
    pub(super) said: &'a str,
    /// The tool's exit code.
    pub(super) exit: i32,
    /// How long it took, seconds, in hundredths.
    pub(super) took: Option<f64>,
    /// True when stdout was cut.
    pub(super) cut: bool,
}

/// What a kind makes of it.
pub(super) struct Reading {
    pub(super) facts: Map<String, Value>,
    /// What is wrong, in a few words; empty when the question was answered well.
    pub(super) reason: String,
}

impl Reply<'_> {
    /// Stdout as text.
    pub(super) fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(self.out)
    }

    /// Why it came to nothing, in words that are the same for every tool, else in the last line it said.
    pub(super) fn reason(&self) -> String {
        self.known()
            .or_else(|| last_line(&self.own_words()))
            .unwrap_or_else(|| format!("{} ended with exit {}", self.way, self.exit))
    }

    /// The same, where it is one that is known: what another says may be that it could not look at all.
    pub(super) fn known(&self) -> Option<String> {
        plain(&self.own_words())
            .map(str::to_owned)
            // What `timeout` ends with, and curl.
            .or_else(|| {
                let late = self.exit == 124 || self.way == "curl" && self.exit == 28;
                late.then(|| "timed out".into())
            })
    }

    /// What is indented was said by the other side.
    fn own_words(&self) -> String {
        let own: Vec<_> = self
            .said
            .lines()
            .filter(|line| !line.starts_with("  "))
            .collect();
        own.join("\n")
    }
}

/// Reads the answer of a portable kind; `make` gets what the tool said, or refuses with why it cannot be read.
pub(super) fn read(
    answers: &[Answer],
    image: &str,
    make: impl FnOnce(&Reply<'_>) -> Result<Reading, String>,
) -> Observation {
    let place = answer::place(image);
    let mut observation = answer::observe(answers, |answer, code| {
        let said = spoken(&answer.stderr.text()).0.to_owned();
        let said = last_line(&said).unwrap_or_else(|| format!("exit {code}"));
        match taken(&answer.stdout.bytes) {
            Some((way, _)) => format!("`{way}` cannot be run in {place}: {said}"),
            None => format!("{said} in {place}"),
        }
    });
    let Some(answer) = answers.first() else {
        return observation;
    };
    let way = taken(&answer.stdout.bytes);
    if let Some((way, _)) = way {
        observation.facts.insert("way".into(), way.into());
    }
    let stderr = answer.stderr.text();
    let (said, took) = spoken(&stderr);
    observation.facts.insert("stderr".into(), said.into());
    if observation.blocked.is_some() {
        return observation;
    }
    let (Some((way, out)), Some(exit)) = (way, answer.ended.exit()) else {
        observation.blocked = Some((
            Verdict::Error,
            "the answer does not say how it was found".into(),
        ));
        return observation;
    };
    let reply = Reply {
        way,
        out,
        said,
        exit,
        took,
        cut: answer.stdout.truncated,
    };
    if let Some(signal) = answer.ended.signal() {
        observation.blocked = Some((
            Verdict::Error,
            format!("`{way}` was ended by signal {signal} in {place}"),
        ));
        return observation;
    }
    match make(&reply) {
        Ok(Reading { facts, reason }) => {
            let code = match (reason.is_empty(), exit) {
                (true, _) => 0,
                (false, 0) => 1,
                (false, code) => code,
            };
            observation.facts.extend(facts);
            observation.facts.insert("exit".into(), code.into());
            observation.facts.insert("reason".into(), reason.into());
        }
        Err(why) => {
            let why = if observation.truncated {
                "the answer was cut before what is asked for; raise `output.max`".into()
            } else {
                format!("the answer of `{way}` cannot be read: {why}")
            };
            observation.blocked = Some((Verdict::Error, why));
        }
    }
    observation
}

/// The way told on the first line, and what follows.
fn taken(stdout: &[u8]) -> Option<(&str, &[u8])> {
    let end = stdout.iter().position(|byte| *byte == b'\n')?;
    let way = std::str::from_utf8(stdout.get(..end)?).ok()?;
    Some((way.strip_prefix("way ")?, stdout.get(end + 1..)?))
}

/// What the tool itself wrote to stderr.
pub(super) fn said(stderr: &[u8]) -> &[u8] {
    match moments(stderr) {
        Some((end, _)) => &stderr[..end],
        None => stderr,
    }
}

/// The tool's own words, and the seconds told on the last line.
fn spoken(stderr: &str) -> (&str, Option<f64>) {
    match moments(stderr.as_bytes()) {
        Some((end, took)) => (&stderr[..end], took),
        None => (stderr, None),
    }
}

/// Where the script's last line begins, at its line break, and the seconds between the moments on it: there are none where the
/// system does not tell its uptime.
fn moments(stderr: &[u8]) -> Option<(usize, Option<f64>)> {
    const WORD: &[u8] = b"\nhousecall ";
    let end = memchr::memmem::rfind(stderr, WORD)?;
    let last = std::str::from_utf8(&stderr[end + WORD.len()..]).ok()?;
    let moments: Vec<f64> = last
        .split_whitespace()
        .map(str::parse)
        .collect::<Result<_, _>>()
        .ok()?;
    match moments[..] {
        [] | [_] => Some((end, None)),
        [began, ended] => Some((end, Some(rounded(ended - began)))),
        _ => None,
    }
}

/// Hundredths, without the dust of binary fractions.
fn rounded(seconds: f64) -> f64 {
    (seconds * 100.0).round() / 100.0
}

/// What the tools say, each in its own words, in one.
pub(super) fn plain(said: &str) -> Option<&'static str> {
    // As glibc and musl say it, and the kernel's numbers where a tool tells no more.
    const WORDS: [(&str, &[&str]); 7] = [
        ("connection refused", &["connection refused", "errno=111"]),
        (
            "no route to host",
            &["no route to host", "host is unreachable", "errno=113"],
        ),
        (
            "network unreachable",
            &["network is unreachable", "network unreachable", "errno=101"],
        ),
        ("connection reset", &["connection reset", "errno=104"]),
        (
            "the name does not resolve",
            &[
                "could not resolve host",
                "not known",
                "bad address",
                "unable to resolve",
                "name does not resolve",
                "name has no usable address",
                ": try again",
                "temporary failure in name resolution",
                "no address associated",
                "unknown host",
                "forward host lookup failed",
            ],
        ),
        ("empty reply", &["empty reply from server"]),
        (
            "timed out",
            &[
                "timed out",
                "timeout was reached",
                "ncat: timeout",
                "errno=110",
            ],
        ),
    ];
    let said = said.to_lowercase();
    WORDS
        .iter()
        .find(|(_, signs)| signs.iter().any(|sign| said.contains(sign)))
        .map(|(word, _)| *word)
}

/// Refuses what a tool could take for something else than one plain word: an option, two words, a line of its own.
pub(super) fn word(field: &str, word: &str) -> Result<(), TemplateError> {
    let why = if word.is_empty() {
        "is empty"
    } else if word.starts_with('-') {
        "begins with `-`, which tools take for an option"
    } else if word
        .chars()
        .any(|c| c.is_control() || c.is_whitespace() || "\"'`\\<>{}|^".contains(c))
    {
        "holds a blank, a quote or another character that cannot stand in it"
    } else {
        return Ok(());
    };
    Err(TemplateError {
        message: format!("`{field}` comes to {word:?}, which {why}"),
        offset: None,
    })
}

/// Refuses what is neither the name of a host nor an address.
pub(super) fn host(field: &str, host: &str) -> Result<(), TemplateError> {
    word(field, host)?;
    let fits = |c: char| c.is_alphanumeric() || ".-_*:%".contains(c);
    if host.len() <= 255 && host.chars().all(fits) {
        return Ok(());
    }
    Err(TemplateError {
        message: format!("`{field}` comes to {host:?}, which is neither a name nor an address"),
        offset: None,
    })
}

/// An answer as a script brings it, for tests.
#[cfg(test)]
pub(super) fn answered(exit: i32, stdout: &[u8], stderr: &[u8]) -> Vec<Answer> {
    use crate::ask::{Captured, Ended};
    vec![Answer {
        ended: Ended::Exited(exit),
        stdout: Captured::whole(stdout),
        stderr: Captured::whole(stderr),
        started: jiff::Timestamp::UNIX_EPOCH,
        duration: std::time::Duration::from_millis(20),
        file: None,
        progress: None,
        remarks: Vec::new(),
    }]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nothing(reply: &Reply<'_>) -> Result<Reading, String> {
        Ok(Reading {
            facts: Map::new(),
            reason: reply.reason(),
        })
    }

    #[test]
    fn no_way_at_all_is_unavailable_and_names_the_image() {
        let answers = answered(127, b"", b"no curl and no wget\n");
        let observation = read(&answers, "tools:1", nothing);
        assert_eq!(
            observation.blocked,
            Some((
                Verdict::Unavailable,
                "no curl and no wget in image tools:1".into()
            ))
        );
    }

    #[test]
    fn what_our_script_says_of_its_time_is_no_word_of_the_tool() {
        for (stderr, own) in [
            ("", ""),
            ("\nhousecall 1.00 2.50\n", ""),
            ("a\n\nhousecall 1.00 2.50\n", "a\n"),
            // Where the uptime is not told.
            ("a\nhousecall  \n", "a"),
            // What the other side says is no word of ours.
            ("a\nhousecall is down\n", "a\nhousecall is down\n"),
            ("a\nhousecall 1 2\nb\n", "a\nhousecall 1 2\nb\n"),
        ] {
            assert_eq!(said(stderr.as_bytes()), own.as_bytes(), "{stderr:?}");
        }
        let missing = answered(127, b"way wget\n", b"\nhousecall 1.00 2.50\n");
        let observation = read(&missing, "tools:1", nothing);
        assert_eq!(observation.facts["stderr"], "");
    }

    #[test]
    fn a_tool_that_was_killed_found_out_nothing() {
        let answers = answered(
            139,
            b"way busybox wget\n",
            b"Segmentation fault\n\nhousecall 1.00 1.01\n",
        );
        let observation = read(&answers, "tools:1", nothing);
        assert_eq!(observation.facts["way"], "busybox wget");
        assert_eq!(
            observation.blocked,
            Some((
                Verdict::Error,
                "`busybox wget` was ended by signal 11 in image tools:1".into()
            ))
        );
    }

    #[test]
    fn trouble_is_never_exit_0_and_a_timeout_of_the_tool_is_told() {
        let answers = answered(0, b"way nc\n", b"nc: Connection refused\n\nhousecall 1 1\n");
        let facts = read(&answers, "tools:1", nothing).facts;
        assert_eq!(facts["exit"], 1);
        assert_eq!(facts["reason"], "connection refused");
        assert_eq!(facts["stderr"], "nc: Connection refused\n");
        let facts = read(&answered(124, b"way nc\n", b""), "tools:1", nothing).facts;
        assert_eq!(facts["reason"], "timed out");
        assert_eq!(facts["exit"], 124);
    }
}
