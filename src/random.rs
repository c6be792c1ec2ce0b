//! Random bytes of the kernel: for ids of runs, and for what a hostile pod must not guess.

use std::fs::File;
use std::io::{self, Read};

/// Where the kernel gives them: ready long before any program of ours runs, and never blocking.
const SOURCE: &str = "/dev/urandom";

/// `N` fresh random bytes. `Err` where the kernel's device is not there.
pub fn bytes<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    File::open(SOURCE)?.read_exact(&mut bytes)?;
    Ok(bytes)
}
