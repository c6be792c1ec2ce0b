//! The one place where data becomes shell text.

/// The kernel's limit of one argument or environment string, its NUL included (`MAX_ARG_STRLEN`, 32 pages of 4 KiB).
const LONGEST: usize = 128 * 1024;

/// Why a text cannot be handed to a program at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unquotable {
    /// Arguments and environment end at a NUL byte, on every Unix.
    #[error("a NUL byte cannot be part of an argument, a variable or a path; take it out of {0}")]
    Nul(String),
    /// The kernel refuses it.
    #[error(
        "{what} is {bytes} bytes long and Linux takes at most 131071 in one piece; split it, or read it from a file"
    )]
    TooLong {
        /// Beginning of the text.
        what: String,
        /// Its length.
        bytes: usize,
    },
    /// The name of a variable is none.
    #[error(
        "`{0}` cannot be the name of an environment variable; use letters, digits and `_`, not beginning with a digit"
    )]
    Name(String),
    /// There is nothing to run.
    #[error("the argv is empty; its first item names the program to run")]
    NoProgram,
    /// It is not the shell that answers it.
    #[error("no shell can answer `{0}`")]
    Foreign(String),
    /// `exec` would take it as an option.
    #[error("`{0}` cannot name a program; a program's name does not begin with `-`")]
    Option(String),
}

/// The word as POSIX shells read it back byte for byte: between single quotes, where nothing is special but the quote itself.
pub fn quote(word: &str) -> Result<String, Unquotable> {
    if word.contains('\0') {
        return Err(Unquotable::Nul(beginning(word)));
    }
    if word.len() >= LONGEST {
        return Err(Unquotable::TooLong {
            what: beginning(word),
            bytes: word.len(),
        });
    }
    Ok(format!("'{}'", word.replace('\'', r"'\''")))
}

/// Refuses what cannot stand before the `=` of `export`.
pub(super) fn name(word: &str) -> Result<&str, Unquotable> {
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    if word.starts_with(letter) && word.chars().all(|c| letter(c) || c.is_ascii_digit()) {
        Ok(word)
    } else {
        Err(Unquotable::Name(word.into()))
    }
}

fn beginning(word: &str) -> String {
    let short: String = word.chars().take(40).collect();
    format!("`{}`", short.escape_debug())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_special_between_single_quotes_but_the_quote() {
        assert_eq!(quote("").unwrap(), "''");
        assert_eq!(quote("a $(b) `c` \\ \n").unwrap(), "'a $(b) `c` \\ \n'");
        assert_eq!(quote("it's").unwrap(), r"'it'\''s'");
    }

    #[test]
    fn what_no_program_can_be_given_is_refused_with_a_way_out() {
        assert!(quote("a\0b").unwrap_err().to_string().contains("`a\\0b`"));
        let long = quote(&"x".repeat(131_072)).unwrap_err().to_string();
        assert!(long.contains("131072 bytes"), "{long}");
        assert!(quote(&"x".repeat(131_071)).is_ok());
    }

    #[test]
    fn only_identifiers_name_variables() {
        for good in ["a", "_", "PORT_1"] {
            assert_eq!(name(good), Ok(good));
        }
        for bad in ["", "1a", "a-b", "a;b", "ä", "a=b"] {
            assert!(name(bad).is_err(), "{bad}");
        }
    }
}
