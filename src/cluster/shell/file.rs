//! File questions: what is asked of `look` in the prelude, and its one line of status.
//!
//! Exit codes: 0 the content follows; 1 there is no such file, or it is a directory or a device; 126 it could not be looked at.

use crate::ask::{Captured, FileStatus};

/// What may stand before a file's content: the status line and the longest path.
pub(super) const HEADER: u64 = 16 * 1024;

/// Parts the status from the content; `None` for a file that is not there.
pub(super) fn read(stdout: Captured, max: u64) -> (Option<FileStatus>, Captured) {
    let Captured {
        mut bytes,
        mut truncated,
    } = stdout;
    let Some((status, header)) = status(&bytes) else {
        return (None, Captured { bytes, truncated });
    };
    bytes.drain(..header);
    let max = usize::try_from(max).unwrap_or(usize::MAX);
    if bytes.len() > max {
        bytes.truncate(max);
        truncated = true;
    }
    (Some(status), Captured { bytes, truncated })
}

fn status(bytes: &[u8]) -> Option<(FileStatus, usize)> {
    let line = bytes.iter().position(|byte| *byte == b'\n')?;
    let path = line + 1 + bytes[line + 1..].iter().position(|byte| *byte == 0)?;
    let words = std::str::from_utf8(&bytes[..line]).ok()?;
    let [kind, mode, uid, gid, size, mtime] = words.split(' ').collect::<Vec<_>>()[..] else {
        return None;
    };
    let status = FileStatus {
        resolved: String::from_utf8_lossy(&bytes[line + 1..path]).into_owned(),
        kind: kind.into(),
        mode: octal(mode),
        uid: uid.parse().ok()?,
        gid: gid.parse().ok()?,
        size: size.parse().unwrap_or(0),
        mtime: mtime.parse().ok(),
    };
    Some((status, path + 1))
}

/// `644`, also from the `-rw-r--r--` of `ls`, where the image has no `stat`.
fn octal(mode: &str) -> String {
    let letters: Vec<char> = mode.chars().collect();
    if letters.len() < 10 {
        return mode.into();
    }
    let mut bits = 0;
    for (place, letter) in letters[1..10].iter().enumerate() {
        let special = match (place, letter) {
            (2, 's' | 'S') => 0o4000,
            (5, 's' | 'S') => 0o2000,
            (8, 't' | 'T') => 0o1000,
            _ => 0,
        };
        let set = u32::from(!matches!(letter, '-' | 'S' | 'T'));
        bits |= special | (set << (8 - place));
    }
    format!("{bits:o}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_what_follows_the_status_byte_for_byte() {
        let out = b"file 644 0 1000 4 1700000000\n/a\nb\0\n\0\xffx".to_vec();
        let (status, content) = read(Captured::whole(out), 3);
        let status = status.unwrap();
        assert_eq!(status.resolved, "/a\nb");
        assert_eq!((status.uid, status.gid, status.size), (0, 1000, 4));
        assert_eq!(status.mtime, Some(1_700_000_000));
        assert_eq!(content.bytes, b"\n\0\xff");
        assert!(content.truncated);
    }

    #[test]
    fn what_ls_says_of_a_file_is_read_where_there_is_no_stat() {
        let out = b"directory drwxrwxrwt 0 0 120 -\n/tmp\0".to_vec();
        let status = read(Captured::whole(out), 9).0.unwrap();
        assert_eq!((status.mode.as_str(), status.mtime), ("1777", None));
        assert_eq!(octal("-rwsr-x---"), "4750");
    }

    #[test]
    fn without_a_status_there_is_no_file() {
        assert_eq!(read(Captured::default(), 9), (None, Captured::default()));
        assert_eq!(read(Captured::whole(*b"x"), 9).0, None);
    }
}
