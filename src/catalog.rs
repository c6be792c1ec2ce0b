//! Runbooks by name: the shipped ones, which are part of the binary.
//!
//! A new shipped runbook is its file under `runbooks/` and a line in [`SHIPPED`]; what several share is a file
//! under `runbooks/lib/` and a line in [`SHARED`]. Files of the user's own are read by the caller.

/// Name and source of every shipped runbook, by name.
pub const SHIPPED: &[(&str, &str)] = &[
    (
        "inventory/config",
        include_str!("../runbooks/inventory/config.yaml"),
    ),
    (
        "inventory/ports",
        include_str!("../runbooks/inventory/ports.yaml"),
    ),
    (
        "inventory/processes",
        include_str!("../runbooks/inventory/processes.yaml"),
    ),
    (
        "inventory/versions",
        include_str!("../runbooks/inventory/versions.yaml"),
    ),
    ("smoke/deps", include_str!("../runbooks/smoke/deps.rhai")),
    ("smoke/dns", include_str!("../runbooks/smoke/dns.yaml")),
    (
        "smoke/startup",
        include_str!("../runbooks/smoke/startup.rhai"),
    ),
    ("smoke/tls", include_str!("../runbooks/smoke/tls.rhai")),
    ("smoke/web", include_str!("../runbooks/smoke/web.yaml")),
    (
        "triage/conn-leak",
        include_str!("../runbooks/triage/conn-leak.rhai"),
    ),
    (
        "triage/cpu-throttle",
        include_str!("../runbooks/triage/cpu-throttle.yaml"),
    ),
    (
        "triage/crashloop",
        include_str!("../runbooks/triage/crashloop.rhai"),
    ),
    (
        "triage/disk-full",
        include_str!("../runbooks/triage/disk-full.rhai"),
    ),
    (
        "triage/dns-failure",
        include_str!("../runbooks/triage/dns-failure.rhai"),
    ),
    (
        "triage/first-look",
        include_str!("../runbooks/triage/first-look.rhai"),
    ),
    (
        "triage/not-ready",
        include_str!("../runbooks/triage/not-ready.rhai"),
    ),
    ("triage/oom", include_str!("../runbooks/triage/oom.yaml")),
    ("triage/slow", include_str!("../runbooks/triage/slow.rhai")),
    (
        "triage/stuck-process",
        include_str!("../runbooks/triage/stuck-process.rhai"),
    ),
];

/// Path and source of what the shipped runbooks share; anybody's runbook may import or include it, too.
pub const SHARED: &[(&str, &str)] = &[
    (
        "lib/asking.rhai",
        include_str!("../runbooks/lib/asking.rhai"),
    ),
    (
        "lib/inside.rhai",
        include_str!("../runbooks/lib/inside.rhai"),
    ),
    (
        "lib/network.rhai",
        include_str!("../runbooks/lib/network.rhai"),
    ),
    ("lib/pod.rhai", include_str!("../runbooks/lib/pod.rhai")),
    (
        "lib/starting.rhai",
        include_str!("../runbooks/lib/starting.rhai"),
    ),
    (
        "lib/telling.rhai",
        include_str!("../runbooks/lib/telling.rhai"),
    ),
];

/// A shipped runbook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shipped {
    /// Its name on the command line.
    pub name: &'static str,
    /// Its text: YAML, or a program.
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

    /// What runbooks share under this path, such as `lib/pod.rhai`.
    pub fn shared(path: &str) -> Option<&'static str> {
        let mut all = SHARED.iter();
        all.find(|(known, _)| *known == path)
            .map(|(_, source)| *source)
    }

    /// The one of this name, with or without `.yaml` or `.rhai`.
    pub fn find(name: &str) -> Result<Shipped, NotFound> {
        let endings = [".yaml", ".rhai"];
        let bare = endings.iter().find_map(|ending| name.strip_suffix(ending));
        let bare = bare.unwrap_or(name);
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
