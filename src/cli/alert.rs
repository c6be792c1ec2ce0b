//! `run --from-alert`: from the body of a webhook to a runbook, its params and its targets, before anything is sent.

use std::io::Read;
use std::path::Path;

use housecall::alert::{Payload, Status, Trigger};
use housecall::catalog::Catalog;
use housecall::cluster::Scope;
use housecall::runbook::Runbook;
use housecall::target::Selector;

use super::args::VisitArgs;
use super::exit::Failure;
use super::visit::load;

/// Bytes of a payload that are read: more than any sender has a use for.
const MOST: u64 = 16 * 1024 * 1024;

/// What the alerts ask for.
pub(crate) struct Call {
    pub(crate) runbook: Runbook,
    /// Values that params take from the alerts.
    pub(crate) given: Vec<(String, String)>,
    pub(crate) container: Option<String>,
    pub(crate) whom: Vec<(Scope, Selector)>,
    pub(crate) notes: Vec<String>,
    /// An alert fires that names nobody.
    pub(crate) unasked: bool,
}

/// One alert, answered.
struct Answered<'a> {
    trigger: &'a Trigger,
    runbook: usize,
    given: Vec<(String, String)>,
    container: Option<String>,
    whom: (Scope, Selector),
}

impl Call {
    /// Reads the alerts of a file, or of stdin for `-`, and settles what they ask for.
    pub(crate) fn of(from: &Path, args: &VisitArgs) -> Result<Self, Failure> {
        let body = body(from).map_err(|error| {
            Failure::usage(format!(
                "failed to read the alerts of {}: {error}\n  help: name a file that holds the body of a webhook, or `-` for stdin",
                from.display()
            ))
        })?;
        let payload = Payload::read(&body).map_err(|error| Failure::usage(error.to_string()))?;
        let runbooks = candidates(&args.words)?;
        let by_name = args.words.len() == 1;
        let mut notes = told(&payload);
        let mut answered: Vec<Answered<'_>> = Vec::new();
        let mut unnamed = Vec::new();
        for trigger in firing(&payload) {
            let runbook = if by_name {
                0
            } else {
                most_specific(trigger, &runbooks)?
            };
            match whom(trigger, args) {
                Ok((container, whom)) => answered.push(Answered {
                    given: given(trigger, &runbooks[runbook], &args.param),
                    trigger,
                    runbook,
                    container,
                    whom,
                }),
                Err(why) => unnamed.push(format!("alert {trigger} cannot be asked about: {why}")),
            }
        }
        let Some(first) = answered.first() else {
            return Err(nobody(&payload, &unnamed));
        };
        if let Some(other) = answered.iter().find(|other| !first.goes_with(other)) {
            return Err(first.differs(other, &runbooks));
        }
        let (runbook, given, container) =
            (first.runbook, first.given.clone(), first.container.clone());
        let unasked = !unnamed.is_empty();
        notes.extend(unnamed);
        let mut whom = Vec::new();
        for one in answered {
            if !whom.contains(&one.whom) {
                whom.push(one.whom);
            }
        }
        let runbook = runbooks.into_iter().nth(runbook);
        Ok(Self {
            runbook: runbook.ok_or_else(|| Failure::usage("no runbook is named"))?,
            given,
            container,
            whom,
            notes,
            unasked,
        })
    }
}

fn body(from: &Path) -> std::io::Result<Vec<u8>> {
    let mut body = Vec::new();
    if from == Path::new("-") {
        std::io::stdin().take(MOST + 1).read_to_end(&mut body)?;
    } else {
        std::fs::File::open(from)?
            .take(MOST + 1)
            .read_to_end(&mut body)?;
    }
    if body.len() as u64 > MOST {
        return Err(std::io::Error::other("it is larger than 16 MiB"));
    }
    Ok(body)
}

/// The runbooks that were named, or all that are shipped.
fn candidates(words: &[String]) -> Result<Vec<Runbook>, Failure> {
    if words.is_empty() {
        return Catalog::list().map(|shipped| load(shipped.name)).collect();
    }
    words.iter().map(|word| load(word)).collect()
}

