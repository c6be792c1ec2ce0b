//! Where artefacts are written: `--artifacts DIR`, in it one folder for each target, and in that one for each step.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use housecall::report::{Artifact, Event, Happening};

use super::exit::Failure;

/// An open folder of artefacts.
pub(crate) struct Shelf {
    folder: PathBuf,
    /// Folders of the targets, by their index.
    targets: BTreeMap<usize, String>,
    /// The first write that failed.
    trouble: Option<String>,
}

impl Shelf {
    /// Makes the folder, so that one that cannot be written is told while nothing has happened yet.
    pub(crate) fn open(folder: &Path) -> Result<Self, Failure> {
        fs::create_dir_all(folder).map_err(|error| {
            Failure::usage(format!(
                "failed to make the folder {} for artefacts: {error}\n  help: name a folder that may be written",
                folder.display()
            ))
        })?;
        Ok(Self {
            folder: folder.to_owned(),
            targets: BTreeMap::new(),
            trouble: None,
        })
    }

    /// Writes what a step has brought.
    pub(crate) fn event(&mut self, event: &Event) {
        match &event.happening {
            Happening::TargetFound { target, who } => {
                // Neither a namespace nor a pod's name holds `_`: no two targets share a folder.
                let name = who.to_string().replace(['/', ':'], "_");
                self.targets.insert(*target, name);
            }
            Happening::StepFinished { target, step } => {
                let Some(folder) = self.targets.get(target) else {
                    return;
                };
                let folder = self.folder.join(folder).join(&step.id);
                for artifact in &step.artifacts {
                    if let Err(error) = put(&folder, artifact)
                        && self.trouble.is_none()
                    {
                        self.trouble = Some(format!(
                            "{} of {}: {error}",
                            artifact.name,
                            folder.display()
                        ));
                    }
                }
            }
            _ => {}
        }
    }

    /// `Err` when anything could not be written.
    pub(crate) fn close(self) -> Result<(), Failure> {
        self.trouble.map_or(Ok(()), |trouble| {
            Err(Failure::could_not("write an artefact", &trouble))
        })
    }
}

/// Writes one artefact. Its name has no way out of the folder; that is made sure of here again, where it would matter.
fn put(folder: &Path, artifact: &Artifact) -> std::io::Result<()> {
    let Some(content) = &artifact.content else {
        return Ok(());
    };
    let name = Path::new(&artifact.name);
    if !name
        .components()
        .all(|part| matches!(part, Component::Normal(_)))
    {
        return Err(std::io::Error::other("the name leads out of the folder"));
    }
    let path = folder.join(name);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(path, content)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn artifact(name: &str) -> Artifact {
        Artifact {
            name: name.into(),
            path: "/x".into(),
            bytes: 1,
            sha256: String::new(),
            content: Some(vec![0xff].into()),
        }
    }

    #[test]
    fn what_is_written_is_the_bytes_and_stays_below_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), &artifact("etc/a.conf")).unwrap();
        assert_eq!(fs::read(folder.path().join("etc/a.conf")).unwrap(), [0xff]);
        for name in ["../x", "/tmp/x", "a/../../x"] {
            assert!(
                put(&folder.path().join("in"), &artifact(name)).is_err(),
                "{name}"
            );
        }
    }
}
