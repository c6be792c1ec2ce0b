//! The shell layer against real shells: what is asked arrives, what comes back is exact, and nothing is left.

mod ahead;
mod driver;
mod globs;

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use housecall::ask::{Ask, Ended, Question};
use housecall::cluster::shell::Unquotable;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use driver::{SHELLS, Shell, script};

fn each(test: impl Fn(&mut Shell)) {
    for program in SHELLS {
        eprintln!("-- {program}");
        test(&mut Shell::start(program));
    }
}

fn forall<S: Strategy>(cases: u32, strategy: S, test: impl Fn(&mut Shell, S::Value)) {
    for program in SHELLS {
        eprintln!("-- {program}");
        let shell = std::cell::RefCell::new(Shell::start(program));
        TestRunner::new(Config {
            cases,
            failure_persistence: None,
            max_shrink_iters: 200,
            ..Config::default()
        })
        .run(&strategy, |value| {
            test(&mut shell.borrow_mut(), value);
            Ok(())
        })
        .unwrap();
    }
}

#[test]
fn output_and_exit_code_come_back() {
    each(|shell| {
        let raw = shell.script("echo out; echo err >&2; exit 3");
        assert_eq!(raw.ended, Ended::Exited(3));
        assert_eq!(raw.stdout.bytes, b"out\n");
        assert_eq!(raw.stderr.bytes, b"err\n");
        assert!(!raw.stdout.truncated && !raw.stderr.truncated);
        assert_eq!(raw.remarks, Vec::<String>::new());
    });
}

#[test]
fn promise_1_any_argv_reaches_the_program_byte_for_byte() {
    let word = prop_oneof![
        "[ -~]{0,20}",
        proptest::collection::vec(any::<char>(), 0..12)
            .prop_map(|chars| chars.into_iter().filter(|c| *c != '\0').collect::<String>()),
        "['\"\\\\$`\n\t!*?(){};&|<>#~=%-]{0,12}",
        "[\u{80}-\u{8f}\u{1}\u{7f}]{0,6}",
    ];
    forall(60, proptest::collection::vec(word, 0..6), |shell, words| {
        let mut argv = vec!["sh", "-c", "[ $# = 0 ] || printf '%s\\0' \"$@\"", "sh"];
        argv.extend(words.iter().map(String::as_str));
        let raw = shell.argv(&argv);
        let expected: Vec<u8> = words
            .iter()
            .flat_map(|word| [word.as_bytes(), b"\0"].concat())
            .collect();
        assert_eq!(raw.stdout.bytes, expected);
        assert_eq!(raw.ended, Ended::Exited(0), "{}", raw.stderr.text());
    });
}

#[test]
fn promise_1_any_parameter_reaches_a_script_as_environment() {
    let value = proptest::collection::vec(any::<char>(), 0..20)
        .prop_map(|chars| chars.into_iter().filter(|c| *c != '\0').collect::<String>());
    forall(40, value, |shell, value| {
        let raw = shell.ask(&Ask::new(Question::Script {
            text: "printf %s \"$param\"".into(),
            env: vec![("param".into(), value.clone())],
        }));
        assert_eq!(raw.stdout.bytes, value.as_bytes());
    });
}

#[test]
fn any_bytes_come_back_exactly_on_both_streams_in_any_chunking() {
    let bytes = || proptest::collection::vec(any::<u8>(), 0..200);
    forall(
        40,
        (bytes(), bytes(), 1_usize..40),
        |shell, (out, err, chunk)| {
            let octal = |bytes: &[u8]| {
                bytes
                    .iter()
                    .map(|byte| format!("\\{byte:03o}"))
                    .collect::<String>()
            };
            shell.in_chunks_of(chunk);
            let raw = shell.script(&format!(
                "printf '{}'; printf '{}' >&2",
                octal(&out),
                octal(&err)
            ));
            assert_eq!(raw.stdout.bytes, out);
            assert_eq!(raw.stderr.bytes, err);
            assert!(!raw.stdout.truncated && !raw.stderr.truncated);
        },
    );
}