/// The runbook that declares the most of this alert's labels.
fn most_specific(trigger: &Trigger, runbooks: &[Runbook]) -> Result<usize, Failure> {
    let fitting = |at: usize| trigger.answered_by(&runbooks[at].labels);
    let most = (0..runbooks.len()).filter_map(fitting).max();
    let best: Vec<_> = (0..runbooks.len())
        .filter(|at| most.is_some() && fitting(*at) == most)
        .collect();
    match best.as_slice() {
        [one] => Ok(*one),
        [] => Err(Failure::usage(format!(
            "no runbook declares that it answers the alert {trigger}\n  help: name one on the command line; a runbook declares an alert by a label such as `alert/alertname: {}`",
            trigger
                .labels
                .get("alertname")
                .map_or("NAME", String::as_str)
        ))),
        several => {
            let names: Vec<_> = several
                .iter()
                .map(|at| runbooks[*at].origin.as_str())
                .collect();
            Err(Failure::usage(format!(
                "the alert {trigger} is answered by {} alike\n  help: name one of them on the command line, or declare a further label in one",
                names.join(" and ")
            )))
        }
    }
}

/// Whom to examine, in the words of the port.
fn whom(
    trigger: &Trigger,
    args: &VisitArgs,
) -> Result<(Option<String>, (Scope, Selector)), String> {
    let whom = trigger.whom().map_err(|unnamed| unnamed.to_string())?;
    let namespace = whom
        .namespace
        .or_else(|| args.namespace.clone())
        .ok_or("it has no label `namespace`; add -n NAMESPACE")?;
    let container = args.target.clone().or(whom.container);
    Ok((container, (Scope::Namespace(namespace), whom.selector)))
}

/// What params take from this alert; a value on the command line stands above it.
fn given(trigger: &Trigger, runbook: &Runbook, params: &[String]) -> Vec<(String, String)> {
    let typed = |name: &str| {
        params
            .iter()
            .any(|word| word.split_once('=').is_some_and(|(typed, _)| typed == name))
    };
    runbook
        .params
        .iter()
        .filter(|param| !typed(&param.name))
        .filter_map(|param| {
            let value = trigger.value(param.from_alert.as_deref()?)?;
            Some((param.name.clone(), value.to_owned()))
        })
        .collect()
}

fn firing(payload: &Payload) -> impl Iterator<Item = &Trigger> {
    payload
        .alerts
        .iter()
        .filter(|trigger| trigger.status == Status::Firing)
}

/// What was passed over.
fn told(payload: &Payload) -> Vec<String> {
    let resolved = payload
        .alerts
        .iter()
        .filter(|trigger| trigger.status == Status::Resolved)
        .map(|trigger| format!("alert {trigger} is resolved, and was passed over"));
    let left_out = (payload.left_out > 0).then(|| {
        format!(
            "the sender left {} alerts out of its notification: they were not looked at",
            payload.left_out
        )
    });
    resolved.chain(left_out).collect()
}

fn nobody(payload: &Payload, unnamed: &[String]) -> Failure {
    if unnamed.is_empty() {
        let resolved = payload.alerts.len();
        return Failure::unmatched(format!(
            "no alert fires: {resolved} are resolved, and nobody was examined\n  help: pass --allow-none where that is fine"
        ));
    }
    Failure::usage(unnamed.join("\nerror: "))
}

impl Answered<'_> {
    fn goes_with(&self, other: &Self) -> bool {
        self.runbook == other.runbook
            && self.given == other.given
            && self.container == other.container
    }

    /// A run has one runbook, one set of params and one container.
    fn differs(&self, other: &Self, runbooks: &[Runbook]) -> Failure {
        let wants = |one: &Self| {
            let mut text = runbooks[one.runbook].origin.clone();
            for (name, value) in &one.given {
                text.push_str(&format!(", {name} = {value:?}"));
            }
            if let Some(container) = &one.container {
                text.push_str(&format!(", container {container}"));
            }
            text
        };
        Failure::usage(format!(
            "the alerts ask for different runs: {} for {}; {} for {}\n  help: name the runbook, give the param with -p, name the container with --target; or group the alerts by what differs",
            self.trigger,
            wants(self),
            other.trigger,
            wants(other)
        ))
    }
}
