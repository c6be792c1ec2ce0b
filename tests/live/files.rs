//! Promise 9: a file read from the patient is the patient's, by whatever links it is reached.

use serde_json::{Value, json};

use crate::ground::Ground;
use crate::visit::{Seen, Visit};

/// Makes files and links in the patient before it serves.
const SETUP: &str = "set -e
mkdir -p /data/deep/er /run /var
[ -h /var/run ] || { rm -rf /var/run; ln -s /run /var/run; }
echo patient >/run/absolute
echo patient >/data/plain
ln -s ../plain /data/deep/relative
ln -s ../../../../../../../../data/plain /data/deep/er/climbing
ln -s /data/deep/relative /data/chain
ln -s b /data/a
ln -s a /data/b
ln -s /etc/only-in-the-debug-image /data/foreign
ln -s /bin/busybox-nowhere /data/dangling
mkdir '/data/a b'; echo patient >'/data/a b/$(id)'
exec ";

fn read(seen: &Seen, id: &str) -> (Value, Value, Value) {
    let facts = &seen.step(id)["facts"];
    (
        facts["exists"].clone(),
        facts["text"].clone(),
        seen.step(id)["status"].clone(),
    )
}

#[test]
fn promise_9_no_link_leads_out_of_the_patients_root() {
    let Some(ground) = Ground::find() else { return };
    let mut pod = ground.of(
        "web",
        json!({"name": "app", "image": ground.image, "command": ["sh", "-c", format!("{SETUP} sh -c '{}'", "while :; do sleep 1; done")]}),
    );
    // The token would be mounted below /var/run, which is to be a link.
    pod["spec"]["automountServiceAccountToken"] = false.into();
    pod["spec"]["containers"][0]["readinessProbe"] =
        json!({"exec": {"command": ["test", "-e", "/data/a b/$(id)"]}, "periodSeconds": 1});
    ground.make("pods", pod);
    ground.ready("web");
    let paths = [
        ("plain", "/data/plain"),
        ("absolute", "/var/run/absolute"),
        ("relative", "/data/deep/relative"),
        ("climbing", "/data/deep/er/climbing"),
        ("chain", "/data/chain"),
        ("dots", "/data/deep/../../../data/./deep/er/../../plain"),
        ("odd", "/data/a b/$(id)"),
        ("rooted", "{{target_root}}/var/run/absolute"),
        ("circle", "/data/a"),
        ("foreign", "/data/foreign"),
        ("dangling", "/data/dangling"),
        ("nowhere", "/data/nowhere"),
    ];
    // One of ours by the same name as what the foreign link points to, made by an earlier step.
    let mut steps = "  - {id: bait, sh: 'mkdir -p /etc /data; echo ours >/etc/only-in-the-debug-image; echo ours >/data/nowhere; mkdir -p /run; echo ours >/run/absolute'}\n".to_owned();
    for (id, path) in paths {
        steps += &format!(
            "  - {{id: {id}, file: '{path}', expect: [{{id: looked-{id}, that: 'true'}}]}}\n"
        );
    }
    let seen = Visit::steps(&ground, &steps, "web").seen();
    for (id, _) in &paths[..8] {
        assert_eq!(
            read(&seen, id),
            (json!(true), json!("patient\n"), json!("pass")),
            "{id}: {:#}",
            seen.step(id)
        );
    }
    for id in ["foreign", "dangling", "nowhere"] {
        assert_eq!(
            seen.step(id)["facts"]["exists"],
            false,
            "{id}: {:#}",
            seen.step(id)
        );
    }
    assert_ne!(seen.step("circle")["facts"]["text"], "ours\n");
    let all = String::from_utf8_lossy(&seen.stdout);
    assert!(
        !all.contains("ours\\n"),
        "a file of the debug image was read"
    );
}

