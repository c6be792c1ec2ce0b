//! `housecall list`: the shipped runbooks by folder, a line each.

use std::fmt::Write;

use housecall::catalog::Catalog;
use housecall::runbook::Runbook;
use serde_json::json;

use super::args::{DataFormat, ListArgs};
use super::exit::Failure;
use super::library::Library;
use super::print;

/// Prints name and title of every shipped runbook.
pub(crate) fn run(args: &ListArgs) -> Result<u8, Failure> {
    let all: Vec<_> = Catalog::list()
        .filter_map(|shipped| {
            let (runbook, _) = Runbook::load(shipped.source, shipped.name, &Library).ok()?;
            Some((shipped.name, runbook))
        })
        .collect();
    if let Some(DataFormat::Json) = args.output {
        let rows: Vec<_> = all
            .iter()
            .map(|(name, runbook)| {
                let labels: serde_json::Map<_, _> = runbook
                    .labels
                    .iter()
                    .map(|(key, value)| (key.clone(), value.clone().into()))
                    .collect();
                json!({"name": name, "id": runbook.id, "title": runbook.title, "labels": labels})
            })
            .collect();
        return print(&format!("{:#}\n", json!(rows)));
    }
    let width = all
        .iter()
        .map(|(name, _)| name.len())
        .max()
        .unwrap_or_default();
    let mut text = String::new();
    let mut folder = None;
    for (name, runbook) in &all {
        let own = name.rsplit_once('/').map(|(folder, _)| folder);
        if own != folder && !text.is_empty() {
            text.push('\n');
        }
        folder = own;
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name:width$}  {}", runbook.title);
    }
    print(&text)
}
