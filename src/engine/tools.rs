//! The tools that a runbook says it needs: looked for once, when the way to a target is open, so that one line tells what is missing
//! before the steps do one by one.

use std::time::Duration;

use crate::ask::{Ask, Ended, Question};
use crate::cluster::Session;
use crate::plan::Plan;

/// What the ask is known by; no step can have this id.
const STEP: &str = "attach.needs.tools";

/// The ask, where tools are named.
pub(super) fn asked(plan: &Plan) -> Option<Ask> {
    if plan.tools.is_empty() {
        return None;
    }
    let text = "for tool in $tools; do command -v \"$tool\" >/dev/null || echo \"$tool\"; done";
    Some(Ask {
        step: STEP.into(),
        timeout: Duration::from_secs(5),
        stdout_cap: 4096,
        stderr_cap: 4096,
        ..Ask::new(Question::Script {
            text: text.into(),
            env: vec![("tools".into(), plan.tools.join(" "))],
        })
    })
}

/// What is missing, as a note; `None` where nothing is, or where that cannot be told.
pub(super) async fn missing(plan: &Plan, session: &mut dyn Session) -> Option<String> {
    let answer = session.answer(&asked(plan)?).await.ok()?;
    // The image says which; what else it may say is not told on.
    let text = answer.stdout.text();
    let named: Vec<&str> = text.split_whitespace().collect();
    let lacks = |tool: &&str| named.contains(tool);
    let missing: Vec<_> = plan
        .tools
        .iter()
        .map(String::as_str)
        .filter(lacks)
        .collect();
    if answer.ended != Ended::Exited(0) || missing.is_empty() {
        return None;
    }
    Some(format!(
        "image {} lacks {}: steps that need it cannot look; choose another with `--image`, or have one composed with `--tools {}`",
        plan.attach.image,
        missing.join(", "),
        plan.tools.join(",")
    ))
}
