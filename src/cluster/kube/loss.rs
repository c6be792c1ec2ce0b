//! Why a session was lost, where the pod knows better than the stream.

use std::time::Duration;

use tokio::time::{Instant, timeout, timeout_at};

use super::failure::meaning;
use super::sight::Sight;
use super::standing;

/// How long to look for the reason of a lost stream: the kubelet tells once a second.
const REASON: Duration = Duration::from_millis(2500);

/// Why the stream ended, where the pod's status knows better than the stream.
pub(super) async fn reason(sight: &mut Sight, end: &str) -> String {
    known(sight).await.unwrap_or_else(|| way_lost(end))
}

/// What the pod's status tells of the end, as soon as it does.
pub(super) async fn known(sight: &mut Sight) -> Option<String> {
    let until = Instant::now() + REASON;
    loop {
        if let Some(why) = seen(sight) {
            return Some(why);
        }
        if timeout_at(until, sight.next()).await.is_err() {
            let _ = timeout(REASON, sight.read()).await;
            return seen(sight);
        }
    }
}

/// What is told of a stream that ended where nothing better is known.
pub(super) fn way_lost(end: &str) -> String {
    format!("the way to the pod was lost: {end}")
}

/// Why the container is not there any more, or will soon be gone; `None` as far as is known.
pub(super) fn seen(sight: &Sight) -> Option<String> {
    let place = sight.place();
    if sight.gone() {
        return Some(format!("pod {place} was deleted"));
    }
    let pod = sight.pod()?;
    if pod.metadata.deletion_timestamp.is_some() {
        return Some(format!("pod {place} is being deleted"));
    }
    if let Some(status) = pod.status.as_ref()
        && let Some(phase @ ("Failed" | "Succeeded")) = status.phase.as_deref()
    {
        let why = status
            .message
            .as_deref()
            .or(status.reason.as_deref())
            .unwrap_or("no reason is told");
        return Some(format!("pod {place} is finished ({phase}): {why}"));
    }
    let ended = standing::terminated(&pod, sight.container())?;
    Some(format!(
        "the debug container ended: exit {}{}{}",
        ended.exit_code,
        ended
            .reason
            .map(|reason| format!(", {reason}"))
            .unwrap_or_default(),
        meaning(ended.exit_code),
    ))
}