#[test]
fn exactly_the_cap_is_whole_and_one_byte_more_is_truncated() {
    each(|shell| {
        for (size, truncated) in [
            (0, false),
            (999, false),
            (1000, false),
            (1001, true),
            (200_000, true),
        ] {
            let raw = shell.ask(&Ask {
                step: String::new(),
                stdout_cap: 1000,
                stderr_cap: 1000,
                ..script(
                    &format!("head -c {size} /dev/zero; head -c {size} /dev/zero >&2"),
                    10,
                )
            });
            for stream in [&raw.stdout, &raw.stderr] {
                assert_eq!(stream.bytes.len(), size.min(1000), "{size}");
                assert_eq!(stream.truncated, truncated, "{size}");
            }
        }
    });
}

#[test]
fn endless_output_ends_at_its_cap() {
    each(|shell| {
        let begin = Instant::now();
        let raw = shell.argv(&["yes"]);
        assert_eq!(raw.ended, Ended::Exited(141));
        assert_eq!(raw.stdout.bytes.len(), 256 * 1024);
        assert!(raw.stdout.truncated);
        assert!(
            begin.elapsed() < Duration::from_secs(8),
            "{:?}",
            begin.elapsed()
        );
    });
}

#[test]
fn stdin_reaches_the_command_byte_for_byte_and_ends() {
    each(|shell| {
        for fed in [
            b"one line\n".to_vec(),
            (0..=255).collect::<Vec<u8>>(),
            b"%s %d \\n \\101 '\"$(id)\n".repeat(500),
        ] {
            let raw = shell.ask(&Ask {
                stdin: fed.clone(),
                ..script("cat", 10)
            });
            assert_eq!(raw.ended, Ended::Exited(0));
            assert_eq!(raw.stdout.bytes, fed);
        }
        let unread = shell.ask(&Ask {
            stdin: vec![b'x'; 60_000],
            ..script("exit 3", 10)
        });
        assert_eq!(unread.ended, Ended::Exited(3));
        assert_eq!(shell.script("cat").stdout.bytes, b"");
    });
}

#[test]
fn promise_2_what_goes_by_stdin_is_in_no_argv_and_no_environment() {
    each(|shell| {
        let raw = shell.ask(&Ask {
            stdin: b"Zq7secretZq7".to_vec(),
            ..script(
                "read -r line; cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | grep -ac \"Zq7[s]ecretZq7\"; echo \"${#line}\"",
                20,
            )
        });
        assert_eq!(raw.stdout.text(), "0\n12\n");
    });
}

#[test]
fn exit_codes_pass_through_with_126_and_127_for_what_cannot_run() {
    each(|shell| {
        for code in [0, 1, 2, 64, 125, 126, 127, 128, 200, 255] {
            assert_eq!(
                shell.script(&format!("exit {code}")).ended,
                Ended::Exited(code)
            );
        }
        assert_eq!(shell.script("kill -9 $$").ended.signal(), Some(9));
        let missing = shell.argv(&["no-such-program-here"]);
        assert_eq!(missing.ended, Ended::Exited(127));
        assert!(
            missing.stderr.text().contains("not found"),
            "{}",
            missing.stderr.text()
        );
        assert_eq!(shell.argv(&["/etc/passwd"]).ended, Ended::Exited(126));
    });
}

#[test]
fn a_timeout_keeps_what_was_written_and_leaves_nothing_running() {
    each(|shell| {
        for text in [
            "echo early; sleep 300",
            "echo early; sleep 300 | sleep 300 | cat",
            "echo early; sh -c 'sh -c \"sleep 300; sleep 300\"; sleep 300'",
            "echo early; (sleep 300; sleep 300) & sleep 300",
            "echo early; trap '' TERM INT HUP; sleep 300",
            "echo early; while :; do :; done",
            "echo early; env -i sleep 300",
            "echo early; exec sleep 300",
        ] {
            let begin = Instant::now();
            let raw = shell.ask(&script(text, 1));
            assert_eq!(raw.ended, Ended::TimedOut, "{text}: {raw:?}");
            assert_eq!(raw.stdout.bytes, b"early\n", "{text}");
            assert_eq!(raw.remarks, Vec::<String>::new(), "{text}");
            assert!(
                begin.elapsed() < Duration::from_secs(6),
                "{text}: {:?}",
                begin.elapsed()
            );
            let left = settled(shell);
            assert!(left.is_empty(), "{text}: {left:?}");
        }
    });
}

