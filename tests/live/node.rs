//! What the node sees of a patient's process namespace. Only on the cluster that runs on this machine.

use std::fs::{read, read_link, read_to_string};
use std::path::PathBuf;

use crate::ground::Ground;

/// The process namespace of one container.
pub(crate) struct Ward {
    first: u32,
    namespace: PathBuf,
}

/// A process in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    /// Its pid on the node.
    pub(crate) pid: u32,
    parent: u32,
    state: char,
    /// Its words; empty for a zombie.
    pub(crate) words: String,
}

impl Ward {
    /// The namespace of the first process that carries the pod's mark.
    pub(crate) fn of(ground: &Ground, pod: &str) -> Self {
        let mark = format!("HOUSECALL_TEST={}/{pod}", ground.namespace);
        let marked = |pid: &u32| {
            let environment = read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment
                .split(|byte| *byte == 0)
                .any(|one| one == mark.as_bytes())
        };
        let first = pids()
            .filter(marked)
            .min_by_key(|pid| started(*pid))
            .expect("the patient is among the processes of this machine");
        Self {
            first,
            namespace: namespace(first).expect("its namespace"),
        }
    }

    /// Every process in it beside the patient itself.
    pub(crate) fn others(&self) -> Vec<Process> {
        pids()
            .filter(|pid| *pid != self.first && namespace(*pid).as_ref() == Some(&self.namespace))
            .filter_map(look)
            .collect()
    }

    /// Zombies that were left to the patient.
    pub(crate) fn zombies(&self) -> usize {
        pids()
            .filter_map(look)
            .filter(|one| one.parent == self.first && one.state == 'Z')
            .count()
    }

    /// A process whose words hold this.
    pub(crate) fn with_words(&self, words: &str) -> Option<Process> {
        self.others()
            .into_iter()
            .find(|one| one.words.contains(words))
    }

    /// True while the patient is the process it was.
    pub(crate) fn lives(&self) -> bool {
        namespace(self.first).as_ref() == Some(&self.namespace)
    }
}

/// A process of this machine whose words hold this.
pub(crate) fn process(words: &str) -> Option<Process> {
    pids()
        .filter_map(look)
        .find(|one| one.words.contains(words))
}

fn pids() -> impl Iterator<Item = u32> {
    std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

fn namespace(pid: u32) -> Option<PathBuf> {
    read_link(format!("/proc/{pid}/ns/pid")).ok()
}

/// The fields of its stat after the name, which may hold anything.
fn stat(pid: u32) -> Option<Vec<String>> {
    let text = read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = text.rsplit_once(") ")?;
    Some(fields.split(' ').map(str::to_owned).collect())
}

fn started(pid: u32) -> u64 {
    stat(pid)
        .and_then(|fields| fields.get(19)?.parse().ok())
        .unwrap_or(u64::MAX)
}

fn look(pid: u32) -> Option<Process> {
    let fields = stat(pid)?;
    let words = read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    Some(Process {
        pid,
        parent: fields.get(1)?.parse().ok()?,
        state: fields.first()?.chars().next()?,
        words: String::from_utf8_lossy(&words).replace('\0', " "),
    })
}
