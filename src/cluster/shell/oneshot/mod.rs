//! A session whose asks are all known ahead: what its container is started with, and what the container's log then tells.
//!
//! The shell is the one of a live session, and so are its orders and its frames. Only the way differs: the orders come with the
//! container, as its environment (of which nothing is handed on to what is asked), and both streams go to its log, encoded. So
//! [`Oneshot::read`] decodes the two streams and lets a [`Conversation`](super::Conversation) read them.
//!
//! The log loses things for good: its head, because the kubelet rotates it at 10 MiB, and its tail, when a container is killed. So a
//! record carries its number, the last one of a stream the length of all its data, the very last the digest of each stream, and the
//! caps of all asks together stay below what the log holds ([`BUDGET`]). What does not add up is truncated or lost, and said to be.

mod log;
mod reading;

use super::conversation::{Conversation, prelude};
use super::frame::find;
use super::hunt::Hunt;
use super::keeper::Keeper;
use super::nonce::Nonce;
use super::quote::{Unquotable, quote};
use super::source::sent;
use crate::ask::{Ask, DEFAULT_CAP, MAX_CAP, PATIENT, Patient, Question};

pub use reading::{Reading, Told};

/// What all asks of a session may bring together, bytes: encoded they cost 1.355 times as much in the node's log, which the kubelet
/// rotates at 10 MiB (`containerLogMaxSize`); 7.0 MB were complete, 8.5 MB rotated away (measured on containerd 1.6).
pub const BUDGET: u64 = 7_000_000;

/// The longest text that a container's environment may hold in one piece: below the kernel's 128 KiB (`MAX_ARG_STRLEN`) with its name.
const PIECE: usize = 120 * 1024;

/// No record of the log is longer, bytes (`carrier.sh`).
const RECORD: usize = 4096;

/// The variable that the text of `carrier.sh` comes in.
const CARRIER: &str = "HOUSECALL_CARRIER";

/// The longest text at all: a request to the API server holds 1.5 MiB (etcd's `--max-request-bytes`), and the pod is in it, too.
pub const LONGEST: usize = 512 * 1024;

/// The asks of one session, in their order.
#[derive(Clone, Debug)]
pub struct Oneshot {
    asks: Vec<Ask>,
    hunt: Hunt,
    known: Option<Patient>,
    tag: String,
    mark: String,
}

/// What a container is started with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// Text for `sh -c`. Kubernetes expands `$(X)` and `$$` in a command and an environment: the caller doubles every `$` of both.
    pub command: String,
    /// Its environment, names and values.
    pub environment: Vec<(String, String)>,
}

impl Script {
    /// A keeper with nothing beside it.
    pub fn alone(keeper: &Keeper) -> Self {
        Self {
            command: keeper.script(),
            environment: Vec::new(),
        }
    }
}

/// Why asks cannot be sent ahead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsendable {
    /// One of them is nothing a shell can be told.
    #[error(transparent)]
    Unquotable(#[from] Unquotable),
    /// All together they are too long.
    #[error(
        "the asks come to {bytes} bytes of shell text, and a pod can carry at most {LONGEST}; split the runbook, or use the live transport"
    )]
    TooLong {
        /// Their length.
        bytes: usize,
    },
}

impl Oneshot {
    /// A session for these asks. Caps are lowered, the largest first, until all fit into [`BUDGET`]. What no shell can be asked is left
    /// out: [`askable`] tells why.
    pub fn new(mut asks: Vec<Ask>, hunt: Hunt, nonce: &Nonce) -> Self {
        asks.retain(|ask| askable(ask).is_ok());
        if level(&asks, BUDGET) < MAX_CAP {
            // What a command says of its trouble is short; its stderr gives way first.
            for ask in &mut asks {
                ask.stderr_cap = ask.stderr_cap.min(DEFAULT_CAP);
            }
        }
        let level = level(&asks, BUDGET);
        for ask in &mut asks {
            ask.stdout_cap = ask.stdout_cap.min(level);
            ask.stderr_cap = ask.stderr_cap.min(level);
        }
        Self {
            asks,
            hunt,
            known: None,
            tag: format!("hc{}", &nonce.to_string()[..8]),
            mark: nonce.mark(),
        }
    }

    /// The same, for a patient of whom it is known beforehand where it is.
    #[must_use]
    pub fn with_patient(self, patient: Patient) -> Self {
        Self {
            known: Some(patient),
            ..self
        }
    }

    /// The asks as they are sent, with their caps.
    pub fn asks(&self) -> &[Ask] {
        &self.asks
    }

    /// What the container is started with.
    pub fn script(&self, keeper: &Keeper) -> Result<Script, Unsendable> {
        let text = self.text()?;
        let mut environment: Vec<_> = pieces(&text)
            .enumerate()
            .map(|(number, piece)| (format!("HOUSECALL_ASKS_{number}"), piece.to_owned()))
            .collect();
        let names: Vec<_> = environment.iter().map(|(name, _)| name.as_str()).collect();
        let values: String = names.iter().map(|name| format!("${name}")).collect();
        let carrier = sent(include_str!("carrier.sh"))
            .replace("@TEXT@", &values)
            .replace("@NAMES@", &names.join(" "))
            .replace("@TAG@", &self.tag);
        environment.push((CARRIER.into(), carrier));
        Ok(Script {
            command: keeper.beside(&format!("eval \"${CARRIER}\"\n")),
            environment,
        })
    }

    /// True once the log holds its end mark: whatever the container had to tell is before it.
    pub fn is_told(&self, log: &[u8]) -> bool {
        let last = &log[log.len().saturating_sub(RECORD)..];
        find(last, format!("@{} end ", self.tag).as_bytes()).is_some()
    }

