//! What `Cargo.toml` promises.

use std::process::Command;

use serde_json::Value;

/// A version as numbers, of which the last may be left out.
fn version(text: &str) -> [u32; 3] {
    let mut parts = text.split('.').map(|part| part.parse().unwrap());
    [(); 3].map(|()| parts.next().unwrap_or(0))
}

/// The platform that is built for. What others need besides is not there where nothing was fetched for them.
fn host() -> String {
    let output = Command::new(env!("CARGO")).arg("-vV").output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    let host = told.lines().find_map(|line| line.strip_prefix("host: "));
    host.unwrap().to_owned()
}

/// Our own code is held to it by clippy's `incompatible_msrv`, which is denied with all other warnings.
#[test]
fn the_stated_rust_version_is_the_least_that_all_dependencies_take() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline", "--locked"])
        .args(["--filter-platform", &host()])
        .args([
            "--manifest-path",
            concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
        ])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    let metadata: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{told}"));
    let (ours, others): (Vec<_>, Vec<_>) = metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|package| Some((package["name"].as_str()?, package["rust_version"].as_str()?)))
        .partition(|(name, _)| *name == env!("CARGO_PKG_NAME"));
    let highest = others
        .iter()
        .max_by_key(|(_, least)| version(least))
        .unwrap();
    assert_eq!(
        version(ours[0].1),
        version(highest.1),
        "{} asks for {}",
        highest.0,
        highest.1
    );
}
