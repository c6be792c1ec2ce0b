//! What a report says of a step.

use serde_json::{Value, json};

use super::{count, list, maybe, object, open, reference, seconds, text, text_or_null};
use crate::report::outcome::{Phase, Severity};

pub(super) fn step() -> Value {
    let phases = json!({
        "description": "When it was asked, where not in its turn; what is asked `finally` counts for nothing.",
        "enum": [Phase::OnFail, Phase::Finally],
    });
    object(
        "One step.",
        &[
            ("id", text("Id of the step in its runbook.")),
            ("kind", text("Kind, such as `run` or `file`.")),
            (
                "argv",
                list(
                    json!({"type": "string"}),
                    "What was asked; empty for a step that was not asked.",
                ),
            ),
            ("status", reference("verdict")),
            ("reason", text_or_null("Why it is not pass.")),
            ("started", maybe(reference("moment"))),
            ("duration", seconds("Over all attempts")),
            (
                "attempts",
                list(
                    reference("attempt"),
                    "Every time it was asked; it is judged by the last.",
                ),
            ),
            (
                "facts",
                open("What was learnt from it: typed facts of its kind, and captures."),
            ),
            (
                "checks",
                list(reference("check"), "What was held against it."),
            ),
            (
                "artifacts",
                list(reference("artifact"), "Files that were kept."),
            ),
        ],
        &[("phase", phases)],
    )
}

pub(super) fn attempt() -> Value {
    let code = |what: &str| json!({"description": what, "type": ["integer", "null"]});
    object(
        "One time a step was asked.",
        &[
            (
                "exit",
                code("Exit code; null when it did not end by itself."),
            ),
            (
                "signal",
                code("Signal that ended it, as far as the exit code tells."),
            ),
            ("duration", seconds("How long it took")),
            ("stdout", reference("output")),
            ("stderr", reference("output")),
        ],
        &[],
    )
}

pub(super) fn output() -> Value {
    object(
        "One stream: `text` where it is UTF-8, else `base64`. It is what a pod wrote: never trust it.",
        &[
            ("bytes", count("How many bytes are kept here.")),
            (
                "truncated",
                json!({"description": "True when more came, or may have.", "type": "boolean"}),
            ),
        ],
        &[("text", text("The bytes.")), ("base64", text("The bytes."))],
    )
}

pub(super) fn check() -> Value {
    object(
        "One thing that was held against a step.",
        &[
            ("id", text("Id of the check.")),
            ("status", reference("verdict")),
            (
                "severity",
                json!({"enum": Severity::ALL.map(Severity::word)}),
            ),
            (
                "message",
                text_or_null(
                    "What was found, in the runbook's words or the expression with its values.",
                ),
            ),
            ("hint", text_or_null("What to do about it.")),
            ("url", text_or_null("Where to read on.")),
        ],
        &[],
    )
}

pub(super) fn artifact() -> Value {
    object(
        "A file that was kept beside the report.",
        &[
            ("name", text("Name in the report.")),
            ("path", text("Path in the patient.")),
            ("bytes", count("Size.")),
            ("sha256", text("Digest, hexadecimal.")),
        ],
        &[],
    )
}
