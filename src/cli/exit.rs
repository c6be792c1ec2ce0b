//! The one place where the process's exit code is made. The table of codes is in `housecall::report::settle`.

use std::io::Write;
use std::process::ExitCode;

use housecall::render::inert;
use housecall::report::graver;

/// Why a verb ended without a report.
pub(crate) struct Failure {
    code: u8,
    text: Text,
}

enum Text {
    /// May hold words of the user or of a server; made harmless when it is shown.
    Plain(String),
    /// Made by the house itself, harmless and maybe coloured.
    Drawn(String),
}

impl Failure {
    /// The command line or the runbook is wrong; nothing was sent. `text` is complete, headline and help.
    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self {
            code: 2,
            text: Text::Plain(text.into()),
        }
    }

    /// Several failures as one, with the code of the first; `None` of none.
    pub(crate) fn all(failures: Vec<Self>) -> Option<Self> {
        let code = failures.first()?.code;
        let texts: Vec<_> = failures
            .into_iter()
            .map(|failure| failure.text.shown())
            .collect();
        Some(Self::drawn(texts.join("\n"))).map(|all| Self { code, ..all })
    }

    /// What is wrong, one line.
    pub(crate) fn headline(&self) -> String {
        let (Text::Plain(text) | Text::Drawn(text)) = &self.text;
        text.lines().next().unwrap_or_default().to_owned()
    }

    /// The same failure with the graver of its own code and this one.
    pub(crate) fn or_graver(self, code: u8) -> Self {
        Self {
            code: graver(self.code, code),
            ..self
        }
    }

    /// A runbook is wrong; `text` is drawn already, with its own colours.
    pub(crate) fn drawn(text: String) -> Self {
        Self {
            code: 2,
            text: Text::Drawn(text),
        }
    }

    /// Interrupted before anything was asked.
    pub(crate) fn interrupted() -> Self {
        Self {
            code: 130,
            text: Text::Plain("interrupted before anything was asked".into()),
        }
    }

    /// Nothing matched, so that nobody was examined.
    pub(crate) fn unmatched(text: impl Into<String>) -> Self {
        Self {
            code: 4,
            text: Text::Plain(text.into()),
        }
    }

    /// Tells it on stderr.
    pub(crate) fn tell(&self) {
        let _ = writeln!(std::io::stderr(), "{}", self.text.shown());
    }

    /// The cluster could not be asked; `text` is complete, headline and help.
    pub(crate) fn unasked(text: impl Into<String>) -> Self {
        Self {
            code: 3,
            text: Text::Plain(text.into()),
        }
    }

    /// True where nothing matched.
    pub(crate) fn is_unmatched(&self) -> bool {
        self.code == 4
    }

    /// Something outside the runbook and the cluster went wrong, such as a report that cannot be written.
    pub(crate) fn could_not(what: &str, why: &dyn std::fmt::Display) -> Self {
        Self {
            code: 3,
            text: Text::Plain(format!("failed to {what}: {why}")),
        }
    }
}

impl Text {
    fn shown(&self) -> String {
        match self {
            Self::Drawn(text) => text.trim_end().to_owned(),
            Self::Plain(text) => {
                let lines: Vec<_> = text.trim_end().lines().map(inert).collect();
                format!("error: {}", lines.join("\n"))
            }
        }
    }
}

/// Tells a failure on stderr and makes the exit code.
pub(crate) fn code(done: Result<u8, Failure>) -> ExitCode {
    match done {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            failure.tell();
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
