//! Finding and opening what is on this machine.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::child::Child;
use super::session::LocalSession;
use crate::ask::{Ask, Need};
use crate::clock::Clock;
use crate::cluster::shell::Hunt;
use crate::cluster::{Attach, Cause, Cluster, Found, Refusal, Scope, Session};
use crate::target::{Selector, Target, TargetKind};

/// This machine as a cluster of one, and its processes.
pub struct Local {
    clock: Arc<dyn Clock>,
}

impl Local {
    /// Answers stamped by this clock.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock }
    }
}

#[async_trait]
impl Cluster for Local {
    fn name(&self) -> String {
        "local".into()
    }

    async fn find(&self, selector: &Selector, _: &Scope) -> Result<Found, Refusal> {
        let requested_at = Some(self.clock.now());
        let target = match selector {
            Selector::Local => Target::local(),
            Selector::Process(pid) if Path::new(&format!("/proc/{pid}")).is_dir() => {
                Target::process(*pid)
            }
            Selector::Process(pid) => return Err(gone(*pid)),
            Selector::Named { .. } | Selector::Pods { .. } => {
                return Err(Refusal {
                    cause: Cause::NotFound,
                    headline: format!("{selector} is no part of this machine"),
                    help: "name `local` or `pid:N`".into(),
                    attach: None,
                });
            }
        };
        Ok(Found {
            targets: vec![Target {
                requested_at,
                ..target
            }],
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
        let hunt = Hunt {
            shared_with_target: false,
            container_id: None,
            container: None,
            known: target.pid,
            host: target.kind == TargetKind::Local,
        };
        let child = Child::spawn(target.pid).map_err(|error| Refusal {
            cause: Cause::Process,
            headline: format!("failed to start `sh` for {target}: {error}"),
            help: "a POSIX `sh` must be on the PATH; the network of another user's process is entered as root only".into(),
            attach: None,
        })?;
        let requested_at = target.requested_at.unwrap_or_else(|| self.clock.now());
        let session = LocalSession::open(child, &hunt, Arc::clone(&self.clock), requested_at)
            .await
            .map_err(|lost| Refusal {
                cause: Cause::Process,
                headline: format!("failed to speak with `sh` for {target}: {}", lost.why),
                help: "try `sh -c 'echo ok'` in the same place".into(),
                attach: None,
            })?;
        Ok(Box::new(session))
    }
}

fn gone(pid: u32) -> Refusal {
    Refusal {
        cause: Cause::Process,
        headline: format!("no process {pid} is on this machine"),
        help: "see `ps -e`; a process in a container has another id here than inside".into(),
        attach: None,
    }
}
