//! What a user adds to the debug container: variables, the target's mounts, and a partial container spec that is merged over all else,
//! as `kubectl debug --env` and `--custom` do (kubernetes/kubectl `pkg/cmd/debug/debug.go`, `applyCustomProfile`).

use serde_json::{Map, Value, json};

use super::mode::Mode;

/// Beginning of the names of variables that are ours.
const OWN: &str = "HOUSECALL_";

/// Fields that a partial spec may have in every mode that adds a container.
const FREE: [&str; 6] = [
    "env",
    "envFrom",
    "imagePullPolicy",
    "securityContext",
    "volumeMounts",
    "workingDir",
];

/// Fields that only a container of a pod that is made may have: the API gives them to no ephemeral one
/// (kubernetes/kubernetes `pkg/apis/core/validation`, `allowedEphemeralContainerFields`).
const MADE: [&str; 3] = ["ports", "resizePolicy", "resources"];

/// Fields that the keeper cannot do without, with those that kubectl refuses as well.
const OURS: [&str; 15] = [
    "args",
    "command",
    "image",
    "lifecycle",
    "livenessProbe",
    "name",
    "readinessProbe",
    "restartPolicy",
    "startupProbe",
    "stdin",
    "stdinOnce",
    "terminationMessagePath",
    "terminationMessagePolicy",
    "tty",
    "volumeDevices",
];

/// Lists that are merged item by item, with the key that tells their items apart; any other list is replaced
/// (the `patchMergeKey` of k8s.io/api `core/v1/types.go`).
const MERGED: [(&str, &str); 3] = [
    ("env", "name"),
    ("ports", "containerPort"),
    ("volumeMounts", "mountPath"),
];

/// What is added.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Custom {
    /// Variables with their values, literally.
    pub env: Vec<(String, String)>,
    /// Whether what the target has mounted is mounted in the debug container, too, except what is mounted by a sub-path.
    pub mounts: bool,
    /// A partial container spec.
    pub partial: Map<String, Value>,
}

impl Custom {
    /// Why this cannot be added in a mode: what is wrong, and what would be right.
    pub fn unfit(&self, mode: Mode) -> Option<(String, String)> {
        let given = !self.env.is_empty() || self.mounts || !self.partial.is_empty();
        if mode == Mode::Exec && given {
            return Some((
                "in mode exec no container is added, so that none can be customized".into(),
                "leave `--custom`, `--env` and `--target-volumes` out, or choose another mode"
                    .into(),
            ));
        }
        if mode == Mode::Node && self.mounts {
            return Some((
                "a node has no volumes that could be mounted".into(),
                "its root is at /host with the profiles general and sysadmin".into(),
            ));
        }
        let inside = self.partial.get("env").and_then(Value::as_array);
        let inside = inside.into_iter().flatten();
        let names = inside.filter_map(|one| one["name"].as_str());
        let given = self.env.iter().map(|(name, _)| name.as_str());
        if let Some(name) = given.chain(names).find(|name| !is_variable(name)) {
            return Some((
                format!("`{name}` cannot be a variable of the debug container"),
                format!(
                    "write letters, digits, `_`, `-` and `.`, not a digit first; those that begin with {OWN} are housecall's own"
                ),
            ));
        }
        self.partial
            .iter()
            .find_map(|(key, value)| unfit(key, value, mode))
    }

    /// Puts it into a container.
    pub fn apply(&self, container: &mut Value, mounts: &[Value]) {
        let env: Vec<_> = self
            .env
            .iter()
            // Kubernetes expands `$(NAME)` in a value; a doubled `$` comes out as one.
            .map(|(name, value)| json!({"name": name, "value": value.replace('$', "$$")}))
            .collect();
        let mut added = Map::new();
        if !env.is_empty() {
            added.insert("env".into(), env.into());
        }
        if self.mounts && !mounts.is_empty() {
            added.insert("volumeMounts".into(), mounts.into());
        }
        for layer in [&added, &self.partial] {
            for (key, value) in layer {
                merge(&mut container[key.as_str()], value, key);
            }
        }
    }
}

fn is_variable(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    !name.starts_with(OWN)
        && name.starts_with(|c: char| plain(c) && !c.is_ascii_digit())
        && name.chars().all(plain)
}

