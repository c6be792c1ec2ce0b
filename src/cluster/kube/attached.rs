//! Our debug containers: told from others in a pod, and brought to their end.

use std::time::Duration;

use k8s_openapi::api::core::v1::{EnvVar, Pod};
use serde_json::json;
use tokio::time::{Instant, sleep, timeout};

use super::debug_container::{RUN, RUNBOOK, is_ours};
use super::exec_status::ExecStatus;
use super::find::listed;
use super::owner::missing;
use super::pump::{End, Limits, Piece};
use super::refusal::{chain, refusal};
use super::server::Server;
use super::standing;
use crate::cluster::shell::STOP;
use crate::cluster::{Attach, Attached, Cause, Refusal, Standing};
use crate::target::ObjectKind;

/// How long the order to stop may take to be given.
const ORDER: Duration = Duration::from_secs(10);

/// How long the end may take to show: the keeper looks once a second, waits up to 8 s for its shell, and the kubelet looks once a second.
const END: Duration = Duration::from_secs(30);

/// Pause between two looks for the end.
const LOOK: Duration = Duration::from_millis(300);

/// Our debug containers in the pods of a namespace (empty: of all), by namespace, pod, and in the order they were added.
pub(super) async fn attached(
    server: &Server,
    namespace: &str,
    labels: &str,
    pod: Option<&str>,
) -> Result<Vec<Attached>, Refusal> {
    let mut pods = match pod {
        Some(name) => match server.pod(namespace, name).await {
            Ok(read) => vec![read.value],
            Err(error) => {
                return Err(missing(server, &error, ObjectKind::Pod, name, namespace).await);
            }
        },
        None => listed(server, namespace, labels, None).await?,
    };
    pods.sort_by_key(|pod| (pod.metadata.namespace.clone(), pod.metadata.name.clone()));
    Ok(pods.iter().flat_map(of).collect())
}

/// Ends one by its own stop file and reads its end back. One that is said to wait is tried as well, because a status comes up to two
/// seconds after the start; where nobody listens it is told as it stands.
pub(super) async fn stop(server: &Server, one: &Attached) -> Result<Attached, Refusal> {
    if let Some(uid) = &one.made {
        return delete(server, one, uid).await;
    }
    if matches!(one.state, Standing::Terminated { .. }) {
        return Ok(one.clone());
    }
    let at = (&*one.namespace, &*one.pod, &*one.container);
    match (&one.state, order(server, at).await) {
        (Standing::Waiting { .. }, Err(refusal)) if refusal.cause == Cause::Api => {
            return Ok(one.clone());
        }
        (_, ordered) => ordered?,
    }
    let until = Instant::now() + END;
    loop {
        let now = look(server, one).await?;
        match now {
            None => return Err(vanished(one)),
            Some(now) if matches!(now.state, Standing::Terminated { .. }) => return Ok(now),
            Some(now) if Instant::now() >= until => return Ok(now),
            Some(_) => sleep(LOOK).await,
        }
    }
}

/// Deletes the pod that was made for one, and reads it back as gone: its keeper alone would be started again in a copy.
async fn delete(server: &Server, one: &Attached, uid: &str) -> Result<Attached, Refusal> {
    let (namespace, name) = (&*one.namespace, &*one.pod);
    let options = json!({
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "preconditions": {"uid": uid},
    });
    let doing = server.doing("delete", "pods", namespace);
    server
        .delete(namespace, name, &options)
        .await
        .map_err(|error| refusal(&error, &doing))?;
    let until = Instant::now() + END;
    loop {
        match server.pod(namespace, name).await {
            Ok(found) if found.value.metadata.uid.as_deref() == Some(uid) => {}
            Err(kube::Error::Api(status)) if status.code != 404 => {}
            Err(error) if !matches!(error, kube::Error::Api(_)) => {}
            _ => {
                return Ok(Attached {
                    state: Standing::Deleted,
                    ..one.clone()
                });
            }
        }
        if Instant::now() >= until {
            return Ok(one.clone());
        }
        sleep(LOOK).await;
    }
}

