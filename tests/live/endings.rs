//! How a run ends when it does not end by itself: signals, a killed runner, a keeper that nobody comes to.

use housecall::cluster::shell::{Keeper, leave};
use rustix::process::Signal;

use crate::ground::Ground;
use crate::guest;
use crate::patience::eventually;
use crate::situation::as_held;
use crate::table::as_told;
use crate::visit::Visit;

const LONG: &str = "  - {id: first, run: [ps]}\n  - {id: long, run: [sleep, '1000'], timeout: 60s}\n  - {id: next, run: [ps]}\n";

#[test]
fn promise_3_ctrl_c_ends_the_container_proves_it_and_reports_what_there_is() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let run = Visit::steps(&ground, LONG, "web").start();
    run.asking("long");
    run.signal(Signal::INT);
    let seen = run.end();
    as_told("Ctrl-C once", &seen);
    as_held("Ctrl-C", &seen, seen.only());
    assert_eq!(seen.step("first")["status"], "pass");
    let attach = &seen.only()["attach"];
    assert_eq!(attach["proven"], true);
    let told = ground.ended("web", attach["container"].as_str().unwrap());
    assert_eq!(attach["terminated"]["exit_code"], told.unwrap()["exitCode"]);
}

#[test]
fn promise_3_term_is_as_ctrl_c() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let run = Visit::steps(&ground, LONG, "web").start();
    run.asking("long");
    run.signal(Signal::TERM);
    let seen = run.end();
    assert_eq!(seen.code, Some(130), "{}", seen.told());
    assert_eq!(seen.only()["attach"]["proven"], true);
}

#[test]
fn promise_3_a_second_ctrl_c_waits_no_more_and_says_that_the_end_is_not_proven() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let run = Visit::steps(&ground, LONG, "web").start();
    run.asking("long");
    run.signal(Signal::INT);
    eventually("the word about the first signal", 10, || {
        run.said().contains("stopping").then_some(())
    });
    run.signal(Signal::INT);
    let seen = run.end();
    as_told("Ctrl-C twice", &seen);
    as_held("Ctrl-C twice", &seen, seen.only());
    // It ends by itself all the same, at the latest when its grace is over.
    ground.end_of_only_guest("web", 60);
}

#[test]
fn promise_3_a_killed_runner_leaves_a_container_that_ends_by_itself() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let before = ground.standing("web");
    let run = Visit::steps(&ground, LONG, "web").start();
    run.asking("long");
    run.signal(Signal::KILL);
    assert_eq!(run.end().code, None);
    let ended = ground.end_of_only_guest("web", 60);
    assert_eq!(
        ended["exitCode"],
        leave::NO_SHELL,
        "its keeper waited for another shell, and was not killed: {ended:#}"
    );
    assert_eq!(ground.standing("web"), before);
}

#[test]
fn promise_3_a_deadline_ends_the_container_and_the_rest_is_unreachable() {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let before = ground.standing("web");
    let seen = Visit::steps(&ground, LONG, "web --deadline 4s").seen();
    as_told("keeper deadline", &seen);
    as_held("the keeper ended, steps unasked", &seen, seen.only());
    assert_eq!(seen.step("first")["status"], "pass");
    assert_eq!(seen.step("long")["status"], "unreachable");
    assert_eq!(seen.step("next")["status"], "unreachable");
    let attach = &seen.only()["attach"];
    assert_eq!(
        attach["terminated"]["exit_code"],
        leave::DEADLINE,
        "{attach:#}"
    );
    assert_eq!(ground.standing("web"), before);
}

/// A keeper of its own in a pod, and the exit code it leaves with when nobody comes.
fn alone(keeper: Keeper) -> Option<i64> {
    let ground = Ground::find()?;
    ground.admit(ground.patient("web"));
    guest::add(&ground, "web", "housecall-0000000001", &keeper.script());
    ground.end_of_only_guest("web", 30)["exitCode"].as_i64()
}

const TOMORROW: i64 = i64::MAX / 2;

#[test]
fn promise_3_a_keeper_to_which_no_shell_comes_leaves_within_its_grace() {
    let keeper = Keeper {
        not_after: TOMORROW,
        deadline_seconds: 60,
        grace_seconds: 2,
    };
    if let Some(code) = alone(keeper) {
        assert_eq!(code, i64::from(leave::NO_SHELL));
    }
}

#[test]
fn promise_3_a_keeper_leaves_at_its_deadline() {
    let keeper = Keeper {
        not_after: TOMORROW,
        deadline_seconds: 2,
        grace_seconds: 60,
    };
    if let Some(code) = alone(keeper) {
        assert_eq!(code, i64::from(leave::DEADLINE));
    }
}

#[test]
fn promise_3_a_keeper_that_is_started_too_late_leaves_at_once() {
    let keeper = Keeper {
        not_after: 1,
        deadline_seconds: 60,
        grace_seconds: 60,
    };
    if let Some(code) = alone(keeper) {
        assert_eq!(code, i64::from(leave::TOO_LATE));
    }
}
