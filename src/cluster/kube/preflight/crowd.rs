//! The debug containers that a pod carries already: they stay in it until it is replaced, so there is a bound to them. Pure.

use k8s_openapi::api::core::v1::Pod;

use crate::cluster::kube::debug_container::is_ours;
use crate::cluster::{Cause, Refusal};

/// The debug containers of one pod, by name, in the order they were added.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::cluster::kube) struct Crowd {
    /// Those that runs of ours have added.
    pub(super) ours: Vec<String>,
    /// Those of anybody else.
    pub(super) others: Vec<String>,
}

impl Crowd {
    /// Of a pod.
    pub(in crate::cluster::kube) fn of(pod: &Pod) -> Self {
        let names = pod
            .spec
            .iter()
            .flat_map(|spec| spec.ephemeral_containers.iter().flatten())
            .map(|container| container.name.clone());
        let (ours, others) = names.partition(|name| is_ours(name));
        Self { ours, others }
    }

    /// Refuses one more of ours, named `name`, where there are `most` already. One that is there adds nothing.
    pub(in crate::cluster::kube) fn admits(
        &self,
        pod: &str,
        name: &str,
        most: usize,
    ) -> Result<(), Refusal> {
        let count = self.ours.len();
        if count < most || self.ours.iter().any(|one| one == name) {
            return Ok(());
        }
        Err(Refusal {
            cause: Cause::Crowded,
            headline: format!(
                "pod `{pod}` carries {count} debug containers of earlier runs already, and {most} are the most"
            ),
            help: FULL.into(),
            attach: None,
        })
    }
}

/// What to do with a pod that carries as many as it may.
pub(super) const FULL: &str = "nothing was changed; `housecall containers` lists them, and a pod is rid of them only by being replaced; `--max-containers N` allows more";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NAMES: [&str; 3] = [
        "housecall-0011223344",
        "debugger-x7k2p",
        "housecall-5566778899",
    ];

    fn crowd() -> Crowd {
        let all = NAMES.map(|name| json!({"name": name}));
        let pod = json!({"spec": {"containers": [], "ephemeralContainers": all}});
        Crowd::of(&serde_json::from_value(pod).unwrap())
    }

    #[test]
    fn only_ours_are_counted_and_one_more_than_the_most_is_refused() {
        let crowd = crowd();
        assert_eq!(crowd.others, ["debugger-x7k2p"]);
        assert_eq!(crowd.admits("web", "housecall-aaaaaaaaaa", 3), Ok(()));
        let refusal = crowd.admits("web", "housecall-aaaaaaaaaa", 2).unwrap_err();
        assert_eq!(refusal.cause, Cause::Crowded);
        assert!(refusal.headline.contains("carries 2"), "{refusal}");
        for word in ["housecall containers", "replaced", "--max-containers"] {
            assert!(refusal.help.contains(word), "{refusal}");
        }
    }

    #[test]
    fn a_container_that_is_there_already_is_no_further_one() {
        assert_eq!(crowd().admits("web", NAMES[0], 2), Ok(()));
    }
}