/// Tells the keeper of a container (namespace, pod, container) to end it.
pub(super) async fn order(server: &Server, at: (&str, &str, &str)) -> Result<(), Refusal> {
    let command = vec!["sh".into(), "-c".into(), STOP.into()];
    let mut pump =
        server
            .exec(at, command, Limits::default())
            .await
            .map_err(|error| match &error {
                kube::Error::Api(status) if matches!(status.code, 401 | 403) => {
                    refusal(&error, &server.doing("create", "pods/exec", at.0))
                }
                error => unheard(at, &chain(error)),
            })?;
    let heard = timeout(ORDER, async {
        loop {
            if let Piece::Ended(end) = pump.next().await {
                return end;
            }
        }
    });
    match heard.await {
        Ok(End::Status(ExecStatus::Exited(0))) => Ok(()),
        Ok(end) => Err(unheard(at, &end.to_string())),
        Err(_) => Err(unheard(at, "no answer within 10 s")),
    }
}

/// The same container as it stands now.
async fn look(server: &Server, one: &Attached) -> Result<Option<Attached>, Refusal> {
    let now = attached(server, &one.namespace, "", Some(&one.pod)).await?;
    Ok(now
        .into_iter()
        .find(|other| other.container == one.container))
}

fn unheard((namespace, pod, container): (&str, &str, &str), why: &str) -> Refusal {
    Refusal {
        cause: Cause::Api,
        headline: format!(
            "container {container} of pod {namespace}/{pod} cannot be told to end: {why}"
        ),
        help: "it ends by itself at its deadline; look again with `housecall containers`".into(),
        attach: None,
    }
}

fn vanished(one: &Attached) -> Refusal {
    Refusal {
        cause: Cause::Replaced,
        headline: format!(
            "pod {}/{} was replaced while container {} was told to end",
            one.namespace, one.pod, one.container
        ),
        help: "nothing is left to do: the container went with its pod".into(),
        attach: None,
    }
}

/// Ours among the containers of a pod: those that were added to it, and that for which it was made. Pure.
fn of(pod: &Pod) -> Vec<Attached> {
    let one = |name: &str, image: &Option<String>, env: &Option<Vec<EnvVar>>, made| Attached {
        namespace: pod
            .metadata
            .namespace
            .clone()
            .unwrap_or_else(|| "default".into()),
        pod: pod.metadata.name.clone().unwrap_or_default(),
        container: name.to_owned(),
        image: image.clone().unwrap_or_default(),
        run: said(env, RUN),
        runbook: said(env, RUNBOOK),
        made,
        state: state(pod, name),
    };
    let spec = pod.spec.as_ref();
    let added = spec
        .into_iter()
        .flat_map(|spec| spec.ephemeral_containers.iter().flatten())
        .filter(|container| is_ours(&container.name))
        .map(|it| one(&it.name, &it.image, &it.env, None));
    let made = spec
        .into_iter()
        .flat_map(|spec| &spec.containers)
        // The name alone could be anybody's, and the pod would be deleted.
        .filter(|container| is_ours(&container.name) && said(&container.env, RUN).is_some())
        .map(|it| {
            // A copy that is to stay has no deadline of ours, and is not deleted by us.
            let bounded = spec.is_some_and(|spec| spec.active_deadline_seconds.is_some());
            let uid = pod.metadata.uid.clone().filter(|_| bounded);
            one(&it.name, &it.image, &it.env, uid)
        });
    added.chain(made).collect()
}

/// What is told of a debug container in which another run of the same runbook is still at work. It is not taken up: while it runs its own
/// client may come back to it, and two runs would end each other's steps. Pure.
pub(super) fn beside(pod: &Pod, attach: &Attach) -> Vec<String> {
    of(pod)
        .into_iter()
        .filter(|one| one.runbook.as_ref() == Some(&attach.runbook))
        .filter(|one| one.run.as_ref().is_some_and(|run| *run != attach.run))
        .filter(|one| matches!(one.state, Standing::Running { .. }))
        .map(|one| {
            format!(
                "run {} of the same runbook is still at this pod, in container {}",
                one.run.unwrap_or_default(),
                one.container
            )
        })
        .collect()
}

