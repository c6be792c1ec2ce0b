//! The flags that say in what a target is examined, and how a pod is copied: those of `kubectl debug`, with its words.

use std::collections::BTreeSet;

use clap::{ArgAction, Args};

use housecall::cluster::{Copying, Mode, Part};
use housecall::target::{ObjectKind, Selector, subdomain};

/// In what a target is examined.
#[derive(Args)]
pub(crate) struct ModeArgs {
    /// In what a pod is examined: ephemeral (a debug container in it), copy (in a copy of it), exec (its own container); a node always
    /// by a pod on it
    #[arg(long, value_name = "MODE")]
    pub(crate) mode: Option<Mode>,
    /// Examines a copy of the pod that is called so, and is deleted at the end
    #[arg(long, value_name = "NAME")]
    pub(crate) copy_to: Option<String>,
    /// The copy stays when the run is over
    #[arg(long)]
    pub(crate) keep: bool,
    /// The pod itself is deleted once its copy is made
    #[arg(long)]
    pub(crate) replace: bool,
    /// The copy stays on the node of the pod
    #[arg(long)]
    pub(crate) same_node: bool,
    /// Whether the containers of the copy share their processes (they do, unless the pod says otherwise)
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) share_processes: Option<bool>,
    /// Another image for a container of the copy; `*` is every container
    #[arg(long, value_name = "CONTAINER=IMAGE", value_delimiter = ',')]
    pub(crate) set_image: Vec<String>,
    /// The copy keeps the labels
    #[arg(long)]
    pub(crate) keep_labels: bool,
    /// The copy keeps the annotations
    #[arg(long)]
    pub(crate) keep_annotations: bool,
    /// The copy keeps the liveness probes
    #[arg(long)]
    pub(crate) keep_liveness: bool,
    /// The copy keeps the readiness probes
    #[arg(long)]
    pub(crate) keep_readiness: bool,
    /// The copy keeps the startup probes
    #[arg(long)]
    pub(crate) keep_startup: bool,
    /// Whether the copy keeps the init containers
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_value_t = true, default_missing_value = "true", action = ArgAction::Set)]
    pub(crate) keep_init_containers: bool,
}

impl ModeArgs {
    /// The mode that the flags and the targets come to, `None` where neither says; what contradicts itself is told into `wrong`.
    /// `target` is the container that `--target` names.
    pub(crate) fn settled(
        &self,
        selectors: &[Selector],
        target: Option<&str>,
        wrong: &mut Vec<String>,
    ) -> Option<Mode> {
        let is_node = |selector: &&Selector| {
            matches!(
                selector,
                Selector::Named {
                    kind: ObjectKind::Node,
                    ..
                }
            )
        };
        let nodes = selectors.iter().filter(is_node).count();
        let mode = match (&self.copy_to, self.mode) {
            (Some(_), None) => Some(Mode::Copy),
            (_, mode) => mode,
        };
        if let (Some(_), Some(mode)) = (&self.copy_to, mode.filter(|mode| *mode != Mode::Copy)) {
            wrong.push(format!(
                "`--copy-to` makes a copy, and `--mode {mode}` does not\n  help: leave one of them out"
            ));
        }
        if mode == Some(Mode::Copy) && target.is_some() {
            wrong.push(
                "`--target` joins the processes of one container, and in a copy all share theirs\n  help: leave it out; `--share-processes` says whether they do, and the runbook's `target.container` which is examined".into(),
            );
        }
        if mode != Some(Mode::Copy) {
            for flag in self.of_copies() {
                wrong.push(format!(
                    "`{flag}` is about a copy, and none is made\n  help: add `--copy-to NAME`, or `--mode copy`"
                ));
            }
        }
        if self.replace && !self.keep {
            wrong.push("`--replace` deletes the pod, and without `--keep` its copy goes as well\n  help: add `--keep`".into());
        }
        if let Some(name) = &self.copy_to {
            if let Err(why) = subdomain(name) {
                wrong.push(format!(
                    "`--copy-to {name}` cannot be the name of a pod: {why}\n  help: names are lower case letters, digits, `-` and `.`, at most 253"
                ));
            }
            let one = matches!(
                selectors,
                [Selector::Named {
                    kind: ObjectKind::Pod,
                    ..
                }]
            );
            if !one && !selectors.is_empty() {
                wrong.push(format!(
                    "`--copy-to {name}` is the name of one copy, and there may be several pods\n  help: name one pod, or write `--mode copy`: each copy then has a name of its own"
                ));
            }
        }
        match mode {
            Some(Mode::Node) if nodes < selectors.len() => wrong.push(
                "`--mode node` examines nodes\n  help: write node/NAME as the target".into(),
            ),
            Some(mode) if mode != Mode::Node && nodes > 0 => wrong.push(format!(
                "a node is examined by a pod on it, and not in mode {mode}\n  help: leave the mode out, or name a pod"
            )),
            None if nodes > 0 && nodes < selectors.len() => wrong.push(
                "nodes and pods are examined in different modes\n  help: run them one after another, each with its own report".into(),
            ),
            _ => {}
        }
        if nodes > 0 { Some(Mode::Node) } else { mode }
    }

    /// The flags that were given and mean nothing without a copy.
    fn of_copies(&self) -> impl Iterator<Item = &'static str> {
        [
            ("--keep", self.keep),
            ("--replace", self.replace),
            ("--same-node", self.same_node),
            ("--share-processes", self.share_processes.is_some()),
            ("--set-image", !self.set_image.is_empty()),
            ("--keep-labels", self.keep_labels),
            ("--keep-annotations", self.keep_annotations),
            ("--keep-liveness", self.keep_liveness),
            ("--keep-readiness", self.keep_readiness),
            ("--keep-startup", self.keep_startup),
            ("--keep-init-containers", !self.keep_init_containers),
        ]
        .into_iter()
        .filter(|(_, given)| *given)
        .map(|(flag, _)| flag)
    }

    /// How a pod is copied.
    pub(crate) fn copying(&self, wrong: &mut Vec<String>) -> Copying {
        let kept: BTreeSet<Part> = [
            (Part::Labels, self.keep_labels),
            (Part::Annotations, self.keep_annotations),
            (Part::Liveness, self.keep_liveness),
            (Part::Readiness, self.keep_readiness),
            (Part::Startup, self.keep_startup),
            (Part::InitContainers, self.keep_init_containers),
        ]
        .into_iter()
        .filter_map(|(part, kept)| kept.then_some(part))
        .collect();
        let images = self.set_image.iter().filter_map(|word| {
            let pair = word.split_once('=');
            if pair.is_none() {
                wrong.push(format!(
                    "`--set-image {word}` sets nothing\n  help: write CONTAINER=IMAGE, or '*=IMAGE'"
                ));
            }
            pair.map(|(name, image)| (name.to_owned(), image.to_owned()))
        });
        Copying {
            name: self.copy_to.clone(),
            same_node: self.same_node,
            share_processes: self.share_processes,
            images: images.collect(),
            kept,
            replace: self.replace,
            stays: self.keep,
        }
    }
}
