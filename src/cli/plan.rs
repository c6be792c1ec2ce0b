//! `housecall plan`: what a run would ask, which rights it needs, and what the targets say; changes nothing.

use std::fmt::Write as _;
use std::io::Write as _;

use housecall::ask::{Ask, Need, Question};
use housecall::cluster::{Attach, Mode, Scope};
use housecall::engine::Prospect;
use housecall::plan::{Plan, Preview, Previewed, rbac};
use housecall::render::inert;
use housecall::runbook::Scripted;
use housecall::target::{ObjectKind, Selector, Target};

use super::args::PlanArgs;
use super::exit::Failure;
use super::prospects::Prospects;
use super::visit::Visit;
use super::way::{self, Rights};

/// Prints the plan to stdout.
pub(crate) async fn run(args: PlanArgs) -> Result<u8, Failure> {
    let mut visit = Visit::of(&args.visit).await?;
    if args.rbac.is_some() {
        let place = place(&visit.scopes);
        let needs = visit.plan.needs(&visit.selectors);
        print(&rbac::role(&visit.plan.runbook.id, place, &needs))?;
        return Ok(0);
    }
    let mut prospects = Prospects::find(&visit, &args.visit).await;
    let (rights, why) = way::settled(&mut visit.plan, &visit.selectors, &prospects).await;
    if visit.plan.needs_container() {
        foresee(&mut prospects, &visit.plan.attach).await;
    }
    let mut text = String::new();
    head(&mut text, &visit.plan);
    let example = prospects.all.first().map_or_else(
        || stand_in(visit.selectors.first()),
        |(Prospect::Found(target, _) | Prospect::Refused(target, _))| target.clone(),
    );
    let mut trouble =
        visit.plan.needs_container() && way::told(&mut text, &visit.plan, why, &example);
    trouble |= targets(&mut text, &prospects);
    for plan in visit.plan.runbooks() {
        match &plan.program {
            Some(scripted) => program(&mut text, scripted),
            None => steps(&mut text, &plan.preview(&example)),
        }
    }
    list(&mut text, &rights);
    trouble |= rights.are_missing();
    print(&text)?;
    Ok(if trouble { 3 } else { 0 })
}

/// Sorts out whom a run would refuse as things stand.
async fn foresee(prospects: &mut Prospects, attach: &Attach) {
    for prospect in &mut prospects.all {
        if let Prospect::Found(target, cluster) = prospect
            && let Some(refusal) = cluster.foreseen(target, attach).await
        {
            *prospect = Prospect::Refused(target.clone(), refusal);
        }
    }
}

/// Where the rights are needed: a Role is one namespace's.
fn place(scopes: &[Scope]) -> rbac::Place<'_> {
    match scopes {
        [Scope::Namespace(one), rest @ ..]
            if rest
                .iter()
                .all(|scope| matches!(scope, Scope::Namespace(other) if other == one)) =>
        {
            rbac::Place::Namespace(one)
        }
        [Scope::Default, ..] => rbac::Place::Namespace("default"),
        _ => rbac::Place::Cluster,
    }
}

// Writing to a String cannot fail, here and below.

fn head(text: &mut String, plan: &Plan) {
    let attach = &plan.attach;
    for plan in plan.runbooks() {
        let _ = writeln!(
            text,
            "runbook    {} ({})",
            plan.runbook.id,
            inert(&plan.runbook.title)
        );
    }
    for (name, value) in &plan.params {
        let _ = writeln!(text, "param      {name} = {}", inert(&value.to_string()));
    }
    if !plan.needs_container() {
        text.push_str("attach     nothing: every step is answered by the API alone\n");
        return;
    }
    let _ = writeln!(
        text,
        "attach     mode {}, {}lives at most {}{}",
        attach.mode,
        match attach.mode {
            Mode::Exec => String::new(),
            _ => format!("image {}, profile {}, ", attach.image, attach.profile),
        },
        humantime::format_duration(attach.deadline),
        if plan.attaches_at_once() {
            ""
        } else {
            "; once the program asks what needs it"
        }
    );
}

fn targets(text: &mut String, prospects: &Prospects) -> bool {
    let mut trouble = prospects.unasked;
    for prospect in &prospects.all {
        let _ = match prospect {
            Prospect::Found(target, _) => writeln!(text, "target     {target}"),
            Prospect::Refused(target, refusal) => {
                trouble = true;
                writeln!(
                    text,
                    "target     {target}: {}\n           help: {}",
                    inert(&refusal.headline),
                    inert(&refusal.help)
                )
            }
        };
    }
    for note in &prospects.notes {
        let _ = writeln!(text, "note       {}", inert(note));
    }
    trouble
}

