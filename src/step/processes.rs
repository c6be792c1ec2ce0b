//! `processes`: what runs where the patient runs, read from `/proc` by the shell itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use super::about::{About, Fact};
use super::{Asking, Observation, Registered, Spec, Unfit, answer};
use crate::ask::{Answer, Ask};
use crate::report::Verdict;
use crate::script::{Scope, TemplateError};

pub(super) const KIND: Registered = Registered {
    about: &ABOUT,
    build,
};

const ABOUT: About = About {
    word: "processes",
    purpose: "every process in the patient's process namespace, without those of our own debug container: what descends from our \
              shell, and what came from outside into our control group",
    ways: &["sh", "bash", "ash", "busybox", "none"],
    short: None,
    fields: &[],
    facts: &[
        Fact::new(
            "rows",
            "list of maps: pid, ppid, state, uid, rss, threads, name, args",
            "one for each process, by pid; `state` is one letter (`R S D T t Z I`), `uid` the real one, `rss` in KiB (0 for a zombie \
             and a kernel thread), `args` one text with spaces between (nothing where the way is `none`)",
        ),
        Fact::new(
            "way",
            "text",
            "which shell read the arguments: one whose `read` stops at a NUL; `none` where the image has none",
        ),
    ],
    example: "processes:",
};

const SCRIPT: &str = concat!(include_str!("processes.sh"), include_str!("nul.sh"));

/// Stands in the command line of the shell that every step is a descendant of.
const SHELL: &str = ": housecall-shell;";

/// What is said of a list of which nothing could be read.
const UNREAD: &str = "no process tells its status in the answer";

#[derive(Debug)]
struct Processes;

fn build(_: &Spec, _: &[String]) -> Result<Arc<dyn Asking>, Unfit> {
    Ok(Arc::new(Processes))
}

impl Asking for Processes {
    fn looks_at(&self) -> &'static [&'static str] {
        &["target_pid"]
    }

    fn asks(&self, scope: &Scope<'_>) -> Result<Vec<Ask>, TemplateError> {
        Ok(vec![answer::script(SCRIPT, scope, &[ABOUT.word])])
    }

    fn read(&self, answers: &[Answer], image: &str) -> Observation {
        let (mut observation, output) = answer::scripted(answers, image, ABOUT.facts);
        if let Some(output) = output {
            match Table::read(output) {
                // There is always one: who asks, or who is asked for.
                Some(table) if table.processes.is_empty() => {
                    observation.blocked = Some((Verdict::Error, UNREAD.into()));
                }
                Some(table) => {
                    observation.facts.insert("rows".into(), table.rows());
                    observation.facts.insert("way".into(), table.way.into());
                }
                None => observation.blocked = Some((Verdict::Error, answer::UNENDED.into())),
            }
        }
        observation
    }
}

#[derive(Debug, Default)]
struct Process {
    ppid: Option<u32>,
    state: Option<char>,
    uid: Option<u32>,
    rss: u64,
    threads: Option<u64>,
    name: String,
    words: Vec<String>,
    kept: bool,
    listed: bool,
}

#[derive(Debug, Default)]
struct Table {
    way: String,
    me: u32,
    processes: BTreeMap<u32, Process>,
}

impl Table {
    /// `None` for output without its end.
    fn read(output: &[u8]) -> Option<Self> {
        let mut table = Self::default();
        let (mut pid, mut ended) = (0, false);
        for token in output.split(|byte| *byte == 0) {
            let Some((kind, rest)) = token.split_first() else {
                continue;
            };
            let text = String::from_utf8_lossy(rest);
            match kind {
                b'w' => table.way = text.into(),
                b'm' => table.me = text.parse().ok()?,
                b'g' => {
                    for line in text.split('\n') {
                        table.note_status(line);
                    }
                }
                b'p' => {
                    pid = text.parse().ok()?;
                    table.processes.entry(pid).or_default().listed = true;
                }
                b'o' => table.processes.entry(text.parse().ok()?).or_default().kept = true,
                b'e' => ended = true,
                _ => table.processes.entry(pid).or_default().note(*kind, &text),
            }
        }
        // One that began or ended while all were read has no last line of status, or was not come across.
        table
            .processes
            .retain(|_, process| process.listed && process.threads.is_some());
        ended.then_some(table)
    }

