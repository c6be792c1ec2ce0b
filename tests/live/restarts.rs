//! The cluster's own processes are killed in mid-run and started again: a run over the live transport loses the step under way and goes
//! on, one over the oneshot transport loses nothing. No other test can run meanwhile, so `tests/cluster/run` runs these after all others.

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::ground::Ground;
use crate::node::Ward;
use crate::patience::eventually;
use crate::visit::Visit;

const STEPS: &str = "  - {id: first, run: [echo, first]}
  - {id: during, run: [sleep, '5']}
  - {id: next, run: [echo, next]}
";

/// A process of the cluster that `tests/cluster/up` has started.
struct Component {
    file: PathBuf,
    pid: i32,
}

impl Component {
    fn find(name: &str) -> Self {
        let kubeconfig = std::env::var("KUBECONFIG").unwrap();
        let state = Path::new(&kubeconfig).parent().unwrap().parent().unwrap();
        let file = state.join("pid").join(name);
        let told = fs::read_to_string(&file).unwrap();
        let pid = told.split_whitespace().next().unwrap().parse().unwrap();
        Self { file, pid }
    }

    /// Kills it and sees to it that it runs again with the words, the environment and the log that it had.
    fn restart(&self) {
        let told = |what: &str| format!("/proc/{}/{what}", self.pid);
        let list = |what: &str| -> Vec<String> {
            let text = String::from_utf8(fs::read(told(what)).unwrap()).unwrap();
            text.split_terminator('\0').map(Into::into).collect()
        };
        let (words, variables) = (list("cmdline"), list("environ"));
        let log = fs::read_link(told("fd/1")).unwrap();
        let folder = fs::read_link(told("cwd")).unwrap();
        fs::write(&self.file, "").unwrap();
        kill_process(Pid::from_raw(self.pid).unwrap(), Signal::KILL).unwrap();
        // It holds its port until it is gone, and the larger it is, the longer that takes.
        eventually("the end of the process", 30, || {
            let status = fs::read_to_string(told("stat")).unwrap_or_default();
            let state = status.rsplit(") ").next().unwrap_or_default();
            (state.is_empty() || state.starts_with('Z')).then_some(())
        });
        let open = move || OpenOptions::new().append(true).open(&log).unwrap();
        let (file, kept) = (self.file.clone(), self.file.clone());
        let start = move || {
            let child = Command::new("setsid")
                .args(&words)
                .env_clear()
                .envs(variables.iter().filter_map(|one| one.split_once('=')))
                .current_dir(&folder)
                .stdin(Stdio::null())
                .stdout(open())
                .stderr(open())
                .spawn()
                .unwrap();
            let pid = child.id();
            let status = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
            // Field 22, counted behind the name, which may hold anything: when it was started. By it the cluster knows its own.
            let after = status.rsplit(") ").next().unwrap();
            let started = after.split(' ').nth(19).unwrap();
            fs::write(&file, format!("{pid} {started}\n")).unwrap();
            child
        };
        let mut child = start();
        // Where it does not come up at once, it is started again, as any init would.
        std::thread::spawn(move || {
            while child.wait().is_ok() {
                let told = fs::read_to_string(&kept).unwrap_or_default();
                if !told.starts_with(&format!("{} ", child.id())) {
                    break; // it was meant to go
                }
                std::thread::sleep(Duration::from_millis(500));
                child = start();
            }
        });
    }
}

fn restarted(name: &str) {
    let Some(ground) = Ground::ours() else { return };
    for transport in ["live", "oneshot"] {
        let pod = ground.admit(ground.patient(transport));
        let ward = Ward::of(&ground, &pod);
        let before = ground.standing(&pod);
        let run = Visit::steps(&ground, STEPS, &pod)
            .words(["--transport", transport])
            .start();
        eventually("the step", 30, || ward.with_words("sleep 5"));
        Component::find(name).restart();
        let seen = run.end();
        let told = seen.told();
        let statuses = ["first", "during", "next"].map(|id| &seen.step(id)["status"]);
        let expected = match transport {
            "live" => ["pass", "unreachable", "pass"],
            _ => ["pass"; 3],
        };
        assert_eq!(statuses, expected, "{name}, {transport}: {told}");
        assert_eq!(seen.only()["attach"]["proven"], true, "{told}");
        assert_eq!(
            seen.code,
            Some(if transport == "live" { 5 } else { 0 }),
            "{told}"
        );
        assert_eq!(ward.others(), []);
        assert_eq!(ground.standing(&pod), before);
    }
}

#[test]
#[ignore = "no other test can run while the API server is away"]
fn a_run_outlives_the_api_server() {
    restarted("apiserver");
}

#[test]
#[ignore = "no other test can run while the kubelet is away"]
fn a_run_outlives_the_kubelet() {
    restarted("kubelet");
}

#[test]
#[ignore = "no other test can run while the runtime is away"]
fn a_run_outlives_the_runtime() {
    restarted("containerd");
}
