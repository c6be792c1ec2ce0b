//! The debug container: its name, and the patch that adds it to a pod. Pure; the one write this house ever makes.

use k8s_openapi::api::core::v1::Pod;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::candidate::Candidate;
use super::grant::Rung;
use crate::cluster::shell::Script;
use crate::cluster::{Attach, Profile};

/// What the names of our debug containers begin with.
const PREFIX: &str = "housecall-";

/// Environment of the debug container that says which run added it: it can have no label of its own.
pub(super) const RUN: &str = "HOUSECALL_RUN";

/// The same for the runbook of that run.
pub(super) const RUNBOOK: &str = "HOUSECALL_RUNBOOK";

/// True for names that [`name`] makes.
pub(super) fn is_ours(name: &str) -> bool {
    name.strip_prefix(PREFIX).is_some_and(|digest| {
        digest.len() == 10
            && digest
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

/// Name of the debug container of one run in one pod: the same for the same pair, so that sending it again adds nothing.
pub fn name(run: &str, uid: &str) -> String {
    let digest = Sha256::digest(format!("{run}/{uid}"));
    let hex: String = digest[..5]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("{PREFIX}{hex}")
}

/// Everything the patch is made of.
#[derive(Clone, Copy, Debug)]
pub struct DebugContainer<'a> {
    /// Its [`name`].
    pub name: &'a str,
    /// UID of the pod it is meant for: the server refuses the patch for another pod of the same name.
    pub uid: &'a str,
    /// Image, pull policy and profile.
    pub attach: &'a Attach,
    /// What it runs: the keeper, and the asks where they go with it.
    pub script: &'a Script,
    /// Container whose process namespace is shared.
    pub shared_with: Option<&'a str>,
    /// The profile, settled.
    pub profile: Profile,
    /// Ids that are stated for it, beside what the profile says.
    pub user: User,
    /// What the examined container has mounted, where that is to be mounted here, too.
    pub mounts: &'a [Value],
}

/// What a container of a pod has mounted, but for what is mounted by a sub-path: that no ephemeral container may
/// (kubernetes/kubernetes `pkg/apis/core/validation`).
pub(super) fn mounts(pod: &Pod, container: &str) -> Vec<Value> {
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    containers
        .filter(|one| one.name == container)
        .flat_map(|one| one.volume_mounts.iter().flatten())
        .filter(|mount| mount.sub_path.is_none() && mount.sub_path_expr.is_none())
        .filter_map(|mount| serde_json::to_value(mount).ok())
        .collect()
}

/// User and group ids, where a container's own security context states them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// `runAsUser`.
    pub uid: Option<i64>,
    /// `runAsGroup`.
    pub gid: Option<i64>,
    /// `runAsNonRoot`.
    pub non_root: Option<bool>,
}

impl User {
    /// What the named container of a pod states for itself. What the pod states for all is inherited without our help.
    pub fn of(pod: &Pod, container: &str) -> Self {
        pod.spec
            .iter()
            .flat_map(|spec| &spec.containers)
            .find(|candidate| candidate.name == container)
            .and_then(|found| found.security_context.as_ref())
            .map_or_else(Self::default, |context| Self {
                uid: context.run_as_user,
                gid: context.run_as_group,
                non_root: None,
            })
    }

    /// What is stated with a profile that was named: `restricted` takes over the patient's own ids, where those are not root's. With
    /// them, and no others, a process without capabilities may read `/proc/PID/root`.
    pub(super) fn with(self, profile: Profile) -> Self {
        match profile {
            Profile::Restricted => Self {
                uid: self.uid.filter(|uid| *uid != 0),
                ..self
            },
            _ => Self::default(),
        }
    }

    /// As `UID:GID`, or what of it is stated.
    pub(super) fn word(self) -> Option<String> {
        match (self.uid, self.gid) {
            (None, None) => None,
            (Some(uid), None) => Some(uid.to_string()),
            (None, Some(gid)) => Some(format!(":{gid}")),
            (Some(uid), Some(gid)) => Some(format!("{uid}:{gid}")),
        }
    }

    fn state(self, context: &mut Map<String, Value>) {
        let stated = [
            ("runAsUser", self.uid.map(Value::from)),
            ("runAsGroup", self.gid.map(Value::from)),
            ("runAsNonRoot", self.non_root.map(Value::from)),
        ];
        for (key, value) in stated {
            if let Some(value) = value {
                context.insert(key.into(), value);
            }
        }
    }
}

impl<'a> DebugContainer<'a> {
    /// What is added to a pod beside its patient, on a rung.
    pub(super) fn beside(
        candidate: &'a Candidate,
        attach: &'a Attach,
        (name, script): (&'a str, &'a Script),
        rung: Rung,
    ) -> Self {
        Self {
            name,
            uid: &candidate.uid,
            attach,
            script,
            // Where the pod shares its processes anyway, naming a target adds nothing and makes the start depend on it.
            shared_with: (candidate.running && !candidate.shared && !candidate.host)
                .then_some(candidate.container.as_str()),
            profile: rung.profile,
            user: rung.user,
            mounts: &candidate.mounts,
        }
    }

    /// The strategic merge patch for the `ephemeralcontainers` subresource. The list is merged by name, so other debug
    /// containers of the pod stay as they are.
    pub fn patch(&self) -> Value {
        let mut container = self.container();
        if let Some(target) = self.shared_with {
            container["targetContainerName"] = json!(target);
        }
        json!({
            "metadata": {"uid": self.uid},
            "spec": {"ephemeralContainers": [container]},
        })
    }

    /// The container alone, as it stands in a pod that is made for it.
    pub(super) fn container(&self) -> Value {
        // Kubernetes expands `$(NAME)` and `$$` in commands and environments; a doubled `$` comes out as one.
        let plain = |text: &str| text.replace('$', "$$");
        let own = [(RUN, &self.attach.run), (RUNBOOK, &self.attach.runbook)];
        let asks = &self.script.environment;
        let asks = asks.iter().map(|(name, value)| (name.as_str(), value));
        let environment: Vec<_> = own
            .into_iter()
            .chain(asks)
            .map(|(name, value)| json!({"name": name, "value": plain(value)}))
            .collect();
        let mut container = json!({
            "name": self.name,
            "image": self.attach.image,
            "command": ["sh", "-c", plain(&self.script.command)],
            "env": environment,
            "stdin": false,
            "tty": false,
        });
        if let Some(policy) = &self.attach.pull_policy {
            container["imagePullPolicy"] = json!(policy);
        }
        let mut context = security_context(self.profile);
        self.user.state(&mut context);
        if !context.is_empty() {
            container["securityContext"] = context.into();
        }
        self.attach.custom.apply(&mut container, self.mounts);
        container
    }
}

/// What a profile sets, as kubectl sets it (kubernetes/kubectl `pkg/cmd/debug/profiles.go`).
fn security_context(profile: Profile) -> Map<String, Value> {
    let context = match profile {
        Profile::General => json!({"capabilities": {"add": ["SYS_PTRACE"]}}),
        Profile::Restricted => json!({
            "runAsNonRoot": true,
            "allowPrivilegeEscalation": false,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        }),
        Profile::Netadmin => json!({"capabilities": {"add": ["NET_ADMIN", "NET_RAW"]}}),
        Profile::Sysadmin => json!({"privileged": true}),
        // Settled before; without that it comes to nothing that could be too much.
        Profile::Baseline | Profile::Auto => json!({}),
    };
    match context {
        Value::Object(context) => context,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn attach(profile: Profile) -> Attach {
        Attach {
            run: "0123456789abcdef".into(),
            profile,
            deadline: Duration::from_secs(120),
            ..Attach::new("smoke/web", "tools:1")
        }
    }

    fn patched(attach: &Attach, shared_with: Option<&str>, user: User) -> Value {
        let patch = DebugContainer {
            name: "housecall-0011223344",
            uid: "u-1",
            attach,
            script: &Script {
                command: "echo $$ $(date) $X".into(),
                environment: vec![("HOUSECALL_ASKS_0".into(), "$(id)".into())],
            },
            shared_with,
            profile: attach.profile,
            user: user.with(attach.profile),
            mounts: &[],
        }
        .patch();
        patch["spec"]["ephemeralContainers"][0].clone()
    }

    #[test]
    fn promise_6_a_run_and_a_pod_have_one_name() {
        let one = name("run", "uid-1");
        assert_eq!(one, name("run", "uid-1"));
        assert_ne!(one, name("run", "uid-2"));
        assert_ne!(one, name("other", "uid-1"));
        assert_eq!(one.len(), "housecall-".len() + 10);
        assert!(crate::target::subdomain(&one).is_ok());
        assert!(is_ours(&one) && !is_ours("housecall-sidecar"));
    }

    #[test]
    fn every_dollar_is_doubled() {
        let container = patched(&attach(Profile::Baseline), None, User::default());
        assert_eq!(
            container["command"],
            json!(["sh", "-c", "echo $$$$ $$(date) $$X"])
        );
        assert_eq!(container["env"][2]["value"], "$$(id)");
    }

    #[test]
    fn only_fields_that_ephemeral_containers_may_have_are_sent() {
        let mut attach = attach(Profile::Restricted);
        attach.pull_policy = Some("Never".into());
        let container = patched(&attach, Some("app"), User::default());
        let mut keys: Vec<_> = container.as_object().unwrap().keys().cloned().collect();
        keys.sort();
        assert_eq!(
            keys,
            [
                "command",
                "env",
                "image",
                "imagePullPolicy",
                "name",
                "securityContext",
                "stdin",
                "targetContainerName",
                "tty"
            ]
        );
    }

    #[test]
    fn profiles_are_kubectls() {
        let context =
            |profile| patched(&attach(profile), None, User::default())["securityContext"].clone();
        assert_eq!(context(Profile::Baseline), Value::Null);
        for (profile, expected) in [
            (
                Profile::General,
                json!({"capabilities": {"add": ["SYS_PTRACE"]}}),
            ),
            (
                Profile::Netadmin,
                json!({"capabilities": {"add": ["NET_ADMIN", "NET_RAW"]}}),
            ),
            (Profile::Sysadmin, json!({"privileged": true})),
            (
                Profile::Restricted,
                json!({"runAsNonRoot": true, "allowPrivilegeEscalation": false,
                       "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"}}),
            ),
        ] {
            assert_eq!(context(profile), expected, "{profile}");
        }
    }

    #[test]
    fn the_restricted_profile_takes_over_the_patients_own_ids_but_never_root() {
        let ids = User {
            uid: Some(1000),
            gid: Some(2000),
            non_root: None,
        };
        let container = patched(&attach(Profile::Restricted), None, ids);
        assert_eq!(container["securityContext"]["runAsUser"], 1000);
        assert_eq!(container["securityContext"]["runAsGroup"], 2000);
        let root = User {
            uid: Some(0),
            ..User::default()
        };
        let container = patched(&attach(Profile::Restricted), None, root);
        assert_eq!(container["securityContext"]["runAsUser"], Value::Null);
        let container = patched(&attach(Profile::General), None, ids);
        assert_eq!(container["securityContext"]["runAsUser"], Value::Null);
    }
}
