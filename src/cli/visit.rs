//! What `run` and `plan` do first: load the runbook, bind its params, read the selectors, settle the plan. Nothing is sent; whatever
//! is wrong is told at once.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use housecall::catalog::{Catalog, NotFound};
use housecall::cluster::Scope;
use housecall::plan::{Plan, Wishes};
use housecall::runbook::{self, Diagnostic, Paint, Runbook, bind};
use housecall::target::{Selector, field_selector, label_selector, subdomain};
use housecall::yaml::MAX_BYTES;

use super::alert::Call;
use super::args::VisitArgs;
use super::colour;
use super::excerpt;
use super::exit::Failure;
use super::library::Library;
use super::params::{pairs, shared, told};

/// Everything that is known before the first request.
pub(crate) struct Visit {
    pub(crate) plan: Arc<Plan>,
    /// What each runbook was called: a file, or the name of a shipped one.
    pub(crate) origins: Vec<String>,
    pub(crate) selectors: Vec<Selector>,
    /// Where each selector looks, in the same order.
    pub(crate) scopes: Vec<Scope>,
    /// What the reader should know from before the run.
    pub(crate) notes: Vec<String>,
    /// Someone that should be examined is not named.
    pub(crate) unasked: bool,
}

impl Visit {
    /// Settles a visit, or says all that is wrong with it.
    pub(crate) async fn of(args: &VisitArgs) -> Result<Self, Failure> {
        match &args.from_alert {
            Some(from) => Self::called(Call::of(from, args)?, args).await,
            None => Self::named(args).await,
        }
    }

    /// Runbook, targets and params come from alerts.
    async fn called(call: Call, args: &VisitArgs) -> Result<Self, Failure> {
        let redact = excerpt::rules(args.redact.as_deref())?;
        let waivers = excerpt::waived(args.waivers.as_deref())?;
        let mut wrong = Vec::new();
        check_namespace(args, &mut wrong);
        let mut given = pairs(&args.param, &mut wrong);
        given.extend(call.given);
        let (scopes, selectors): (Vec<_>, Vec<_>) = call.whom.into_iter().unzip();
        let wishes = Wishes {
            container: call.container,
            redact,
            waivers,
            ..wishes(args, &selectors, &mut wrong)
        };
        let plan = settled(&call.runbook, args, &given, &wishes, &mut wrong).await;
        match plan {
            Some(plan) if wrong.is_empty() => Ok(Self {
                plan: Arc::new(plan),
                origins: vec![call.runbook.origin],
                selectors,
                scopes,
                notes: call.notes,
                unasked: call.unasked,
            }),
            _ => Err(Failure::usage(wrong.join("\nerror: "))),
        }
    }

    async fn named(args: &VisitArgs) -> Result<Self, Failure> {
        let (words, targets) = split(&args.words)?;
        let runbooks = all(words)?;
        let redact = excerpt::rules(args.redact.as_deref())?;
        let waivers = excerpt::waived(args.waivers.as_deref())?;
        let mut wrong = Vec::new();
        let mut selectors = Vec::new();
        let mut scopes = Vec::new();
        for (place, target) in targets.iter().enumerate() {
            match target.parse::<Selector>() {
                Ok(selector) => {
                    selectors.push(selector);
                    let own = args.namespaces.get(place).cloned().flatten();
                    scopes.push(own.map_or_else(|| scope(args), Scope::Namespace));
                }
                Err(error) => wrong.push(match Catalog::find(target) {
                    Err(NotFound {
                        near: Some(near), ..
                    }) => format!("{error}\n  help: or is the runbook `{near}` meant?"),
                    _ => error.to_string(),
                }),
            }
        }
        if args.all_namespaces
            && selectors
                .iter()
                .any(|selector| matches!(selector, Selector::Named { .. }))
        {
            wrong.push(
                "-A goes with a selector: a name is one object's, in one namespace\n  help: write -n NAMESPACE, or -l SELECTOR with -A".into(),
            );
        }
        if let Some(labels) = &args.selector
            && let Err(why) = label_selector(labels)
        {
            wrong.push(format!("`-l {labels}`: {why}"));
        }
        if let Some(fields) = &args.field_selector
            && let Err(why) = field_selector(fields)
        {
            wrong.push(format!("`--field-selector {fields}`: {why}"));
        }
        if args.selector.is_some() || args.field_selector.is_some() {
            selectors.push(Selector::Pods {
                labels: args.selector.clone().unwrap_or_default(),
                fields: args.field_selector.clone(),
            });
        }
        check_namespace(args, &mut wrong);
        if selectors.is_empty() && wrong.is_empty() {
            selectors.extend(runbooks.iter().find_map(|one| own_target(one, &mut wrong)));
        }
        if selectors.is_empty() && wrong.is_empty() {
            wrong.push(
                "no target is named\n  help: add pod/NAME, `-l SELECTOR`, `local` or `pid:N`"
                    .into(),
            );
        }
        scopes.resize(selectors.len(), scope(args));
        let given = pairs(&args.param, &mut wrong);
        let wishes = Wishes {
            redact,
            waivers,
            ..wishes(args, &selectors, &mut wrong)
        };
        let plan = together(&runbooks, args, &given, wishes, &mut wrong).await;
        match plan {
            Some(plan) if wrong.is_empty() => Ok(Self {
                plan: Arc::new(plan),
                origins: runbooks.into_iter().map(|one| one.origin).collect(),
                scopes,
                selectors,
                notes: Vec::new(),
                unasked: false,
            }),
            _ => Err(Failure::usage(wrong.join("\nerror: "))),
        }
    }
}

