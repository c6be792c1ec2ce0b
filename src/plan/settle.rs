//! Settling every bound: what the runbook says, what the command line wants, and the defaults under both.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::power::powers;
use crate::ask::{DEFAULT_TIMEOUT, MAX_CAP, Patient};
use crate::cluster::{
    Attach, Copying, Custom, DEFAULT_MAX_CONTAINERS, DEFAULT_START_TIMEOUT, LONGEST_DEADLINE, Mode,
    Profile, Toolbox, Transport,
};
use crate::report::{Rules, RunbookRef, Severity, mask_of};
use crate::runbook::{Batch, Effects, Origin, Pick, Runbook, Scripted, Step, Waiver};
use crate::script::Expr;
use crate::step::Kind;
use crate::target::Target;

/// Image of the debug container when nobody names one: a public toolbox with every tool the shipped runbooks use, pinned.
pub const DEFAULT_IMAGE: &str = "docker.io/nicolaka/netshoot:v0.13";

/// What is added to the sum of the step timeouts for the keeper's deadline: 60 s.
pub const DEADLINE_MARGIN: Duration = Duration::from_secs(60);

/// What the command line wants; `None` leaves it to the runbook, and then to the defaults.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// Image of the debug container.
    pub image: Option<String>,
    /// Image when neither the command line nor the runbook names one (`HOUSECALL_IMAGE`).
    pub fallback_image: Option<String>,
    /// When the kubelet pulls it.
    pub pull_policy: Option<String>,
    /// Container that is examined.
    pub container: Option<String>,
    /// What the image is composed of; it goes before every other.
    pub toolbox: Option<Toolbox>,
    /// In what a pod is examined.
    pub mode: Option<Mode>,
    /// How a pod is copied.
    pub copying: Copying,
    /// What is added to the debug container.
    pub custom: Custom,
    /// Security profile.
    pub profile: Option<Profile>,
    /// How questions reach the debug container.
    pub transport: Transport,
    /// How many debug containers of ours a pod may carry.
    pub max_containers: Option<usize>,
    /// How long the container may live.
    pub deadline: Option<Duration>,
    /// Checks from this severity up make a target fail.
    pub fail_on: Severity,
    /// Which of several pods are examined.
    pub pick: Option<Pick>,
    /// What else is masked.
    pub redact: Rules,
    /// Checks that are known to fail, beside those of the runbook.
    pub waivers: Vec<Waiver>,
    /// The most that the runbook's commands may do.
    pub allow_effects: Effects,
}

/// What will be asked of each target.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Which runbook; of several, one that stands for them.
    pub runbook: RunbookRef,
    /// The plans of several runbooks, which are asked one after another of each target, within one debug container; none where the plan is
    /// that of one. This one holds then what they have in common, and no steps.
    pub together: Vec<Plan>,
    /// What the ids of its steps are told behind, where its runbook is one of several: the id of that.
    pub prefix: Option<String>,
    /// Parameters as they are used, secrets masked.
    pub params: Map<String, Value>,
    /// The secrets among them, name and value.
    pub secrets: Vec<(String, String)>,
    /// True where a param says that it comes from a Kubernetes secret.
    pub reads_secrets: bool,
    /// What else is masked.
    pub redact: Rules,
    /// How the debug container is attached; its `run` is empty until the run has an id.
    pub attach: Attach,
    /// Tools that its image must have.
    pub tools: Vec<String>,
    /// The steps, in order; none where a program asks as it runs.
    pub steps: Vec<PlannedStep>,
    /// The program, of a runbook that is one.
    pub program: Option<Arc<Scripted>>,
    /// False where nothing is waited for between attempts.
    pub waits: bool,
    /// Steps that are asked once a check has failed.
    pub on_fail: Vec<PlannedStep>,
    /// Steps that are asked at the end, whatever came before.
    pub finally: Vec<PlannedStep>,
    /// Checks that are known to fail.
    pub waivers: Vec<Waiver>,
    /// How many targets at once, and when to begin no more.
    pub batch: Batch,
    /// Which of several pods are examined.
    pub pick: Pick,
    /// What must hold of a pod for it to be examined.
    pub require: Option<Expr>,
    /// Checks from this severity up make a target fail.
    pub fail_on: Severity,
}

