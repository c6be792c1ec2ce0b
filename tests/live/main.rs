//! House calls on a real cluster: the built program against `KUBECONFIG`, judged by its report, its exit code and what the API says.
//!
//! Without `KUBECONFIG` and `HOUSECALL_TEST_IMAGE` every test passes at once and says on stdout that it was skipped.
//! `tests/cluster/run` sets both. Each test has a namespace of its own.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "these tests wait for real processes, in real time"
)]

mod ground;
mod guest;
mod node;
mod oneshot;
mod patience;
mod records;
mod situation;
mod table;
mod visit;

mod batch;
mod connection;
mod containers;
mod contract;
mod doctor;
mod endings;
mod files;
mod hostile;
mod house_call;
mod images;
mod killed;
mod matrix;
mod modes;
mod pipelines;
mod profiles;
mod restarts;
mod rights;
mod sent;
mod shells;
mod side_by_side;
mod talk;
mod usage;
mod way_in;
mod whom;
mod zombies;
mod zoo;
