//! Where the libraries' log goes (`HOUSECALL_LOG`): to stderr, masked as everything else is.

use std::io::{self, Write};
use std::sync::{LazyLock, OnceLock};

use housecall::plan::Plan;
use housecall::random;
use housecall::report::{Key, Redactor, Rules};

/// What is masked. Until a plan is known, what looks like a secret is.
static MASKS: OnceLock<Redactor> = OnceLock::new();

/// Until then. With a key of its own: by one that is known, short secrets could be guessed from their tokens.
static EARLY: LazyLock<Redactor> = LazyLock::new(|| {
    let key = random::bytes()
        .map(Key::new)
        .unwrap_or_else(|_| Key::known());
    Redactor::new(&[], Rules::builtin(), key)
});

/// From now on the secrets and rules of this plan are masked in the log.
pub(crate) fn keep_from(plan: &Plan, key: &Key) {
    // A process has one plan.
    let _ = MASKS.set(Redactor::new(
        &plan.secrets,
        plan.redact.clone(),
        key.clone(),
    ));
}

/// The log. Each event comes as one write.
pub(crate) struct Log;

impl Write for Log {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let masked = match MASKS.get() {
            Some(masks) => masks.text(&text),
            None => EARLY.text(&text),
        };
        io::stderr().write_all(masked.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