/// What descends from the shell once the step's own plumbing is reaped.
fn settled(shell: &mut Shell) -> Vec<String> {
    shell.script(":");
    let root = shell.child.id();
    let until = Instant::now() + Duration::from_secs(3);
    loop {
        let left: Vec<_> = driver::descendants(root)
            .into_iter()
            .filter(|process| !process.contains(" Z "))
            .collect();
        if left.is_empty() || Instant::now() > until {
            return left;
        }
        std::thread::yield_now();
    }
}

#[test]
fn a_script_does_not_go_on_after_its_timeout() {
    each(|shell| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("after");
        let text = format!("sleep 300\necho late\n: >{}", file.display());
        let raw = shell.ask(&script(&text, 1));
        assert_eq!(raw.ended, Ended::TimedOut);
        assert_eq!(raw.stdout.bytes, b"");
        assert!(!file.exists());
    });
}

#[test]
fn a_loop_over_hanging_commands_is_stopped_at_once() {
    each(|shell| {
        let begin = Instant::now();
        let raw = shell.ask(&script(
            "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do sleep 300; done",
            1,
        ));
        assert_eq!(raw.ended, Ended::TimedOut);
        assert!(
            begin.elapsed() < Duration::from_secs(4),
            "{:?}",
            begin.elapsed()
        );
    });
}

#[test]
fn a_process_left_with_the_output_open_is_told_of_and_stopped_at_the_timeout() {
    each(|shell| {
        let raw = shell.ask(&script("echo x; sleep 300 & exit 5", 1));
        assert_eq!(raw.ended, Ended::Exited(5));
        assert_eq!(raw.stdout.bytes, b"x\n");
        assert!(
            raw.remarks[0].contains("left a process running"),
            "{:?}",
            raw.remarks
        );
        assert!(settled(shell).is_empty());
    });
}

#[test]
fn a_process_left_without_output_is_told_of_and_ends_with_the_session() {
    each(|shell| {
        let tag = shell.tag("left");
        let raw = shell.script(&format!("TAG={tag} sleep 300 >/dev/null 2>&1 &"));
        assert_eq!(raw.ended, Ended::Exited(0));
        assert_eq!(
            raw.remarks,
            ["left a process running; it is stopped when the session ends"]
        );
        assert_eq!(driver::holding(&tag).len(), 1);
        shell.close();
        assert!(driver::holding(&tag).is_empty());
    });
}

#[test]
fn a_process_that_hides_and_holds_the_output_does_not_hold_the_session() {
    each(|shell| {
        let begin = Instant::now();
        let raw = shell.ask(&script("echo x; (env -i sleep 20 & ) ; exit 0", 1));
        assert_eq!(raw.stdout.bytes, b"x\n");
        assert!(raw.stdout.truncated);
        assert!(
            raw.remarks
                .iter()
                .any(|remark| remark.contains("could not be stopped")),
            "{raw:?}"
        );
        assert!(
            begin.elapsed() < Duration::from_secs(6),
            "{:?}",
            begin.elapsed()
        );
        assert_eq!(shell.script("echo on").stdout.bytes, b"on\n");
    });
}

#[test]
fn a_stop_ends_the_step_and_the_session_goes_on() {
    each(|shell| {
        for text in [
            "echo ready; sleep 300",
            "echo ready; sleep 300 | cat",
            "echo ready; sh -c 'sleep 300; sleep 300'",
        ] {
            shell.begin(&script(text, 60));
            shell.until_written();
            let stop = shell.conversation.stop();
            shell.write(&stop);
            let raw = shell.done();
            assert_eq!(raw.ended, Ended::Cancelled);
            assert_eq!(raw.stdout.bytes, b"ready\n");
            assert!(settled(shell).is_empty());
        }
        assert!(shell.conversation.stop().is_empty());
    });
}

