//! A saved report, read again: the document `report.json`, or the events of a run, as a killed one leaves them.
//!
//! What is written here may be held by anyone's hands before it comes back, so every way in which it is no report is told apart, and
//! nothing of its text is repeated but what can be seen.

use serde::Deserialize;

use super::event::{Event, Happening};
use super::fold::Folding;
use super::run::{Note, Report, SCHEMA};

/// Why something is no report: a headline, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{origin}{} {headline}\n  help: {help}", place(*.line))]
pub struct Unreadable {
    /// What was read: a path, or `stdin`.
    pub origin: String,
    /// The line it is about, from 1.
    pub line: Option<usize>,
    /// What is wrong with it.
    pub why: Unfit,
    headline: String,
    help: &'static str,
}

/// The ways in which something is no report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It is of a schema that came after this version.
    Newer,
    /// It ends before it is complete.
    Truncated,
    /// It says that it is a report, and is not as its schema says.
    Broken,
    /// It is something else.
    Foreign,
}

impl Unfit {
    fn help(self) -> &'static str {
        match self {
            Self::Newer => "read it with the version of housecall that wrote it, or a newer one",
            Self::Truncated => {
                "its writer was ended or its disk was full; the events of the run, if they were kept (-o jsonl=FILE), tell what was seen until then"
            }
            Self::Broken => "it was changed after it was written; take it as housecall wrote it",
            Self::Foreign => {
                "give what `housecall run` wrote with -o json=FILE or -o jsonl=FILE, unpacked"
            }
        }
    }
}

fn place(line: Option<usize>) -> String {
    line.map_or_else(String::new, |line| format!(":{line}"))
}

/// The first thing that is read of a document.
#[derive(Deserialize)]
struct Head {
    schema: Option<String>,
}

/// The first thing that is read of a line.
#[derive(Deserialize)]
struct Lead {
    event: Option<String>,
}

/// Reads a report from what was saved. `origin` is what errors call it.
///
/// Of events a last line that is not complete is left out: it is where a killed run stopped. The report then has no exit code, and a
/// note says so.
pub fn read(bytes: &[u8], origin: &str) -> Result<Report, Unreadable> {
    let unfit = |why: Unfit, line, headline: String| Unreadable {
        origin: visible(origin),
        line,
        why,
        headline,
        help: why.help(),
    };
    let foreign = |headline: &str| unfit(Unfit::Foreign, None, headline.into());
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.starts_with(&[0x1f, 0x8b]) {
        return Err(foreign("is no report: it is compressed"));
    }
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(unfit(Unfit::Truncated, None, "is empty".into()));
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        // Cut within a character: what is before it says how it goes on.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return Err(foreign("is no report: it is not UTF-8")),
    };
    if !text.trim_start().starts_with('{') {
        return Err(foreign("is no report: it is no object of JSON"));
    }
    let first = text.trim_start().lines().next().unwrap_or_default();
    if let Ok(Lead { event: Some(_) }) = serde_json::from_str(first) {
        return events(text, &unfit);
    }
    document(text, &unfit)
}

type Made<'a> = &'a dyn Fn(Unfit, Option<usize>, String) -> Unreadable;

fn document(text: &str, unfit: Made<'_>) -> Result<Report, Unreadable> {
    let told = |error: &serde_json::Error| visible(&error.to_string());
    let head: Head = serde_json::from_str(text).map_err(|error| {
        let line = Some(error.line());
        if error.is_eof() {
            let headline = "is cut short: it ends in the middle of the document".into();
            return unfit(Unfit::Truncated, line, headline);
        }
        let why = told(&error);
        unfit(Unfit::Foreign, line, format!("is no report: {why}"))
    })?;
    let version = |schema: &str| -> Option<u64> {
        schema
            .strip_prefix(SCHEMA.trim_end_matches('1'))?
            .parse()
            .ok()
    };
    match head.schema.as_deref() {
        Some(SCHEMA) => serde_json::from_str(text).map_err(|error| {
            let headline = format!("is not as {SCHEMA} says: {}", told(&error));
            unfit(Unfit::Broken, Some(error.line()), headline)
        }),
        Some(newer) if version(newer).is_some_and(|version| version > 1) => {
            let headline = format!(
                "is a report of the newer schema {}; this version reads {SCHEMA}",
                visible(newer)
            );
            Err(unfit(Unfit::Newer, None, headline))
        }
        Some(other) => {
            let headline = format!(
                "is no report of a run: its schema is `{}`, not {SCHEMA}",
                visible(other)
            );
            Err(unfit(Unfit::Foreign, None, headline))
        }
        None => {
            let headline = format!("is no report: it names no schema, such as {SCHEMA}");
            Err(unfit(Unfit::Foreign, None, headline))
        }
    }
}