/// A step with its bounds settled.
#[derive(Clone, Debug)]
pub struct PlannedStep {
    /// The step.
    pub step: Step,
    /// How long it may take.
    pub timeout: Duration,
    /// Cap of each of its streams that its author set, bytes; a kind's own where there is none.
    pub cap: Option<u64>,
}

/// Why no plan can be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{headline}\n  help: {help}")]
pub struct Refused {
    /// What is wrong.
    pub headline: String,
    /// What to do.
    pub help: String,
}

impl Plan {
    /// Settles a runbook. `params` are bound already; nothing is sent.
    pub fn new(
        runbook: &Runbook,
        params: Map<String, Value>,
        wishes: &Wishes,
    ) -> Result<Self, Refused> {
        let settled = |steps: &[Step]| {
            steps
                .iter()
                .cloned()
                .map(PlannedStep::of)
                .collect::<Result<Vec<_>, _>>()
        };
        let (steps, on_fail, finally) = (
            settled(&runbook.steps)?,
            settled(&runbook.on_fail)?,
            settled(&runbook.finally)?,
        );
        if runbook.effects > Effects::Network && runbook.effects > wishes.allow_effects {
            let word = runbook.effects.word();
            return Err(Refused {
                headline: format!("runbook `{}` says that its commands {word}", runbook.id),
                help: format!("read it, then add `--allow-effects {word}`"),
            });
        }
        if wishes.transport == Transport::Oneshot && runbook.program.is_some() {
            return Err(Refused {
                headline: format!(
                    "runbook `{}` is a program, which decides what it asks as it runs: the oneshot transport must know all beforehand",
                    runbook.id
                ),
                help: "ask it over the live transport (`--transport live`)".into(),
            });
        }
        let (params, secrets) = masked(runbook, params);
        let mut redact = runbook.redact.clone();
        redact.extend(wishes.redact.clone());
        let composed = wishes.toolbox.as_ref().map(|tools| tools.image("amd64"));
        let image = first([
            &composed,
            &wishes.image,
            &runbook.attach.image,
            &wishes.fallback_image,
        ])
        .unwrap_or_else(|| DEFAULT_IMAGE.into());
        reference(&image)?;
        if let Some(container) = &wishes.container {
            label(container)?;
        }
        for (name, image) in &wishes.copying.images {
            if name != "*" {
                label(name)?;
            }
            reference(image)?;
        }
        let mode = mode(runbook, wishes.mode)?;
        if let Some((headline, help)) = wishes.custom.unfit(mode) {
            return Err(Refused { headline, help });
        }
        if mode == Mode::Exec && wishes.transport == Transport::Oneshot {
            return Err(Refused {
                headline: "in mode exec nothing goes as one shot: no container is added whose command the asks could be".into(),
                help: "leave `--transport` out: this mode speaks over an exec stream; the others can go as one shot".into(),
            });
        }
        let mut plan = Self {
            runbook: RunbookRef {
                id: runbook.id.clone(),
                title: runbook.title.clone(),
                digest: runbook.digest.clone(),
                file: file(&runbook.origin),
            },
            together: Vec::new(),
            prefix: None,
            params,
            attach: Attach {
                toolbox: wishes.toolbox.clone(),
                pull_policy: wishes.pull_policy.clone(),
                container: first([&wishes.container, &runbook.target.container]),
                profile: wishes
                    .profile
                    .or(runbook.attach.profile)
                    .unwrap_or_default(),
                transport: wishes.transport,
                mode,
                copying: wishes.copying.clone(),
                custom: wishes.custom.clone(),
                max_containers: wishes.max_containers.unwrap_or(DEFAULT_MAX_CONTAINERS),
                start_timeout: runbook
                    .attach
                    .start_timeout
                    .unwrap_or(DEFAULT_START_TIMEOUT),
                deadline: wishes
                    .deadline
                    .or(runbook.attach.deadline)
                    .unwrap_or_else(|| match runbook.program {
                        // What a program asks is not known before it does.
                        Some(_) => LONGEST_DEADLINE,
                        None => deadline(steps.iter().chain(&on_fail).chain(&finally)),
                    }),
                ..Attach::new(runbook.id.clone(), image)
            },
            tools: runbook.attach.tools.clone(),
            redact,
            waivers: [&runbook.waivers[..], &wishes.waivers[..]].concat(),
            batch: runbook.batch.clone(),
            pick: wishes
                .pick
                .clone()
                .unwrap_or_else(|| runbook.target.pick.clone()),
            require: runbook.target.require.clone(),
            secrets,
            reads_secrets: runbook.params.iter().any(|param| {
                let kube = |origin: &Origin| matches!(origin, Origin::KubeSecret { .. });
                param.from.iter().any(kube)
            }),
            steps,
            program: runbook.program.clone(),
            waits: true,
            on_fail,
            finally,
            fail_on: wishes.fail_on,
        };
        plan.attach.powers = powers(&plan, runbook.attach.proc_root, &runbook.attach.tools);
        Ok(plan)
    }