#[test]
fn a_stop_that_comes_with_the_step_is_not_missed() {
    each(|shell| {
        for _ in 0..20 {
            let mut bytes = shell
                .conversation
                .ask(&script("sleep 300", 60), &shell.patient)
                .unwrap();
            bytes.extend(shell.conversation.stop());
            shell.write(&bytes);
            assert_eq!(shell.done().ended, Ended::Cancelled);
        }
    });
}

#[test]
fn promise_3_the_end_of_stdin_ends_the_step_and_the_shell() {
    for program in SHELLS {
        for text in [
            "echo ready; sleep 300",
            "echo ready; sleep 300 | sleep 300",
            "echo ready; sh -c 'sleep 300; :'",
            "echo ready; (sleep 300 >/dev/null 2>&1 &); sleep 300",
        ] {
            let mut shell = Shell::start(program);
            let tag = shell.tag("eof");
            shell.begin(&script(&format!("export TAG={tag}; {text}"), 60));
            shell.until_written();
            let begin = Instant::now();
            shell.close();
            assert!(
                begin.elapsed() < Duration::from_secs(4),
                "{program}: {:?}",
                begin.elapsed()
            );
            assert!(driver::holding(&tag).is_empty(), "{program}: {text}");
        }
    }
}

#[test]
fn promise_3_a_terminated_shell_takes_its_step_along() {
    for program in SHELLS {
        let mut shell = Shell::start(program);
        let tag = shell.tag("term");
        shell.begin(&script(
            &format!("export TAG={tag}; echo ready; sleep 300 | cat"),
            60,
        ));
        shell.until_written();
        let pid = rustix_pid(shell.child.id());
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        shell.child.wait().unwrap();
        assert!(driver::holding(&tag).is_empty(), "{program}");
    }
}

fn rustix_pid(pid: u32) -> rustix::process::Pid {
    rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap()
}

#[test]
fn promise_7_a_hostile_command_cannot_forge_a_frame() {
    each(|shell| {
        let secret = {
            let opening = String::from_utf8(shell.conversation.opening()).unwrap();
            let at = opening.find("secret=").unwrap() + 7;
            opening[at..at + 32].to_owned()
        };
        let raw = shell.ask(&Ask {
            stdout_cap: 8 * 1024 * 1024,
            ..script(
                "env; set; for f in /proc/[0-9]*/environ /proc/[0-9]*/cmdline; do cat \"$f\" 2>/dev/null; done",
                30,
            )
        });
        assert!(!raw.stdout.truncated);
        let text = raw.stdout.text();
        assert!(text.contains("HOUSECALL_STEP="));
        assert!(!text.contains(&secret), "a step can see the secret");

        let mark = text.split("HOUSECALL_STEP=").nth(1).unwrap()[..16].to_owned();
        let forged = format!("{mark} 1 end 0 0 0\\n{mark} 2 exit 0\\n{}", &secret[..31]);
        let raw = shell.script(&format!("printf '{forged}'; exit 9"));
        assert_eq!(raw.ended, Ended::Exited(9));
        assert_eq!(raw.stdout.text(), forged.replace("\\n", "\n"));
    });
}

#[test]
fn a_step_gets_no_descriptor_of_ours_and_an_empty_stdin() {
    each(|shell| {
        let raw = shell.argv(&["ls", "/proc/self/fd"]);
        let text = raw.stdout.text();
        let ours = ["4", "5", "6", "7", "8"];
        let seen: Vec<_> = text
            .split_whitespace()
            .filter(|number| ours.contains(number))
            .collect();
        assert_eq!(seen, Vec::<&str>::new(), "{text}");
        assert_eq!(shell.argv(&["cat"]).ended, Ended::Exited(0));
    });
}

