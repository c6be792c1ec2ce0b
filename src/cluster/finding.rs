//! What a look beforehand finds: the artefact that `housecall doctor` lists. Nothing is changed to learn it.

use serde::Serialize;

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at, such as `patch pods/ephemeralcontainers` or `profile restricted`.
    pub what: String,
    /// How it stands.
    pub state: Health,
    /// What was found, one line.
    pub says: String,
    /// What to do, where there is something to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

/// How a thing stands; the graver is the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// As it should be.
    Ok,
    /// A run goes on, slower, by another way, or with less to tell.
    Warning,
    /// A run as it is by default fails.
    Trouble,
}

impl Health {
    /// The word in tables and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Trouble => "trouble",
        }
    }
}

impl Finding {
    /// All is well.
    pub fn ok(what: impl Into<String>, says: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            state: Health::Ok,
            says: says.into(),
            fix: None,
        }
    }

    /// Less than all is well.
    pub fn warning(
        what: impl Into<String>,
        says: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self {
            state: Health::Warning,
            fix: Some(fix.into()),
            ..Self::ok(what, says)
        }
    }

    /// A run would fail.
    pub fn trouble(
        what: impl Into<String>,
        says: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self {
            state: Health::Trouble,
            ..Self::warning(what, says, fix)
        }
    }
}
