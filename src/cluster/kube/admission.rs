//! What admission says when it refuses a debug container, and which profile would pass. Pure.

use crate::cluster::Profile;

/// True when these words are those of admission and not of RBAC.
pub(super) fn refused(code: u16, words: &str) -> bool {
    let told = words.contains("violates PodSecurity")
        || words.contains("admission webhook")
        || words.contains("ValidatingAdmissionPolicy")
        || words.contains("denied the request")
        || words.contains("denied request")
        || words.contains("security context constraint");
    told && (400..500).contains(&code)
}

/// What to do next. `adding` is the profile and the name of the debug container that was refused.
pub(super) fn help(words: &str, adding: Option<(Profile, &str)>) -> String {
    let Some(level) = level(words) else {
        return "a policy of the cluster refuses the debug container: another `--image` or a lesser `--profile` (baseline, restricted) may pass; the policy's owner can make an exception".into();
    };
    let ours = adding.map(|(_, name)| name);
    let others: Vec<&str> = named(words)
        .into_iter()
        .filter(|name| Some(*name) != ours)
        .collect();
    if !others.is_empty() {
        return format!(
            "the pod's own or earlier debug containers ({}) violate the level `{level}` of its namespace, so no profile passes while they are there: they leave with the pod, so replace it, or relax the namespace's level",
            others.join(", ")
        );
    }
    let passes = match level {
        "restricted" => Profile::Restricted,
        _ => Profile::Baseline,
    };
    match adding {
        Some((profile, _)) if profile == passes => format!(
            "profile `{profile}` should pass the level `{level}`, but the pod as a whole does not: its own spec must be mended, or the namespace's level relaxed"
        ),
        _ => format!(
            "`--profile {passes}` passes the level `{level}` of this namespace{}",
            match passes {
                Profile::Restricted => "; it needs an image that runs as a user other than root",
                _ => "",
            }
        ),
    }
}

/// The level in `violates PodSecurity "restricted:latest"`.
fn level(words: &str) -> Option<&str> {
    let rest = words.split_once("violates PodSecurity \"")?.1;
    rest.split([':', '"']).next()
}

/// The containers named in `(container "a" must …)` and `(containers "a", "b" must …)`.
pub(super) fn named(words: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for clause in words.split("container").skip(1) {
        let list = clause.trim_start_matches('s');
        let list = list.split(" must ").next().unwrap_or_default();
        if !list.starts_with(" \"") {
            continue;
        }
        for name in list.split('"').skip(1).step_by(2) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "housecall-0123456789";

    #[test]
    fn the_least_profile_that_passes_is_named() {
        let restricted = format!(
            "pods \"web\" is forbidden: violates PodSecurity \"restricted:latest\": allowPrivilegeEscalation != false (container \"{OURS}\" must set securityContext.allowPrivilegeEscalation=false), runAsNonRoot != true (pod or container \"{OURS}\" must set securityContext.runAsNonRoot=true)"
        );
        let text = help(&restricted, Some((Profile::General, OURS)));
        assert!(text.contains("--profile restricted"), "{text}");
        let baseline = format!(
            "violates PodSecurity \"baseline:v1.30\": non-default capabilities (container \"{OURS}\" must not include \"SYS_PTRACE\" in securityContext.capabilities.add)"
        );
        let text = help(&baseline, Some((Profile::General, OURS)));
        assert!(text.contains("--profile baseline"), "{text}");
    }

    #[test]
    fn containers_that_poison_the_pod_are_named() {
        let poisoned = format!(
            "violates PodSecurity \"restricted:latest\": unrestricted capabilities (containers \"debugger-x2b\", \"{OURS}\" must set securityContext.capabilities.drop=[\"ALL\"])"
        );
        let text = help(&poisoned, Some((Profile::Restricted, OURS)));
        assert!(text.contains("(debugger-x2b)"), "{text}");
    }
}
