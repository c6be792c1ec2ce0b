//! Where the patient is: what is asked of `hunt` in the prelude, and what its facts mean.

use std::collections::BTreeMap;

use super::quote::{Unquotable, quote};
use crate::ask::Patient;

/// What is known of the patient before it is looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hunt {
    /// Whether the pod shares its processes with us: a target container was asked for and honoured, or `shareProcessNamespace`.
    pub shared_with_target: bool,
    /// The target container's id, 64 hexadecimal digits, without the `containerd://` before it.
    pub container_id: Option<String>,
    /// Its name, where its id is not known because it is started beside us.
    pub container: Option<String>,
    /// A process that was named: `pid:N`.
    pub known: Option<u32>,
    /// True when this machine itself is the patient: its root is ours.
    pub host: bool,
}

/// The bit of `SYS_PTRACE` (19) in a capability mask.
const SYS_PTRACE: u64 = 1 << 19;

impl Hunt {
    /// The words of the step.
    pub(super) fn words(&self) -> Result<String, Unquotable> {
        let shared = if self.shared_with_target { "1" } else { "0" };
        let id = self.container_id.as_deref().unwrap_or_default();
        let known = match (self.known, self.host) {
            (Some(pid), _) => pid.to_string(),
            (None, true) => "1".into(),
            (None, false) => String::new(),
        };
        let name = self.container.as_deref().unwrap_or_default();
        let (id, known, name) = (quote(id)?, quote(&known)?, quote(name)?);
        Ok(format!("hunt {shared} {id} {known} {name}"))
    }

    /// The patient, from the facts that `hunt` printed.
    pub(super) fn read(&self, text: &str) -> Patient {
        let facts: BTreeMap<&str, &str> = text
            .lines()
            .filter_map(|line| line.split_once(' '))
            .collect();
        let pid = facts.get("pid").and_then(|pid| pid.parse().ok());
        if self.host {
            return Patient {
                pid,
                root: Some("/proc/self/root".into()),
                reason: None,
            };
        }
        let root = facts.get("root").map(|root| (*root).to_owned());
        let reason = match (pid, &root) {
            (None, _) => Some(self.unseen(facts.get("why").copied())),
            (Some(_), Some(_)) => None,
            (Some(pid), None) => Some(unreadable(pid, &facts)),
        };
        Patient { pid, root, reason }
    }

    fn unseen(&self, why: Option<&str>) -> String {
        match why {
            Some("pause") => "process 1 is the pod's pause process, and none belongs to the target container; is it running?".into(),
            _ if self.shared_with_target => "the target container's processes are not in our process namespace; does the runtime honour targetContainerName?".into(),
            _ => "the debug container has a process namespace of its own; attach it with a target container, so that it joins the target's".into(),
        }
    }
}

fn unreadable(pid: u32, facts: &BTreeMap<&str, &str>) -> String {
    let first = |fact: &str| {
        facts
            .get(fact)
            .and_then(|value| value.split_whitespace().nth(1))
            .unwrap_or("?")
    };
    let mask = |fact: &str| {
        facts
            .get(fact)
            .and_then(|value| u64::from_str_radix(value.trim(), 16).ok())
            .unwrap_or(0)
    };
    let (ours, theirs) = (first("uid"), first("theirs"));
    if facts.get("why") == Some(&"gone") {
        return format!("process {pid} is gone");
    }
    let spaced = |fact: &str| {
        facts
            .get(fact)
            .map(|map| map.split_whitespace().collect::<Vec<_>>())
    };
    let why = if spaced("map") != spaced("theirmap") && facts.contains_key("theirmap") {
        "it lives in another user namespace; ask inside the application's own container".into()
    } else if mask("caps") & SYS_PTRACE != 0 {
        "a security module (AppArmor, SELinux) or the file's own permissions refuse it".into()
    } else if ours != theirs {
        format!(
            "it runs as uid {theirs}, we as uid {ours} without SYS_PTRACE; run the debug container as uid {theirs}, or as root with the profile `general`"
        )
    } else if mask("theircaps") & !mask("caps") != 0 {
        "it holds capabilities that we do not; use the profile `general`, which brings SYS_PTRACE"
            .into()
    } else {
        "it is not dumpable, or a security module (AppArmor, SELinux) refuses it; the profile `general` brings SYS_PTRACE".into()
    };
    format!("/proc/{pid}/root cannot be read: {why}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHARED: Hunt = Hunt {
        shared_with_target: true,
        container_id: None,
        container: None,
        known: None,
        host: false,
    };

    #[test]
    fn a_root_that_can_be_listed_needs_no_reason() {
        let patient = SHARED.read("pid 7\nroot /proc/7/root\nuid 0\t0\t0\t0\n");
        assert_eq!(
            (patient.pid, patient.root.as_deref()),
            (Some(7), Some("/proc/7/root"))
        );
        assert_eq!(patient.reason, None);
    }

    #[test]
    fn what_keeps_us_out_of_the_root_is_named_with_what_would_help() {
        let uid = "pid 1\nuid 1000\t1000\t1000\t1000\ncaps 0\ntheirs 0\t0\t0\t0\nmap 0 0 42\ntheirmap 0  0  42\n";
        let reason = SHARED.read(uid).reason.unwrap();
        assert!(reason.contains("as uid 0, we as uid 1000"), "{reason}");
        let own = "pid 1\nuid 0\t0\t0\t0\ncaps 80000\ntheirs 0\t0\t0\t0\n";
        assert!(SHARED.read(own).reason.unwrap().contains("security module"));
        let caps = "pid 1\nuid 0\t0\ncaps 1\ntheirs 0\t0\ntheircaps 3\n";
        assert!(SHARED.read(caps).reason.unwrap().contains("capabilities"));
        let user = "pid 1\nmap 0 0 1\ntheirmap 0 100000 65536\n";
        assert!(SHARED.read(user).reason.unwrap().contains("user namespace"));
    }

    #[test]
    fn without_a_shared_process_namespace_there_is_no_pid_and_the_reason_says_so() {
        let alone = Hunt::default().read("");
        assert_eq!((alone.pid, alone.root), (None, None));
        assert!(alone.reason.unwrap().contains("target container"));
        assert!(SHARED.read("why pause\n").reason.unwrap().contains("pause"));
    }
}
