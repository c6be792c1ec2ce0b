//! A folder in one file: `tar.gz` with a manifest of SHA-256 sums, whose bytes depend on nothing but what is put in.
//!
//! ```text
//! housecall-0011223344556677/report.json
//! housecall-0011223344556677/targets/0001/01-http.stdout
//! housecall-0011223344556677/manifest.sha256        the sums of all above, as `sha256sum -c` takes them
//! ```
//!
//! Names of entries are made by us and checked when they come back: what a patient calls its files stands in the report alone. An
//! archive is read, never unpacked; whatever is not a regular file under such a name makes it none of ours, which is the end of every
//! trick with links, devices, `..` and names that come twice (CVE-2018-1002100 and its successors).

use std::collections::BTreeMap;
use std::io::{self, Read, Write};

use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};
use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};

/// The last entry: the sums of the others.
const MANIFEST: &str = "manifest.sha256";

/// What a gzip file begins with (RFC 1952 §2.3.1).
pub const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Bytes that an archive may come to when it is read; one that says more is a bomb, or none of ours.
const MOST: u64 = 4 << 30;

/// Entries that it may have.
const MOST_ENTRIES: usize = 1_000_000;

/// An archive that is being written.
pub struct Archive<W: Write> {
    folder: String,
    tar: Builder<GzEncoder<W>>,
    manifest: String,
}

impl<W: Write> Archive<W> {
    /// Begins one whose entries stand in a folder of this name.
    pub fn begin(out: W, folder: &str) -> Self {
        // Neither a moment nor a system's name in the head: the same content makes the same bytes.
        let packed = GzBuilder::new()
            .operating_system(255)
            .write(out, Compression::default());
        Self {
            folder: folder.into(),
            tar: Builder::new(packed),
            manifest: String::new(),
        }
    }

    /// Puts in one file of exactly so many bytes. `Err` for a name that is not plain: ASCII letters, digits, `.`, `_`, `-`, and `/`
    /// between parts that do not begin with a dot.
    pub fn put(&mut self, name: &str, bytes: u64, content: impl Read) -> io::Result<()> {
        if !plain(name) {
            return Err(io::Error::other(format!("`{name}` is no name of an entry")));
        }
        let mut summed = Summed::over(content.take(bytes));
        self.append(name, bytes, &mut summed)?;
        if summed.bytes != bytes {
            return Err(io::Error::other(format!(
                "{name} changed while it was read"
            )));
        }
        self.manifest
            .push_str(&format!("{}  {name}\n", summed.sum()));
        Ok(())
    }

    /// Writes the manifest and what is left.
    pub fn finish(mut self) -> io::Result<()> {
        let manifest = std::mem::take(&mut self.manifest);
        self.append(MANIFEST, manifest.len() as u64, manifest.as_bytes())?;
        self.tar.into_inner()?.finish()?.flush()
    }

    fn append(&mut self, name: &str, bytes: u64, content: impl Read) -> io::Result<()> {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Regular);
        header.set_size(bytes);
        header.set_mode(0o644);
        header.set_mtime(0);
        let path = format!("{}/{name}", self.folder);
        self.tar.append_data(&mut header, path, content)
    }
}

/// Whether a name can be one of ours.
fn plain(name: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    name.len() <= 200 && name.split('/').all(part)
}

/// Why something is no archive of ours.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It could not be read, or ends too early.
    #[error("is cut short or damaged: {0}")]
    Damaged(io::Error),
    /// It holds what no archive of ours holds.
    #[error("is no bundle: {0}")]
    Foreign(String),
    /// An entry is not what it was.
    #[error("was changed after it was written: {0}")]
    Changed(String),
}