fn unfit(key: &str, value: &Value, mode: Mode) -> Option<(String, String)> {
    let allowed = || {
        let mut allowed = FREE.to_vec();
        if mode.makes_a_pod() {
            allowed.extend(MADE);
        }
        format!("it may have {}", allowed.join(", "))
    };
    if OURS.contains(&key) {
        return Some((
            format!("`{key}` of the debug container is not for a custom file to set"),
            allowed(),
        ));
    }
    if MADE.contains(&key) && !mode.makes_a_pod() {
        return Some((
            format!("no ephemeral container can have `{key}`"),
            format!("{}; in the modes copy and node it can", allowed()),
        ));
    }
    if !FREE.contains(&key) && !MADE.contains(&key) {
        return Some((format!("a container has no field `{key}`"), allowed()));
    }
    let shape = match key {
        "env" | "envFrom" | "ports" | "resizePolicy" | "volumeMounts" => value.is_array(),
        "resources" | "securityContext" => value.is_object(),
        _ => value.is_string(),
    };
    (!shape).then(|| {
        (
            format!("`{key}` of a container does not look like this"),
            "it is written as in a pod's spec".into(),
        )
    })
}

/// A strategic merge.
fn merge(into: &mut Value, from: &Value, key: &str) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(Value::Null), value, key);
            }
        }
        (Value::Array(into), Value::Array(from)) => {
            let Some((_, apart)) = MERGED.iter().find(|(list, _)| *list == key) else {
                *into = from.clone();
                return;
            };
            for item in from {
                match into.iter_mut().find(|one| one[*apart] == item[*apart]) {
                    Some(one) => merge(one, item, ""),
                    None => into.push(item.clone()),
                }
            }
        }
        (into, from) => *into = from.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn custom(partial: Value) -> Custom {
        Custom {
            partial: partial.as_object().cloned().unwrap_or_default(),
            ..Custom::default()
        }
    }

    #[test]
    fn a_partial_spec_is_merged_over_all_else_as_the_server_would() {
        let mut container = json!({
            "env": [{"name": "HOUSECALL_RUN", "value": "r"}, {"name": "A", "value": "1"}],
            "securityContext": {"runAsNonRoot": true, "capabilities": {"add": ["SYS_PTRACE"]}},
        });
        let partial = json!({
            "env": [{"name": "A", "value": "2"}, {"name": "B", "value": "3"}],
            "securityContext": {"runAsUser": 7, "capabilities": {"add": ["NET_RAW"]}},
        });
        let one = Custom {
            env: vec![("C".into(), "$(id)".into())],
            mounts: true,
            ..custom(partial)
        };
        let mount = json!({"name": "data", "mountPath": "/data"});
        one.apply(&mut container, std::slice::from_ref(&mount));
        assert_eq!(
            container,
            json!({
                "env": [{"name": "HOUSECALL_RUN", "value": "r"}, {"name": "A", "value": "2"},
                    {"name": "C", "value": "$$(id)"}, {"name": "B", "value": "3"}],
                "securityContext": {"runAsNonRoot": true, "runAsUser": 7, "capabilities": {"add": ["NET_RAW"]}},
                "volumeMounts": [mount],
            })
        );
    }

    #[test]
    fn what_is_ours_or_no_ones_is_refused_with_what_may_be_set() {
        for (partial, mode, told) in [
            (
                json!({"command": ["x"]}),
                Mode::Ephemeral,
                "not for a custom file",
            ),
            (json!({"image": "x"}), Mode::Copy, "not for a custom file"),
            (
                json!({"resources": {}}),
                Mode::Ephemeral,
                "no ephemeral container",
            ),
            (json!({"securtyContext": {}}), Mode::Node, "no field"),
            (json!({"env": {}}), Mode::Copy, "does not look like this"),
            (
                json!({"env": [{"name": "HOUSECALL_RUN"}]}),
                Mode::Copy,
                "cannot be a variable",
            ),
            (
                json!({"workingDir": "/"}),
                Mode::Exec,
                "no container is added",
            ),
        ] {
            let (headline, help) = custom(partial).unfit(mode).unwrap();
            assert!(headline.contains(told), "{headline}; {help}");
        }
        assert_eq!(custom(json!({"resources": {}})).unfit(Mode::Copy), None);
    }
}