fn said(env: &Option<Vec<EnvVar>>, name: &str) -> Option<String> {
    let mut env = env.iter().flatten();
    let value = env.find(|one| one.name == name)?.value.clone()?;
    Some(value.replace("$$", "$"))
}

fn state(pod: &Pod, name: &str) -> Standing {
    if let Some(end) = standing::terminated(pod, name) {
        return Standing::Terminated {
            exit_code: end.exit_code,
            at: end.finished_at,
        };
    }
    match standing::state(pod, name).and_then(|state| state.running.as_ref()) {
        Some(running) => Standing::Running {
            since: running.started_at.as_ref().map(|at| at.0),
        },
        None => Standing::Waiting {
            reason: standing::waiting(pod, name),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ours_are_told_with_the_run_that_added_them() {
        let pod: Pod = serde_json::from_value(json!({
            "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"containers": [], "ephemeralContainers": [
                {"name": "debugger-x7k2p", "image": "busybox"},
                {"name": "housecall-sidecar", "image": "busybox"},
                {"name": "housecall-0011223344", "image": "tools:1", "env": [
                    {"name": "HOUSECALL_RUN", "value": "r1"}, {"name": "HOUSECALL_RUNBOOK", "value": "a$$b"}]},
                {"name": "housecall-5566778899", "image": "tools:1"}]},
            "status": {"ephemeralContainerStatuses": [
                {"name": "housecall-0011223344", "image": "", "imageID": "", "ready": false, "restartCount": 0,
                 "state": {"running": {"startedAt": "2026-01-02T03:04:05Z"}}}]},
        }))
        .unwrap();
        let found = of(&pod);
        let names: Vec<_> = found.iter().map(|one| one.container.as_str()).collect();
        assert_eq!(names, ["housecall-0011223344", "housecall-5566778899"]);
        assert_eq!(found[0].run.as_deref(), Some("r1"));
        assert_eq!(found[0].runbook.as_deref(), Some("a$b"));
        assert_eq!(found[0].state.word(), "running");
        assert_eq!((&found[1].run, &found[1].made), (&None, &None));
        assert_eq!(found[1].state, Standing::Waiting { reason: None });
    }

    #[test]
    fn another_run_of_the_same_runbook_that_is_still_at_the_pod_is_told() {
        let guest = |name: &str, run: &str, runbook: &str| {
            json!({"name": name, "env": [
                {"name": "HOUSECALL_RUN", "value": run}, {"name": "HOUSECALL_RUNBOOK", "value": runbook}]})
        };
        let status = |name: &str, state: &str| {
            json!({"name": name, "image": "", "imageID": "", "ready": false, "restartCount": 0,
                "state": {state: {"exitCode": 0}}})
        };
        let pod: Pod = serde_json::from_value(json!({
            "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"containers": [], "ephemeralContainers": [
                guest("housecall-0000000001", "r1", "web-smoke"), guest("housecall-0000000002", "r2", "web-smoke"),
                guest("housecall-0000000003", "r3", "other"), guest("housecall-0000000004", "r4", "web-smoke")]},
            "status": {"ephemeralContainerStatuses": [
                status("housecall-0000000001", "running"), status("housecall-0000000002", "terminated"),
                status("housecall-0000000003", "running"), status("housecall-0000000004", "running")]},
        }))
        .unwrap();
        let attach = Attach {
            run: "r4".into(),
            ..Attach::new("web-smoke", "tools:1")
        };
        assert_eq!(
            beside(&pod, &attach),
            ["run r1 of the same runbook is still at this pod, in container housecall-0000000001"]
        );
    }

    #[test]
    fn a_pod_is_ours_to_delete_only_where_its_container_names_its_run() {
        let pod: Pod = serde_json::from_value(json!({
            "metadata": {"name": "twin", "namespace": "shop", "uid": "u1"},
            "spec": {"activeDeadlineSeconds": 60, "containers": [
                {"name": "housecall-0011223344", "env": [{"name": "HOUSECALL_RUN", "value": "r1"}]},
                {"name": "housecall-5566778899"}]},
        }))
        .unwrap();
        let made: Vec<_> = of(&pod).into_iter().map(|one| one.made).collect();
        assert_eq!(made, [Some("u1".to_owned())]);
    }
}
