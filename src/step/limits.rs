//! `limits`: what holds the patient: memory, CPU and processes of its control group (v1 or v2), and its open files.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

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
    word: "limits",
    purpose: "the limits of the patient's own control group (v1 or v2, not those above it), and of its first process; a limit that is not \
              set is nothing, `is_set(memory_max)` is then false, and a fact that could not be seen is not there, so that an expression \
              that uses it is an error; without any sight of the group the step is unavailable",
    ways: &[],
    short: None,
    fields: &[],
    facts: &[
        Fact::new(
            "memory_max",
            "int",
            "bytes that it may use; nothing where unlimited",
        ),
        Fact::new(
            "memory_current",
            "int",
            "bytes that it uses, page cache included",
        ),
        Fact::new(
            "oom_kills",
            "int",
            "processes of it that were killed for want of memory",
        ),
        Fact::new(
            "cpu_quota",
            "float",
            "CPUs that it may use, such as 0.25; nothing where unlimited",
        ),
        Fact::new(
            "cpu_periods",
            "int",
            "periods, of a tenth of a second most often, in which it ran under a quota",
        ),
        Fact::new(
            "throttled_periods",
            "int",
            "periods in which it was held back for having used its quota",
        ),
        Fact::new(
            "throttled_seconds",
            "float",
            "for how long it was held back",
        ),
        Fact::new(
            "pids_max",
            "int",
            "processes and threads that it may have; nothing where unlimited",
        ),
        Fact::new("pids_current", "int", "processes and threads that it has"),
        Fact::new(
            "open_files",
            "int",
            "descriptors that its first process has open; not there where we may not see them",
        ),
        Fact::new(
            "open_files_max",
            "int",
            "descriptors that its first process may have open (soft limit); nothing where unlimited",
        ),
    ],
    example: "limits:",
};

const SCRIPT: &str = include_str!("limits.sh");

/// Above this a v1 group means unlimited: the largest number, less what does not fill a page.
const UNLIMITED: u64 = 1 << 62;

#[derive(Debug)]
struct Limits;

fn build(_: &Spec, _: &[String]) -> Result<Arc<dyn Asking>, Unfit> {
    Ok(Arc::new(Limits))
}

impl Asking for Limits {
    fn looks_at(&self) -> &'static [&'static str] {
        &["target_pid"]
    }

    fn asks(&self, scope: &Scope<'_>) -> Result<Vec<Ask>, TemplateError> {
        Ok(vec![answer::script(SCRIPT, scope, &[ABOUT.word])])
    }

    fn read(&self, answers: &[Answer], image: &str) -> Observation {
        let (mut observation, output) = answer::scripted(answers, image, ABOUT.facts);
        let Some(output) = output else {
            return observation;
        };
        let output = String::from_utf8_lossy(output);
        let Some(output) = output.strip_suffix("end\n") else {
            observation.blocked = Some((Verdict::Error, answer::UNENDED.into()));
            return observation;
        };
        let files = Files::read(output);
        observation.facts.extend(files.facts());
        if files.groups.is_empty() {
            let why = files.unseen.unwrap_or("its control group was not found");
            observation.blocked = Some((Verdict::Unavailable, why.into()));
        }
        observation
    }
}

/// Lines of the files, by their names.
#[derive(Debug, Default)]
struct Files<'t> {
    lines: BTreeMap<&'t str, Vec<&'t str>>,
    /// Controllers whose group was seen, with its version.
    groups: BTreeMap<&'t str, &'t str>,
    unseen: Option<&'t str>,
}

impl<'t> Files<'t> {
    fn read(text: &'t str) -> Self {
        let mut files = Self::default();
        for line in text.lines() {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            match word {
                "group" => {
                    let mut words = rest.split(' ');
                    if let (Some(controller), Some(version)) = (words.next(), words.next()) {
                        files.groups.insert(controller, version);
                    }
                }
                "unseen" => {
                    files.unseen = files.unseen.or(rest.split_once(' ').map(|(_, why)| why))
                }
                // Known to have no lines, as a limit that no controller sets.
                "absent" => {
                    files.lines.insert(rest, Vec::new());
                }
                file => files.lines.entry(file).or_default().push(rest.trim()),
            }
        }
        files
    }

