//! A dialogue on a terminal in a real pod: what it tells, what it hides, and that nothing of it is left.

use rustix::process::Signal;
use serde_json::json;

use crate::ground::{Ground, Standing};
use crate::node::Ward;
use crate::patience::eventually;
use crate::visit::{Seen, Visit};

const SECRET: &str = "correct-horse-battery-staple";

/// A patient that waits for no child of its own, and how it stood before the call.
struct Bed {
    ground: Ground,
    ward: Ward,
    before: Standing,
}

impl Bed {
    fn made() -> Option<Self> {
        let ground = Ground::ours()?;
        ground.admit(ground.patient("web"));
        let ward = Ward::of(&ground, "web");
        Some(Self {
            before: ground.standing("web"),
            ward,
            ground,
        })
    }

    fn call(&self, steps: &str) -> Visit {
        Visit::steps(&self.ground, steps, "web")
    }

    /// Nothing of ours is left, not even a zombie, and the patient is as it was.
    fn untouched(&self, seen: &Seen) {
        assert_eq!(self.ward.others(), [], "{}", seen.told());
        assert!(self.ward.lives());
        assert_eq!(self.ground.standing("web"), self.before);
        let end = &seen.only()["attach"]["terminated"];
        assert!(end["exit_code"].is_i64(), "{}", seen.told());
    }
}

#[test]
fn promise_2_an_interactive_shell_and_a_password_prompt_are_answered_and_the_secret_is_nowhere() {
    let Some(bed) = Bed::made() else { return };
    let text = r#"
version: 1
id: own
title: Own
params: {password: {type: secret, required: true}}
steps:
  - id: shell
    talk:
      run: [busybox, ash, -i]
      dialogue:
        - {expect: {regex: '[#$] '}, send: "PS1='ready> '"}
        - {expect: "\nready> ", send: ': a line that is wider than any terminal is by default, 80 columns; echo "$TERM {{password}}"'}
        - {expect: {regex: '\n(?<term>\w+) (?<word>\S+)\nready> '}, send: 'echo still here'}
        - {expect: "\nstill here\nready> "}
    expect: [{id: plain, that: term == "dumb"}, {id: hidden, that: word == "***password***"}]
  - id: login
    talk:
      run: [sh, -c, 'stty -echo; printf "Password: "; read -r word; stty echo; echo; echo "took $word"; exit 3']
      dialogue:
        - {expect: 'Password: ', send: '{{password}}'}
        - {expect: {regex: 'took (?<word>\S+)\n'}, timeout: 5s}
        - {send: '', timeout: 5s}
    expect: [{id: hidden-too, that: word == "***password***"}, {id: ended, that: exit == 3}]
  - id: after
    run: [ps]
    expect: [{id: gone, that: '!stdout.contains("ash -i") && !stdout.contains("sleep 2147483")'}]
"#;
    let visit = Visit::runbook(&bed.ground, text, "web");
    let seen = visit
        .env("HOUSECALL_PARAM_PASSWORD", SECRET)
        .env("HOUSECALL_LOG", "trace")
        .seen();
    assert_eq!(seen.code, Some(0), "{}", seen.told());
    assert_eq!(seen.step("shell")["attempts"][0]["exit"], json!(null));
    let stdout = String::from_utf8_lossy(&seen.stdout);
    for (place, text) in [
        ("report", stdout.as_ref()),
        ("stderr", seen.stderr.as_str()),
        ("pod", &bed.ground.pod("web").to_string()),
    ] {
        assert!(
            !text.contains(SECRET) && !text.contains("battery"),
            "{place}"
        );
    }
    assert_eq!(seen.only()["attach"]["terminated"]["exit_code"], 0);
    bed.untouched(&seen);
}

#[test]
fn promise_3_a_program_that_says_nothing_more_is_ended_at_the_timeout_with_all_its_children() {
    let Some(bed) = Bed::made() else { return };
    let steps = r#"
  - {id: mute, talk: {run: [sh, -c, 'trap "" HUP INT; echo up; sh -c "sleep 1001; true"; true'], dialogue: [{expect: up}, {expect: never}]}, timeout: 2s}
  - {id: quick, talk: {run: [cat], dialogue: [{send: hello}, {expect: never, timeout: 1s}]}}
  - {id: ended, talk: {run: [sh, -c, 'echo sorry; exit 4'], dialogue: [{expect: never}]}}
  - {id: absent, talk: {run: [nothing-like-it], dialogue: [{expect: never}]}}
  - {id: much, output: {max: 64KiB}, talk: {run: [yes], dialogue: [{expect: never}]}}
"#;
    let seen = bed.call(steps).seen();
    for (id, status) in [
        ("mute", "timeout"),
        ("quick", "timeout"),
        ("ended", "error"),
        ("absent", "unavailable"),
        ("much", "error"),
    ] {
        assert_eq!(seen.step(id)["status"], status, "{}", seen.told());
    }
    assert_eq!(seen.text("mute"), "up\n");
    assert_eq!(seen.text("quick"), "hello\nhello\n");
    assert_eq!(
        seen.step("ended")["reason"],
        "exchange 1 of 1: the program ended with exit 4 while \"never\" was awaited; last said: sorry"
    );
    assert_eq!(seen.text("much").len(), 64 * 1024);
    bed.untouched(&seen);
}

#[test]
#[ignore = "each zombie is told, which on a machine as busy as the other tests make it now and then comes too late"]
fn promise_3_ctrl_c_ends_the_program_of_a_dialogue() {
    let Some(bed) = Bed::made() else { return };
    let steps = "  - {id: mute, talk: {run: [sh, -c, 'trap \"\" HUP INT; echo up; sleep 1001; true'], dialogue: [{expect: up}, {expect: never}]}, timeout: 60s}\n";
    let run = bed.call(steps).start();
    eventually("the program", 30, || bed.ward.with_words("sleep 1001"));
    run.signal(Signal::INT);
    let seen = run.end();
    assert_eq!(seen.code, Some(130), "{}", seen.told());
    // What it wrote may have been on its way still when the run was interrupted.
    assert!("up\n".starts_with(seen.text("mute")), "{}", seen.told());
    // On a machine that is very busy a parent may go before its child is reaped: a zombie is told then, and nothing lives.
    let left = bed.ward.others();
    assert!(left.iter().all(|one| one.words.is_empty()), "{left:?}");
    let told = seen.told();
    assert!(
        left.is_empty() || told.contains("zombie"),
        "{left:?}: {told}"
    );
    assert!(bed.ward.lives());
    assert_eq!(bed.ground.standing("web"), bed.before);
}

#[test]
fn promise_3_a_client_that_is_killed_leaves_no_program_behind() {
    let Some(bed) = Bed::made() else { return };
    let steps = "  - {id: mute, talk: {run: [sh, -c, 'trap \"\" HUP INT; echo up; sleep 1001; true'], dialogue: [{expect: up}, {expect: never}]}, timeout: 60s}\n";
    let run = bed.call(steps).start();
    eventually("the program", 30, || bed.ward.with_words("sleep 1001"));
    run.signal(Signal::KILL);
    run.end();
    bed.ground.end_of_only_guest("web", 60);
    // With the stream of a terminal the runtime kills its first process, whatever the shell does; a child of it is the patient's then,
    // and stays as a zombie where that does not reap. Nothing lives.
    let left = bed.ward.others();
    assert!(left.iter().all(|one| one.words.is_empty()), "{left:?}");
    assert!(bed.ward.lives());
    assert_eq!(bed.ground.standing("web"), bed.before);
}
