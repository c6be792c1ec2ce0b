//! What `--profile auto` comes to at one target: the least profile that the steps need and the namespace's admission allows, as the
//! patient's own user where that is enough. Which would be admitted is asked of the server by a dry run of the same patch.
//!
//! What may read `/proc/PID/root` (ptrace(2), `PTRACE_MODE_READ`): a process with the patient's own ids, or root with `SYS_PTRACE`.
//! On a container whose user is not root an added capability has no effect (kubernetes/kubectl#1650).

use k8s_openapi::api::core::v1::{Pod, SecurityContext};

use super::debug_container::User;
use super::standing;
use crate::cluster::{Power, Profile, Wanted};

/// The user of a container without any power, where the patient's own is root or not known: `nobody` on most systems.
const NOBODY: i64 = 65534;

/// A profile, and the user it is given with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rung {
    /// The profile.
    pub(super) profile: Profile,
    /// Ids that are stated for the container.
    pub(super) user: User,
}

/// What is known of the patient's own user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Owner {
    /// Its ids, where they are known.
    user: User,
    /// Whether it must not be root.
    non_root: bool,
    /// Whether it holds capabilities that containers do not have by themselves.
    powerful: bool,
    /// The pod states for all its containers a user that is not root: what is added runs as that, too.
    bound: bool,
}

impl Owner {
    /// Of a container of a pod: what it states, what the pod states for all, what the runtime tells.
    pub(super) fn of(pod: &Pod, container: &str) -> Self {
        let spec = pod.spec.as_ref();
        let own = spec
            .into_iter()
            .flat_map(|spec| &spec.containers)
            .find(|one| one.name == container)
            .and_then(|one| one.security_context.as_ref());
        let all = spec.and_then(|spec| spec.security_context.as_ref());
        let told = standing::status(pod, container)
            .and_then(|status| status.user.as_ref()?.linux.as_ref());
        let all_uid = all.and_then(|all| all.run_as_user);
        Self {
            user: User {
                uid: own
                    .and_then(|own| own.run_as_user)
                    .or(all_uid)
                    .or(told.map(|user| user.uid)),
                gid: own
                    .and_then(|own| own.run_as_group)
                    .or(all.and_then(|all| all.run_as_group))
                    .or(told.map(|user| user.gid)),
                non_root: None,
            },
            non_root: own
                .and_then(|own| own.run_as_non_root)
                .or(all.and_then(|all| all.run_as_non_root))
                .unwrap_or(false),
            powerful: own.is_some_and(powerful),
            bound: all_uid.is_some_and(|uid| uid != 0),
        }
    }

    /// Its ids, where they are known and not root's.
    fn modest(&self) -> Option<User> {
        self.user.uid.filter(|uid| *uid != 0)?;
        Some(User {
            non_root: self.non_root.then_some(true),
            ..self.user
        })
    }

    /// Whether a container on this rung has a power.
    fn gives(&self, rung: Rung, power: Power) -> bool {
        let same = self.user.uid.is_some() && rung.user.uid == self.user.uid;
        let root = rung.user.uid.is_none() && !self.bound && !self.non_root;
        match (power, rung.profile) {
            (_, Profile::Sysadmin) => root,
            (Power::Files, Profile::General) => root || same,
            (Power::Files, Profile::Baseline) => {
                !self.powerful && (same || root && self.user.uid == Some(0))
            }
            (Power::Files, Profile::Restricted) => !self.powerful && same,
            (Power::Trace, profile) => root && profile == Profile::General,
            (Power::Network, profile) => root && profile == Profile::Netadmin,
            (Power::Files, _) => false,
        }
    }

    /// What is not possible on this rung.
    pub(super) fn lost(&self, rung: Rung, wanted: &[Wanted]) -> Vec<Wanted> {
        let lost = wanted.iter().filter(|one| !self.gives(rung, one.power));
        lost.cloned().collect()
    }

    /// Every rung in the order in which they are tried: what gives all that is wanted, the least first; then what gives most of it.
    /// Nothing that gives nothing of what is wanted comes before something less.
    pub(super) fn rungs(&self, wanted: &[Wanted]) -> Vec<Rung> {
        let modest = self.modest();
        let nobody = User {
            uid: Some(NOBODY),
            gid: Some(NOBODY),
            non_root: None,
        };
        let rung = |profile, user: Option<User>| Rung {
            profile,
            user: user.unwrap_or_default(),
        };
        let mut rungs = vec![
            rung(Profile::Restricted, modest.or(Some(nobody))),
            rung(Profile::Baseline, modest),
            rung(Profile::General, None),
            rung(Profile::Netadmin, None),
        ];
        rungs.retain(|rung| match rung.profile {
            Profile::General | Profile::Netadmin => {
                wanted.iter().any(|one| self.gives(*rung, one.power))
            }
            _ => true,
        });
        // A stable sort leaves the least first among equals.
        rungs.sort_by_key(|rung| self.lost(*rung, wanted).len());
        rungs
    }
}

