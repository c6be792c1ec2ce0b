//! One item of `collect`: which file, under which name.

use serde_json::Value;

use crate::ask::{Layout, MAX_CAP};
use crate::script::{Scope, Template, TemplateError};
use crate::step::{Spec, Unfit};

/// Bytes of one file when an item says nothing: 1 MiB.
const DEFAULT_MAX: u64 = 1024 * 1024;

/// How an item names its files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Path,
    Glob,
}

/// One item.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) place: Place,
    /// A leading `{{target_root}}` is taken off.
    path: Template,
    name: Option<String>,
    pub(super) max: u64,
    pub(super) optional: bool,
    /// How it is laid out, where the values of its secret keys are masked.
    pub(super) layout: Option<Layout>,
    pub(super) fact: Option<String>,
}

impl Item {
    /// Reads what an author gave.
    pub(super) fn read(spec: &Spec) -> Result<Self, Unfit> {
        let unfit = |headline: String, fix: &str| Err(Unfit::new("files", headline, fix));
        let (place, whole) = match (spec.text("path"), spec.text("glob")) {
            (Some(path), None) => (Place::Path, path),
            (None, Some(glob)) => (Place::Glob, glob),
            _ => {
                return unfit(
                    "an item of `collect` brings one thing".into(),
                    "give it either `path` or `glob`",
                );
            }
        };
        let layout = match spec.text("redact").map(Template::source) {
            None => None,
            Some(word) => match Layout::WORDS.iter().find(|(_, known)| *known == word) {
                Some((layout, _)) => Some(*layout),
                None => {
                    return unfit(
                        format!("`redact` is `{word}`, which is no layout of a file"),
                        "write `yaml` or `env`",
                    );
                }
            },
        };
        let source = whole.source();
        let path = ["{{target_root}}", "{{ target_root }}"]
            .iter()
            .find_map(|root| source.strip_prefix(root))
            .unwrap_or(source);
        if !path.starts_with('/') && !path.starts_with("{{") {
            return unfit(
                format!("the path `{path}` does not begin with `/`"),
                "write the path as the patient sees it, from its root",
            );
        }
        if place == Place::Glob && path.contains("**") {
            return unfit(
                format!("`**` in `{path}` matches no deeper than `*`"),
                "write one `*` for each folder: `/app/*/*.yaml`",
            );
        }
        let name = spec.text("name").map(|name| name.source().to_owned());
        if let Some(name) = &name
            && let Err(why) = fitting(name, place)
        {
            return unfit(
                format!("the name `{name}` {why}"),
                "write it like `resolv.conf` or `config/app.yaml`, and for a glob like `config/`",
            );
        }
        let fact = spec.text("fact").map(|fact| fact.source().to_owned());
        if place == Place::Glob && fact.is_some() {
            return unfit(
                "a glob may match several files, and a fact holds one".into(),
                "give the `fact` to a `path`",
            );
        }
        let path = whole
            .part(path)
            .map_err(|error| Unfit::new("files", error.message, "write `{{ }}`"))?;
        Ok(Self {
            place,
            path,
            name,
            max: spec.size("max").unwrap_or(DEFAULT_MAX).min(MAX_CAP),
            optional: spec.flag("optional"),
            layout,
            fact,
        })
    }

    /// The path or pattern as it was written.
    pub(super) fn source(&self) -> &str {
        self.path.source()
    }

    /// The path or pattern, from the patient's root.
    pub(super) fn path(&self, scope: &Scope<'_>) -> Result<String, TemplateError> {
        let rendered = self.path.render(scope)?;
        let root = scope.get("target_root").and_then(Value::as_str);
        let path = root
            .and_then(|root| rendered.strip_prefix(root.trim_end_matches('/')))
            .filter(|rest| rest.starts_with('/'))
            .unwrap_or(&rendered);
        if path.starts_with('/') && !path.contains('\0') {
            return Ok(path.to_owned());
        }
        Err(TemplateError {
            message: format!("the path {path:?} does not begin with `/`, or holds a NUL byte"),
            offset: None,
        })
    }

    /// The name of the artefact that is made of the file at `path`. Never leads out of a folder, whatever the patient calls its files.
    pub(super) fn name(&self, path: &str) -> String {
        match &self.name {
            Some(folder) if self.place == Place::Glob => harmless(&format!(
                "{folder}{}",
                path.rsplit('/').next().unwrap_or(path)
            )),
            Some(name) => harmless(name),
            None if self.place == Place::Path && !self.source().contains("{{") => {
                harmless(self.source())
            }
            None => harmless(path),
        }
    }
}

/// Whether a name that an author gave is one.
fn fitting(name: &str, place: Place) -> Result<(), &'static str> {
    if name.contains("{{") {
        return Err("holds `{{ }}`, and is the same for every target");
    }
    let parts = match (place, name.strip_suffix('/')) {
        (Place::Glob, Some(folder)) => folder,
        (Place::Glob, None) => return Err("is that of one file, and a glob brings several"),
        (Place::Path, _) => name,
    };
    let mut parts = parts.split('/');
    if parts.any(|part| matches!(part, "" | "." | "..")) {
        return Err("is no relative path without `..`");
    }
    Ok(())
}

/// A relative path of parts that are neither empty nor dots, without what a terminal, a shell or another system takes for more.
fn harmless(path: &str) -> String {
    let parts: Vec<String> = path
        .split('/')
        .filter(|part| !matches!(*part, "" | "." | ".."))
        .map(|part| {
            let plain = |c: char| !(c.is_control() || c == '\\' || c == ':');
            part.chars()
                .map(|c| if plain(c) { c } else { '_' })
                .collect()
        })
        .collect();
    if parts.is_empty() {
        "file".into()
    } else {
        parts.join("/")
    }
}