    /// The same plan for answers that are there already: nothing comes of waiting between two attempts.
    pub fn without_waits(mut self) -> Self {
        self.together = self.together.into_iter().map(Self::without_waits).collect();
        let lists = [&mut self.steps, &mut self.on_fail, &mut self.finally];
        for planned in lists.into_iter().flatten() {
            planned.hurry();
        }
        self.waits = false;
        self
    }

    /// True where some step asks something of a debug container; without one, none is attached.
    pub fn needs_container(&self) -> bool {
        let programs = self
            .runbooks()
            .iter()
            .filter_map(|plan| plan.program.as_ref());
        let written = programs.flat_map(|scripted| scripted.program().asks());
        let mut kinds = written.filter_map(|ask| Kind::registered(&ask.kind));
        kinds.any(|kind| kind.about.needs_container())
            || self
                .asked()
                .any(|planned| planned.step.kind.needs_container())
    }

    /// True where one is attached before anything is asked. What a program asks is known as it runs: it is given one once it asks
    /// something that needs it.
    pub fn attaches_at_once(&self) -> bool {
        let written = |plan: &Self| plan.program.is_none() && plan.needs_container();
        match self.together.as_slice() {
            [] => written(self),
            several => several.iter().any(written),
        }
    }

    /// True where everything that may be asked is written down: no program decides as it runs.
    pub fn is_written(&self) -> bool {
        let mut runbooks = self.runbooks().iter();
        runbooks.all(|plan| plan.program.is_none())
    }

    /// The plan of each runbook, in the order they are asked.
    pub fn runbooks(&self) -> &[Self] {
        match self.together.as_slice() {
            [] => std::slice::from_ref(self),
            several => several,
        }
    }

    /// What a step is called in events and reports, by its id.
    pub fn called(&self, id: &str) -> String {
        match &self.prefix {
            Some(prefix) => format!("{prefix}/{id}"),
            None => id.to_owned(),
        }
    }

    /// Every step that may be asked: those of `on_fail` and `finally` after the others.
    pub fn asked(&self) -> impl Iterator<Item = &PlannedStep> {
        self.runbooks()
            .iter()
            .flat_map(|plan| plan.steps.iter().chain(&plan.on_fail).chain(&plan.finally))
    }
}

/// What expressions and templates see of a target beside the params, by name, before its first step.
pub(crate) fn known(target: &Target, patient: &Patient) -> Map<String, Value> {
    Map::from_iter([
        ("target".to_owned(), told(target)),
        ("target_pid".to_owned(), patient.pid.into()),
        ("target_root".to_owned(), patient.root.clone().into()),
    ])
}

/// What expressions see of a target.
pub(super) fn told(target: &Target) -> Value {
    serde_json::json!({
        "namespace": target.namespace,
        "pod": target.pod,
        "container": target.container,
        "node": target.node,
        "labels": target.labels,
    })
}

fn first<const N: usize>(wishes: [&Option<String>; N]) -> Option<String> {
    wishes.into_iter().find_map(Clone::clone)
}

impl PlannedStep {
    /// Takes the waits between its attempts away.
    pub(crate) fn hurry(&mut self) {
        if let Some(retry) = &mut self.step.retry {
            retry.delay = Duration::ZERO;
        }
    }

    /// Settles a step's bounds.
    pub(crate) fn of(step: Step) -> Result<Self, Refused> {
        if let Some(cap) = step.output_max.filter(|cap| *cap > MAX_CAP) {
            return Err(Refused {
                headline: format!(
                    "step `{}` wants to keep {cap} bytes of output; at most {MAX_CAP} (8MiB) can be kept",
                    step.id
                ),
                help: "lower `output: {max: …}`, or let the command pick what matters".into(),
            });
        }
        Ok(Self {
            timeout: step
                .timeout
                .unwrap_or(DEFAULT_TIMEOUT.max(step.kind.lasts())),
            cap: step.output_max,
            step,
        })
    }
}

