//! What the API server's refusals mean, and what to do about each. Pure.

use kube::core::Status;

use super::admission;
use crate::cluster::{Cause, Profile, Refusal};

/// What was tried when the refusal came: the words of RBAC for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Doing<'a> {
    /// Verb, such as `patch`.
    pub(super) verb: &'a str,
    /// Resource with its subresource, such as `pods/ephemeralcontainers`.
    pub(super) resource: &'a str,
    /// Namespace; empty for all.
    pub(super) namespace: &'a str,
    /// The server's address, for when it does not answer.
    pub(super) server: &'a str,
    /// Profile and name of the debug container, where one is being added.
    pub(super) adding: Option<(Profile, &'a str)>,
}

/// Sorts an error of the client.
pub(super) fn refusal(error: &kube::Error, doing: &Doing<'_>) -> Refusal {
    let (cause, headline, help) = match error {
        kube::Error::Api(status) => told(status, doing),
        kube::Error::Auth(error) => (
            Cause::Unauthenticated,
            format!("no credentials for the cluster: {}", chain(error)),
            "the kubeconfig's credential helper failed: run it by hand, or log in again".into(),
        ),
        kube::Error::UpgradeConnection(error) => (
            Cause::Api,
            format!("the server would not open a stream: {error}"),
            "a proxy between here and the API server may not pass WebSockets".into(),
        ),
        kube::Error::HyperError(_) | kube::Error::Service(_) => unreachable(error, doing),
        other => (
            Cause::Api,
            format!(
                "the API server answered with something unexpected: {}",
                chain(other)
            ),
            "is the address in the kubeconfig that of a Kubernetes API server?".into(),
        ),
    };
    Refusal {
        cause,
        headline,
        help,
        attach: None,
    }
}

fn unreachable(error: &kube::Error, doing: &Doing<'_>) -> (Cause, String, String) {
    let why = chain(error);
    let help = if why.contains("certificate") || why.contains("UnknownIssuer") {
        "the server's certificate is not the one the kubeconfig trusts: check `certificate-authority` and `server` there"
    } else if why.contains("dns") || why.contains("lookup") {
        "the server's name cannot be resolved from here: check `server` in the kubeconfig, and the network"
    } else {
        "check that the cluster is up and that the address in the kubeconfig can be reached from here (VPN, proxy, firewall); `kubectl cluster-info` asks the same"
    };
    (
        Cause::ApiUnreachable,
        format!(
            "the API server at {} cannot be reached: {why}",
            doing.server
        ),
        help.into(),
    )
}

/// Every link of an error's chain that says something new.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = String::new();
    let mut link = Some(error);
    while let Some(error) = link {
        let words = error.to_string();
        if !text.contains(&words) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&words);
        }
        link = error.source();
    }
    text.replace("HyperError: ", "")
        .replace("ServiceError: ", "")
}

fn told(status: &Status, doing: &Doing<'_>) -> (Cause, String, String) {
    let words = match status.message.as_str() {
        "" => format!("the server answered {} {}", status.code, status.reason),
        message => message.split_whitespace().collect::<Vec<_>>().join(" "),
    };
    let names_pod = status
        .details
        .as_ref()
        .is_some_and(|details| !details.name.is_empty());
    match status.code {
        401 => (
            Cause::Unauthenticated,
            format!("the API server does not know us: {words}"),
            "the kubeconfig's token or certificate is missing, expired or of another cluster: log in again, or choose another `--context`".into(),
        ),
        403 if rbac(&words) => {
            let (verb, resource) = named(&words).unwrap_or((doing.verb, doing.resource));
            let verbs = match resource {
                // A stream over a WebSocket is a GET, and since Kubernetes 1.35 a create as well.
                "pods/exec" => "get and create",
                _ => verb,
            };
            let help = format!(
                "missing: {verbs} {resource} in {}; `housecall plan --rbac yaml …` prints the Role that grants what this run needs",
                place(doing.namespace),
            );
            (Cause::Forbidden, words, help)
        }
        _ if admission::refused(status.code, &words) => {
            let help = admission::help(&words, doing.adding);
            (Cause::Admission, words, help)
        }
        403 => (
            Cause::Forbidden,
            words,
            format!("asked for: {} {} in {}", doing.verb, doing.resource, place(doing.namespace)),
        ),
        404 if doing.resource == "pods/ephemeralcontainers" && !names_pod => (
            Cause::Api,
            format!("the server knows no ephemeral containers: {words}"),
            "they came with Kubernetes 1.25; this server is older or has them switched off".into(),
        ),
        404 => (
            Cause::NotFound,
            words,
            "check the name and the namespace (`-n`)".into(),
        ),
        409 if words.contains("already exists") => (
            Cause::Api,
            words,
            "choose another name with `--copy-to`, or delete that pod first".into(),
        ),
        // The patch names the UID it is meant for; servers answer a wrong one in either way.
        409 | 422 if words.contains("UID") || words.contains("metadata.uid") => (
            Cause::Replaced,
            format!("the pod was replaced by another of the same name: {words}"),
            "run again to examine its successor".into(),
        ),
        422 if words.contains("static pods") => (
            Cause::Mirror,
            words,
            "examine it from its node, or examine another pod of the same application".into(),
        ),
        422 if words.contains("targetContainerName") => (
            Cause::NotFound,
            words,
            "name a container of the pod with `--target`".into(),
        ),
        422 if words.contains("existing ephemeral containers") => (
            Cause::Api,
            words,
            "something between here and the API server turns the patch into another kind, or the pod carries a container of this name that is not ours: run again".into(),
        ),
        _ if words.contains("cannot be handled as a") => (
            Cause::Api,
            format!("the server and this program speak of ephemeral containers in different ways: {words}"),
            "the server is older than Kubernetes 1.22, or something between changes requests".into(),
        ),
        429 => (
            Cause::Api,
            format!("the API server is busy: {words}"),
            "try again later, or with a smaller `--parallel`".into(),
        ),
        500..=599 => (
            Cause::Api,
            format!("the API server failed ({}): {words}", status.code),
            "try again; if it stays so, the cluster's administrator should look at the API server".into(),
        ),
        code => (
            Cause::Api,
            format!("the API server refused ({code}): {words}"),
            "the words are the server's; `kubectl debug` would be told the same".into(),
        ),
    }
}

