//! Why a debug container does not come to life, told from the kubelet's own words. Pure.
//!
//! The kubelet says it three times: in an Event within a fraction of a second, in the `waiting` state of the container up to a
//! quarter of a minute later, and in `terminated` when the runtime had already made the container. All three are read here, and
//! what they say is sorted by what the user can do.

use k8s_openapi::api::core::v1::ContainerState;

use crate::cluster::shell::leave_reason;
use crate::cluster::{Attach, Cause};

/// A reason for which waiting longer is of no use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// What kind of trouble it is.
    pub(super) cause: Cause,
    /// The kubelet's reason and message, one line.
    pub(super) words: String,
    /// True when the runtime made the container, so that it will be seen as terminated.
    pub(super) made: bool,
}

/// Reasons of a waiting container that only mean "not yet"
/// (kubernetes/kubernetes `pkg/kubelet/kubelet_pods.go`).
const NOT_YET: [&str; 2] = ["ContainerCreating", "PodInitializing"];

/// Reads an Event about the container.
pub(super) fn from_event(reason: &str, message: &str) -> Option<Failure> {
    match reason {
        "Failed"
        | "FailedPull"
        | "InspectFailed"
        | "ErrImageNeverPull"
        | "BackOff"
        | "FailedToCreateContainer"
        | "FailedToStartContainer" => Some(sorted(reason, message)),
        _ => None,
    }
}

/// Reads the state of the container.
pub(super) fn from_state(state: &ContainerState) -> Option<Failure> {
    if let Some(waiting) = &state.waiting {
        let reason = waiting.reason.as_deref().unwrap_or_default();
        if reason.is_empty() || NOT_YET.contains(&reason) {
            return None;
        }
        return Some(sorted(
            reason,
            waiting.message.as_deref().unwrap_or_default(),
        ));
    }
    let ended = state.terminated.as_ref()?;
    let reason = ended.reason.as_deref().unwrap_or("Terminated");
    let message = match ended.message.as_deref().map(str::trim) {
        Some(message) if !message.is_empty() && reason != "Completed" && reason != "Error" => {
            message.to_owned()
        }
        _ => format!("exit code {}{}", ended.exit_code, meaning(ended.exit_code)),
    };
    Some(Failure {
        made: true,
        ..sorted(reason, &message)
    })
}

/// What an exit code of the keeper means, to be put behind it.
pub(super) fn meaning(code: i32) -> String {
    match (code, leave_reason(code)) {
        (137, _) => " (killed: out of memory, or the examined container ended and took its process namespace along)".into(),
        (0, _) | (_, None) => String::new(),
        (_, Some(reason)) => format!(" ({reason})"),
    }
}

fn sorted(reason: &str, message: &str) -> Failure {
    let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
    let says = |word: &str| reason.contains(word) || message.contains(word);
    let image = [
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "ErrImageNeverPull",
        "ImageInspectError",
        "RegistryUnavailable",
        "SignatureValidationFailed",
        "pull image",
        "pulling image",
        "apply default image tag",
        "inspect image",
    ];
    let cause = if image.iter().any(|word| says(word)) {
        Cause::Image
    } else {
        Cause::Start
    };
    let made = [
        "StartError",
        "RunContainerError",
        "start container",
        "OCI runtime create",
    ]
    .iter()
    .any(|word| says(word));
    Failure {
        cause,
        made,
        words: match (reason, message.strip_prefix("Error: ")) {
            (_, Some(rest)) => rest.to_owned(),
            ("Failed" | "BackOff", None) => message,
            (_, None) if message.is_empty() => reason.to_owned(),
            (_, None) => format!("{reason}: {message}"),
        },
    }
}

impl Failure {
    /// One line that fits after "failed to look: ".
    pub(super) fn headline(&self, attach: &Attach) -> String {
        match self.cause {
            Cause::Image => format!("image `{}` cannot be had: {}", attach.image, self.words),
            _ => format!("the debug container cannot be started: {}", self.words),
        }
    }

