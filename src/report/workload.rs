//! What a target is one of: the name that outlives its pods.

use super::run::TargetReport;

/// The owner of a target without the mark of a rollout (`default/replicaset/web`), or the target itself where it has none.
pub fn workload(target: &TargetReport) -> String {
    let who = &target.target;
    let Some(owner) = &who.owner else {
        return who.to_string();
    };
    let mark = who.labels.get("pod-template-hash");
    let stem = match mark {
        Some(hash) => owner
            .strip_suffix(hash.as_str())
            .and_then(|stem| stem.strip_suffix('-')),
        // Without its label, a ReplicaSet's last part is the mark: a Deployment made it.
        None if owner.starts_with("replicaset/") => owner.rsplit_once('-').map(|(stem, _)| stem),
        None => None,
    };
    let namespace = who.namespace.as_deref().unwrap_or("default");
    format!("{namespace}/{}", stem.unwrap_or(owner))
}
