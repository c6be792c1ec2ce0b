//! The main job: one live pod, a whole report, nothing left running.

use serde_json::{Value, json};

use crate::ground::Ground;
use crate::node::Ward;
use crate::situation::as_held;
use crate::visit::Visit;

#[test]
fn a_live_pod_is_examined_with_the_shipped_runbook_and_nothing_is_left_running() {
    let Some(ground) = Ground::ours() else { return };
    let pod = ground.admit(ground.patient("web"));
    let ward = Ward::of(&ground, &pod);
    let before = ground.standing(&pod);

    let seen = Visit::run(&ground, "smoke/web", "pod/web -p port=80").seen();

    assert_eq!(seen.code, Some(0), "{}", seen.told());
    assert_eq!(seen.report["schema"], "housecall.report/1");
    assert_eq!(seen.report["exit"], json!({"code": 0, "also": []}));
    let target = seen.only();
    as_held("all asked, all hold", &seen, target);
    assert_eq!(target["target"]["uid"], ground.pod(&pod)["metadata"]["uid"]);
    assert_eq!(target["target"]["container"], "app");
    for step in target["steps"].as_array().unwrap() {
        assert_eq!(step["status"], "pass", "{step:#}");
    }
    let guests = ground.guests(&pod);
    assert_eq!(guests, [target["attach"]["container"].as_str().unwrap()]);
    assert_eq!(ground.standing(&pod), before);
    assert_eq!(ward.others(), []);
}

#[test]
fn several_runbooks_are_asked_within_one_debug_container() {
    let Some(ground) = Ground::find() else { return };
    let pod = ground.admit(ground.patient("web"));
    let seen = Visit::run(&ground, "smoke/web", "inventory/versions pod/web").seen();
    assert_eq!(seen.code, Some(0), "{}", seen.told());
    let target = seen.only();
    let mut asked: Vec<_> = target["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["id"].as_str().unwrap().split('/').next().unwrap())
        .collect();
    asked.dedup();
    assert_eq!(asked, ["web-smoke", "versions"]);
    assert_eq!(
        ground.guests(&pod),
        [target["attach"]["container"].as_str().unwrap()]
    );
}

#[test]
fn promise_3_the_reported_end_is_the_one_the_api_tells() {
    let Some(ground) = Ground::find() else { return };
    let pod = ground.admit(ground.patient("web"));
    let seen = Visit::steps(&ground, "  - {id: one, run: [ps]}\n", "pod/web").seen();
    assert_eq!(seen.code, Some(0), "{}", seen.told());
    let attach = &seen.only()["attach"];
    assert_eq!(attach["proven"], true);
    let told = ground.ended(&pod, attach["container"].as_str().unwrap());
    let told = told.expect("it has ended");
    let reported = &attach["terminated"];
    assert_eq!(reported["exit_code"], told["exitCode"]);
    assert_eq!(reported["reason"], told["reason"]);
    for (ours, theirs) in [("started_at", "startedAt"), ("finished_at", "finishedAt")] {
        let theirs = told[theirs]
            .as_str()
            .unwrap()
            .trim_end_matches('Z')
            .to_owned();
        assert_eq!(reported[ours], format!("{theirs}.000Z"));
    }
}

#[test]
fn the_first_answer_comes_after_the_first_request_and_before_the_end() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let seen = Visit::steps(&ground, "  - {id: one, run: [ps]}\n", "pod/web").seen();
    let attach = &seen.only()["attach"];
    let stamps = [
        &attach["requested_at"],
        &attach["first_answer_at"],
        &seen.report["run"]["finished"],
    ];
    let stamps: Vec<&str> = stamps.map(Value::as_str).into_iter().flatten().collect();
    assert_eq!(stamps.len(), 3, "{attach:#}");
    assert!(stamps.is_sorted(), "{stamps:?}");
}

#[test]
fn a_pod_without_a_kind_before_its_name_and_its_owner_find_the_same_pod() {
    let Some(ground) = Ground::find() else { return };
    let mut manifest = ground.patient("web");
    manifest["metadata"]["labels"] = json!({"app": "web"});
    ground.admit(manifest);
    ground.make(
        "services",
        json!({"metadata": {"name": "front"}, "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}}),
    );
    let steps = "  - {id: one, run: [ps]}\n";
    for target in ["web", "svc/front", "-l app=web"] {
        let seen = Visit::steps(&ground, steps, target).seen();
        assert_eq!(seen.code, Some(0), "{target}: {}", seen.told());
        assert_eq!(seen.only()["target"]["pod"], "web");
    }
}
