//! From a kubeconfig, or the service account of the pod we run in, to a client of its cluster.

use std::path::PathBuf;
use std::time::Duration;

use kube::client::ClientBuilder;
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tower::timeout::TimeoutLayer;

use super::near::near;
use super::no_proxy::exempt;
use super::refusal::chain;
use crate::cluster::{Cause, Refusal};

/// How long a connection may take to stand.
const CONNECT: Duration = Duration::from_secs(10);

/// How long the head of any response may take. Admission webhooks may use up to 30 s of it; streams are not cut by it.
const HEAD: Duration = Duration::from_secs(40);

/// How long a credential helper named in the kubeconfig may take.
const CREDENTIALS: Duration = Duration::from_secs(30);

/// Which cluster, as flags name it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// Path of the kubeconfig; `KUBECONFIG`, then `~/.kube/config`, then the pod's service account when `None`.
    pub kubeconfig: Option<PathBuf>,
    /// Context in it; its current one when `None`.
    pub context: Option<String>,
}

/// A client with what is known of its cluster.
#[derive(Clone)]
pub struct Link {
    /// The client.
    pub client: Client,
    /// Name of the context, or `in-cluster`.
    pub name: String,
    /// The context's namespace.
    pub namespace: String,
    /// Address of the API server.
    pub server: String,
}

impl Access {
    /// Reads the configuration and makes a client. Nothing is sent to the cluster yet, but a credential helper may run.
    pub async fn link(&self) -> Result<Link, Refusal> {
        let access = self.clone();
        let read = spawn_blocking(move || access.read()).await;
        let (config, name) = match read.map_err(|error| misconfigured(&chain(&error)))?? {
            Source::File(kubeconfig, context) => (from_file(*kubeconfig, &context).await?, context),
            Source::Pod(config) => (*config, "in-cluster".to_owned()),
        };
        Link::of(config, name).await
    }

    fn read(&self) -> Result<Source, Refusal> {
        let read = match &self.kubeconfig {
            Some(path) => Kubeconfig::read_from(path),
            None => Kubeconfig::read(),
        };
        let kubeconfig = match read {
            Ok(kubeconfig) => kubeconfig,
            Err(error) => {
                let absent = match &error {
                    KubeconfigError::FindPath => true,
                    KubeconfigError::ReadConfig(why, _) => {
                        why.kind() == std::io::ErrorKind::NotFound
                    }
                    _ => false,
                };
                if absent && self.kubeconfig.is_none() && self.context.is_none() {
                    return Config::incluster()
                        .map(|config| Source::Pod(Box::new(config)))
                        .map_err(|_| no_kubeconfig(&error));
                }
                return Err(if absent {
                    no_kubeconfig(&error)
                } else {
                    misconfigured(&chain(&error))
                });
            }
        };
        let contexts: Vec<&str> = kubeconfig
            .contexts
            .iter()
            .map(|context| context.name.as_str())
            .collect();
        let list = match contexts.as_slice() {
            [] => "the kubeconfig has no contexts".to_owned(),
            contexts => format!("its contexts are: {}", contexts.join(", ")),
        };
        let chosen = self
            .context
            .clone()
            .or_else(|| kubeconfig.current_context.clone())
            .filter(|name| !name.is_empty());
        match chosen {
            Some(name) if contexts.contains(&name.as_str()) => {
                Ok(Source::File(Box::new(kubeconfig), name))
            }
            Some(name) => Err(Refusal {
                cause: Cause::Configuration,
                headline: format!(
                    "the kubeconfig has no context `{name}`{}",
                    near(&name, contexts.iter().copied())
                ),
                help: list,
                attach: None,
            }),
            None => Err(Refusal {
                cause: Cause::Configuration,
                headline: "the kubeconfig names no current context".into(),
                help: format!("name one with `--context`; {list}"),
                attach: None,
            }),
        }
    }
}

enum Source {
    File(Box<Kubeconfig>, String),
    Pod(Box<Config>),
}

