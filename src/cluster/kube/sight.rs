//! One session's view of its pod: the shared watch where there is one, reading the pod where there is none.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use super::failure::{Failure, from_state};
use super::server::Server;
use super::standing;
use super::watch::{Lookout, News};

/// How often the pod is read where it is watched as well: only in case the watch missed something.
const SIGHTED: Duration = Duration::from_secs(5);

/// First and longest pause between two reads where it cannot be watched.
const BLIND: (Duration, Duration) = (Duration::from_millis(300), Duration::from_secs(2));

/// How long one such read may take.
const READ: Duration = Duration::from_secs(5);

/// What there is to see of one pod and its debug container.
#[derive(Debug)]
pub(super) struct Sight {
    server: Server,
    lookout: Arc<Lookout>,
    namespace: String,
    name: String,
    uid: String,
    container: String,
    news: watch::Receiver<News>,
    /// What we read ourselves, where that is newer than the news.
    own: Option<Arc<Pod>>,
    gone: bool,
    pause: Duration,
    last_read: Instant,
}

impl Sight {
    /// Begins to look at one container of one pod.
    pub(super) fn new(
        server: Server,
        lookout: Arc<Lookout>,
        (namespace, name): (&str, &str),
        uid: &str,
        container: &str,
    ) -> Self {
        let news = lookout.board().subscribe(uid, container);
        Self {
            server,
            lookout,
            namespace: namespace.into(),
            name: name.into(),
            uid: uid.into(),
            container: container.into(),
            news,
            own: None,
            gone: false,
            pause: BLIND.0,
            last_read: Instant::now(),
        }
    }

    /// Waits until there may be something new. Cancel-safe.
    pub(super) async fn next(&mut self) {
        loop {
            let every = if self.lookout.board().blind() {
                self.pause
            } else {
                SIGHTED
            };
            let due = self.last_read + every;
            if due <= Instant::now() {
                self.read().await;
                return;
            }
            // Whether the watch works is found out beside us, so this looks again soon.
            let look = due.min(Instant::now() + BLIND.0);
            tokio::select! {
                changed = self.news.changed() => {
                    if changed.is_ok() {
                        self.own = None;
                        return;
                    }
                    // The watches are gone with their cluster: only reading is left.
                    sleep_until(due).await;
                }
                () = sleep_until(look) => {}
            }
        }
    }

    /// Reads the pod now. Trouble with that is no news.
    pub(super) async fn read(&mut self) {
        self.last_read = Instant::now();
        self.pause = (self.pause * 3 / 2).min(BLIND.1);
        match timeout(READ, self.server.pod(&self.namespace, &self.name)).await {
            Ok(Ok(found)) if found.value.metadata.uid.as_ref() == Some(&self.uid) => {
                self.own = Some(Arc::new(found.value));
            }
            Ok(Ok(_)) => self.gone = true,
            Ok(Err(kube::Error::Api(status))) if status.code == 404 => self.gone = true,
            Ok(Err(_)) | Err(_) => {}
        }
    }

    /// The pod as last seen.
    pub(super) fn pod(&self) -> Option<Arc<Pod>> {
        self.own.clone().or_else(|| self.news.borrow().pod.clone())
    }

    /// True once this very pod is no more.
    pub(super) fn gone(&self) -> bool {
        self.gone || self.news.borrow().gone
    }

    /// Why the container does not live, if it is said anywhere.
    pub(super) fn failure(&self) -> Option<Failure> {
        let told = self.news.borrow().failure.clone();
        told.or_else(|| from_state(standing::state(&*self.pod()?, &self.container)?))
    }

    /// True once the container is said to have been started.
    pub(super) fn started(&self) -> bool {
        self.news.borrow().started
            || self.pod().is_some_and(|pod| {
                standing::state(&pod, &self.container).is_some_and(|state| state.running.is_some())
            })
    }

    /// What was found out about the watches, told once per namespace.
    pub(super) fn remarks(&self) -> Vec<String> {
        self.lookout.board().remarks()
    }

    /// Name of the debug container.
    pub(super) fn container(&self) -> &str {
        &self.container
    }

    /// Namespace and name of the pod.
    pub(super) fn at(&self) -> (&str, &str) {
        (&self.namespace, &self.name)
    }

    /// Name of the pod.
    pub(super) fn pod_name(&self) -> &str {
        &self.name
    }

    /// `namespace/name` of the pod.
    pub(super) fn place(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }
}
