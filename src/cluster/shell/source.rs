//! The scripts of this folder as they are sent: bytes that only their readers need stay behind.

/// The script's lines without comments and without indentation.
pub(super) fn sent(source: &str) -> String {
    source
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.trim_start().to_owned() + "\n")
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_indentation_stay_behind() {
        assert_eq!(
            sent("# why\nif x; then\n  y # z\nfi\n"),
            "if x; then\ny # z\nfi\n"
        );
    }
}
