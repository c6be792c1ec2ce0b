//! Reading a webhook body. What is not known is passed over; what is known and has another shape is told with its place.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::fingerprint::fingerprint;
use super::{Status, Trigger};

/// What one notification holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    /// Its alerts, in its order; of those with one fingerprint the first.
    pub alerts: Vec<Trigger>,
    /// How many more there were that the sender left out (`max_alerts` of Alertmanager).
    pub left_out: u64,
}

/// Why a body is no notification.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this is no notification of alerts: {what} at `{pointer}`\n  help: send what the webhook receivers of Alertmanager and Grafana send by default"
)]
pub struct Malformed {
    /// Where, as a JSON pointer (RFC 6901); empty for the whole.
    pub pointer: String,
    /// What is wrong there.
    pub what: String,
}

impl Payload {
    /// Reads a body.
    pub fn read(body: &[u8]) -> Result<Self, Malformed> {
        let body: Value = serde_json::from_slice(body)
            .map_err(|error| malformed("", format!("no JSON ({error})")))?;
        let body = map(&body, "")?;
        let Some(list) = body.get("alerts") else {
            return Err(malformed("/alerts", "nothing"));
        };
        let Value::Array(list) = list else {
            return Err(malformed(
                "/alerts",
                format!("{}, not a list", described(list)),
            ));
        };
        let common = status(body, "", Status::Firing)?;
        let mut alerts: Vec<Trigger> = Vec::new();
        for (at, alert) in list.iter().enumerate() {
            let alert = trigger(alert, &format!("/alerts/{at}"), common)?;
            if !alerts
                .iter()
                .any(|one| one.fingerprint == alert.fingerprint)
            {
                alerts.push(alert);
            }
        }
        Ok(Self {
            alerts,
            left_out: body
                .get("truncatedAlerts")
                .and_then(Value::as_u64)
                .unwrap_or(0),
        })
    }
}

fn trigger(alert: &Value, pointer: &str, common: Status) -> Result<Trigger, Malformed> {
    let alert = map(alert, pointer)?;
    let labels = words(alert, pointer, "labels")?;
    let told = text(alert, pointer, "fingerprint")?.filter(|told| !told.is_empty());
    let starts_at = match text(alert, pointer, "startsAt")? {
        None => None,
        Some(moment) => Some(moment.parse::<Timestamp>().map_err(|_| {
            malformed(
                format!("{pointer}/startsAt"),
                format!("{moment:?}, no moment of RFC 3339"),
            )
        })?),
    };
    Ok(Trigger {
        fingerprint: told.map_or_else(|| fingerprint(&labels), str::to_owned),
        annotations: words(alert, pointer, "annotations")?,
        status: status(alert, pointer, common)?,
        labels,
        starts_at,
    })
}

fn status(of: &Map<String, Value>, pointer: &str, default: Status) -> Result<Status, Malformed> {
    match text(of, pointer, "status")? {
        None => Ok(default),
        Some("firing") => Ok(Status::Firing),
        Some("resolved") => Ok(Status::Resolved),
        Some(other) => Err(malformed(
            format!("{pointer}/status"),
            format!("{other:?}, neither `firing` nor `resolved`"),
        )),
    }
}

fn map<'v>(value: &'v Value, pointer: &str) -> Result<&'v Map<String, Value>, Malformed> {
    value
        .as_object()
        .ok_or_else(|| malformed(pointer, format!("{}, not a map", described(value))))
}

/// A text; a missing one and `null` are one thing.
fn text<'v>(
    of: &'v Map<String, Value>,
    pointer: &str,
    key: &str,
) -> Result<Option<&'v str>, Malformed> {
    match of.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(malformed(
            format!("{pointer}/{key}"),
            format!("{}, not text", described(other)),
        )),
    }
}

/// A map of texts; empty where there is none.
fn words(
    of: &Map<String, Value>,
    pointer: &str,
    key: &str,
) -> Result<BTreeMap<String, String>, Malformed> {
    let Some(found) = of.get(key).filter(|found| !found.is_null()) else {
        return Ok(BTreeMap::new());
    };
    let pointer = format!("{pointer}/{key}");
    let found = map(found, &pointer)?;
    found
        .keys()
        .map(|name| {
            let value = text(found, &pointer, name).map_err(|error| Malformed {
                pointer: format!("{pointer}/{}", escaped(name)),
                ..error
            })?;
            Ok((name.clone(), value.unwrap_or_default().to_owned()))
        })
        .collect()
}

