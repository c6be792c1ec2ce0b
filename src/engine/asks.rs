//! What a step asks: its kind's asks, with the bounds and the stdin of the step.

use super::sight::View;
use crate::ask::{Ask, MAX_STDIN};
use crate::plan::{Plan, PlannedStep};

/// The asks in their order; an error says what cannot be rendered.
pub(super) fn asks(
    plan: &Plan,
    planned: &PlannedStep,
    sight: &View<'_>,
) -> Result<Vec<Ask>, String> {
    let whole = sight.whole();
    let asks = planned.step.kind.asks(&whole);
    let mut asks: Vec<_> = asks
        .map_err(|error| error.to_string())?
        .into_iter()
        .map(|ask| planned.bound(ask))
        .collect();
    for ask in &mut asks {
        ask.step = plan.called(&ask.step);
    }
    if let Some(stdin) = &planned.step.stdin {
        let text = stdin
            .render(&whole)
            .map_err(|error| format!("`stdin`: {error}"))?;
        if text.len() > MAX_STDIN {
            return Err(format!(
                "`stdin` comes to {} bytes; at most {MAX_STDIN} can be written",
                text.len()
            ));
        }
        for ask in &mut asks {
            ask.stdin = text.clone().into_bytes();
        }
    }
    Ok(asks)
}
