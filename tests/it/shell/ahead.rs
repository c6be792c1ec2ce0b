//! A session whose asks are all known ahead, in real shells: its answers are those of a live one, and a log that lost something never
//! tells less as whole.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use housecall::ask::{Ask, Ended, PATIENT, Question};
use housecall::cluster::shell::{Hunt, Keeper, Nonce, Oneshot, Reading};

use super::driver::{SHELLS, Shell, find};

static COUNT: AtomicU64 = AtomicU64::new(0);

struct Ran {
    oneshot: Oneshot,
    log: Vec<u8>,
    message: String,
    code: Option<i32>,
}

impl Ran {
    fn reading(&self) -> Reading {
        self.oneshot.read(&self.log, &self.message)
    }
}

/// Runs the asks as a container would: the text as its command, the pieces as its environment, both streams as its log.
fn run(program: &str, asks: Vec<Ask>, tools: Option<&[&str]>) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let bin = folder.path().join("bin");
    fs::create_dir(&bin).unwrap();
    symlink(find(program), bin.join("sh")).unwrap();
    for tool in tools.unwrap_or_default() {
        symlink(find(tool), bin.join(tool)).unwrap();
    }
    let path = match tools {
        None => format!("{}:/usr/bin:/bin", bin.display()),
        Some(_) => bin.display().to_string(),
    };
    let hunt = Hunt {
        known: Some(std::process::id()),
        ..Hunt::default()
    };
    // Processes are known by it, also among those of a test beside this one.
    let mut seed = [0; 16];
    seed[..8].copy_from_slice(&COUNT.fetch_add(1, Ordering::Relaxed).to_ne_bytes());
    seed[8..12].copy_from_slice(&std::process::id().to_ne_bytes());
    let oneshot = Oneshot::new(asks, hunt, &Nonce::from_bytes(seed));
    let keeper = Keeper {
        not_after: 32_503_680_000,
        deadline_seconds: 60,
        grace_seconds: 30,
    };
    let script = oneshot.script(&keeper).unwrap();
    let message = folder.path().join("message");
    fs::write(&message, "").unwrap();
    let placed = |text: &str| text.replace("/dev/termination-log", message.to_str().unwrap());
    let Output { status, stdout, .. } = Command::new(bin.join("sh"))
        .args(["-c", &placed(&script.command)])
        .env_clear()
        .env("PATH", path)
        .envs(
            script
                .environment
                .iter()
                .map(|(name, value)| (name, placed(value))),
        )
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Ran {
        oneshot,
        log: stdout,
        message: fs::read_to_string(message).unwrap(),
        code: status.code(),
    }
}

fn script(text: &str) -> Ask {
    Ask::new(Question::Script {
        text: text.into(),
        env: vec![("param".into(), "it's $(here)\n".into())],
    })
}

fn argv(words: &[&str]) -> Ask {
    Ask::new(Question::Argv(
        words.iter().map(|word| (*word).into()).collect(),
    ))
}

fn quick(ask: Ask) -> Ask {
    Ask {
        timeout: Duration::from_secs(1),
        ..ask
    }
}

fn capped(ask: Ask, cap: u64) -> Ask {
    Ask {
        stdout_cap: cap,
        stderr_cap: cap,
        ..ask
    }
}

#[test]
fn answers_are_those_of_a_live_session() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), b"\x00bytes\xff\n").unwrap();
    symlink("/file", folder.path().join("link")).unwrap();
    let inside = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let asks = vec![
        script("echo out; echo err >&2; exit 3"),
        script("printf '%s' \"$param\"; printf '\\000\\r\\n\\377@hc 1 end'"),
        argv(&["printf", "%s|", "a b", "'", "$HOME", "`x`", "\\", ""]),
        argv(&["no-such-program"]),
        quick(argv(&["sleep", "600"])),
        quick(script("echo kept; exec sleep 600")),
        capped(argv(&["yes"]), 1000),
        capped(script("printf 1234"), 4),
        Ask {
            stdin: b"what stdin brings\0".to_vec(),
            ..argv(&["cat"])
        },
        Ask::new(Question::File {
            path: inside("file"),
            max: 3,
        }),
        Ask::new(Question::File {
            path: inside("none"),
            max: 3,
        }),
        Ask::new(Question::Glob {
            pattern: inside("f*"),
            most: 5,
        }),
        script("cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline >/dev/null 2>&1; echo seen"),
    ];
    for program in SHELLS {
        eprintln!("-- {program}");
        let ran = run(program, asks.clone(), None);
        let reading = ran.reading();
        assert_eq!(ran.code, Some(0));
        assert_eq!(reading.remarks, Vec::<String>::new());
        assert_eq!(reading.answers.len(), asks.len());
        let mut live = Shell::start(program);
        for (ask, told) in asks.iter().zip(&reading.answers) {
            let (told, lived) = (&told.raw, &live.ask(ask));
            if ask.argv() == ["no-such-program"] {
                // Where the shell is and which line it is at are in its words.
                let words = |text: &str| text.rsplit(": ").take(2).collect::<String>();
                assert_eq!(words(&told.stderr.text()), words(&lived.stderr.text()));
                assert_eq!(told.ended, lived.ended);
            } else {
                assert_eq!(told, lived, "{ask:?}");
            }
        }
        let slept = reading.answers[4].duration.as_secs_f64();
        assert!((1.0..5.0).contains(&slept), "{slept}");
        assert!(ran.message.contains("\n2 exit 3\n"), "{}", ran.message);
    }
}

