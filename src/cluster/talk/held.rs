//! The dialogue that is under way, as its session knows it.

use super::dialogue::Outcome;
use super::transcript::Transcript;
use crate::ask::{Answer, Ask, Captured, Ended, Exchange, MAX_TRANSCRIPT};

/// Kept by the session while a dialogue is held; what was heard is told even where the dialogue was dropped.
#[derive(Debug)]
pub(in crate::cluster) struct Talk {
    exchanges: Vec<Exchange>,
    transcript: Transcript,
}

impl Talk {
    /// Nothing is heard yet.
    pub(in crate::cluster) fn new(ask: &Ask, exchanges: &[Exchange]) -> Self {
        Self {
            exchanges: exchanges.to_vec(),
            transcript: Transcript::new(ask.stdout_cap.min(MAX_TRANSCRIPT)),
        }
    }

    /// Where it is written down.
    pub(in crate::cluster) fn transcript(&self) -> Transcript {
        self.transcript.clone()
    }

    /// Puts what was heard into the answer of the step beside it.
    pub(in crate::cluster) fn tell(self, answer: &mut Answer) {
        let (text, progress) = self.transcript.told(&self.exchanges);
        let lost = matches!(answer.ended, Ended::Lost(_));
        answer.stdout = Captured {
            truncated: text.truncated || lost,
            ..text
        };
        answer.stderr = Captured::default();
        answer.progress = Some(progress);
    }
}

/// How the terminal of a dialogue ended, where it did.
pub(in crate::cluster) enum Ending {
    /// The program ended with this code.
    Exited(i32),
    /// The way to it was lost, or was never there: why.
    Lost(String),
}

/// Says in the answer how the dialogue ended.
pub(in crate::cluster) fn conclude(answer: &mut Answer, outcome: Outcome, ending: Option<Ending>) {
    let cut = answer.stdout.truncated;
    answer.ended = match (outcome, ending) {
        (Outcome::TimedOut, _) => Ended::TimedOut,
        (Outcome::Held, _) => Ended::Released,
        // It is we who ended it, because it says too much.
        (Outcome::Over, _) if cut => Ended::Released,
        (Outcome::Over, Some(Ending::Exited(code))) => Ended::Exited(code),
        (Outcome::Over, Some(Ending::Lost(why))) => {
            Ended::Lost(format!("the terminal was lost: {why}"))
        }
        (Outcome::Over, None) => Ended::Lost("the terminal was lost".into()),
        (Outcome::NotBegun, ending) => {
            let why = match ending {
                Some(Ending::Exited(code)) => format!("its shell ended with exit {code}"),
                Some(Ending::Lost(why)) => why,
                None => "its shell says nothing".into(),
            };
            answer.stderr = Captured::whole(format!("no terminal could be opened: {why}\n"));
            Ended::Exited(126)
        }
    };
}
