//! A dialogue in the debug container: a second stream, with a terminal, beside the shell's.
//!
//! The shell runs a step meanwhile, whose mark the terminal's processes carry. So they are ended as those of any step: when the
//! dialogue is over, at the timeout, after an interruption, and when the client is gone; and its end mark counts what is left of them.

use tokio::time::{Instant, timeout_at};

use super::super::exec_status::ExecStatus;
use super::super::line::Line;
use super::super::pump::End;
use super::{LiveSession, SLACK, STOPPED};
use crate::ask::{Answer, Ask, Ended, Exchange};
use crate::cluster::Lost;
use crate::cluster::talk::{Dialogue, Ending, Outcome, Talk, conclude};

impl LiveSession {
    /// Holds the dialogue of the step that was just sent.
    pub(super) async fn hold(
        &mut self,
        ask: &Ask,
        since: Instant,
        argv: &[String],
        exchanges: &[Exchange],
    ) -> Result<Answer, Lost> {
        let limit = since + ask.timeout;
        let talk = Talk::new(ask, exchanges);
        let transcript = talk.transcript();
        self.talk = Some(talk);
        // What the terminal starts is found by having been started after its step.
        while !self.begun {
            match self.more(limit + SLACK).await {
                Some(heard) => heard?,
                None => return self.overdue(limit).await,
            }
            if let Some(raw) = self.heard() {
                return Ok(self.answered(raw));
            }
        }
        let command = self.conversation.terminal(argv);
        let at = (
            self.sight.pod_name().to_owned(),
            self.sight.container().to_owned(),
        );
        let records = self.records.clone();
        let held = async {
            let pump = match records.terminal((&at.0, &at.1), command).await {
                Ok(pump) => pump,
                Err(refusal) => {
                    return (
                        Outcome::NotBegun,
                        Some(Ending::Lost(refusal.headline)),
                        None,
                    );
                }
            };
            let Ok(mut dialogue) = Dialogue::new(Line::new(pump), exchanges, transcript) else {
                return (Outcome::NotBegun, None, None);
            };
            let outcome = dialogue.hold(limit).await;
            let ending = dialogue.stream().end().map(ending);
            (outcome, ending, Some(dialogue))
        };
        // The terminal is kept until its processes are gone.
        let (outcome, ending, _terminal) = tokio::select! {
            biased;
            held = timeout_at(limit, held) => held.unwrap_or((Outcome::TimedOut, None, None)),
            struck = self.outcome(limit + SLACK) => return match struck {
                Some(Ok(answer)) if answer.ended == Ended::TimedOut && answer.duration < ask.timeout => {
                    Err(self.told_to_leave(answer).await)
                }
                Some(outcome) => outcome,
                None => self.overdue(limit).await,
            },
        };
        let mut answer = self.stop(Instant::now() + STOPPED).await?;
        conclude(&mut answer, outcome, ending);
        Ok(answer)
    }

    /// The shell said nothing until its time was over.
    async fn overdue(&mut self, limit: Instant) -> Result<Answer, Lost> {
        let mut answer = self.stop(limit + SLACK + STOPPED).await?;
        answer.ended = Ended::TimedOut;
        Ok(answer)
    }
}

fn ending(end: &End) -> Ending {
    match end {
        End::Status(ExecStatus::Exited(code)) => Ending::Exited(*code),
        end => Ending::Lost(end.to_string()),
    }
}