    /// `/proc/7/status:Name:` and so on.
    fn note_status(&mut self, line: &str) {
        let parts = line
            .strip_prefix("/proc/")
            .and_then(|rest| rest.split_once("/status:"));
        if let Some((pid, line)) = parts
            && let Ok(pid) = pid.parse()
        {
            self.processes.entry(pid).or_default().note(b's', line);
        }
    }

    fn rows(&self) -> Value {
        let ours = self.ours();
        self.processes
            .iter()
            .filter(|(pid, _)| !ours.contains(pid))
            .map(|(pid, process)| {
                json!({
                    "pid": pid, "ppid": process.ppid, "state": process.state, "uid": process.uid, "rss": process.rss,
                    "threads": process.threads, "name": process.name,
                    "args": (self.way != "none").then(|| process.words.join(" ").trim_end().to_owned()),
                })
            })
            .collect()
    }

    /// Our shell and what descends from it; where the shell came from outside, as into a debug container, also what came the same way.
    fn ours(&self) -> BTreeSet<u32> {
        let mut above = vec![self.me];
        // Pids that are read one after another might go round in a ring.
        while above.len() <= self.processes.len()
            && let Some(up) = above.last().and_then(|pid| self.processes.get(pid)?.ppid)
        {
            above.push(up);
        }
        let known = |pid: &&u32| {
            let words = self.processes.get(pid).map(|process| &process.words);
            words.is_some_and(|words| words.iter().any(|word| word.starts_with(SHELL)))
        };
        let outside = |pid: &u32| {
            *pid != 1
                && self
                    .processes
                    .get(pid)
                    .is_some_and(|process| process.ppid == Some(0))
        };
        let shell = above
            .iter()
            .rfind(known)
            .or(above.iter().rfind(|pid| outside(pid)))
            .copied()
            .unwrap_or(self.me);
        let mut ours = BTreeSet::from([shell]);
        if outside(&shell) {
            let kept = self.processes.iter().filter(|(_, one)| one.kept);
            ours.extend(kept.map(|(pid, _)| *pid));
        }
        let mut below: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (pid, process) in &self.processes {
            below
                .entry(process.ppid.unwrap_or(0))
                .or_default()
                .push(*pid);
        }
        let mut new: Vec<u32> = ours.iter().copied().collect();
        while let Some(pid) = new.pop() {
            let children = below.remove(&pid).unwrap_or_default();
            ours.extend(&children);
            new.extend(children);
        }
        ours
    }
}

impl Process {
    fn note(&mut self, kind: u8, text: &str) {
        match kind {
            b'a' => self.words.push(text.into()),
            b's' => {
                let Some((key, value)) = text.split_once(":\t") else {
                    return;
                };
                let first = value.split_whitespace().next();
                match key {
                    "Name" => self.name = unescaped(value),
                    "State" => self.state = value.chars().next(),
                    "PPid" => self.ppid = value.parse().ok(),
                    "Uid" => self.uid = first.and_then(|uid| uid.parse().ok()),
                    "VmRSS" => self.rss = first.and_then(|rss| rss.parse().ok()).unwrap_or(0),
                    "Threads" => self.threads = value.parse().ok(),
                    _ => {}
                }
            }
            _ => {}
        }
    }
}

