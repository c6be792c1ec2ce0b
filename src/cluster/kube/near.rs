//! Near misses: what a mistyped name may have meant.

/// `; did you mean …?` with the nearest of the names, or nothing where none is near.
///
/// Near is one edit for every three characters, counting a swap of neighbours as one (Damerau-Levenshtein), or a name that begins
/// with what was typed, as the pods of a Deployment begin with its name.
pub(super) fn near<'a>(typed: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    let reach = (typed.chars().count() / 3).clamp(1, 4);
    let mut close: Vec<(usize, &str)> = names
        .into_iter()
        .filter(|name| *name != typed)
        .filter_map(|name| {
            let distance = strsim::damerau_levenshtein(typed, name);
            if distance <= reach {
                Some((distance, name))
            } else if typed.len() >= 3 && name.starts_with(typed) {
                Some((reach + 1, name))
            } else {
                None
            }
        })
        .collect();
    close.sort_unstable();
    close.dedup();
    let named: Vec<String> = close
        .iter()
        .take(3)
        .map(|(_, name)| format!("`{name}`"))
        .collect();
    match named.as_slice() {
        [] => String::new(),
        _ => format!("; did you mean {}?", named.join(" or ")),
    }
}

#[cfg(test)]
mod tests {
    use super::near;

    #[test]
    fn the_nearest_names_are_offered_and_far_ones_are_not() {
        let names = ["web-0", "web-1", "database", "wbe"];
        assert_eq!(near("wep-0", names), "; did you mean `web-0`?");
        assert_eq!(
            near("web", ["wbe", "web-7d9-x"]),
            "; did you mean `wbe` or `web-7d9-x`?"
        );
        assert_eq!(near("cache", names), "");
    }
}
