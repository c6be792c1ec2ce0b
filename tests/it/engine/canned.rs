//! A cluster of canned answers, keyed by the program that is asked for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use housecall::ask::{Answer, Ask, Captured, Ended, Need, Patient};
use housecall::clock::{Clock, FixedClock};
use housecall::cluster::{Attach, Cause, Closed, Cluster, Found, Lost, Refusal, Scope, Session};
use housecall::engine::{Interrupt, Prospect, Run};
use housecall::plan::{Plan, Wishes};
use housecall::report::{AttachReport, Circumstances, Key, Terminated};
use housecall::runbook::{Library, Runbook, bind};
use housecall::target::{Selector, Target};
use tokio_util::sync::CancellationToken;

#[derive(Clone)]
pub(super) enum Reply {
    Ended(Ended, &'static str),
    Lost(&'static str),
    Never,
    /// One after the other, the last again and again.
    Series(Arc<Mutex<Vec<Reply>>>),
    /// What the step's stdin holds.
    Stdin,
}

impl Reply {
    pub(super) fn exit(code: i32) -> Self {
        Self::Ended(Ended::Exited(code), "")
    }
}

pub(super) fn series(replies: &[Reply]) -> Reply {
    let mut replies = replies.to_vec();
    replies.reverse();
    Reply::Series(Arc::new(Mutex::new(replies)))
}

pub(super) fn pass(text: &'static str) -> Reply {
    Reply::Ended(Ended::Exited(0), text)
}

pub(super) struct Canned {
    pub(super) replies: HashMap<&'static str, Reply>,
    pub(super) refusals: HashMap<&'static str, Refusal>,
    pub(super) proven: bool,
    pub(super) opens: bool,
    /// Whether it can be asked without a container.
    pub(super) outside: bool,
    pub(super) closes: bool,
    pub(super) pace: Duration,
    pub(super) open: Arc<Mutex<(usize, usize)>>,
}

impl Default for Canned {
    fn default() -> Self {
        Self {
            replies: HashMap::new(),
            refusals: HashMap::new(),
            proven: true,
            opens: true,
            outside: false,
            closes: true,
            pace: Duration::ZERO,
            open: Arc::default(),
        }
    }
}

impl Canned {
    pub(super) fn on(mut self, program: &'static str, reply: Reply) -> Self {
        self.replies.insert(program, reply);
        self
    }

    pub(super) fn refusing(mut self, pod: &'static str, refusal: Refusal) -> Self {
        self.refusals.insert(pod, refusal);
        self
    }

    pub(super) fn most_open(&self) -> usize {
        self.open.lock().unwrap().1
    }
}

#[async_trait]
impl Cluster for Canned {
    fn name(&self) -> String {
        "canned".into()
    }

    async fn find(&self, _: &Selector, _: &Scope) -> Result<Found, Refusal> {
        Ok(Found {
            targets: Vec::new(),
            notes: Vec::new(),
        })
    }

    async fn denied(&self, _: &[Need], _: &str) -> Result<Vec<Need>, Refusal> {
        Ok(Vec::new())
    }

    async fn open(
        &self,
        target: &Target,
        _: &Attach,
        _: Option<&[Ask]>,
        _: &CancellationToken,
    ) -> Result<Box<dyn Session>, Refusal> {
        if let Some(refusal) = self.refusals.get(target.pod.as_deref().unwrap_or_default()) {
            return Err(refusal.clone());
        }
        if !self.opens {
            std::future::pending::<()>().await;
        }
        Ok(self.talk(true))
    }

    async fn consult(
        &self,
        target: &Target,
        attach: &Attach,
        stop: &CancellationToken,
    ) -> Result<Box<dyn Session>, Refusal> {
        if self.outside {
            return Ok(self.talk(false));
        }
        self.open(target, attach, None, stop).await
    }
}

impl Canned {
    fn talk(&self, attached: bool) -> Box<dyn Session> {
        let mut open = self.open.lock().unwrap();
        open.0 += 1;
        open.1 = open.1.max(open.0);
        Box::new(Talk {
            replies: self.replies.clone(),
            attached,
            patient: Patient {
                pid: attached.then_some(1),
                root: attached.then(|| "/proc/1/root".into()),
                reason: None,
            },
            proven: self.proven,
            closes: self.closes,
            pace: self.pace,
            open: Arc::clone(&self.open),
        })
    }
}

struct Talk {
    replies: HashMap<&'static str, Reply>,
    attached: bool,
    patient: Patient,
    proven: bool,
    closes: bool,
    pace: Duration,
    open: Arc<Mutex<(usize, usize)>>,
}

fn answer(ended: Ended, text: &str) -> Answer {
    Answer {
        ended,
        stdout: Captured::whole(text),
        stderr: Captured::default(),
        started: clock().now(),
        duration: Duration::from_millis(5),
        file: None,
        progress: None,
        remarks: Vec::new(),
    }
}

#[async_trait]
impl Session for Talk {
    fn attached(&self) -> Option<AttachReport> {
        self.attached.then(|| AttachReport {
            mode: "ephemeral".into(),
            transport: "live".into(),
            container: Some("housecall-0".into()),
            image: Some("toolbox:1".into()),
            profile: Some("general".into()),
            requested_at: Some(clock().now()),
            proven: false,
            ..AttachReport::default()
        })
    }

    fn container(&self) -> Option<String> {
        Some("app".into())
    }

    fn patient(&self) -> &Patient {
        &self.patient
    }

    async fn answer(&mut self, ask: &Ask) -> Result<Answer, Lost> {
        tokio::time::sleep(self.pace).await;
        let argv = ask.question.argv();
        let mut reply = self.replies.get(argv[0].as_str()).cloned();
        if let Some(Reply::Series(left)) = &reply {
            let mut left = left.lock().unwrap();
            let next = left.last().cloned();
            if left.len() > 1 {
                left.pop();
            }
            drop(left);
            reply = next;
        }
        match reply {
            Some(Reply::Stdin) => Ok(answer(
                Ended::Exited(0),
                std::str::from_utf8(&ask.stdin).unwrap(),
            )),
            Some(Reply::Series(_)) => panic!("a series holds no series"),
            Some(Reply::Ended(ended, text)) => Ok(answer(ended, text)),
            Some(Reply::Lost(why)) => Err(Lost {
                why: why.into(),
                partial: None,
            }),
            Some(Reply::Never) => std::future::pending().await,
            None => Ok(answer(Ended::Exited(127), "")),
        }
    }

    async fn cancel(&mut self) -> Option<Answer> {
        Some(answer(Ended::Cancelled, "so far"))
    }

    async fn close(self: Box<Self>) -> Closed {
        if !self.closes {
            std::future::pending::<()>().await;
        }
        self.open.lock().unwrap().0 -= 1;
        Closed {
            attach: self.attached().map(|attach| AttachReport {
                proven: self.proven,
                terminated: self.proven.then(|| Terminated {
                    exit_code: 0,
                    reason: Some("Completed".into()),
                    started_at: None,
                    finished_at: None,
                }),
                ..attach
            }),
            remarks: Vec::new(),
        }
    }
}

pub(super) fn clock() -> Arc<dyn Clock> {
    Arc::new(FixedClock("2026-01-02T03:04:05Z".parse().unwrap()))
}

pub(super) fn pod(name: &str) -> Target {
    Target::pod("shop", name)
}

pub(super) fn prospects(cluster: &Arc<Canned>, pods: &[&str]) -> Vec<Prospect> {
    pods.iter()
        .map(|name| Prospect::Found(pod(name), Arc::clone(cluster) as Arc<dyn Cluster>))
        .collect()
}

pub(super) fn refusal(cause: Cause) -> Refusal {
    Refusal {
        cause,
        headline: "it says no".into(),
        help: "what to do".into(),
        attach: None,
    }
}

pub(super) fn run_of(interrupt: Interrupt) -> Run {
    Run {
        id: "0123456789abcdef".into(),
        key: Key::known(),
        cluster: "canned".into(),
        parallel: 10,
        notes: Vec::new(),
        circumstances: Circumstances::default(),
        interrupt,
    }
}

pub(super) fn plan(steps: &[(&str, &str)]) -> Arc<Plan> {
    let steps: String = steps
        .iter()
        .map(|(id, program)| {
            format!("  - {{id: {id}, run: ['{program}'], output: {{max: 1024B}}}}\n")
        })
        .collect();
    planned(&format!("version: 1\nid: t\ntitle: T\nsteps:\n{steps}"))
}

/// A runbook, settled.
pub(super) fn planned(source: &str) -> Arc<Plan> {
    let (runbook, _) = Runbook::load(source, "t.yaml", &Fragments).unwrap();
    let params = runbook
        .params
        .iter()
        .filter(|param| param.kind.is_secret())
        .map(|param| (param.name.clone(), SECRET.to_owned()))
        .collect::<Vec<_>>();
    let params = bind(&runbook.params, &params).unwrap();
    let wishes = Wishes {
        image: Some("toolbox:1".into()),
        ..Wishes::default()
    };
    Arc::new(Plan::new(&runbook, params, &wishes).unwrap())
}

/// The value of every secret param.
pub(super) const SECRET: &str = "hunter2hunter2";

/// Two fragments: one that asks `echo` about its param, and one that includes it.
struct Fragments;

impl Library for Fragments {
    fn source(&self, _: &str, path: &str) -> Result<(String, String), String> {
        let source = match path {
            "lib/port.yaml" => {
                "version: 1\nid: port\ntitle: P\nparams: {port: {type: int, default: 80}}\nsteps:\n  - {id: ask, run: [echo, '{{port + 1}}']}\n"
            }
            "lib/outer.yaml" => {
                "version: 1\nid: outer\ntitle: O\nparams: {base: {type: int, required: true}}\nsteps:\n  - include: lib/port.yaml\n    params: {port: '{{base * 10}}'}\n"
            }
            "lib/loop.yaml" => {
                "version: 1\nid: loop\ntitle: L\nsteps:\n  - include: lib/loop.yaml\n"
            }
            _ => return Err(format!("there is no `{path}`")),
        };
        Ok((path.into(), source.into()))
    }
}

/// What is wrong with a runbook that may include these fragments.
pub(super) fn complaints(source: &str) -> Vec<String> {
    Runbook::load(source, "t.yaml", &Fragments)
        .unwrap_err()
        .into_iter()
        .map(|one| one.headline)
        .collect()
}
