//! This machine, or one of its processes, asked through a local `sh`: the same text and frames as in a pod, without a cluster.
//!
//! `local` examines the machine itself. `pid:N` enters the network namespace of process N, where that is permitted, and reads its
//! files through `/proc/N/root`. There is no keeper: the `sh` is our own child, and it ends when its stdin does.

mod child;
mod here;
mod session;
mod terminal;

pub use here::Local;
