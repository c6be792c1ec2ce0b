//! What a bundle holds beside the report: events, recording and collected files, kept in a folder of ours until the run is over.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use housecall::render::{Enclosure, line, stem};
use housecall::report::{Event, Happening};

/// The folder, which goes with this value.
pub(crate) struct Enclosures {
    folder: TempDir,
    events: BufWriter<File>,
    /// Each kept file with its name in the bundle.
    files: Vec<(String, PathBuf)>,
    /// How many steps each target is done with.
    steps: BTreeMap<usize, usize>,
    /// Where the recording is, which may be one that the user asked for.
    recording: PathBuf,
}

impl Enclosures {
    /// A new folder, that nobody else may read.
    pub(crate) fn new() -> io::Result<Self> {
        let folder = TempDir::with_prefix("housecall-")?;
        let events = folder.path().join("events.jsonl");
        Ok(Self {
            events: BufWriter::new(File::create(&events)?),
            files: vec![("events.jsonl".into(), events)],
            steps: BTreeMap::new(),
            recording: folder.path().join("recording"),
            folder,
        })
    }

    /// Where the run is to be recorded for the bundle.
    pub(crate) fn recording(&self) -> &Path {
        &self.recording
    }

    /// The run is recorded there, because its user wants it so.
    pub(crate) fn recorded_in(&mut self, folder: &Path) {
        folder.clone_into(&mut self.recording);
    }

    /// Keeps what an event tells.
    pub(crate) fn event(&mut self, event: &Event) -> io::Result<()> {
        self.events.write_all(line(event).as_bytes())?;
        let Happening::StepFinished { target, step } = &event.happening else {
            return Ok(());
        };
        let done = self.steps.entry(*target).or_default();
        let place = *done;
        *done += 1;
        for (at, artifact) in step.artifacts.iter().enumerate() {
            if let Some(content) = &artifact.content {
                let path = self.folder.path().join(self.files.len().to_string());
                std::fs::write(&path, content)?;
                let name = format!("{}.file-{}", stem(*target, place, &step.id), at + 1);
                self.files.push((name, path));
            }
        }
        Ok(())
    }

    /// Everything, in the order of the names. The recording must be complete.
    pub(crate) fn all(
        &mut self,
    ) -> io::Result<impl Iterator<Item = io::Result<Enclosure>> + use<>> {
        self.events.flush()?;
        let mut files = self.files.clone();
        if self.recording.is_dir() {
            let mut tapes = Vec::new();
            for entry in std::fs::read_dir(&self.recording)? {
                tapes.push(entry?.path());
            }
            // Each begins with its target's number.
            tapes.retain(|path| path.extension().is_some_and(|end| end == "jsonl"));
            tapes.sort();
            let tapes = tapes.into_iter().enumerate();
            files.extend(tapes.map(|(at, path)| (format!("recording/{:04}.jsonl", at + 1), path)));
            files.push(("recording/run.json".into(), self.recording.join("run.json")));
        }
        files.sort();
        Ok(files.into_iter().map(|(name, path)| {
            let file = File::open(path)?;
            Ok(Enclosure {
                name,
                bytes: file.metadata()?.len(),
                content: Box::new(file),
            })
        }))
    }
}
