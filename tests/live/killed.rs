//! The kill matrix: SIGKILL of the runner in each phase of a run, over both transports. No container outlives its own bounds, and the
//! patient is as it was.

use rustix::process::Signal;

use crate::ground::Ground;
use crate::node::Ward;
use crate::patience::eventually;
use crate::visit::{Running, Visit};

/// A pause between two steps is kept by the runner: in the container nothing runs meanwhile.
const STEPS: &str = "  - {id: first, run: [echo, first]}
  - {id: between, pause: 60s}
  - {id: long, run: [sleep, '1002'], timeout: 100s}
";

/// Short enough that a oneshot container comes to its own end while the test waits.
const SHORT: &str = "  - {id: first, run: [echo, first]}
  - {id: long, run: [sleep, '3']}
";

fn killed(steps: &str, transport: &str, when: impl FnOnce(&Ground, &Ward, &Running)) {
    let Some(ground) = Ground::find() else { return };
    ground.admit(ground.patient("web"));
    let ward = Ward::of(&ground, "web");
    let before = ground.standing("web");
    let run = Visit::steps(&ground, steps, "web")
        .words(["--transport", transport])
        .start();
    when(&ground, &ward, &run);
    run.signal(Signal::KILL);
    assert_eq!(run.end().code, None, "it was killed while it ran");
    // A patch that was on its way still lands.
    let guests = ground.guests("web");
    assert!(guests.len() <= 1, "{guests:?}");
    if !guests.is_empty() {
        ground.end_of_only_guest("web", 60);
    }
    assert_eq!(ward.others(), []);
    assert_eq!(ground.standing("web"), before);
}

/// Until the debug container is in the pod's spec.
fn added(ground: &Ground) {
    eventually("the debug container", 30, || {
        (!ground.guests("web").is_empty()).then_some(())
    });
}

#[test]
fn promise_3_killed_before_the_patch() {
    killed(STEPS, "live", |_, _, _| {});
}

#[test]
fn promise_3_killed_once_the_container_is_added() {
    for transport in ["live", "oneshot"] {
        killed(SHORT, transport, |ground, _, _| added(ground));
    }
}

#[test]
fn promise_3_killed_in_mid_step() {
    killed(STEPS.replace("60s", "1s").as_str(), "live", |_, ward, _| {
        eventually("the step", 30, || ward.with_words("sleep 1002"));
    });
    killed(SHORT, "oneshot", |_, ward, _| {
        eventually("the step", 30, || ward.with_words("sleep 3"));
    });
}

#[test]
fn promise_3_killed_between_two_steps() {
    killed(STEPS, "live", |_, _, run| run.asking("between"));
}

#[test]
fn promise_3_killed_before_the_end_is_read_back() {
    let steps =
        "  - {id: first, run: [echo, first]}\n  - {id: last, when: 'false', run: [echo, last]}\n";
    // The last step is told right before the container is told to leave.
    killed(steps, "live", |_, _, run| run.asking("last"));
}
