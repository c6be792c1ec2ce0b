//! The watches: one for the pods of a namespace and one for its events, shared by every session there.
//!
//! A watch begins at the server's present version, so it brings no old news, and is taken up again where it broke. Without the
//! right to watch, sessions read their own pod instead ([`super::sight`]), and events are done without.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use k8s_openapi::api::core::v1::{Event, Pod};
use kube::api::{Api, ListParams, WatchEvent, WatchParams};
use kube::{Client, Resource};
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_util::task::AbortOnDropHandle;

use super::failure::{Failure, from_event};

/// How long one watch request lasts at most; the server ends it earlier, at 290 s.
const SILENCE: Duration = Duration::from_secs(300);

/// The first and the longest pause before a broken watch is taken up again.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// What is known of one pod and its debug container.
#[derive(Clone, Debug, Default)]
pub(super) struct News {
    /// The pod as last seen.
    pub(super) pod: Option<Arc<Pod>>,
    /// True once the pod was deleted.
    pub(super) gone: bool,
    /// What the kubelet's events say against the container.
    pub(super) failure: Option<Failure>,
    /// True once an event told that the container was started.
    pub(super) started: bool,
}

/// Who wants to know: a container of a pod, by UID.
type Subscribers = HashMap<String, Vec<(String, watch::Sender<News>)>>;

/// Where the watches write and sessions read.
#[derive(Debug, Default)]
pub(super) struct Board {
    subscribers: Mutex<Subscribers>,
    blind: AtomicBool,
    listening: watch::Sender<bool>,
    remarks: Mutex<Vec<String>>,
}

impl Board {
    /// Begins to follow one container.
    pub(super) fn subscribe(&self, uid: &str, container: &str) -> watch::Receiver<News> {
        let (sender, receiver) = watch::channel(News::default());
        let mut subscribers = held(&self.subscribers);
        for listed in subscribers.values_mut() {
            listed.retain(|(_, sender)| !sender.is_closed());
        }
        subscribers.retain(|_, listed| !listed.is_empty());
        subscribers
            .entry(uid.to_owned())
            .or_default()
            .push((container.to_owned(), sender));
        receiver
    }

    /// True when pods cannot be watched here.
    pub(super) fn blind(&self) -> bool {
        self.blind.load(Ordering::Relaxed)
    }

    /// What was found out about the watches, told once.
    pub(super) fn remarks(&self) -> Vec<String> {
        std::mem::take(&mut *held(&self.remarks))
    }

    fn see_pod(&self, event: WatchEvent<Pod>) {
        let (pod, gone) = match event {
            WatchEvent::Added(pod) | WatchEvent::Modified(pod) => (pod, false),
            WatchEvent::Deleted(pod) => (pod, true),
            WatchEvent::Bookmark(_) | WatchEvent::Error(_) => return,
        };
        let Some(uid) = pod.metadata.uid.clone() else {
            return;
        };
        if let Some(listed) = held(&self.subscribers).get(&uid) {
            let pod = Arc::new(pod);
            for (_, sender) in listed {
                sender.send_modify(|news| {
                    news.pod = Some(Arc::clone(&pod));
                    news.gone |= gone;
                });
            }
        }
    }

    fn see_event(&self, event: WatchEvent<Event>) {
        let (WatchEvent::Added(event) | WatchEvent::Modified(event)) = event else {
            return;
        };
        let about = &event.involved_object;
        let (Some(uid), Some(field)) = (&about.uid, &about.field_path) else {
            return;
        };
        let subscribers = held(&self.subscribers);
        let Some(listed) = subscribers.get(uid) else {
            return;
        };
        let reason = event.reason.as_deref().unwrap_or_default();
        let failure = from_event(reason, event.message.as_deref().unwrap_or_default());
        let started = reason == "Started";
        if failure.is_none() && !started {
            return;
        }
        for (container, sender) in listed {
            let ours = ["spec.ephemeralContainers", "spec.containers"]
                .iter()
                .any(|list| *field == format!("{list}{{{container}}}"));
            if ours {
                sender.send_modify(|news| {
                    news.started |= started;
                    // The first word is the fullest: what follows is `Error: ErrImagePull`.
                    if news.failure.is_none() {
                        news.failure.clone_from(&failure);
                    }
                });
            }
        }
    }
}

