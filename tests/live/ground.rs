//! The cluster that is examined, and the namespace of one test on it.

use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use http::{Method, Request};
use kube::config::{AuthInfo, KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::{Value, json};
use tempfile::{NamedTempFile, TempDir};
use tokio::runtime::{Builder, Runtime};

use crate::patience::{eventually, within};

/// Images that only the cluster of `tests/cluster/up` has begin with this.
const OURS: &str = "housecall.test/";

/// Patients that did not come to run, one after the other: three, and there is nothing to be learnt from the rest.
static LATE: AtomicU32 = AtomicU32::new(0);

/// A namespace that goes when the test ends.
pub(crate) struct Ground {
    runtime: Runtime,
    client: Client,
    /// Its name.
    pub(crate) namespace: String,
    /// A debug image with `sh`, `curl`, `dig` and `ps`.
    pub(crate) image: String,
    kubeconfig: PathBuf,
    folder: TempDir,
}

/// What must never change in a patient: restarts, and since when its containers run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Standing(Vec<(Value, Value, Value)>);

impl Ground {
    /// A namespace on any cluster; `None`, said on stdout, where there is no cluster.
    pub(crate) fn find() -> Option<Self> {
        Self::labelled(json!({}))
    }

    /// A namespace on the cluster of `tests/cluster/up`, which has images of its own and runs on this machine.
    pub(crate) fn ours() -> Option<Self> {
        let image = std::env::var("HOUSECALL_TEST_IMAGE").unwrap_or_default();
        if !image.is_empty() && !image.starts_with(OURS) {
            skipped("this cluster was not started by tests/cluster/up and has not its images");
            return None;
        }
        Self::find()
    }

    /// As [`find`](Self::find), with labels, such as those of Pod Security.
    pub(crate) fn labelled(labels: Value) -> Option<Self> {
        let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let (Some(kubeconfig), Some(image)) = (set("KUBECONFIG"), set("HOUSECALL_TEST_IMAGE"))
        else {
            skipped("KUBECONFIG or HOUSECALL_TEST_IMAGE is not set");
            return None;
        };
        assert!(
            LATE.load(Ordering::Relaxed) < 3,
            "this cluster starts no pods any more: see the tests before this one"
        );
        let _ = rustls::crypto::ring::default_provider().install_default();
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let client = runtime.block_on(async {
            let config = Config::from_kubeconfig(&KubeConfigOptions::default()).await;
            Client::try_from(config.unwrap()).unwrap()
        });
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let namespace = format!(
            "housecall-{}-{}",
            std::process::id(),
            NUMBER.fetch_add(1, Ordering::Relaxed)
        );
        let ground = Self {
            runtime,
            client,
            namespace,
            image,
            kubeconfig: kubeconfig.into(),
            folder: TempDir::new().unwrap(),
        };
        let manifest = json!({"metadata": {"name": ground.namespace, "labels": labels}});
        ground
            .ask(Method::POST, "/api/v1/namespaces", Some(manifest))
            .unwrap();
        // No pod is admitted before its namespace has this one.
        eventually("the default service account", 30, || {
            ground.get("serviceaccounts/default")
        });
        Some(ground)
    }

    /// One request. The path is absolute, or of core objects in the namespace.
    pub(crate) fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, kube::Error> {
        let path = match path.strip_prefix('/') {
            Some(_) => path.to_owned(),
            None => format!("/api/v1/namespaces/{}/{path}", self.namespace),
        };
        let kind = match method {
            Method::PATCH => "application/strategic-merge-patch+json",
            _ => "application/json",
        };
        let body = body.map_or_else(Vec::new, |body| serde_json::to_vec(&body).unwrap());
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", kind)
            .body(body)
            .unwrap();
        self.runtime.block_on(self.client.request(request))
    }

    /// An object, when it is there.
    pub(crate) fn get(&self, path: &str) -> Option<Value> {
        self.ask(Method::GET, path, None).ok()
    }

    /// Makes an object of the core group, such as one of `pods`.
    pub(crate) fn make(&self, collection: &str, manifest: Value) -> Value {
        self.ask(Method::POST, collection, Some(manifest)).unwrap()
    }

    /// Makes an object of `rbac.authorization.k8s.io`, or replaces it.
    pub(crate) fn put_rbac(&self, collection: &str, manifest: Value) {
        let name = manifest["metadata"]["name"].as_str().unwrap().to_owned();
        let all = format!(
            "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/{collection}",
            self.namespace
        );
        let one = format!("{all}/{name}");
        match self.get(&one) {
            Some(_) => self.ask(Method::PUT, &one, Some(manifest)),
            None => self.ask(Method::POST, &all, Some(manifest)),
        }
        .unwrap();
    }

    /// The web server that waits for no child of its own, on the cluster that has it; else something that sleeps.
    pub(crate) fn patient(&self, name: &str) -> Value {
        let container = if self.image.starts_with(OURS) {
            json!({"name": "app", "image": "housecall.test/patient:1"})
        } else {
            json!({"name": "app", "image": self.image, "command": ["sh", "-c", SLEEPER]})
        };
        self.of(name, container)
    }

    /// A patient that the strictest level of Pod Security admits.
    pub(crate) fn modest_patient(&self, name: &str) -> Value {
        let mut pod = self.patient(name);
        let container = &mut pod["spec"]["containers"][0];
        container["securityContext"] = json!({"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}, "runAsUser": 1000});
        if self.image.starts_with(OURS) {
            container["args"] = json!(["8080"]);
        }
        pod["spec"]["securityContext"] =
            json!({"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}});
        pod
    }

    /// A pod of one container, ready to be changed.
    pub(crate) fn of(&self, name: &str, mut container: Value) -> Value {
        container["env"] =
            json!([{"name": "HOUSECALL_TEST", "value": format!("{}/{name}", self.namespace)}]);
        json!({
            "metadata": {"name": name, "labels": {"app": name}},
            "spec": {"terminationGracePeriodSeconds": 1, "containers": [container]},
        })
    }

    /// Makes a pod and waits until all its containers run.
    pub(crate) fn admit(&self, manifest: Value) -> String {
        let made = self.make("pods", manifest);
        let name = made["metadata"]["name"].as_str().unwrap().to_owned();
        self.running(&name);
        name
    }

    /// Waits until all containers of a pod run.
    pub(crate) fn running(&self, name: &str) {
        let runs = within(60, || {
            let pod = self.get(&format!("pods/{name}"))?;
            let listed = pod["status"]["containerStatuses"].as_array()?;
            let all = listed.iter().all(|one| one["state"]["running"].is_object());
            all.then_some(())
        });
        if runs.is_some() {
            LATE.store(0, Ordering::Relaxed);
            return;
        }
        LATE.fetch_add(1, Ordering::Relaxed);
        panic!(
            "pod {name} does not run within a minute: {:#}",
            self.get(&format!("pods/{name}")).unwrap_or_default()["status"]
        );
    }

    /// Waits until a pod is ready, by its own probe.
    pub(crate) fn ready(&self, name: &str) {
        eventually(&format!("pod {name} ready"), 60, || {
            let pod = self.get(&format!("pods/{name}"))?;
            let listed = pod["status"]["containerStatuses"].as_array()?.clone();
            listed.iter().all(|one| one["ready"] == true).then_some(())
        });
    }

    /// Path of a file that goes when the test ends.
    pub(crate) fn scratch(&self, name: &str) -> String {
        let path = self.folder.path().join(name);
        path.to_str().unwrap().to_owned()
    }

    /// The pod as it is now.
    pub(crate) fn pod(&self, name: &str) -> Value {
        self.get(&format!("pods/{name}")).expect("the pod is there")
    }

    /// Deletes a pod; it leaves within a second.
    pub(crate) fn dismiss(&self, name: &str) {
        self.ask(Method::DELETE, &format!("pods/{name}"), None)
            .unwrap();
    }

    /// What must never change.
    pub(crate) fn standing(&self, name: &str) -> Standing {
        let pod = self.pod(name);
        let listed = pod["status"]["containerStatuses"].as_array().unwrap();
        Standing(
            listed
                .iter()
                .map(|one| {
                    (
                        one["restartCount"].clone(),
                        one["state"]["running"]["startedAt"].clone(),
                        one["containerID"].clone(),
                    )
                })
                .collect(),
        )
    }

    /// Names of the debug containers of a pod.
    pub(crate) fn guests(&self, name: &str) -> Vec<String> {
        let pod = self.pod(name);
        let listed = pod["spec"]["ephemeralContainers"].as_array().cloned();
        let names = listed.into_iter().flatten();
        names
            .map(|one| one["name"].as_str().unwrap().to_owned())
            .collect()
    }

    /// How a debug container ended, once its status tells.
    pub(crate) fn ended(&self, pod: &str, container: &str) -> Option<Value> {
        let pod = self.get(&format!("pods/{pod}"))?;
        let listed = pod["status"]["ephemeralContainerStatuses"].as_array()?;
        let one = listed.iter().find(|one| one["name"] == container)?;
        let ended = &one["state"]["terminated"];
        ended.is_object().then(|| ended.clone())
    }

    /// Waits until the only debug container of a pod has ended, and tells how.
    pub(crate) fn end_of_only_guest(&self, pod: &str, seconds: u64) -> Value {
        let guests = self.guests(pod);
        assert_eq!(guests.len(), 1, "{guests:?}");
        eventually("the end of the debug container", seconds, || {
            self.ended(pod, &guests[0])
        })
    }

    /// A kubeconfig of this cluster with other credentials.
    pub(crate) fn kubeconfig_with(&self, token: &str) -> NamedTempFile {
        self.changed_kubeconfig(|kubeconfig| {
            for named in &mut kubeconfig.auth_infos {
                named.auth_info = Some(AuthInfo {
                    token: Some(token.to_owned().into()),
                    ..AuthInfo::default()
                });
            }
        })
    }

    /// The kubeconfig, changed.
    pub(crate) fn changed_kubeconfig(&self, change: impl Fn(&mut Kubeconfig)) -> NamedTempFile {
        let mut kubeconfig = Kubeconfig::read_from(&self.kubeconfig).unwrap();
        change(&mut kubeconfig);
        let mut file = NamedTempFile::with_suffix(".kubeconfig").unwrap();
        file.write_all(serde_yaml::to_string(&kubeconfig).unwrap().as_bytes())
            .unwrap();
        file
    }

    /// A token of a service account of the namespace, which is made.
    pub(crate) fn token(&self, account: &str) -> String {
        self.make("serviceaccounts", json!({"metadata": {"name": account}}));
        let made = self.make(
            &format!("serviceaccounts/{account}/token"),
            json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}),
        );
        made["status"]["token"].as_str().unwrap().to_owned()
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        let path = format!("/api/v1/namespaces/{}", self.namespace);
        let _ = self.ask(Method::DELETE, &path, None);
    }
}

/// Sleeps and waits for its children; leaves when told.
pub(crate) const SLEEPER: &str = "trap 'exit 0' TERM; while :; do sleep 1; done";

/// Past the capture of the test harness, so that it is read in the log of a run that passed.
fn skipped(why: &str) {
    let thread = std::thread::current();
    let name = thread.name().unwrap_or("a test");
    let _ = writeln!(std::io::stdout(), "{name} was skipped: {why}");
}
