//! `housecall containers`: what our runs have left in pods, and the way to end what still runs.

use std::fmt::Write;

use housecall::clock::{Clock, SystemClock};
use housecall::cluster::kube::{Access, KubeCluster};
use housecall::cluster::{Attached, Refusal, Scope, Standing};
use housecall::render::inert;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::args::{ContainersArgs, DataFormat};
use super::exit::Failure;
use super::print;

/// The heads of the columns.
const HEADS: [&str; 7] = [
    "NAMESPACE",
    "POD",
    "CONTAINER",
    "STATE",
    "AGE",
    "RUN",
    "RUNBOOK",
];

/// Lists our debug containers; ends those that run, or counts them, when that is asked for.
pub(crate) async fn run(args: ContainersArgs) -> Result<u8, Failure> {
    let access = Access {
        kubeconfig: args.kubeconfig.clone(),
        context: args.context.clone(),
    };
    let cluster = KubeCluster::connect(&access).await.map_err(refused)?;
    let scope = match (&args.namespace, args.all_namespaces) {
        (_, true) => Scope::All,
        (Some(namespace), false) => Scope::Namespace(namespace.clone()),
        (None, false) => Scope::Default,
    };
    let labels = args.selector.as_deref().unwrap_or_default();
    let mut found = cluster
        .attached(&scope, labels, args.pod.as_deref())
        .await
        .map_err(refused)?;
    let mut code = 0;
    if args.stop {
        found.retain(|one| one.made.is_some() || !matches!(one.state, Standing::Terminated { .. }));
        code = stop(&cluster, &mut found).await;
    }
    let now = SystemClock.now();
    let text = match (args.output, args.report) {
        (Some(DataFormat::Json), false) => format!("{:#}\n", json!(found)),
        (Some(DataFormat::Json), true) => format!("{:#}\n", counted(&found)),
        (None, false) => listed(&found, now),
        (None, true) => told(&counted(&found)),
    };
    print(&text)?;
    Ok(code)
}

/// Ends each; the exit code: 6 where one is not proven ended.
async fn stop(cluster: &KubeCluster, found: &mut [Attached]) -> u8 {
    let mut code = 0;
    for one in found {
        match cluster.stop(one).await {
            Ok(now) => *one = now,
            Err(refusal) => refused(refusal).tell(),
        }
        if matches!(one.state, Standing::Running { .. }) {
            code = 6;
        }
    }
    code
}

fn refused(refusal: Refusal) -> Failure {
    Failure::unasked(format!("{refusal}"))
}

fn listed(found: &[Attached], now: Timestamp) -> String {
    let mut rows = vec![HEADS.map(str::to_owned)];
    rows.extend(found.iter().map(|one| row(one, now)));
    let widths: Vec<_> = (0..HEADS.len())
        .map(|column| {
            rows.iter()
                .map(|row| row[column].chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            // Writing to a String cannot fail.
            let _ = write!(line, "{cell:width$}  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn row(one: &Attached, now: Timestamp) -> [String; 7] {
    let state = match &one.state {
        Standing::Waiting {
            reason: Some(reason),
        } => format!("waiting ({})", reason.split(':').next().unwrap_or(reason)),
        Standing::Terminated { exit_code, .. } => format!("terminated ({exit_code})"),
        other => other.word().into(),
    };
    let age = one
        .state
        .since()
        .map_or_else(|| "-".into(), |since| age(now.duration_since(since)));
    let said = |text: &Option<String>| inert(text.as_deref().unwrap_or("-"));
    [
        one.namespace.clone(),
        one.pod.clone(),
        one.container.clone(),
        inert(&state),
        age,
        said(&one.run),
        said(&one.runbook),
    ]
}

/// One unit, as kubectl has it: `45s`, `12m`, `7h`, `3d`.
fn age(time: SignedDuration) -> String {
    let seconds = time.as_secs().max(0);
    match seconds {
        0..120 => format!("{seconds}s"),
        120..7200 => format!("{}m", seconds / 60),
        7200..172_800 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// How many each pod carries, and how they stand. Pods keep them until they are replaced.
fn counted(found: &[Attached]) -> Value {
    let of = |word: &str| found.iter().filter(|one| one.state.word() == word).count();
    let mut pods: Vec<(String, usize)> = Vec::new();
    for one in found {
        let place = format!("{}/{}", one.namespace, one.pod);
        match pods.last_mut() {
            Some((last, count)) if *last == place => *count += 1,
            _ => pods.push((place, 1)),
        }
    }
    pods.sort_by(|(one, many), (other, more)| more.cmp(many).then_with(|| one.cmp(other)));
    json!({
        "containers": found.len(),
        "running": of("running"), "waiting": of("waiting"), "terminated": of("terminated"),
        "pods": pods.iter().map(|(pod, count)| json!({"pod": pod, "containers": count})).collect::<Vec<_>>(),
    })
}

fn told(counts: &Value) -> String {
    let mut text = format!(
        "{} debug containers: {} running, {} waiting, {} terminated\n",
        counts["containers"], counts["running"], counts["waiting"], counts["terminated"]
    );
    for pod in counts["pods"].as_array().into_iter().flatten() {
        let name = pod["pod"].as_str().unwrap_or_default();
        let count = pod["containers"].as_u64().unwrap_or_default();
        let _ = writeln!(text, "{count:>4}  {name}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(pod: &str, state: Standing) -> Attached {
        Attached {
            namespace: "shop".into(),
            pod: pod.into(),
            container: "housecall-0011223344".into(),
            image: "tools:1".into(),
            run: Some("r1".into()),
            runbook: None,
            made: None,
            state,
        }
    }

    #[test]
    fn a_row_tells_state_and_age_and_what_is_not_known() {
        let at: Timestamp = "2026-01-02T03:00:00Z".parse().unwrap();
        let now: Timestamp = "2026-01-02T05:30:00Z".parse().unwrap();
        let ended = Standing::Terminated {
            exit_code: 74,
            at: Some(at),
        };
        let table = listed(&[one("web", ended)], now);
        assert_eq!(
            table.lines().nth(1).unwrap(),
            "shop       web  housecall-0011223344  terminated (74)  2h   r1   -"
        );
    }

    #[test]
    fn a_report_counts_by_pod_most_first() {
        let running = Standing::Running { since: None };
        let waiting = Standing::Waiting { reason: None };
        let found = [
            one("api", running.clone()),
            one("web", running),
            one("web", waiting),
        ];
        assert_eq!(
            told(&counted(&found)),
            "3 debug containers: 2 running, 1 waiting, 0 terminated\n   2  shop/web\n   1  shop/api\n"
        );
    }
}