    /// What to do next.
    pub(super) fn help(&self, attach: &Attach) -> String {
        let image = &attach.image;
        let says = |word: &str| self.words.contains(word);
        if says("InvalidImageName") || says("apply default image tag") {
            "write the image as registry/name:tag or registry/name@sha256:digest".into()
        } else if says("ErrImageNeverPull") {
            format!(
                "`{image}` is not on the node and may not be pulled: drop `--image-pull-policy Never`, or load it there"
            )
        } else if attach.toolbox.is_some() && says("Could not find Nix packages") {
            "the server knows no such package: https://search.nixos.org/packages lists them by name"
                .into()
        } else if attach.toolbox.is_some() && (says("build failure") || says("500")) {
            "the packages are known, but the server could not build an image of them: try again, try fewer, or name an image with `--image`".into()
        } else if self.cause == Cause::Image {
            format!(
                "check the name `{image}` and whether the pod's node may pull it (the pod's own imagePullSecrets are used; none can be added), or choose another with `--image`"
            )
        } else if says("runAsNonRoot") || says("non-root") || says("will run as root") {
            format!(
                "the pod or the profile allows no root, and `{image}` runs as root: choose an image whose user is a number other than 0, or `--profile restricted` where the examined container states `runAsUser`"
            )
        } else if says("executable file not found") || says("no such file or directory") {
            format!("`{image}` has no `sh`: choose an image with a POSIX shell, with `--image`")
        } else if says("target container") || says("is not running") {
            "the examined container is not running, so its processes cannot be shared: wait until it runs, or name another with `--target`".into()
        } else if says("permission denied") || says("operation not permitted") {
            format!(
                "the node's runtime refused it: try a lesser `--profile`, or another image than `{image}`"
            )
        } else {
            "`kubectl describe pod` tells what else the kubelet says; another `--image` or `--profile` may do".into()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use k8s_openapi::api::core::v1::{ContainerStateTerminated, ContainerStateWaiting};

    use super::*;

    use crate::cluster::Toolbox;

    fn attach() -> Attach {
        Attach {
            run: "r".into(),
            deadline: Duration::from_secs(120),
            ..Attach::new("smoke/web", "tools:1")
        }
    }

    #[test]
    fn an_image_that_could_not_be_composed_says_whether_a_package_is_unknown_or_the_build_failed() {
        let composed = Attach {
            toolbox: Toolbox::of("curl,digg").ok(),
            ..attach()
        };
        for (message, help) in [
            (
                "Failed to pull image: MANIFEST_UNKNOWN: Could not find Nix packages: [digg]",
                "no such package",
            ),
            (
                "Failed to pull image: unexpected status: 500 Internal Server Error: image build failure",
                "could not build",
            ),
        ] {
            let failure = from_event("Failed", message).unwrap();
            assert_eq!(failure.cause, Cause::Image);
            assert!(failure.help(&composed).contains(help), "{message}");
        }
    }

    #[test]
    fn the_kubelets_events_are_sorted_by_what_can_be_done() {
        for (reason, message, cause, made, help) in [
            (
                "Failed",
                "Failed to pull image \"tools:1\": rpc error: not found",
                Cause::Image,
                false,
                "check the name",
            ),
            (
                "Failed",
                "Error: ErrImagePull",
                Cause::Image,
                false,
                "check the name",
            ),
            (
                "BackOff",
                "Back-off pulling image \"tools:1\"",
                Cause::Image,
                false,
                "check the name",
            ),
            (
                "InspectFailed",
                "Failed to apply default image tag \"Bad::name\": couldn't parse",
                Cause::Image,
                false,
                "registry/name:tag",
            ),
            (
                "ErrImageNeverPull",
                "Container image \"x\" is not present with pull policy of Never",
                Cause::Image,
                false,
                "Never",
            ),
            (
                "Failed",
                "Error: container has runAsNonRoot and image will run as root (pod: \"web\")",
                Cause::Start,
                false,
                "root",
            ),
            (
                "Failed",
                "Error: failed to start container \"x\": OCI runtime create failed: exec: \"sh\": executable file not found in $PATH",
                Cause::Start,
                true,
                "has no `sh`",
            ),
            (
                "Failed",
                "Error: failed to create containerd task: exec: \"sh\": executable file not found in $PATH",
                Cause::Start,
                false,
                "has no `sh`",
            ),
            (
                "Failed",
                "Error: unable to find target container web",
                Cause::Start,
                false,
                "not running",
            ),
        ] {
            let failure = from_event(reason, message).unwrap_or_else(|| panic!("{reason}"));
            assert_eq!((failure.cause, failure.made), (cause, made), "{message}");
            assert!(
                failure.help(&attach()).contains(help),
                "{message}: {}",
                failure.help(&attach())
            );
            assert!(!failure.words.starts_with("Error"), "{}", failure.words);
        }
        for calm in [
            "Pulling",
            "Pulled",
            "Created",
            "Started",
            "Scheduled",
            "Unhealthy",
        ] {
            assert_eq!(from_event(calm, "x"), None);
        }
    }

    #[test]
    fn a_waiting_container_fails_only_for_a_reason() {
        let waiting = |reason: Option<&str>| {
            from_state(&ContainerState {
                waiting: Some(ContainerStateWaiting {
                    reason: reason.map(Into::into),
                    message: Some("m".into()),
                }),
                ..ContainerState::default()
            })
        };
        assert_eq!(waiting(None), None);
        assert_eq!(waiting(Some("ContainerCreating")), None);
        // Every reason that kubernetes/kubernetes `pkg/kubelet` and its runtime give for a container that does not start.
        for (reason, cause) in [
            ("PodInitializing", None),
            ("ErrImagePull", Some(Cause::Image)),
            ("ImagePullBackOff", Some(Cause::Image)),
            ("RegistryUnavailable", Some(Cause::Image)),
            ("ImageInspectError", Some(Cause::Image)),
            ("InvalidImageName", Some(Cause::Image)),
            ("ErrImageNeverPull", Some(Cause::Image)),
            ("SignatureValidationFailed", Some(Cause::Image)),
            ("CreateContainerConfigError", Some(Cause::Start)),
            ("CreateContainerError", Some(Cause::Start)),
            ("RunContainerError", Some(Cause::Start)),
        ] {
            assert_eq!(waiting(Some(reason)).map(|f| f.cause), cause, "{reason}");
        }
    }

    #[test]
    fn what_the_kubelet_says_of_users_and_targets_tells_what_to_do() {
        for (words, help) in [
            (
                "container's runAsUser breaks non-root policy (pod: \"web\")",
                "allows no root",
            ),
            (
                "container has runAsNonRoot and image has non-numeric user (nobody), cannot verify user is non-root",
                "allows no root",
            ),
            ("unable to find target container \"app\"", "--target"),
            (
                "container \"0123\" is not running - in state CONTAINER_EXITED",
                "--target",
            ),
        ] {
            let failure = from_event("Failed", &format!("Error: {words}")).unwrap();
            assert_eq!(failure.cause, Cause::Start, "{words}");
            let told = failure.help(&attach());
            assert!(told.contains(help), "{words}: {told}");
        }
    }

    #[test]
    fn an_early_end_tells_what_the_keeper_meant() {
        let ended = |code, reason: &str, message: Option<&str>| {
            from_state(&ContainerState {
                terminated: Some(ContainerStateTerminated {
                    exit_code: code,
                    reason: Some(reason.into()),
                    message: message.map(Into::into),
                    ..ContainerStateTerminated::default()
                }),
                ..ContainerState::default()
            })
            .map(|failure| (failure.made, failure.words))
        };
        assert_eq!(
            ended(76, "Error", Some("1\n")),
            Some((
                true,
                "Error: exit code 76 (nobody came within its grace)".into()
            ))
        );
        assert_eq!(
            ended(137, "OOMKilled", None).map(|(_, words)| words),
            Some("OOMKilled: exit code 137 (killed: out of memory, or the examined container ended and took its process namespace along)".into())
        );
        assert_eq!(
            ended(
                137,
                "ContainerStatusUnknown",
                Some("The container could not be located when the pod was terminated")
            )
            .map(|(_, words)| words),
            Some("ContainerStatusUnknown: The container could not be located when the pod was terminated".into())
        );
        assert_eq!(
            ended(128, "StartError", Some("no sh")),
            Some((true, "StartError: no sh".into()))
        );
    }
}
