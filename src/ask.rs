//! The small file of words that step kinds and clusters share: what is asked, and what comes back.
//!
//! A step kind makes [`Ask`]s and reads [`Answer`]s; a cluster (a live pod, this machine, a recording) turns the one into the
//! other. Neither knows the other. No [`Ask`] can write to the cluster: what is not in [`Question`] cannot be asked.

mod api;
mod talk;

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use api::{ApiRead, RESOURCES, Resource, Whom};
pub use talk::{Awaited, Exchange, MAX_LINE, MAX_TRANSCRIPT, Progress, Sought};

/// Cap of each captured stream when a step says nothing: 256 KiB.
pub const DEFAULT_CAP: u64 = 256 * 1024;

/// The largest cap that may be asked for: 8 MiB for each stream.
pub const MAX_CAP: u64 = 8 * 1024 * 1024;

/// The most that is written to a command's stdin: 64 KiB.
pub const MAX_STDIN: usize = 64 * 1024;

/// How long a step may take when it says nothing: 10 s.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// What stands for the patient's process id in an ask that is made before that is known. Where it is asked it becomes the number.
pub const PATIENT: &str = "@housecall-patient@";

/// One question to whatever can answer it, with its bounds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// Id of the step that asks; empty until its plan says so. Canned answers are found by it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub step: String,
    /// What is asked.
    pub question: Question,
    /// How long the answer may take; enforced beside the command and, a little later, by the client.
    #[serde(with = "seconds")]
    pub timeout: Duration,
    /// Bytes of stdout that are kept, at most [`MAX_CAP`]; the rest is cut and said to be.
    pub stdout_cap: u64,
    /// Bytes of stderr that are kept, at most [`MAX_CAP`].
    pub stderr_cap: u64,
    /// What is written to the command's stdin, which then ends; at most [`MAX_STDIN`]. The one way in for a secret: it stands in no
    /// argv, no environment and no pod.
    #[serde(default, with = "base64_bytes", skip_serializing_if = "Vec::is_empty")]
    pub stdin: Vec<u8>,
    /// What a report shows as the argv, where the question itself would say too much: `["http", "GET", "http://localhost/"]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<Vec<String>>,
    /// How what comes back is laid out, where its keys tell what is to be masked in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout: Option<Layout>,
}

/// How a file holds its keys and values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// YAML, and JSON that is written over lines.
    Yaml,
    /// `KEY=value` on each line, as in an environment file or properties.
    Env,
}