/// A key as it stands in a pointer.
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn malformed(pointer: impl Into<String>, what: impl Into<String>) -> Malformed {
    Malformed {
        pointer: pointer.into(),
        what: what.into(),
    }
}

fn described(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a real Alertmanager 0.25 sent to a webhook receiver.
    const SENT: &[u8] = include_bytes!("../../tests/alerts/alertmanager-one-resolved.json");

    #[test]
    fn what_alertmanager_sends_is_read() {
        let payload = Payload::read(SENT).unwrap();
        assert_eq!((payload.alerts.len(), payload.left_out), (2, 0));
        let [firing, resolved] = payload.alerts.as_slice() else {
            panic!("{payload:?}")
        };
        assert_eq!(firing.status, Status::Firing);
        assert_eq!(firing.labels["pod"], "web-0");
        assert!(firing.annotations["description"].contains("{{ too }}"));
        assert_eq!(
            firing.starts_at,
            "2026-11-24T20:18:51.689359943Z".parse().ok()
        );
        assert_eq!(resolved.status, Status::Resolved);
    }

    #[test]
    fn a_fingerprint_that_is_not_told_is_what_alertmanager_would_have_told() {
        for alert in Payload::read(SENT).unwrap().alerts {
            assert_eq!(fingerprint(&alert.labels), alert.fingerprint);
        }
    }

    #[test]
    fn what_grafana_sends_is_read_with_its_own_fields_passed_over() {
        let body = br#"{"receiver":"hook","status":"firing","orgId":1,"alerts":[{"status":"firing",
            "labels":{"alertname":"High memory","grafana_folder":"GrafanaCloud"},"annotations":{},
            "startsAt":"2024-10-09T13:37:00.000+02:00","endsAt":"0001-01-01T00:00:00Z","generatorURL":"https://grafana.example",
            "fingerprint":"61f5d3c9e2b1a1d2","silenceURL":"https://grafana.example","values":{"B":44.2},"valueString":"[ var='B' ]"}],
            "groupLabels":{},"commonLabels":{},"version":"1","groupKey":"{}:{}","truncatedAlerts":3,"title":"t","state":"alerting"}"#;
        let payload = Payload::read(body).unwrap();
        assert_eq!(payload.alerts[0].labels["alertname"], "High memory");
        assert_eq!(payload.left_out, 3);
    }

    #[test]
    fn what_is_missing_or_null_has_a_default_and_a_repeat_is_dropped() {
        let body = br#"{"status":"resolved","alerts":[{"labels":null},{},{"labels":{"a":"b"},"annotations":{"x":null}}]}"#;
        let payload = Payload::read(body).unwrap();
        assert_eq!(payload.alerts.len(), 2);
        assert_eq!(payload.alerts[0].status, Status::Resolved);
    }

    #[test]
    fn a_wrong_shape_is_told_with_its_pointer() {
        for (body, pointer) in [
            ("", ""),
            ("[]", ""),
            ("{}", "/alerts"),
            (r#"{"alerts":{}}"#, "/alerts"),
            (r#"{"alerts":[],"status":1}"#, "/status"),
            (r#"{"alerts":[{},3]}"#, "/alerts/1"),
            (r#"{"alerts":[{"labels":[]}]}"#, "/alerts/0/labels"),
            (
                r#"{"alerts":[{"labels":{"a/b~c":1}}]}"#,
                "/alerts/0/labels/a~1b~0c",
            ),
            (r#"{"alerts":[{"status":"pending"}]}"#, "/alerts/0/status"),
            (r#"{"alerts":[{"startsAt":"today"}]}"#, "/alerts/0/startsAt"),
            (r#"{"alerts":[{"fingerprint":7}]}"#, "/alerts/0/fingerprint"),
        ] {
            let error = Payload::read(body.as_bytes()).unwrap_err();
            assert_eq!(error.pointer, pointer, "{body}: {error}");
        }
    }
}
