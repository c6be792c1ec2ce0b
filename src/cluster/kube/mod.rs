//! A pod of a Kubernetes cluster, asked through an ephemeral debug container: over a live stream, or as one shot.
//!
//! [`KubeCluster`] finds targets and opens sessions; the artefact of a session is the pair of an [`Answer`](crate::ask::Answer)
//! and the [`AttachReport`](crate::report::AttachReport) with the end as it was read back. How an opening goes:
//!
//! ```text
//! GET pod ──candidate──> PATCH ephemeralcontainers ──> exec `sh`, tried early and again ──> hello, patient
//!     watches: pods and events of the namespace ──sight──> failure: why it will never start
//! ```
//!
//! A stream that is lost is taken up again by another shell while the keeper waits for one (`reentry.rs`). Where there is no exec, the
//! asks go with the container and its log brings the answers (`oneshot.rs`).
//!
//! In the modes `copy` and `node` a pod is made for the debug container (`spawn.rs`, its manifest in `manifest.rs`), and deleted at the
//! end (`made.rs`); in the mode `exec` the shell runs in the application's own container (`within.rs`).
//!
//! What the API server itself knows (`kube` steps) is answered by `records.rs`, in a session with or without a container.
//!
//! `preflight` looks at what can be known before the first change, and tells it.
//!
//! `attached.rs` finds our debug containers again, and ends those that still run by an order to their own keeper.
//!
//! The writes are the patch of `debug_container.rs`, and the pods of those modes, all sent by `server.rs`. Nothing waits for a status
//! before it tries the exec; the watches only report failures and the end. What is pure (reading pods, events, refusals; building the patch) is apart from
//! what speaks to the network, and tested by table.

mod admission;
mod attached;
mod bare;
mod candidate;
mod client;
mod close;
mod cluster;
mod debug_container;
mod dry_run;
mod ending;
mod entrance;
mod exec;
mod exec_status;
mod failure;
mod find;
mod grant;
mod line;
mod loss;
mod made;
mod manifest;
mod model;
mod near;
mod no_proxy;
mod nonce;
mod oneshot;
mod open;
mod owner;
mod preflight;
mod pump;
mod records;
mod reentry;
mod refusal;
mod rights;
mod rows;
mod server;
mod session;
mod sight;
mod spawn;
mod stage;
mod standing;
mod trouble;
mod watch;
mod within;

pub use client::{Access, Link};
pub use cluster::KubeCluster;
pub use debug_container::{DebugContainer, User, name};
pub use exec_status::ExecStatus;
pub use preflight::Checkup;
pub use pump::{End, Limits, Piece, Pump};