impl Owner {
    /// The rungs of a pod on a node: without the node's namespaces and root it sees nothing of it, so the least comes last.
    pub(super) fn node_rungs(wanted: &[Wanted]) -> Vec<Rung> {
        let network = wanted.iter().any(|one| one.power == Power::Network);
        let first = if network {
            Profile::Netadmin
        } else {
            Profile::General
        };
        let mut profiles = vec![first, Profile::General, Profile::Baseline];
        profiles.dedup();
        let bare = User::default();
        profiles
            .into_iter()
            .map(|profile| Rung {
                profile,
                user: bare,
            })
            .collect()
    }
}

fn powerful(context: &SecurityContext) -> bool {
    let added = context.capabilities.as_ref();
    context.privileged == Some(true)
        || added.is_some_and(|all| all.add.as_ref().is_some_and(|add| !add.is_empty()))
}

/// What the reader is told of a grant: which steps lost what, in one line for each power.
pub(super) fn losses(rung: Rung, lost: &[Wanted]) -> Vec<String> {
    let as_whom = rung
        .user
        .word()
        .map_or_else(String::new, |ids| format!(" as {ids}"));
    [Power::Files, Power::Trace, Power::Network]
        .into_iter()
        .filter_map(|power| {
            let of: Vec<_> = lost.iter().filter(|one| one.power == power).collect();
            let steps: Vec<_> = of.iter().filter_map(|one| one.step.as_deref()).collect();
            let who = match (of.is_empty(), steps.as_slice()) {
                (true, _) => return None,
                (_, []) => "the runbook wants that".to_owned(),
                (_, [one]) => format!("step {one} loses by it"),
                (_, all) => format!("steps {} lose by it", all.join(", ")),
            };
            Some(format!(
                "profile auto was given as {}{as_whom}, which cannot {}: {who}",
                rung.profile,
                power.loss()
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn owner(pod: Value, container: Value) -> Owner {
        let pod = serde_json::from_value(json!({"spec": {"securityContext": pod,
            "containers": [{"name": "app", "securityContext": container}]}}));
        Owner::of(&pod.unwrap(), "app")
    }

    fn want(powers: &[Power]) -> Vec<Wanted> {
        powers
            .iter()
            .map(|power| Wanted {
                power: *power,
                step: Some(format!("{power:?}").to_lowercase()),
            })
            .collect()
    }

    fn words(owner: Owner, powers: &[Power]) -> Vec<String> {
        let rungs = owner.rungs(&want(powers));
        let word = |rung: &Rung| match rung.user.word() {
            Some(ids) => format!("{} {ids}", rung.profile),
            None => rung.profile.to_string(),
        };
        rungs.iter().map(word).collect()
    }

    #[test]
    fn a_patient_that_is_not_root_is_read_as_its_own_user_with_no_power_at_all() {
        let patient = owner(json!({}), json!({"runAsUser": 1000, "runAsGroup": 2000}));
        assert_eq!(words(patient, &[Power::Files])[0], "restricted 1000:2000");
        let by_pod = owner(json!({"runAsUser": 1000, "runAsNonRoot": true}), json!({}));
        assert_eq!(
            words(by_pod, &[Power::Files])[..2],
            ["restricted 1000", "baseline 1000"]
        );
    }

    #[test]
    fn a_root_patient_is_read_by_root_and_one_of_an_unknown_user_by_a_tracer() {
        let root = owner(json!({}), json!({"runAsUser": 0}));
        assert_eq!(
            words(root, &[Power::Files]),
            ["baseline", "general", "restricted 65534:65534"]
        );
        let unknown = owner(json!({}), json!({}));
        assert_eq!(
            words(unknown, &[Power::Files]),
            ["general", "restricted 65534:65534", "baseline"]
        );
        let mighty = owner(
            json!({}),
            json!({"runAsUser": 0, "capabilities": {"add": ["SYS_TIME"]}}),
        );
        assert_eq!(words(mighty, &[Power::Files])[0], "general");
    }

    #[test]
    fn where_nothing_is_wanted_the_least_comes_first_and_nothing_more_is_tried() {
        let patient = owner(json!({}), json!({}));
        assert_eq!(words(patient, &[]), ["restricted 65534:65534", "baseline"]);
    }

    #[test]
    fn a_tracer_and_a_captor_are_root_with_their_profile() {
        let patient = owner(json!({}), json!({"runAsUser": 1000}));
        assert_eq!(words(patient, &[Power::Trace])[0], "general");
        assert_eq!(words(patient, &[Power::Network])[0], "netadmin");
        let bound = owner(json!({"runAsUser": 1000}), json!({}));
        assert_eq!(
            words(bound, &[Power::Network]),
            ["restricted 1000", "baseline 1000"],
            "what is added there is not root, and a capability would have no effect"
        );
    }

    #[test]
    fn what_is_lost_is_told_step_by_step() {
        let patient = owner(json!({}), json!({}));
        let wanted = want(&[Power::Files, Power::Network]);
        let rung = Rung {
            profile: Profile::Baseline,
            user: User::default(),
        };
        assert_eq!(
            losses(rung, &patient.lost(rung, &wanted)),
            [
                "profile auto was given as baseline, which cannot read the patient's files: step files loses by it",
                "profile auto was given as baseline, which cannot capture or administer the network: step network loses by it"
            ]
        );
    }
}
