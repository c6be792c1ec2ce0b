//! Events as JSON Lines: one a line, in the order they happened, each complete in itself.

use crate::report::Event;

/// One event with its line break.
pub fn line(event: &Event) -> String {
    // An event is strings, numbers and maps with string keys: it always serialises.
    let text = serde_json::to_string(event).unwrap_or_default();
    super::json::escaped(&text) + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Happening;

    #[test]
    fn an_event_is_one_line_whatever_it_holds() {
        let event = Event {
            at: jiff::Timestamp::UNIX_EPOCH,
            happening: Happening::Noted {
                target: None,
                text: "a\nb\u{2028}c".into(),
            },
        };
        let line = line(&event);
        assert_eq!(line.lines().count(), 1);
        assert_eq!(serde_json::from_str::<Event>(&line).unwrap(), event);
    }
}
