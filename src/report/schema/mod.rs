//! The JSON Schema of the report: what a program may rely on when it reads one.
//!
//! A field may be added without a new version, so objects are open: read what you know. A field that is renamed, removed or means
//! something else makes a new version.

mod step;

use serde_json::{Map, Value, json};

use super::alike::Own;
use super::outcome::{Status, Verdict};
use super::run::SCHEMA;

/// The dialect.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The schema of `housecall.report/1`, JSON Schema 2020-12.
///
/// ```
/// assert_eq!(housecall::report::schema()["title"], housecall::report::SCHEMA);
/// ```
pub fn schema() -> Value {
    let mut schema = object(
        "One run of a runbook over all its targets.",
        &[
            ("schema", json!({"const": SCHEMA})),
            ("run", run()),
            ("summary", summary()),
            ("exit", maybe(exit())),
            (
                "targets",
                list(
                    reference("target"),
                    "What was seen, target by target, in the order they were found.",
                ),
            ),
            (
                "redactions",
                list(redaction(), "Which redaction rules struck, and how often."),
            ),
            ("notes", list(note(), "What else the reader should know.")),
        ],
        &[(
            "groups",
            list(
                group(),
                "Targets that say the same, where the runbook asks for that.",
            ),
        )],
    );
    let defs = json!({
        "target": target(),
        "who": who(),
        "attach": attach(),
        "step": step::step(),
        "attempt": step::attempt(),
        "output": step::output(),
        "check": step::check(),
        "artifact": step::artifact(),
        "counts": counts(),
        "moment": moment(),
        "status": {"enum": STATUSES.map(Status::word), "description": "A column of the summary."},
        "verdict": {
            "enum": Verdict::ALL.map(Verdict::word),
            "description": "fail: looked, and found. error, timeout, unavailable, unreachable: could not look.",
        },
    });
    if let Some(whole) = schema.as_object_mut() {
        whole.insert("$schema".into(), DIALECT.into());
        whole.insert("title".into(), SCHEMA.into());
        whole.insert("$defs".into(), defs);
    }
    schema
}

const STATUSES: [Status; 5] = [
    Status::Pass,
    Status::Warn,
    Status::Fail,
    Status::Error,
    Status::Skip,
];

