//! What is started on a terminal of its own, for a dialogue.

use super::source::sent;

/// Written by the terminal's first process right before its program begins; whatever came before is none of the dialogue.
pub const BEGUN: u8 = 2;

/// Written to the terminal's first process, which then begins.
pub const GO: &[u8] = b"\n";

/// How wide the terminal is, columns: no line that can be written is wider. A program that draws the line it is told by itself would
/// break it at the edge, and a secret that was broken in two is masked nowhere.
pub const WIDTH: u16 = 8192;

/// The command of a terminal. The words of the program are its arguments as they stand. The mark is in the environment of all that it
/// starts, so that the step it belongs to ends it.
pub(super) fn terminal(mark: &str, step: u64, argv: &[String]) -> Vec<String> {
    let script = sent(include_str!("terminal.sh"));
    let first = format!(
        "HOUSECALL_STEP={mark}:{step}: TERM=dumb; export HOUSECALL_STEP TERM; exec sh -c \"$0\" sh \"$@\""
    );
    ["sh".into(), "-c".into(), first, script]
        .into_iter()
        .chain(argv.iter().cloned())
        .collect()
}
