//! The end of a debug container, read back.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::sight::Sight;
use super::standing;
use crate::report::AttachReport;

/// How long the end may take to show once the container was told to end: the kubelet looks once a second, and a busy node later.
pub(super) const SHOWN: Duration = Duration::from_secs(30);

/// Waits until the container's end is told, and writes it into the record. Returns what the reader should know.
pub(super) async fn read_back(
    sight: &mut Sight,
    record: &mut AttachReport,
    within: Duration,
) -> Vec<String> {
    let until = Instant::now() + within;
    let mut last = false;
    while !settled(sight, record) {
        if last {
            break;
        }
        if timeout_at(until, sight.next()).await.is_err() {
            // One look of our own before it is called unproven.
            sight.read().await;
            last = true;
        }
    }
    let mut remarks = sight.remarks();
    if sight.gone() {
        remarks.push(format!(
            "pod {} was deleted, and the debug container with it",
            sight.place()
        ));
    } else if let Some(code) = record.terminated.as_ref().map(|end| end.exit_code)
        && let Some(why) = crate::cluster::shell::leave_reason(code).filter(|_| code != 0)
    {
        remarks.push(format!(
            "the debug container ended by itself: {why} (exit {code})"
        ));
    } else if !record.proven {
        remarks.push(format!(
            "the end of container {} was not read back within {} s; it ends by itself at its deadline",
            sight.container(),
            within.as_secs()
        ));
    }
    remarks
}

/// Notes what is seen, and tells whether that is the end.
fn settled(sight: &Sight, record: &mut AttachReport) -> bool {
    note(sight, record);
    record.proven = record.terminated.is_some() || sight.gone();
    record.proven
}

/// Notes what is seen of the container.
pub(super) fn note(sight: &Sight, record: &mut AttachReport) {
    if let Some(pod) = sight.pod() {
        let name = sight.container();
        record.image_id = standing::image_id(&pod, name).or(record.image_id.take());
        record.terminated = standing::terminated(&pod, name);
        // The status is told a second late: a container whose shell has answered waits for nothing.
        let answered = record.first_answer_at.is_some();
        record.waiting = standing::waiting(&pod, name).filter(|_| !answered);
    }
}
