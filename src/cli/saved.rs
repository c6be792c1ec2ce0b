//! Saved reports as arguments: a path, or `-` for stdin.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use housecall::report::{self, Report};

use super::exit::Failure;

/// Bytes of a saved report that are read at most: what is larger is no report that this machine should hold.
const MOST: u64 = 1 << 30;

/// Reads the report of a run from a file that `-o json` or `-o jsonl` wrote, or from stdin. What is none is exit 2.
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
    if bytes.len() as u64 > MOST {
        return Err(Failure::usage(format!(
            "{origin} is no report: it is larger than 1 GiB\n  help: give what `housecall run` wrote with -o json=FILE"
        )));
    }
    report::read(&bytes, &origin).map_err(|unreadable| Failure::usage(unreadable.to_string()))
}
