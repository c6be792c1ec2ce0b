//! Where included runbooks come from: files beside or below the one that includes them, then the shipped ones.

use std::path::{Component, Path};

use housecall::catalog::Catalog;
use housecall::runbook;

/// The largest fragment that is read, bytes.
const LARGEST: u64 = 4 * 1024 * 1024;

/// Reads fragments from disk and from the catalog.
pub(crate) struct Library;

impl runbook::Library for Library {
    fn source(&self, origin: &str, path: &str) -> Result<(String, String), String> {
        let wanted = Path::new(path);
        let climbs = |part: Component<'_>| !matches!(part, Component::Normal(_));
        if path.is_empty() || wanted.components().any(climbs) {
            return Err(format!(
                "`{path}` leads out of the runbook's own folder, and only what is beside or below it is included"
            ));
        }
        if Path::new(origin).is_file()
            && let Some(folder) = Path::new(origin).parent()
        {
            let folder = if folder.as_os_str().is_empty() {
                Path::new(".")
            } else {
                folder
            };
            let file = folder.join(wanted);
            if file.exists() {
                return read(folder, &file, path);
            }
        }
        if let Some(source) = Catalog::shared(path) {
            return Ok((path.to_owned(), source.to_owned()));
        }
        Catalog::find(path)
            .map(|shipped| (shipped.name.to_owned(), shipped.source.to_owned()))
            .map_err(|_| format!("there is no `{path}` beside `{origin}`, and none is shipped"))
    }
}

/// A link may lead out of the folder even where no `..` is written.
fn read(folder: &Path, file: &Path, path: &str) -> Result<(String, String), String> {
    let cannot = |error: std::io::Error| format!("`{path}` cannot be read: {error}");
    let real = file.canonicalize().map_err(cannot)?;
    if !real.starts_with(folder.canonicalize().map_err(cannot)?) {
        return Err(format!(
            "`{path}` is a link out of the runbook's own folder"
        ));
    }
    if real.metadata().map_err(cannot)?.len() > LARGEST {
        return Err(format!("`{path}` is larger than 4MiB"));
    }
    let source = std::fs::read_to_string(&real).map_err(cannot)?;
    Ok((file.display().to_string(), source))
}
