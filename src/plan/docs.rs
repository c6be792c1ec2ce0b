//! A runbook as Markdown, for whoever may run it: what it finds out, what it may be told, what it asks, what that needs.

use std::fmt::Write;
use std::time::Duration;

use serde_json::{Map, Value};

use super::{Plan, PlannedStep, Refused, Wishes};
use crate::check::Means;
use crate::report::CODES;
use crate::runbook::{Effects, Origin, Param, ParamKind, Runbook, Scripted, Step, duration_text};
use crate::script::Template;
use crate::step::{Given, Spec};
use crate::target::Selector;

/// The page of one runbook. `word` is what the command line calls it. Text of the runbook itself stands as it was written.
pub fn docs(runbook: &Runbook, word: &str) -> Result<String, Refused> {
    // Documentation may be had without allowing anything.
    let wishes = Wishes {
        allow_effects: Effects::Write,
        ..Wishes::default()
    };
    let plan = Plan::new(runbook, Map::new(), &wishes)?;
    let mut text = format!("# {}\n\n", line(&runbook.title));
    let _ = writeln!(
        text,
        "```sh\nhousecall run {word} pod/NAME{}{}\n```",
        required(&runbook.params),
        allowed(runbook.effects),
    );
    if let Some(doc) = &runbook.doc {
        let _ = writeln!(text, "\n{}", doc.trim_end());
    }
    params(&mut text, &runbook.params);
    if let Some(scripted) = &runbook.program {
        decided(&mut text, scripted);
    }
    let lists = [
        ("What it asks", &plan.steps),
        ("What it asks once a check has failed", &plan.on_fail),
        (
            "What it asks at the end, whatever came before",
            &plan.finally,
        ),
    ];
    for (title, steps) in lists.iter().filter(|(_, steps)| !steps.is_empty()) {
        let _ = writeln!(text, "\n## {title}");
        for step in *steps {
            ask(&mut text, step);
        }
    }
    waivers(&mut text, &plan);
    container(&mut text, runbook, &plan);
    rights(&mut text, &plan);
    text.push_str("\n## Exit codes\n\n| code | |\n|---|---|\n");
    for (code, meaning) in CODES {
        let _ = writeln!(text, "| {code} | {} |", cell(meaning));
    }
    Ok(text)
}

// Writing to a String cannot fail, here and below.

fn required(params: &[Param]) -> String {
    params
        .iter()
        .filter(|param| param.required)
        .map(|param| format!(" -p {}=VALUE", param.name))
        .collect()
}

fn allowed(effects: Effects) -> String {
    if effects > Effects::Network {
        format!(" --allow-effects {}", effects.word())
    } else {
        String::new()
    }
}

fn waivers(text: &mut String, plan: &Plan) {
    if plan.waivers.is_empty() {
        return;
    }
    text.push_str(
        "\n## Known to fail\n\n| check | until | owner | why that is accepted |\n|---|---|---|---|\n",
    );
    for waiver in &plan.waivers {
        let until = waiver
            .until
            .map_or_else(|| "for ever".into(), |day| day.to_string());
        let _ = writeln!(
            text,
            "| `{}` | {until} | {} | {} |",
            waiver.check,
            cell(waiver.owner.as_deref().unwrap_or("–")),
            cell(&waiver.reason)
        );
    }
}

fn params(text: &mut String, params: &[Param]) {
    if params.is_empty() {
        return;
    }
    text.push_str("\n## Params\n\nGiven with `-p name=value`.\n\n| param | takes | unless given | |\n|---|---|---|---|\n");
    for param in params {
        let default = match &param.default {
            _ if param.required => "must be given".to_owned(),
            Some(value) => match default(&param.kind, value) {
                text if text.is_empty() => "nothing".to_owned(),
                text => code(&text),
            },
            None => String::new(),
        };
        let mut places: Vec<_> = param.from.iter().map(place).collect();
        places.extend(
            param
                .from_alert
                .iter()
                .map(|label| format!("{} of the alert", code(label))),
        );
        places.extend(Some(default).filter(|default| !default.is_empty()));
        let default = cell(&places.join(", else "));
        let _ = writeln!(
            text,
            "| `{}` | {} | {default} | {} |",
            param.name,
            cell(&takes(&param.kind)),
            cell(param.doc.as_deref().unwrap_or_default()),
        );
    }
}

fn place(origin: &Origin) -> String {
    match origin {
        Origin::Env(name) => format!("the variable {}", code(name)),
        Origin::File(path) => format!("the file {}", code(path)),
        Origin::KubeSecret { name, key } => format!("{} of the secret {}", code(key), code(name)),
    }
}

