//! `housecall doctor`: whether a run would get in, told before anything is changed.

use std::fmt::Write;

use housecall::cluster::kube::{Access, Checkup, KubeCluster};
use housecall::cluster::{Cluster, Finding, Health};
use housecall::plan::DEFAULT_IMAGE;
use housecall::render::inert;
use housecall::target::{ObjectKind, Selector, subdomain};
use serde_json::json;

use super::args::{DataFormat, DoctorArgs};
use super::exit::Failure;
use super::print;

/// The heads of the columns.
const HEADS: [&str; 4] = ["WHAT", "STATE", "SAYS", "FIX"];

/// The widest a column becomes before its words go on in the next line.
const WIDEST: usize = 52;

/// Looks, and prints what was found. The exit code: 3 where anything is trouble.
pub(crate) async fn run(args: DoctorArgs) -> Result<u8, Failure> {
    let checkup = checkup(&args)?;
    let access = Access {
        kubeconfig: args.kubeconfig,
        context: args.context,
    };
    let cluster = KubeCluster::connect(&access)
        .await
        .map_err(|refusal| Failure::unasked(refusal.to_string()))?;
    let found = cluster.checkup(&checkup).await;
    let worst = found.iter().map(|one| one.state).max();
    let worst = worst.unwrap_or(Health::Ok);
    let text = match args.output {
        Some(DataFormat::Json) => {
            let namespace = checkup.namespace.as_deref();
            let told = json!({
                "cluster": cluster.name(),
                "namespace": namespace.unwrap_or(cluster.namespace()),
                "pod": checkup.pod,
                "state": worst,
                "findings": found,
            });
            format!("{told:#}\n")
        }
        None => table(&found),
    };
    print(&text)?;
    Ok(if worst == Health::Trouble { 3 } else { 0 })
}

/// What is to be looked at, or what is wrong with the command line.
fn checkup(args: &DoctorArgs) -> Result<Checkup, Failure> {
    if let Some(namespace) = &args.namespace
        && (namespace.contains('.') || namespace.len() > 63 || subdomain(namespace).is_err())
    {
        return Err(Failure::usage(format!(
            "`{namespace}` cannot be a namespace\n  help: names are lower case letters, digits and `-`, at most 63"
        )));
    }
    let pod = match args.pod.as_deref().map(str::parse) {
        None => None,
        Some(Ok(Selector::Named {
            kind: ObjectKind::Pod,
            name,
        })) => Some(name),
        Some(Ok(other)) => {
            return Err(Failure::usage(format!(
                "`{other}` is no pod\n  help: name one pod, as NAME or pod/NAME"
            )));
        }
        Some(Err(error)) => return Err(Failure::usage(error.to_string())),
    };
    let fallback = std::env::var("HOUSECALL_IMAGE")
        .ok()
        .filter(|image| !image.is_empty());
    Ok(Checkup {
        namespace: args.namespace.clone(),
        pod,
        container: args.target.clone(),
        image: args
            .image
            .clone()
            .or(fallback)
            .unwrap_or_else(|| DEFAULT_IMAGE.into()),
        max_containers: args.max_containers,
    })
}

/// One row for each finding; a cell that is too wide goes on below itself.
fn table(found: &[Finding]) -> String {
    let mut rows = vec![HEADS.map(|head| vec![head.to_owned()])];
    rows.extend(found.iter().map(|one| {
        let fix = one.fix.as_deref().unwrap_or_default();
        [&*one.what, one.state.word(), &*one.says, fix].map(|cell| wrapped(&inert(cell)))
    }));
    let widths: Vec<_> = (0..HEADS.len())
        .map(|column| {
            let lines = rows.iter().flat_map(|row| &row[column]);
            lines.map(|line| line.chars().count()).max().unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for row in &rows {
        let height = row.iter().map(Vec::len).max().unwrap_or(0);
        for number in 0..height {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                let part = cell.get(number).map_or("", String::as_str);
                // Writing to a String cannot fail.
                let _ = write!(line, "{part:width$}  ");
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
    }
    text
}

/// Lines of at most [`WIDEST`] characters, broken between words; a word that is longer stands alone.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.len() - 1;
        let line = &mut lines[last];
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= WIDEST {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_that_is_too_wide_goes_on_below_itself() {
        let says = "denied: adds the debug container, and some more words than go into one line";
        let found = [
            Finding::ok("get pods", "allowed"),
            Finding::trouble("patch pods", says, "grant it"),
        ];
        assert_eq!(
            table(&found),
            "WHAT        STATE    SAYS                                             FIX\n\
             get pods    ok       allowed\n\
             patch pods  trouble  denied: adds the debug container, and some more  grant it\n\
             \x20                    words than go into one line\n"
        );
    }
}