fn events(text: &str, unfit: Made<'_>) -> Result<Report, Unreadable> {
    let mut folding = Folding::default();
    let mut begun = false;
    let mut cut = false;
    let mut found = 0;
    for (at, line) in text.split_inclusive('\n').enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let broken = |headline: String| unfit(Unfit::Broken, Some(at + 1), headline);
        let event: Event = match serde_json::from_str(line) {
            Ok(event) => event,
            // Only the last line can be without its end.
            Err(_) if !line.ends_with('\n') => {
                cut = true;
                break;
            }
            Err(error) => {
                let why = visible(&error.to_string());
                return Err(broken(format!("is no event of a run: {why}")));
            }
        };
        let starts = matches!(event.happening, Happening::RunStarted { .. });
        if starts && begun {
            return Err(broken("begins a second run; a report is of one".into()));
        }
        if !starts && !begun {
            return Err(broken(
                "tells of a run that has not begun: lines before it are missing".into(),
            ));
        }
        begun = true;
        if matches!(event.happening, Happening::TargetFound { target, .. } if target == found) {
            found += 1;
        }
        // What is told of it would be lost with it, and what failed there.
        if event
            .happening
            .target()
            .is_some_and(|target| target >= found)
        {
            return Err(broken(
                "tells of a target that was never found: lines before it are missing".into(),
            ));
        }
        folding.take(event);
    }
    let mut report = folding.finish();
    if cut || report.exit.is_none() {
        let text = "the run was cut short: this is what it had told until then".into();
        report.notes.push(Note { target: None, text });
    }
    Ok(report)
}

/// One bounded line of what can be seen.
fn visible(text: &str) -> String {
    const MOST: usize = 200;
    let mut shown = String::new();
    for c in text.chars().take(MOST) {
        if c.is_control() {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    if text.chars().nth(MOST).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Status, fold};
    use crate::target::Target;

    fn why(text: &str) -> (Unfit, String) {
        let error = read(text.as_bytes(), "r.json").unwrap_err();
        (error.why, error.to_string())
    }

    fn events() -> String {
        let run = fold(&[]).run;
        let happenings = [
            Happening::RunStarted { run },
            Happening::TargetFound {
                target: 0,
                who: Target::local(),
            },
        ];
        happenings
            .into_iter()
            .map(|happening| {
                let at = jiff::Timestamp::UNIX_EPOCH;
                serde_json::to_string(&Event { at, happening }).unwrap() + "\n"
            })
            .collect()
    }

    #[test]
    fn a_report_is_read_as_it_was_written_pretty_or_on_one_line() {
        let report = fold(&[]);
        for text in [
            serde_json::to_string_pretty(&report).unwrap(),
            serde_json::to_string(&report).unwrap() + "\n",
            format!("\u{feff}{}", serde_json::to_string(&report).unwrap()),
        ] {
            assert_eq!(read(text.as_bytes(), "r").unwrap(), report);
        }
    }

    #[test]
    fn what_a_killed_run_leaves_is_a_report_that_did_not_pass() {
        let whole = events();
        for cut in [whole.clone(), format!("{whole}{{\"at\":\"2026-")] {
            let report = read(cut.as_bytes(), "r").unwrap();
            assert_eq!(report.summary.status, Status::Error);
            assert_eq!((report.exit, report.targets.len()), (None, 1));
            assert!(report.notes[0].text.contains("cut short"));
        }
        let torn = [whole.as_bytes(), b"{\"at\":\"\xc3"].concat();
        assert_eq!(read(&torn, "r").unwrap().targets.len(), 1);
    }

    #[test]
    fn every_way_of_being_no_report_is_told_apart() {
        let report = serde_json::to_string_pretty(&fold(&[])).unwrap();
        let newer = report.replacen("report/1", "report/2", 1);
        let broken = report.replacen("\"pass\": 0", "\"pass\": -1", 1);
        let half = &report[..report.len() / 2];
        let events = events();
        let twice = events.repeat(2);
        let unfound = events.replace("\"target\":0", "\"target\":1");
        let odd = events.replacen("target_found", "target_lost", 1);
        let late = events.lines().nth(1).unwrap();
        for (text, unfit, told) in [
            (
                newer.as_str(),
                Unfit::Newer,
                "r.json is a report of the newer schema housecall.report/2",
            ),
            (half, Unfit::Truncated, "is cut short"),
            (" \n", Unfit::Truncated, "is empty"),
            (
                broken.as_str(),
                Unfit::Broken,
                "is not as housecall.report/1 says",
            ),
            (
                twice.as_str(),
                Unfit::Broken,
                "r.json:3 begins a second run",
            ),
            (odd.as_str(), Unfit::Broken, "r.json:2 is no event of a run"),
            (
                unfound.as_str(),
                Unfit::Broken,
                "r.json:2 tells of a target that was never found",
            ),
            (
                late,
                Unfit::Broken,
                "r.json:1 tells of a run that has not begun",
            ),
            ("{}", Unfit::Foreign, "names no schema"),
            (
                "{\"schema\":\"housecall.lint/1\"}",
                Unfit::Foreign,
                "`housecall.lint/1`",
            ),
            ("version: 1\nid: x\n", Unfit::Foreign, "is no report"),
            (
                "[\"housecall.report/1\"]",
                Unfit::Foreign,
                "is no object of JSON",
            ),
            ("\u{1f}", Unfit::Foreign, "is no report"),
        ] {
            let (why, text) = why(text);
            assert_eq!(why, unfit, "{text}");
            assert!(text.contains(told) && text.contains("\n  help: "), "{text}");
        }
        let packed = read(b"\x1f\x8b\x08\0", "r").unwrap_err();
        assert_eq!(packed.why, Unfit::Foreign);
        assert_eq!(
            read(b"{\"a\": \"\xff\"}", "r").unwrap_err().why,
            Unfit::Foreign
        );
    }

    #[test]
    fn nothing_of_what_is_no_report_is_obeyed_or_floods() {
        let hostile = format!(
            "{{\"schema\":\"\\u001b[2J\\n::error::x{}\"}}",
            "y".repeat(9999)
        );
        let (_, text) = why(&hostile);
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(!text.contains('\u{1b}') && text.len() < 1000, "{text}");
    }
}
