//! Ctrl-C, and the other ways in which a user or a CI system says stop.

use std::io::Write;

use housecall::engine::Interrupt;
use tokio::signal::unix::{SignalKind, signal};

/// Listens until the run is over: the first signal stops the run and proves the end of its containers, the second waits no more.
pub(crate) async fn listen(interrupt: Interrupt) {
    let kinds = [
        SignalKind::interrupt(),
        SignalKind::terminate(),
        SignalKind::hangup(),
    ];
    let mut heard: Vec<_> = kinds
        .into_iter()
        .filter_map(|kind| signal(kind).ok())
        .collect();
    next(&mut heard).await;
    say(
        "stopping: ending debug containers and reading their end back; once more to stop waiting for that",
    );
    interrupt.stop();
    next(&mut heard).await;
    say("not waiting: debug containers end by themselves, which this run does not prove");
    interrupt.abandon();
    std::future::pending::<()>().await;
}

async fn next(heard: &mut [tokio::signal::unix::Signal]) {
    let waits: Vec<_> = heard
        .iter_mut()
        .map(|signal| Box::pin(signal.recv()))
        .collect();
    if waits.is_empty() {
        return std::future::pending().await;
    }
    futures_util::future::select_all(waits).await;
}

fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "\nhousecall: {text}");
}
