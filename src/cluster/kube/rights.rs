//! Our rights, as the server tells them before anything is changed; and the transport that they leave.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::join_all;
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use kube::api::{Api, PostParams};
use tokio::sync::OnceCell;

use super::refusal::refusal;
use super::server::Server;
use crate::ask::Need;
use crate::cluster::{Cause, Refusal, Transport};

/// What transports need beside the patch, verb and resource: the live one both of exec (the first only since Kubernetes 1.35, KEP-4006),
/// the oneshot one the last.
const WAYS: [(&str, &str); 3] = [
    ("create", "pods/exec"),
    ("get", "pods/exec"),
    ("get", "pods/log"),
];

/// Which [`WAYS`] are open, asked once for each namespace.
#[derive(Debug, Default)]
pub(super) struct Ways(Mutex<BTreeMap<String, Arc<OnceCell<[bool; 3]>>>>);

impl Ways {
    /// Whether the asks go with the container; refused where no transport is allowed, before anything is changed.
    pub(super) async fn is_oneshot(
        &self,
        server: &Server,
        transport: Transport,
        namespace: &str,
    ) -> Result<bool, Refusal> {
        // Nothing panics while it holds the lock, so what it guards is whole.
        let cell = {
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(known.entry(namespace.to_owned()).or_default())
        };
        let open = *cell.get_or_init(|| open(server, namespace)).await;
        chosen(transport, open).map_err(|(verb, resource)| {
            let other = match transport {
                Transport::Auto => ", nor can it get resource \"pods/log\"",
                Transport::Live | Transport::Oneshot => "",
            };
            Refusal {
                cause: Cause::Forbidden,
                headline: format!(
                    "no answer could be had: this account cannot {verb} resource \"{resource}\" in namespace \"{namespace}\"{other}"
                ),
                help: "nothing was changed; `housecall plan --rbac yaml` prints the Role that is needed, and `--transport` takes another way".into(),
                attach: None,
            }
        })
    }
}

/// Where it cannot be told, it is tried.
async fn open(server: &Server, namespace: &str) -> [bool; 3] {
    let needs = WAYS.map(|(verb, resource)| Need::of(verb, resource, "brings the answers"));
    match denied(server, &needs, namespace).await {
        Ok(denied) => needs.map(|need| !denied.contains(&need)),
        Err(_) => [true; 3],
    }
}

/// Whether it is the oneshot transport, or the right that is missing for any. Pure.
fn chosen(
    transport: Transport,
    [create, get, log]: [bool; 3],
) -> Result<bool, (&'static str, &'static str)> {
    match transport {
        Transport::Live if get => Ok(false),
        Transport::Oneshot if log => Ok(true),
        Transport::Auto if create && get => Ok(false),
        Transport::Auto if log => Ok(true),
        // A server before 1.35 does without `create`: it is tried where nothing else is left.
        Transport::Auto if get => Ok(false),
        Transport::Oneshot => Err(WAYS[2]),
        Transport::Live | Transport::Auto => Err(WAYS[1]),
    }
}

/// Which of these rights the server denies us.
pub(super) async fn denied(
    server: &Server,
    needs: &[Need],
    namespace: &str,
) -> Result<Vec<Need>, Refusal> {
    let reviews: Api<SelfSubjectAccessReview> = Api::all(server.link().client.clone());
    let asked = needs.iter().map(|need| {
        let reviews = &reviews;
        async move {
            let review = review(need, namespace);
            reviews.create(&PostParams::default(), &review).await
        }
    });
    let mut denied = Vec::new();
    for (need, answer) in needs.iter().zip(join_all(asked).await) {
        let answer = answer.map_err(|error| {
            refusal(
                &error,
                &server.doing("create", "selfsubjectaccessreviews", ""),
            )
        })?;
        if !answer.status.is_some_and(|status| status.allowed) {
            denied.push(need.clone());
        }
    }
    Ok(denied)
}

fn review(need: &Need, namespace: &str) -> SelfSubjectAccessReview {
    let (resource, subresource) = match need.resource.split_once('/') {
        Some((resource, sub)) => (resource, Some(sub.to_owned())),
        None => (need.resource.as_str(), None),
    };
    SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec {
            resource_attributes: Some(ResourceAttributes {
                group: Some(need.group.clone()),
                namespace: (!need.cluster_wide()).then(|| {
                    let own = need.namespace.as_deref();
                    own.unwrap_or(namespace).to_owned()
                }),
                resource: Some(resource.to_owned()),
                subresource,
                verb: Some(need.verb.clone()),
                ..ResourceAttributes::default()
            }),
            ..SelfSubjectAccessReviewSpec::default()
        },
        ..SelfSubjectAccessReview::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_transport_is_the_one_that_the_rights_leave() {
        use Transport::{Auto, Live, Oneshot};
        let (create, get, log) = (true, true, true);
        for (transport, open, expected) in [
            (Auto, [create, get, log], Ok(false)),
            (Auto, [false, get, log], Ok(true)),
            (Auto, [create, false, log], Ok(true)),
            (Auto, [false, get, false], Ok(false)),
            (Auto, [create, false, false], Err(WAYS[1])),
            (Live, [false, get, log], Ok(false)),
            (Live, [create, false, log], Err(WAYS[1])),
            (Oneshot, [create, get, log], Ok(true)),
            (Oneshot, [create, get, false], Err(WAYS[2])),
        ] {
            assert_eq!(chosen(transport, open), expected, "{transport}, {open:?}");
        }
    }
}