/// Reads the entries that are wanted, by name; all others are checked against the manifest just the same.
pub fn read(
    from: impl Read,
    wanted: impl Fn(&str) -> bool,
) -> Result<BTreeMap<String, Vec<u8>>, Unreadable> {
    let mut kept = BTreeMap::new();
    let mut sums = BTreeMap::new();
    let mut left = MOST;
    let mut from = from;
    let mut magic = [0; 2];
    let told = from.read_exact(&mut magic);
    if told.is_err() || magic != GZIP {
        return Err(Unreadable::Foreign("it is no tar.gz".into()));
    }
    let mut tar = tar::Archive::new(GzDecoder::new(io::Cursor::new(magic).chain(from)));
    let entries = tar.entries().map_err(Unreadable::Damaged)?;
    for entry in entries {
        let mut entry = entry.map_err(Unreadable::Damaged)?;
        let path = entry.path_bytes().into_owned();
        let shown = String::from_utf8_lossy(&path)
            .chars()
            .take(200)
            .flat_map(char::escape_default)
            .collect::<String>();
        let name = std::str::from_utf8(&path)
            .ok()
            .and_then(|path| path.split_once('/'))
            .filter(|(folder, name)| plain(folder) && plain(name))
            .map(|(_, name)| name)
            .filter(|_| entry.header().entry_type() == EntryType::Regular);
        let Some(name) = name else {
            return Err(Unreadable::Foreign(format!(
                "its entry `{shown}` is none that housecall writes"
            )));
        };
        if sums.contains_key(name) || sums.len() >= MOST_ENTRIES {
            return Err(Unreadable::Foreign(format!(
                "its entry `{shown}` comes twice, or is one of too many"
            )));
        }
        let size = entry.size();
        left = left.checked_sub(size).ok_or_else(|| {
            Unreadable::Foreign(format!("it comes to more than {} GiB", MOST >> 30))
        })?;
        let mut summed = Summed::over(&mut entry);
        let mut content = Vec::new();
        if wanted(name) || name == MANIFEST {
            summed.read_to_end(&mut content)
        } else {
            io::copy(&mut summed, &mut io::sink()).map(|_| 0)
        }
        .map_err(Unreadable::Damaged)?;
        if summed.bytes != size {
            return Err(Unreadable::Damaged(io::ErrorKind::UnexpectedEof.into()));
        }
        sums.insert(name.to_owned(), summed.sum());
        kept.insert(name.to_owned(), content);
    }
    // The sum of the whole stands behind the end of the tar.
    io::copy(&mut tar.into_inner(), &mut io::sink()).map_err(Unreadable::Damaged)?;
    let manifest = kept.remove(MANIFEST).ok_or_else(|| {
        Unreadable::Damaged(io::Error::other(format!("its {MANIFEST} is missing")))
    })?;
    sums.remove(MANIFEST);
    hold(&manifest, &sums)?;
    kept.retain(|name, _| wanted(name));
    Ok(kept)
}

/// Holds the sums of what was read against the manifest: the same names, the same sums.
fn hold(manifest: &[u8], sums: &BTreeMap<String, String>) -> Result<(), Unreadable> {
    let text = String::from_utf8_lossy(manifest);
    let told: BTreeMap<_, _> = text
        .lines()
        .filter_map(|line| line.split_once("  "))
        .map(|(sum, name)| (name.to_owned(), sum.to_owned()))
        .collect();
    let differs = |(name, sum): &(&String, &String)| told.get(*name) != Some(*sum);
    if let Some((name, _)) = sums.iter().find(differs) {
        return Err(Unreadable::Changed(format!(
            "`{name}` is not what {MANIFEST} says"
        )));
    }
    match told.keys().find(|name| !sums.contains_key(*name)) {
        None => Ok(()),
        Some(name) => Err(Unreadable::Changed(format!(
            "`{}` is missing",
            name.escape_default()
        ))),
    }
}

/// What is read, with its sum so far.
struct Summed<R> {
    from: R,
    sha256: Sha256,
    bytes: u64,
}

impl<R: Read> Summed<R> {
    fn over(from: R) -> Self {
        Self {
            from,
            sha256: Sha256::new(),
            bytes: 0,
        }
    }

