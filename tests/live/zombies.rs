//! Promise 5 on a patient whose first process waits for no child: what is orphaned to it stays a zombie and is counted.

use rustix::process::Signal;

use crate::ground::{Ground, Standing};
use crate::node::Ward;
use crate::patience::eventually;
use crate::visit::Visit;

/// A patient, and how it stood before the call.
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
        assert_eq!(ward.others(), []);
        Some(Self {
            before: ground.standing("web"),
            ward,
            ground,
        })
    }

    fn call(&self, steps: &str) -> Visit {
        Visit::steps(&self.ground, steps, "web")
    }

    /// A step that is surely running: one of its processes is seen in the pod.
    fn until_running(&self, words: &str) {
        eventually("the step's own process", 30, || self.ward.with_words(words));
    }

    /// Nothing of ours is left, not even a zombie, and the patient is as it was.
    fn untouched(&self, after: &str) {
        assert_eq!(self.ward.zombies(), 0, "{after}: {:?}", self.ward.others());
        assert_eq!(self.ward.others(), [], "{after}");
        assert!(self.ward.lives());
        assert_eq!(self.ground.standing("web"), self.before);
    }
}

/// Steps that leave orphans behind unless each is waited for.
const TANGLES: [(&str, &str); 2] = [
    ("pipeline", "sleep 1001 | sleep 1001 | cat"),
    (
        "nested",
        "sh -c \"sh -c \\\"sleep 1001; true\\\"; true\"; true",
    ),
];

/// A script that waits for children of its own.
const BACKGROUND: (&str, &str) = ("background", "sleep 1001 & sleep 1001 & wait");

fn tangle(id: &str, script: &str, timeout: &str) -> String {
    format!("  - {{id: {id}, sh: '{script}', timeout: {timeout}}}\n")
}

#[test]
fn promise_5_a_run_that_ends_well_leaves_no_zombie() {
    let Some(bed) = Bed::made() else { return };
    let steps = "  - {id: pipe, sh: 'ps | cat | wc -l'}\n  - {id: nest, sh: 'sh -c \"sh -c true; true\"'}\n  - {id: tool, run: [ps]}\n  - {id: file, file: /etc/passwd}\n  - {id: noise, sh: 'yes | head -c 100000 | wc -c'}\n";
    let seen = bed.call(steps).seen();
    assert_eq!(seen.code, Some(0), "{}", seen.told());
    bed.untouched("the run");
}

#[test]
fn promise_5_time_outs_of_pipelines_and_nested_shells_leave_no_zombie() {
    let Some(bed) = Bed::made() else { return };
    let steps: String = TANGLES
        .map(|(id, script)| tangle(id, script, "1s"))
        .concat();
    let seen = bed.call(&steps).seen();
    assert_eq!(seen.code, Some(5), "{}", seen.told());
    for (id, _) in TANGLES {
        assert_eq!(seen.step(id)["status"], "timeout", "{id}");
    }
    bed.untouched("the run");
}

#[test]
fn promise_5_background_children_of_a_script_that_waits_for_them_leave_no_zombie() {
    let Some(bed) = Bed::made() else { return };
    let (id, script) = BACKGROUND;
    let seen = bed.call(&tangle(id, script, "1s")).seen();
    assert_eq!(seen.step(id)["status"], "timeout", "{}", seen.told());
    bed.untouched(id);
}

#[test]
fn promise_5_orphans_that_a_step_makes_itself_are_ended_and_counted_in_the_report() {
    let Some(bed) = Bed::made() else { return };
    // The patient's first process adopts them when their own shell ends: nobody else can wait for them.
    let steps = "  - {id: left, sh: 'sleep 1001 & sleep 1001 & echo gone', timeout: 2s}\n  - {id: next, run: [ps]}\n";
    let seen = bed.call(steps).seen();
    assert_eq!(seen.step("next")["status"], "pass", "{}", seen.told());
    let zombies = bed.ward.zombies();
    assert_eq!(bed.ward.others().len(), zombies, "none still runs");
    assert!(
        zombies == 0 || seen.told().contains(&format!("{zombies} ")),
        "{zombies} of them: {}",
        seen.told()
    );
    assert_eq!(bed.ground.standing("web"), bed.before);
}

#[test]
fn promise_5_ctrl_c_leaves_no_zombie() {
    for (id, script) in TANGLES {
        let Some(bed) = Bed::made() else { return };
        let run = bed.call(&tangle(id, script, "60s")).start();
        bed.until_running("sleep 1001");
        run.signal(Signal::INT);
        let seen = run.end();
        assert_eq!(seen.code, Some(130), "{id}: {}", seen.told());
        bed.untouched(id);
    }
}

#[test]
fn promise_5_a_killed_runner_leaves_no_zombie() {
    for (id, script) in TANGLES {
        let Some(bed) = Bed::made() else { return };
        let run = bed.call(&tangle(id, script, "60s")).start();
        bed.until_running("sleep 1001");
        run.signal(Signal::KILL);
        run.end();
        bed.ground.end_of_only_guest("web", 60);
        bed.untouched(id);
    }
}

#[test]
fn promise_5_a_deadline_leaves_no_zombie() {
    for (id, script) in TANGLES {
        let Some(bed) = Bed::made() else { return };
        let seen = bed
            .call(&tangle(id, script, "60s"))
            .words(["--deadline", "4s"])
            .seen();
        assert_eq!(seen.code, Some(5), "{id}: {}", seen.told());
        bed.untouched(id);
    }
}
