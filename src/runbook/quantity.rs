//! Durations and sizes as runbooks write them: `500ms`, `1m30s`, `64KiB`.

use std::time::Duration;

/// Units of time with their milliseconds.
const TIMES: [(&str, f64); 5] = [
    ("ms", 1.0),
    ("s", 1_000.0),
    ("m", 60_000.0),
    ("h", 3_600_000.0),
    ("d", 86_400_000.0),
];

/// Units of size with their bytes.
const SIZES: [(&str, u64); 3] = [("B", 1), ("KiB", 1024), ("MiB", 1024 * 1024)];

/// Longest duration that is read: a year, so that no sum of a few can overflow.
const LONGEST: f64 = 366.0 * 86_400_000.0;

/// Reads `5s`, `1m30s`, `1.5h`; an `Err` says what would be right.
pub fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no duration; write `5s`, `500ms` or `1m30s`");
    let mut milliseconds = 0.0;
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(wrong());
    }
    if rest.parse::<f64>().is_ok() {
        return Err(format!("`{text}` has no unit; write `{rest}s` for seconds"));
    }
    while !rest.is_empty() {
        let (number, after) = split(rest).ok_or_else(wrong)?;
        let length = after
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(after.len());
        let (_, unit) = TIMES
            .iter()
            .find(|(unit, _)| *unit == &after[..length])
            .ok_or_else(wrong)?;
        milliseconds += number * unit;
        rest = &after[length..];
    }
    if milliseconds > LONGEST {
        return Err(format!("`{text}` is longer than a year"));
    }
    Ok(Duration::from_secs_f64(milliseconds / 1000.0))
}

/// Reads `512B`, `64KiB`, `2MiB`; an `Err` says what would be right.
pub fn size(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let wrong = || format!("`{text}` is no size; write `512B`, `64KiB` or `2MiB`");
    if text.parse::<f64>().is_ok() {
        return Err(format!(
            "`{text}` has no unit; write `{text}B`, `{text}KiB` or `{text}MiB`"
        ));
    }
    let (number, unit) = split(text).ok_or_else(wrong)?;
    let (_, bytes) = SIZES
        .iter()
        .find(|(known, _)| *known == unit.trim_start())
        .ok_or_else(wrong)?;
    let bytes = number * *bytes as f64;
    if bytes > 1e15 {
        return Err(wrong());
    }
    // Below 2^53 and not negative: `split` takes no sign.
    Ok(bytes as u64)
}

/// The shortest text that [`duration`] reads as this: `1m30s`.
pub fn duration_text(duration: Duration) -> String {
    let mut left = duration.as_millis();
    if left == 0 {
        return "0s".into();
    }
    let mut text = String::new();
    for (unit, milliseconds) in [("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)] {
        if left >= milliseconds {
            text.push_str(&format!("{}{unit}", left / milliseconds));
            left %= milliseconds;
        }
    }
    text
}

fn split(text: &str) -> Option<(f64, &str)> {
    let length = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let number = text[..length].parse().ok()?;
    Some((number, &text[length..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_with_their_units_and_not_without() {
        for (text, milliseconds) in [
            ("5s", 5000),
            ("500ms", 500),
            ("1m30s", 90_000),
            ("1.5h", 5_400_000),
        ] {
            assert_eq!(
                duration(text),
                Ok(Duration::from_millis(milliseconds)),
                "{text}"
            );
        }
        for text in [
            "90",
            "",
            "s",
            "5x",
            "5s!",
            "-5s",
            "1e9h",
            "5 s",
            "99999999d",
            "é",
            "5é",
        ] {
            assert!(duration(text).is_err(), "{text}");
        }
        assert!(duration("90").unwrap_err().contains("`90s`"));
    }

    #[test]
    fn sizes_are_read_with_their_units_and_not_without() {
        assert_eq!(size("64KiB"), Ok(65_536));
        assert_eq!(size("0.5MiB"), Ok(524_288));
        for text in ["64", "64KB", "KiB", "", "-1B", "9999999999MiB", "4é"] {
            assert!(size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_duration_is_written_as_it_is_read() {
        for text in ["500ms", "1m30s", "2h5ms"] {
            assert_eq!(duration_text(duration(text).unwrap()), text);
        }
    }
}
