//! An argv as a line that a reader can paste into a shell.

/// The argv, quoted for POSIX `sh` where it needs to be, on one line and [inert](super::inert()).
///
/// It is for reading: what is written out as `\x1b` is not the byte it stands for. No shell is ever given this text by housecall.
pub fn command(argv: &[String]) -> String {
    let words: Vec<_> = argv.iter().map(|word| quoted(word)).collect();
    super::inert(&words.join(" "))
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "%+,-./:=@_".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.into();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(argv: &[&str]) -> String {
        command(&argv.iter().map(|&word| word.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn only_what_a_shell_would_read_is_quoted() {
        assert_eq!(
            shown(&["curl", "-sS", "http://127.0.0.1:80/"]),
            "curl -sS http://127.0.0.1:80/"
        );
        assert_eq!(
            shown(&["echo", "", "it's", "$HOME", "a b", "~"]),
            r"echo '' 'it'\''s' '$HOME' 'a b' '~'"
        );
    }

    #[test]
    fn a_hostile_word_stays_on_its_line() {
        assert_eq!(shown(&["x", "\n::error::y"]), r"x '\n::error::y'");
        assert_eq!(shown(&["::error::y"]), r":\:error::y");
    }
}
