//! `mounts`: the patient's file systems, how full they are and whether they can be written to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use super::about::{About, Fact};
use super::{Asking, Observation, Registered, Spec, Unfit, answer};
use crate::ask::{Answer, Ask};
use crate::report::Verdict;
use crate::script::{Scope, TemplateError};

pub(super) const KIND: Registered = Registered {
    about: &ABOUT,
    build,
};

const ABOUT: About = About {
    word: "mounts",
    purpose: "the file systems that the patient has mounted, without those that hold no data (`proc`, `sysfs`, `cgroup` and their like, \
              with what masks parts of them) and those that another mount hides",
    ways: &["stat", "df", "none"],
    short: None,
    fields: &[],
    facts: &[
        Fact::new(
            "rows",
            "list of maps: path, fs, size, used, avail, used_percent, inodes_used_percent, readonly",
            "one for each mount; bytes, and percent rounded up as `df` does. `avail` is what an ordinary user may still write. What could \
             not be measured is nothing: filter by `is_set(row.used_percent)` first",
        ),
        Fact::new(
            "way",
            "text",
            "what measured the sizes; `none` where the image has neither, or the patient's root cannot be entered",
        ),
    ],
    example: "mounts:",
};

const SCRIPT: &str = include_str!("mounts.sh");

/// File systems that hold no data of anyone.
const HOLLOW: &[&str] = &[
    "autofs",
    "binfmt_misc",
    "bpf",
    "cgroup",
    "cgroup2",
    "configfs",
    "debugfs",
    "devpts",
    "efivarfs",
    "fusectl",
    "mqueue",
    "nsfs",
    "proc",
    "pstore",
    "securityfs",
    "sysfs",
    "tracefs",
];

#[derive(Debug)]
struct Mounts;

fn build(_: &Spec, _: &[String]) -> Result<Arc<dyn Asking>, Unfit> {
    Ok(Arc::new(Mounts))
}

impl Asking for Mounts {
    fn looks_at(&self) -> &'static [&'static str] {
        &["target_pid"]
    }

    fn asks(&self, scope: &Scope<'_>) -> Result<Vec<Ask>, TemplateError> {
        Ok(vec![answer::script(SCRIPT, scope, &[ABOUT.word])])
    }

    fn read(&self, answers: &[Answer], image: &str) -> Observation {
        let (mut observation, output) = answer::scripted(answers, image, ABOUT.facts);
        let Some(output) = output else {
            return observation;
        };
        let output = String::from_utf8_lossy(output);
        let Some((way, listed)) = output
            .strip_suffix("end\n")
            .and_then(|text| text.split_once('\n'))
        else {
            observation.blocked = Some((Verdict::Error, answer::UNENDED.into()));
            return observation;
        };
        let mounts = read(listed);
        let rows: Value = seen(&mounts).into_iter().map(Mount::row).collect();
        observation.facts.insert("rows".into(), rows);
        observation.facts.insert("way".into(), way.into());
        observation
    }
}

#[derive(Debug, Default)]
struct Mount {
    id: u64,
    up: u64,
    path: String,
    fs: String,
    readonly: bool,
    size: Option<u64>,
    used: Option<u64>,
    avail: Option<u64>,
    /// All inodes and those in use; none of the first where the file system does not count them.
    inodes: Option<(u64, u64)>,
}

fn read(text: &str) -> Vec<Mount> {
    let mut mounts: Vec<Mount> = Vec::new();
    let mut root = "";
    let mut measured: BTreeMap<&str, [u64; 6]> = BTreeMap::new();
    for line in text.lines() {
        if let Some(listed) = line.strip_prefix("m ") {
            mounts.extend(Mount::read(listed));
        } else if let Some(path) = line.strip_prefix("root ") {
            root = path;
        } else if let Some(sizes) = line.strip_prefix("stat ") {
            let parts: Vec<_> = sizes.splitn(7, ' ').collect();
            if let Some((path, sizes)) = parts.split_last()
                && let Some(path) = path.strip_prefix(root)
                && let Some(sizes) = numbers(sizes)
            {
                measured.insert(path, sizes);
            }
        } else if let Some((word, rest)) = line.split_once(' ')
            && let Some(mount) = mounts.last_mut()
        {
            mount.measure(word, rest);
        }
    }
    for mount in &mut mounts {
        if let Some(sizes) = measured.get(mount.path.as_str()) {
            mount.size_up(*sizes);
        }
    }
    mounts
}

