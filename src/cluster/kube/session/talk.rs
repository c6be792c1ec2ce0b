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
        let command = self.stream.conversation.terminal(argv);
        let at = (
            self.sight.pod_name().to_owned(),
            self.sight.container().to_owned(),
        );
        let records = self.records.clone();
        let opened = tokio::select! {
            biased;
            opened = timeout_at(limit, records.terminal((&at.0, &at.1), command)) => opened,
            struck = self.outcome(limit + SLACK) => return self.struck(ask, struck, limit).await,
        };
        let (outcome, ending) = match opened {
            Ok(Ok(pump)) => {
                let line = Line::new(pump);
                // Kept until its processes are gone: the runtime ends a terminal's first process with its stream, and what that has
                // started would be left to the patient.
                self.terminal = Some(line.clone());
                match Dialogue::new(line, exchanges, transcript) {
                    Ok(mut dialogue) => {
                        let held = async {
                            let outcome = dialogue.hold(limit).await;
                            (outcome, dialogue.stream().end().as_ref().map(ending))
                        };
                        tokio::select! {
                            biased;
                            held = timeout_at(limit, held) => held.unwrap_or((Outcome::TimedOut, None)),
                            struck = self.outcome(limit + SLACK) => return self.struck(ask, struck, limit).await,
                        }
                    }
                    Err(_) => (Outcome::NotBegun, None),
                }
            }
            Ok(Err(refusal)) => (Outcome::NotBegun, Some(Ending::Lost(refusal.headline))),
            Err(_) => (Outcome::TimedOut, None),
        };
        let mut answer = self.stop(Instant::now() + STOPPED).await?;
        conclude(&mut answer, outcome, ending);
        Ok(answer)
    }

    /// The step ended, or was ended, before its dialogue.
    async fn struck(
        &mut self,
        ask: &Ask,
        outcome: Option<Result<Answer, Lost>>,
        limit: Instant,
    ) -> Result<Answer, Lost> {
        match outcome {
            Some(Ok(answer))
                if answer.ended == Ended::TimedOut && answer.duration < ask.timeout =>
            {
                Err(self.told_to_leave(answer).await)
            }
            Some(outcome) => outcome,
            None => self.overdue(limit).await,
        }
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
