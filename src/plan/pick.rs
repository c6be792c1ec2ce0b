//! Which of the pods that were found are examined: what must hold of each, and how many of them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::Plan;
use crate::runbook::{Pick, Preference};
use crate::script::Scope;
use crate::target::{Standing, Target};

/// What became of the pods of a selector.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Picked {
    /// They are examined, in this order.
    pub chosen: Vec<Target>,
    /// They are not: one line for the reader, each.
    pub left_out: Vec<String>,
}

impl Plan {
    /// Picks among pods that a selector or a workload stood for; `now` tells their age. A pod that was named itself is not picked at.
    pub fn pick(&self, found: Vec<Target>, now: Timestamp) -> Picked {
        let mut picked = Picked::default();
        let mut fit = Vec::new();
        for target in found {
            let mut runbooks = self.runbooks().iter();
            match runbooks.try_for_each(|plan| plan.required(&target, now)) {
                Ok(()) => fit.push(target),
                Err(why) => picked.left_out.push(format!("{target} is left out: {why}")),
            }
        }
        let all = fit.len();
        picked.chosen = chosen(&self.pick, fit);
        if picked.chosen.len() < all {
            picked.left_out.push(format!(
                "{} of {all} pods are examined, as `pick` says",
                picked.chosen.len()
            ));
        }
        picked
    }

    fn required(&self, target: &Target, now: Timestamp) -> Result<(), String> {
        let (Some(require), Some(standing)) = (&self.require, &target.standing) else {
            return Ok(());
        };
        let known = Map::from_iter([
            ("target".to_owned(), super::settle::told(target)),
            ("pod".to_owned(), pod(standing, now)),
        ]);
        let scope = Scope::of(&self.params).with(&known);
        match require.holds(&scope) {
            Ok(true) => Ok(()),
            Ok(false) => Err(format!("`require: {}` does not hold", require.source())),
            Err(error) => Err(format!("`require: {}`: {error}", require.source())),
        }
    }
}

/// What `require` sees of a pod.
fn pod(standing: &Standing, now: Timestamp) -> Value {
    json!({
        "phase": standing.phase,
        "ready": standing.ready,
        "restarts": standing.restarts,
        "debug_containers": standing.debug_containers,
        "age": standing.created.map(|created| now.duration_since(created).as_secs_f64()),
    })
}

fn chosen(pick: &Pick, mut fit: Vec<Target>) -> Vec<Target> {
    // A stable sort by the last preference first leaves the first one on top.
    for preference in pick.prefer.iter().rev() {
        fit.sort_by_key(|target| {
            let unknown = Standing::default();
            let standing = target.standing.as_ref().unwrap_or(&unknown);
            let born = standing
                .created
                .map_or(0, |created| created.as_millisecond());
            match preference {
                Preference::NotReady => i64::from(standing.ready),
                Preference::Ready => i64::from(!standing.ready),
                Preference::Newest => -born,
                Preference::Oldest => born,
                Preference::MostRestarts => -i64::from(standing.restarts),
            }
        });
    }
    let Some(count) = pick.count else {
        return fit;
    };
    let mut taken: BTreeMap<Option<String>, usize> = BTreeMap::new();
    fit.retain(|target| {
        let node = if pick.per_node {
            target.node.clone()
        } else {
            None
        };
        let taken = taken.entry(node).or_default();
        *taken += 1;
        *taken <= count
    });
    fit
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(name: &str, node: &str, ready: bool, created: i64) -> Target {
        let mut target = Target::pod("shop", name);
        target.node = Some(node.into());
        target.standing = Some(Standing {
            ready,
            created: Timestamp::from_second(created).ok(),
            ..Standing::default()
        });
        target
    }

    fn names(pick: &Pick) -> Vec<String> {
        let fit = vec![
            pod("a", "n1", true, 10),
            pod("b", "n1", false, 20),
            pod("c", "n2", true, 30),
            pod("d", "n2", false, 5),
        ];
        chosen(pick, fit)
            .into_iter()
            .filter_map(|target| target.pod)
            .collect()
    }

    #[test]
    fn all_are_examined_unless_a_count_says_otherwise() {
        assert_eq!(names(&Pick::default()), ["a", "b", "c", "d"]);
        let two = Pick {
            count: Some(2),
            ..Pick::default()
        };
        assert_eq!(names(&two), ["a", "b"]);
    }

    #[test]
    fn the_first_preference_weighs_most() {
        let pick = Pick {
            count: Some(3),
            prefer: vec![Preference::NotReady, Preference::Newest],
            ..Pick::default()
        };
        assert_eq!(names(&pick), ["b", "d", "c"]);
    }

    #[test]
    fn a_count_may_hold_for_each_node() {
        let pick = Pick {
            count: Some(1),
            per_node: true,
            prefer: vec![Preference::Newest],
        };
        assert_eq!(names(&pick), ["c", "b"]);
    }
}
