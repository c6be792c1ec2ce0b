//! What the last frame of an exec stream says: how the process ended, or why it could not be run.

use std::fmt;

use kube::core::Status;

/// The final status of an exec stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExecStatus {
    /// The process ran and ended with this code.
    Exited(i32),
    /// It was not run, or how it ended cannot be known, in the server's words.
    Refused(String),
}

impl ExecStatus {
    /// Reads the JSON of a `Status` object. A code stands in `details.causes` under the reason `ExitCode`
    /// (kubernetes/kubelet `pkg/cri/streaming/remotecommand/exec.go`).
    pub fn read(json: &[u8]) -> Self {
        let Ok(status) = serde_json::from_slice::<serde_json::Value>(json) else {
            return Self::Refused("the final status is no JSON".into());
        };
        if status["status"] == "Success" {
            return Self::Exited(0);
        }
        let code = status["details"]["causes"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|cause| cause["reason"] == "ExitCode")
            .and_then(|cause| cause["message"].as_str()?.parse().ok());
        match code {
            Some(code) => Self::Exited(code),
            None => Self::Refused(
                status["message"]
                    .as_str()
                    .unwrap_or("the final status says nothing")
                    .to_owned(),
            ),
        }
    }
}

impl fmt::Display for ExecStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(code) => write!(f, "the shell ended with exit code {code}"),
            Self::Refused(why) => f.write_str(why),
        }
    }
}

/// The words of a refused upgrade, for the same reader.
impl From<&Status> for ExecStatus {
    fn from(status: &Status) -> Self {
        Self::Refused(status.message.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exit_code_is_read_from_the_causes() {
        let failed = br#"{"status":"Failure","reason":"NonZeroExitCode","message":"command terminated with non-zero exit code",
            "details":{"causes":[{"reason":"ExitCode","message":"137"}]}}"#;
        assert_eq!(ExecStatus::read(failed), ExecStatus::Exited(137));
        assert_eq!(
            ExecStatus::read(br#"{"status":"Success"}"#),
            ExecStatus::Exited(0)
        );
    }

    #[test]
    fn a_status_without_a_code_is_a_refusal_in_the_servers_words() {
        let refused = br#"{"status":"Failure","reason":"InternalError","message":"container not found (\"x\")"}"#;
        assert_eq!(
            ExecStatus::read(refused),
            ExecStatus::Refused("container not found (\"x\")".into())
        );
        assert!(matches!(ExecStatus::read(b"\xff"), ExecStatus::Refused(_)));
    }
}
