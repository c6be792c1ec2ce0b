//! Where reports go: opened before anything is sent, so that a path that cannot be written is told while nothing has happened yet.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use housecall::render::{Format, Look, bundle, line, render};
use housecall::report::{Event, Report};

use super::args::{FormatArgs, Output};
use super::colour;
use super::enclosures::Enclosures;
use super::exit::Failure;

/// The open outputs of one run.
pub(crate) struct Outputs {
    sinks: Vec<Sink>,
    /// What goes into bundles beside the report, where there are any.
    enclosures: Option<Enclosures>,
    /// The first write that failed.
    trouble: Option<String>,
}

struct Sink {
    format: Format,
    name: String,
    to: Box<dyn Write>,
    look: Look,
}

impl Outputs {
    /// Opens what was asked for; the terminal report on stdout when nothing was.
    pub(crate) fn open(args: &FormatArgs) -> Result<Self, Failure> {
        let plain = [Output {
            format: Format::Terminal,
            file: None,
        }];
        let wanted = if args.output.is_empty() {
            &plain[..]
        } else {
            &args.output[..]
        };
        if wanted.iter().filter(|output| output.file.is_none()).count() > 1 {
            return Err(Failure::usage(
                "two reports would go to stdout\n  help: give all but one a file: -o json=report.json",
            ));
        }
        let mut places = HashSet::new();
        for path in wanted.iter().filter_map(|output| output.file.as_ref()) {
            if !places.insert(place(path)) {
                return Err(Failure::usage(format!(
                    "two reports would go to {}\n  help: give each a file of its own",
                    path.display()
                )));
            }
        }
        let bundled = wanted.iter().any(|output| output.format == Format::Bundle);
        let enclosures = bundled.then(Enclosures::new).transpose().map_err(|error| {
            Failure::usage(format!(
                "failed to make a folder for what goes into the bundle: {error}\n  help: let TMPDIR name one that may be written"
            ))
        })?;
        let sinks = wanted.iter().map(open).collect::<Result<_, _>>()?;
        Ok(Self {
            sinks,
            enclosures,
            trouble: None,
        })
    }

    /// Where the run is to be recorded for a bundle: `asked` where its user wants a recording there, too. Nowhere without a bundle.
    pub(crate) fn recording(&mut self, asked: Option<&Path>) -> Option<PathBuf> {
        let Some(enclosures) = &mut self.enclosures else {
            return asked.map(Path::to_owned);
        };
        if let Some(folder) = asked {
            enclosures.recorded_in(folder);
        }
        Some(enclosures.recording().to_owned())
    }

    /// Writes an event to every event log, and flushes: a run that is killed leaves what it saw.
    pub(crate) fn event(&mut self, event: &Event) {
        for sink in &mut self.sinks {
            if sink.format == Format::Jsonl {
                let written = sink
                    .to
                    .write_all(line(event).as_bytes())
                    .and_then(|()| sink.to.flush());
                note(&mut self.trouble, &sink.name, written);
            }
        }
        if let Some(enclosures) = &mut self.enclosures {
            let kept = enclosures.event(event);
            note(&mut self.trouble, "the bundle", kept);
        }
    }

    /// Writes every report but the event logs, which were written as things happened. `Err` when anything could not be written.
    pub(crate) fn report(mut self, report: &Report) -> Result<(), Failure> {
        self.sinks.retain(|sink| sink.format != Format::Jsonl);
        if let Some(enclosures) = &mut self.enclosures {
            for sink in self
                .sinks
                .extract_if(.., |sink| sink.format == Format::Bundle)
            {
                let mut to = sink.to;
                let written = enclosures
                    .all()
                    .and_then(|enclosed| bundle(report, enclosed, &mut to));
                note(&mut self.trouble, &sink.name, written);
            }
        }
        self.again(report)
    }

    /// Writes every report of a run that is over, event logs too. `Err` when anything could not be written.
    pub(crate) fn again(mut self, report: &Report) -> Result<(), Failure> {
        for sink in &mut self.sinks {
            let written =
                render(sink.format, report, &mut sink.to, sink.look).and_then(|()| sink.to.flush());
            note(&mut self.trouble, &sink.name, written);
        }
        self.trouble.map_or(Ok(()), |trouble| {
            Err(Failure::could_not("write the report", &trouble))
        })
    }
}

/// Where a file is, or would be, however its path is written.
fn place(path: &Path) -> PathBuf {
    let parent = path.parent().unwrap_or(path);
    let folder = if parent.as_os_str().is_empty() {
        Path::new(".")
    } else {
        parent
    };
    path.canonicalize()
        .or_else(|_| {
            let folder = folder.canonicalize()?;
            Ok::<_, std::io::Error>(folder.join(path.file_name().unwrap_or_default()))
        })
        .unwrap_or_else(|_| path.to_owned())
}

fn open(output: &Output) -> Result<Sink, Failure> {
    let binary = output.format == Format::Bundle && output.file.is_none();
    if binary && std::io::stdout().is_terminal() {
        return Err(Failure::usage(
            "a bundle is no text, and stdout is a terminal\n  help: name a file: -o bundle=report.tar.gz",
        ));
    }
    let (to, name, look): (Box<dyn Write>, _, _) = match &output.file {
        None => (
            Box::new(BufWriter::new(std::io::stdout())),
            "stdout".to_owned(),
            terminal_look(),
        ),
        Some(path) => {
            let file = File::create(path).map_err(|error| {
                Failure::usage(format!(
                    "failed to open {} for the report: {error}\n  help: name a file in a folder that is there and may be written",
                    path.display()
                ))
            })?;
            (
                Box::new(BufWriter::new(file)),
                path.display().to_string(),
                Look::default(),
            )
        }
    };
    Ok(Sink {
        format: output.format,
        name,
        to,
        look,
    })
}

fn note(trouble: &mut Option<String>, name: &str, written: std::io::Result<()>) {
    // Whoever reads stdout may have seen enough, as `head` does: that is no trouble.
    if let Err(error) = written
        && error.kind() != std::io::ErrorKind::BrokenPipe
        && trouble.is_none()
    {
        *trouble = Some(format!("{name}: {error}"));
    }
}

/// How stdout looks: colour and width of a terminal, none of it elsewhere or with `NO_COLOR`; signs outside ASCII unless the
/// terminal's locale says that it shows none.
fn terminal_look() -> Look {
    let terminal = std::io::stdout().is_terminal();
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|value| !value.is_empty());
    let unicode = locale.is_none_or(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    });
    Look {
        colour: colour::wanted(&std::io::stdout()),
        width: terminal.then(columns).flatten(),
        unicode: unicode || !terminal,
    }
}

fn columns() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
    (size.ws_col > 20).then_some(usize::from(size.ws_col))
}