    fn sum(self) -> String {
        let sum = self.sha256.finalize();
        sum.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl<R: Read> Read for Summed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(buffer)?;
        self.sha256.update(&buffer[..count]);
        self.bytes += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(files: &[(&str, &str)]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut archive = Archive::begin(&mut out, "housecall-1");
        for (name, text) in files {
            archive
                .put(name, text.len() as u64, text.as_bytes())
                .unwrap();
        }
        archive.finish().unwrap();
        out
    }

    fn told(bytes: &[u8]) -> String {
        read(bytes, |_| true).unwrap_err().to_string()
    }

    /// What somebody else packs, entry by entry.
    fn foreign(entries: &[(&str, EntryType, &str)]) -> Vec<u8> {
        let mut tar = Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for (name, kind, content) in entries {
            let mut header = Header::new_old();
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_entry_type(*kind);
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            header.set_cksum();
            tar.append(&header, content.as_bytes()).unwrap();
        }
        tar.into_inner().unwrap().finish().unwrap()
    }

    #[test]
    fn what_is_put_in_comes_out_and_the_same_makes_the_same_bytes() {
        let files = [("report.json", "{}"), ("targets/0001/01-a.stdout", "x\n")];
        let archive = packed(&files);
        assert_eq!(archive, packed(&files));
        let all = read(&archive[..], |_| true).unwrap();
        assert_eq!(all["targets/0001/01-a.stdout"], b"x\n");
        let one = read(&archive[..], |name| name == "report.json").unwrap();
        assert_eq!(one.keys().collect::<Vec<_>>(), ["report.json"]);
    }

    #[test]
    fn promise_7_no_entry_has_a_name_that_is_not_ours() {
        let mut archive = Archive::begin(Vec::new(), "housecall-1");
        for name in ["../x", "/x", "a//b", "a/../b", ".x", "a b", "ü", "", "a\n"] {
            assert!(archive.put(name, 0, io::empty()).is_err(), "{name:?}");
        }
        let mut archive = Archive::begin(Vec::new(), "housecall-1");
        assert!(archive.put("x", 2, &b"1"[..]).is_err(), "too short");
    }

    #[test]
    fn promise_7_an_archive_that_is_not_ours_is_refused_with_the_entry() {
        let regular = EntryType::Regular;
        for (entries, named) in [
            (vec![("h/../../etc/x", regular, "")], "h/../../etc/x"),
            (vec![("/etc/x", regular, "")], "/etc/x` is none"),
            (vec![("h/link", EntryType::Symlink, "")], "h/link"),
            (vec![("h/link", EntryType::Link, "")], "h/link"),
            (vec![("h/disk", EntryType::Block, "")], "h/disk"),
            (
                vec![("h/a", regular, "1"), ("h/a", regular, "2")],
                "comes twice",
            ),
            (vec![("h/\x1b[2J", regular, "")], "\\u{1b}[2J"),
        ] {
            let told = told(&foreign(&entries));
            assert!(
                told.starts_with("is no bundle") && told.contains(named),
                "{told}"
            );
        }
    }

    #[test]
    fn a_cut_or_changed_archive_is_told_as_such() {
        let archive = packed(&[("a", &"x".repeat(9000)), ("b", "2")]);
        for cut in [10, archive.len() / 2, archive.len() - 9] {
            let told = told(&archive[..cut]);
            assert!(told.starts_with("is cut short"), "{cut}: {told}");
        }
        let sum = "9".repeat(64);
        let manifest = format!("{sum}  a\n");
        let regular = EntryType::Regular;
        let entries = [
            ("h/a", regular, "1"),
            ("h/manifest.sha256", regular, &*manifest),
        ];
        assert!(told(&foreign(&entries)).starts_with("was changed"));
        let missing = [("h/manifest.sha256", regular, &*manifest)];
        assert!(told(&foreign(&missing)).contains("`a` is missing"));
        assert_eq!(told(b"plain text"), "is no bundle: it is no tar.gz");
    }
}
