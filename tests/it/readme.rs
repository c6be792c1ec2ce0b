//! What the README and the examples say holds.

use std::path::{Path, PathBuf};

use housecall::runbook::Runbook;

fn house(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn readme() -> String {
    std::fs::read_to_string(house("README.md")).unwrap()
}

/// Without a single error or warning.
fn assert_sound(text: &str, origin: &str) {
    let (_, warnings) =
        Runbook::parse(text, origin).unwrap_or_else(|all| panic!("{origin}: {all:?}"));
    assert!(warnings.is_empty(), "{origin}: {warnings:?}");
}

#[test]
fn the_runbook_of_the_readme_is_one() {
    let readme = readme();
    let runbook = readme.split("```yaml\n").nth(1).unwrap();
    assert_sound(runbook.split("```").next().unwrap(), "README.md");
}

#[test]
fn every_example_runbook_is_one() {
    let mut seen = 0;
    for entry in std::fs::read_dir(house("examples")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "yaml") {
            assert_sound(
                &std::fs::read_to_string(&path).unwrap(),
                &path.display().to_string(),
            );
            seen += 1;
        }
    }
    assert!(seen > 0);
}

#[test]
fn the_readme_has_every_exit_code() {
    let readme = readme();
    let codes: Vec<_> = readme
        .lines()
        .filter_map(|line| {
            line.strip_prefix("| ")?
                .split(' ')
                .next()?
                .parse::<u8>()
                .ok()
        })
        .collect();
    assert_eq!(codes, [0, 1, 2, 3, 4, 5, 6, 130]);
    for (code, meaning) in housecall::report::CODES {
        assert!(
            readme.contains(&format!("| {code} | {meaning} |")),
            "{code}"
        );
    }
}
