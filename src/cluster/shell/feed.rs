//! A command's stdin as shell text.

/// The bytes as lines of the shell's own `printf`, which is no process and so has no argv that could be read. What is not a letter
/// or a digit goes as its octal number (POSIX `printf`), so that nothing in it means anything to the shell.
pub(super) fn feed(bytes: &[u8]) -> String {
    let mut text = String::new();
    for piece in bytes.chunks(1024) {
        text.push_str("printf '");
        for byte in piece {
            if byte.is_ascii_alphanumeric() {
                text.push(char::from(*byte));
            } else {
                text.push_str(&format!("\\{byte:03o}"));
            }
        }
        text.push_str("'\n");
    }
    text
}
