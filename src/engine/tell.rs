//! How a lane tells what happens: stamped, and into the one channel.

use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;

use crate::clock::Clock;
use crate::report::{Event, Happening};

/// A lane's voice.
#[derive(Clone)]
pub(super) struct Teller {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) events: UnboundedSender<Event>,
}

impl Teller {
    /// Tells one thing. A run that no longer listens is over; there is nobody left to tell.
    pub(super) fn tell(&self, happening: Happening) {
        let event = Event {
            at: self.clock.now(),
            happening,
        };
        let _ = self.events.send(event);
    }
}
