//! How much memory this process holds, as far as the system tells.

/// Where Linux tells it, on a line of its own in units of 1024 bytes.
const SOURCE: &str = "/proc/self/status";

/// Bytes that are resident; `None` where the system does not tell.
pub fn resident() -> Option<u64> {
    let told = std::fs::read_to_string(SOURCE).ok()?;
    let line = told.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let number: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    number.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_process_takes_is_resident() {
        let taken = vec![1_u8; 8 * 1024 * 1024];
        let resident = resident().unwrap();
        assert!(resident >= taken.iter().map(|byte| u64::from(*byte)).sum());
    }
}
