//! One stream of a session, taken apart into data and frames, in whatever pieces it arrives.
//!
//! A frame is the session's secret, a space, words, and a newline. Nobody but our shell knows the secret, so nothing that a
//! command prints can be taken for a frame; and a frame may stand anywhere between two bytes of data.

/// A frame is at most this long; what is longer was not written by our shell.
const LONGEST: usize = 4096;

/// What a stream holds next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Bytes that are no frame.
    Data(Vec<u8>),
    /// The words of a frame.
    Frame(String),
}

/// Takes one stream apart. Holds back no more than what may still become a frame.
#[derive(Debug)]
pub(super) struct Splitter {
    needle: Vec<u8>,
    held: Vec<u8>,
}

impl Splitter {
    pub(super) fn new(secret: &str) -> Self {
        Self {
            needle: format!("{secret} ").into_bytes(),
            held: Vec::new(),
        }
    }

    /// The pieces that `bytes` complete.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Vec<Piece> {
        let mut all = std::mem::take(&mut self.held);
        all.extend_from_slice(bytes);
        let mut pieces = Vec::new();
        let mut rest = all.as_slice();
        loop {
            let Some(at) = find(rest, &self.needle) else {
                let keep = self.beginning(rest);
                data(&mut pieces, &rest[..rest.len() - keep]);
                self.held = rest[rest.len() - keep..].to_vec();
                return pieces;
            };
            data(&mut pieces, &rest[..at]);
            let frame = &rest[at..];
            match frame.iter().take(LONGEST).position(|byte| *byte == b'\n') {
                Some(end) => {
                    let words = String::from_utf8_lossy(&frame[self.needle.len()..end]);
                    pieces.push(Piece::Frame(words.into_owned()));
                    rest = &frame[end + 1..];
                }
                None if frame.len() < LONGEST => {
                    self.held = frame.to_vec();
                    return pieces;
                }
                None => {
                    data(&mut pieces, &frame[..self.needle.len()]);
                    rest = &frame[self.needle.len()..];
                }
            }
        }
    }

    /// How many bytes at the end may be the beginning of a frame.
    fn beginning(&self, bytes: &[u8]) -> usize {
        let longest = bytes.len().min(self.needle.len() - 1);
        (1..=longest)
            .rev()
            .find(|length| bytes.ends_with(&self.needle[..*length]))
            .unwrap_or(0)
    }
}

fn data(pieces: &mut Vec<Piece>, bytes: &[u8]) {
    if !bytes.is_empty() {
        pieces.push(Piece::Data(bytes.to_vec()));
    }
}

/// Where `needle` begins in `bytes`; an empty one nowhere.
pub(super) fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut from = 0;
    while let Some(step) = bytes[from..].iter().position(|byte| *byte == first) {
        let at = from + step;
        if bytes[at..].starts_with(needle) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECRET: &str = "0badc0de";

    fn joined(pieces: Vec<Piece>) -> Vec<Piece> {
        let mut out: Vec<Piece> = Vec::new();
        for piece in pieces {
            match (out.last_mut(), piece) {
                (Some(Piece::Data(before)), Piece::Data(more)) => before.extend(more),
                (_, piece) => out.push(piece),
            }
        }
        out
    }

    #[test]
    fn what_looks_like_a_frame_to_the_last_byte_but_one_is_data() {
        let mut splitter = Splitter::new(SECRET);
        let pieces = splitter.feed(b"0badc0d0badc0de\n0badc0de 1 end\n");
        assert_eq!(
            joined(pieces),
            [
                Piece::Data(b"0badc0d0badc0de\n".to_vec()),
                Piece::Frame("1 end".into())
            ]
        );
    }

    #[test]
    fn a_frame_that_never_ends_is_given_up_and_memory_stays_bounded() {
        let mut splitter = Splitter::new(SECRET);
        splitter.feed(b"0badc0de ");
        let mut seen = 0;
        for _ in 0..100 {
            for piece in splitter.feed(&[b'x'; 1000]) {
                if let Piece::Data(data) = piece {
                    seen += data.len();
                }
            }
            assert!(splitter.held.len() <= LONGEST);
        }
        assert_eq!(seen, 9 + 100_000);
    }

    proptest! {
        #[test]
        fn any_data_around_frames_comes_out_whole_in_any_chunking(
            parts in proptest::collection::vec((proptest::collection::vec(any::<u8>(), 0..40), "[a-z0-9 ]{0,12}"), 0..6),
            tail in proptest::collection::vec(any::<u8>(), 0..40),
            cuts in proptest::collection::vec(1_usize..9, 1..9),
        ) {
            let mut stream = Vec::new();
            let mut expected = Vec::new();
            for (bytes, words) in &parts {
                stream.extend_from_slice(bytes);
                stream.extend_from_slice(format!("{SECRET} {words}\n").as_bytes());
                expected.push(Piece::Data(bytes.clone()));
                expected.push(Piece::Frame(words.clone()));
            }
            stream.extend_from_slice(&tail);
            stream.extend_from_slice(format!("{SECRET} \n").as_bytes());
            expected.push(Piece::Data(tail));
            expected.push(Piece::Frame(String::new()));
            expected.retain(|piece| *piece != Piece::Data(Vec::new()));

            let mut splitter = Splitter::new(SECRET);
            let mut pieces = Vec::new();
            let mut rest = stream.as_slice();
            for cut in cuts.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (now, later) = rest.split_at((*cut).min(rest.len()));
                pieces.extend(splitter.feed(now));
                rest = later;
            }
            prop_assert_eq!(joined(pieces), expected);
        }
    }
}
