//! The part of an output that is worth a reader's time: its end, a few lines, none of them long.

use super::inert_lines;
use crate::report::Output;

/// Lines that are shown at most.
const LINES: usize = 8;

/// The last lines of an output, harmless, each at most `width` characters; what is left out is said.
pub(super) fn excerpt(output: &Output, width: usize) -> Vec<String> {
    let mut lines = inert_lines(&output.content());
    let mut shown = Vec::new();
    if lines.len() > LINES {
        let left = lines.len() - LINES;
        lines.drain(..left);
        shown.push(format!("… {left} lines before"));
    }
    shown.extend(lines.into_iter().map(|line| clipped(&line, width)));
    if output.truncated {
        shown.push(format!("… cut here: {} bytes were kept", output.bytes));
    }
    shown
}

/// At most `width` characters of a line.
pub(super) fn clipped(line: &str, width: usize) -> String {
    match line.char_indices().nth(width) {
        None => line.to_owned(),
        Some(_) => {
            let kept: String = line.chars().take(width.saturating_sub(1)).collect();
            kept + "…"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ask::Captured;

    #[test]
    fn a_long_output_is_shown_by_its_end_and_what_is_missing_is_said() {
        let output = Output::of(&Captured {
            bytes: (0..20)
                .map(|n| format!("line {n}\n"))
                .collect::<String>()
                .into(),
            truncated: true,
        });
        let shown = excerpt(&output, 40);
        assert_eq!(shown[0], "… 12 lines before");
        assert_eq!(shown[1], "line 12");
        assert!(shown[LINES + 1].contains("cut here"));
    }

    #[test]
    fn a_long_line_is_clipped_between_characters() {
        assert_eq!(clipped("äöüß", 3), "äö…");
        assert_eq!(clipped("äöü", 3), "äöü");
    }
}