/// The kernel writes a newline and a backslash in a name as `\n` and `\\` (`proc_task_name` in fs/proc/array.c).
fn unescaped(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    let mut rest = name.chars();
    while let Some(c) = rest.next() {
        plain.push(match c {
            '\\' => match rest.next() {
                Some('n') => '\n',
                Some(other) => other,
                None => '\\',
            },
            other => other,
        });
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::step::answer::said;

    /// From busybox ash in a debug container beside a patient that shares its processes, by hand cut to what matters: the patient, a
    /// child that it does not reap, our keeper with its `sleep`, our shell, its subshell, the step.
    const IN_A_POD: &str = "wsh\0m84\0\
        p1\0sName:\tpatient\0sState:\tS (sleeping)\0sPPid:\t0\0sUid:\t1000\t0\t0\t0\0sVmRSS:\t     692 kB\0sThreads:\t1\0a/bin/patient\0a--port\0a80\0\
        p9\0sName:\tsh\0sState:\tZ (zombie)\0sPPid:\t1\0sUid:\t0\t0\t0\t0\0sThreads:\t1\0\
        p42\0sName:\tsh\0sState:\tS (sleeping)\0sPPid:\t0\0sUid:\t0\t0\t0\t0\0sVmRSS:\t    2304 kB\0sThreads:\t1\0ash\0a-c\0alog=/dev/termination-log\0\
        p49\0sName:\tsleep\0sState:\tS (sleeping)\0sPPid:\t42\0sUid:\t0\t0\t0\t0\0sVmRSS:\t    1960 kB\0sThreads:\t1\0asleep\0a1\0\
        p50\0sName:\tsh\0sState:\tS (sleeping)\0sPPid:\t0\0sUid:\t0\t0\t0\t0\0sVmRSS:\t    2476 kB\0sThreads:\t1\0ash\0a-c\0a: housecall-shell; if\0\
        p73\0sName:\tsh\0sState:\tS (sleeping)\0sPPid:\t50\0sUid:\t0\t0\t0\t0\0sVmRSS:\t    1012 kB\0sThreads:\t1\0ash\0a-c\0a: housecall-shell; if\0\
        p84\0sName:\tsh\0sState:\tR (running)\0sPPid:\t73\0sUid:\t0\t0\t0\t0\0sVmRSS:\t    1512 kB\0sThreads:\t1\0ash\0a-c\0atrap\0\
        p99\0o42\0o50\0e\0";

    fn rows(output: &[u8]) -> Vec<Value> {
        let observation = Processes.read(
            &said(crate::ask::Ended::Exited(0), output, ""),
            "this machine",
        );
        assert_eq!(observation.blocked, None);
        observation.facts["rows"].as_array().unwrap().clone()
    }

    #[test]
    fn the_patients_processes_are_told_without_those_of_our_own_container() {
        assert_eq!(
            rows(IN_A_POD.as_bytes()),
            [
                json!({"pid": 1, "ppid": 0, "state": "S", "uid": 1000, "rss": 692, "threads": 1, "name": "patient", "args": "/bin/patient --port 80"}),
                json!({"pid": 9, "ppid": 1, "state": "Z", "uid": 0, "rss": 0, "threads": 1, "name": "sh", "args": ""}),
            ]
        );
    }

    #[test]
    fn beside_a_shell_of_this_machine_only_its_own_descendants_are_left_out() {
        let here = "wsh\0m4\0p1\0sState:\tS\0sPPid:\t0\0sThreads:\t1\0ainit\0p2\0sState:\tS\0sPPid:\t1\0sThreads:\t1\0ahousecall\0\
            p3\0sState:\tS\0sPPid:\t2\0sThreads:\t1\0ash\0a-c\0a: housecall-shell; if\0p4\0sState:\tR\0sPPid:\t3\0sThreads:\t1\0ash\0e\0";
        let left: Vec<_> = rows(here.as_bytes())
            .iter()
            .map(|row| row["args"].clone())
            .collect();
        assert_eq!(left, ["init", "housecall"]);
    }

    #[test]
    fn hostile_names_and_arguments_are_told_as_they_are() {
        let output = b"wsh\0m8\0p7\0sName:\ta b)\\n\"\x1b[1m\0sState:\tS (sleeping)\0sPPid:\t9301\0sUid:\t0\t0\t0\t0\0sVmRSS:\t    1828 kB\0\
            sThreads:\t1\0ait's \"a\"\n) S 1\t\0a\0ap7\0a\xff\0e\0";
        let [row] = &rows(output)[..] else {
            panic!("one process")
        };
        assert_eq!(row["name"], "a b)\n\"\u{1b}[1m");
        assert_eq!(row["args"], "it's \"a\"\n) S 1\t  p7 \u{fffd}");
    }

    #[test]
    fn status_that_grep_found_is_read_like_any_other() {
        let output = b"wsh\0m8\0g/proc/7/status:Name:\ta/status:b\n/proc/7/status:State:\tT (stopped)\n/proc/7/status:PPid:\t1\n/proc/7/status:Uid:\t3\t0\t0\t0\n\
            /proc/7/status:Threads:\t2\n/proc/9/status:Name:\tbegan-later\n/proc/9/status:Threads:\t1\n\0p7\0ax\0p8\0e\0";
        assert_eq!(
            rows(output),
            [
                json!({"pid": 7, "ppid": 1, "state": "T", "uid": 3, "rss": 0, "threads": 2, "name": "a/status:b", "args": "x"})
            ]
        );
    }

    #[test]
    fn without_a_shell_that_reads_nuls_there_are_no_arguments_instead_of_wrong_ones() {
        let output = b"wnone\0m18703\0p18250\0sName:\tsleep\0sState:\tS (sleeping)\0sPPid:\t18248\0sUid:\t0\t0\t0\t0\0sVmRSS:\t    1532 kB\0sThreads:\t1\0e\0";
        assert_eq!(rows(output)[0]["args"], Value::Null);
    }

    #[test]
    fn parents_that_go_round_in_a_ring_come_to_an_end() {
        let output = b"wsh\0m5\0p5\0sPPid:\t6\0sThreads:\t1\0p6\0sPPid:\t5\0sThreads:\t1\0e\0";
        assert_eq!(rows(output), [] as [Value; 0]);
    }

    #[test]
    fn what_could_not_be_looked_at_and_what_has_no_end_is_no_list() {
        let gone = said(crate::ask::Ended::Exited(125), b"", "process 7 is gone\n");
        let gone = Processes.read(&gone, "x");
        assert_eq!(
            gone.blocked,
            Some((Verdict::Unavailable, "process 7 is gone".into()))
        );
        let cut = said(
            crate::ask::Ended::Exited(0),
            b"wsh\0m5\0p5\0sPPid:\t6\0",
            "",
        );
        assert_eq!(Processes.read(&cut, "x").blocked.unwrap().0, Verdict::Error);
        let unread = said(
            crate::ask::Ended::Exited(0),
            b"wsh\0m5\0g\0p5\0ax\0p7\0e\0",
            "",
        );
        assert_eq!(
            Processes.read(&unread, "x").blocked,
            Some((Verdict::Error, UNREAD.into())),
            "no list is not an empty one"
        );
        let mut cut = said(crate::ask::Ended::Exited(0), IN_A_POD.as_bytes(), "");
        cut[0].stdout.truncated = true;
        let cut = Processes.read(&cut, "x");
        assert_eq!(cut.facts["truncated"], json!(["stdout", "rows", "way"]));
        assert!(!cut.facts.contains_key("rows"));
    }

    proptest::proptest! {
        #[test]
        fn whatever_bytes_come_there_are_rows_only_of_what_has_a_status(
            output in proptest::collection::vec(proptest::prop_oneof![
                proptest::sample::select(&b"wmgposaae\0\0\0\n\t:0123456789"[..]),
                proptest::prelude::any::<u8>(),
            ], 0..200),
        ) {
            let observation = Processes.read(&said(crate::ask::Ended::Exited(0), &output, ""), "x");
            let rows = observation.facts.get("rows").and_then(Value::as_array);
            for row in rows.into_iter().flatten() {
                proptest::prop_assert!(row["threads"].is_u64());
            }
        }
    }
}