async fn from_file(kubeconfig: Kubeconfig, context: &str) -> Result<Config, Refusal> {
    let stated = kubeconfig
        .contexts
        .iter()
        .find(|candidate| candidate.name == context)
        .and_then(|found| found.context.as_ref())
        .and_then(|context| {
            let mut clusters = kubeconfig.clusters.iter();
            clusters.find(|cluster| cluster.name == context.cluster)
        })
        .and_then(|found| found.cluster.as_ref()?.proxy_url.clone());
    let options = KubeConfigOptions {
        context: Some(context.to_owned()),
        ..KubeConfigOptions::default()
    };
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &options)
        .await
        .map_err(|error| misconfigured(&chain(&error)))?;
    config.proxy_url = match proxy(stated) {
        Some(_)
            if set("NO_PROXY", "no_proxy")
                .is_some_and(|list| exempt(&list, &config.cluster_url)) =>
        {
            None
        }
        Some(proxy) => Some(proxy.parse().map_err(|error: http::uri::InvalidUri| {
            misconfigured(&format!("the proxy `{proxy}` is no address: {error}"))
        })?),
        None => None,
    };
    Ok(config)
}

fn proxy(stated: Option<String>) -> Option<String> {
    stated
        .filter(|proxy| !proxy.is_empty())
        .or_else(|| set("HTTPS_PROXY", "https_proxy"))
}

fn set(name: &str, also: &str) -> Option<String> {
    [name, also]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|value| !value.is_empty())
}

impl Link {
    /// A client for a configuration that is already read, under the name that reports will show.
    pub async fn of(mut config: Config, name: String) -> Result<Self, Refusal> {
        // Retries are ours: the library's repeat for minutes, and do not look whether a change had landed.
        config.default_retry = false;
        config.connect_timeout = Some(CONNECT);
        // A read timeout would cut an idle exec stream.
        config.read_timeout = None;
        if config.cluster_url.host().is_none() || config.cluster_url.scheme().is_none() {
            return Err(misconfigured(
                "`server` is no URL such as https://HOST:PORT",
            ));
        }
        let namespace = config.default_namespace.clone();
        let server = config.cluster_url.to_string();
        let server = server.trim_end_matches('/').to_owned();
        // The credential helper runs inside, without a timeout of its own.
        let made = spawn_blocking(move || {
            ClientBuilder::try_from(config)
                .map(|builder| builder.with_layer(&TimeoutLayer::new(HEAD)).build())
        });
        let client = match timeout(CREDENTIALS, made).await {
            Err(_) => {
                return Err(Refusal {
                    cause: Cause::Unauthenticated,
                    headline: format!(
                        "the kubeconfig's credential helper did not answer within {} s",
                        CREDENTIALS.as_secs()
                    ),
                    help: "run it by hand, or log in again".into(),
                    attach: None,
                });
            }
            Ok(Err(error)) => return Err(misconfigured(&chain(&error))),
            Ok(Ok(Err(kube::Error::Auth(error)))) => {
                return Err(Refusal {
                    cause: Cause::Unauthenticated,
                    headline: format!(
                        "the kubeconfig's credentials cannot be used: {}",
                        chain(&error)
                    ),
                    help: "run its credential helper by hand, or log in again".into(),
                    attach: None,
                });
            }
            Ok(Ok(Err(error))) => return Err(misconfigured(&chain(&error))),
            Ok(Ok(Ok(client))) => client,
        };
        Ok(Self {
            client,
            name,
            namespace,
            server,
        })
    }
}

fn no_kubeconfig(error: &KubeconfigError) -> Refusal {
    Refusal {
        cause: Cause::Configuration,
        headline: format!("there is no kubeconfig: {}", chain(error)),
        help: "set KUBECONFIG or `--kubeconfig`, or write ~/.kube/config; `housecall demo` needs no cluster".into(),
        attach: None,
    }
}

/// `why` is kept to its first line: what a parser adds below is an excerpt of the file, which holds credentials.
fn misconfigured(why: &str) -> Refusal {
    let why = why.lines().next().unwrap_or_default();
    Refusal {
        cause: Cause::Configuration,
        headline: format!("the cluster's configuration cannot be used: {why}"),
        help: "`kubectl config view` reads the same file".into(),
        attach: None,
    }
}
