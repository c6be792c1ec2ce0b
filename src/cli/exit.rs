//! The one place where the process's exit code is made. The table of codes is in `housecall::report::settle`.

use std::io::Write;
use std::process::ExitCode;

/// Why a verb ended without a report.
pub(crate) struct Failure {
    code: u8,
    text: String,
}

impl Failure {
    /// The command line or the runbook is wrong; nothing was sent. `text` is complete, headline and help.
    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self {
            code: 2,
            text: text.into(),
        }
    }

    /// Several failures as one, with the code of the first; `None` of none.
    pub(crate) fn all(failures: Vec<Self>) -> Option<Self> {
        let code = failures.first()?.code;
        let texts: Vec<_> = failures.into_iter().map(|failure| failure.text).collect();
        Some(Self {
            code,
            text: texts.join("\n"),
        })
    }

    /// Interrupted before anything was asked.
    pub(crate) fn interrupted() -> Self {
        Self {
            code: 130,
            text: "interrupted before anything was asked".into(),
        }
    }

    /// Something outside the runbook and the cluster went wrong, such as a report that cannot be written.
    pub(crate) fn could_not(what: &str, why: &dyn std::fmt::Display) -> Self {
        Self {
            code: 3,
            text: format!("failed to {what}: {why}"),
        }
    }
}

/// Tells a failure on stderr and makes the exit code.
pub(crate) fn code(done: Result<u8, Failure>) -> ExitCode {
    match done {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            // A diagnostic already begins with its own `error:`.
            let text = failure.text.trim_end();
            let prefix = if text.starts_with("error") {
                ""
            } else {
                "error: "
            };
            let _ = writeln!(std::io::stderr(), "{prefix}{text}");
            ExitCode::from(failure.code)
        }
    }
}

/// `--help` and `--version` are no errors; everything else that clap says is usage.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    if error.use_stderr() {
        ExitCode::from(2)
    } else {
        ExitCode::SUCCESS
    }
}
