//! The shipped runbooks: each says what it is for, carries tests of both outcomes, and its tests hold.

use std::process::Command;

use housecall::catalog::Catalog;
use housecall::report::Verdict;
use housecall::runbook::{Library, Runbook};

/// What shipped runbooks share.
struct Shared;

impl Library for Shared {
    fn source(&self, _: &str, path: &str) -> Result<(String, String), String> {
        Catalog::shared(path)
            .map(|source| (path.to_owned(), source.to_owned()))
            .ok_or_else(|| format!("there is no `{path}`"))
    }
}

fn all() -> Vec<(&'static str, Runbook)> {
    Catalog::list()
        .map(|shipped| {
            let (runbook, warnings) =
                Runbook::load(shipped.source, shipped.name, &Shared).expect(shipped.name);
            let told: Vec<_> = warnings.into_iter().map(|one| one.headline).collect();
            assert!(told.is_empty(), "{}: {told:?}", shipped.name);
            (shipped.name, runbook)
        })
        .collect()
}

#[test]
fn every_runbook_says_what_it_is_for_and_how_to_read_it() {
    for (name, runbook) in all() {
        assert!(!runbook.title.is_empty(), "{name} has no title");
        let doc = runbook.doc.unwrap_or_default();
        for part in ["Goal:", "How to read it:"] {
            assert!(doc.contains(part), "{name}: its doc has no `{part}`");
        }
    }
}

#[test]
fn every_param_of_a_smoke_runbook_has_a_default() {
    for (name, runbook) in all() {
        if name.starts_with("smoke/") {
            for param in &runbook.params {
                assert!(param.default.is_some(), "{name}: {}", param.name);
            }
        }
    }
}

/// In YAML a case says what it expects of each check; a program's tests say it in their asserts.
#[test]
fn every_runbook_has_a_case_that_holds_and_one_that_does_not() {
    for shipped in Catalog::list() {
        let (runbook, _) = Runbook::load(shipped.source, shipped.name, &Shared).unwrap();
        let says = |word: &str| shipped.source.contains(&format!(".status == \"{word}\""));
        let expects = |verdicts: &[Verdict]| {
            let mut expected = runbook.tests.iter().flat_map(|test| &test.expect.checks);
            expected.any(|(_, verdict)| verdicts.contains(verdict))
        };
        let name = shipped.name;
        assert!(
            expects(&[Verdict::Fail, Verdict::Warn]) || says("fail"),
            "{name}: nothing fails in its tests"
        );
        assert!(
            expects(&[Verdict::Pass]) || says("pass"),
            "{name}: nothing passes in its tests"
        );
    }
}

#[test]
fn the_tests_of_every_runbook_hold() {
    let names = Catalog::list().map(|shipped| shipped.name);
    let output = Command::new(env!("CARGO_BIN_EXE_housecall"))
        .arg("test")
        .args(names)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A diagnosis reads what holds for any pod; the patients of the zoo are not known to it.
#[test]
fn no_runbook_knows_the_patients_that_it_is_measured_on() {
    let zoo = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/zoo/sick")).unwrap();
    let mut names = Vec::new();
    for folder in zoo {
        let manifest = std::fs::read_to_string(folder.unwrap().path().join("pod.yaml")).unwrap();
        let pods = manifest.split("kind: Pod\n").skip(1);
        names.extend(pods.filter_map(|pod| {
            let line = pod.lines().find(|line| line.contains("name: "))?;
            Some(line.rsplit("name: ").next()?.trim().to_owned())
        }));
    }
    assert!(names.len() > 25, "{names:?}");
    let shared = housecall::catalog::SHARED.iter();
    for (file, source) in housecall::catalog::SHIPPED.iter().chain(shared) {
        for name in &names {
            assert!(!source.contains(name.as_str()), "{file} knows {name}");
        }
        assert!(!source.contains("labels.zoo"), "{file} reads the label");
    }
}
