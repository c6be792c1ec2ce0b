//! Runbooks by name: the shipped ones, which are part of the binary.
//!
//! A new shipped runbook is its file under `runbooks/` and a line in [`SHIPPED`]. Files of the user's own are read by the caller.

/// Name and source of every shipped runbook, by name.
pub const SHIPPED: &[(&str, &str)] = &[("smoke/web", include_str!("../runbooks/smoke/web.yaml"))];

/// A shipped runbook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shipped {
    /// Its name on the command line.
    pub name: &'static str,
    /// Its YAML.
    pub source: &'static str,
}

/// No shipped runbook has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no runbook `{name}`{}\n  help: `housecall list` shows those that are shipped; one of your own is named by its file", near_text(.near.as_deref()))]
pub struct NotFound {
    /// What was asked for.
    pub name: String,
    /// The name that was probably meant.
    pub near: Option<String>,
}

/// The shipped runbooks.
#[derive(Clone, Copy, Debug)]
pub struct Catalog;

impl Catalog {
    /// All of them, by name.
    pub fn list() -> impl Iterator<Item = Shipped> {
        SHIPPED
            .iter()
            .map(|(name, source)| Shipped { name, source })
    }

    /// The one of this name, with or without `.yaml`.
    pub fn find(name: &str) -> Result<Shipped, NotFound> {
        let bare = name.strip_suffix(".yaml").unwrap_or(name);
        Self::list()
            .find(|shipped| shipped.name == bare)
            .ok_or_else(|| NotFound {
                name: name.into(),
                near: near(bare),
            })
    }
}

fn near(name: &str) -> Option<String> {
    let last = name.rsplit('/').next().unwrap_or(name);
    Catalog::list()
        .map(|shipped| shipped.name)
        .map(|known| {
            let whole = strsim::damerau_levenshtein(name, known);
            let own = known.rsplit('/').next().unwrap_or(known);
            (whole.min(strsim::damerau_levenshtein(last, own) + 1), known)
        })
        .filter(|(distance, _)| *distance <= 3)
        .min()
        .map(|(_, known)| known.to_owned())
}

fn near_text(near: Option<&str>) -> String {
    near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}
