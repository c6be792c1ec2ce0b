//! The flags that customize the debug container, with the words of `kubectl debug`.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Map, Value};

use housecall::cluster::Custom;
use housecall::yaml::{self, Node, Scalar, Yaml};

/// What is added to the debug container.
#[derive(Args)]
pub(crate) struct CustomArgs {
    /// A file with a partial container spec, YAML or JSON, that is merged over the debug container
    #[arg(long, value_name = "FILE")]
    pub(crate) custom: Option<PathBuf>,
    /// A variable of the debug container; it stands in the pod's spec, so no secret belongs there
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) env: Vec<String>,
    /// Mounts what the examined container has mounted, except by a sub-path
    #[arg(long)]
    pub(crate) target_volumes: bool,
}

impl CustomArgs {
    /// What they come to; what is wrong with them is told into `wrong`.
    pub(crate) fn settled(&self, wrong: &mut Vec<String>) -> Custom {
        let env = self.env.iter().filter_map(|word| {
            let pair = word.split_once('=');
            if pair.is_none() {
                wrong.push(format!(
                    "`--env {word}` sets nothing\n  help: write NAME=VALUE"
                ));
            }
            pair.map(|(name, value)| (name.to_owned(), value.to_owned()))
        });
        let env = env.collect();
        let partial = match self.custom.as_deref().map(partial) {
            None => Map::new(),
            Some(Ok(partial)) => partial,
            Some(Err(why)) => {
                wrong.push(format!(
                    "{why}\n  help: write the fields of one container, such as `securityContext: {{runAsUser: 1000}}`"
                ));
                Map::new()
            }
        };
        Custom {
            env,
            mounts: self.target_volumes,
            partial,
        }
    }
}

fn partial(path: &Path) -> Result<Map<String, Value>, String> {
    let place = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("the custom file {place} cannot be read: {error}"))?;
    let node = yaml::read(&text).map_err(|errors| {
        let first = errors
            .first()
            .map(|error| error.headline.clone())
            .unwrap_or_default();
        format!("the custom file {place} is no YAML: {first}")
    })?;
    match value(&node) {
        Value::Object(partial) => Ok(partial),
        _ => Err(format!(
            "the custom file {place} holds {}, and no container spec",
            node.value.described()
        )),
    }
}

/// The same as JSON. What is nothing is left out, as kubectl does.
fn value(node: &Node) -> Value {
    match &node.value {
        Yaml::Null => Value::Null,
        Yaml::Scalar(Scalar::Bool(truth), _) => (*truth).into(),
        Yaml::Scalar(Scalar::Int(number), _) => (*number).into(),
        Yaml::Scalar(Scalar::Float(number), _) => (*number).into(),
        Yaml::Text(text) => text.clone().into(),
        Yaml::List(items) => items.iter().map(value).collect(),
        Yaml::Map(entries) => {
            let entries = entries
                .iter()
                .filter(|(_, node)| node.value != Yaml::Null)
                .map(|(key, node)| (key.text.clone(), value(node)));
            Value::Object(entries.collect())
        }
    }
}
