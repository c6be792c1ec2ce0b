//! Runs that are written down (`run --record`, `-o bundle`), and judging them again (`judge`, `replay`, `test --recorded`).

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use housecall::cluster::Cluster;
use housecall::cluster::replay::{ABOUT, Recorded, Recorder, SCHEMA};
use housecall::engine::{Interrupt, Prospect};
use housecall::plan::{Plan, Wishes};
use housecall::report::{Circumstances, Key, Redactor, Rules, Severity};
use housecall::runbook::{Effects, Runbook, Waiver};

use super::args::OutputArgs;
use super::excerpt;
use super::exit::Failure;
use super::outputs::Outputs;
use super::prospects::Prospects;
use super::run::{Wanted, examine, key};
use super::saved;

/// Where a bundle holds its recording.
const FOLDER: &str = "recording/";

/// Begins a recording, before anything is sent.
pub(crate) fn begin(
    folder: &Path,
    origins: &[String],
    plan: &Plan,
    key: &Key,
) -> Result<Arc<Recorder>, Failure> {
    let redactor = Redactor::new(&plan.secrets, plan.redact.clone(), key.clone());
    let runbooks: Vec<_> = plan
        .runbooks()
        .iter()
        .zip(origins)
        .map(|(plan, origin)| {
            json!({ "runbook": plan.runbook, "origin": origin, "params": redactor.params(&plan.params) })
        })
        .collect();
    let about = json!({
        "schema": SCHEMA,
        "runbooks": runbooks,
        "image": plan.attach.image,
        "profile": plan.attach.profile.word(),
        "container": plan.attach.container,
        "fail_on": plan.fail_on.word(),
    });
    Recorder::create(folder, &about, redactor).map(Arc::new).map_err(|error| {
        Failure::usage(format!(
            "failed to begin a recording in {}: {error}\n  help: name a folder that is not there yet",
            folder.display()
        ))
    })
}

/// The same prospects, with all that they answer written down.
pub(crate) fn listen(prospects: &mut Prospects, recorder: &Arc<Recorder>) {
    for prospect in &mut prospects.all {
        match prospect {
            Prospect::Found(target, cluster) => {
                recorder.begin(target);
                *cluster = recorder.listening(Arc::clone(cluster));
            }
            Prospect::Refused(target, refusal) => {
                recorder.begin(target);
                recorder.refused(target, refusal);
            }
        }
    }
}

/// What could not be written of a recording is told, whatever the run came to.
pub(crate) fn whole(recorder: &Recorder, code: u8) -> Result<u8, Failure> {
    match recorder.trouble() {
        None => Ok(code),
        Some(why) => Err(Failure::could_not("write the recording", &why).or_graver(code)),
    }
}

/// Reads a recording: a folder that `--record` wrote, or a bundle.
pub(crate) fn read(path: &Path) -> Result<Recorded, Failure> {
    if path.is_dir() {
        return Recorded::read(path).map_err(|error| Failure::usage(error.to_string()));
    }
    let wanted = |name: &str| name.starts_with(FOLDER);
    let entries = saved::bundle(path, wanted)?;
    let mut tapes: Vec<_> = entries
        .into_iter()
        .map(|(name, bytes)| {
            (
                path.join(name),
                String::from_utf8_lossy(&bytes).into_owned(),
            )
        })
        .collect();
    let about = tapes
        .iter()
        .position(|(name, _)| name.ends_with(ABOUT))
        .map(|at| tapes.swap_remove(at));
    let Some(about) = about else {
        return Err(Failure::usage(format!(
            "{} holds no recording: it was rendered of a report\n  help: give the bundle that the run itself wrote",
            path.display()
        )));
    };
    Recorded::of(about, tapes).map_err(|error| Failure::usage(error.to_string()))
}

/// Judges a recorded run with runbooks, which may have changed since: as if they had been there. What the rules in the file `redact` find
/// is masked as well.
pub(crate) async fn judge(
    recorded: Recorded,
    runbooks: &[Runbook],
    fail_on: Option<Severity>,
    (redact, waivers): (Option<&Path>, Option<&Path>),
    output: &OutputArgs,
) -> Result<u8, Failure> {
    let rules = (excerpt::rules(redact)?, excerpt::waived(waivers)?);
    let plan = plan(runbooks, recorded.about(), fail_on, rules)?;
    let outputs = Outputs::open(&output.formats)?;
    let targets: Vec<_> = recorded.targets().cloned().collect();
    let cluster: Arc<dyn Cluster> = Arc::new(recorded.masked_by(plan.redact.clone()));
    let prospects = Prospects {
        all: targets
            .into_iter()
            .map(|target| Prospect::Found(target, Arc::clone(&cluster)))
            .collect(),
        cluster: cluster.name(),
        ..Prospects::default()
    };
    let wanted = Wanted {
        id: None,
        key: key()?,
        shelf: None,
        parallel: 10,
        circumstances: Circumstances::default(),
        interrupt: Interrupt::default(),
        output,
    };
    examine(Arc::new(plan), prospects, wanted, outputs).await
}

/// The plan that the run had, as far as the runbooks still take their params.
fn plan(
    runbooks: &[Runbook],
    about: &Value,
    fail_on: Option<Severity>,
    (redact, waivers): (Rules, Vec<Waiver>),
) -> Result<Plan, Failure> {
    let text = |key: &str| about[key].as_str().map(str::to_owned);
    let then = Severity::ALL
        .into_iter()
        .find(|severity| about["fail_on"] == severity.word());
    let wishes = Wishes {
        image: text("image"),
        container: text("container"),
        profile: text("profile").and_then(|word| word.parse().ok()),
        fail_on: fail_on.or(then).unwrap_or_default(),
        // Nothing is sent.
        allow_effects: Effects::Write,
        redact,
        waivers,
        ..Wishes::default()
    };
    let mut plans = Vec::new();
    for (at, runbook) in runbooks.iter().enumerate() {
        let params = runbook
            .params
            .iter()
            .map(|param| {
                let recorded = about["runbooks"][at]["params"].get(&param.name).cloned();
                let value = recorded.or_else(|| param.default.clone());
                (param.name.clone(), value.unwrap_or_default())
            })
            .collect();
        let plan = Plan::new(runbook, params, &wishes);
        plans.push(plan.map_err(|refused| Failure::usage(refused.to_string()))?);
    }
    Plan::together(plans, &wishes)
        .map(Plan::without_waits)
        .ok_or_else(|| Failure::usage("the recording names no runbook"))
}
