//! One run over all its targets.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::batch::Places;
use super::interrupt::Interrupt;
use super::lane::Lane;
use super::tell::Teller;
use crate::clock::Clock;
use crate::cluster::{Cluster, Refusal};
use crate::plan::Plan;
use crate::report::{
    Circumstances, Event, Folding, Happening, Key, Redactor, Report, RunReport, groups, settle,
};
use crate::target::Target;

/// A target that is to be examined, or one that is already known not to be.
#[derive(Clone)]
pub enum Prospect {
    /// It is there, and this cluster answers for it.
    Found(Target, Arc<dyn Cluster>),
    /// It was named, and cannot be asked.
    Refused(Target, Refusal),
}

/// What one run is told beside its plan and targets.
#[derive(Clone, Debug)]
pub struct Run {
    /// Id: 16 hexadecimal digits, new for each run.
    pub id: String,
    /// What the tokens of the run are keyed with, new for each run.
    pub key: Key,
    /// Name of the cluster, for the report.
    pub cluster: String,
    /// How many targets are open at once, at least 1.
    pub parallel: usize,
    /// What the reader should know from before the run.
    pub notes: Vec<String>,
    /// What the exit code depends on beside the report.
    pub circumstances: Circumstances,
    /// Who may stop it.
    pub interrupt: Interrupt,
}

/// Asks a plan of many targets.
pub struct Engine {
    clock: Arc<dyn Clock>,
}

impl Engine {
    /// An engine that stamps events by this clock.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock }
    }

    /// Runs `plan` over all prospects and tells each event as it happens.
    ///
    /// Not a `Result`: whatever goes wrong is in the report.
    pub async fn run(
        &self,
        plan: Arc<Plan>,
        prospects: Vec<Prospect>,
        run: Run,
        mut on_event: impl FnMut(&Event),
    ) -> Report {
        let (events, mut heard) = mpsc::unbounded_channel();
        let teller = Teller {
            clock: Arc::clone(&self.clock),
            events,
        };
        let redactor = Arc::new(Redactor::new(
            &plan.secrets,
            plan.redact.clone(),
            run.key.clone(),
        ));
        self.begin(&teller, &plan, &prospects, &run, &redactor);
        let mut lanes = launch(&plan, prospects, &run, &teller, &redactor);
        drop(teller);

        let mut folding = Folding::default();
        while let Some(event) = heard.recv().await {
            on_event(&event);
            folding.take(event);
        }
        while lanes.join_next().await.is_some() {}

        let mut circumstances = run.circumstances;
        circumstances.interrupted |= run.interrupt.is_stopped();
        let report = folding.report();
        let own = plan.batch.group.as_deref();
        let last = Event {
            at: self.clock.now(),
            happening: Happening::RunFinished {
                redactions: redactor.ledger(),
                exit: settle(report, circumstances),
                groups: own.map_or_else(Vec::new, |own| groups(&report.targets, own)),
            },
        };
        on_event(&last);
        folding.take(last);
        folding.finish()
    }

    fn begin(
        &self,
        teller: &Teller,
        plan: &Plan,
        prospects: &[Prospect],
        run: &Run,
        redactor: &Redactor,
    ) {
        teller.tell(Happening::RunStarted {
            run: RunReport {
                id: run.id.clone(),
                started: self.clock.now(),
                finished: None,
                version: env!("CARGO_PKG_VERSION").into(),
                runbook: plan.runbook.clone(),
                runbooks: plan
                    .together
                    .iter()
                    .map(|one| one.runbook.clone())
                    .collect(),
                params: redactor.params(&plan.params),
                cluster: run.cluster.clone(),
                group: plan.batch.group.clone(),
            },
        });
        for (index, prospect) in prospects.iter().enumerate() {
            let (Prospect::Found(who, _) | Prospect::Refused(who, _)) = prospect;
            teller.tell(Happening::TargetFound {
                target: index,
                who: redactor.target(who),
            });
        }
        for text in &run.notes {
            teller.tell(Happening::Noted {
                target: None,
                text: redactor.text(text),
            });
        }
    }
}

fn launch(
    plan: &Arc<Plan>,
    prospects: Vec<Prospect>,
    run: &Run,
    teller: &Teller,
    redactor: &Arc<Redactor>,
) -> JoinSet<()> {
    let places = Arc::new(Places::new(run.parallel, &plan.batch));
    let mut plan = Arc::clone(plan);
    Arc::make_mut(&mut plan).of_run(&run.id);
    let mut lanes = JoinSet::new();
    for (index, prospect) in prospects.into_iter().enumerate() {
        let lane = Lane {
            index,
            plan: Arc::clone(&plan),
            interrupt: run.interrupt.clone(),
            teller: teller.clone(),
            redactor: Arc::clone(redactor),
        };
        match prospect {
            Prospect::Refused(_, refusal) => {
                lane.refuse(&refusal);
            }
            Prospect::Found(target, cluster) => {
                let places = Arc::clone(&places);
                lanes.spawn(async move {
                    let place = places.take(&target).await;
                    let status = match places.full_of_failures() {
                        Some(why) => lane.leave_out(why),
                        None => lane.examine(&cluster, target).await,
                    };
                    places.done(status);
                    drop(place);
                });
            }
        }
    }
    lanes
}