#[test]
fn the_patient_is_found_and_not_assumed_where_the_pod_shares_its_processes() {
    let Some(ground) = Ground::find() else { return };
    let sleeper = |name: &str| json!({"name": name, "image": ground.image, "command": ["sh", "-c", format!("echo {name} >/whose; while :; do sleep 1; done")]});
    let mut pod = ground.of("web", sleeper("app"));
    pod["spec"]["shareProcessNamespace"] = true.into();
    pod["spec"]["containers"]
        .as_array_mut()
        .unwrap()
        .push(sleeper("side"));
    ground.admit(pod);
    let steps = "  - {id: pid, run: [echo, '{{target_pid}}', '{{target_root}}']}\n  - {id: whose, file: /whose}\n  - {id: script, sh: 'cat $target_root/whose'}\n";
    for container in ["app", "side"] {
        let seen = Visit::steps(&ground, steps, &format!("web --target {container}")).seen();
        assert_eq!(seen.code, Some(0), "{container}: {}", seen.told());
        let words: Vec<_> = seen.text("pid").split_whitespace().collect();
        assert_ne!(words[0], "1", "process 1 is the pause process");
        assert_eq!(words[1], format!("/proc/{}/root", words[0]));
        assert_eq!(seen.text("script"), format!("{container}\n"));
        assert_eq!(
            seen.step("whose")["facts"]["text"],
            format!("{container}\n")
        );
        assert_eq!(seen.only()["target"]["container"], container);
    }
}

#[test]
fn the_second_container_is_examined_when_it_is_the_one_that_is_named() {
    let Some(ground) = Ground::find() else { return };
    let sleeper = |name: &str| json!({"name": name, "image": ground.image, "command": ["sh", "-c", format!("echo {name} >/whose; while :; do sleep 1; done")]});
    let mut pod = ground.of("web", sleeper("app"));
    pod["spec"]["containers"]
        .as_array_mut()
        .unwrap()
        .push(sleeper("side"));
    ground.admit(pod);
    let steps = "  - {id: whose, file: /whose}\n";
    for (words, container) in [("web", "app"), ("web --target side", "side")] {
        let seen = Visit::steps(&ground, steps, words).seen();
        assert_eq!(
            seen.step("whose")["facts"]["text"],
            format!("{container}\n"),
            "{}",
            seen.told()
        );
    }
}

#[test]
fn promise_9_collected_files_are_the_patients_byte_for_byte() {
    let Some(ground) = Ground::find() else { return };
    let setup = "mkdir -p /app/config; printf 'a\\000\\377\\n' >/app/config/a.bin; head -c 700000 /dev/zero >/app/config/big.bin; ln -s /app/config /conf; ln -s /etc/only-ours /app/config/ours.bin";
    let command = format!("{setup}; touch /ready; while :; do sleep 1; done");
    let mut pod = ground.of(
        "web",
        json!({"name": "app", "image": ground.image, "command": ["sh", "-c", command]}),
    );
    pod["spec"]["containers"][0]["readinessProbe"] =
        json!({"exec": {"command": ["test", "-e", "/ready"]}, "periodSeconds": 1});
    ground.make("pods", pod);
    ground.ready("web");
    let steps = "  - {id: bait, sh: 'mkdir -p /etc; echo ours >/etc/only-ours'}
  - {id: all, collect: [{glob: '{{target_root}}/conf/*.bin', name: config/}]}
  - {id: small, collect: [{path: /conf/big.bin, max: 1KiB}], expect: [{id: kept-out, that: 'exit == 1 && files.is_empty()'}]}
";
    let kept = ground.scratch("kept");
    let seen = Visit::steps(&ground, steps, "web")
        .words(["--artifacts", &kept])
        .seen();
    assert_eq!(seen.code, Some(0), "{}", seen.told());
    let folder = format!("{kept}/{}_web/all/config", ground.namespace);
    let read = |name: &str| std::fs::read(format!("{folder}/{name}")).unwrap();
    assert_eq!(read("a.bin"), b"a\0\xff\n");
    assert_eq!(read("big.bin"), vec![0; 700_000]);
    let names: Vec<_> = seen.step("all")["facts"]["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["path"].clone())
        .collect();
    assert_eq!(
        names,
        ["/conf/a.bin", "/conf/big.bin"],
        "the link to our own file matches nothing of the patient"
    );
}
