//! Rights: which are asked for, and what the lack of each comes to. Pure.

use crate::ask::Need;
use crate::cluster::{Finding, Health};

/// Minor version since which a WebSocket to `pods/exec` demands `create` beside `get` (KEP-4006,
/// `AuthorizePodWebsocketUpgradeCreatePermission`, on by default since 1.35).
const STRICT_EXEC: u32 = 35;

/// Verb, resource, what its lack comes to by itself, and what it is for.
const RIGHTS: [(&str, &str, Health, &str); 12] = [
    (
        "get",
        "pods",
        Health::Trouble,
        "reads the pod before and after",
    ),
    (
        "patch",
        "pods/ephemeralcontainers",
        Health::Trouble,
        "adds the debug container",
    ),
    (
        "get",
        "pods/exec",
        Health::Trouble,
        "speaks with the debug container",
    ),
    (
        "create",
        "pods/exec",
        Health::Trouble,
        "speaks with the debug container",
    ),
    (
        "get",
        "pods/log",
        Health::Warning,
        "reads the answers of the oneshot transport",
    ),
    (
        "list",
        "pods",
        Health::Warning,
        "finds the pods of a selector",
    ),
    (
        "watch",
        "pods",
        Health::Warning,
        "sees the container end at once",
    ),
    (
        "list",
        "events",
        Health::Warning,
        "hears why a container does not start",
    ),
    (
        "watch",
        "events",
        Health::Warning,
        "hears at once why a container does not start",
    ),
    (
        "create",
        "pods",
        Health::Warning,
        "makes the pod of the modes copy and node",
    ),
    (
        "delete",
        "pods",
        Health::Warning,
        "deletes the pod of the modes copy and node",
    ),
    (
        "get",
        "nodes",
        Health::Warning,
        "tells a virtual node, and the architecture for `--tools`",
    ),
];

/// The rights as they are asked of the server.
pub(super) fn needs() -> Vec<Need> {
    let need = |(verb, resource, lack, why): (&str, &str, Health, &str)| Need {
        optional: lack != Health::Trouble,
        ..Need::of(verb, resource, why)
    };
    RIGHTS.into_iter().map(need).collect()
}

/// True where one is among those that are denied.
pub(super) fn lacks(denied: &[Need], verb: &str, resource: &str) -> bool {
    denied
        .iter()
        .any(|need| need.verb == verb && need.resource == resource)
}

/// One finding for each right. `minor` is the server's minor version, where it is known.
pub(super) fn findings(denied: &[Need], namespace: &str, minor: Option<u32>) -> Vec<Finding> {
    let logs = !lacks(denied, "get", "pods/log");
    needs()
        .iter()
        .zip(RIGHTS)
        .map(|(need, (verb, resource, lack, why))| {
            let what = format!("{verb} {resource}");
            if !lacks(denied, verb, resource) {
                return Finding::ok(what, format!("allowed: {why}"));
            }
            let place = match need.cluster_wide() {
                true => "by a ClusterRole".to_owned(),
                false => format!("in namespace {namespace}"),
            };
            let lax = verb == "create" && minor.is_some_and(|minor| minor < STRICT_EXEC);
            let (state, instead) = match resource {
                "pods/exec" if lax => (Health::Warning, "; this server does without, those from 1.35 on do not"),
                "pods/exec" if logs => (Health::Warning, "; the oneshot transport is taken instead, which programs, dialogues and the mode exec cannot use"),
                "pods/exec" => (lack, "; nor may logs be read, so no answer could be had"),
                "pods/log" => (lack, "; the live transport does without"),
                "pods" if verb == "create" || verb == "delete" => (lack, "; other modes do without"),
                _ if lack == Health::Trouble => (lack, ""),
                _ => (lack, "; a run goes on without, slower or with less to tell"),
            };
            Finding {
                state,
                ..Finding::trouble(
                    what,
                    format!("denied: {why}{instead}"),
                    format!("grant {verb} {resource} {place}; `housecall plan RUNBOOK POD --rbac yaml` prints the Role that a run needs"),
                )
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the lack of these comes to, by their words.
    fn lacking(all: &[&str], minor: u32) -> Vec<(String, Health)> {
        let word = |need: &Need| format!("{} {}", need.verb, need.resource);
        let denied: Vec<_> = needs()
            .into_iter()
            .filter(|need| all.contains(&word(need).as_str()))
            .collect();
        assert_eq!(denied.len(), all.len(), "every word is a right");
        findings(&denied, "shop", Some(minor))
            .into_iter()
            .filter(|finding| finding.state != Health::Ok)
            .map(|finding| {
                let fix = finding.fix.unwrap_or_default();
                assert!(
                    fix.contains(&finding.what) && fix.contains("--rbac yaml"),
                    "{fix}"
                );
                (finding.what, finding.state)
            })
            .collect()
    }

    #[test]
    fn where_nothing_is_denied_all_is_well() {
        assert_eq!(lacking(&[], 35), []);
    }

    #[test]
    fn what_no_run_can_do_without_is_trouble_and_the_rest_is_not() {
        for (right, state) in [
            ("get pods", Health::Trouble),
            ("patch pods/ephemeralcontainers", Health::Trouble),
            ("get pods/log", Health::Warning),
            ("watch events", Health::Warning),
            ("create pods", Health::Warning),
            ("get nodes", Health::Warning),
        ] {
            assert_eq!(lacking(&[right], 35), [(right.to_owned(), state)]);
        }
    }

    #[test]
    fn exec_is_trouble_only_where_logs_cannot_be_read_either() {
        let exec = "get pods/exec";
        assert_eq!(lacking(&[exec], 35), [(exec.to_owned(), Health::Warning)]);
        let both = lacking(&[exec, "get pods/log"], 35);
        assert_eq!(both[0], (exec.to_owned(), Health::Trouble));
    }

    #[test]
    fn create_on_exec_is_needed_since_1_35() {
        let rights = ["create pods/exec", "get pods/log"];
        assert_eq!(lacking(&rights, 34)[0].1, Health::Warning);
        assert_eq!(lacking(&rights, 35)[0].1, Health::Trouble);
    }

    #[test]
    fn what_is_in_no_namespace_is_granted_by_a_cluster_role() {
        let denied: Vec<_> = needs()
            .into_iter()
            .filter(|need| need.resource == "nodes")
            .collect();
        let found = findings(&denied, "shop", None);
        let fix = found.last().and_then(|one| one.fix.clone()).unwrap();
        assert!(
            fix.contains("by a ClusterRole") && !fix.contains("shop"),
            "{fix}"
        );
    }
}
