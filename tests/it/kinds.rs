//! Scripts of the kinds that read `/proc`, run by every shell that must do: on real processes and sockets of this machine, and on
//! directories laid out as the kernel lays out what cannot be had here.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::net::TcpListener;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use housecall::ask::{Answer, Captured, Ended, Question};
use housecall::report::Verdict;
use housecall::script::{Scope, Template};
use housecall::step::{Given, Kind, Observation, Spec};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

const SHELLS: [&[&str]; 3] = [&["/bin/busybox", "sh"], &["/bin/dash"], &["/bin/bash"]];

/// A question, and where it is put.
struct Asked {
    kind: &'static str,
    spec: Spec,
    names: Map<String, Value>,
    /// Programs that the shell finds.
    path: OsString,
    /// Stands in for the directory above `proc`.
    above: String,
}

impl Asked {
    fn of(kind: &'static str, pid: u32) -> Self {
        let mut names = Map::new();
        names.insert("target_pid".into(), pid.into());
        Self {
            kind,
            spec: Spec::default(),
            names,
            path: std::env::var_os("PATH").unwrap(),
            above: String::new(),
        }
    }

    fn root(mut self, root: &str) -> Self {
        self.names.insert("target_root".into(), root.into());
        self
    }

    fn above(mut self, directory: &TempDir) -> Self {
        self.above = directory.path().to_str().unwrap().into();
        self
    }

    fn path(mut self, path: &Path) -> Self {
        self.path = path.into();
        self
    }

    fn by(&self, shell: &[&str]) -> Observation {
        let registered = Kind::registered(self.kind).unwrap();
        let kind = Kind::build(registered, self.spec.clone(), &[]).unwrap();
        let asks = kind.asks(&Scope::of(&self.names)).unwrap();
        let Question::Script { text, env } = &asks[0].question else {
            panic!("{} asks by a script", self.kind);
        };
        let text = text.replace("/proc/", &format!("{}/proc/", self.above));
        let output = Command::new(shell[0])
            .args(&shell[1..])
            .args(["-c", &text])
            .env_clear()
            .env("PATH", &self.path)
            .envs(env.iter().cloned())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let answer = Answer {
            ended: Ended::Exited(output.status.code().unwrap()),
            stdout: Captured::whole(output.stdout),
            stderr: Captured::whole(output.stderr),
            started: jiff::Timestamp::UNIX_EPOCH,
            duration: Duration::from_millis(20),
            file: None,
            progress: None,
            remarks: Vec::new(),
        };
        kind.read(&[answer], "this machine")
    }

    fn facts(&self, shell: &[&str]) -> Value {
        let observation = self.by(shell);
        assert_eq!(observation.blocked, None, "{shell:?}: {observation:?}");
        observation.facts.into()
    }

    fn blocked(&self, shell: &[&str]) -> (Verdict, String) {
        self.by(shell).blocked.unwrap()
    }
}

/// A process that sleeps until it is dropped.
struct Sleeper(Child);

