//! `housecall run`: the main job.

use std::io::IsTerminal;
use std::sync::Arc;

use housecall::clock::SystemClock;
use housecall::cluster::{Mode, Transport};
use housecall::engine::{Engine, Interrupt, Run};
use housecall::plan::Plan;
use housecall::random;
use housecall::render::Progress;
use housecall::report::{Circumstances, Key};

use super::args::{OutputArgs, RunArgs};
use super::exit::Failure;
use super::log;
use super::outputs::Outputs;
use super::prospects::Prospects;
use super::recording;
use super::shelf::Shelf;
use super::signals;
use super::visit::Visit;

/// Runs a runbook on its targets and reports. The code is the exit code of the process.
pub(crate) async fn run(args: RunArgs) -> Result<u8, Failure> {
    let visit = match Visit::of(&args.visit).await {
        Err(failure) if failure.is_unmatched() && args.allow_none => {
            failure.tell();
            return Ok(0);
        }
        visit => visit?,
    };
    let mut visit = visit;
    if args.resume.is_some() {
        resumed(&mut visit)?;
    }
    let mut outputs = Outputs::open(&args.output.formats)?;
    // The record and the report tell of equal secrets in equal words.
    let key = key()?;
    log::keep_from(&visit.plan, &key);
    let recorder = outputs
        .recording(args.record.as_deref())
        .map(|folder| recording::begin(&folder, &visit.origins, &visit.plan, &key))
        .transpose()?;
    let shelf = args.artifacts.as_deref().map(Shelf::open).transpose()?;
    let interrupt = Interrupt::default();
    let listening = tokio::spawn(signals::listen(interrupt.clone()));
    let mut prospects = tokio::select! {
        biased;
        prospects = Prospects::find(&visit, &args.visit) => prospects,
        () = interrupt.stopped() => return Err(Failure::interrupted()),
    };
    if let Some(recorder) = &recorder {
        recording::listen(&mut prospects, recorder);
    }
    let circumstances = Circumstances {
        interrupted: false,
        unasked: prospects.unasked,
        unmatched: prospects.unmatched,
        allow_none: args.allow_none,
        exit_zero: args.exit_zero,
    };
    let parallel = parallel(args.parallel, &visit.plan);
    let code = examine(
        visit.plan,
        prospects,
        Wanted {
            id: args.resume,
            key,
            parallel,
            circumstances,
            interrupt,
            output: &args.output,
            shelf,
        },
        outputs,
    )
    .await;
    listening.abort();
    match recorder {
        Some(recorder) => recording::whole(&recorder, code?),
        None => code,
    }
}

/// Makes the plan one that reads what an earlier run has left.
fn resumed(visit: &mut Visit) -> Result<(), Failure> {
    let plan = Arc::make_mut(&mut visit.plan);
    let stream = plan.attach.transport == Transport::Live || plan.attach.mode == Mode::Exec;
    if stream || !plan.is_written() {
        return Err(Failure::usage(
            "a run over the live transport cannot be resumed: its answers went to its client alone\n  help: run again",
        ));
    }
    plan.attach.transport = Transport::Oneshot;
    plan.attach.resume = true;
    Ok(())
}

/// Targets that are open at once when nobody says anything.
const PARALLEL: usize = 10;

fn parallel(wanted: Option<u32>, plan: &Plan) -> usize {
    wanted
        .map(|count| count as usize)
        .or(plan.batch.parallel)
        .unwrap_or(PARALLEL)
}

/// How a run is to be made, beside its plan and its targets.
pub(crate) struct Wanted<'a> {
    /// Id of the run; a new one when `None`.
    pub(crate) id: Option<String>,
    /// What its tokens are keyed with.
    pub(crate) key: Key,
    pub(crate) parallel: usize,
    pub(crate) circumstances: Circumstances,
    pub(crate) interrupt: Interrupt,
    pub(crate) output: &'a OutputArgs,
    /// Where artefacts are written; nowhere when `None`.
    pub(crate) shelf: Option<Shelf>,
}

/// Runs a plan and writes its reports.
pub(crate) async fn examine(
    plan: Arc<Plan>,
    prospects: Prospects,
    wanted: Wanted<'_>,
    mut outputs: Outputs,
) -> Result<u8, Failure> {
    let run = Run {
        id: match wanted.id {
            Some(id) => id,
            None => run_id()?,
        },
        key: wanted.key,
        cluster: prospects.cluster,
        parallel: wanted.parallel,
        notes: prospects.notes,
        circumstances: wanted.circumstances,
        interrupt: wanted.interrupt,
    };
    let visible = !wanted.output.quiet && std::io::stderr().is_terminal();
    let mut progress = Progress::new(visible);
    let mut shelf = wanted.shelf;
    let report = Engine::new(Arc::new(SystemClock))
        .run(plan, prospects.all, run, |event| {
            outputs.event(event);
            if let Some(shelf) = &mut shelf {
                shelf.event(event);
            }
            progress.on(event);
        })
        .await;
    progress.finish();
    let code = report.exit.as_ref().map_or(3, |exit| exit.code);
    // A report that cannot be written must not hide what it would have said.
    let told = outputs.report(&report);
    match told.and_then(|()| shelf.map_or(Ok(()), Shelf::close)) {
        Ok(()) => Ok(code),
        Err(failure) => Err(failure.or_graver(code)),
    }
}

/// A key of this run alone.
pub(crate) fn key() -> Result<Key, Failure> {
    random::bytes()
        .map(Key::new)
        .map_err(|error| Failure::could_not("make a key for the run", &error))
}

/// 16 hexadecimal digits.
fn run_id() -> Result<String, Failure> {
    let bytes: [u8; 8] =
        random::bytes().map_err(|error| Failure::could_not("make an id for the run", &error))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