    fn facts(&self) -> Map<String, Value> {
        let mut facts = Map::new();
        let mut tell = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                facts.insert(name.into(), value);
            }
        };
        let number = |file: &str| self.first(file)?.parse::<u64>().ok().map(Value::from);
        let thousandth = |value: f64| Value::from((value * 1e6).round() / 1e6);
        match self.groups.get("memory") {
            Some(&"v1") => {
                tell("memory_max", self.limit("memory.limit_in_bytes"));
                tell("memory_current", number("memory.usage_in_bytes"));
                tell(
                    "oom_kills",
                    self.keyed("memory.oom_control", "oom_kill")
                        .map(Value::from),
                );
            }
            Some(_) => {
                tell("memory_max", self.limit("memory.max"));
                tell("memory_current", number("memory.current"));
                tell(
                    "oom_kills",
                    self.keyed("memory.events", "oom_kill").map(Value::from),
                );
            }
            None => {}
        }
        match self.groups.get("cpu") {
            Some(&"v1") => {
                let period = self
                    .first("cpu.cfs_period_us")
                    .and_then(|period| period.parse().ok());
                let quota = self
                    .lines
                    .get("cpu.cfs_quota_us")
                    .and_then(|lines| quota(lines.first().copied(), period));
                tell("cpu_quota", quota);
                let held = self
                    .keyed("cpu.stat", "throttled_time")
                    .map(|nanos| thousandth(nanos as f64 / 1e9));
                tell("throttled_seconds", held);
            }
            Some(_) => {
                let quota = self.lines.get("cpu.max").and_then(|lines| {
                    let (most, period) =
                        lines.first().and_then(|line| line.split_once(' ')).unzip();
                    quota(most, period.and_then(|period| period.parse().ok()))
                });
                tell("cpu_quota", quota);
                let held = self
                    .keyed("cpu.stat", "throttled_usec")
                    .map(|micros| thousandth(micros as f64 / 1e6));
                tell("throttled_seconds", held);
            }
            None => {}
        }
        tell(
            "cpu_periods",
            self.keyed("cpu.stat", "nr_periods").map(Value::from),
        );
        tell(
            "throttled_periods",
            self.keyed("cpu.stat", "nr_throttled").map(Value::from),
        );
        if self.groups.contains_key("pids") {
            tell("pids_max", self.limit("pids.max"));
            tell("pids_current", number("pids.current"));
        }
        tell("open_files", number("fd"));
        let soft = self
            .first("limits")
            .and_then(|line| line.strip_prefix("Max open files"));
        tell(
            "open_files_max",
            soft.and_then(|soft| limit(soft.split_whitespace().next()?)),
        );
        facts
    }

    fn first(&self, file: &str) -> Option<&'t str> {
        self.lines.get(file)?.first().copied()
    }

    /// A limit, where the file was seen or seen to be absent.
    fn limit(&self, file: &str) -> Option<Value> {
        self.lines
            .get(file)?
            .first()
            .map_or(Some(Value::Null), |text| limit(text))
    }

    /// The number beside a key, in a file of such lines.
    fn keyed(&self, file: &str, key: &str) -> Option<u64> {
        let mut lines = self
            .lines
            .get(file)?
            .iter()
            .filter_map(|line| line.split_once(' '));
        lines
            .find(|(known, _)| *known == key)?
            .1
            .trim()
            .parse()
            .ok()
    }
}

fn limit(text: &str) -> Option<Value> {
    match text {
        "max" | "unlimited" => Some(Value::Null),
        number => number.parse().ok().map(|number: u64| {
            if number >= UNLIMITED {
                Value::Null
            } else {
                number.into()
            }
        }),
    }
}