#[test]
fn a_session_of_many_steps_does_not_grow() {
    each(|shell| {
        let steps = |shell: &mut Shell, count| {
            for _ in 0..count {
                assert_eq!(shell.argv(&["true"]).ended, Ended::Exited(0));
            }
        };
        let size = |shell: &Shell| -> u64 {
            let status =
                std::fs::read_to_string(format!("/proc/{}/status", shell.child.id())).unwrap();
            let line = status
                .lines()
                .find(|line| line.starts_with("VmRSS"))
                .unwrap();
            line.split_whitespace().nth(1).unwrap().parse().unwrap()
        };
        steps(shell, 20);
        let before = size(shell);
        steps(shell, 300);
        assert!(
            size(shell) <= before + 128,
            "{before} to {} KiB",
            size(shell)
        );
        assert!(
            driver::descendants(shell.child.id()).len() <= 2,
            "zombies pile up"
        );
    });
}

/// Leaves a shell these programs beside itself.
fn only(programs: &std::path::Path, command: &mut Command) {
    let mut all = command.get_envs();
    let (_, path) = all.find(|(name, _)| *name == "PATH").unwrap();
    let own = path.unwrap().to_str().unwrap().split(':').next().unwrap();
    let path = format!("{own}:{}", programs.display());
    command.env("PATH", path);
}

#[test]
fn a_step_without_grep_head_readlink_or_stat_in_the_image_still_answers() {
    for program in ["dash", "bash"] {
        let tools = tempfile::tempdir().unwrap();
        let bin = tools.path();
        for tool in ["cat", "sleep", "ls"] {
            std::os::unix::fs::symlink(format!("/bin/{tool}"), bin.join(tool)).unwrap();
        }
        let mut shell = Shell::start_with(program, |command| only(bin, command));
        assert_eq!(shell.script("echo a; exit 4").stdout.bytes, b"a\n");
        let raw = shell.ask(&script("echo b; sleep 300 | cat", 1));
        assert_eq!(
            (raw.ended, raw.stdout.bytes),
            (Ended::TimedOut, b"b\n".to_vec())
        );
        std::os::unix::fs::symlink("real", bin.join("link")).unwrap();
        std::fs::write(bin.join("real"), "content").unwrap();
        shell.within(bin);
        let raw = shell.file("/link");
        assert_eq!(raw.stdout.bytes, b"content", "{}", raw.stderr.text());
        let status = raw.file.unwrap();
        assert_eq!(
            (status.resolved.as_str(), status.size, status.mode.as_str()),
            ("/real", 7, "644")
        );
    }
}

#[test]
fn an_image_that_cannot_tell_what_a_file_is_has_not_found_none() {
    for program in ["dash", "bash"] {
        let tools = tempfile::tempdir().unwrap();
        let bin = tools.path();
        for tool in ["cat", "sleep"] {
            std::os::unix::fs::symlink(format!("/bin/{tool}"), bin.join(tool)).unwrap();
        }
        std::fs::write(bin.join("real"), "content").unwrap();
        let mut shell = Shell::start_with(program, |command| only(bin, command));
        shell.within(bin);
        for path in ["/real", "/"] {
            let raw = shell.file(path);
            assert_eq!(raw.ended, Ended::Exited(127), "{program}: {path}: {raw:?}");
        }
        assert_eq!(shell.file("/none").ended, Ended::Exited(1), "{program}");
    }
}

#[test]
fn what_cannot_be_asked_is_refused_before_anything_is_sent() {
    let mut shell = Shell::start("dash");
    let patient = shell.patient.clone();
    let mut refuse = |question| {
        shell
            .conversation
            .ask(&Ask::new(question), &patient)
            .unwrap_err()
    };
    assert_eq!(refuse(Question::Argv(Vec::new())), Unquotable::NoProgram);
    assert!(matches!(
        refuse(Question::Argv(vec!["-c".into()])),
        Unquotable::Option(_)
    ));
    assert!(matches!(
        refuse(Question::Argv(vec!["a\0".into()])),
        Unquotable::Nul(_)
    ));
    let env = vec![("a b".into(), String::new())];
    assert!(matches!(
        refuse(Question::Script {
            text: String::new(),
            env
        }),
        Unquotable::Name(_)
    ));
    assert_eq!(shell.script("echo on").stdout.bytes, b"on\n");
}