/// What the steps may take when each takes its whole time, as often as it may be asked.
fn deadline<'s>(steps: impl Iterator<Item = &'s PlannedStep>) -> Duration {
    let asked = steps.fold(Duration::ZERO, |sum, planned| {
        let mut once = planned.timeout;
        if let Some(retry) = &planned.step.retry {
            for attempt in 1..retry.attempts {
                once = once.saturating_add(planned.timeout + retry.wait(attempt));
            }
        }
        let times = planned.step.each.as_ref().map_or(1, |each| each.max);
        sum.saturating_add(once.saturating_mul(u32::try_from(times).unwrap_or(u32::MAX)))
    });
    asked.saturating_add(DEADLINE_MARGIN).min(LONGEST_DEADLINE)
}

/// Params with their secrets masked, and the secrets.
fn masked(
    runbook: &Runbook,
    mut params: Map<String, Value>,
) -> (Map<String, Value>, Vec<(String, String)>) {
    let mut secrets = Vec::new();
    for param in runbook.params.iter().filter(|param| param.kind.is_secret()) {
        if let Some(value) = params.get_mut(&param.name)
            && let Some(text) = value.as_str()
        {
            secrets.push((param.name.clone(), text.to_owned()));
            *value = mask_of(&param.name).into();
        }
    }
    (params, secrets)
}

/// An image reference, loosely: what the API server would take and the runtime could parse
/// (distribution's `reference` grammar, without its limits on parts).
fn reference(image: &str) -> Result<(), Refused> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/:@".contains(c);
    let name = image.split(['@', ':']).next().unwrap_or_default();
    let repository = image.rsplit('/').next().unwrap_or_default();
    if image.is_empty()
        || !image.chars().all(plain)
        || image.contains("//")
        || name.chars().any(|c| c.is_ascii_uppercase()) && !image.contains('/')
        || repository
            .split(['@', ':'])
            .next()
            .is_none_or(|name| name.is_empty() || name.chars().any(|c| c.is_ascii_uppercase()))
    {
        return Err(Refused {
            headline: format!("`{image}` is no image reference"),
            help: "write [HOST/]NAME[:TAG][@sha256:DIGEST], the name in lower case".into(),
        });
    }
    Ok(())
}

/// The mode that was asked for, else the first that the runbook allows; one that it does not allow is refused.
fn mode(runbook: &Runbook, wanted: Option<Mode>) -> Result<Mode, Refused> {
    let allowed = &runbook.attach.modes;
    let mode = wanted.or(allowed.first().copied()).unwrap_or_default();
    if allowed.is_empty() || allowed.contains(&mode) {
        return Ok(mode);
    }
    let words: Vec<_> = allowed.iter().map(|mode| mode.word()).collect();
    Err(Refused {
        headline: format!("runbook `{}` may not be run in mode {mode}", runbook.id),
        help: format!("its `attach.modes` allows {}", words.join(", ")),
    })
}

/// A container name is an RFC 1123 label.
fn label(name: &str) -> Result<(), Refused> {
    if name.len() <= 63 && !name.contains('.') && crate::target::subdomain(name).is_ok() {
        return Ok(());
    }
    Err(Refused {
        headline: format!("`{name}` cannot be the name of a container"),
        help: "names are lower case letters, digits and `-`, at most 63; `kubectl get pod NAME -o jsonpath='{.spec.containers[*].name}'` lists them".into(),
    })
}

/// The name of a file, where a runbook's origin is one: shipped ones have names without an ending.
fn file(origin: &str) -> Option<String> {
    let ends = |ending: &&str| origin.ends_with(*ending);
    let is = [".yaml", ".yml", ".rhai"].iter().any(ends);
    is.then(|| origin.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn image_references_are_told_from_other_words() {
        for image in [
            "busybox",
            "housecall.test/tools:1",
            "localhost:5000/a/b_c:v1.2",
            "nixery.dev/shell/curl/dig",
            "busybox@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        ] {
            assert_eq!(reference(image), Ok(()), "{image}");
        }
        for image in ["", "a b", "Busybox", "x/Y", "$(id)", "a//b", "x/"] {
            assert!(reference(image).is_err(), "{image}");
        }
    }
}
