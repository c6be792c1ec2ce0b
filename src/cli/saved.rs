//! Saved reports as arguments: a path, or `-` for stdin.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use housecall::archive;
use housecall::report::{self, Report};

use super::exit::Failure;

/// Bytes of a saved report that are read at most: what is larger is no report that this machine should hold.
const MOST: u64 = 1 << 30;

/// Entries of a bundle, by name.
type Entries = BTreeMap<String, Vec<u8>>;

/// Reads the wanted entries of a bundle. What is none is exit 2.
pub(crate) fn bundle(path: &Path, wanted: impl Fn(&str) -> bool) -> Result<Entries, Failure> {
    let origin = path.display().to_string();
    let file = File::open(path).map_err(|error| {
        Failure::usage(format!(
            "failed to read the bundle {origin}: {error}\n  help: name a file that `housecall run` wrote with -o bundle=FILE, or a folder of --record"
        ))
    })?;
    entries(BufReader::new(file), &origin, wanted)
}

fn entries(
    from: impl Read,
    origin: &str,
    wanted: impl Fn(&str) -> bool,
) -> Result<Entries, Failure> {
    archive::read(from, wanted).map_err(|unreadable| {
        Failure::usage(format!(
            "{origin} {unreadable}\n  help: give what `housecall run` wrote with -o bundle=FILE, as it was written"
        ))
    })
}

/// Reads the report of a run from a file that `-o json`, `-o jsonl` or `-o bundle` wrote, or from stdin. What is none is exit 2.
pub(crate) fn report(path: &Path) -> Result<Report, Failure> {
    let stdin = path == Path::new("-");
    let origin = if stdin {
        "stdin".to_owned()
    } else {
        path.display().to_string()
    };
    let read = || {
        let mut bytes = Vec::new();
        let from: &mut dyn Read = if stdin {
            &mut std::io::stdin()
        } else {
            &mut File::open(path)?
        };
        from.take(MOST + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().map_err(|error: std::io::Error| {
        Failure::usage(format!(
            "failed to read the report {origin}: {error}\n  help: name a file that `housecall run` wrote with -o json=FILE, or `-` for stdin"
        ))
    })?;
    if bytes.starts_with(&archive::GZIP) {
        let entries = entries(&bytes[..], &origin, |name| name == "report.json")?;
        let document = entries.get("report.json").ok_or_else(|| {
            Failure::usage(format!("{origin} is no bundle: it holds no report.json"))
        })?;
        return report::read(document, &origin)
            .map_err(|unreadable| Failure::usage(unreadable.to_string()));
    }
    if bytes.len() as u64 > MOST {
        return Err(Failure::usage(format!(
            "{origin} is no report: it is larger than 1 GiB\n  help: give what `housecall run` wrote with -o json=FILE"
        )));
    }
    report::read(&bytes, &origin).map_err(|unreadable| Failure::usage(unreadable.to_string()))
}
