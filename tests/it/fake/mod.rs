//! A scripted API server with a kubelet behind it, on loopback.
//!
//! It holds pods as JSON, answers the requests that this house sends, and runs debug containers for real: their keeper and every
//! exec'd shell are local processes, with `/dev/termination-log` moved to a file of their own. What goes wrong is scripted call by
//! call ([`Fake::script`]) or by the image that is asked for ([`kubelet`]).

#![expect(
    clippy::unwrap_used,
    reason = "in a test, what cannot be is a failure of the test"
)]

mod kubelet;
mod routes;
mod stream;
mod world;

use std::sync::Arc;

use housecall::clock::{Clock, SystemClock};
use housecall::cluster::kube::{KubeCluster, Limits, Link};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

pub(crate) use kubelet::NO_ROOM;
pub(crate) use world::Fault;
use world::World;

/// The one namespace there is.
pub(crate) const NAMESPACE: &str = "shop";

/// A running fake.
pub(crate) struct Fake {
    world: Arc<World>,
    address: String,
    _server: AbortOnDropHandle<()>,
}

impl Fake {
    /// Starts it on a free port.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let world = Arc::new(World::new());
        let app = routes::app(Arc::clone(&world));
        let server = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self {
            world,
            address,
            _server: AbortOnDropHandle::new(server),
        }
    }

    /// A cluster adapter that talks to it.
    pub(crate) async fn cluster(&self) -> KubeCluster {
        self.cluster_with(Limits::default()).await
    }

    /// The same with other bounds for its streams.
    pub(crate) async fn cluster_with(&self, limits: Limits) -> KubeCluster {
        let config = kube::Config::new(self.address.parse().unwrap());
        let link = Link::of(config, "fake".into()).await.unwrap();
        KubeCluster::over(link, Arc::new(SystemClock)).with_limits(limits)
    }

    /// The same by a clock of one's own.
    pub(crate) async fn cluster_by(&self, clock: impl Clock + 'static) -> KubeCluster {
        let config = kube::Config::new(self.address.parse().unwrap());
        let link = Link::of(config, "fake".into()).await.unwrap();
        KubeCluster::over(link, Arc::new(clock))
    }

    /// Adds a running pod with one container `app`.
    pub(crate) fn pod(&self, name: &str, uid: &str) {
        self.world.put_pod(world::running_pod(name, uid));
    }

    /// Adds a pod, or puts another in its place.
    pub(crate) fn put(&self, pod: Value) {
        self.world.put_pod(pod);
    }

    /// A running pod as JSON, to be changed by the test.
    pub(crate) fn example(name: &str, uid: &str) -> Value {
        world::running_pod(name, uid)
    }

    /// Names of all pods.
    pub(crate) fn pods(&self) -> Vec<String> {
        let name = |pod: &Value| pod["metadata"]["name"].as_str().unwrap().to_owned();
        self.world.pods().iter().map(name).collect()
    }

    /// Deletes a pod, and with it its debug containers.
    pub(crate) fn delete(&self, name: &str) {
        self.world.delete_pod(name);
    }

    /// What happens to the next calls of a kind, in order; after them all goes well again. A call is `VERB resource`, such as
    /// `PATCH ephemeralcontainers`, `GET pod`, `LIST pods`, `WATCH events`, `EXEC`.
    pub(crate) fn script(&self, call: &str, faults: impl IntoIterator<Item = Fault>) {
        self.world.script(call, faults);
    }

    /// How often a call was made.
    pub(crate) fn calls(&self, call: &str) -> usize {
        self.world.calls(call)
    }

    /// Every call that was made, in order.
    pub(crate) fn made(&self) -> Vec<String> {
        self.world.made()
    }

    /// Names of the debug containers in a pod's spec.
    pub(crate) fn debug_containers(&self, pod: &str) -> Vec<String> {
        self.world.debug_containers(pod)
    }

    /// What the first debug container of a pod runs.
    pub(crate) fn command(&self, pod: &str) -> String {
        let pod = self.world.read_pod(pod).unwrap();
        let command = &pod["spec"]["ephemeralContainers"][0]["command"];
        command[2].as_str().unwrap().to_owned()
    }

    /// Cuts every connection of an exec, and waits until the shells behind them have left.
    pub(crate) async fn cut(&self) {
        self.world.cut.send_replace(());
        self.world.cut.closed().await;
    }

    /// Waits until every debug container of a pod has ended.
    pub(crate) async fn until_ended(&self, pod: &str) {
        let mut news = self.world.watch("pods", 0);
        while !self.world.all_ended(pod) {
            news.recv().await.unwrap();
        }
    }
}
