//! A terminal's bytes as lines of text: without its control sequences, and with plain line ends.
//!
//! A program that draws writes them between the letters of what it says; and what is drawn apart is neither found by a pattern nor
//! masked where it is a secret.

const ESC: u8 = 0x1b;
const BEL: u8 = 0x07;

/// Where in a control sequence the stream stands (ECMA-48).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    #[default]
    Text,
    /// Behind a carriage return, which is kept unless a line ends there.
    Return,
    /// Behind ESC.
    Escape,
    /// In a sequence that a byte from `@` to `~` ends.
    Control,
    /// In a string that BEL or ESC `\` ends.
    String,
    /// Behind an ESC in such a string.
    Ending,
    /// In a sequence of intermediate bytes, which one more byte ends.
    Intermediate,
}

/// Takes them out, in any chunking.
#[derive(Debug, Default)]
pub(super) struct Plain {
    at: At,
}

impl Plain {
    /// The text in the next bytes.
    pub(super) fn text(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut text = Vec::with_capacity(bytes.len());
        for byte in bytes {
            self.take(*byte, &mut text);
        }
        text
    }

    fn take(&mut self, byte: u8, text: &mut Vec<u8>) {
        self.at = match (self.at, byte) {
            (At::Return, b'\n') => {
                text.push(b'\n');
                At::Text
            }
            (At::Return, b'\r') => At::Return,
            (At::Return, _) => {
                text.push(b'\r');
                self.at = At::Text;
                return self.take(byte, text);
            }
            (At::Text, b'\r') => At::Return,
            (At::Text | At::Escape, ESC) => At::Escape,
            (At::Text, byte) => {
                text.push(byte);
                At::Text
            }
            (At::Escape, b'[') => At::Control,
            (At::Escape, b']' | b'P' | b'X' | b'^' | b'_') => At::String,
            (At::Escape | At::Intermediate, 0x20..=0x2f) => At::Intermediate,
            (At::Control | At::Intermediate, ESC) => At::Escape,
            (At::Control, 0x40..=0x7e) => At::Text,
            (At::Control, _) => At::Control,
            (At::Escape | At::Intermediate, _) => At::Text,
            (At::String | At::Ending, BEL) | (At::Ending, b'\\') => At::Text,
            (At::String | At::Ending, ESC) => At::Ending,
            (At::String | At::Ending, _) => At::String,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_sequences_go_in_any_chunking_and_lines_end_in_one_way() {
        let drawn = b"\x1b[1;32muser\x1b[0m\r\n\x1b]0;title\x07pro\x1b[6nmpt \x1b(B\x1b=10%\r20%\r\r\nhun\x1b[Kter2";
        let plain = "user\nprompt 10%\r20%\nhunter2";
        for size in 1..drawn.len() {
            let mut reader = Plain::default();
            let text: Vec<u8> = drawn
                .chunks(size)
                .flat_map(|part| reader.text(part))
                .collect();
            assert_eq!(String::from_utf8_lossy(&text), plain, "chunks of {size}");
        }
    }
}
