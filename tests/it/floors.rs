//! The house stands: every room knows only rooms on lower floors, every heavy crate has one home, no file outgrows its noun.
//!
//! A new room gets one line in [`ROOMS`]; a new heavy crate one line in [`HOMES`].

mod source;

use std::path::Path;

use source::Source;

/// A room, its floor, and the rooms below it that it must not know all the same. `a::b` stands for one module of a room.
const ROOMS: &[(&str, u8, &[&str])] = &[
    ("ask", 1, &[]),
    ("target", 1, &[]),
    ("yaml", 1, &[]),
    ("archive", 1, &[]),
    ("sarif", 1, &[]),
    ("clock", 1, &[]),
    ("random", 1, &[]),
    ("pattern", 1, &[]),
    ("memory", 1, &[]),
    ("report", 2, &["clock", "yaml"]),
    ("cluster", 2, &["yaml"]),
    ("script", 2, &["yaml", "clock"]),
    ("alert", 2, &["clock"]),
    ("step", 3, &["cluster", "clock"]),
    ("check", 3, &["cluster", "clock", "target"]),
    ("render", 3, &["cluster", "script", "clock"]),
    ("runbook", 5, &["clock", "render"]),
    ("catalog", 6, &["cluster", "clock", "render"]),
    ("plan", 6, &["clock", "render", "cluster::kube"]),
    (
        "engine",
        7,
        &["render", "catalog", "cluster::kube", "cluster::local"],
    ),
    ("server", 8, &["step", "cluster::kube"]),
    ("lib", 9, &[]),
    ("cli", 10, &[]),
    ("main", 11, &[]),
];

/// What two rooms on one floor may name of each other: a cluster fills in the plain record of how a target was reached.
const NEIGHBOURS: &[(&str, &str)] = &[("cluster", "report")];

/// The only items that a room may name of another one.
const ONLY: &[(&str, &str, &[&str])] = &[
    ("runbook", "cluster", &["Mode", "Profile"]),
    ("main", "cli", &["main"]),
];

/// A heavy crate and where it may be named.
const HOMES: &[(&[&str], &[&str])] = &[
    (&["kube", "k8s_openapi"], &["cluster/kube/"]),
    (&["tokio_tungstenite"], &["cluster/kube/"]),
    (
        &["expectrl"],
        &["cluster/talk/", "cluster/local/terminal.rs"],
    ),
    (&["rhai"], &["script/"]),
    (&["serde_saphyr"], &["yaml.rs", "yaml/"]),
    (&["serde_yaml"], &["yaml.rs", "yaml/", "cli/"]),
    (&["clap", "clap_complete"], &["cli/"]),
    (
        &["anstyle", "anstream", "indicatif"],
        &["render/terminal", "render/progress", "cli/"],
    ),
    (&["tar", "flate2"], &["archive.rs"]),
    (&["quick_xml"], &["render/junit.rs"]),
    (&["axum"], &["server/"]),
    (
        &["tokio"],
        &[
            "clock.rs", "cluster/", "engine/", "server/", "cli/", "main.rs",
        ],
    ),
];

const PRINTING: &[&str] = &["println", "eprintln", "print", "eprint"];
const NAMELESS: &[&str] = &[
    "utils", "util", "common", "helpers", "helper", "types", "errors", "manager",
];
const MOST_CODE_LINES: usize = 400;

/// Every breach in one file, each with its place and what to do. `path` is relative to `src/`.
fn breaches(path: &str, text: &str) -> Vec<String> {
    let source = Source::read(text);
    let mut found = Vec::new();
    let mut at = |line: usize, what: String| found.push(format!("src/{path}:{line}: {what}"));

    let stem = path.rsplit('/').next().unwrap_or(path);
    if NAMELESS.iter().any(|banned| {
        path.split('/')
            .any(|part| part.trim_end_matches(".rs") == *banned)
    }) {
        at(
            1,
            format!("`{stem}` says nothing: name the file or folder after the one noun it holds"),
        );
    }
    let lines = source.code_lines();
    if lines > MOST_CODE_LINES {
        at(
            1,
            format!("{lines} lines of code, at most {MOST_CODE_LINES}: split it by noun"),
        );
    }
    if !path.starts_with("cli/") {
        for line in source.calls_of(PRINTING) {
            at(
                line,
                "prints: return text and let cli/ print it, or use `tracing`".to_owned(),
            );
        }
    }
    for (crates, homes) in HOMES {
        if homes.iter().any(|home| path.starts_with(home)) {
            continue;
        }
        for name in *crates {
            for used in source.uses_of(name) {
                at(
                    used.line,
                    format!(
                        "names the crate `{name}`, whose only home is {}: hide it behind a function there",
                        homes.join(", ")
                    ),
                );
            }
        }
    }

    let room = path
        .split('/')
        .next()
        .unwrap_or(path)
        .trim_end_matches(".rs");
    let Some((_, floor, closed)) = ROOMS.iter().find(|row| row.0 == room) else {
        at(
            1,
            format!("room `{room}` has no floor: give it a line in ROOMS of tests/it/floors.rs"),
        );
        return found;
    };
    if room == "lib" {
        return found; // the map of the house names every room
    }
    for path in source.named() {
        let [root, other, rest @ ..] = path.segments.as_slice() else {
            continue;
        };
        let Some((_, height, _)) = ROOMS.iter().find(|row| row.0 == other) else {
            continue;
        };
        if !["crate", "housecall"].contains(&root.as_str()) || other == room {
            continue;
        }
        let item = rest.first().map_or("", String::as_str);
        let neighbour = height == floor && NEIGHBOURS.contains(&(room, other.as_str()));
        if height >= floor && !neighbour {
            at(
                path.line,
                format!(
                    "`{room}` (floor {floor}) names `{other}` (floor {height}): a room knows only lower floors; move the shared noun down, or pass it in"
                ),
            );
        } else if closed
            .iter()
            .any(|door| door == other || **door == format!("{other}::{item}"))
        {
            at(
                path.line,
                format!(
                    "`{room}` must not know `{}`: see the table in tests/it/floors.rs; take what it needs as a plain value",
                    path.segments[1..].join("::")
                ),
            );
        } else if let Some((_, _, only)) = ONLY.iter().find(|row| row.0 == room && row.1 == other)
            && !only.contains(&item)
        {
            at(
                path.line,
                format!(
                    "`{room}` names `{other}::{item}`, and may name only `{other}::{}`",
                    only.join("`, `")
                ),
            );
        }
    }
    found
}

