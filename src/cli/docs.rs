//! `housecall docs`: runbooks, or the language itself, as Markdown.

use housecall::plan;
use housecall::render::inert;
use housecall::runbook::reference;

use super::args::DocsArgs;
use super::exit::Failure;
use super::{print, visit::load};

/// Prints Markdown to stdout.
pub(crate) fn run(args: &DocsArgs) -> Result<u8, Failure> {
    if args.kinds {
        return print(&reference());
    }
    let mut pages = Vec::new();
    let mut wrong = Vec::new();
    for word in &args.runbooks {
        let page = load(word).and_then(|runbook| {
            plan::docs(&runbook, word).map_err(|refused| Failure::usage(refused.to_string()))
        });
        match page {
            Ok(page) => pages.push(page),
            Err(failure) => wrong.push(failure),
        }
    }
    if let Some(failure) = Failure::all(wrong) {
        return Err(failure);
    }
    let text: String = pages
        .join("\n")
        .lines()
        .map(|line| inert(line) + "\n")
        .collect();
    print(&text)
}
