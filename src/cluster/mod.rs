//! Whatever can answer an [`Ask`](crate::ask::Ask): a live pod, this machine, answers kept from before.
//!
//! The port is two traits, [`Cluster`] and [`Session`]; the adapters are `kube` (a pod, through an ephemeral debug container),
//! `local` (this machine, or one of its processes) and [`replay`] (what was recorded, or written down for a test). The first two
//! speak through one [`shell`] layer, so that what holds for the one holds for the other. An adapter knows nothing of runbooks, verdicts or reports beyond the plain record of how a target was reached.
//!
//! A new adapter is one new file here, one arm where the command line chooses, and a run of the contract suite in
//! `tests/it/contract.rs`.

mod attached;
mod custom;
mod finding;
pub mod kube;
pub mod local;
mod mode;
mod port;
mod power;
pub mod replay;
pub mod shell;
mod talk;
mod toolbox;
mod transport;

pub use attached::{Attached, Standing};
pub use custom::Custom;
pub use finding::{Finding, Health};
pub use mode::{Copying, Mode, Part};
pub use port::{
    Attach, Cause, Closed, Cluster, DEFAULT_GRACE, DEFAULT_MAX_CONTAINERS, DEFAULT_START_TIMEOUT,
    Found, LONGEST_DEADLINE, Lost, Profile, Refusal, Scope, Session,
};
pub use power::{Power, Wanted};
pub use toolbox::{NIXERY, Toolbox};
pub use transport::Transport;
