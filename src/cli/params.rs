//! The values that params are given: on the command line, and from where a param's `from` says.

use housecall::cluster::Refusal;
use housecall::runbook::{Origin, Runbook};

use super::args::VisitArgs;
use super::prospects::connect;

/// `-p NAME=VALUE` as pairs.
pub(super) fn pairs(given: &[String], wrong: &mut Vec<String>) -> Vec<(String, String)> {
    given
        .iter()
        .filter_map(|word| match word.split_once('=') {
            Some((name, value)) if !name.is_empty() => Some((name.to_owned(), value.to_owned())),
            _ => {
                wrong.push(format!(
                    "`-p {word}` is no param\n  help: write -p NAME=VALUE"
                ));
                None
            }
        })
        .collect()
}

/// Which runbook is given what: each the values of the params that it has, and those behind its own id, `web-smoke/port`.
pub(super) fn shared(
    runbooks: &[Runbook],
    given: &[(String, String)],
    wrong: &mut Vec<String>,
) -> Vec<Vec<(String, String)>> {
    if let [_] = runbooks {
        return vec![given.to_vec()];
    }
    let mut shares = vec![Vec::new(); runbooks.len()];
    for (word, value) in given {
        let (id, name) = match word.rsplit_once('/') {
            Some((id, name)) => (Some(id), name),
            None => (None, word.as_str()),
        };
        let mut taken = false;
        for (runbook, share) in runbooks.iter().zip(&mut shares) {
            let has = runbook.params.iter().any(|param| param.name == name);
            if has && id.is_none_or(|id| id == runbook.id) {
                share.push((name.to_owned(), value.clone()));
                taken = true;
            }
        }
        if !taken {
            let told = |runbook: &Runbook| {
                let names: Vec<_> = runbook.params.iter().map(|param| &*param.name).collect();
                format!("`{}` has {}", runbook.id, names.join(", "))
            };
            let params: Vec<_> = runbooks
                .iter()
                .filter(|runbook| !runbook.params.is_empty())
                .map(told)
                .collect();
            wrong.push(format!(
                "none of the runbooks has a param `{word}`\n  help: {}",
                match params.as_slice() {
                    [] => "they have none at all; take it out".to_owned(),
                    some => some.join("; "),
                }
            ));
        }
    }
    shares
}

/// Values from where a param's `from` says, for those that were not given.
pub(super) async fn told(
    runbook: &Runbook,
    args: &VisitArgs,
    given: &mut Vec<(String, String)>,
    wrong: &mut Vec<String>,
) {
    for param in &runbook.params {
        let named = given.iter().any(|(name, _)| *name == param.name);
        let secret = param.kind.is_secret();
        let own = format!("HOUSECALL_PARAM_{}", param.name.to_ascii_uppercase());
        if named && secret {
            wrong.push(format!(
                "the param `{}` is a secret, and a command line can be read by others\n  help: give it in the environment as {own}, or by its `from`",
                param.name
            ));
            continue;
        }
        if named {
            continue;
        }
        let mut origins = param.from.clone();
        if secret && origins.is_empty() {
            origins.push(Origin::Env(own));
        }
        for origin in &origins {
            match origin_value(origin, args).await {
                Ok(Some(value)) => {
                    given.push((param.name.clone(), value));
                    break;
                }
                Ok(None) => {}
                Err(why) => wrong.push(format!("the param `{}`: {why}", param.name)),
            }
        }
    }
}

/// What stands in one place; `None` where nothing does, and the next is asked.
async fn origin_value(origin: &Origin, args: &VisitArgs) -> Result<Option<String>, String> {
    match origin {
        Origin::Env(name) => match std::env::var(name) {
            Ok(value) => Ok(Some(value)),
            Err(std::env::VarError::NotPresent) => Ok(None),
            Err(std::env::VarError::NotUnicode(_)) => Err(format!("${name} is not UTF-8")),
        },
        Origin::File(path) => match std::fs::read_to_string(path) {
            Ok(text) => Ok(Some(text.trim_end_matches(['\n', '\r']).to_owned())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("{path} cannot be read: {error}")),
        },
        Origin::KubeSecret { name, key } => {
            let told = |refusal: Refusal| format!("{}; {}", refusal.headline, refusal.help);
            let cluster = connect(args).await.map_err(told)?;
            let own = cluster.namespace().to_owned();
            let namespace = args.namespace.as_deref().unwrap_or(&own);
            cluster.secret(namespace, name, key).await.map_err(told)
        }
    }
}
