//! What the steps can do only with some power over the patient: what `--profile auto` goes by, and what its loss is told of.

use super::Plan;
use crate::cluster::{Power, Wanted};
use crate::step::Kind;

/// Kinds that read what only a tracer, or the patient's own user, may: `/proc/PID/root` and `/proc/PID/environ`.
const READERS: [&str; 5] = ["file", "collect", "environment", "mounts", "limits"];

/// Programs that trace processes.
const TRACERS: [&str; 3] = ["strace", "ltrace", "gdb"];

/// Programs that capture packets, or administer the network.
const CAPTORS: [&str; 7] = [
    "tcpdump",
    "tshark",
    "iptables",
    "nft",
    "tc",
    "ipset",
    "conntrack",
];

/// What `attach.needs` says, and what each step is known to want. What a script does inside is not known.
pub(super) fn powers(plan: &Plan, root: bool, tools: &[String]) -> Vec<Wanted> {
    let whole = |power| Wanted { power, step: None };
    let mut wanted = Vec::new();
    if root {
        wanted.push(whole(Power::Files));
    }
    wanted.extend(tools.iter().filter_map(|tool| by(tool)).map(whole));
    for planned in plan.asked() {
        wanted.extend(of(&planned.step.kind).map(|power| Wanted {
            power,
            step: Some(planned.step.id.clone()),
        }));
    }
    let foreseen = plan
        .program
        .iter()
        .flat_map(|scripted| scripted.program().asks());
    for ask in foreseen.filter(|ask| READERS.contains(&ask.kind.as_str())) {
        wanted.push(Wanted {
            power: Power::Files,
            step: ask.id.clone(),
        });
    }
    let mut known = Vec::new();
    wanted.retain(|one| {
        let new = !known.contains(one);
        known.push(one.clone());
        new
    });
    wanted
}

fn of(kind: &Kind) -> Option<Power> {
    if READERS.contains(&kind.word()) || kind.names().iter().any(|name| name == "target_root") {
        return Some(Power::Files);
    }
    match kind.word() {
        "run" | "talk" => by(kind.templates().first()?),
        _ => None,
    }
}

fn by(tool: &str) -> Option<Power> {
    let program = tool.rsplit('/').next().unwrap_or(tool);
    if TRACERS.contains(&program) {
        Some(Power::Trace)
    } else {
        CAPTORS.contains(&program).then_some(Power::Network)
    }
}