impl Mount {
    /// A line of mountinfo (proc_pid_mountinfo(5)).
    fn read(line: &str) -> Option<Self> {
        let (place, kind) = line.split_once(" - ")?;
        let place: Vec<_> = place.split(' ').collect();
        let mut kind = kind.split(' ');
        let fs = kind.next()?.to_owned();
        let readonly = |options: &str| options.split(',').any(|option| option == "ro");
        Some(Self {
            id: place.first()?.parse().ok()?,
            up: place.get(1)?.parse().ok()?,
            path: plain(place.get(4)?),
            fs,
            readonly: readonly(place.get(5)?) || kind.nth(1).is_some_and(readonly),
            ..Self::default()
        })
    }

    /// What `stat` says of it.
    fn size_up(&mut self, [block, blocks, free, avail, inodes, unused]: [u64; 6]) {
        self.size = blocks.checked_mul(block);
        self.used = blocks.saturating_sub(free).checked_mul(block);
        self.avail = avail.checked_mul(block);
        self.inodes = Some((inodes, inodes.saturating_sub(unused)));
    }

    /// A row of `df`.
    fn measure(&mut self, word: &str, rest: &str) {
        let words: Vec<_> = rest.split_whitespace().collect();
        // A row of `df -P`. The name of a device may hold anything, so the numbers are those that a percentage follows.
        let row = || {
            let percentage = |word: &str| {
                word == "-"
                    || word
                        .strip_suffix('%')
                        .is_some_and(|n| n.parse::<u64>().is_ok())
            };
            words
                .windows(4)
                .filter(|row| percentage(row[3]))
                .find_map(|row| numbers::<3>(&row[..3]))
        };
        match word {
            "blocks" => {
                if let Some([size, used, avail]) = row() {
                    self.size = size.checked_mul(1024);
                    self.used = used.checked_mul(1024);
                    self.avail = avail.checked_mul(1024);
                }
            }
            "inodes" => {
                if let Some([all, used, _]) = row() {
                    self.inodes = Some((all, used));
                }
            }
            _ => {}
        }
    }

    fn hollow(&self) -> bool {
        self.size == Some(0) || HOLLOW.contains(&self.fs.as_str())
    }

    fn row(&self) -> Value {
        let used = self
            .used
            .zip(self.avail)
            .and_then(|(used, avail)| percent(used, used.checked_add(avail)?));
        json!({
            "path": self.path, "fs": self.fs, "size": self.size, "used": self.used, "avail": self.avail, "used_percent": used,
            "inodes_used_percent": self.inodes.and_then(|(all, used)| percent(used, all)), "readonly": self.readonly,
        })
    }
}

/// The mounts that a path leads to and that hold data: not those below or under another one, and not those in a hollow one, by which a
/// runtime masks parts of `/proc` and `/sys`.
fn seen(mounts: &[Mount]) -> Vec<&Mount> {
    let known: BTreeSet<u64> = mounts.iter().map(|mount| mount.id).collect();
    let mut on: BTreeMap<u64, Vec<&Mount>> = BTreeMap::new();
    // What is mounted on something outside of the list is where paths begin.
    let (within, mut reached): (Vec<_>, Vec<_>) = mounts
        .iter()
        .partition(|mount| known.contains(&mount.up) && mount.up != mount.id);
    for mount in within {
        on.entry(mount.up).or_default().push(mount);
    }
    let mut seen = Vec::new();
    while let Some(mount) = reached.pop() {
        // Taken, so that a list that goes round in a ring comes to an end.
        let on = on.remove(&mount.id).unwrap_or_default();
        if let Some(over) = on.iter().find(|one| one.path == mount.path) {
            reached.push(over);
        } else if !mount.hollow() {
            let paths: BTreeSet<&str> = on.iter().map(|one| one.path.as_str()).collect();
            let covered = |one: &Mount| {
                one.path
                    .rmatch_indices('/')
                    .any(|(at, _)| paths.contains(&one.path[..at]))
            };
            reached.extend(on.into_iter().filter(|one| !covered(one)));
            seen.push(mount);
        }
    }
    seen.sort_by(|a, b| a.path.cmp(&b.path));
    seen
}