impl Sleeper {
    /// When it is started it has its own name and arguments already, not those of what forked it.
    fn start(command: &mut Command) -> Self {
        Self(command.arg("60").stdout(Stdio::null()).spawn().unwrap())
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn row(facts: &Value, is: impl Fn(&Value) -> bool) -> &Value {
    let rows = facts["rows"].as_array().unwrap();
    rows.iter().find(|row| is(row)).unwrap()
}

fn write(directory: &TempDir, path: &str, text: &str) {
    let path = directory.path().join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[test]
fn a_process_with_a_hostile_name_is_told_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let program = directory
        .path()
        .join(OsStr::from_bytes(b"a b)\n\"\x1b[1m\xff"));
    fs::copy("/bin/sleep", &program).unwrap();
    // Without any program, too: no grep, and no second shell for one that reads no NULs.
    let none = tempfile::tempdir().unwrap();
    let sleeper = Sleeper::start(Command::new(program).arg0("it's \"a\"\n) S 1\t"));
    for shell in SHELLS {
        let mut asked = Asked::of("processes", sleeper.pid());
        for path in [asked.path.clone(), none.path().into()] {
            asked.path = path;
            let facts = asked.facts(shell);
            let row = row(&facts, |row| row["pid"] == sleeper.pid());
            assert_eq!(row["name"], "a b)\n\"\x1b[1m\u{fffd}", "{shell:?}");
            assert_eq!(row["ppid"], std::process::id(), "{shell:?}");
            assert_eq!(row["threads"], 1, "{shell:?}");
            let unread = facts["way"] == "none";
            let args = if unread {
                Value::Null
            } else {
                "it's \"a\"\n) S 1\t 60".into()
            };
            assert_eq!(row["args"], args, "{shell:?}");
        }
    }
}

#[test]
fn a_zombie_is_told_as_one() {
    let mut child = Command::new("/bin/sleep").arg("60").spawn().unwrap();
    child.kill().unwrap();
    for shell in SHELLS {
        let facts = Asked::of("processes", std::process::id()).facts(shell);
        let row = row(&facts, |row| row["pid"] == child.id());
        assert_eq!(
            (&row["state"], &row["rss"], &row["args"]),
            (&json!("Z"), &json!(0), &json!("")),
            "{shell:?}"
        );
    }
    child.wait().unwrap();
}

#[test]
fn only_the_variables_asked_for_leave_the_patient() {
    let sleeper = Sleeper::start(
        Command::new("/bin/sleep")
            .env_clear()
            .env("MULTI", "a\nSECRET=b\n")
            .env("SECRET", "hidden")
            .env("EMPTY", ""),
    );
    let mut asked = Asked::of("environment", sleeper.pid());
    let names = ["MULTI", "EMPTY", "NONE", "*"];
    let names = names.map(|name| Template::parse(name).unwrap());
    asked.spec.give("names", Given::Texts(names.into()));
    for shell in SHELLS {
        let facts = asked.facts(shell);
        assert_eq!(
            facts["vars"],
            json!({"MULTI": "a\nSECRET=b\n", "EMPTY": "", "NONE": null, "*": null}),
            "{shell:?}"
        );
        assert!(
            !facts["stdout"].as_str().unwrap().contains("hidden"),
            "{shell:?}"
        );
    }
}

#[test]
fn a_program_that_writes_its_title_over_its_environment_has_none_that_is_told_as_not_set() {
    for (environ, known) in [
        // As nginx leaves it, and as perl does.
        (" daemon off;\0\0\0\0\0\0\0", json!({})),
        ("xxxx\0                     ", json!({})),
        ("tle\0A=1\0C=3\0", json!({"A": "1"})),
        ("A=1\0C=3\0", json!({"A": "1", "B": null})),
        ("", json!({"A": null, "B": null})),
    ] {
        let directory = tempfile::tempdir().unwrap();
        write(&directory, "proc/7/environ", environ);
        let mut asked = Asked::of("environment", 7).above(&directory);
        let names = ["A", "B"].map(|name| Template::parse(name).unwrap());
        asked.spec.give("names", Given::Texts(names.into()));
        for shell in SHELLS {
            // dash cannot tell by a `/proc` of ours whether it reads up to a NUL, and asks a shell that can.
            let facts = asked.facts(shell);
            assert_eq!(facts["vars"], known, "{shell:?}: {environ:?}");
        }
    }
}

#[test]
fn a_listener_is_found_also_where_there_is_no_program_at_all() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let none = tempfile::tempdir().unwrap();
    for shell in SHELLS {
        for asked in [
            Asked::of("sockets", std::process::id()),
            Asked::of("sockets", std::process::id()).path(none.path()),
        ] {
            let facts = asked.facts(shell);
            let row = row(&facts, |row| {
                row["lport"] == port && row["state"] == "LISTEN"
            });
            assert_eq!(
                (&row["proto"], &row["local"]),
                (&json!("tcp"), &json!("127.0.0.1")),
                "{shell:?}"
            );
            assert!(
                facts["by_state"]["LISTEN"].as_u64().unwrap() > 0,
                "{shell:?}"
            );
        }
    }
}

#[test]
fn a_process_that_is_gone_is_unavailable_and_not_empty() {
    for shell in SHELLS {
        for kind in ["processes", "limits", "mounts"] {
            let (verdict, why) = Asked::of(kind, 4_000_000).blocked(shell);
            assert_eq!(verdict, Verdict::Unavailable, "{shell:?}: {kind}: {why}");
            assert!(why.contains("4000000"), "{shell:?}: {kind}: {why}");
        }
    }
}

/// A program on a path of its own that does what `script` says, and what else lies in `/bin` under these names.
fn instead(name: &str, script: &str, others: &[&str]) -> TempDir {
    let bin = tempfile::tempdir().unwrap();
    let program = bin.path().join(name);
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    for other in others {
        std::os::unix::fs::symlink(Path::new("/bin").join(other), bin.path().join(other)).unwrap();
    }
    bin
}

#[test]
fn more_processes_than_a_program_takes_as_arguments_are_read_without_it() {
    // busybox asks none but its own grep, which takes any number.
    let grep = instead("grep", "#!/bin/sh\nexit 126\n", &["ash", "bash"]);
    let sleeper = Sleeper::start(&mut Command::new("/bin/sleep"));
    for shell in &SHELLS[1..] {
        let facts = Asked::of("processes", std::process::id())
            .path(grep.path())
            .facts(shell);
        let row = row(&facts, |row| row["pid"] == sleeper.pid());
        assert_eq!(row["name"], "sleep", "{shell:?}");
    }
}

#[test]
fn a_grep_that_finds_nothing_in_anything_leaves_no_list_instead_of_an_empty_one() {
    let grep = instead("grep", "#!/bin/sh\nexit 2\n", &["ash", "bash"]);
    for shell in &SHELLS[1..] {
        let (verdict, why) = Asked::of("processes", std::process::id())
            .path(grep.path())
            .blocked(shell);
        assert_eq!(verdict, Verdict::Error, "{shell:?}: {why}");
    }
}

#[test]
fn a_group_above_of_what_a_mount_shows_is_not_looked_for_beside_it() {
    let directory = tempfile::tempdir().unwrap();
    in_version_2(&directory);
    write(&directory, "proc/7/cgroup", "0::/..\n");
    let mountinfo = "21 20 0:30 / /sys/fs/c\\040g ro,nosuid - cgroup2 cgroup rw,nsdelegate\n";
    write(&directory, "proc/7/mountinfo", mountinfo);
    let root = directory.path().join("proc/7/root");
    for shell in SHELLS {
        let observation = Asked::of("limits", 7)
            .above(&directory)
            .root(root.to_str().unwrap())
            .by(shell);
        assert!(
            !observation.facts.contains_key("memory_max"),
            "{shell:?}: a limit that was not seen is not unlimited"
        );
        assert_eq!(observation.blocked.unwrap().0, Verdict::Unavailable);
    }
}

#[test]
fn descriptors_that_may_not_be_listed_are_not_counted_as_none() {
    let directory = tempfile::tempdir().unwrap();
    in_version_2(&directory);
    let descriptors = directory.path().join("proc/7/fd");
    fs::remove_dir_all(&descriptors).unwrap();
    fs::create_dir(&descriptors).unwrap();
    let root = directory.path().join("proc/7/root");
    for shell in SHELLS {
        let facts = Asked::of("limits", 7)
            .above(&directory)
            .root(root.to_str().unwrap())
            .facts(shell);
        assert_eq!(facts.get("open_files"), None, "{shell:?}");
    }
}

#[test]
fn a_server_that_does_not_answer_takes_only_its_own_mounts_sizes_along() {
    let directory = tempfile::tempdir().unwrap();
    let mountinfo = "20 1 254:0 / / rw - ext4 /dev/a rw\n21 20 0:40 / /hung rw - nfs4 srv:/x rw\n22 21 254:0 / /hung/below rw - ext4 /dev/a rw\n\
        23 20 0:42 / /far rw - fuse.sshfs srv:/x rw\n24 20 254:0 / /near rw - ext4 /dev/a rw\n";
    write(&directory, "proc/7/mountinfo", mountinfo);
    let root = directory.path().join("proc/7/root");
    for path in ["hung/below", "far", "near"] {
        fs::create_dir_all(root.join(path)).unwrap();
    }
    let hang = "case \"$*\" in *hung*) exec sleep 1000 ;; esac\n";
    // busybox runs its own `stat`.
    for (tool, shells) in [("stat", &SHELLS[1..]), ("df", &SHELLS[1..2])] {
        let script = format!("#!/bin/sh\n{hang}exec /bin/{tool} \"$@\"\n");
        let bin = instead(tool, &script, &["sleep"]);
        for shell in shells {
            let facts = Asked::of("mounts", 7)
                .above(&directory)
                .root(root.to_str().unwrap())
                .path(bin.path())
                .facts(shell);
            for (path, measured) in [
                ("/", true),
                ("/far", true),
                ("/hung", false),
                ("/hung/below", false),
                ("/near", true),
            ] {
                let row = row(&facts, |row| row["path"] == path);
                assert_eq!(row["size"].is_u64(), measured, "{shell:?}: {tool}: {path}");
            }
        }
    }
}

/// The process 7 below `directory`, in a v2 group that is seen from outside of its control group namespace.
fn in_version_2(directory: &TempDir) {
    write(
        directory,
        "proc/7/limits",
        "Limit   Soft Limit  Hard Limit  Units\nMax open files   1024   4096   files\n",
    );
    write(directory, "proc/7/cgroup", "0::/../c\\2\n");
    let mountinfo = "20 1 0:9 / / rw - overlay overlay rw\n21 20 0:30 /../c\\1342 /sys/fs/c\\040g ro,nosuid - cgroup2 cgroup rw,nsdelegate\n";
    write(directory, "proc/7/mountinfo", mountinfo);
    for (file, text) in [
        ("memory.max", "268435456\n"),
        ("memory.current", "15679488\n"),
        (
            "memory.events",
            "low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0\n",
        ),
        ("cpu.max", "50000 100000\n"),
        (
            "cpu.stat",
            "usage_usec 5200\nnr_periods 40\nnr_throttled 9\nthrottled_usec 1250000\n",
        ),
        ("pids.max", "max\n"),
        ("pids.current", "7\n"),
    ] {
        write(directory, &format!("proc/7/root/sys/fs/c g/{file}"), text);
    }
    let descriptors = directory.path().join("proc/7/fd");
    fs::create_dir_all(&descriptors).unwrap();
    for descriptor in ["0", "1"] {
        std::os::unix::fs::symlink("/dev/null", descriptors.join(descriptor)).unwrap();
    }
}

#[test]
fn a_version_2_group_is_found_through_the_patients_own_mounts() {
    let directory = tempfile::tempdir().unwrap();
    in_version_2(&directory);
    let root = directory.path().join("proc/7/root");
    for shell in SHELLS {
        let facts = Asked::of("limits", 7)
            .above(&directory)
            .root(root.to_str().unwrap())
            .facts(shell);
        for (fact, value) in [
            ("memory_max", json!(268435456)),
            ("memory_current", json!(15679488)),
            ("oom_kills", json!(2)),
            ("cpu_quota", json!(0.5)),
            ("throttled_periods", json!(9)),
            ("throttled_seconds", json!(1.25)),
            ("pids_max", Value::Null),
            ("pids_current", json!(7)),
            ("open_files", json!(2)),
            ("open_files_max", json!(1024)),
        ] {
            assert_eq!(facts.get(fact), Some(&value), "{shell:?}: {fact}");
        }
    }
}

#[test]
fn a_group_that_no_mount_shows_is_unavailable() {
    let directory = tempfile::tempdir().unwrap();
    in_version_2(&directory);
    for shell in SHELLS {
        let (verdict, why) = Asked::of("limits", 7).above(&directory).blocked(shell);
        assert_eq!(verdict, Verdict::Unavailable, "{shell:?}");
        assert!(why.contains("root cannot be entered"), "{shell:?}: {why}");
    }
}

#[test]
fn a_mount_is_measured_under_its_plain_path_by_each_way() {
    let directory = tempfile::tempdir().unwrap();
    let mountinfo = "20 1 254:0 / / rw - ext4 /dev/a rw\n21 20 254:0 / /a\\040b\\134 ro - ext4 /dev/a rw\n22 20 254:0 / /gone rw - ext4 /dev/a rw\n";
    write(&directory, "proc/7/mountinfo", mountinfo);
    let root = directory.path().join("proc/7/root");
    fs::create_dir_all(root.join("a b\\")).unwrap();
    for (tool, way) in [("stat", "stat"), ("df", "df"), ("true", "none")] {
        let bin = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(Path::new("/bin").join(tool), bin.path().join(tool)).unwrap();
        // busybox runs its own programs whatever the PATH holds
        let shells = if way == "stat" {
            &SHELLS[..]
        } else {
            &SHELLS[1..]
        };
        for shell in shells {
            let asked = Asked::of("mounts", 7)
                .above(&directory)
                .root(root.to_str().unwrap())
                .path(bin.path());
            let facts = asked.facts(shell);
            assert_eq!(facts["way"], way, "{shell:?}");
            let row = |path: &str| row(&facts, |row| row["path"] == path).clone();
            assert_eq!(
                row("/a b\\")["size"].is_u64(),
                way != "none",
                "{shell:?}: {way}"
            );
            assert_eq!(row("/a b\\")["readonly"], true, "{shell:?}: {way}");
            assert_eq!(row("/gone")["size"], Value::Null, "{shell:?}: {way}");
        }
    }
}