fn held<T>(lock: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // Nothing panics while it holds one of these; and if it did, the data is whole.
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The running watches of one namespace. Dropping it ends them.
#[derive(Debug)]
pub(super) struct Lookout {
    board: Arc<Board>,
    _tasks: [AbortOnDropHandle<()>; 2],
}

impl Lookout {
    /// Starts watching a namespace, or one pod of it.
    pub(super) fn start(client: &Client, namespace: &str, only: Option<&str>) -> Self {
        let board = Arc::new(Board::default());
        let mut params = WatchParams::default();
        if let Some(name) = only {
            params = params.fields(&format!("metadata.name={name}"));
        }
        let pods = {
            let board = Arc::clone(&board);
            let api: Api<Pod> = Api::namespaced(client.clone(), namespace);
            async move {
                follow(api, params, || {}, |event| board.see_pod(event)).await;
                board.blind.store(true, Ordering::Relaxed);
            }
        };
        let mut params = WatchParams::default();
        params = params.fields(&match only {
            Some(name) => format!("involvedObject.kind=Pod,involvedObject.name={name}"),
            None => "involvedObject.kind=Pod".into(),
        });
        let events = {
            let board = Arc::clone(&board);
            let namespace = namespace.to_owned();
            let api: Api<Event> = Api::namespaced(client.clone(), &namespace);
            async move {
                let begun = || {
                    board.listening.send_replace(true);
                };
                follow(api, params, begun, |event| board.see_event(event)).await;
                board.listening.send_replace(true);
                held(&board.remarks).push(format!(
                    "no right to watch events in namespace {namespace}: an image that cannot be pulled is told later"
                ));
            }
        };
        Self {
            board,
            _tasks: [
                AbortOnDropHandle::new(tokio::spawn(pods)),
                AbortOnDropHandle::new(tokio::spawn(events)),
            ],
        }
    }

    /// Waits until no event that comes from now on can be missed, or for `within`.
    pub(super) async fn listening(&self, within: Duration) {
        let mut listening = self.board.listening.subscribe();
        // Without it the run goes on, only slower to hear of trouble.
        let _ = timeout(within, listening.wait_for(|listening| *listening)).await;
    }

    /// Where its news is.
    pub(super) fn board(&self) -> &Arc<Board> {
        &self.board
    }
}

/// Follows one kind of object until it is forbidden to. `begun` is called once it is settled from which version on.
async fn follow<K>(api: Api<K>, params: WatchParams, begun: impl Fn(), see: impl Fn(WatchEvent<K>))
where
    K: Resource + Clone + DeserializeOwned + Debug,
{
    let mut version: Option<String> = None;
    let mut pause = PAUSES.0;
    loop {
        let from = match version.take() {
            Some(version) => version,
            None => match api.list_metadata(&ListParams::default().limit(1)).await {
                Ok(list) => list.metadata.resource_version.unwrap_or_default(),
                Err(error) if forbidden(&error) => return,
                Err(_) => {
                    sleep(pause).await;
                    pause = (pause * 2).min(PAUSES.1);
                    continue;
                }
            },
        };
        begun();
        match api.watch(&params, &from).await {
            Err(error) if forbidden(&error) => return,
            Err(_) => {}
            Ok(stream) => {
                let mut stream = std::pin::pin!(stream);
                version = Some(from);
                while let Ok(Some(Ok(event))) = timeout(SILENCE, stream.next()).await {
                    match &event {
                        WatchEvent::Added(seen)
                        | WatchEvent::Modified(seen)
                        | WatchEvent::Deleted(seen) => {
                            version = seen.meta().resource_version.clone();
                        }
                        WatchEvent::Bookmark(mark) => {
                            version = Some(mark.metadata.resource_version.clone());
                        }
                        // Too old a version: begin anew.
                        WatchEvent::Error(_) => {
                            version = None;
                            break;
                        }
                    }
                    see(event);
                    pause = PAUSES.0;
                }
            }
        }
        sleep(pause).await;
        pause = (pause * 2).min(PAUSES.1);
    }
}

fn forbidden(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if matches!(status.code, 401 | 403))
}