#[test]
fn the_patients_pid_is_put_in_where_it_is_known() {
    let asks = vec![
        argv(&["echo", &format!("/proc/{PATIENT}/root and {PATIENT}'s")]),
        script(&format!("echo \"$param\" {PATIENT}")),
    ];
    for program in SHELLS {
        let reading = run(program, asks.clone(), None).reading();
        let pid = std::process::id();
        assert_eq!(reading.patient.pid, Some(pid));
        let seen: Vec<_> = reading
            .answers
            .iter()
            .map(|told| told.raw.stdout.text().into_owned())
            .collect();
        let root = format!("/proc/{pid}/root and {pid}'s\n");
        assert_eq!(seen, [root, format!("it's $(here)\n {pid}\n")]);
    }
}

#[test]
fn promise_4_five_megabytes_in_740000_short_lines_come_whole() {
    for program in SHELLS {
        let seq = capped(argv(&["seq", "1", "740000"]), 8 * 1024 * 1024);
        let ran = run(program, vec![seq, argv(&["echo", "next"])], None);
        // What the runtime adds to a line of the log: a moment, the stream, a flag; the kubelet rotates at 10 MiB of all.
        let lines = ran.log.iter().filter(|byte| **byte == b'\n').count();
        assert!(ran.log.len() + 46 * lines < 10 * 1024 * 1024);
        let reading = ran.reading();
        let seen = &reading.answers[0].raw;
        assert_eq!(
            (seen.stdout.bytes.len(), seen.stdout.truncated),
            (5_068_895, false)
        );
        assert!(seen.stdout.bytes.ends_with(b"\n740000\n"));
        assert_eq!(reading.answers[1].raw.stdout.bytes, b"next\n");
    }
}

#[test]
fn promise_4_a_log_that_lost_anything_tells_nothing_as_whole_that_is_not() {
    let asks = vec![
        argv(&["seq", "1", "3000"]),
        script("seq 1 900; echo trouble >&2; exit 3"),
        argv(&["echo", "last"]),
    ];
    let ran = run("dash", asks, None);
    let whole = ran.reading();
    let holds = |log: &[u8], message: &str, what: &str| {
        let reading = ran.oneshot.read(log, message);
        for (told, true_one) in reading.answers.iter().zip(&whole.answers) {
            let (raw, all) = (&told.raw, &true_one.raw);
            assert!(raw.stdout.truncated || raw.stdout == all.stdout, "{what}");
            assert!(raw.stderr.truncated || raw.stderr == all.stderr, "{what}");
            assert!(all.stdout.bytes.starts_with(&raw.stdout.bytes), "{what}");
            let lost = matches!(raw.ended, Ended::Lost(_));
            assert!(lost || raw.ended == all.ended, "{what}: {:?}", raw.ended);
        }
        assert!(log == ran.log || !reading.remarks.is_empty(), "{what}");
    };
    for cut in (0..ran.log.len()).step_by(211) {
        for message in ["", &ran.message] {
            holds(&ran.log[..cut], message, &format!("cut at {cut}"));
            if cut > 0 {
                holds(&ran.log[cut..], message, &format!("begun at {cut}"));
            }
        }
    }
    let last = ran.oneshot.read(&ran.log[..200], &ran.message);
    assert_eq!(last.answers[1].raw.ended, Ended::Exited(3));
    assert!(last.answers[1].raw.stdout.truncated);
}

#[test]
fn an_image_without_base64_awk_and_sums_does() {
    let tools = [
        "cat", "date", "fold", "grep", "head", "od", "sleep", "tee", "tr", "wc",
    ];
    let asks = vec![script("printf '\\000\\377'; echo err >&2; exit 4")];
    let reading = run("dash", asks, Some(&tools)).reading();
    assert_eq!(reading.answers[0].raw.stdout.bytes, b"\x00\xff");
    assert_eq!(reading.answers[0].raw.stderr.bytes, b"err\n");
    assert_eq!(reading.answers[0].raw.ended, Ended::Exited(4));
    assert_eq!(reading.remarks, Vec::<String>::new());
}