/// Whom the runbook itself is for, where the command line names nobody.
fn own_target(runbook: &Runbook, wrong: &mut Vec<String>) -> Option<Selector> {
    let target = &runbook.target;
    if let Some(labels) = &target.selector {
        return Some(Selector::Pods {
            labels: labels.clone(),
            fields: None,
        });
    }
    let (kind, name) = (target.kind.as_deref()?, target.name.as_deref()?);
    match format!("{kind}/{name}").parse() {
        Ok(selector) => Some(selector),
        Err(error) => {
            wrong.push(format!("the runbook's `target`: {error}"));
            None
        }
    }
}

fn check_namespace(args: &VisitArgs, wrong: &mut Vec<String>) {
    if let Some(namespace) = &args.namespace
        && (namespace.contains('.') || namespace.len() > 63 || subdomain(namespace).is_err())
    {
        wrong.push(format!(
            "`{namespace}` cannot be a namespace\n  help: names are lower case letters, digits and `-`, at most 63"
        ));
    }
}

/// The plan of all runbooks, or every reason against it.
async fn together(
    runbooks: &[Runbook],
    args: &VisitArgs,
    given: &[(String, String)],
    wishes: Wishes,
    wrong: &mut Vec<String>,
) -> Option<Plan> {
    let wishes = wishes
        .agreed(runbooks)
        .map_err(|refused| wrong.push(refused.to_string()))
        .ok()?;
    let given = shared(runbooks, given, wrong);
    let mut plans = Vec::new();
    for (runbook, given) in runbooks.iter().zip(given) {
        plans.extend(settled(runbook, args, &given, &wishes, wrong).await);
    }
    Plan::together(plans, &wishes)
}

/// The plan of one runbook, or every reason against it.
async fn settled(
    runbook: &Runbook,
    args: &VisitArgs,
    given: &[(String, String)],
    wishes: &Wishes,
    wrong: &mut Vec<String>,
) -> Option<Plan> {
    let mut given = given.to_vec();
    told(runbook, args, &mut given, wrong).await;
    let params = bind(&runbook.params, &given).map_err(|problems| {
        wrong.extend(
            problems
                .iter()
                .map(|unfit| format!("{}\n  help: {}", unfit.headline, unfit.fix)),
        );
    });
    Plan::new(runbook, params.ok()?, wishes)
        .map_err(|refused| wrong.push(refused.to_string()))
        .ok()
}

