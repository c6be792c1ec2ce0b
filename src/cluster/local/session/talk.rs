//! A dialogue on this machine: a pty beside the shell, which runs a step meanwhile whose mark the pty's processes carry.

use tokio::time::{Instant, timeout_at};

use super::{LocalSession, PATIENCE};
use crate::ask::{Answer, Ask, Exchange};
use crate::cluster::Lost;
use crate::cluster::shell::Reply;
use crate::cluster::talk::{Dialogue, Ending, Outcome, Talk, conclude};

impl LocalSession {
    /// Holds the dialogue of the step that was just sent.
    pub(super) async fn hold(
        &mut self,
        ask: &Ask,
        argv: &[String],
        exchanges: &[Exchange],
    ) -> Result<Answer, Lost> {
        let limit = Instant::now() + ask.timeout;
        let talk = Talk::new(ask, exchanges);
        let transcript = talk.transcript();
        self.talk = Some(talk);
        // What the terminal starts is found by having been started after its step.
        if let Err(lost) = self
            .brief(|reply| matches!(reply, Reply::FirstByte).then_some(()))
            .await
        {
            return Err(self.cut_off(lost.why));
        }
        let terminal = self.child.terminal(&self.child.conversation.terminal(argv));
        let held = async {
            let lost =
                |error: std::io::Error| (Outcome::NotBegun, Some(Ending::Lost(error.to_string())));
            let mut terminal = match terminal {
                Ok(terminal) => terminal,
                Err(error) => return lost(error),
            };
            let mut dialogue = match Dialogue::new(terminal.stream, exchanges, transcript) {
                Ok(dialogue) => dialogue,
                Err(error) => return lost(error),
            };
            match dialogue.hold(limit).await {
                outcome @ (Outcome::Over | Outcome::NotBegun) => {
                    let ended = timeout_at(limit, &mut terminal.ended).await;
                    let code = ended.ok().and_then(Result::ok);
                    (outcome, code.map(Ending::Exited))
                }
                outcome => (outcome, None),
            }
        };
        let (outcome, ending) = tokio::select! {
            biased;
            held = timeout_at(limit, held) => held.unwrap_or((Outcome::TimedOut, None)),
            struck = self.outcome(limit + PATIENCE) => return struck,
        };
        let mut answer = self.stop().await?;
        conclude(&mut answer, outcome, ending);
        Ok(answer)
    }
}
