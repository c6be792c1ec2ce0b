//! A debug container made by hand, of the same parts as the program makes it: for what cannot be hit from outside.

use std::time::Duration;

use housecall::cluster::Attach;
use housecall::cluster::kube::{DebugContainer, User};
use housecall::cluster::shell::Script;
use http::Method;
use serde_json::Value;

use crate::ground::Ground;

/// The program's own patch.
pub(crate) fn patch(ground: &Ground, name: &str, uid: &str, keeper: &str) -> Value {
    let attach = Attach {
        run: "0123456789abcdef".into(),
        deadline: Duration::from_secs(60),
        ..Attach::new("own", ground.image.clone())
    };
    DebugContainer {
        name,
        uid,
        attach: &attach,
        script: &Script {
            command: keeper.into(),
            environment: Vec::new(),
        },
        shared_with: Some("app"),
        profile: attach.profile,
        user: User::default(),
        mounts: &[],
    }
    .patch()
}

/// Adds a debug container with this keeper to a pod, as the program would.
pub(crate) fn add(ground: &Ground, pod: &str, name: &str, keeper: &str) {
    let uid = ground.pod(pod)["metadata"]["uid"].clone();
    let patch = patch(ground, name, uid.as_str().unwrap(), keeper);
    let path = format!("pods/{pod}/ephemeralcontainers");
    ground.ask(Method::PATCH, &path, Some(patch)).unwrap();
}