type Field = (&'static str, Value);

/// An object with fields that are always there, and fields that may be.
fn object(what: &str, always: &[Field], maybe: &[Field]) -> Value {
    let fields: Map<_, _> = always
        .iter()
        .chain(maybe)
        .map(|(name, schema)| ((*name).to_owned(), schema.clone()))
        .collect();
    let names: Vec<_> = always.iter().map(|(name, _)| *name).collect();
    json!({"description": what, "type": "object", "properties": fields, "required": names})
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/$defs/{name}")})
}

fn list(of: Value, what: &str) -> Value {
    json!({"description": what, "type": "array", "items": of})
}

fn maybe(schema: Value) -> Value {
    json!({"anyOf": [schema, {"type": "null"}]})
}

fn text(what: &str) -> Value {
    json!({"description": what, "type": "string"})
}

fn text_or_null(what: &str) -> Value {
    json!({"description": what, "type": ["string", "null"]})
}

fn count(what: &str) -> Value {
    json!({"description": what, "type": "integer", "minimum": 0})
}

fn seconds(what: &str) -> Value {
    json!({"description": format!("{what}, in seconds."), "type": "number", "minimum": 0})
}

fn moment() -> Value {
    json!({
        "description": "RFC 3339, UTC, with milliseconds.",
        "type": "string",
        "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$",
    })
}

fn open(what: &str) -> Value {
    json!({"description": what, "type": "object", "additionalProperties": true})
}

fn run() -> Value {
    let runbook = object(
        "Which runbook it was, to the byte.",
        &[
            ("id", text("Its id.")),
            ("title", text("Its title.")),
            ("digest", text("`sha256:` and the digest of its source.")),
        ],
        &[(
            "file",
            text("The file it was read from, as it was named; none of a shipped one."),
        )],
    );
    let own = list(
        json!({"enum": Own::WORDS.map(|(_, word)| word)}),
        "What is taken for a target's own where those that say the same are put together; absent where they are not.",
    );
    object(
        "What was run, where, with what.",
        &[
            ("id", text("Id of the run: 16 hexadecimal digits.")),
            ("started", reference("moment")),
            ("finished", maybe(reference("moment"))),
            ("version", text("Version of housecall.")),
            ("runbook", runbook.clone()),
            (
                "params",
                open("Parameters as they were used, secrets masked."),
            ),
            (
                "cluster",
                text("Name of the kubeconfig context, `local` for this machine."),
            ),
        ],
        &[
            (
                "runbooks",
                list(runbook, "Where several were run together: each."),
            ),
            ("group", own),
        ],
    )
}

fn counts() -> Value {
    let fields = STATUSES.map(|status| (status.word(), count("How many.")));
    object(
        "One count for each column; what could not be looked at is `error`, flaky is `warn`.",
        &fields,
        &[],
    )
}

fn summary() -> Value {
    object(
        "What it comes to.",
        &[
            ("status", reference("status")),
            ("targets", reference("counts")),
            ("checks", reference("counts")),
        ],
        &[],
    )
}

fn exit() -> Value {
    let code = json!({"type": "integer", "minimum": 0, "maximum": 255});
    object(
        "How the process exits, by the table of exit codes.",
        &[
            ("code", code.clone()),
            (
                "also",
                list(code, "Other codes whose condition holds as well."),
            ),
        ],
        &[],
    )
}

fn redaction() -> Value {
    let fields = [
        ("rule", text("Name of the rule.")),
        ("count", count("How often it struck.")),
    ];
    object("A redaction rule that struck.", &fields, &[])
}

fn note() -> Value {
    let fields = [
        (
            "target",
            text_or_null("Which target it is about; null for the whole run."),
        ),
        ("text", text("The text.")),
    ];
    object(
        "Something the reader should know that is no verdict.",
        &fields,
        &[],
    )
}

fn group() -> Value {
    let own = Own::WORDS.map(|(_, word)| word).join(", ");
    object(
        &format!("Targets that say the same, what is their own ({own}) aside."),
        &[
            ("status", reference("status")),
            ("reason", text_or_null("Why, of the first.")),
            (
                "targets",
                list(text("As the report names it."), "Who they are."),
            ),
        ],
        &[],
    )
}

fn target() -> Value {
    object(
        "What was seen of one target.",
        &[
            ("target", reference("who")),
            ("attach", maybe(reference("attach"))),
            ("status", reference("status")),
            (
                "reason",
                text_or_null("Why nothing or not all could be asked, with what to do next."),
            ),
            ("steps", list(reference("step"), "Step by step.")),
        ],
        &[],
    )
}

fn who() -> Value {
    let labels = json!({"type": "object", "additionalProperties": {"type": "string"}});
    object(
        "One thing that was examined.",
        &[
            ("kind", json!({"enum": ["pod", "node", "local", "process"]})),
            ("namespace", text_or_null("Namespace of the pod.")),
            ("pod", text_or_null("Name of the pod.")),
            (
                "uid",
                text_or_null("UID of the pod: the same name with another UID is another patient."),
            ),
            ("container", text_or_null("Container that is examined.")),
            ("node", text_or_null("Node the pod runs on.")),
            (
                "owner",
                text_or_null("What the pod belongs to, as `replicaset/web-7d9`."),
            ),
            ("labels", labels),
        ],
        &[("pid", count("Process id, of a `process`."))],
    )
}

fn attach() -> Value {
    let terminated = object(
        "The end of the container, as its status tells it.",
        &[
            ("exit_code", json!({"type": "integer"})),
            (
                "reason",
                text_or_null("The runtime's word, such as `Completed`."),
            ),
            ("started_at", maybe(reference("moment"))),
            ("finished_at", maybe(reference("moment"))),
        ],
        &[],
    );
    object(
        "How a target was reached, and how that ended.",
        &[
            (
                "mode",
                text("`ephemeral`, `copy`, `node` or `exec`; `local` for this machine."),
            ),
            ("transport", text("`live`, `oneshot` or `local`.")),
            ("container", text_or_null("Name of the debug container.")),
            ("image", text_or_null("Image as asked for.")),
            (
                "image_id",
                text_or_null("Image as the runtime resolved it."),
            ),
            ("profile", text_or_null("Security profile that it has.")),
            ("requested_at", maybe(reference("moment"))),
            ("first_answer_at", maybe(reference("moment"))),
            (
                "waiting",
                text_or_null("Why the container is not running yet, in the kubelet's words."),
            ),
            ("terminated", maybe(terminated)),
            (
                "proven",
                json!({"description": "True when nothing of ours can still be running.", "type": "boolean"}),
            ),
        ],
        &[
            (
                "profile_asked",
                text("Security profile that was asked for, where that is another."),
            ),
            (
                "run_as",
                text("User and group that were stated for it, as `1000:1000`."),
            ),
            (
                "pod",
                text("The pod that was made for it, in the modes that make one."),
            ),
        ],
    )
}
