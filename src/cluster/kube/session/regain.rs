//! A lost connection, taken up again: what was under way is lost, and what comes next is asked over a new stream.

use futures_util::FutureExt;

use super::super::exec_status::ExecStatus;
use super::super::loss::{known, reason, way_lost};
use super::super::pump::{End, Piece};
use super::LiveSession;
use crate::ask::{Answer, Ended};
use crate::cluster::Lost;

/// What is told of a connection that was lost while a step was under way, and taken up again.
const DURING: &str = "the connection was lost during this step and taken up again";

impl LiveSession {
    /// The stream has ended: why. Where the shell itself told its end, no other will do better.
    pub(super) async fn broken(&mut self, end: &End) -> String {
        let words = end.to_string();
        self.lost = Some(way_lost(&words));
        // The API server tells success of a connection that broke behind it (seen with a killed kubelet and a killed containerd), so a
        // shell has ended well only where it said so itself.
        let ended = match end {
            End::Status(ExecStatus::Exited(code)) => *code != 0 || self.left,
            _ => false,
        };
        self.over |= self.again.is_none() || ended;
        let why = match self.over {
            true => reason(&mut self.sight, &words).await,
            false => way_lost(&words),
        };
        self.lost = Some(why.clone());
        why
    }

    /// Takes in what came while nothing was asked, so that a stream which has ended since is not asked over.
    pub(super) async fn listen(&mut self) {
        while self.lost.is_none()
            && let Some(piece) = self.stream.pump.next().now_or_never()
        {
            match piece {
                Piece::Stdout(bytes) => self.stream.conversation.stdout(&bytes),
                Piece::Stderr(bytes) => self.stream.conversation.stderr(&bytes),
                Piece::Ended(end) => {
                    self.broken(&end).await;
                }
            }
            self.heard();
        }
    }

    /// What had come of a step when the way was lost, once that is found again. It is kept meanwhile, for one who waits no longer.
    pub(super) async fn kept(&mut self, mut partial: Box<Answer>) -> Result<Answer, Lost> {
        self.cut = Some(partial.clone());
        let regained = self.regain().await;
        self.cut = None;
        match regained {
            Ok(()) => {
                partial.remarks.push(DURING.into());
                Ok(*partial)
            }
            Err(why) => {
                partial.ended = Ended::Lost(why.clone());
                Err(Lost {
                    why,
                    partial: Some(partial),
                })
            }
        }
    }

    /// Enters again after the way was lost. The error is why there is no way any more; that is for good.
    pub(super) async fn regain(&mut self) -> Result<(), String> {
        let lost = self.lost.clone().unwrap_or_default();
        let Some(again) = self.again.as_ref().filter(|_| !self.over) else {
            return Err(lost);
        };
        match again.pass(&mut self.sight).await {
            Ok(way) => {
                self.stream = way.stream;
                self.left = false;
                if way.patient.pid.is_some() {
                    self.patient = way.patient;
                }
                self.lost = None;
                Ok(())
            }
            Err(last) => {
                let told = known(&mut self.sight).await;
                let why = told.unwrap_or_else(|| match last {
                    Some(last) => format!("{lost}; and the way back in failed: {last}"),
                    None => lost,
                });
                self.lost = Some(why.clone());
                self.over = true;
                Err(why)
            }
        }
    }
}
