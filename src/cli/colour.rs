//! Whether colours may be used on a stream: a terminal that has them, and a user who has not said no (<https://no-color.org>).

use std::ffi::OsStr;
use std::io::IsTerminal;

/// True where this stream may be coloured.
pub(crate) fn wanted(stream: &impl IsTerminal) -> bool {
    let no = std::env::var_os("NO_COLOR");
    let terminal = std::env::var_os("TERM");
    stream.is_terminal() && may(no.as_deref(), terminal.as_deref())
}

/// An empty `NO_COLOR` says nothing.
fn may(no: Option<&OsStr>, terminal: Option<&OsStr>) -> bool {
    no.is_none_or(OsStr::is_empty) && terminal != Some(OsStr::new("dumb"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_left_out_where_the_user_or_the_terminal_says_so() {
        let os = |text: &'static str| Some(OsStr::new(text));
        assert!(may(None, None));
        assert!(may(os(""), os("xterm")));
        assert!(!may(os("1"), os("xterm")));
        assert!(!may(os("0"), None));
        assert!(!may(None, os("dumb")));
    }
}
