//! The API server: the few requests this house sends, with bounded repeats.

use std::fmt;
use std::time::Duration;

use http::Request;
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{AttachParams, Patch, PatchParams, PostParams};
use kube::client::Body;
use kube::core::Status;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::sleep;

use super::client::Link;
use super::pump::{Limits, Pump};
use super::refusal::{Doing, refusal};
use super::standing;
use crate::cluster::{Profile, Refusal};

/// Waits before the second, third and fourth try of a request that may be repeated.
const AGAIN: [Duration; 3] = [
    Duration::from_millis(100),
    Duration::from_millis(400),
    Duration::from_millis(1500),
];

/// The longest wait that a busy server can ask of us.
const PATIENCE: Duration = Duration::from_secs(5);

/// A client with the requests it can send.
#[derive(Clone)]
pub(super) struct Server {
    link: Link,
}

/// An answer with the moment at which the server gave it, by its own clock.
#[derive(Clone, Debug)]
pub(super) struct Stamped<T> {
    /// The answer.
    pub(super) value: T,
    /// The `Date` header, to the second.
    pub(super) date: Option<Timestamp>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({})", self.link.server)
    }
}

impl Server {
    /// Over this link.
    pub(super) fn new(link: Link) -> Self {
        Self { link }
    }

    /// The client and what is known of its cluster.
    pub(super) fn link(&self) -> &Link {
        &self.link
    }

    /// The words for a refusal of `verb` on `resource`.
    pub(super) fn doing<'a>(
        &'a self,
        verb: &'a str,
        resource: &'a str,
        namespace: &'a str,
    ) -> Doing<'a> {
        Doing {
            verb,
            resource,
            namespace,
            server: &self.link.server,
            adding: None,
        }
    }

    /// Reads one object or list. Repeated while the server is busy or the connection breaks.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
    ) -> Result<Stamped<T>, kube::Error> {
        let mut tries = AGAIN.iter();
        loop {
            let request = Request::get(path)
                .body(Vec::new())
                .map_err(kube::Error::HttpError)?;
            match self.once(request).await {
                Err(error) => match (pause(&error), tries.next()) {
                    (Some(asked), Some(wait)) => sleep(asked.max(*wait)).await,
                    _ => return Err(error),
                },
                answer => return answer,
            }
        }
    }

    /// Reads a pod.
    pub(super) async fn pod(
        &self,
        namespace: &str,
        name: &str,
    ) -> Result<Stamped<Pod>, kube::Error> {
        self.get(&format!("{}/{name}", pods(namespace))).await
    }

    /// Adds a debug container and returns the pod as it then stands. The one write of this house.
    ///
    /// Whenever a try may have landed without our hearing so, the pod is read first and our container looked for; and as it is
    /// merged by its name, a second one cannot come of a repeat.
    pub(super) async fn add(
        &self,
        namespace: &str,
        pod: &str,
        name: &str,
        patch: &Value,
    ) -> Result<Pod, Unsure> {
        let mut tries = AGAIN.iter();
        let mut landed = false;
        loop {
            let request = kube::core::Request::new(pods(namespace))
                .patch_subresource(
                    "ephemeralcontainers",
                    pod,
                    &PatchParams::default(),
                    &Patch::Strategic(patch),
                )
                .map_err(|error| Unsure::no(kube::Error::BuildRequest(error)))?;
            let error = match self.once::<Pod>(request).await {
                Ok(answer) => return Ok(answer.value),
                Err(error) => error,
            };
            let refused = matches!(&error, kube::Error::Api(status) if status.code < 500);
            landed |= !refused && !never_sent(&error);
            let (Some(asked), Some(wait)) = (pause(&error), tries.next()) else {
                return Err(Unsure {
                    maybe_added: landed,
                    error,
                });
            };
            sleep(asked.max(*wait)).await;
            if landed && let Ok(found) = self.pod(namespace, pod).await {
                if standing::added(&found.value, name) {
                    return Ok(found.value);
                }
                landed = false;
            }
        }
    }

    /// Whether a debug container would be added: a dry run, which changes nothing.
    pub(super) async fn would_add(
        &self,
        namespace: &str,
        pod: &str,
        patch: &Value,
    ) -> Result<(), kube::Error> {
        let params = PatchParams {
            dry_run: true,
            ..PatchParams::default()
        };
        let request = kube::core::Request::new(pods(namespace))
            .patch_subresource(
                "ephemeralcontainers",
                pod,
                &params,
                &Patch::Strategic(patch),
            )
            .map_err(kube::Error::BuildRequest)?;
        self.once::<Pod>(request).await.map(|_| ())
    }

    /// Makes a pod, once; or asks whether it would be made, by a dry run.
    pub(super) async fn make(
        &self,
        namespace: &str,
        manifest: &Value,
        dry_run: bool,
    ) -> Result<Pod, kube::Error> {
        let params = PostParams {
            dry_run,
            ..PostParams::default()
        };
        let body = serde_json::to_vec(manifest).map_err(kube::Error::SerdeError)?;
        let request = kube::core::Request::new(pods(namespace))
            .create(&params, body)
            .map_err(kube::Error::BuildRequest)?;
        Ok(self.once::<Pod>(request).await?.value)
    }

    /// Deletes a pod; one that is not there any more is none to delete. Repeated while the server is busy or the connection breaks:
    /// the options name its UID.
    pub(super) async fn delete(
        &self,
        namespace: &str,
        name: &str,
        options: &Value,
    ) -> Result<(), kube::Error> {
        let mut tries = AGAIN.iter();
        loop {
            let request = Request::delete(format!("{}/{name}", pods(namespace)))
                .header(http::header::CONTENT_TYPE, "application/json")
                .body(serde_json::to_vec(options).map_err(kube::Error::SerdeError)?)
                .map_err(kube::Error::HttpError)?;
            match self.send(request).await {
                Ok(_) => return Ok(()),
                Err(kube::Error::Api(status)) if status.code == 404 => return Ok(()),
                Err(error) => match (pause(&error), tries.next()) {
                    (Some(asked), Some(wait)) => sleep(asked.max(*wait)).await,
                    _ => return Err(error),
                },
            }
        }
    }

    /// Opens an exec stream that runs a command in a container.
    pub(super) async fn exec(
        &self,
        (namespace, pod, container): (&str, &str, &str),
        command: Vec<String>,
        limits: Limits,
    ) -> Result<Pump, kube::Error> {
        let params = AttachParams::default().stderr(true);
        self.stream((namespace, pod, container), command, params, limits)
            .await
    }

    /// The same, on a terminal of its own.
    pub(super) async fn terminal(
        &self,
        at: (&str, &str, &str),
        command: Vec<String>,
        limits: Limits,
    ) -> Result<Pump, kube::Error> {
        // A terminal has one stream out.
        let params = AttachParams::default().tty(true).stderr(false);
        self.stream(at, command, params, limits).await
    }

    async fn stream(
        &self,
        (namespace, pod, container): (&str, &str, &str),
        command: Vec<String>,
        params: AttachParams,
        limits: Limits,
    ) -> Result<Pump, kube::Error> {
        let params = params.container(container).stdin(true).stdout(true);
        let request = kube::core::Request::new(pods(namespace))
            .exec(pod, command, &params)
            .map_err(kube::Error::BuildRequest)?;
        let connection = self.link.client.connect(request).await?;
        let half_close = connection.supports_stream_close();
        Ok(Pump::start(connection.into_stream(), half_close, limits))
    }

    /// Reads text, such as a log, as it stands.
    pub(super) async fn text(&self, path: &str) -> Result<Vec<u8>, kube::Error> {
        let request = Request::get(path)
            .body(Vec::new())
            .map_err(kube::Error::HttpError)?;
        Ok(self.send(request).await?.value)
    }

    /// Begins to follow a log. What this returns has all of it, once the container has ended; until it is awaited, nothing is lost.
    pub(super) async fn follow(
        &self,
        path: &str,
    ) -> Result<impl Future<Output = Result<Vec<u8>, kube::Error>> + use<>, kube::Error> {
        let request = Request::get(format!("{path}&follow=true"))
            .body(Vec::new())
            .map_err(kube::Error::HttpError)?;
        let response = self.link.client.send(request.map(Body::from)).await?;
        let begun = response.status().is_success();
        let body = response.into_body();
        Ok(async move {
            let bytes = body.collect_bytes().await?;
            Ok(if begun { bytes.into() } else { Vec::new() })
        })
    }

    async fn once<T: DeserializeOwned>(
        &self,
        request: Request<Vec<u8>>,
    ) -> Result<Stamped<T>, kube::Error> {
        let Stamped { value, date } = self.send(request).await?;
        let value = serde_json::from_slice(&value).map_err(kube::Error::SerdeError)?;
        Ok(Stamped { value, date })
    }

    async fn send(&self, request: Request<Vec<u8>>) -> Result<Stamped<Vec<u8>>, kube::Error> {
        let response = self.link.client.send(request.map(Body::from)).await?;
        let (head, body) = response.into_parts();
        let date = head
            .headers
            .get(http::header::DATE)
            .and_then(|value| rfc2822::parse(value.to_str().ok()?).ok())
            .map(|moment| moment.timestamp());
        let bytes = body.collect_bytes().await?;
        if !head.status.is_success() {
            let mut status = serde_json::from_slice::<Status>(&bytes).unwrap_or_else(|_| Status {
                message: String::from_utf8_lossy(&bytes[..bytes.len().min(300)])
                    .trim()
                    .to_owned(),
                ..Status::default()
            });
            status.code = head.status.as_u16();
            return Err(kube::Error::Api(Box::new(status)));
        }
        Ok(Stamped {
            value: bytes.into(),
            date,
        })
    }
}