/// A program decides as it runs; what is written out of it is told.
fn program(text: &mut String, scripted: &Scripted) {
    let _ = writeln!(
        text,
        "program    decides what it asks as it runs, out of what is written in it:"
    );
    for ask in scripted.program().asks() {
        let file = ask
            .file
            .as_deref()
            .map_or_else(String::new, |file| format!("{file}, "));
        let _ = writeln!(
            text,
            "perhaps    {} ({}) at {file}line {}",
            ask.id.as_deref().unwrap_or("a step"),
            ask.kind,
            ask.line
        );
    }
    let checks = scripted.program().checks();
    if !checks.is_empty() {
        let _ = writeln!(text, "           checks {}", inert(&checks.join(", ")));
    }
    let _ = match scripted.commands() {
        Some(commands) => writeln!(
            text,
            "commands   `run` and `talk` may start {}",
            inert(&commands.join(", "))
        ),
        None => writeln!(text, "commands   `run` and `talk` may start any program"),
    };
}

fn steps(text: &mut String, steps: &[Previewed]) {
    for step in steps {
        let _ = write!(text, "step       {} ({})", step.id, step.kind);
        if let Some(when) = &step.when {
            let _ = write!(text, " when {when}");
        }
        text.push('\n');
        match &step.asks {
            Preview::Asks(asks) => {
                for ask in asks {
                    let _ = writeln!(text, "           {}", asked(ask));
                }
            }
            Preview::Later(templates) => {
                let _ = writeln!(
                    text,
                    "           {} (depends on an earlier answer)",
                    inert(&templates.join(" "))
                );
            }
        }
        if !step.checks.is_empty() {
            let _ = writeln!(text, "           checks {}", step.checks.join(", "));
        }
    }
}

fn asked(ask: &Ask) -> String {
    let what = match &ask.question {
        Question::Argv(argv) => quoted(argv),
        Question::Talk { .. } => quoted(&ask.argv()),
        Question::Script { text, .. } => {
            format!("sh: {} lines", text.lines().count())
        }
        Question::File { path, max } => format!("file {path}, at most {max} bytes"),
        question => question.argv().join(" "),
    };
    format!(
        "{} (within {})",
        inert(&what),
        humantime::format_duration(ask.timeout)
    )
}

fn quoted(argv: &[String]) -> String {
    let words: Vec<_> = argv
        .iter()
        .map(|word| housecall::cluster::shell::quote(word).unwrap_or_else(|_| "?".into()))
        .collect();
    words.join(" ")
}

/// Which of the rights are missing, where there is a server to ask: it is asked about us, and nothing is changed.
pub(super) async fn denied(prospects: &Prospects, needs: &[Need]) -> Option<Vec<Need>> {
    for prospect in &prospects.all {
        if let Prospect::Found(target, cluster) = prospect
            && let Some(namespace) = &target.namespace
        {
            // A server that does not tell is no reason to keep the rest of the plan back.
            return cluster.denied(needs, namespace).await.ok();
        }
    }
    None
}

fn list(text: &mut String, rights: &Rights) {
    for need in &rights.needs {
        let mut denied = rights.denied.iter().flatten();
        let _ = writeln!(
            text,
            "right      {} {}{}{}{} ({})",
            need.verb,
            need.resource,
            elsewhere(need),
            if need.optional { ", optional" } else { "" },
            if denied.any(|one| one == need) {
                ", DENIED: apply what `plan … --rbac yaml` prints"
            } else {
                ""
            },
            need.why
        );
    }
}

/// Where a right must hold, if it is not where the target is.
fn elsewhere(need: &Need) -> String {
    let place = need.namespace.as_ref();
    place.map_or_else(String::new, |place| format!(" in namespace {place}"))
}

fn stand_in(selector: Option<&Selector>) -> Target {
    match selector {
        Some(Selector::Local) => Target::local(),
        Some(Selector::Process(pid)) => Target::process(*pid),
        Some(Selector::Named {
            kind: ObjectKind::Node,
            name,
        }) => Target::node("default", name),
        _ => Target::pod("default", "POD"),
    }
}

fn print(text: &str) -> Result<(), Failure> {
    std::io::stdout()
        .write_all(text.as_bytes())
        .map_err(|error| Failure::could_not("write to stdout", &error))
}
