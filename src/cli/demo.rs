//! `housecall demo`: the shipped web runbook on a patient of this machine, through the same engine as any run.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use housecall::catalog::Catalog;
use housecall::clock::SystemClock;
use housecall::cluster::local::Local;
use housecall::cluster::{Cluster, Scope};
use housecall::engine::{Interrupt, Prospect};
use housecall::plan::{Plan, Wishes};
use housecall::random;
use housecall::render::Format;
use housecall::report::Circumstances;
use housecall::runbook::{Runbook, bind};
use housecall::target::Selector;

use super::args::{DemoArgs, Output};
use super::exit::Failure;
use super::outputs::Outputs;
use super::patient::Patient;
use super::prospects::Prospects;
use super::run::{Wanted, examine, key};
use super::signals;
use super::visit::drawn;

/// The runbook that is shown.
const RUNBOOK: &str = "smoke/web";

/// Runs the demo. Its patient has a fault, so the code is 1 when all goes well.
pub(crate) async fn run(args: DemoArgs) -> Result<u8, Failure> {
    let mut args = args;
    let page = if args.output.formats.output.is_empty() {
        page()
    } else {
        None
    };
    if let Some(path) = &page {
        args.output.formats.output = vec![
            Output {
                format: Format::Terminal,
                file: None,
            },
            Output {
                format: Format::Html,
                file: Some(path.clone()),
            },
        ];
    }
    let outputs = Outputs::open(&args.output.formats)?;
    let patient = Patient::start().await?;
    let code = diagnose(&patient, &args, outputs).await;
    patient.stop().await;
    if let (Some(path), Ok(_), false) = (&page, &code, args.output.quiet) {
        eprintln!("the same report as a page: file://{}", path.display());
    }
    code
}

/// A new file for the page, among the temporary ones, for whoever did not say what they want: a demo shows what there is. None where
/// it cannot be made; the demo goes on without.
fn page() -> Option<PathBuf> {
    let id = u64::from_ne_bytes(random::bytes().ok()?);
    let path = std::env::temp_dir().join(format!("housecall-demo-{id:016x}.html"));
    File::create_new(&path).ok().map(|_| path)
}

async fn diagnose(patient: &Patient, args: &DemoArgs, outputs: Outputs) -> Result<u8, Failure> {
    let plan = plan(patient)?;
    let local: Arc<dyn Cluster> = Arc::new(Local::new(Arc::new(SystemClock)));
    let found = local
        .find(&Selector::Process(patient.pid), &Scope::Default)
        .await
        .map_err(|refusal| Failure::could_not("find the demo's patient", &refusal))?;
    let prospects = Prospects {
        all: found
            .targets
            .into_iter()
            .map(|target| Prospect::Found(target, Arc::clone(&local)))
            .collect(),
        notes: vec![format!(
            "the patient is process {} of this machine; a pod is examined in the same way: housecall run {RUNBOOK} pod/NAME",
            patient.pid
        )],
        unasked: false,
        unmatched: false,
        cluster: local.name(),
    };
    let interrupt = Interrupt::default();
    let listening = tokio::spawn(signals::listen(interrupt.clone()));
    let wanted = Wanted {
        id: None,
        key: key()?,
        parallel: 1,
        circumstances: Circumstances::default(),
        interrupt,
        output: &args.output,
        shelf: None,
    };
    let code = examine(Arc::new(plan), prospects, wanted, outputs).await;
    listening.abort();
    code
}

fn plan(patient: &Patient) -> Result<Plan, Failure> {
    let shipped = Catalog::find(RUNBOOK).map_err(|missing| Failure::usage(missing.to_string()))?;
    let (runbook, _) = Runbook::parse(shipped.source, shipped.name)
        .map_err(|problems| Failure::drawn(drawn(&problems)))?;
    let given = [
        ("port", patient.port.to_string()),
        ("name", "patient.demo".into()),
        ("server", format!("127.0.0.1:{}", patient.dns)),
        // This machine's own zombies are not the patient's.
        ("zombies", "100000".into()),
    ]
    .map(|(name, value)| (name.to_owned(), value));
    let params = bind(&runbook.params, &given)
        .map_err(|problems| Failure::usage(format!("{problems:?}")))?;
    Plan::new(&runbook, params, &Wishes::default())
        .map_err(|refused| Failure::usage(refused.to_string()))
}
