//! Which profiles admission would let pass, by a server-side dry run of the very patch that a run sends: nothing is changed by it.

use futures_util::future::join_all;
use k8s_openapi::api::core::v1::Pod;

use super::crowd::Crowd;
use crate::cluster::kube::admission;
use crate::cluster::kube::candidate::Candidate;
use crate::cluster::kube::debug_container::{self, DebugContainer};
use crate::cluster::kube::dry_run::{self, Granted, NO_DRY_RUN};
use crate::cluster::kube::grant::Rung;
use crate::cluster::kube::server::Server;
use crate::cluster::shell::{Keeper, Script};
use crate::cluster::{Attach, Cause, Finding, Health, Profile, Refusal};

/// The keeper of what is only tried: it would leave at once, if anything of this were ever to start.
pub(super) const GONE: Keeper = Keeper {
    not_after: 0,
    deadline_seconds: 1,
    grace_seconds: 1,
};

/// Those that are asked about, the least first.
const ASKED: [Profile; 5] = [
    Profile::Restricted,
    Profile::Baseline,
    Profile::General,
    Profile::Netadmin,
    Profile::Sysadmin,
];

/// A profile and what the dry run of it came to.
type Tried = (Profile, Result<(), Refusal>);

/// Tries each.
pub(super) async fn findings(
    server: &Server,
    (namespace, pod): (&str, &Pod),
    candidate: &Candidate,
    attach: &Attach,
) -> Vec<Finding> {
    let of = pod.metadata.name.as_deref().unwrap_or_default();
    let tries = ASKED.map(|profile| async move {
        let rung = Granted::named(profile, candidate.user).rung;
        let tried = would_add(server, (namespace, of), candidate, attach, rung).await;
        (profile, tried)
    });
    let name = debug_container::name(&attach.run, &candidate.uid);
    told(join_all(tries).await, &Crowd::of(pod), &name)
}

/// Whether a debug container on this rung would be added to a pod of this name.
pub(super) async fn would_add(
    server: &Server,
    (namespace, pod): (&str, &str),
    candidate: &Candidate,
    attach: &Attach,
    rung: Rung,
) -> Result<(), Refusal> {
    let name = debug_container::name(&attach.run, &candidate.uid);
    let script = Script::alone(&GONE);
    let container = DebugContainer::beside(candidate, attach, (&name, &script), rung);
    dry_run::would_add(server, (namespace, pod), &container).await
}

/// One finding for each profile, and one where earlier debug containers keep all of them out. Pure.
fn told(tried: Vec<Tried>, crowd: &Crowd, name: &str) -> Vec<Finding> {
    let passes = |one: &Tried| {
        let unasked = |refusal: &Refusal| refusal.headline.contains(NO_DRY_RUN);
        one.1.as_ref().err().is_none_or(unasked)
    };
    let passing: Vec<_> = tried
        .iter()
        .filter(|one| passes(one))
        .map(|(profile, _)| profile.word())
        .collect();
    let poison = poison(&tried, crowd, name).join(", ");
    let mut found: Vec<_> = tried
        .into_iter()
        .map(|(profile, outcome)| one(profile, outcome, &passing))
        .collect();
    if !poison.is_empty() {
        found.push(Finding::trouble(
            "admission",
            format!(
                "the pod as a whole is judged whenever a debug container is added, and earlier ones ({poison}) violate what its namespace enforces",
            ),
            "replace the pod: they leave only with it; or relax the namespace's level",
        ));
    }
    found
}

fn one(profile: Profile, outcome: Result<(), Refusal>, passing: &[&str]) -> Finding {
    let what = format!("profile {profile}");
    match outcome {
        Ok(()) => Finding::ok(what, "admitted"),
        Err(refusal) if refusal.headline.contains(NO_DRY_RUN) => Finding::warning(
            what,
            format!("could not be asked beforehand: {}", refusal.headline),
            "run and see: a refusal changes nothing",
        ),
        Err(refusal) if passing.is_empty() => {
            Finding::trouble(what, refusal.headline, refusal.help)
        }
        Err(refusal) => Finding {
            state: match refusal.cause {
                Cause::Admission => Health::Warning,
                _ => Health::Trouble,
            },
            ..Finding::warning(
                what,
                refusal.headline,
                format!(
                    "run with `--profile auto`, or with one that passes: {}",
                    passing.join(", ")
                ),
            )
        },
    }
}

/// The earlier debug containers that admission names even where the least profile is asked for.
fn poison<'a>(tried: &'a [Tried], crowd: &Crowd, name: &str) -> Vec<&'a str> {
    if tried.iter().any(|(_, outcome)| outcome.is_ok()) {
        return Vec::new();
    }
    let mut names = Vec::new();
    for (_, outcome) in tried {
        let words = outcome.as_ref().err().map(|refusal| &*refusal.headline);
        for other in admission::named(words.unwrap_or_default()) {
            let earlier = crowd
                .ours
                .iter()
                .chain(&crowd.others)
                .any(|one| one == other);
            if earlier && other != name && !names.contains(&other) {
                names.push(other);
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "housecall-0123456789";

    fn refusal(cause: Cause, headline: &str) -> Result<(), Refusal> {
        Err(Refusal {
            cause,
            headline: headline.into(),
            help: "do this".into(),
            attach: None,
        })
    }

    fn violates(names: &str) -> Result<(), Refusal> {
        refusal(
            Cause::Admission,
            &format!(
                "violates PodSecurity \"restricted:latest\": unrestricted capabilities (containers {names} must set securityContext.capabilities.drop=[\"ALL\"])"
            ),
        )
    }

    #[test]
    fn a_profile_that_is_refused_is_told_with_those_that_pass() {
        let tried = vec![
            (Profile::Restricted, Ok(())),
            (Profile::General, violates(&format!("\"{OURS}\""))),
        ];
        let found = told(tried, &Crowd::default(), OURS);
        assert_eq!(found[0], Finding::ok("profile restricted", "admitted"));
        assert_eq!(found[1].state, Health::Warning);
        assert!(
            found[1]
                .fix
                .as_deref()
                .unwrap()
                .ends_with("passes: restricted")
        );
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn where_none_passes_all_are_trouble_and_the_containers_that_poison_the_pod_are_named() {
        let crowd = Crowd {
            ours: Vec::new(),
            others: vec!["debugger-x2b".into(), "harmless".into()],
        };
        let names = format!("\"debugger-x2b\", \"{OURS}\"");
        let tried = vec![
            (Profile::Restricted, violates(&names)),
            (Profile::General, violates(&names)),
        ];
        let found = told(tried, &crowd, OURS);
        assert!(found.iter().all(|one| one.state == Health::Trouble));
        assert_eq!(found[2].what, "admission");
        assert!(
            found[2].says.contains("(debugger-x2b)"),
            "{}",
            found[2].says
        );
    }

    #[test]
    fn a_webhook_that_takes_part_in_no_dry_run_leaves_it_open() {
        let words = "admission webhook \"a.b\" does not support dry run";
        let tried = vec![(Profile::General, refusal(Cause::Admission, words))];
        assert_eq!(
            told(tried, &Crowd::default(), OURS)[0].state,
            Health::Warning
        );
    }
}
