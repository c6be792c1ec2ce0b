//! Every way to break a runbook that has a message of its own: `tests/broken/NAME.yaml` (or `.rhai`) and, beside it, `NAME.err` as it is told.
//!
//! With `HOUSECALL_ACCEPT=1` in the environment the `.err` files are written anew.

use std::fs;
use std::path::{Path, PathBuf};

use housecall::runbook::{Level, Paint, Runbook, render};

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken");
    let mut cases: Vec<_> = fs::read_dir(folder)
        .expect("the folder of cases is part of the source")
        .map(|entry| entry.expect("it can be listed").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|end| end == "yaml" || end == "rhai")
        })
        .collect();
    cases.sort();
    cases
}

#[test]
fn every_broken_runbook_is_told_what_is_wrong_with_it() {
    let accept = std::env::var_os("HOUSECALL_ACCEPT").is_some();
    let mut different = Vec::new();
    let cases = cases();
    assert!(cases.len() >= 25);
    for case in cases {
        let source = fs::read_to_string(&case).unwrap();
        let name = case.file_name().unwrap().to_str().unwrap();
        let found = match Runbook::parse(&source, name) {
            Ok((_, warnings)) => {
                assert!(name.starts_with("warnings"), "{name} is not broken");
                warnings
            }
            Err(errors) => {
                assert!(errors.iter().any(|one| one.level == Level::Error), "{name}");
                errors
            }
        };
        let told = render(&found, Paint::Plain);
        let expected = case.with_extension("err");
        if accept {
            fs::write(&expected, &told).unwrap();
        } else if fs::read_to_string(&expected).unwrap_or_default() != told {
            different.push(format!("--- {name}\n{told}"));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn every_complaint_has_a_place_and_nearly_every_one_a_fix() {
    let (mut complaints, mut without) = (0, 0);
    for case in cases() {
        let source = fs::read_to_string(&case).unwrap();
        let name = case.to_str().unwrap();
        for one in Runbook::parse(&source, name).err().unwrap_or_default() {
            assert!(one.line > 0 && one.column > 0 && one.length > 0);
            assert!(!one.headline.ends_with('.'), "{}", one.headline);
            complaints += 1;
            without += usize::from(one.fix.is_none());
        }
    }
    assert!(
        complaints > 90 && without * 20 <= complaints,
        "{without} of {complaints}"
    );
}

#[test]
fn ten_thousand_steps_are_read_and_ten_thousand_mistakes_are_told_in_bounded_number() {
    let steps = |expect: &str| -> String {
        let steps =
            (0..10_000).map(|n| format!("  - {{id: s{n}, run: [a], expect: [{expect} == 0]}}\n"));
        let steps: String = steps.collect();
        format!("version: 1\nid: x\ntitle: X\nsteps:\n{steps}")
    };
    let (runbook, warnings) = Runbook::parse(&steps("exit"), "x.yaml").unwrap();
    assert_eq!((runbook.steps.len(), warnings.len()), (10_000, 0));
    let errors = Runbook::parse(&steps("codde"), "x.yaml").unwrap_err();
    assert_eq!(errors.len(), 201);
    assert_eq!(errors[200].headline, "there is more wrong than these 200");
    assert!(
        errors
            .iter()
            .all(|one| one.fix.as_ref().is_some_and(|fix| fix.len() < 500))
    );
    let twice = format!("version: 1\nid: x\n{}", "title: X\n".repeat(30_000));
    assert_eq!(Runbook::parse(&twice, "x.yaml").unwrap_err().len(), 201);
}
