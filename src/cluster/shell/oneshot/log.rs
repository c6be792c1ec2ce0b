//! A container's log, taken apart into the two streams it carries.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::cluster::shell::frame::find;

/// One stream, as far as it came in order from its beginning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stream {
    /// Its bytes.
    pub(super) bytes: Vec<u8>,
    /// Whether that is all of it, by number, length and digest.
    pub(super) whole: bool,
}

/// What a log holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Log {
    /// Stdout of the shell.
    pub(super) out: Stream,
    /// Stderr of the shell.
    pub(super) err: Stream,
    /// Whether it begins with its beginning: the kubelet may have rotated that away.
    pub(super) begun: bool,
    /// Bytes that are none of its records.
    pub(super) stray: u64,
}

impl Log {
    /// Reads the records. They are cut at their tag, not at line ends, because a newline may be written apart from its line.
    pub(super) fn read(log: &[u8], tag: &str) -> Self {
        let needle = format!("@{tag} ").into_bytes();
        let mut found = Self::default();
        let mut records = [BTreeMap::new(), BTreeMap::new()];
        let mut hex = false;
        let mut lengths = [None, None];
        let mut sums: Vec<String> = Vec::new();
        let mut rest = log;
        while !rest.is_empty() {
            let Some(at) = find(rest, &needle) else {
                found.stray += rest.len() as u64;
                break;
            };
            found.stray += at as u64;
            let record = &rest[at + needle.len()..];
            let length = find(record, &needle).unwrap_or(record.len());
            rest = &record[length..];
            let record = &record[..length];
            let end = record.iter().position(|byte| *byte == b'\n');
            let text = String::from_utf8_lossy(&record[..end.unwrap_or(record.len())]);
            found.stray += end.map_or(0, |end| {
                let after = &record[end + 1..];
                after.iter().filter(|byte| **byte != b'\n').count() as u64
            });
            let words: Vec<&str> = text.split(' ').collect();
            match words[..] {
                ["begin", code, _] => {
                    found.begun = true;
                    hex = code == "hex";
                }
                // A mark that was cut off is no mark.
                ["o" | "e", "end", length] if end.is_some() => {
                    lengths[usize::from(words[0] == "e")] = length.parse().ok();
                }
                ["o" | "e", number, data] => {
                    if let Ok(number) = number.parse::<u64>() {
                        let stream = usize::from(words[0] == "e");
                        records[stream].insert(number, data.to_owned());
                    }
                }
                ["end", ref rest @ ..] if end.is_some() => {
                    sums = rest.iter().map(|word| (*word).to_owned()).collect();
                }
                _ => {}
            }
        }
        let [out, err] = records;
        found.out = joined(&out, hex, lengths[0], sum(&sums, "o"));
        found.err = joined(&err, hex, lengths[1], sum(&sums, "e"));
        found
    }
}

/// The word behind a stream's name, where the shell came to its end.
fn sum<'a>(sums: &'a [String], stream: &str) -> Option<&'a str> {
    let at = sums.iter().position(|word| word == stream)?;
    Some(sums.get(at + 1).map_or("", String::as_str))
}

/// A stream of these records, whose encoded data should be as long as told.
fn joined(
    records: &BTreeMap<u64, String>,
    hex: bool,
    told: Option<usize>,
    sum: Option<&str>,
) -> Stream {
    let mut bytes = Vec::new();
    let mut length = 0;
    let mut whole = true;
    for (number, (at, data)) in (1..).zip(records) {
        let decoded = if hex {
            unhexed(data)
        } else {
            STANDARD.decode(data).ok()
        };
        let Some(decoded) = decoded.filter(|_| *at == number) else {
            whole = false;
            break;
        };
        length += data.len();
        bytes.extend(decoded);
    }
    whole &= told == Some(length) && sum.is_some();
    // Only SHA-256 is computed here; with the other sums that an image may have, number and length have to do.
    if let Some(digest) = sum.filter(|digest| digest.len() == 64) {
        let own: String = Sha256::digest(&bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        whole &= own == *digest;
    }
    Stream { bytes, whole }
}

fn unhexed(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "@hc begin base64 sha256sum\n@hc o 1 YWJj\n@hc e 1 eA==\n@hc o 2 ZGU=\n@hc e end 4\n@hc o end 8\n@hc end o 36bbe50ed96841d10443bcb670d6554f0a34b761be67ec9c4a8ad2c0c44ca42c - e 2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881 -\n";

    fn read(log: &str) -> Log {
        Log::read(log.as_bytes(), "hc")
    }

    #[test]
    fn both_streams_come_whole_out_of_one_log() {
        let log = read(WHOLE);
        assert_eq!(
            (log.out.bytes.as_slice(), log.out.whole),
            (&b"abcde"[..], true)
        );
        assert_eq!((log.err.bytes.as_slice(), log.err.whole), (&b"x"[..], true));
        assert!(log.begun && log.stray == 0);
    }

    #[test]
    fn what_does_not_add_up_is_not_whole() {
        for (change, to, left) in [
            ("@hc o 2 ZGU=\n", "", &b"abc"[..]),
            ("@hc o 1 YWJj\n", "", b""),
            ("ZGU=", "ZGY=", b"abcdf"),
            ("@hc o end 8", "@hc o end 9", b"abcde"),
            ("@hc o end 8\n", "", b"abcde"),
            ("@hc end", "@hx end", b"abcde"),
            ("YWJj", "YW!j", b""),
        ] {
            let log = read(&WHOLE.replace(change, to));
            assert!(!log.out.whole, "{change}");
            assert_eq!(log.out.bytes, left, "{change}");
        }
        let cut = &WHOLE[..WHOLE.len() - 3];
        assert!(!read(cut).out.whole);
        assert!(!read(&WHOLE[30..]).begun);
    }

    #[test]
    fn records_on_one_line_and_lines_between_them_are_told_apart() {
        let log = read(
            &WHOLE
                .replace("YWJj\n", "YWJj")
                .replace("eA==\n", "eA==\nfoo\n"),
        );
        assert!(log.out.whole && log.err.whole);
        assert_eq!(log.stray, 3);
    }

    #[test]
    fn hexadecimal_is_read_where_the_image_has_no_base64() {
        let log = read(
            &WHOLE
                .replace("base64", "hex")
                .replace("YWJj", "616263")
                .replace("ZGU=", "6465")
                .replace("eA==", "78")
                .replace("o end 8", "o end 10")
                .replace("e end 4", "e end 2"),
        );
        assert!(log.out.whole && log.err.whole);
    }
}
