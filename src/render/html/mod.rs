//! The report as one page for a browser: overview, filters, search, and every target with its steps on a line of time.
//!
//! The page is whole without its script: everything is in the document, folded in `<details>`; the script only filters, searches
//! and copies. It asks nothing of anyone: its policy (`Content-Security-Policy`) allows one style and one script, each by the digest
//! of what stands here, and nothing else; so text that would get out of its element still could not run or load anything. The one
//! way from a report onto the page is [`markup`].
//!
//! A report of 200 targets with 20 steps each is some 100,000 elements; what is folded or out of sight is never laid out
//! (`content-visibility`), and that is what makes it open at once. Outputs are bounded: see [`output::Share`].

mod check;
mod markup;
mod output;
mod overview;
mod step;
mod target;

use std::io::{self, Write};

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use crate::render::case::weight;
use crate::render::order::loud;
use crate::report::{Report, Status, Verdict};
use check::Checks;
use markup::Plain;
use output::Share;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Targets that are unfolded from the start, at most: those with trouble.
const OPEN: usize = 20;

/// Writes the page.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let checks = Checks::of(report);
    let share = Share::of(report);
    head(out, report)?;
    overview::write(out, report, &checks)?;
    let mut order: Vec<_> = report.targets.iter().enumerate().collect();
    order.sort_by_key(|(_, entry)| std::cmp::Reverse(weight(entry)));
    filters(out, report, &order, &checks)?;
    writeln!(out, "<section id=targets aria-labelledby=targets-head>")?;
    writeln!(out, "<h2 id=targets-head>Targets</h2>")?;
    for (place, (index, entry)) in order.into_iter().enumerate() {
        let open = place < OPEN && (loud(entry) || report.targets.len() == 1);
        target::write(out, index, entry, open, &checks, &share)?;
    }
    writeln!(
        out,
        "<p id=nothing hidden>Nothing matches these filters.</p>"
    )?;
    writeln!(out, "</section>\n</main>")?;
    overview::foot(out, report)?;
    write!(out, "<script>{SCRIPT}</script>\n</body>\n</html>\n")
}

fn head(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    let runbook = &report.run.runbook;
    writeln!(
        out,
        "<!doctype html>\n<html lang=en>\n<head>\n<meta charset=utf-8>"
    )?;
    writeln!(
        out,
        "<meta http-equiv=Content-Security-Policy content=\"{}\">",
        policy()
    )?;
    writeln!(
        out,
        "<meta name=viewport content=\"width=device-width, initial-scale=1\">\n\
         <meta name=color-scheme content=\"light dark\">\n\
         <meta name=referrer content=no-referrer>\n\
         <meta name=generator content=\"housecall {}\">",
        Plain(&report.run.version)
    )?;
    writeln!(
        out,
        "<title>{} {}: {}</title>",
        column(report.summary.status).word,
        Plain(&runbook.id),
        Plain(&runbook.title)
    )?;
    writeln!(out, "<style>{STYLE}</style>\n</head>\n<body>")?;
    writeln!(out, "<a id=skip href=#targets>Skip to the targets</a>")
}

/// What the page may do: use this style and this script.
fn policy() -> String {
    let digest = |text: &str| STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
        digest(STYLE),
        digest(SCRIPT)
    )
}

/// The bar that narrows down what is shown: there only where the script runs.
fn filters(
    out: &mut dyn Write,
    report: &Report,
    order: &[(usize, &crate::report::TargetReport)],
    checks: &Checks,
) -> io::Result<()> {
    writeln!(
        out,
        "<form id=filters role=search aria-label=\"Filter the steps\" hidden>\n\
         <label class=find><span>Search</span> <input type=search name=q placeholder=\"Search everything\" autocomplete=off spellcheck=false aria-keyshortcuts=/> <kbd aria-hidden=true>/</kbd></label>\n\
         <fieldset><legend>Status</legend>"
    )?;
    let mut counts = [0_u64; 5];
    for entry in &report.targets {
        for step in &entry.steps {
            counts[COLUMNS
                .iter()
                .position(|column| column.status == step.status.status())
                .unwrap_or(0)] += 1;
        }
    }
    for (column, count) in COLUMNS.iter().zip(counts) {
        writeln!(
            out,
            "<label class=\"chip {0}\"><input type=checkbox name=status value={0}> <span aria-hidden=true>{1}</span> {2} <b>{count}</b></label>",
            column.class, column.sign, column.word
        )?;
    }
    writeln!(out, "</fieldset>")?;
    if order.len() > 1 {
        write!(
            out,
            "<label><span>Target</span> <select name=target><option value=\"\">all {}</option>",
            order.len()
        )?;
        for (index, entry) in order {
            let name = entry.target.to_string();
            write!(out, "<option value={index}>{}</option>", Plain(&name))?;
        }
        writeln!(out, "</select></label>")?;
    }
    write!(
        out,
        "<label><span>Check</span> <select name=check><option value=\"\">all {}</option>",
        checks.all.len()
    )?;
    for (index, check) in checks.all.iter().enumerate() {
        let name = check.name();
        write!(out, "<option value={index}>{}</option>", Plain(&name))?;
    }
    writeln!(
        out,
        "</select></label>\n\
         <span class=acts><button type=reset>Clear</button> <button type=button id=unfold>Unfold all</button> <button type=button id=fold>Fold all</button></span>\n\
         <output id=shown role=status></output>\n</form>"
    )
}

/// One column of the summary: its class on the page, its sign, and the word people read. Never colour alone.
struct Column {
    status: Status,
    class: &'static str,
    sign: &'static str,
    word: &'static str,
}

const COLUMNS: [Column; 5] = [
    Column {
        status: Status::Fail,
        class: "fail",
        sign: "✗",
        word: "fail",
    },
    Column {
        status: Status::Error,
        class: "error",
        sign: "?",
        word: "undetermined",
    },
    Column {
        status: Status::Warn,
        class: "warn",
        sign: "▲",
        word: "warn",
    },
    Column {
        status: Status::Pass,
        class: "pass",
        sign: "✓",
        word: "pass",
    },
    Column {
        status: Status::Skip,
        class: "skip",
        sign: "–",
        word: "skip",
    },
];

fn column(status: Status) -> &'static Column {
    COLUMNS
        .iter()
        .find(|column| column.status == status)
        .unwrap_or(&COLUMNS[1])
}

/// A badge: sign and word.
fn badge(status: Status) -> String {
    let column = column(status);
    mark(column, column.word)
}

/// The badge of a verdict, in its own word.
fn verdict(verdict: Verdict) -> String {
    mark(column(verdict.status()), verdict.word())
}

fn mark(column: &Column, word: &str) -> String {
    format!(
        "<span class=\"mark {}\"><span aria-hidden=true>{}</span> {word}</span>",
        column.class, column.sign
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_names_the_digests_of_this_style_and_this_script() {
        let policy = policy();
        for text in [STYLE, SCRIPT] {
            let digest = STANDARD.encode(Sha256::digest(text.as_bytes()));
            assert!(policy.contains(&format!("'sha256-{digest}'")), "{policy}");
        }
        assert!(policy.starts_with("default-src 'none';"));
        assert!(!policy.contains("unsafe"));
    }

    #[test]
    fn neither_style_nor_script_can_end_its_element_or_reach_anything() {
        for text in [STYLE, SCRIPT] {
            for never in [
                "</",
                "<!--",
                "http:",
                "https:",
                "url(",
                "@import",
                "fetch(",
                "innerHTML",
            ] {
                assert!(!text.contains(never), "{never}");
            }
        }
    }
}