fn takes(kind: &ParamKind) -> String {
    let bounds = |min: Option<String>, max: Option<String>| match (min, max) {
        (Some(min), Some(max)) => format!(" from {min} to {max}"),
        (Some(min), None) => format!(" from {min}"),
        (None, Some(max)) => format!(" up to {max}"),
        (None, None) => String::new(),
    };
    let time = |bound: &Option<Duration>| bound.map(duration_text);
    let range = match kind {
        ParamKind::Int { min, max } => {
            bounds(min.map(|n| n.to_string()), max.map(|n| n.to_string()))
        }
        ParamKind::Float { min, max } => {
            bounds(min.map(|n| n.to_string()), max.map(|n| n.to_string()))
        }
        ParamKind::Duration { min, max } => bounds(time(min), time(max)),
        ParamKind::String {
            pattern: Some(pattern),
        } => format!(" like {}", code(pattern.as_str())),
        ParamKind::Enum(values) => {
            let values: Vec<_> = values.iter().map(|value| code(value)).collect();
            format!(": {}", values.join(", "))
        }
        _ => String::new(),
    };
    format!("{}{range}", kind.word())
}

/// A default as it would be written on the command line.
fn default(kind: &ParamKind, value: &Value) -> String {
    match (kind, value) {
        (ParamKind::Duration { .. }, Value::Number(seconds)) => {
            let seconds = seconds.as_f64().unwrap_or_default();
            Duration::try_from_secs_f64(seconds).map_or_else(|_| value.to_string(), duration_text)
        }
        (_, Value::String(text)) => text.clone(),
        (_, Value::Array(items)) => {
            let items: Vec<_> = items.iter().filter_map(Value::as_str).collect();
            items.join(",")
        }
        _ => value.to_string(),
    }
}

/// What a program may ask: which of it, and how often, it decides as it runs.
fn decided(text: &mut String, scripted: &Scripted) {
    text.push_str("\n## What it asks, as the program decides\n\n| step | kind |\n|---|---|\n");
    for foreseen in scripted.program().asks() {
        let id = foreseen.id.as_deref().map_or_else(|| "…".into(), code);
        let _ = writeln!(text, "| {id} | `{}` |", foreseen.kind);
    }
    let checks = scripted.program().checks();
    if !checks.is_empty() {
        let checks: Vec<_> = checks.iter().map(|id| code(id)).collect();
        let _ = writeln!(text, "\nIt judges {}.", checks.join(", "));
    }
    if let Some(commands) = scripted.commands() {
        let commands: Vec<_> = commands.iter().map(|command| code(command)).collect();
        let _ = writeln!(text, "\nIt runs no command but {}.", commands.join(", "));
    }
}

fn ask(text: &mut String, planned: &PlannedStep) {
    let step = &planned.step;
    let _ = writeln!(text, "\n### `{}`\n", step.id);
    let about = step.kind.about();
    let _ = write!(text, "`{}`: {}", about.word, about.purpose);
    let _ = write!(text, ". It may take {}", duration_text(planned.timeout));
    if let Some(when) = &step.when {
        let _ = write!(
            text,
            "; it is asked only when {} holds",
            code(when.source())
        );
    }
    if let Some(each) = &step.each {
        let _ = write!(
            text,
            "; it is asked for each `{}` of {}, at most {} times",
            each.item,
            code(each.of.source()),
            each.max
        );
    }
    if let Some(retry) = &step.retry {
        let _ = write!(
            text,
            "; it is asked up to {} times, until it passes",
            retry.attempts
        );
    }
    if step.stop {
        text.push_str("; nothing after it is asked unless it passes");
    }
    text.push_str(".\n");
    match about.word {
        "run" | "sh" => fenced(text, &step.kind.templates().join(" ")),
        _ => {
            let mut separator = "\n";
            for (key, given) in step.kind.spec().entries() {
                let _ = writeln!(text, "{separator}- `{key}`: {}", code(&written(given)));
                separator = "";
            }
        }
    }
    for capture in &step.capture {
        let names: Vec<_> = capture.names().into_iter().map(code).collect();
        let _ = writeln!(text, "\nIts output is read for {}.", names.join(", "));
    }
    checks(text, step);
}