fn walk(folder: &Path, src: &Path, found: &mut Vec<String>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            walk(&path, src, found)?;
        } else if path.extension().is_some_and(|end| end == "rs") {
            let name = path.strip_prefix(src).unwrap_or(&path).to_string_lossy();
            found.extend(breaches(&name, &std::fs::read_to_string(&path)?));
        }
    }
    Ok(())
}

#[test]
fn every_room_knows_only_lower_floors_and_every_heavy_crate_its_one_home() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    walk(&src, &src, &mut found).unwrap();
    assert!(
        found.is_empty(),
        "{} breaches:\n{}",
        found.len(),
        found.join("\n")
    );
}

/// The check itself: each row plants one breach and says what it must be told.
#[test]
fn a_planted_breach_is_told_with_its_line_and_what_to_do() {
    let long = "fn a() {}\n".repeat(MOST_CODE_LINES + 1);
    for (path, text, told) in [
        (
            "step/run.rs",
            "\nuse crate::engine::Engine;",
            "src/step/run.rs:2: `step` (floor 3) names `engine` (floor 7)",
        ),
        (
            "step/run.rs",
            "use crate::{ask::Ask,\n  check::judge};",
            "src/step/run.rs:2: `step` (floor 3) names `check`",
        ),
        (
            "step/run.rs",
            "fn a() { crate::cluster::open() }",
            "src/step/run.rs:1: `step` must not know `cluster::open`",
        ),
        (
            "report/fold.rs",
            "use crate::cluster::Attach;",
            "`report` (floor 2) names `cluster` (floor 2)",
        ),
        (
            "render/json.rs",
            "use crate::step::Kind;",
            "`render` (floor 3) names `step` (floor 3)",
        ),
        (
            "runbook/lint.rs",
            "use crate::cluster::{Profile, Cluster};",
            "may name only `cluster::Mode`, `Profile`",
        ),
        (
            "engine/lane.rs",
            "use crate::cluster::kube::Pods;",
            "`engine` must not know `cluster::kube::Pods`",
        ),
        (
            "main.rs",
            "use housecall::plan::Plan;\nfn main() { housecall::cli::args() }",
            "src/main.rs:2: `main` names `cli::args`",
        ),
        (
            "plan/mod.rs",
            "use kube::Client;",
            "the crate `kube`, whose only home is cluster/kube/",
        ),
        (
            "engine/mod.rs",
            "fn a() { rhai::Engine::new(); }",
            "the crate `rhai`",
        ),
        (
            "runbook/mod.rs",
            "use serde_yaml as writer;",
            "the crate `serde_yaml`",
        ),
        ("check/judge.rs", "use tokio::spawn;", "the crate `tokio`"),
        (
            "engine/lane.rs",
            "fn a() { eprintln!(\"x\"); }",
            "prints: return text",
        ),
        ("plan/utils.rs", "", "`utils.rs` says nothing"),
        ("plan/template.rs", &long, "401 lines of code, at most 400"),
        ("kitchen/mod.rs", "", "room `kitchen` has no floor"),
    ] {
        let found = breaches(path, text);
        assert!(
            found.iter().any(|breach| breach.contains(told)),
            "{path} with {text:?} was told: {found:?}"
        );
    }
}

#[test]
fn what_a_room_may_do_is_not_told() {
    for (path, text) in [
        (
            "cluster/local.rs",
            "use crate::report::AttachReport;\nuse crate::ask::Ask;",
        ),
        (
            "cluster/kube/pump.rs",
            "use kube::Client;\nuse tokio_tungstenite::WebSocketStream;",
        ),
        (
            "cli/run.rs",
            "use housecall::cluster::kube;\nfn a() { kube::connect(); println!(); }",
        ),
        ("cluster/mod.rs", "pub mod kube;\npub use kube::Pods;"),
        ("runbook/document.rs", "use crate::cluster::Profile;"),
        (
            "plan/mod.rs",
            "// use crate::engine::Engine;\nconst A: &str = \"crate::cli\";",
        ),
        (
            "check/judge.rs",
            "#[cfg(test)]\nmod tests {\n use crate::engine::Engine;\n}",
        ),
        (
            "main.rs",
            "fn main() -> std::process::ExitCode { housecall::cli::main() }",
        ),
    ] {
        assert_eq!(breaches(path, text), Vec::<String>::new(), "{path}");
    }
}