fn wishes(args: &VisitArgs, selectors: &[Selector], wrong: &mut Vec<String>) -> Wishes {
    Wishes {
        mode: args.mode.settled(selectors, args.target.as_deref(), wrong),
        copying: args.mode.copying(wrong),
        custom: args.custom.settled(wrong),
        image: args.image.clone(),
        fallback_image: std::env::var("HOUSECALL_IMAGE")
            .ok()
            .filter(|image| !image.is_empty()),
        toolbox: args.tools.clone().map(|tools| {
            let told = |name| std::env::var(name).ok().filter(|text| !text.is_empty());
            tools.from(told("HOUSECALL_NIXERY"), told("HOUSECALL_NIXERY_TAG"))
        }),
        pull_policy: args.image_pull_policy.clone(),
        container: args.target.clone(),
        profile: args.profile,
        max_containers: Some(args.max_containers),
        transport: args.transport,
        deadline: args.deadline,
        fail_on: args.fail_on,
        pick: args.pick.clone(),
        allow_effects: args.allow_effects,
        ..Wishes::default()
    }
}

fn scope(args: &VisitArgs) -> Scope {
    match &args.namespace {
        _ if args.all_namespaces => Scope::All,
        Some(namespace) => Scope::Namespace(namespace.clone()),
        None => Scope::Default,
    }
}

/// The first word is a runbook, and so are those behind it that name one; the others are targets.
fn split(words: &[String]) -> Result<(&[String], &[String]), Failure> {
    let Some((_, rest)) = words.split_first() else {
        return Err(Failure::usage("no runbook is named"));
    };
    let more = rest.iter().take_while(|word| is_runbook(word)).count();
    let (runbooks, targets) = words.split_at(1 + more);
    if let Some(late) = targets.iter().find(|word| is_runbook(word)) {
        return Err(Failure::usage(format!(
            "`{late}` is a runbook, and stands behind a target\n  help: name the runbooks first, then the targets"
        )));
    }
    Ok((runbooks, targets))
}

/// All of these runbooks, or all that is wrong with them.
pub(crate) fn all(words: &[String]) -> Result<Vec<Runbook>, Failure> {
    let (runbooks, wrong): (Vec<_>, Vec<_>) =
        words.iter().map(|word| load(word)).partition(Result::is_ok);
    match Failure::all(wrong.into_iter().filter_map(Result::err).collect()) {
        Some(failure) => Err(failure),
        None => Ok(runbooks.into_iter().filter_map(Result::ok).collect()),
    }
}

fn is_runbook(word: &str) -> bool {
    Catalog::find(word).is_ok()
        || [".yaml", ".yml", ".rhai"]
            .iter()
            .any(|ending| word.ends_with(ending))
}

/// The source of a runbook by file or shipped name, and what it is called.
pub(crate) fn source(word: &str) -> Result<(String, String), Failure> {
    let path = Path::new(word);
    if path.is_dir() {
        return Err(Failure::usage(format!(
            "{word} is a folder\n  help: name a runbook in it; `lint` and `test` take folders"
        )));
    }
    if path.exists() {
        let source = text(path).map_err(|error| {
            Failure::usage(format!(
                "failed to read runbook {word}: {error}\n  help: runbooks are UTF-8 text"
            ))
        })?;
        return Ok((word.to_owned(), source));
    }
    Catalog::find(word)
        .map(|shipped| (shipped.name.to_owned(), shipped.source.to_owned()))
        .map_err(|missing| Failure::usage(missing.to_string()))
}

/// A file as text; of one that is larger than any runbook so much that the reader of it says so.
pub(crate) fn text(path: &Path) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path)?;
    file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > MAX_BYTES {
        return Ok(String::from_utf8_lossy(&bytes).into_owned());
    }
    String::from_utf8(bytes).map_err(|error| std::io::Error::other(error.utf8_error()))
}

/// A runbook. Its warnings are for `lint` to tell.
pub(crate) fn load(word: &str) -> Result<Runbook, Failure> {
    let (origin, source) = source(word)?;
    Runbook::load(&source, &origin, &Library)
        .map(|(runbook, _)| runbook)
        .map_err(|problems| Failure::drawn(drawn(&problems)))
}

/// Problems as they are shown: file, line, column, the source line, what to do.
pub(crate) fn drawn(problems: &[Diagnostic]) -> String {
    let paint = if colour::wanted(&std::io::stderr()) {
        Paint::Coloured
    } else {
        Paint::Plain
    };
    runbook::render(problems, paint)
}
