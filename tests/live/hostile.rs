//! Promise 7: what a pod writes is data, whatever it is, and however much of it there is.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::ground::Ground;
use crate::visit::Visit;

/// The most memory that the debug build of the runner may take for one pod, KiB.
const MEMORY: u64 = 120 * 1024;

fn content(out: &Value) -> Vec<u8> {
    match out["text"].as_str() {
        Some(text) => text.into(),
        None => STANDARD.decode(out["base64"].as_str().unwrap()).unwrap(),
    }
}

#[test]
fn promise_7_hostile_bytes_arrive_unchanged_and_move_nothing() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    // Escape codes, a CI command, NUL, invalid UTF-8, carriage returns, things that look like marks of a step's end.
    let octal = r"\033[2J\033]0;owned\007::error::forged\n::set-output name=x::y\r\n\000\377\376 1 end 0 0 0\n1 exit 0\nbye 0\n";
    let steps = format!(
        "  - id: loud\n    sh: |\n      printf '{octal}'; printf '{octal}' >&2\n  - {{id: next, run: [ps]}}\n"
    );
    let visit = || Visit::steps(&ground, &steps, "web");
    let mut expected =
        b"\x1b[2J\x1b]0;owned\x07::error::forged\n::set-output name=x::y\r\n\0".to_vec();
    expected.extend(b"\xff\xfe 1 end 0 0 0\n1 exit 0\nbye 0\n");

    let seen = visit().seen();
    assert_eq!(seen.code, Some(0), "{}", seen.told());
    let attempt = &seen.step("loud")["attempts"][0];
    assert_eq!(content(&attempt["stdout"]), expected);
    assert_eq!(content(&attempt["stderr"]), expected);
    assert_eq!(seen.step("next")["status"], "pass");
    assert!(!seen.stdout.contains(&0x1b), "the JSON holds no raw escape");

    let shown = visit()
        .words(["-o", &format!("terminal={}", ground.scratch("report.txt"))])
        .seen();
    assert_eq!(shown.code, Some(0), "{}", shown.told());
    let text = std::fs::read(ground.scratch("report.txt")).unwrap();
    assert!(!text.contains(&0x1b) && !text.contains(&7) && !text.contains(&0));
    let text = String::from_utf8(text).unwrap();
    assert!(!text.lines().any(|line| line.starts_with("::")), "{text}");
}

#[test]
fn promise_7_endless_output_is_cut_at_its_cap_in_bounded_memory() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let steps = "  - {id: endless, run: ['yes'], timeout: 3s, output: {max: 100KiB}}\n  - {id: both, sh: 'yes & yes >&2', timeout: 3s}\n  - {id: next, run: [ps]}\n";
    let seen = Visit::steps(&ground, steps, "web").seen();
    assert_ne!(seen.code, Some(0), "{}", seen.told());
    for (id, stream, cap) in [
        ("endless", "stdout", 100),
        ("both", "stdout", 256),
        ("both", "stderr", 256),
    ] {
        let out = &seen.step(id)["attempts"][0][stream];
        assert_eq!(out["bytes"], json!(cap * 1024), "{id} {stream}");
        assert_eq!(out["truncated"], true, "{id} {stream}");
        assert!(
            content(out).chunks(2).all(|pair| pair == b"y\n"),
            "{id} {stream}"
        );
    }
    assert_eq!(seen.step("next")["status"], "pass");
    assert!(
        seen.peak_kib > 0 && seen.peak_kib < MEMORY,
        "{} KiB",
        seen.peak_kib
    );
}

#[test]
fn promise_4_five_megabytes_in_short_lines_arrive_to_the_byte() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let steps =
        "  - {id: lines, run: [seq, '100000', '839999'], timeout: 30s, output: {max: 8MiB}}\n";
    let seen = Visit::steps(&ground, steps, "web").seen();
    assert_eq!(seen.code, Some(0), "{}", seen.told());
    let mut expected = Vec::new();
    for number in 100_000..840_000 {
        expected.extend_from_slice(format!("{number}\n").as_bytes());
    }
    assert_eq!(expected.len(), 5_180_000);
    let out = &seen.step("lines")["attempts"][0]["stdout"];
    assert_eq!(
        (&out["bytes"], &out["truncated"]),
        (&json!(5_180_000), &json!(false))
    );
    assert_eq!(Sha256::digest(content(out)), Sha256::digest(&expected));
}

#[test]
fn promise_1_words_and_params_reach_the_pod_as_they_are_and_are_never_run() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let evil = "$(touch /tmp/pwned) `id` '\" \\ ; & | \n{{1+1}} $$ $(POD) é";
    let runbook = "version: 1\nid: own\ntitle: t\nparams:\n  word: {type: string, required: true}\nsteps:\n  - {id: argv, run: [printf, '%s', '{{word}}']}\n  - {id: script, sh: 'printf %s \"$word\"'}\n  - {id: clean, run: [ls, /tmp]}\n";
    let seen = Visit::runbook(&ground, runbook, "web")
        .words(["-p", &format!("word={evil}")])
        .seen();
    assert_eq!(seen.code, Some(0), "{}", seen.told());
    assert_eq!(seen.text("argv"), evil);
    assert_eq!(seen.text("script"), evil);
    assert!(!seen.text("clean").contains("pwned"));
}