fn rbac(words: &str) -> bool {
    words.contains(" cannot ") && words.contains("resource")
}

/// Verb and resource in `User "x" cannot VERB resource "RESOURCE" in …`.
fn named(words: &str) -> Option<(&str, &str)> {
    let (verb, rest) = words.split_once(" cannot ")?.1.split_once(" resource \"")?;
    Some((verb, rest.split_once('"')?.0))
}

fn place(namespace: &str) -> String {
    match namespace {
        "" => "all namespaces".into(),
        namespace => format!("namespace {namespace}"),
    }
}

#[cfg(test)]
mod tests {
    use kube::core::response::StatusDetails;

    use super::*;

    const DOING: Doing<'_> = Doing {
        verb: "patch",
        resource: "pods/ephemeralcontainers",
        namespace: "shop",
        server: "https://127.0.0.1:6443",
        adding: Some((Profile::General, "housecall-0123456789")),
    };

    fn sorted(code: u16, message: &str) -> Refusal {
        let details = StatusDetails {
            name: "web".into(),
            group: String::new(),
            kind: String::new(),
            uid: String::new(),
            causes: Vec::new(),
            retry_after_seconds: 0,
        };
        let status = Status {
            code,
            message: message.into(),
            details: Some(details),
            ..Status::default()
        };
        refusal(&kube::Error::Api(Box::new(status)), &DOING)
    }

    #[test]
    fn the_servers_refusals_are_told_apart() {
        for (code, message, cause, help) in [
            (401, "Unauthorized", Cause::Unauthenticated, "log in again"),
            (
                403,
                "pods \"web\" is forbidden: User \"ci\" cannot patch resource \"pods/ephemeralcontainers\" in API group \"\" in the namespace \"shop\"",
                Cause::Forbidden,
                "plan --rbac yaml",
            ),
            (
                403,
                "pods \"web\" is forbidden: violates PodSecurity \"restricted:latest\": unrestricted capabilities (container \"housecall-0123456789\" must set securityContext.capabilities.drop=[\"ALL\"])",
                Cause::Admission,
                "--profile restricted",
            ),
            (
                400,
                "admission webhook \"images.example.com\" denied the request: only our registry",
                Cause::Admission,
                "policy",
            ),
            (404, "pods \"web\" not found", Cause::NotFound, "namespace"),
            (
                409,
                "Operation cannot be fulfilled on pods \"web\": Precondition failed: UID in precondition: a, UID in object meta: b",
                Cause::Replaced,
                "successor",
            ),
            (
                422,
                "Pod \"web\" is invalid: spec: Forbidden: static pods do not support ephemeral containers",
                Cause::Mirror,
                "node",
            ),
            (
                422,
                "spec.ephemeralContainers[0].targetContainerName: Not found: \"web\"",
                Cause::NotFound,
                "--target",
            ),
            (
                422,
                "Pod \"web\" is invalid: spec.ephemeralContainers: Forbidden: existing ephemeral containers \"x\" may not be changed",
                Cause::Api,
                "run again",
            ),
            (
                400,
                "EphemeralContainers in version \"v1\" cannot be handled as a Pod",
                Cause::Api,
                "1.22",
            ),
            (429, "too many requests", Cause::Api, "--parallel"),
            (500, "etcdserver: leader changed", Cause::Api, "try again"),
        ] {
            let refusal = sorted(code, message);
            assert_eq!(refusal.cause, cause, "{message}");
            assert!(refusal.help.contains(help), "{message}: {}", refusal.help);
            assert!(
                refusal.headline.contains(message),
                "the server's own words: {}",
                refusal.headline
            );
        }
    }

    #[test]
    fn a_missing_right_is_named() {
        let refusal = sorted(
            403,
            "User \"ci\" cannot patch resource \"pods/ephemeralcontainers\"",
        );
        assert!(
            refusal
                .help
                .contains("patch pods/ephemeralcontainers in namespace shop"),
            "{refusal}"
        );
    }

    #[test]
    fn a_server_without_ephemeral_containers_is_told_from_a_missing_pod() {
        let status = Status {
            code: 404,
            message: "the server could not find the requested resource".into(),
            ..Status::default()
        };
        let refusal = refusal(&kube::Error::Api(Box::new(status)), &DOING);
        assert_eq!(refusal.cause, Cause::Api);
        assert!(refusal.help.contains("1.25"), "{refusal}");
    }
}