/// A change that was refused, or whose fate is not known.
#[derive(Debug)]
pub(super) struct Unsure {
    /// True when it may have landed all the same.
    pub(super) maybe_added: bool,
    /// What went wrong.
    pub(super) error: kube::Error,
}

impl Unsure {
    fn no(error: kube::Error) -> Self {
        Self {
            maybe_added: false,
            error,
        }
    }

    /// In words.
    pub(super) fn refusal(&self, doing: &Doing<'_>, profile: Profile, name: &str) -> Refusal {
        refusal(
            &self.error,
            &Doing {
                adding: Some((profile, name)),
                ..*doing
            },
        )
    }
}

/// Path of the pods of a namespace, or of all where it is empty.
pub(super) fn pods(namespace: &str) -> String {
    match namespace {
        "" => "/api/v1/pods".into(),
        namespace => format!("/api/v1/namespaces/{namespace}/pods"),
    }
}

/// How long to wait at least before the same request is worth sending again; `None` when it is not.
fn pause(error: &kube::Error) -> Option<Duration> {
    match error {
        kube::Error::Api(status) if matches!(status.code, 429 | 500 | 502 | 503 | 504) => {
            let asked = status
                .details
                .as_ref()
                .map_or(0, |details| u64::from(details.retry_after_seconds));
            Some(Duration::from_secs(asked).min(PATIENCE))
        }
        kube::Error::HyperError(_) | kube::Error::Service(_) => Some(Duration::ZERO),
        _ => None,
    }
}

/// True when the connection itself could not be made, so that nothing was sent.
fn never_sent(error: &kube::Error) -> bool {
    let words = super::refusal::chain(error);
    words.contains("client error (Connect)") || words.contains("tcp connect error")
}
