//! Lists of the API as flat rows. Pure.

use jiff::Timestamp;
use serde_json::{Value, json};

/// Events since a moment, oldest first: `type reason message count first last object`.
pub(super) fn event_rows(list: &Value, oldest: Timestamp) -> Vec<Value> {
    let mut rows: Vec<(Option<Timestamp>, Value)> = items(list)
        .map(|event| {
            let text = |value: &Value| value.as_str().map(str::to_owned);
            let made =
                text(&event["eventTime"]).or_else(|| text(&event["metadata"]["creationTimestamp"]));
            let first = text(&event["firstTimestamp"]).or_else(|| made.clone());
            let last = text(&event["series"]["lastObservedTime"])
                .or_else(|| text(&event["lastTimestamp"]))
                .or(made);
            let about = &event["involvedObject"];
            let counted = event["series"]["count"].as_i64();
            let row = json!({
                "type": event["type"],
                "reason": event["reason"],
                "message": event["message"],
                "count": counted.or_else(|| event["count"].as_i64()).unwrap_or(1),
                "first": first,
                "last": last,
                "object": format!(
                    "{}/{}",
                    about["kind"].as_str().unwrap_or_default().to_lowercase(),
                    about["name"].as_str().unwrap_or_default()
                ),
            });
            (last.and_then(|moment| moment.parse().ok()), row)
        })
        // One that cannot be dated is told rather than lost.
        .filter(|(last, _)| last.is_none_or(|last| last >= oldest))
        .collect();
    rows.sort_by_key(|(last, _)| *last);
    rows.into_iter().map(|(_, row)| row).collect()
}

/// One row for each address and port: `ip ready node pod port`. A slice without ports gives its addresses with none.
pub(super) fn endpoint_rows(list: &Value) -> Vec<Value> {
    let mut rows = Vec::new();
    for slice in items(list) {
        let mut ports: Vec<&Value> = each(&slice["ports"]).map(|port| &port["port"]).collect();
        if ports.is_empty() {
            ports.push(&Value::Null);
        }
        for endpoint in each(&slice["endpoints"]) {
            for (ip, port) in each(&endpoint["addresses"])
                .flat_map(|ip| ports.iter().map(move |port| (ip, *port)))
            {
                rows.push(json!({
                    "ip": ip,
                    // Not stated means ready (`EndpointConditions` of discovery.k8s.io/v1).
                    "ready": endpoint["conditions"]["ready"].as_bool().unwrap_or(true),
                    "node": endpoint["nodeName"],
                    "pod": (endpoint["targetRef"]["kind"] == "Pod").then(|| &endpoint["targetRef"]["name"]),
                    "port": port,
                }));
            }
        }
    }
    rows
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    each(&list["items"])
}

fn each(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_of_either_age_are_told_with_their_last_moment_oldest_first() {
        let about = json!({"kind": "Pod", "name": "web"});
        let list = json!({"items": [
            {"type": "Warning", "reason": "BackOff", "message": "back-off", "count": 7, "involvedObject": about,
             "firstTimestamp": "2026-01-02T03:00:00Z", "lastTimestamp": "2026-01-02T03:04:05Z", "eventTime": null},
            {"type": "Normal", "reason": "Scheduled", "message": "assigned", "involvedObject": about, "firstTimestamp": null,
             "lastTimestamp": null, "eventTime": "2026-01-02T03:00:00.123456Z"},
            {"type": "Normal", "reason": "Old", "message": "", "count": 1, "involvedObject": about,
             "firstTimestamp": "2026-01-02T01:00:00Z", "lastTimestamp": "2026-01-02T01:00:00Z"},
        ]});
        let rows = event_rows(&list, "2026-01-02T02:00:00Z".parse().unwrap());
        let reasons: Vec<_> = rows
            .iter()
            .map(|row| row["reason"].as_str().unwrap())
            .collect();
        assert_eq!(reasons, ["Scheduled", "BackOff"]);
        assert_eq!(
            (&rows[1]["count"], &rows[0]["count"]),
            (&json!(7), &json!(1))
        );
        assert_eq!(rows[0]["first"], "2026-01-02T03:00:00.123456Z");
        assert_eq!(rows[1]["object"], "pod/web");
    }

    #[test]
    fn each_address_and_port_behind_a_service_has_a_row() {
        let list = json!({"items": [{"ports": [{"port": 80}, {"port": 443}], "endpoints": [
            {"addresses": ["10.0.0.1"], "conditions": {"ready": false}, "nodeName": "n", "targetRef": {"kind": "Pod", "name": "web"}},
            {"addresses": ["10.0.0.9"], "conditions": {}},
        ]}, {"ports": null, "endpoints": null}]});
        let rows = endpoint_rows(&list);
        assert_eq!(rows.len(), 4);
        assert_eq!(
            rows[1],
            json!({"ip": "10.0.0.1", "ready": false, "node": "n", "pod": "web", "port": 443})
        );
        assert_eq!(
            (&rows[2]["ready"], &rows[2]["pod"]),
            (&json!(true), &Value::Null)
        );
        assert!(endpoint_rows(&json!({"items": null})).is_empty());
    }
}