fn checks(text: &mut String, step: &Step) {
    let told = |template: &Option<Template>| {
        template
            .as_ref()
            .map_or_else(String::new, |template| cell(template.source()))
    };
    let look = |hint: &Option<Template>, url: &Option<Template>| {
        let both = format!("{} {}", told(hint), told(url));
        both.trim().to_owned()
    };
    if !step.expect.is_empty() {
        text.push_str(
            "\n| check | severity | holds when | else it says | look at |\n|---|---|---|---|---|\n",
        );
    }
    for check in &step.expect {
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} | {} |",
            check.id,
            check.severity.word(),
            cell(&code(check.that.source())),
            told(&check.say),
            look(&check.hint, &check.url),
        );
    }
    if !step.outcomes.is_empty() {
        text.push_str("\nThe first of these that holds counts.\n\n| outcome | means | when | it says | look at |\n|---|---|---|---|---|\n");
    }
    for outcome in &step.outcomes {
        let means = match outcome.means {
            Means::Pass => "pass",
            Means::Warn | Means::Fail => outcome.severity.word(),
        };
        let when = outcome
            .when
            .as_ref()
            .map_or_else(|| "no other holds".into(), |when| code(when.source()));
        let _ = writeln!(
            text,
            "| `{}` | {means} | {} | {} | {} |",
            outcome.id,
            cell(&when),
            cell(outcome.say.source()),
            look(&outcome.hint, &outcome.url),
        );
    }
}

fn container(text: &mut String, runbook: &Runbook, plan: &Plan) {
    let attach = &plan.attach;
    let _ = write!(
        text,
        "\n## The debug container\n\n\
         - image: {}\n\
         - security profile: {}\n\
         - it may take {} to start, and lives at most {}\n",
        match &runbook.attach.image {
            Some(image) => code(image),
            None => format!(
                "`--image`, else `HOUSECALL_IMAGE`, else {}",
                code(&attach.image)
            ),
        },
        attach.profile,
        duration_text(attach.start_timeout),
        duration_text(attach.deadline),
    );
    if let Some(container) = &attach.container {
        let _ = writeln!(text, "- it examines the container {}", code(container));
    }
    if !runbook.attach.tools.is_empty() {
        let tools: Vec<_> = runbook.attach.tools.iter().map(|tool| code(tool)).collect();
        let _ = writeln!(text, "- the image must have {}", tools.join(", "));
    }
}

fn rights(text: &mut String, plan: &Plan) {
    let pod: Option<Selector> = "pod/name".parse().ok();
    text.push_str("\n## Rights\n\nFor a pod that is named; `housecall plan --rbac yaml` prints the Role.\n\n| may | on | for |\n|---|---|---|\n");
    for need in plan.needs(pod.as_slice()) {
        let optional = if need.optional { " (optional)" } else { "" };
        let place = need.namespace.as_ref();
        let place = place.map_or_else(String::new, |place| format!(" in namespace {place}"));
        let _ = writeln!(
            text,
            "| {} | {}{place} | {}{optional} |",
            need.verb, need.resource, need.why
        );
    }
}

/// A value much as an author writes it, on one line.
fn written(given: &Given) -> String {
    let inside = |spec: &Spec| {
        let entries: Vec<_> = spec
            .entries()
            .map(|(key, given)| format!("{key}: {}", written(given)))
            .collect();
        format!("{{{}}}", entries.join(", "))
    };
    let all = |items: Vec<String>| format!("[{}]", items.join(", "));
    match given {
        Given::Text(text) => text.source().to_owned(),
        Given::Bool(truth) => truth.to_string(),
        Given::Duration(time) => duration_text(*time),
        Given::Size(bytes) => size_text(*bytes),
        Given::Regex(regex) => regex.as_str().to_owned(),
        Given::Script(script) => script.clone(),
        Given::Texts(texts) => all(texts.iter().map(|text| text.source().to_owned()).collect()),
        Given::Pairs(pairs) => {
            let pairs: Vec<_> = pairs
                .iter()
                .map(|(key, text)| format!("{key}: {}", text.source()))
                .collect();
            format!("{{{}}}", pairs.join(", "))
        }
        Given::Record(spec) => inside(spec),
        Given::Records(specs) => all(specs.iter().map(inside).collect()),
    }
}

fn size_text(bytes: u64) -> String {
    for (unit, size) in [("MiB", 1024 * 1024), ("KiB", 1024)] {
        if bytes >= size && bytes.is_multiple_of(size) {
            return format!("{}{unit}", bytes / size);
        }
    }
    format!("{bytes}B")
}

fn fenced(text: &mut String, inside: &str) {
    let longest = inside
        .split(|c| c != '`')
        .map(str::len)
        .max()
        .unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    let _ = write!(text, "\n{fence}sh\n{}\n{fence}\n", inside.trim_end());
}

/// A code span of any text.
fn code(text: &str) -> String {
    let text = line(text);
    if text.contains('`') {
        let longest = text
            .split(|c| c != '`')
            .map(str::len)
            .max()
            .unwrap_or_default();
        let fence = "`".repeat(longest + 1);
        format!("{fence} {text} {fence}")
    } else {
        format!("`{text}`")
    }
}

fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text in a table.
fn cell(text: &str) -> String {
    line(text).replace('|', "\\|")
}
