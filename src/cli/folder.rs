//! The runbooks in a folder.

use std::path::{Path, PathBuf};

use super::exit::Failure;

/// The most of a file that is looked at to tell a program from what programs import, bytes.
const LOOKED_AT: u64 = 512 * 1024;

/// Each folder as the runbooks in it, at any depth, by name; every other word as it is; each once.
pub(crate) fn spread(words: &[String]) -> Result<Vec<String>, Failure> {
    let mut all: Vec<String> = Vec::new();
    for word in words {
        let mut found = vec![PathBuf::from(word)];
        if Path::new(word).is_dir() {
            found.clear();
            walk(Path::new(word), &mut found)
                .map_err(|error| Failure::usage(format!("failed to read {word}: {error}")))?;
            if found.is_empty() {
                return Err(Failure::usage(format!(
                    "there is no runbook in {word}\n  help: runbooks are files that end in .yaml, .yml or .rhai"
                )));
            }
        }
        for path in found {
            let path = path.to_string_lossy().into_owned();
            if !all.contains(&path) {
                all.push(path);
            }
        }
    }
    Ok(all)
}

/// Links to folders are not followed: they could lead round in a ring. A pipe in a folder would be waited for without end. What is hidden is nobody's runbook.
fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let mut entries: Vec<_> = std::fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        if entry.file_type()?.is_dir() {
            walk(&path, found)?;
        } else if path.is_file() && is_runbook(&path) {
            found.push(path);
        }
    }
    Ok(())
}

fn is_runbook(path: &Path) -> bool {
    match path.extension().and_then(|end| end.to_str()) {
        Some("yaml" | "yml") => true,
        Some("rhai") => !is_shared(path),
        _ => false,
    }
}

/// What programs import has neither a header nor a `main`; one that has either is meant as a runbook.
fn is_shared(path: &Path) -> bool {
    use std::io::Read;
    let mut text = String::new();
    let read =
        std::fs::File::open(path).and_then(|file| file.take(LOOKED_AT).read_to_string(&mut text));
    let begins = |word: &str| text.lines().any(|line| line.trim_start().starts_with(word));
    read.is_ok() && !begins("const RUNBOOK") && !begins("fn main")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_holds_its_runbooks_and_neither_what_they_import_nor_what_is_hidden() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        put("b.yaml", "");
        put("a/c.rhai", "const RUNBOOK = #{};\nfn main(p) {}\n");
        put("a/headless.rhai", "fn main(p) {}\n");
        put("lib/shared.rhai", "fn half(n) { n / 2 }\n");
        put(".git/d.yaml", "");
        put("notes.txt", "");
        let root = folder.path().to_string_lossy().into_owned();
        let found = spread(&[root.clone(), "smoke/web".into(), format!("{root}/b.yaml")]);
        let found: Vec<_> = found
            .unwrap_or_default()
            .into_iter()
            .map(|path| path.replace(&format!("{root}/"), ""))
            .collect();
        assert_eq!(
            found,
            ["a/c.rhai", "a/headless.rhai", "b.yaml", "smoke/web"]
        );
    }
}