impl Layout {
    /// Every layout with its word in runbooks.
    pub const WORDS: [(Self, &'static str); 2] = [(Self::Yaml, "yaml"), (Self::Env, "env")];
}

impl Ask {
    /// An ask with the default bounds.
    pub fn new(question: Question) -> Self {
        Self {
            step: String::new(),
            question,
            timeout: DEFAULT_TIMEOUT,
            stdout_cap: DEFAULT_CAP,
            stderr_cap: DEFAULT_CAP,
            stdin: Vec::new(),
            shown: None,
            layout: None,
        }
    }

    /// The argv that a report shows.
    pub fn argv(&self) -> Vec<String> {
        self.shown.clone().unwrap_or_else(|| self.question.argv())
    }
}

/// What can be asked. A new variant is a new power: rare, visible, reviewed as a safety change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// A program and its arguments, run as they stand: no shell reads them.
    Argv(Vec<String>),
    /// A POSIX shell script; what it needs to know reaches it as environment only.
    Script {
        /// The script's text, never templated.
        text: String,
        /// Environment of the script, name and value, in order.
        env: Vec<(String, String)>,
    },
    /// A file of the patient, resolved link by link inside the patient's own root.
    File {
        /// Absolute path as the patient sees it.
        path: String,
        /// Bytes that are read at most.
        max: u64,
    },
    /// The regular files of the patient whose paths match a pattern, each link on the way resolved inside the patient's own root;
    /// answered by their paths, each ended by a NUL byte.
    Glob {
        /// Absolute pattern, as the patient sees it: `*`, `?` and `[…]` within one part of a path.
        pattern: String,
        /// How many are told at most; one more where there are more.
        most: u64,
    },
    /// A program on a terminal of its own, and a dialogue with it; what it writes is told as stdout. Once the dialogue is over the
    /// program is ended, unless it ends by itself.
    Talk {
        /// The program and its arguments, as they stand.
        argv: Vec<String>,
        /// What is waited for and written, in order.
        dialogue: Vec<Exchange>,
    },
    /// A read of the Kubernetes API; no container is asked.
    Kube(ApiRead),
    /// Nothing: time that passes. The engine answers it by itself.
    Pause(#[serde(with = "seconds")] Duration),
}

impl Question {
    /// The argv that a report shows for this question.
    pub fn argv(&self) -> Vec<String> {
        match self {
            Self::Argv(argv) => argv.clone(),
            Self::Script { text, .. } => vec!["sh".into(), "-c".into(), text.clone()],
            Self::File { path, .. } => vec!["file".into(), path.clone()],
            Self::Glob { pattern, .. } => vec!["glob".into(), pattern.clone()],
            Self::Talk { argv, .. } => [&["talk".into()], argv.as_slice()].concat(),
            Self::Kube(read) => read.argv(),
            Self::Pause(time) => vec!["pause".into(), format!("{}s", time.as_secs_f64())],
        }
    }
}

/// What came back for one [`Ask`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// How it ended.
    pub ended: Ended,
    /// What the command wrote to stdout, or the file's content.
    pub stdout: Captured,
    /// What the command wrote to stderr, or why a file could not be read.
    pub stderr: Captured,
    /// When the ask was sent.
    pub started: Timestamp,
    /// From the ask being sent to the last marker, seconds.
    #[serde(with = "seconds")]
    pub duration: Duration,
    /// Of a [`Question::File`]: what kind of thing the path is; `None` where it does not exist or was not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<FileStatus>,
    /// Of a [`Question::Talk`]: how far it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    /// Things worth telling that are not part of the output: a process left running, a zombie that could not be reaped.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

/// An answer that was written down beforehand instead of being asked for, for the tests of a runbook.
#[derive(Clone, Debug, PartialEq)]
pub struct Canned {
    /// What comes back.
    pub answer: Answer,
    /// The step's facts as they stand, beside those of every step; its kind then reads nothing.
    pub facts: Option<Map<String, Value>>,
}

impl Canned {
    /// A command that said nothing and ended in this way.
    pub fn silent(ended: Ended) -> Self {
        Self {
            answer: Answer {
                ended,
                stdout: Captured::default(),
                stderr: Captured::default(),
                started: Timestamp::UNIX_EPOCH,
                duration: Duration::ZERO,
                file: None,
                progress: None,
                remarks: Vec::new(),
            },
            facts: None,
        }
    }
}

/// How an ask ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// The command ended by itself with this code, as `sh` tells it: 126 cannot execute, 127 not found, 128 + n ended by signal n.
    Exited(i32),
    /// A dialogue came to its end, and its program was ended with it.
    Released,
    /// It was still running at its timeout and was stopped; what it wrote until then is kept.
    TimedOut,
    /// The run was interrupted; what it wrote until then is kept.
    Cancelled,
    /// The way to the pod was lost while it ran: why, in one line.
    Lost(String),
}

impl Ended {
    /// The exit code, where there is one.
    pub fn exit(&self) -> Option<i32> {
        match self {
            Self::Exited(code) => Some(*code),
            Self::Released | Self::TimedOut | Self::Cancelled | Self::Lost(_) => None,
        }
    }

    /// The signal that `sh` reports as 128 + n, for n from 1 to 64.
    pub fn signal(&self) -> Option<i32> {
        self.exit()
            .filter(|code| (129..=192).contains(code))
            .map(|code| code - 128)
    }
}

/// Bytes of one stream, bounded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Captured {
    /// What was kept, in order, from the beginning.
    #[serde(with = "base64_bytes")]
    pub bytes: Vec<u8>,
    /// True when more came than the cap allows, or when the end is not known to have arrived.
    pub truncated: bool,
}

