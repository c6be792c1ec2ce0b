//! `housecall waive`: writes down in a file for `--waivers` that a check is known to fail.

use std::io;
use std::path::Path;

use serde_json::json;

use housecall::clock::{Clock, SystemClock};
use housecall::runbook::{Waiver, waivers};

use super::args::WaiveArgs;
use super::excerpt;
use super::exit::Failure;
use super::visit::drawn;

/// Adds a waiver to the file, in place of one for the same check.
pub(crate) fn run(args: &WaiveArgs) -> Result<u8, Failure> {
    let today = SystemClock.now().to_zoned(jiff::tz::TimeZone::UTC).date();
    if args.until < today {
        return Err(Failure::usage(format!(
            "{} is over already\n  help: name the last day on which the check may fail, such as 2027-01-31",
            args.until
        )));
    }
    let mut all = if args.file.exists() {
        excerpt::waived(Some(&args.file))?
    } else {
        Vec::new()
    };
    all.retain(|waiver| waiver.check != args.check);
    all.push(Waiver {
        check: args.check.clone(),
        reason: args.reason.clone(),
        owner: Some(args.owner.clone()),
        until: Some(args.until),
    });
    all.sort_by(|one, other| one.check.cmp(&other.check));
    let document = written(&all)?;
    // What would not be read back is not written.
    waivers(&document, "the waiver").map_err(|problems| Failure::drawn(drawn(&problems)))?;
    replaced(&args.file, &document).map_err(|error| {
        Failure::usage(format!(
            "failed to write {}: {error}\n  help: name a file that may be written with --file",
            args.file.display()
        ))
    })?;
    let file = args.file.display();
    super::print(&format!(
        "{} is waived until {} in {file}; `housecall run … --waivers {file}` goes by it\n",
        args.check, args.until
    ))
}

/// Puts a file in the place of another one, whole or not at all: a disk may be full, and the waivers there count.
fn replaced(file: &Path, text: &str) -> io::Result<()> {
    // Where it is a link, what it leads to is replaced.
    let file = std::fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let mut fresh = file.clone().into_os_string();
    fresh.push(".new");
    let put = std::fs::write(&fresh, text)
        .and_then(|()| match std::fs::metadata(&file) {
            Ok(about) => std::fs::set_permissions(&fresh, about.permissions()),
            Err(_) => Ok(()),
        })
        .and_then(|()| std::fs::rename(&fresh, &file));
    if put.is_err() {
        let _ = std::fs::remove_file(&fresh);
    }
    put
}

fn written(all: &[Waiver]) -> Result<String, Failure> {
    let all: Vec<_> = all
        .iter()
        .map(|waiver| {
            let mut entry = json!({ "check": waiver.check, "reason": waiver.reason });
            if let Some(owner) = &waiver.owner {
                entry["owner"] = owner.as_str().into();
            }
            if let Some(day) = waiver.until {
                entry["until"] = day.to_string().into();
            }
            entry
        })
        .collect();
    serde_yaml::to_string(&json!({ "waivers": all }))
        .map_err(|error| Failure::could_not("write the waivers", &error))
}