    /// What the shell is told. Where the patient is, it finds out by itself.
    fn text(&self) -> Result<String, Unsendable> {
        let mut conversation = Conversation::ahead(String::new(), &self.mark);
        // The first step, which the shell tells by itself
        conversation.find_patient(&self.hunt)?;
        let patient = foreseen();
        let mut orders = String::new();
        for ask in &self.asks {
            orders += &text(conversation.ask(ask, &patient)?);
        }
        let root = self.known.as_ref().and_then(|known| known.root.as_deref());
        if let Some(root) = root {
            // It comes in where a quoted word is, and so without its quotes.
            let root = quote(root)?;
            orders = orders.replace(&foreseen_root(), root.trim_matches('\''));
        }
        // Data stands between single quotes: the number is put between two of them.
        let orders = orders.replace(PATIENT, "'\"$patient\"'");
        let ahead = sent(include_str!("ahead.sh"))
            .replace("@HUNT@", &self.hunt.words()?)
            .replace("@ORDERS@\n", &orders);
        let text = prelude("", &self.mark, true) + ahead.as_str();
        if text.len() > LONGEST {
            return Err(Unsendable::TooLong { bytes: text.len() });
        }
        Ok(text)
    }
}

/// Where the patient will be, told in a word that its process id is put in for.
fn foreseen() -> Patient {
    Patient {
        pid: None,
        root: Some(foreseen_root()),
        reason: None,
    }
}

fn foreseen_root() -> String {
    format!("/proc/{PATIENT}/root")
}

/// Why a shell cannot be asked this at all, whichever way the ask comes to it.
pub fn askable(ask: &Ask) -> Result<(), Unquotable> {
    let mut conversation = Conversation::ahead(String::new(), "");
    conversation.ask(ask, &foreseen()).map(drop)
}

/// An order without its last line, which is empty where there is no secret.
fn text(order: Vec<u8>) -> String {
    let mut order = String::from_utf8_lossy(&order).into_owned();
    if order.ends_with("\n\n") {
        order.pop();
    }
    order
}

fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut end = rest.len().min(PIECE);
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        let (piece, left) = rest.split_at(end);
        rest = left;
        Some(piece)
    })
}

/// The cap that no stream may exceed, so that all fit into the budget together: the largest such.
fn level(asks: &[Ask], budget: u64) -> u64 {
    let mut caps: Vec<u64> = asks
        .iter()
        .flat_map(|ask| {
            let out = match ask.question {
                Question::File { max, .. } => max.min(ask.stdout_cap),
                _ => ask.stdout_cap,
            };
            [out.min(MAX_CAP), ask.stderr_cap.min(MAX_CAP)]
        })
        .collect();
    caps.sort_unstable();
    let (mut left, mut count) = (budget, caps.len() as u64);
    for cap in caps {
        if cap > left / count {
            return left / count;
        }
        left -= cap;
        count -= 1;
    }
    MAX_CAP
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(out: u64, err: u64) -> Ask {
        Ask {
            stdout_cap: out,
            stderr_cap: err,
            ..Ask::new(Question::Argv(vec!["true".into()]))
        }
    }

    #[test]
    fn caps_that_fit_stay_and_the_largest_are_lowered_first() {
        assert_eq!(level(&[ask(10, 10), ask(30, 10)], 60), MAX_CAP);
        // 10 + 10 + 10 + 20
        assert_eq!(level(&[ask(10, 10), ask(30, 10)], 50), 20);
        assert_eq!(level(&[ask(30, 30)], 20), 10);
        assert_eq!(level(&[], 20), MAX_CAP);
    }

    #[test]
    fn a_text_is_cut_between_characters_and_comes_whole() {
        let text = format!("x{}", "ä".repeat(PIECE));
        let cut: Vec<_> = pieces(&text).collect();
        assert!(cut.len() == 3 && cut.iter().all(|piece| piece.len() <= PIECE));
        assert_eq!(cut.concat(), text);
    }

    #[test]
    fn a_root_that_is_known_ahead_is_where_everything_is_asked() {
        let asks = vec![
            Ask::new(Question::Argv(vec![
                "ls".into(),
                format!("/proc/{PATIENT}/root/etc"),
            ])),
            Ask::new(Question::File {
                path: "/etc/hosts".into(),
                max: 10,
            }),
        ];
        let found = Oneshot::new(asks, Hunt::default(), &Nonce::from_bytes([1; 16]));
        let text = found.text().unwrap();
        assert!(
            text.contains(r#"'ls' '/proc/'"$patient"'/root/etc'"#),
            "{text}"
        );
        let known = found.with_patient(Patient {
            pid: Some(1),
            root: Some("/host".into()),
            reason: None,
        });
        let text = known.text().unwrap();
        assert!(text.contains("'ls' '/host/etc'"), "{text}");
        assert!(text.contains("look '/host' '/etc/hosts'"), "{text}");
    }

    #[test]
    fn a_text_that_no_pod_carries_is_refused_with_its_size() {
        let long: Vec<_> = (0..6)
            .map(|_| Ask::new(Question::Argv(vec!["echo".into(), "x".repeat(100_000)])))
            .collect();
        let oneshot = Oneshot::new(long, Hunt::default(), &Nonce::from_bytes([1; 16]));
        let keeper = Keeper {
            not_after: 0,
            deadline_seconds: 1,
            grace_seconds: 1,
        };
        let refused = oneshot.script(&keeper).unwrap_err().to_string();
        assert!(refused.contains("split the runbook"), "{refused}");
    }
}