fn percent(part: u64, whole: u64) -> Option<u64> {
    u64::try_from((u128::from(part) * 100).div_ceil(u128::from(whole).max(1)))
        .ok()
        .filter(|_| whole > 0)
}

fn numbers<const N: usize>(words: &[&str]) -> Option<[u64; N]> {
    let numbers: Vec<u64> = words
        .iter()
        .map(|word| word.parse().ok())
        .collect::<Option<_>>()?;
    numbers.try_into().ok()
}

/// Undoes the kernel's `\040`.
fn plain(path: &str) -> String {
    let bytes = path.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let octal = bytes.get(at + 1..at + 4).filter(|_| bytes[at] == b'\\');
        let octal =
            octal.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
        plain.push(octal.unwrap_or(bytes[at]));
        at += if octal.is_some() { 4 } else { 1 };
    }
    String::from_utf8_lossy(&plain).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::step::answer::said;

    /// From busybox ash in a pod, with GNU and busybox `df` below some of the mounts in place of `stat`.
    const POD: &str =
        r"2166 1753 0:771 / / rw,relatime - overlay overlay rw,lowerdir=/l,upperdir=/u,workdir=/w";

    fn rows(listed: &str) -> Vec<Value> {
        let output = format!("stat\n{listed}\nend\n");
        let observation = Mounts.read(
            &said(crate::ask::Ended::Exited(0), output.as_bytes(), ""),
            "this machine",
        );
        assert_eq!(observation.blocked, None);
        observation.facts["rows"].as_array().unwrap().clone()
    }

    #[test]
    fn sizes_are_read_from_stat() {
        let listed = format!(
            "m {POD}\nm 2171 2166 0:750 / /sys ro,nosuid - sysfs sysfs ro\nm 2172 2171 0:776 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n\
             m 2187 2166 0:737 / /run/a\\040secret ro,relatime - tmpfs tmpfs rw,size=64k,noswap\nroot /proc/1/root\n\
             stat 4096 66053021 57664535 15486830 16777216 16168118 /proc/1/root/\nstat 4096 0 0 0 0 0 /proc/1/root/sys\n\
             stat 4096 3085511 3085511 3085511 3085511 3085510 /proc/1/root/sys/fs/cgroup\n\
             stat 4096 16384 16381 16381 0 0 /proc/1/root/run/a secret"
        );
        assert_eq!(
            rows(&listed),
            [
                json!({"path": "/", "fs": "overlay", "size": 270553174016u64, "used": 34359238656u64, "avail": 63434055680u64, "used_percent": 36,
                    "inodes_used_percent": 4, "readonly": false}),
                json!({"path": "/run/a secret", "fs": "tmpfs", "size": 67108864, "used": 12288, "avail": 67096576, "used_percent": 1,
                    "inodes_used_percent": null, "readonly": true}),
            ]
        );
    }

    #[test]
    fn sizes_are_read_from_df_of_gnu_and_of_busybox() {
        let gnu = "blocks Filesystem     1024-blocks     Used Available Capacity Mounted on\n\
            blocks overlay of 5%   264212084 33574388  61926876      36% /run/rootfs\n\
            inodes Filesystem       Inodes  IUsed    IFree IUse% Mounted on\ninodes overlay        16777216 609088 16168128    4% /run/rootfs";
        let busybox = "blocks Filesystem           1024-blocks    Used Available Capacity Mounted on\n\
            blocks overlay              264212084  33574388  61926876  35% /etc/hosts\n\
            inodes Filesystem              Inodes      Used Available Capacity Mounted on\ninodes /dev/vda              16777216    609088  16168128   4% /etc/hosts";
        for df in [gnu, busybox] {
            let [row] = &rows(&format!("m {POD}\n{df}"))[..] else {
                panic!("one mount")
            };
            assert_eq!(
                (&row["size"], &row["avail"]),
                (&json!(270553174016u64), &json!(63413121024u64)),
                "{df}"
            );
            assert_eq!(
                (&row["used_percent"], &row["inodes_used_percent"]),
                (&json!(36), &json!(4)),
                "{df}"
            );
        }
    }

    #[test]
    fn a_mount_that_cannot_be_measured_keeps_its_row() {
        let busybox =
            "blocks Filesystem           1024-blocks    Used Available Capacity Mounted on";
        let [row] = &rows(&format!("m {POD}\n{busybox}"))[..] else {
            panic!("one mount")
        };
        assert_eq!(
            (&row["fs"], &row["used_percent"]),
            (&json!("overlay"), &Value::Null)
        );
    }

    #[test]
    fn a_path_is_told_as_it_is() {
        let [row] = &rows(r"m 1 0 254:0 / /a\040b\011c\012d\134e\x9 rw - ext4 /dev/vda rw")[..]
        else {
            panic!("one mount")
        };
        assert_eq!(row["path"], "/a b\tc\nd\\e\\x9");
    }

    #[test]
    fn a_mount_that_another_one_hides_is_left_out() {
        let listed = "m 1 0 0:1 / / rw - ext4 /dev/a rw\nm 2 1 0:2 / /data rw - tmpfs hidden rw\nm 3 2 0:3 / /data rw - ext4 /dev/b rw\n\
            m 4 1 0:4 / /srv/www rw - tmpfs covered rw\nm 5 1 0:5 / /srv rw - ext4 /dev/c rw\nm 6 1 0:6 / /srv-2 rw - ext4 /dev/d rw\nm 7 7 0:7 / /ring rw - ext4 /dev/e rw";
        let paths: Vec<_> = rows(listed)
            .iter()
            .map(|row| (row["path"].clone(), row["fs"].clone()))
            .collect();
        let ext4 = |path: &str| (json!(path), json!("ext4"));
        assert_eq!(
            paths,
            [
                ext4("/"),
                ext4("/data"),
                ext4("/ring"),
                ext4("/srv"),
                ext4("/srv-2")
            ]
        );
    }

    #[test]
    fn sizes_beyond_all_measure_are_not_known_instead_of_wrong() {
        let most = u64::MAX;
        let listed = format!(
            "m {POD}\nm 3 2166 0:2 / /all rw - fuse.s3fs s3fs rw\nm 4 2166 0:3 / /over rw - ext4 /dev/b rw\nroot /r\n\
             stat 4096 10 11 10 0 0 /r/\nstat 1 {most} 0 {most} 0 0 /r/all\nstat 4096 {most} 0 0 0 0 /r/over"
        );
        let rows = rows(&listed);
        assert_eq!(
            (&rows[0]["used"], &rows[0]["used_percent"]),
            (&json!(0), &json!(0)),
            "more free than there is"
        );
        assert_eq!(
            (&rows[1]["size"], &rows[1]["used_percent"]),
            (&json!(most), &Value::Null)
        );
        assert_eq!(
            (&rows[2]["size"], &rows[2]["used_percent"]),
            (&Value::Null, &Value::Null)
        );
    }

    proptest::proptest! {
        #[test]
        fn whatever_stands_in_the_list_no_mount_is_more_than_full(
            lines in "((m 1 0 0:1 / / rw - ext4 /dev/a rw|m [0-9]{1,2} [0-9] 0:1 / /[a-c/\\\\0-9]{0,4} rw - (ext4|nfs|proc) x rw|root /r|stat( [0-9]{1,21}){0,6} /r/[a-c]?|(blocks|inodes)( x| [0-9]{1,21}| [0-9]{1,3}%| -){0,6}|\\PC{0,9})\n){0,20}",
        ) {
            for row in rows(&lines) {
                let percent = row["used_percent"].as_u64();
                proptest::prop_assert!(percent.is_none_or(|percent| percent <= 100), "{row}");
            }
        }
    }
}
