//! The fingerprint of an alert, where its sender told none.

use std::collections::BTreeMap;

/// The sum of Prometheus (`labelSetToFingerprint` in prometheus/common `model/signature.go`): FNV-1a of 64 bits over the names and
/// values in the order of the names, a byte 255 after each.
pub(super) fn fingerprint(labels: &BTreeMap<String, String>) -> String {
    const OFFSET: u64 = 14_695_981_039_346_656_037;
    const PRIME: u64 = 1_099_511_628_211;
    let words = labels.iter().flat_map(|(name, value)| [name, value]);
    let bytes = words.flat_map(|word| word.bytes().chain([255]));
    let sum = bytes.fold(OFFSET, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(PRIME)
    });
    format!("{sum:016x}")
}