impl Captured {
    /// Whole output.
    pub fn whole(bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            bytes: bytes.into(),
            truncated: false,
        }
    }

    /// The text, with U+FFFD for what is not UTF-8.
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.bytes)
    }
}

/// The last line of a text that says something, at most 200 characters of it: what a command said before it gave up.
pub fn last_line(text: &str) -> Option<String> {
    let line = text
        .lines()
        .rev()
        .map(str::trim)
        .find(|line| !line.is_empty())?;
    Some(line.chars().take(200).collect())
}

/// What the patient's file system says of a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileStatus {
    /// The path after every link was followed inside the patient's root.
    pub resolved: String,
    /// What it is: `file`, `directory`, `link`, or `other`.
    pub kind: String,
    /// Permission bits in octal, such as `644`.
    pub mode: String,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Size in bytes, of the whole file.
    pub size: u64,
    /// Last change, seconds since 1970-01-01 UTC; `None` where the image's tools cannot tell.
    pub mtime: Option<i64>,
}

/// Where the patient is, seen from where the asks are answered; found and probed when a session opens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patient {
    /// Process id of the patient's first process, `None` where its process namespace is not ours to see.
    pub pid: Option<u32>,
    /// The patient's root directory as we see it, such as `/proc/1/root`; `None` when it cannot be read.
    pub root: Option<String>,
    /// Why `pid` or `root` is missing, and what would help.
    pub reason: Option<String>,
}

/// A right that an ask needs of the Kubernetes API, in the words of RBAC.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Need {
    /// API group, empty for the core group.
    pub group: String,
    /// Resource with its subresource, such as `pods/exec`.
    pub resource: String,
    /// Verb, such as `get`.
    pub verb: String,
    /// The namespace in which it must hold; that of the target where this is `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// True when the run goes on without it, only slower or with less to tell.
    pub optional: bool,
    /// What it is for, one line.
    pub why: String,
}

impl Need {
    /// A right of the core group in the target's namespace, that the run cannot do without.
    pub fn of(verb: &str, resource: &str, why: &str) -> Self {
        Self {
            group: String::new(),
            resource: resource.into(),
            verb: verb.into(),
            namespace: None,
            optional: false,
            why: why.into(),
        }
    }

    /// True for what is in no namespace: a Role cannot grant it, only a ClusterRole can.
    pub fn cluster_wide(&self) -> bool {
        self.resource == "nodes"
    }
}

mod seconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(duration: &Duration, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_f64(duration.as_secs_f64())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Duration, D::Error> {
        Duration::try_from_secs_f64(f64::deserialize(d)?).map_err(serde::de::Error::custom)
    }
}

mod maybe_seconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(
        duration: &Option<Duration>,
        s: S,
    ) -> Result<S::Ok, S::Error> {
        duration.map(|time| time.as_secs_f64()).serialize(s)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        d: D,
    ) -> Result<Option<Duration>, D::Error> {
        Option::<f64>::deserialize(d)?
            .map(Duration::try_from_secs_f64)
            .transpose()
            .map_err(serde::de::Error::custom)
    }
}

mod base64_bytes {
    use base64::{Engine, engine::general_purpose::STANDARD};
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<u8>, D::Error> {
        STANDARD
            .decode(String::deserialize(d)?)
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_read_from_what_the_shell_reports() {
        assert_eq!(Ended::Exited(137).signal(), Some(9));
        assert_eq!(Ended::Exited(127).signal(), None);
        assert_eq!(Ended::TimedOut.signal(), None);
    }

    #[test]
    fn an_answer_survives_being_written_down() {
        let answer = Answer {
            ended: Ended::Exited(3),
            stdout: Captured::whole(vec![0, 255, b'a']),
            stderr: Captured::default(),
            started: Timestamp::UNIX_EPOCH,
            duration: Duration::from_millis(1500),
            file: None,
            progress: None,
            remarks: Vec::new(),
        };
        let text = serde_json::to_string(&answer).unwrap();
        assert_eq!(serde_json::from_str::<Answer>(&text).unwrap(), answer);
    }
}