/// CPUs: microseconds of running in each period; `max` and -1 are no limit, and neither is one that no controller sets.
fn quota(most: Option<&str>, period: Option<f64>) -> Option<Value> {
    match most {
        None | Some("max" | "-1") => Some(Value::Null),
        Some(most) => most
            .parse::<f64>()
            .ok()
            .zip(period.filter(|period| *period > 0.0))
            .map(|(most, period)| (most / period).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::step::answer::said;

    fn read(output: &str) -> Observation {
        Limits.read(
            &said(crate::ask::Ended::Exited(0), output.as_bytes(), ""),
            "this machine",
        )
    }

    fn facts(output: &str) -> Value {
        let mut facts = read(output).facts;
        for common in crate::step::COMMON_FACTS {
            facts.remove(common);
        }
        facts.into()
    }

    /// From a v1 group that was throttled and ran out of memory, on Linux 6.18.
    const V1: &str = "limits Max open files            20000                20000                files     \nfd 7
group memory v1 /hc-proc\nmemory.limit_in_bytes 33554432\nmemory.usage_in_bytes 667648\nmemory.oom_control oom_kill_disable 0
memory.oom_control under_oom 0\nmemory.oom_control oom_kill 1\ngroup cpu v1 /hc-proc\ncpu.cfs_quota_us 20000\ncpu.cfs_period_us 100000
cpu.stat nr_periods 15\ncpu.stat nr_throttled 14\ncpu.stat throttled_time 470895925\ncpu.stat nr_bursts 0\ncpu.stat burst_time 0
group pids v1 /\nabsent pids.max\nabsent pids.current\nend\n";

    /// The files of a v2 group (Documentation/admin-guide/cgroup-v2.rst).
    const V2: &str = "limits Max open files            unlimited            unlimited            files     
group memory v2 /kubepods/pod1/c2\nmemory.max 268435456\nmemory.current 15679488\nmemory.events low 0\nmemory.events high 0
memory.events max 12\nmemory.events oom 3\nmemory.events oom_kill 2\nmemory.events oom_group_kill 0\ngroup cpu v2 /kubepods/pod1/c2
cpu.max 150000 100000\ncpu.stat usage_usec 5200\ncpu.stat nr_periods 40\ncpu.stat nr_throttled 9\ncpu.stat throttled_usec 1250000
group pids v2 /kubepods/pod1/c2\npids.max max\npids.current 7\nend\n";

    #[test]
    fn a_group_of_version_1_is_read() {
        assert_eq!(
            facts(V1),
            serde_json::json!({"memory_max": 33554432, "memory_current": 667648, "oom_kills": 1, "cpu_quota": 0.2, "cpu_periods": 15, "throttled_periods": 14,
                "throttled_seconds": 0.470896, "pids_max": null, "open_files": 7, "open_files_max": 20000})
        );
    }

    #[test]
    fn a_group_of_version_2_is_read() {
        assert_eq!(
            facts(V2),
            serde_json::json!({"memory_max": 268435456, "memory_current": 15679488, "oom_kills": 2, "cpu_quota": 1.5, "cpu_periods": 40, "throttled_periods": 9,
                "throttled_seconds": 1.25, "pids_max": null, "pids_current": 7, "open_files_max": null})
        );
    }

    #[test]
    fn every_spelling_of_unlimited_is_nothing() {
        let v1 = V1
            .replace("33554432", "9223372036854771712")
            .replace("us 20000", "us -1");
        let v2 = V2
            .replace("max 268435456", "max max")
            .replace("max 150000", "max max");
        let bare = "group memory v2 /\nabsent memory.max\ngroup cpu v2 /\nabsent cpu.max\nend\n";
        for output in [v1.as_str(), &v2, bare] {
            let facts = facts(output);
            assert_eq!(
                (&facts["memory_max"], &facts["cpu_quota"]),
                (&Value::Null, &Value::Null),
                "{output}"
            );
            assert!(
                facts.as_object().unwrap().contains_key("cpu_quota"),
                "{output}"
            );
        }
    }

    #[test]
    fn what_was_not_seen_is_not_there_and_never_zero() {
        let facts = facts("group memory v2 /a\nabsent memory.current\nend\n");
        assert_eq!(facts, serde_json::json!({}));
        let none = read(
            "limits Max open files  64  64 files\nunseen memory no mount shows the group /a\nunseen cpu no mount shows the group /a\nend\n",
        );
        assert_eq!(
            none.blocked,
            Some((Verdict::Unavailable, "no mount shows the group /a".into()))
        );
        assert_eq!(none.facts["open_files_max"], 64);
        assert_eq!(
            read("group memory v2 /a\n").blocked.unwrap().0,
            Verdict::Error
        );
    }

    #[test]
    fn an_answer_that_is_cut_anywhere_tells_no_limit() {
        for whole in [V1, V2] {
            for end in 0..whole.len() {
                let cut = read(&whole[..end]);
                assert_eq!(cut.blocked.unwrap().0, Verdict::Error);
                assert!(!cut.facts.contains_key("memory_max"));
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_stands_in_the_files_no_limit_is_made_up(
            lines in "((group|absent|unseen|memory.max|memory.current|memory.events|cpu.max|cpu.stat|pids.max|fd|limits Max open files)( (memory|cpu|pids|v1|v2|max|oom_kill|nr_periods|-1|0|1e9|NaN|18446744073709551615|9{1,25}|\\PC{0,5})){0,3}\n){0,30}",
        ) {
            let facts = read(&format!("{lines}end\n")).facts;
            for (name, value) in &facts {
                if !crate::step::COMMON_FACTS.contains(&name.as_str()) && !value.is_null() {
                    proptest::prop_assert!(value.as_f64().is_some_and(|number| number >= 0.0), "{name}: {value}");
                }
            }
            proptest::prop_assert!(lines.contains("memory.max ") || facts.get("memory_max").is_none_or(Value::is_null));
        }
    }
}
