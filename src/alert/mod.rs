//! What an alert says: whom it is about, and with which words.
//!
//! [`Payload::read`] takes the webhook body of Alertmanager (version 4) and the one of Grafana, which has the same core. Everything
//! in it is data of whoever can raise an alert: names are held against the rules of their kind here, and nothing of it ever
//! becomes an option, a selector or a template.
//!
//! A runbook says which alerts it answers by its own labels: `alert/alertname: KubePodCrashLooping|KubeContainerWaiting` with `|`
//! between alternatives, and as many `alert/…` labels as it likes; see [`Trigger::answered_by`].

mod fingerprint;
mod payload;
mod whom;

pub use payload::{Malformed, Payload};
pub use whom::{Unnamed, Whom};

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;

/// What a label of a runbook begins with that is about alerts.
pub const DECLARED: &str = "alert/";

/// One alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its annotations, words for people.
    pub annotations: BTreeMap<String, String>,
    /// Whether it still fires.
    pub status: Status,
    /// What its labels come to, 16 hexadecimal digits: the same alert has the same one.
    pub fingerprint: String,
    /// When it began to fire, where that is told.
    pub starts_at: Option<Timestamp>,
}

/// Whether an alert still fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It does.
    Firing,
    /// It did.
    Resolved,
}

impl Trigger {
    /// How many of a runbook's declared alert labels hold of this alert, where all of them do and there is at least one: the more,
    /// the more specific the runbook.
    pub fn answered_by(&self, declared: &[(String, String)]) -> Option<usize> {
        let mut count = 0;
        for (name, alternatives) in declared {
            let Some(name) = name.strip_prefix(DECLARED) else {
                continue;
            };
            let value = self.labels.get(name)?;
            if !alternatives.split('|').any(|one| one.trim() == value) {
                return None;
            }
            count += 1;
        }
        (count > 0).then_some(count)
    }

    /// The value that a param takes from `labels.NAME` or `annotations.NAME`; nothing where the alert has none.
    pub fn value(&self, path: &str) -> Option<&str> {
        let (part, name) = path.split_once('.')?;
        let values = match part {
            "labels" => &self.labels,
            "annotations" => &self.annotations,
            _ => return None,
        };
        values.get(name).map(String::as_str)
    }
}

impl fmt::Display for Trigger {
    /// `KubePodCrashLooping (05f362c535e6110e)`: how messages name it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.labels.get("alertname").map_or("alert", String::as_str);
        write!(f, "{name} ({})", self.fingerprint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert(labels: &[(&str, &str)]) -> Trigger {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Trigger {
            labels: labels.iter().map(owned).collect(),
            annotations: BTreeMap::new(),
            status: Status::Firing,
            fingerprint: "0".into(),
            starts_at: None,
        }
    }

    #[test]
    fn a_runbook_answers_an_alert_when_all_that_it_declares_holds() {
        let alert = alert(&[("alertname", "Down"), ("severity", "page")]);
        let declared = |pairs: &[(&str, &str)]| {
            let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            alert.answered_by(&pairs.iter().map(owned).collect::<Vec<_>>())
        };
        assert_eq!(declared(&[("tier", "smoke")]), None, "it declares none");
        assert_eq!(declared(&[("alert/alertname", "Slow|Down")]), Some(1));
        let both = [
            ("alert/alertname", "Down"),
            ("x", "y"),
            ("alert/severity", "page"),
        ];
        assert_eq!(declared(&both), Some(2));
        assert_eq!(declared(&[("alert/alertname", "Dow")]), None);
        assert_eq!(
            declared(&[("alert/alertname", "Down"), ("alert/team", "a")]),
            None
        );
    }
}
