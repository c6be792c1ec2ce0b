//! Files beside a program: those it imports, and the recorded outputs its tests are given.

/// Reads files beside or below a program's own folder, and those of the shipped `lib/`; never any other.
pub trait Beside {
    /// The text of a file. `path` is relative with `/` between, has no `..`, and has been held against [`confined`]; that no link
    /// leads out of the folder is for the implementation to see to. An error is why there is none, in words.
    fn text(&self, path: &str) -> Result<String, String>;
}

/// A program with nothing beside it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Alone;

impl Beside for Alone {
    fn text(&self, path: &str) -> Result<String, String> {
        Err(format!("there is no `{path}` beside it"))
    }
}

/// Why a path may lead out of the folder it is meant for.
pub fn confined(path: &str) -> Result<(), &'static str> {
    if path.is_empty() {
        return Err("it is empty");
    }
    if path.starts_with(['/', '~']) || path.contains(['\\', ':', '\0']) {
        return Err("it is no relative path");
    }
    if path.split('/').any(|part| part == "..") {
        return Err("it leads out of the runbook's folder");
    }
    if path.split('/').any(|part| part.is_empty() || part == ".") {
        return Err("it has an empty part");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_where_it_is_meant_to() {
        for path in ["lib/x", "x.rhai", "a/b/c..d"] {
            assert_eq!(confined(path), Ok(()), "{path}");
        }
        for path in [
            "",
            "/x",
            "../x",
            "a/../../x",
            "a//b",
            "./x",
            "~/x",
            "c:x",
            "a\\..\\x",
            "x\0",
        ] {
            assert!(confined(path).is_err(), "{path}");
        }
    }
}