#[test]
fn promise_9_a_link_that_comes_into_the_way_while_a_file_is_opened_leads_nowhere() {
    each(|shell| {
        let ours = tempfile::tempdir().unwrap();
        std::fs::write(ours.path().join("f"), "ours").unwrap();
        let theirs = tempfile::tempdir().unwrap();
        let root = theirs.path().canonicalize().unwrap();
        std::fs::create_dir(root.join("d")).unwrap();
        std::fs::write(root.join("d/f"), "theirs").unwrap();
        shell.within(&root);
        let over = std::sync::atomic::AtomicBool::new(false);
        let mut seen = std::collections::BTreeMap::new();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(std::sync::atomic::Ordering::Relaxed) {
                    std::fs::rename(root.join("d"), root.join("away")).unwrap();
                    std::os::unix::fs::symlink(ours.path(), root.join("d")).unwrap();
                    std::fs::remove_file(root.join("d")).unwrap();
                    std::fs::rename(root.join("away"), root.join("d")).unwrap();
                    // Leaves a reader a chance now and then.
                    std::thread::sleep(Duration::from_millis(2));
                }
            });
            for _ in 0..150 {
                let raw = shell.file("/d/f");
                *seen.entry(raw.stdout.text().into_owned()).or_insert(0) += 1;
            }
            over.store(true, std::sync::atomic::Ordering::Relaxed);
        });
        let read = |whose: &str| seen.keys().any(|text: &String| text.ends_with(whose));
        assert!(!read("ours"), "{seen:?}");
        assert!(read("theirs"), "{seen:?}");
    });
}

/// The same command without the powers of root, where it would have them.
fn powerless(command: &mut Command) {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let mut bare = Command::new("setpriv");
    bare.args(["--bounding-set=-all", "--inh-caps=-all"])
        .arg(command.get_program())
        .args(command.get_args())
        .envs(
            command
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    *command = bare;
}

#[test]
fn a_folder_that_may_not_be_searched_is_never_one_without_the_file() {
    for program in SHELLS {
        let mut shell = Shell::start_with(program, powerless);
        let theirs = tempfile::tempdir().unwrap();
        let root = theirs.path().canonicalize().unwrap();
        let (closed, shut) = (root.join("closed"), root.join("shut.txt"));
        std::fs::create_dir(&closed).unwrap();
        std::fs::write(closed.join("a.txt"), "x").unwrap();
        std::fs::write(&shut, "x").unwrap();
        // The owner's own, where we are root; else nobody's.
        let mode = if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(&closed, Some(65534), None).unwrap();
            std::os::unix::fs::chown(&shut, Some(65534), None).unwrap();
            0o700
        } else {
            0
        };
        for path in [&closed, &shut] {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        }
        shell.within(&root);
        for path in ["/closed/a.txt", "/closed/none.txt", "/shut.txt"] {
            let raw = shell.file(path);
            assert_eq!(raw.ended, Ended::Exited(126), "{program}: {path}: {raw:?}");
        }
        let raw = shell.ask(&Ask::new(Question::Glob {
            pattern: "/closed/*.txt".into(),
            most: 9,
        }));
        assert_eq!(raw.ended, Ended::Exited(126), "{program}: {raw:?}");
        std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}

#[test]
fn promise_4_a_patient_whose_root_is_gone_is_not_one_without_the_file() {
    each(|shell| {
        let root = tempfile::tempdir().unwrap();
        shell.within(&root.path().join("gone"));
        let raw = shell.file("/etc/core-dump");
        assert_eq!(raw.ended, Ended::Exited(125));
        assert!(raw.stderr.text().contains("root is gone"));
    });
}
