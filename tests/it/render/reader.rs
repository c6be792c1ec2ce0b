//! Programs that read formats and are not ours.

use std::io::Write as _;
use std::process::Command;

/// What a program says, which must succeed; `None`, and a word on stderr that no test runner keeps back, where it is not on this
/// machine.
pub(super) fn told(format: &str, command: &mut Command) -> Option<String> {
    match command.output() {
        Ok(output) => {
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{command:?}: {stderr}");
            Some(String::from_utf8(output.stdout).unwrap())
        }
        Err(error) => {
            let program = command.get_program().display();
            let text = format!("SKIPPED {format} by {program}, which cannot be run: {error}");
            let _ = writeln!(std::io::stderr(), "{text}");
            None
        }
    }
}
