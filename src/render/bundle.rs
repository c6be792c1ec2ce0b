//! `bundle`: the report with all that it tells of, as one archive: for a ticket, for `judge`, for later.
//!
//! ```text
//! report.json                          the report
//! targets/0001/01-http.stdout          what a step wrote, as far as it was kept; targets and steps by their places in the report
//! targets/0001/01-http.stderr
//! targets/0001/02-retried.2.stdout     of its second attempt
//! events.jsonl                         what happened, where the run itself writes the bundle
//! recording/…                          every ask and answer, for `judge` and `replay`
//! targets/0001/03-logs.file-1          a file that was collected; its name and path stand in the report
//! manifest.sha256                      the sums of all that
//! ```

use std::io::{self, Read, Write};

use super::json;
use crate::archive::Archive;
use crate::report::{Output, Report};

/// One more file for a bundle.
pub struct Enclosure {
    /// Its name in the bundle, of ours.
    pub name: String,
    /// How many bytes it has.
    pub bytes: u64,
    /// Where they come from.
    pub content: Box<dyn Read>,
}

/// Writes a bundle of a report alone.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    bundle(report, std::iter::empty(), out)
}

/// Writes a bundle of a report and what comes with it. `Err` when `out` refuses, or an enclosure cannot be read or has no plain name.
pub fn bundle(
    report: &Report,
    enclosed: impl IntoIterator<Item = io::Result<Enclosure>>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut archive = Archive::begin(out, &folder(&report.run.id));
    let mut document = Vec::new();
    json::write(report, &mut document)?;
    archive.put("report.json", document.len() as u64, &document[..])?;
    drop(document);
    for (target, reported) in report.targets.iter().enumerate() {
        for (place, step) in reported.steps.iter().enumerate() {
            for (attempt, told) in step.attempts.iter().enumerate() {
                let stem = stem(target, place, &step.id);
                let again = match attempt {
                    0 => String::new(),
                    more => format!(".{}", more + 1),
                };
                for (stream, output) in [("stdout", &told.stdout), ("stderr", &told.stderr)] {
                    put(&mut archive, &format!("{stem}{again}.{stream}"), output)?;
                }
            }
        }
    }
    for enclosure in enclosed {
        let enclosure = enclosure?;
        archive.put(&enclosure.name, enclosure.bytes, enclosure.content)?;
    }
    archive.finish()
}

/// What the files of a step begin with: `targets/0001/01-http`. Places count from 0 here, and from 1 in the name.
pub fn stem(target: usize, place: usize, step: &str) -> String {
    let word: String = step
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .take(40)
        .collect();
    format!("targets/{:04}/{:02}-{word}", target + 1, place + 1)
}

/// A stream that said nothing has no file.
fn put<W: Write>(archive: &mut Archive<W>, name: &str, output: &Output) -> io::Result<()> {
    let content = output.content();
    if content.is_empty() {
        return Ok(());
    }
    archive.put(name, content.len() as u64, &content[..])
}

/// By the id of the run, where it is one that we made.
fn folder(id: &str) -> String {
    let ours = id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    if ours {
        format!("housecall-{id}")
    } else {
        "housecall".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive;
    use crate::report::fold;

    #[test]
    fn promise_7_no_word_of_a_report_leads_out_of_the_bundle() {
        let mut report = fold(&[]);
        report.run.id = "../../etc".into();
        let mut out = Vec::new();
        write(&report, &mut out).unwrap();
        let entries = archive::read(&out[..], |_| true).unwrap();
        assert_eq!(entries.keys().collect::<Vec<_>>(), ["report.json"]);
        assert_eq!(stem(0, 11, "a/../b\n"), "targets/0001/12-a____b_");
    }
}
